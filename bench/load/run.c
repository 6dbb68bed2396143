/* Stations are watched while they cast; afterwards the count is compared with what they
 * were promised. */
#include "bench/load/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system/clock.h"

enum { START_AFTER_US = 300000 };

struct run {
    const struct psp_load_options *options;
    struct psp_load_result *result;
    struct psp_cluster *cluster;
    struct psp_definition *definition;
    struct psp_papers *papers;
    struct psp_station_shared *stations;
    pid_t *pids;
    struct psp_viewer_shared *viewer;
    pid_t viewer_pid;
    uint64_t start_us;
    struct psp_histogram last, warm; /* sums: of the last look, of the warm-up's end */
    bool warmed;
    double warmed_s;
    uint64_t last_receipts;
    double last_s;
};

static double load_average(void)
{
    double loads[1] = {0};
    return getloadavg(loads, 1) == 1 ? loads[0] : 0;
}

static enum psp_status prepare(struct run *run, struct psp_reason *reterr_reason)
{
    const struct psp_load_options *options = run->options;
    char path[4096];
    enum psp_status status = psp_cluster_load(options->cluster_path, &run->cluster, reterr_reason);
    if (status != PSP_OK)
        return psp_reason_set_file(reterr_reason, options->cluster_path, status);
    static const uint8_t none[PSP_HASH_BYTES];
    if (memcmp(run->cluster->roll_hash, none, sizeof none) != 0) {
        psp_reason_set(
            reterr_reason,
            "this cluster has a roll, and the load's voters are on none: use one without");
        return PSP_EINVAL;
    }
    snprintf(path, sizeof path, "%s/%s", run->cluster->directory, run->cluster->election_path);
    status = psp_definition_load(path, &run->definition, reterr_reason);
    if (status != PSP_OK)
        return psp_reason_set_file(reterr_reason, path, status);
    const size_t bytes = options->clients * sizeof *run->stations;
    run->stations = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    run->pids = calloc(options->clients, sizeof *run->pids);
    if (run->stations == MAP_FAILED)
        run->stations = NULL;
    status = run->stations && run->pids
                 ? psp_papers_create(run->definition, options->seed, options->skew, &run->papers)
                 : PSP_ENOMEM;
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "making the ballots: %s", psp_status_text(status));
    return status;
}

static void fill_options(const struct run *run, uint32_t client,
                         struct psp_station_options *ret_options)
{
    const struct psp_load_options *options = run->options;
    const uint64_t share = options->ballots / options->clients;
    *ret_options = (struct psp_station_options){
        .cluster_path = options->cluster_path,
        .key_path = options->key_path,
        .definition = run->definition,
        .papers = run->papers,
        .client = client,
        .rows = options->rows,
        .batch_rows = options->batch_rows,
        .inflight_max = options->inflight_max,
        .rate = options->rate / options->clients,
        .replayed = options->replayed,
        .double_votes = options->double_votes,
        .ballots = share + (client < options->ballots % options->clients),
        .seconds = options->seconds,
        .start_us = run->start_us,
    };
}

/* Without it there is no figure for visibility, and no harm. */
static void start_viewer(struct run *run)
{
    run->viewer =
        mmap(NULL, sizeof *run->viewer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run->viewer == MAP_FAILED) {
        run->viewer = NULL;
        return;
    }
    fflush(NULL);
    run->viewer_pid = fork();
    if (run->viewer_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        psp_viewer_run(run->cluster, run->stations, run->options->clients, run->viewer);
        _exit(0);
    }
}

static void end_viewer(struct run *run)
{
    if (!run->viewer)
        return;
    __atomic_store_n(&run->viewer->end, 1, __ATOMIC_RELEASE);
    if (run->viewer_pid > 0)
        waitpid(run->viewer_pid, NULL, 0);
    run->result->visible = run->viewer->visible;
    munmap(run->viewer, sizeof *run->viewer);
    run->viewer = NULL;
}

static enum psp_status start(struct run *run, struct psp_reason *reterr_reason)
{
    char name[32];
    run->start_us = psp_clock_us() + START_AFTER_US;
    for (uint32_t client = 0; client < run->options->clients; client++) {
        struct psp_station_options options;
        fill_options(run, client, &options);
        fflush(NULL);
        const pid_t pid = fork();
        if (pid < 0) {
            psp_reason_set(reterr_reason, "cannot start station %" PRIu32, client);
            return PSP_EIO;
        }
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            psp_station_run(&options, &run->stations[client]);
            _exit(0);
        }
        run->pids[client] = pid;
        snprintf(name, sizeof name, "station-%" PRIu32, client);
        psp_sampler_add(&run->result->sampler, name, pid);
    }
    return PSP_OK;
}

/* ---- watching ---- */

static bool all_done(struct run *run)
{
    bool done = true;
    for (uint32_t client = 0; client < run->options->clients; client++) {
        struct psp_station_shared *station = &run->stations[client];
        if (__atomic_load_n(&station->done, __ATOMIC_ACQUIRE))
            continue;
        /* A station that was killed says nothing any more. */
        if (waitpid(run->pids[client], NULL, WNOHANG) == run->pids[client]) {
            run->pids[client] = 0;
            if (!station->done) {
                station->status = PSP_EIO;
                snprintf(station->reason, sizeof station->reason, "station %" PRIu32 " died",
                         client);
                station->done = 1;
            }
            continue;
        }
        done = false;
    }
    return done;
}

static uint64_t sum(const struct run *run, struct psp_histogram *ret_sum)
{
    uint64_t receipts = 0;
    memset(ret_sum, 0, sizeof *ret_sum);
    for (uint32_t client = 0; client < run->options->clients; client++) {
        receipts += __atomic_load_n(&run->stations[client].receipts, __ATOMIC_ACQUIRE);
        psp_histogram_merge(ret_sum, &run->stations[client].latency);
    }
    return receipts;
}

static bool make_room(struct psp_load_result *result)
{
    if (result->point_n < result->point_max)
        return true;
    const uint32_t max = result->point_max * 2 + 256;
    struct psp_load_point *points = realloc(result->points, max * sizeof *points);
    if (points)
        result->points = points;
    struct psp_usage *usages =
        realloc(result->usages, (size_t)max * (result->sampler.n + 1) * sizeof *usages);
    if (usages)
        result->usages = usages;
    if (points && usages)
        result->point_max = max;
    return points && usages;
}

static void look(struct run *run)
{
    struct psp_load_result *result = run->result;
    struct psp_histogram now, since;
    const double at_s = (double)(psp_clock_us() - run->start_us) / 1e6;
    const uint64_t receipts = sum(run, &now);
    psp_histogram_since(&now, &run->last, &since);
    if (make_room(result)) {
        struct psp_load_point *point = &result->points[result->point_n];
        *point = (struct psp_load_point){
            .at_s = at_s,
            .rate = (double)(receipts - run->last_receipts) / (at_s - run->last_s),
            .p50_ms = (double)psp_histogram_at(&since, 0.5) / 1e3,
            .p99_ms = (double)psp_histogram_at(&since, 0.99) / 1e3,
            .max_ms = (double)since.max_us / 1e3,
        };
        for (uint32_t p = 0; p < result->sampler.n; p++)
            psp_sampler_look(&result->sampler, p,
                             &result->usages[(size_t)result->point_n * result->sampler.n + p]);
        result->point_n++;
        if (!run->options->quiet && result->point_n % 2 == 0)
            fprintf(stderr,
                    "%7.1f s  %12" PRIu64 " receipts  %10.0f /s  p50 %.2f ms  p99 %.2f ms\n", at_s,
                    receipts, point->rate, point->p50_ms, point->p99_ms);
    }
    if (!run->warmed && at_s >= run->options->warm_up_s) {
        run->warmed = true;
        run->warmed_s = at_s;
        run->warm = now;
    }
    run->last = now;
    run->last_receipts = receipts;
    run->last_s = at_s;
}

static void watch(struct run *run)
{
    struct psp_load_result *result = run->result;
    uint64_t next_us = run->start_us;
    while (psp_clock_us() < next_us)
        usleep(1000);
    for (uint32_t p = 0; p < result->sampler.n; p++)
        psp_sampler_look(&result->sampler, p, &result->before[p]);
    run->warmed = run->options->warm_up_s <= 0;
    while (!all_done(run)) {
        next_us += PSP_LOAD_INTERVAL_MS * 1000;
        while (psp_clock_us() < next_us && !all_done(run))
            usleep(1000);
        look(run);
    }
    result->seconds = (double)(psp_clock_us() - run->start_us) / 1e6;
    psp_histogram_since(&run->last, &run->warm, &result->latency);
    if (run->options->warm_up_s <= 0)
        result->latency.max_us = run->last.max_us;
    result->measured_receipts = psp_histogram_total(&result->latency);
    result->measured_seconds = result->seconds - run->warmed_s;
}

/* A station's own /proc entry lasts until it is waited for, but then no longer
 * says how much memory it had. */
static void end(struct run *run)
{
    struct psp_load_result *result = run->result;
    for (uint32_t p = 0; p < result->sampler.n; p++) {
        psp_sampler_look(&result->sampler, p, &result->after[p]);
        for (uint32_t i = 0; i < result->point_n; i++) {
            const uint64_t then = result->usages[(size_t)i * result->sampler.n + p].hwm_bytes;
            if (then > result->after[p].hwm_bytes)
                result->after[p].hwm_bytes = then;
        }
    }
    for (uint32_t client = 0; run->pids && client < run->options->clients; client++) {
        if (run->pids[client] <= 0)
            continue;
        kill(run->pids[client], SIGTERM);
        waitpid(run->pids[client], NULL, 0);
    }
}

/* ---- afterwards ---- */

void psp_load_check(const struct psp_definition *definition, const uint64_t *votes_promised,
                    struct psp_load_result *result)
{
    const struct psp_bench_books *before = &result->books_before, *after = &result->books_after;
    char *verdict = result->verdict;
    const size_t size = sizeof result->verdict;
    if (result->unintended > 0)
        snprintf(verdict, size, "%" PRIu64 " verdicts are not the intended ones",
                 result->unintended);
    else if (after->counted - before->counted != result->counted)
        snprintf(verdict, size, "receipts for %" PRIu64 " ballots counted, the books say %" PRIu64,
                 result->counted, after->counted - before->counted);
    else if (after->double_vote - before->double_vote != result->double_votes)
        snprintf(verdict, size, "%" PRIu64 " double votes were sent, the books say %" PRIu64,
                 result->double_votes, after->double_vote - before->double_vote);
    else if (after->replayed - before->replayed < result->replayed ||
             after->replayed - before->replayed > result->replayed + result->resent)
        snprintf(verdict, size,
                 "%" PRIu64 " replays were sent and %" PRIu64
                 " ballots resent, the books say %" PRIu64,
                 result->replayed, result->resent, after->replayed - before->replayed);
    else if (!after->balanced)
        snprintf(verdict, size, "the books do not balance");
    for (uint32_t choice = 0; choice < definition->choice_count && !*verdict; choice++)
        if (after->votes[choice] - before->votes[choice] != votes_promised[choice])
            snprintf(verdict, size, "choice %s: %" PRIu64 " votes promised, %" PRIu64 " shown",
                     definition->choices[choice].id, votes_promised[choice],
                     after->votes[choice] - before->votes[choice]);
}

static enum psp_status add_up(struct run *run, uint64_t *index, uint64_t *votes,
                              struct psp_reason *reterr_reason)
{
    struct psp_load_result *result = run->result;
    enum psp_status status = PSP_OK;
    for (uint32_t client = 0; client < run->options->clients; client++) {
        const struct psp_station_shared *station = &run->stations[client];
        result->sent += station->sent;
        result->receipts += station->receipts;
        result->counted += station->counted;
        result->replayed += station->replayed;
        result->double_votes += station->double_votes;
        result->unintended += station->unintended;
        result->resent += station->resent;
        result->busy += station->busy;
        for (uint32_t shard = 0; shard < PSP_SHARDS_MAX; shard++)
            if (station->index[shard] > index[shard])
                index[shard] = station->index[shard];
        for (uint32_t paper = 0; paper < PSP_PAPERS_POOL; paper++)
            if (station->counted_of[paper])
                psp_papers_votes(run->papers, paper, station->counted_of[paper], votes);
        if (station->status != PSP_OK && status == PSP_OK) {
            status = station->status;
            psp_reason_set(reterr_reason, "station %" PRIu32 ": %.480s", client, station->reason);
        }
    }
    return status;
}

static enum psp_status measure(struct run *run, struct psp_reason *reterr_reason)
{
    static uint64_t index[PSP_SHARDS_MAX];
    struct psp_load_result *result = run->result;
    const char *directory = run->options->directory;
    char data[4096] = "";
    memset(index, 0, sizeof index);
    enum psp_status status = psp_bench_books_read(run->cluster, run->definition, index,
                                                  &result->books_before, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (directory) {
        snprintf(data, sizeof data, "%s/data", directory);
        psp_sampler_add_cluster(&result->sampler, directory);
        result->disk_bytes_before = psp_sampler_disk_bytes(data);
    }
    result->load_before = load_average();
    start_viewer(run);
    status = start(run, reterr_reason);
    if (status == PSP_OK)
        watch(run);
    end(run);
    result->load_after = load_average();
    uint64_t *votes = calloc(run->definition->choice_count + 1, sizeof *votes);
    if (!votes)
        return PSP_ENOMEM;
    if (status == PSP_OK)
        status = add_up(run, index, votes, reterr_reason);
    if (status == PSP_OK)
        status = psp_bench_books_read(run->cluster, run->definition, index, &result->books_after,
                                      reterr_reason);
    end_viewer(run);
    if (status == PSP_OK)
        psp_load_check(run->definition, votes, result);
    if (directory)
        result->disk_bytes_after = psp_sampler_disk_bytes(data);
    free(votes);
    return status;
}

enum psp_status psp_load_run(const struct psp_load_options *options,
                             struct psp_load_result *ret_result, struct psp_reason *reterr_reason)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    memset(ret_result, 0, sizeof *ret_result);
    run.options = options;
    run.result = ret_result;
    enum psp_status status = prepare(&run, reterr_reason);
    if (status == PSP_OK)
        status = measure(&run, reterr_reason);
    if (run.stations)
        munmap(run.stations, options->clients * sizeof *run.stations);
    free(run.pids);
    psp_papers_destroy(&run.papers);
    psp_definition_destroy(&run.definition);
    psp_cluster_destroy(&run.cluster);
    return status;
}

void psp_load_result_free(struct psp_load_result *result)
{
    psp_bench_books_free(&result->books_before);
    psp_bench_books_free(&result->books_after);
    free(result->points);
    free(result->usages);
    result->points = NULL;
    result->usages = NULL;
}
