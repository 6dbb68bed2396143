/* Compares what replicas, routers and collectors did with the independent judge. */
#include "tests/sim/check/checks.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/check/books.h"
#include "tests/sim/check/durable.h"

enum { HASH_BYTES = 16, TEXT_BYTES = 256, REMEMBERS_EVERY = 8 };

/* ---- what is applied ---- */

static bool decode(struct sim_world *world, const struct sim_entry *entry,
                   struct psp_entry *ret_entry)
{
    const char *reason = "";
    psp_arena_reset(world->arena);
    if (psp_entry_decode(world->arena, entry->payload, entry->payload_bytes, ret_entry, &reason) ==
        PSP_OK)
        return true;
    sim_violation(world, "a committed entry cannot be decoded: %s", reason);
    return false;
}

static void compare_verdicts(struct sim_world *world, const struct sim_shard *shard, uint32_t first,
                             const uint8_t *verdicts, uint64_t index)
{
    for (uint32_t i = first; i < shard->judge.row_count; i++)
        if (shard->judge.rows[i].verdict != verdicts[i - first])
            sim_violation(world, "index %" PRIu64 " row %u: verdict %u, the judge says %u", index,
                          i - first, verdicts[i - first], shard->judge.rows[i].verdict);
}

/* Judges a newly committed entry, and applies it to the reference. */
static void commit(struct sim_world *world, struct sim_shard *shard, struct sim_entry *entry,
                   uint64_t index)
{
    struct psp_entry decoded;
    const bool command = entry->type == PSP_RECORD_COMMAND;
    const uint32_t first = shard->judge.row_count;
    if (command && !decode(world, entry, &decoded))
        return;
    sim_judge_entry(&shard->judge, index, entry->term, command ? &decoded : NULL);
    if (shard->judge.fault[0] != 0)
        sim_violation(world, "%s", shard->judge.fault);
    if (command) {
        static uint8_t verdicts[PSP_BATCH_ROWS_MAX];
        enum psp_apply_result result = PSP_APPLIED;
        const char *text = "";
        if (psp_count_apply(shard->reference, index, &decoded, &result, verdicts, &text) != PSP_OK)
            sim_violation(world, "the reference cannot apply index %" PRIu64, index);
        else if (decoded.type == PSP_ENTRY_BALLOTS && result == PSP_APPLIED)
            compare_verdicts(world, shard, first, verdicts, index);
        else if (shard->judge.row_count != first)
            sim_violation(world, "index %" PRIu64 " is refused: %s", index, text);
    } else {
        psp_count_skip(shard->reference, index);
    }
    psp_count_state_hash(shard->reference, entry->state_hash);
    const struct psp_books *books = psp_count_books(shard->reference);
    if (memcmp(books, &shard->judge.books, sizeof(*books)) != 0 || !psp_books_balanced(books))
        sim_violation(world, "the books at index %" PRIu64 " are not the judge's", index);
    sim_books_committed(world, shard, entry);
    sim_reports_hashed(shard, entry);
}

void sim_checks_restored(struct sim_world *world, struct sim_shard *shard,
                         struct sim_entry *entries, uint64_t count)
{
    const uint32_t s = (uint32_t)(shard - world->shards);
    shard->past.entries = shard->entries;
    shard->past.entry_count = shard->entry_count;
    shard->entries = entries;
    shard->entry_count = shard->entry_capacity = count;
    shard->past.judge = shard->judge;
    sim_judge_init(&shard->judge, &world->election, s);
    shard->events = (struct sim_judge_events){0};
    psp_count_destroy(&shard->reference);
    const enum psp_status status = sim_count_create(&world->election, s, &shard->reference);
    assert(status == PSP_OK);
    (void)status;
    for (uint64_t i = 0; i < count && !world->violated; i++)
        commit(world, shard, &entries[i], i + 1);
    shard->reports_taken = shard->judge.reports.count;
    shard->reports_done = shard->judge.reports.done;
    shard->reports_refused = shard->judge.reports.refused;
}

static struct sim_entry *entry_at(struct sim_world *world, struct sim_shard *shard, uint64_t index)
{
    if (shard->entry_count == shard->entry_capacity) {
        shard->entry_capacity = shard->entry_capacity * 2 + 128;
        shard->entries = realloc(shard->entries, shard->entry_capacity * sizeof(*shard->entries));
        assert(shard->entries != NULL);
    }
    (void)world;
    assert(index == shard->entry_count + 1);
    struct sim_entry *entry = &shard->entries[shard->entry_count++];
    *entry = (struct sim_entry){0};
    return entry;
}

static void compare_entry(struct sim_world *world, struct sim_replica *replica,
                          const struct psp_record *record)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    if (record->index > shard->entry_count) {
        struct sim_entry *entry = entry_at(world, shard, record->index);
        entry->term = record->term;
        entry->seen_term = psp_core_term(replica->core);
        entry->type = record->type;
        entry->payload_bytes = record->payload_bytes;
        entry->payload = malloc(record->payload_bytes + 1);
        assert(entry->payload != NULL);
        if (record->payload_bytes > 0)
            memcpy(entry->payload, record->payload, record->payload_bytes);
        commit(world, shard, entry, record->index);
        sim_reports_committed(world, shard);
        sim_durable_committed(world, shard, record->index, record->term);
        SIM_TRACE(world, "shard %u: index %" PRIu64 " of term %" PRIu64 " is committed (%s)",
                  replica->shard, record->index, record->term, sim_actor_name(&replica->actor));
        return;
    }
    const struct sim_entry *entry = &shard->entries[record->index - 1];
    if (entry->term != record->term || entry->type != record->type ||
        entry->payload_bytes != record->payload_bytes ||
        memcmp(entry->payload, record->payload, record->payload_bytes) != 0)
        sim_violation(world,
                      "%s has another entry at the committed index %" PRIu64 ": term %" PRIu64
                      ", not %" PRIu64,
                      sim_actor_name(&replica->actor), record->index, record->term, entry->term);
}

/* The entries (from, to] of its log. */
static void compare_log(struct sim_world *world, struct sim_replica *replica, uint64_t from,
                        uint64_t to)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    for (uint64_t index = from + 1; index <= to && !world->violated; index++) {
        static const uint8_t none[1];
        struct psp_record record;
        const enum psp_status status =
            psp_journal_read(replica->log, index, &buffer, &size, &record);
        if (status != PSP_OK && (replica->disk.dead || replica->rotten))
            break;
        if (record.payload == NULL)
            record.payload = none;
        if (status != PSP_OK)
            sim_violation(world, "%s has applied index %" PRIu64 " and cannot read it: %s",
                          sim_actor_name(&replica->actor), index, psp_status_text(status));
        else
            compare_entry(world, replica, &record);
    }
    free(buffer);
}

/* promise 4 */
void sim_checks_applied(struct sim_world *world, struct sim_replica *replica)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    const uint64_t applied = psp_core_applied(replica->core);
    if (applied == replica->checked || replica->disk.dead)
        return;
    compare_log(world, replica, replica->checked, applied);
    if (world->violated)
        return;
    replica->checked = applied;
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(replica->count, hash);
    if (applied > shard->entry_count ||
        memcmp(hash, shard->entries[applied - 1].state_hash, HASH_BYTES) != 0)
        sim_violation(world, "%s has another state hash at index %" PRIu64,
                      sim_actor_name(&replica->actor), applied);
    if (!world->violated)
        sim_books_applied(world, replica, &shard->entries[applied - 1]);
    if (!world->violated)
        sim_reports_held(world, replica);
    if (applied % REMEMBERS_EVERY == 0)
        sim_books_remembers(world, replica);
    if (replica->damaged && applied >= replica->damaged_last) {
        SIM_TRACE(world, "%s is whole again", sim_actor_name(&replica->actor));
        replica->damaged = shard->calm = false;
        if (replica->rotten)
            world->faults.counts[SIM_FAULT_ROT_REPAIRED]++;
    }
}

/* ---- what clients are told ---- */

/* promise 1, 2 */
void sim_checks_receipt(struct sim_world *world, const struct sim_client *client,
                        const struct sim_paper *paper)
{
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    const struct psp_receipt *receipt = &paper->receipt;
    SIM_TRACE(world, "%s: ballot %u of voter %u: verdict %u at %u/%" PRIu64,
              sim_actor_name(&client->actor), paper->ballot, ballot->voter, receipt->verdict,
              receipt->shard, receipt->index);
    if (receipt->shard >= world->plan.election.shards) {
        sim_violation(world, "a verdict of shard %u", receipt->shard);
        return;
    }
    struct sim_judge *judge = &world->shards[receipt->shard].judge;
    if (!sim_judge_said(judge, receipt->index, world->election.stations[client->actor.number],
                        ballot->digest, ballot->tag, receipt->verdict))
        sim_violation(world,
                      "ballot %u was given verdict %u at shard %u index %" PRIu64
                      ", where the log has no such verdict",
                      paper->ballot, receipt->verdict, receipt->shard, receipt->index);
}

/* Of an index at which nothing was found known, that was so. Else the index is that of an
 * entry which carries the replays: the look was some time after it was asked, and before. */
static void check_not_known(struct sim_world *world, const struct sim_ask *ask,
                            const struct sim_ballot *ballot, uint64_t index, bool some)
{
    const struct sim_judge *judge = &world->shards[ask->shard].judge;
    const uint8_t known = sim_judge_known_from(judge, ballot->digest, ballot->tag,
                                               some ? ask->committed : index, index);
    world->faults.counts[SIM_FAULT_NOT_KNOWN]++;
    if (index < ask->committed)
        sim_violation(world,
                      "a ballot is not known at shard %u as of index %" PRIu64 ", and %" PRIu64
                      " was committed when it was asked",
                      ask->shard, index, ask->committed);
    else if (known != 0)
        sim_violation(world, "a ballot is not known at shard %u index %" PRIu64 ", where it was %u",
                      ask->shard, index, known);
}

void sim_checks_known(struct sim_world *world, const struct sim_ask *ask,
                      const struct psp_cluster_message *answer)
{
    struct sim_judge *judge = &world->shards[ask->shard].judge;
    const uint8_t *verdicts = answer->count_verdicts.verdicts;
    const uint64_t index = answer->count_verdicts.index;
    bool some = false;
    for (uint32_t i = 0; i < ask->n; i++)
        some = some || verdicts[i] != PSP_NOT_KNOWN;
    for (uint32_t i = 0; i < ask->n && !world->violated; i++) {
        const struct sim_ballot *ballot = &world->election.ballots[ask->ballots[i]];
        if (verdicts[i] == PSP_NOT_KNOWN) {
            check_not_known(world, ask, ballot, index, some);
            continue;
        }
        world->faults.counts[SIM_FAULT_KNOWN]++;
        if (psp_verdict_disposition(verdicts[i]) != PSP_REPLAYED ||
            !sim_judge_said(judge, index, ask->station, ballot->digest, ballot->tag, verdicts[i]))
            sim_violation(world,
                          "asked for what is known, shard %u says %u of ballot %u at index %" PRIu64
                          ", where the log has no such verdict",
                          ask->shard, verdicts[i], ask->ballots[i], index);
    }
}

/* ---- what is published ---- */

static void advance(struct sim_world *world, struct sim_judge *shown,
                    const struct sim_entry *entries, uint64_t index)
{
    while (shown->index < index) {
        struct psp_entry decoded;
        const struct sim_entry *entry = &entries[shown->index];
        const bool command = entry->type == PSP_RECORD_COMMAND;
        if (command && !decode(world, entry, &decoded))
            return;
        sim_judge_entry(shown, shown->index + 1, entry->term, command ? &decoded : NULL);
    }
}

static bool stations_add_up(const struct psp_board_stations *stations,
                            const struct psp_books *books)
{
    struct psp_station_books sum = {0};
    for (uint32_t number = 0; number < stations->end; number++)
        psp_station_books_add(&sum, &stations->list[number].books);
    return psp_station_books_agree(&sum, books);
}

/* What collectors are told of choices. */
static const struct sim_cells *cells_told(const struct sim_judge *judge)
{
    return sim_reports_hold(judge->election) ? &sim_reports_at(&judge->reports, judge->index)->cells
                                             : &judge->cells;
}

static void check_shown(struct sim_world *world, struct sim_collector *collector, uint32_t s)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    const struct psp_board_shard *shown = psp_board_shard(board, s);
    const struct sim_shard *shard = &world->shards[s];
    struct sim_judge *judge = &collector->shown[s];
    char text[TEXT_BYTES] = "";
    const bool past = shown->epoch < world->election.cluster.epoch && shard->past.entries != NULL;
    const uint64_t committed = past ? shard->past.entry_count : shard->entry_count;
    if (shown->epoch > collector->shown_epoch[s]) { /* restored; or the first time */
        sim_judge_free(judge);
        sim_judge_init(judge, &world->election, s);
    }
    if (shown->epoch < collector->shown_epoch[s] || shown->index < judge->index) {
        sim_violation(world, "the board of shard %u goes back from %" PRIu64 " to %" PRIu64, s,
                      judge->index, shown->index);
        return;
    }
    if (shown->index > committed) {
        sim_violation(world, "the board shows shard %u at %" PRIu64 ", committed is %" PRIu64, s,
                      shown->index, committed);
        return;
    }
    collector->shown_epoch[s] = shown->epoch;
    advance(world, judge, past ? shard->past.entries : shard->entries, shown->index);
    if (!sim_cells_match(cells_told(judge), psp_board_shard_totals(board, s), text, sizeof(text)))
        sim_violation(world, "the board of shard %u at %" PRIu64 " is wrong: %s", s, shown->index,
                      text);
    if (memcmp(&shown->books, &judge->books, sizeof(judge->books)) != 0)
        sim_violation(world, "the board's books of shard %u at %" PRIu64 " are wrong", s,
                      shown->index);
    sim_books_shown(world, judge, psp_board_shard_stations(board, s));
    if (!stations_add_up(psp_board_shard_stations(board, s), &judge->books))
        sim_violation(world, "the board's stations of shard %u at %" PRIu64 " do not add up", s,
                      shown->index);
}

/* promise 3, 5 */
void sim_checks_published(struct sim_world *world, struct sim_collector *collector)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    struct sim_cells sum = {0};
    char text[TEXT_BYTES] = "";
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++) {
        check_shown(world, collector, s);
        const uint64_t *from = (const uint64_t *)(const void *)cells_told(&collector->shown[s]);
        for (size_t i = 0; i < sizeof(sum) / sizeof(uint64_t); i++)
            ((uint64_t *)(void *)&sum)[i] += from[i];
    }
    if (!world->violated && !sim_cells_match(&sum, psp_board_merged(board), text, sizeof(text)))
        sim_violation(world, "the merged board is not the sum of its shards: %s", text);
    if (!world->violated && psp_totals_unbalanced_row(psp_board_merged(board)) != PSP_NONE)
        sim_violation(world, "the published totals do not balance");
}

/* ---- the end ---- */

/* No verdict can come: the ballot, or another of its voter that it waits for, came after the
 * close, and there is no room to remember one more such ballot of this station. */
static bool is_stuck(const struct sim_world *world, const struct sim_client *client, uint32_t paper)
{
    const struct sim_ballot *ballots = world->election.ballots;
    const struct sim_ballot *ballot = &ballots[client->papers[paper].ballot];
    const uint32_t station = world->election.stations[client->actor.number];
    for (uint32_t i = 0; i < client->paper_count; i++) {
        const struct sim_ballot *other = &ballots[client->papers[i].ballot];
        if ((i == paper || (client->ordered && other->voter == ballot->voter)) &&
            sim_judge_stuck(&world->shards[other->shard].judge, other, station))
            return true;
    }
    return false;
}

static bool has_all_verdicts(const struct sim_world *world, const struct sim_client *client)
{
    if (client->receipts == client->paper_count)
        return true;
    for (uint32_t i = 0; i < client->paper_count; i++)
        if (!client->papers[i].has_receipt && !is_stuck(world, client, i))
            return false;
    return true;
}

bool sim_checks_served(const struct sim_world *world)
{
    bool all = true;
    for (uint32_t i = 0; i < world->plan.clients && all; i++)
        all = has_all_verdicts(world, &world->clients[i]);
    return all;
}

/* What was damaged is there again, as all have it. */
static bool is_mended(const struct sim_shard *shard, const struct sim_replica *replica)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    bool good = true;
    for (uint64_t index = 1; index <= replica->checked && good; index++) {
        struct psp_record record;
        const struct sim_entry *entry = &shard->entries[index - 1];
        good = psp_journal_read(replica->log, index, &buffer, &size, &record) == PSP_OK &&
               record.term == entry->term && record.payload_bytes == entry->payload_bytes &&
               (record.payload_bytes == 0 ||
                memcmp(record.payload, entry->payload, record.payload_bytes) == 0);
    }
    free(buffer);
    return good;
}

static const char *missing(const struct sim_world *world)
{
    if (!world->healed)
        return "faults go on";
    if (world->silent != NULL)
        return "one replica is silent, and a client waits for verdicts";
    for (uint32_t i = 0; i < world->plan.clients; i++)
        if (!has_all_verdicts(world, &world->clients[i]))
            return "a client waits for verdicts";
    if (!sim_operator_done(world))
        return "the operator waits";
    if (!sim_reporters_done(world))
        return "a report waits";
    for (uint32_t s = 0; s < world->plan.election.shards; s++) {
        const struct sim_shard *shard = &world->shards[s];
        if (shard->judge.state == PSP_ELECTION_OPEN &&
            (shard->judge.close_at_ms != 0 || (world->plan.closes && !world->plan.reopens)))
            return "the election does not close";
        for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
            const struct sim_replica *replica = &shard->replicas[r];
            if (!replica->refused && (!replica->actor.up || replica->checked < shard->entry_count))
                return "a replica lags behind";
            if (!replica->refused && replica->rotten_old && !is_mended(shard, replica))
                return "a damaged record is not mended";
        }
        for (uint32_t c = 0; c < world->plan.collectors; c++)
            if (world->collectors[c].shown_epoch[s] != world->election.cluster.epoch ||
                world->collectors[c].shown[s].index < shard->entry_count)
                return "a board lags behind";
    }
    return NULL;
}

bool sim_checks_done(const struct sim_world *world)
{
    return missing(world) == NULL;
}

void sim_checks_explain(struct sim_world *world)
{
    uint32_t waiting = 0, example = 0;
    for (uint32_t i = 0; i < world->plan.clients; i++)
        for (uint32_t p = 0; p < world->clients[i].paper_count; p++)
            if (!world->clients[i].papers[p].has_receipt) {
                waiting++;
                example = world->clients[i].papers[p].ballot;
            }
    sim_violation(world, "no progress: %s (%u ballots without a verdict, e.g. %u of shard %u)",
                  missing(world), waiting, example, world->election.ballots[example].shard);
}

/* promise 2 */
static void check_voters(struct sim_world *world)
{
    uint32_t counted[SIM_VOTERS_MAX] = {0};
    bool seen[SIM_VOTERS_MAX] = {false};
    for (uint32_t b = 0; b < world->election.ballot_count; b++) {
        const struct sim_ballot *ballot = &world->election.ballots[b];
        if (seen[ballot->voter])
            continue;
        seen[ballot->voter] = true;
        for (uint32_t s = 0; s < world->plan.election.shards; s++)
            counted[ballot->voter] +=
                sim_judge_counted(&world->shards[s].judge, ballot->digest) +
                sim_judge_counted(&world->shards[s].judge, ballot->other_digest);
        if (counted[ballot->voter] > 1)
            sim_violation(world, "voter %u is counted %u times", ballot->voter,
                          counted[ballot->voter]);
    }
}

/* Sent once, by a network that doubles nothing, and not allowed: nobody may have judged it. */
static void check_not_allowed(struct sim_world *world, const struct sim_client *client,
                              const struct sim_paper *paper)
{
    const struct sim_ballot *ballots = world->election.ballots;
    const struct sim_ballot *ballot = &ballots[paper->ballot];
    const struct sim_judge *judge = &world->shards[ballot->shard].judge;
    const uint32_t station = world->election.stations[client->actor.number];
    bool once = paper->sends == 1 && !paper->receipt.resent && world->plan.duplicate == 0;
    for (uint32_t p = 0; p < client->paper_count; p++)
        once = once && (&client->papers[p] == paper ||
                        ballots[client->papers[p].ballot].same != ballot->same);
    for (uint32_t i = 0; i < judge->row_count && once; i++)
        if (judge->rows[i].verdict != PSP_NOT_JUDGED && judge->rows[i].station == station &&
            memcmp(judge->rows[i].digest, ballot->digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(judge->rows[i].tag, ballot->tag, PSP_TAG_BYTES) == 0)
            sim_violation(world,
                          "ballot %u was not allowed to station %u and is in the log at %" PRIu64,
                          paper->ballot, station, judge->rows[i].index);
}

/* Whether the station holds that its ballot is counted. Without a verdict, because it waits
 * for one that cannot come or is not allowed any more, it may be: sent earlier, it may have
 * arrived. */
static bool is_counted(struct sim_world *world, const struct sim_client *client,
                       const struct sim_paper *paper)
{
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    const struct sim_judge *judge = &world->shards[ballot->shard].judge;
    if (paper->has_receipt && paper->receipt.outcome != PSP_OUTCOME_VERDICT)
        check_not_allowed(world, client, paper);
    if (!paper->has_receipt || paper->receipt.outcome != PSP_OUTCOME_VERDICT)
        return sim_judge_known(judge, ballot->digest, ballot->tag, judge->index) == PSP_COUNTED;
    sim_checks_receipt(world, client, paper);
    return psp_verdict_first(paper->receipt.verdict) == PSP_COUNTED;
}

/* Adds up the counted ballots as the stations hold them. */
static void check_papers(struct sim_world *world)
{
    struct sim_cells sum[SIM_SHARDS_MAX] = {0};
    bool added[SIM_BALLOTS_MAX] = {false};
    for (uint32_t i = 0; i < world->plan.clients; i++) {
        const struct sim_client *client = &world->clients[i];
        for (uint32_t p = 0; p < client->paper_count && !world->violated; p++) {
            const struct sim_paper *paper = &client->papers[p];
            const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
            if (!is_counted(world, client, paper) || added[ballot->same])
                continue;
            added[ballot->same] = true;
            if (ballot->unit >= SIM_UNITS || ballot->paper >= SIM_STYLES ||
                ballot->method >= SIM_METHODS)
                sim_violation(world, "ballot %u cannot have been counted", paper->ballot);
            else
                sim_cells_add(&sum[ballot->shard], ballot->unit, ballot->paper, ballot->method,
                              ballot->pairs, ballot->pair_count);
        }
    }
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++)
        if (memcmp(&sum[s], &world->shards[s].judge.cells, sizeof(sum[s])) != 0)
            sim_violation(world, "shard %u counted other ballots than those with a receipt", s);
}

/* Every report is made: all shards have the same ones last, leaf by leaf. */
static void check_reports(struct sim_world *world)
{
    const struct sim_reported *first = sim_reports_at(&world->shards[0].judge.reports, UINT64_MAX);
    for (uint32_t s = 1; s < world->plan.election.shards; s++) {
        const struct sim_reported *other =
            sim_reports_at(&world->shards[s].judge.reports, UINT64_MAX);
        for (uint32_t unit = 0; unit < SIM_UNITS; unit++)
            if (first->leaves[unit].number != other->leaves[unit].number ||
                (first->leaves[unit].final != other->leaves[unit].final &&
                 world->election.cluster.epoch == 1)) /* a restore may have lost it in one */
                sim_violation(world, "shards 0 and %u end with other reports of unit %u", s, unit);
    }
}

static void check_replica(struct sim_world *world, struct sim_replica *replica)
{
    const struct sim_shard *shard = &world->shards[replica->shard];
    const struct sim_judge *judge = &shard->judge;
    const char *name = sim_actor_name(&replica->actor);
    char text[TEXT_BYTES] = "";
    if (!sim_cells_match(&judge->cells, psp_count_totals(replica->count), text, sizeof(text)))
        sim_violation(world, "%s counted wrong: %s", name, text);
    if (memcmp(psp_count_books(replica->count), &judge->books, sizeof(judge->books)) != 0)
        sim_violation(world, "%s has other books than the judge", name);
    if (psp_totals_unbalanced_row(psp_count_totals(replica->count)) != PSP_NONE)
        sim_violation(world, "%s: the totals do not balance", name);
    if (psp_count_election_state(replica->count) != judge->state)
        sim_violation(world, "%s: the election is in another state", name);
    sim_books_remembers(world, replica);
    sim_reports_held(world, replica);
    compare_log(world, replica, psp_journal_first(replica->log) - 1, replica->checked);
}

void sim_checks_end(struct sim_world *world)
{
    check_papers(world);
    check_voters(world);
    check_reports(world);
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++) {
        const struct sim_judge *judge = &world->shards[s].judge;
        const enum psp_election_state state =
            world->plan.closes ? PSP_ELECTION_CLOSED : PSP_ELECTION_OPEN;
        if (judge->state != state && !world->plan.reopens)
            sim_violation(world, "shard %u lost what the operator was told is done", s);
        for (uint32_t r = 0; r < world->plan.election.replicas && !world->violated; r++)
            if (world->shards[s].replicas[r].actor.up)
                check_replica(world, &world->shards[s].replicas[r]);
    }
}
