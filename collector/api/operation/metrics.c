/*
 * /metrics: numbers for Prometheus (text format 0.0.4), loopback address only.
 */
#include <stdlib.h>

#include "collector/agreement.h"
#include "collector/api/api.h"
#include "collector/routers.h"
#include "election/probes.h"
#include "wire/message/key_counters.h"

static void head(struct psp_text *text, const char *name, const char *type, const char *help)
{
    psp_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_shards(const struct psp_api_request *request, struct psp_text *text)
{
    const struct psp_view *view = request->view;
    const struct psp_freshness *freshness = request->site->freshness;
    head(text, "psephos_shard_index", "gauge", "Log index of the partial shown.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_shard_index{shard=\"%u\"} %llu\n", s,
                        (unsigned long long)view->shards[s].index);
    head(text, "psephos_shard_epoch", "gauge", "Epoch of the partial shown.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_shard_epoch{shard=\"%u\"} %llu\n", s,
                        (unsigned long long)view->shards[s].epoch);
    head(text, "psephos_shard_stale", "gauge", "1 when the shard has sent nothing current.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_shard_stale{shard=\"%u\"} %d\n", s,
                        psp_freshness_stale(freshness, s, request->now_ms));
    head(text, "psephos_shard_has_leader", "gauge",
         "1 when a replica that answers knows who leads; without a leader nothing is counted.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_shard_has_leader{shard=\"%u\"} %d\n", s,
                        psp_freshness_leader(freshness, s, request->now_ms) != PSP_NONE);
    head(text, "psephos_partial_age_seconds", "gauge",
         "Since the shard last proved its state current; none before the first time.");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        const uint64_t fresh_ms = atomic_load(&freshness->fresh_ms[s]);
        if (fresh_ms > 0)
            psp_text_format(text, "psephos_partial_age_seconds{shard=\"%u\"} %.3f\n", s,
                            request->now_ms > fresh_ms ? (double)(request->now_ms - fresh_ms) / 1000
                                                       : 0.0);
    }
    head(text, "psephos_diverged_total", "counter",
         "Partials that contradicted what is held: replicas disagree. Must be 0.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_diverged_total{shard=\"%u\"} %llu\n", s,
                        (unsigned long long)view->shards[s].divergence.count);
}

/* What tells whom to trust while replicas disagree; of one that lags, or was not heard since
 * the start, there is no line. */
static void write_agreement(const struct psp_api_request *request, struct psp_text *text)
{
    const struct psp_cluster *cluster = request->site->cluster;
    head(text, "psephos_diverged", "gauge",
         "1 while a replica contradicts what is shown. Must be 0.");
    for (uint32_t s = 0; s < request->view->shard_count; s++)
        psp_text_format(text, "psephos_diverged{shard=\"%u\"} %d\n", s,
                        request->view->shards[s].divergence.standing);
    head(text, "psephos_replica_agrees", "gauge",
         "1 when the replica has, or had when it was heard last, what is shown; 0 when it has "
         "another history or has lost this one.");
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count && r < PSP_REPLICAS_MAX; r++) {
            const uint32_t agreement =
                atomic_load(&request->site->freshness->replicas[s][r].agreement);
            if (agreement != PSP_AGREEMENT_UNKNOWN)
                psp_text_format(text, "psephos_replica_agrees{shard=\"%u\",replica=\"%u\"} %d\n", s,
                                cluster->shards[s].replicas[r].replica,
                                agreement == PSP_AGREEMENT_AGREES);
        }
}

/* Of each process that has answered of late. */
static void write_clocks(const struct psp_api_request *request, struct psp_text *text)
{
    const struct psp_cluster *cluster = request->site->cluster;
    const struct psp_freshness *freshness = request->site->freshness;
    int64_t ahead_ms;
    head(text, "psephos_clock_offset_seconds", "gauge",
         "The process's clock less the collector's.");
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count && r < PSP_REPLICAS_MAX; r++) {
            const struct psp_replica_freshness *seen = &freshness->replicas[s][r];
            const uint64_t at_ms = atomic_load(&seen->last_answer_ms);
            if (at_ms > 0 && request->now_ms <= at_ms + freshness->stale_ms)
                psp_text_format(text,
                                "psephos_clock_offset_seconds{process=\"shard-%u-%u\"} %.3f\n", s,
                                cluster->shards[s].replicas[r].replica,
                                (double)atomic_load(&seen->clock_ahead_ms) / 1000);
        }
    for (uint32_t r = 0; request->site->routers && r < cluster->router_count; r++)
        if (psp_routers_clock(request->site->routers, r, request->now_ms, &ahead_ms))
            psp_text_format(text, "psephos_clock_offset_seconds{process=\"router-%u\"} %.3f\n",
                            cluster->routers[r].router, (double)ahead_ms / 1000);
}

/* One number of every replica's log that has answered since the start. */
static void write_log(const struct psp_api_request *request, struct psp_text *text,
                      const char *name, double (*number)(const struct psp_replica_freshness *seen))
{
    const struct psp_cluster *cluster = request->site->cluster;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count && r < PSP_REPLICAS_MAX; r++) {
            const struct psp_replica_freshness *seen = &request->site->freshness->replicas[s][r];
            if (atomic_load(&seen->last_answer_ms) > 0)
                psp_text_format(text, "%s{shard=\"%u\",replica=\"%u\"} %.3f\n", name, s,
                                cluster->shards[s].replicas[r].replica, number(seen));
        }
}

static double scrubbed_bytes(const struct psp_replica_freshness *seen)
{
    return (double)atomic_load(&seen->scrubbed_bytes);
}

static double scrub_passed(const struct psp_replica_freshness *seen)
{
    return (double)atomic_load(&seen->scrub_passed_ms) / 1000;
}

static double damaged(const struct psp_replica_freshness *seen)
{
    return (double)atomic_load(&seen->damaged);
}

static double mended(const struct psp_replica_freshness *seen)
{
    return (double)atomic_load(&seen->mended);
}

static double sync_seconds(const struct psp_replica_freshness *seen)
{
    return (double)atomic_load(&seen->sync_ms) / 1000;
}

static void write_logs(const struct psp_api_request *request, struct psp_text *text)
{
    head(text, "psephos_log_scrubbed_bytes_total", "counter",
         "Bytes of sealed log segments read and compared with their checksums.");
    write_log(request, text, "psephos_log_scrubbed_bytes_total", scrubbed_bytes);
    head(text, "psephos_log_scrub_timestamp_seconds", "gauge",
         "When the replica had last read its whole log; 0 not since its start.");
    write_log(request, text, "psephos_log_scrub_timestamp_seconds", scrub_passed);
    head(text, "psephos_log_damaged_records", "gauge",
         "Records of the replica's log that are damaged and not mended yet. Must be 0.");
    write_log(request, text, "psephos_log_damaged_records", damaged);
    head(text, "psephos_log_mended_records_total", "counter",
         "Records written again as the other replicas have them.");
    write_log(request, text, "psephos_log_mended_records_total", mended);
    head(text, "psephos_log_sync_seconds", "gauge",
         "What 99 of 100 fsyncs of the replica's log take at most; 0 not known.");
    write_log(request, text, "psephos_log_sync_seconds", sync_seconds);
}

static void write_books(const struct psp_view *view, struct psp_text *text)
{
    head(text, "psephos_received_total", "counter", "Ballots decoded from committed entries.");
    for (uint32_t s = 0; s < view->shard_count; s++)
        psp_text_format(text, "psephos_received_total{shard=\"%u\"} %llu\n", s,
                        (unsigned long long)view->shards[s].books.received);
    head(text, "psephos_dispositions_total", "counter", "Ballots judged, by verdict.");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        for (int d = PSP_COUNTED; d < PSP_DISPOSITIONS_END; d++)
            psp_text_format(text,
                            "psephos_dispositions_total{disposition=\"%s\",shard=\"%u\"} %llu\n",
                            psp_disposition_name((enum psp_disposition)d), s,
                            (unsigned long long)view->shards[s].books.disposed[d]);
    }
    head(text, "psephos_balanced", "gauge", "1 when books and totals balance. Must be 1.");
    psp_text_format(text, "psephos_balanced %d\n", psp_view_balanced(view, PSP_NONE));
    head(text, "psephos_stations_balanced", "gauge",
         "1 when the books by station add up to the books. Must be 1.");
    psp_text_format(text, "psephos_stations_balanced %d\n", psp_view_stations_balanced(view));
    uint32_t probing = 0;
    for (uint32_t i = 0; i < view->station_count; i++)
        probing += psp_probes_told(&view->stations[i].books);
    head(text, "psephos_stations_probing", "gauge",
         "Stations with many ballots refused for those that count. Must be 0.");
    psp_text_format(text, "psephos_stations_probing %u\n", probing);
}

/* Of each contest as a whole, as they are shown: what is held has no line. Contests in the
 * election's order, as long as there is room: a scrape of 20,000 lines helps nobody. */
static void write_votes(const struct psp_view *view, struct psp_text *text)
{
    enum { VOTES_MAX = 2000 };
    const struct psp_definition *definition = view->definition;
    uint32_t lines = 0, left_out = 0;
    head(text, "psephos_votes", "gauge",
         "Votes shown for a choice of a contest, in all; none while held.");
    for (uint32_t c = 0; c < definition->contest_count; c++) {
        const struct psp_contest *contest = &definition->contests[c];
        if (lines + contest->choice_count > VOTES_MAX) {
            left_out++;
            continue;
        }
        lines += contest->choice_count;
        for (uint32_t i = 0; i < contest->choice_count; i++) {
            const uint64_t votes = view->choice_votes[contest->choice_first + i];
            if (votes != PSP_UNSTATED)
                psp_text_format(text, "psephos_votes{contest=\"%s\",choice=\"%s\"} %llu\n",
                                contest->id, contest->choices[i].id, (unsigned long long)votes);
        }
    }
    head(text, "psephos_votes_contests_left_out", "gauge",
         "Contests without psephos_votes, because there are too many choices.");
    psp_text_format(text, "psephos_votes_contests_left_out %u\n", left_out);
}

static void write_partials(const struct psp_stats *stats, struct psp_text *text)
{
    static const char *const results[] = {"merged", "stale", "diverged", "gap", "refused"};
    head(text, "psephos_partials_total", "counter", "Partials received, by what became of them.");
    for (int i = PSP_PARTIAL_MERGED; i <= PSP_PARTIAL_REFUSED; i++)
        psp_text_format(text, "psephos_partials_total{result=\"%s\"} %llu\n", results[i],
                        (unsigned long long)psp_stats_read(&stats->partials[i]));
    head(text, "psephos_publishes_total", "counter", "Versions published.");
    psp_text_format(text, "psephos_publishes_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->publishes));
}

static void write_commits(const struct psp_stats *stats, struct psp_text *text)
{
    uint64_t sum = 0;
    head(text, "psephos_board_commit_seconds", "histogram", "Time to make a version durable.");
    for (int i = 0; i < PSP_STATS_BUCKETS; i++) {
        sum += psp_stats_read(&stats->commit_bucket[i]);
        psp_text_format(text, "psephos_board_commit_seconds_bucket{le=\"%g\"} %llu\n",
                        (double)psp_stats_commit_bounds_us[i] / 1e6, (unsigned long long)sum);
    }
    sum += psp_stats_read(&stats->commit_bucket[PSP_STATS_BUCKETS]);
    psp_text_format(text,
                    "psephos_board_commit_seconds_bucket{le=\"+Inf\"} %llu\n"
                    "psephos_board_commit_seconds_sum %.6f\n"
                    "psephos_board_commit_seconds_count %llu\n",
                    (unsigned long long)sum, (double)psp_stats_read(&stats->commit_us_sum) / 1e6,
                    (unsigned long long)sum);
}

static void write_http(const struct psp_stats *stats, struct psp_text *text)
{
    head(text, "psephos_http_requests_total", "counter", "HTTP requests answered, by status code.");
    for (int code = 0; code < PSP_STATS_CODES; code++) {
        const uint64_t n = psp_stats_read(&stats->requests[code]);
        if (n > 0)
            psp_text_format(text, "psephos_http_requests_total{code=\"%d\"} %llu\n", code,
                            (unsigned long long)n);
    }
    head(text, "psephos_http_connections", "gauge", "HTTP connections open now.");
    psp_text_format(text, "psephos_http_connections %llu\n",
                    (unsigned long long)psp_stats_read(&stats->connections));
    head(text, "psephos_http_connections_cut_total", "counter",
         "HTTP connections ended because they took too long.");
    psp_text_format(text, "psephos_http_connections_cut_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->connections_cut));
    head(text, "psephos_http_connections_refused_total", "counter",
         "HTTP connections for which there was no place.");
    psp_text_format(text, "psephos_http_connections_refused_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->connections_refused));
    head(text, "psephos_http_connections_pushed_out_total", "counter",
         "HTTP connections ended so that another address has a place.");
    psp_text_format(text, "psephos_http_connections_pushed_out_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->connections_pushed_out));
    head(text, "psephos_stream_viewers", "gauge", "Event streams and waiting requests now.");
    psp_text_format(text, "psephos_stream_viewers %llu\n",
                    (unsigned long long)psp_stats_read(&stats->stream_viewers));
    head(text, "psephos_changes_waiting", "gauge",
         "Requests of /changes that wait, among the streams.");
    psp_text_format(text, "psephos_changes_waiting %llu\n",
                    (unsigned long long)psp_stats_read(&stats->changes_waiting));
    head(text, "psephos_changes_answers_total", "counter", "Answers of /changes begun.");
    psp_text_format(text, "psephos_changes_answers_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->changes_answers));
    head(text, "psephos_stream_events_total", "counter", "Events sent to viewers.");
    psp_text_format(text, "psephos_stream_events_total %llu\n",
                    (unsigned long long)psp_stats_read(&stats->stream_events));
}

/* Of each router that answers; of keys that were within their budget there is no line. */
static void write_keys(const struct psp_api_request *request, struct psp_text *text,
                       const char *name, uint64_t (*value)(const struct psp_key_counters *key))
{
    const struct psp_cluster *cluster = request->site->cluster;
    for (uint32_t r = 0; request->site->routers && r < cluster->router_count; r++) {
        struct psp_bytes keys;
        if (!psp_routers_keys(request->site->routers, r, request->now_ms, &keys))
            continue;
        struct psp_bytes left = keys;
        for (struct psp_key_counters key; psp_key_counters_decode(&left, &key);)
            psp_text_format(text, "%s{router=\"%u\",role=\"%s\",number=\"%u\"} %llu\n", name,
                            cluster->routers[r].router, psp_key_role_name(key.role), key.id,
                            (unsigned long long)value(&key));
        free((uint8_t *)(uintptr_t)keys.data);
    }
}

static uint64_t over_of(const struct psp_key_counters *key)
{
    return key->over;
}

static uint64_t refused_of(const struct psp_key_counters *key)
{
    return key->refused;
}

static uint64_t ended_of(const struct psp_key_counters *key)
{
    return key->ended;
}

static void write_routers(const struct psp_api_request *request, struct psp_text *text)
{
    head(text, "psephos_key_over_budget_total", "counter",
         "Messages that a router did not take, because their key sends more than its share.");
    write_keys(request, text, "psephos_key_over_budget_total", over_of);
    head(text, "psephos_key_refused_total", "counter",
         "Messages of a key that a router took in vain: refused as a whole.");
    write_keys(request, text, "psephos_key_refused_total", refused_of);
    head(text, "psephos_key_ended_total", "counter",
         "Times that a router ended the connections of a key that did not heed its budget.");
    write_keys(request, text, "psephos_key_ended_total", ended_of);
}

void psp_api_metrics(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct psp_text *text = &reply->body;
    reply->status = 200;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    write_shards(request, text);
    write_agreement(request, text);
    write_clocks(request, text);
    write_logs(request, text);
    write_books(request->view, text);
    write_votes(request->view, text);
    write_partials(request->site->stats, text);
    write_commits(request->site->stats, text);
    write_http(request->site->stats, text);
    write_routers(request, text);
}
