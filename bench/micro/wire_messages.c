/*
 * wire_messages - nanoseconds a ballot to encode and to decode, in batches of
 * 1,000 ballots with one contest.
 *
 *     wire_messages [ROUNDS]
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes/bytes.h"
#include "election/runs.h"
#include "wire/message/message.h"

enum { N = 1000, VOTER_BYTES = 12, MARKS_BYTES = 4, ARENA_BYTES = 64 << 20 };

struct ballots {
    uint8_t lengths[N], voters[N * VOTER_BYTES], ids[N * 16], units[N * 4], methods[N];
    uint8_t times[N * 8], marks[N * MARKS_BYTES], tags[N * 8];
    struct psp_row rows[N];
    struct psp_row_mark row_marks[N];
};

/* CPU time: what else the machine does is not counted. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static struct psp_bytes text(const char *of)
{
    return (struct psp_bytes){.data = (const uint8_t *)of, .length = strlen(of)};
}

static void fill(struct ballots *b)
{
    static struct psp_bytes choice;
    choice = text("biden-harris");
    memset(b->lengths, VOTER_BYTES, sizeof b->lengths);
    for (size_t i = 0; i < sizeof b->voters; i++)
        b->voters[i] = (uint8_t)('a' + i % 26);
    for (size_t i = 0; i < sizeof b->ids; i++)
        b->ids[i] = (uint8_t)(i * 2654435761U >> 24);
    for (size_t i = 0; i < N; i++) {
        const uint8_t marks[MARKS_BYTES] = {1, 0, 1, (uint8_t)(i % 5)};
        memcpy(b->marks + MARKS_BYTES * i, marks, MARKS_BYTES);
        b->row_marks[i] = (struct psp_row_mark){text("president"), &choice, 1};
        b->rows[i] = (struct psp_row){
            .voter_id = {b->voters + VOTER_BYTES * i, VOTER_BYTES},
            .ballot_id = {b->ids + 16 * i, 16},
            .unit = text("addison"),
            .method = text("early"),
            .cast_at_ms = 1604448000123,
            .marks = &b->row_marks[i],
            .mark_count = 1,
        };
    }
}

static void report(const char *name, double encode_ns, double decode_ns, size_t bytes, int rounds)
{
    const double ballots = (double)rounds * N;
    printf("%-16s encode %6.1f   decode %6.1f ns/ballot   %5.1f bytes/ballot\n", name,
           encode_ns / ballots, decode_ns / ballots, (double)bytes / N);
}

static void measure_client(const char *name, const struct psp_client_message *message, int rounds)
{
    struct psp_buffer buffer = {0};
    struct psp_arena *arena = NULL;
    struct psp_client_message got;
    const char *reason;
    enum psp_status status = psp_arena_create(ARENA_BYTES, &arena);
    assert(status == PSP_OK);
    const double start = now_ns();
    for (int i = 0; i < rounds && status == PSP_OK; i++)
        status = psp_client_message_encode(message, &buffer);
    const double middle = now_ns();
    for (int i = 0; i < rounds && status == PSP_OK; i++) {
        psp_arena_reset(arena);
        status = psp_client_message_decode(arena, buffer.data, buffer.length, &got, &reason);
    }
    assert(status == PSP_OK);
    report(name, middle - start, now_ns() - middle, buffer.length, rounds);
    psp_arena_destroy(&arena);
    psp_buffer_free(&buffer);
}

static void measure_cluster(const char *name, const struct psp_cluster_message *message, int rounds)
{
    struct psp_buffer buffer = {0};
    struct psp_arena *arena = NULL;
    struct psp_cluster_message got;
    const char *reason;
    enum psp_status status = psp_arena_create(ARENA_BYTES, &arena);
    assert(status == PSP_OK);
    const double start = now_ns();
    for (int i = 0; i < rounds && status == PSP_OK; i++)
        status = psp_cluster_message_encode(message, &buffer);
    const double middle = now_ns();
    for (int i = 0; i < rounds && status == PSP_OK; i++) {
        psp_arena_reset(arena);
        status = psp_cluster_message_decode(arena, buffer.data, buffer.length, &got, &reason);
    }
    assert(status == PSP_OK);
    report(name, middle - start, now_ns() - middle, buffer.length, rounds);
    psp_arena_destroy(&arena);
    psp_buffer_free(&buffer);
}

int main(int argc, char **argv)
{
    static struct ballots b;
    const int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;
    if (rounds < 1 || rounds > 1000000) {
        fprintf(stderr, "wire_messages [ROUNDS]\n");
        return 2;
    }
    fill(&b);
    const struct psp_client_message columns = {
        .type = PSP_CLIENT_COLUMNS,
        .columns = {.n = N,
                    .voter_lengths = b.lengths,
                    .voter_ids = b.voters,
                    .voter_bytes = sizeof b.voters,
                    .ballot_ids = b.ids,
                    .units = b.units,
                    .methods = b.methods,
                    .cast_at_ms = b.times,
                    .marks = b.marks,
                    .marks_bytes = sizeof b.marks},
    };
    const struct psp_client_message rows = {
        .type = PSP_CLIENT_ROWS, .rows = b.rows, .row_count = N};
    uint8_t runs[PSP_RUN_BYTES_MAX]; /* of one station and of one style, as nearly always */
    struct psp_runs_writer ones = {.bytes = runs};
    psp_runs_add(&ones, 1, N);
    const struct psp_bytes one = psp_runs_end(&ones);
    const struct psp_cluster_message batch = {
        .type = PSP_CLUSTER_COUNT_BATCH,
        .count_batch.columns = {.n = N,
                                .digests = b.ids,
                                .tags = b.tags,
                                .units = b.units,
                                .methods = b.methods,
                                .marks = b.marks,
                                .marks_bytes = sizeof b.marks,
                                .stations = one,
                                .styles = one},
    };
    measure_client("client columns", &columns, rounds);
    measure_client("client rows", &rows, rounds);
    measure_cluster("count batch", &batch, rounds);
    return 0;
}
