/*
 * count_apply - nanoseconds a ballot of the shard's state machine, and of its
 * checkpoint and load.
 *
 *     count_apply VOTERS [--roll] [--grow] [--contests N] [--store DIR]
 *
 * Casts one ballot a voter, with N contests marked (1), in batches of 8,192 and
 * prints, per tenth: CPU time a ballot of apply (and of taking deltas every
 * 4 MiB), bytes of RAM a voter. The number of voters is expected, as the
 * definition says it in an election; with --grow it is not. With --store also
 * writes every delta, then loads the store into a new count.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bytes/bytes.h"
#include "election/runs.h"
#include "shard/store/store.h"

enum {
    ROWS = PSP_BATCH_ROWS_MAX,
    LEAVES = 3000,
    CONTESTS_MAX = 100, /* a byte each in marks */
    DELTA_BYTES = 4 << 20,
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint64_t mix(uint64_t value)
{
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9U;
    value = (value ^ value >> 27) * 0x94D049BB133111EBU;
    return value ^ value >> 31;
}

static void digest_of(uint64_t voter, uint8_t *ret_digest)
{
    psp_put64(ret_digest, mix(2 * voter));
    psp_put64(ret_digest + 8, mix(2 * voter + 1));
}

static uint32_t unit_of(uint64_t voter)
{
    return (uint32_t)(1 + mix(voter) % LEAVES);
}

/* Contests of four choices over 3,000 counties. */
static struct psp_definition *make_definition(uint32_t contests)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert(out);
    fputs("{\"format\":1,\"id\":\"b\",\"name\":\"B\",\"date\":\"2024-11-05\",\"parties\":[],"
          "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],"
          "\"units\":[{\"id\":\"us\",\"name\":\"US\",\"level\":\"nation\"}",
          out);
    for (int leaf = 0; leaf < LEAVES; leaf++)
        fprintf(out,
                ",{\"id\":\"c%d\",\"name\":\"C\",\"level\":\"county\",\"parent\":\"us\","
                "\"ballot_style\":\"s\"}",
                leaf);
    fputs("],\"contests\":[", out);
    for (uint32_t contest = 0; contest < contests; contest++) {
        fprintf(out,
                "%s{\"id\":\"p%u\",\"name\":\"P\",\"office\":\"P\",\"unit\":\"us\",\"choices\":[",
                contest ? "," : "", contest);
        for (int choice = 0; choice < 4; choice++)
            fprintf(out, "%s{\"id\":\"x%d\",\"name\":\"X\",\"kind\":\"other\"}", choice ? "," : "",
                    choice);
        fputs("]}", out);
    }
    fputs("],\"ballot_styles\":[{\"id\":\"s\",\"contests\":[", out);
    for (uint32_t contest = 0; contest < contests; contest++)
        fprintf(out, "%s{\"contest\":\"p%u\"}", contest ? "," : "", contest);
    fputs("]}]}", out);
    fclose(out);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    if (psp_definition_parse(text, bytes, &definition, &reason) != PSP_OK) {
        fprintf(stderr, "%s: %s\n", reason.pointer, reason.text);
        exit(1);
    }
    free(text);
    return definition;
}

struct bench {
    struct psp_definition *definition;
    struct psp_roll_part roll;
    uint64_t voters;
    uint32_t contests;
    bool grow;
    struct psp_genesis genesis;
    uint8_t fence_hash[PSP_HASH_BYTES];
    struct psp_count *count;
    struct psp_store *store;
    const char *store_directory;
    double apply_s, take_s, store_s, worst_s;
};

static struct psp_count *make_count(const struct bench *bench)
{
    struct psp_count *count = NULL;
    const struct psp_count_options options = {
        .definition = bench->definition,
        .roll = bench->roll.n ? &bench->roll : NULL,
        .voters_expected = bench->grow ? 0 : bench->voters,
    };
    if (psp_count_create(&options, &count) != PSP_OK)
        exit(1);
    return count;
}

static void apply(struct bench *bench, struct psp_entry *entry)
{
    static uint8_t verdicts[ROWS];
    enum psp_apply_result result;
    const char *text = NULL;
    const double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    const enum psp_status status = psp_count_apply(bench->count, psp_count_index(bench->count) + 1,
                                                   entry, &result, verdicts, &text);
    const double spent = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    bench->apply_s += spent;
    bench->worst_s = spent > bench->worst_s ? spent : bench->worst_s;
    if (status != PSP_OK || result != PSP_APPLIED) {
        fprintf(stderr, "%s\n", text ? text : psp_status_text(status));
        exit(1);
    }
}

static void checkpoint(struct bench *bench)
{
    struct psp_count_delta *delta = NULL;
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (psp_count_take_delta(bench->count, &delta) != PSP_OK)
        exit(1);
    delta->term = 1;
    bench->take_s += seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    start = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (bench->store && psp_store_checkpoint(bench->store, delta) != PSP_OK)
        exit(1);
    bench->store_s += seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    psp_count_delta_destroy(&delta);
}

static void cast_batch(struct bench *bench, uint64_t first, uint32_t n)
{
    static uint8_t digests[16 * ROWS], tags[8 * ROWS], units[4 * ROWS], methods[ROWS],
        marks[(1 + 3 * CONTESTS_MAX) * ROWS];
    uint8_t *mark = marks;
    for (uint32_t i = 0; i < n; i++) {
        /* With a roll voters do not come in the roll's order. */
        const uint64_t voter = bench->roll.n ? (first + i) * 7919 % bench->voters : first + i;
        digest_of(voter, digests + (size_t)16 * i);
        psp_put64(tags + (size_t)8 * i, mix(voter + 77));
        psp_put32(units + (size_t)4 * i, unit_of(voter));
        const uint64_t choices = mix(voter + 5);
        *mark++ = (uint8_t)bench->contests;
        for (uint32_t contest = 0; contest < bench->contests; contest++) {
            *mark++ = (uint8_t)contest;
            *mark++ = 1;
            *mark++ = (uint8_t)(choices >> contest % 63 & 3);
        }
    }
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS, .time_ms = 1};
    uint8_t station[PSP_RUN_BYTES_MAX],
        style[PSP_RUN_BYTES_MAX]; /* one of each, as nearly always */
    struct psp_runs_writer stations = {.bytes = station}, styles = {.bytes = style};
    psp_runs_add(&stations, 1, n);
    psp_runs_add(&styles, 1, n);
    entry.ballots.columns = (struct psp_count_columns){
        .n = n,
        .digests = digests,
        .tags = tags,
        .units = units,
        .methods = methods,
        .marks = marks,
        .marks_bytes = (size_t)(mark - marks),
        .stations = psp_runs_end(&stations),
        .styles = psp_runs_end(&styles),
    };
    memcpy(entry.ballots.fence_hash, bench->fence_hash, PSP_HASH_BYTES);
    apply(bench, &entry);
    if (psp_count_delta_bytes(bench->count) >= DELTA_BYTES)
        checkpoint(bench);
}

static void begin(struct bench *bench, bool with_roll)
{
    bench->definition = make_definition(bench->contests);
    bench->genesis = (struct psp_genesis){.slot_end = PSP_SLOT_COUNT,
                                          .epoch = 1,
                                          .rules = PSP_RULES,
                                          .mode = PSP_MODE_TEST,
                                          .publication = PSP_PUBLICATION_IMMEDIATE,
                                          .turnout = PSP_PUBLICATION_IMMEDIATE,
                                          .report_min = 1};
    if (with_roll) {
        memset(bench->genesis.shard_roll_hash, 1, PSP_HASH_BYTES);
        uint8_t *digests = malloc(bench->voters * 16), *units = malloc(bench->voters * 4);
        if (!digests || !units)
            exit(1);
        for (uint64_t voter = 0; voter < bench->voters; voter++) {
            digest_of(voter, digests + voter * 16);
            psp_put32(units + voter * 4, unit_of(voter));
        }
        bench->roll = (struct psp_roll_part){bench->voters, digests, units, NULL};
    }
    psp_fence_hash(&bench->genesis.fence, bench->fence_hash);
    bench->count = make_count(bench);
    struct psp_entry entry = {.type = PSP_ENTRY_GENESIS, .genesis = bench->genesis};
    apply(bench, &entry);
    entry = (struct psp_entry){.type = PSP_ENTRY_OPEN};
    apply(bench, &entry);
    checkpoint(bench);
    while (psp_count_warm(bench->count))
        continue;
    bench->apply_s = bench->take_s = bench->store_s = bench->worst_s = 0;
}

static double stored_bytes(const struct bench *bench)
{
    char path[4096];
    struct stat data;
    snprintf(path, sizeof path, "%s/data.mdb", bench->store_directory);
    return stat(path, &data) == 0 ? (double)data.st_size : 0;
}

static void load(struct bench *bench)
{
    psp_count_destroy(&bench->count);
    bench->count = make_count(bench);
    const double start = seconds(CLOCK_MONOTONIC), start_cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (psp_store_load(bench->store, bench->count) != PSP_OK)
        exit(1);
    const double spent = seconds(CLOCK_MONOTONIC) - start;
    const double cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
    printf("load: %.2f s, %.2f s CPU, %.0f ns CPU a ballot; store: %.1f bytes a ballot\n", spent,
           cpu, cpu / (double)bench->voters * 1e9, stored_bytes(bench) / (double)bench->voters);
}

int main(int argc, char **argv)
{
    struct bench bench = {.voters = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, .contests = 1};
    bool with_roll = false;
    for (int i = 2; i < argc; i++) {
        struct psp_reason reason = {0};
        if (strcmp(argv[i], "--grow") == 0) {
            bench.grow = true;
        } else if (strcmp(argv[i], "--roll") == 0) {
            with_roll = true;
        } else if (strcmp(argv[i], "--contests") == 0 && i + 1 < argc) {
            bench.contests = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--store") == 0 && i + 1 < argc) {
            const struct psp_store_options options = {.directory = argv[++i]};
            bench.store_directory = options.directory;
            if (psp_store_open(&options, &bench.store, &reason) != PSP_OK) {
                fprintf(stderr, "%s\n", reason.text);
                return 1;
            }
        }
    }
    if (bench.voters == 0 || bench.contests == 0 || bench.contests > CONTESTS_MAX) {
        fprintf(stderr,
                "usage: count_apply VOTERS [--roll] [--grow] [--contests 1-%d] [--store DIR]\n",
                CONTESTS_MAX);
        return 2;
    }
    begin(&bench, with_roll);
    const uint64_t tenth = bench.voters / 10 + 1;
    printf("%12s %10s %10s %10s %10s %10s\n", "voters", "apply ns", "take ns", "store ns",
           "worst ms", "B/voter");
    for (uint64_t cast = 0, shown = 0; cast < bench.voters;) {
        const uint64_t left = bench.voters - cast;
        const uint32_t n = left < ROWS ? (uint32_t)left : ROWS;
        cast_batch(&bench, cast, n);
        cast += n;
        if (cast - shown < tenth && cast < bench.voters)
            continue;
        const double per = 1e9 / (double)(cast - shown);
        printf("%12llu %10.0f %10.0f %10.0f %10.2f %10.1f\n", (unsigned long long)cast,
               bench.apply_s * per, bench.take_s * per, bench.store_s * per, bench.worst_s * 1e3,
               (double)psp_count_memory_bytes(bench.count) /
                   (double)(with_roll ? bench.voters : cast));
        fflush(stdout);
        bench.apply_s = bench.take_s = bench.store_s = bench.worst_s = 0;
        shown = cast;
    }
    checkpoint(&bench);
    if (!psp_books_balanced(psp_count_books(bench.count)))
        return 1;
    if (bench.store)
        load(&bench);
    psp_count_destroy(&bench.count);
    psp_store_close(&bench.store);
    psp_definition_destroy(&bench.definition);
    free((void *)(uintptr_t)bench.roll.digests);
    free((void *)(uintptr_t)bench.roll.units);
    return 0;
}
