/*
 * board_restore - milliseconds until a collector that starts has its board back.
 *
 *     board_restore DIR [SHARDS]
 *
 * Fills a board of 3,000 counties (100,002 rows of 9 cells, none of them empty)
 * from SHARDS shards (4), stores it in DIR, then opens and loads the store into
 * an empty board ROUNDS times: the median is printed, and the CPU time of it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/store/store.h"

enum { COUNTIES = 3000, PRECINCTS = 16667, METHODS = 6, CHOICES = 6, ROUNDS = 9 };

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct psp_definition *make_definition(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out);
    fprintf(out, "{\"format\":1,\"id\":\"e\",\"name\":\"E\",\"date\":\"2024-11-05\",\"methods\":[");
    for (int i = 0; i < METHODS; i++)
        fprintf(out, "%s{\"id\":\"m%d\",\"name\":\"M\"}", i ? "," : "", i);
    fprintf(out, "],\"parties\":[],\"candidates\":[],\"units\":[{\"id\":\"us\",\"name\":\"N\","
                 "\"level\":\"nation\"}");
    for (int i = 0; i < COUNTIES; i++)
        fprintf(out, ",{\"id\":\"c%d\",\"name\":\"C\",\"level\":\"county\",\"parent\":\"us\"}", i);
    for (int i = 0; i < PRECINCTS; i++)
        fprintf(out,
                ",{\"id\":\"p%d\",\"name\":\"P\",\"level\":\"precinct\",\"parent\":\"c%d\","
                "\"ballot_style\":\"s\"}",
                i, i % COUNTIES);
    fprintf(out, "],\"contests\":[{\"id\":\"president\",\"name\":\"P\",\"office\":\"P\","
                 "\"unit\":\"us\",\"choices\":[");
    for (int i = 0; i < CHOICES; i++)
        fprintf(out, "%s{\"id\":\"k%d\",\"name\":\"K\",\"kind\":\"other\"}", i ? "," : "", i);
    fprintf(out,
            "]}],\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"president\"}]}]}");
    fclose(out);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    if (psp_definition_parse(text, size, &definition, &reason) != PSP_OK) {
        fprintf(stderr, "%s: %s\n", reason.pointer, reason.text);
        exit(1);
    }
    free(text);
    return definition;
}

static struct psp_board *make_board(const struct psp_definition *definition, uint32_t shards)
{
    struct psp_board_options options = {.definition = definition, .shard_count = shards};
    struct psp_board *board = NULL;
    if (psp_board_create(&options, &board) != PSP_OK)
        abort();
    return board;
}

/* A whole count of one shard: some 250 ballots a row, spread over the choices. */
static void merge_shard(struct psp_board *board, uint32_t shard)
{
    struct psp_totals *totals = NULL;
    if (psp_totals_create(psp_board_definition(board), &totals) != PSP_OK)
        abort();
    struct psp_partial partial = {.shard = shard, .epoch = 1, .index = 9};
    for (uint32_t row = 0; row < totals->row_count; row++) {
        uint64_t *cells = totals->cells + totals->row_first[row];
        for (uint32_t choice = 0; choice < CHOICES; choice++) {
            cells[1 + choice] = (row + choice * 7919 + shard) % 90 + 1;
            cells[0] += cells[1 + choice];
        }
        totals->row_index[row] = 9;
        partial.books.added_ballots += cells[0];
    }
    partial.books.received = partial.books.added_ballots;
    partial.books.disposed[PSP_COUNTED] = partial.books.added_ballots;
    partial.books.voters_counted = partial.books.added_ballots;
    const size_t length = psp_totals_encode_since(totals, 0, NULL, 0);
    uint8_t *bytes = malloc(length);
    assert(bytes);
    psp_totals_encode_since(totals, 0, bytes, length);
    partial.rows = (struct psp_bytes){bytes, length};
    if (psp_board_merge(board, &partial) != PSP_OK)
        abort();
    free(bytes);
    psp_totals_destroy(&totals);
}

static void check(enum psp_status status, const struct psp_reason *reason)
{
    if (status == PSP_OK)
        return;
    fprintf(stderr, "board_restore: %s\n", psp_reason_text(reason, status));
    exit(1);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "board_restore DIR [SHARDS]\n");
        return 2;
    }
    const uint32_t shards = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 4;
    struct psp_definition *definition = make_definition();
    struct psp_board *filled = make_board(definition, shards);
    struct psp_collector_store *store = NULL;
    struct psp_reason reason = {0};
    for (uint32_t shard = 0; shard < shards; shard++)
        merge_shard(filled, shard);
    check(psp_collector_store_open(argv[1], filled, &store, &reason), &reason);
    check(psp_collector_store_commit(store, filled), &reason);
    double wall[ROUNDS], cpu[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        psp_collector_store_close(&store);
        struct psp_board *board = make_board(definition, shards);
        wall[round] = -seconds(CLOCK_MONOTONIC);
        cpu[round] = -seconds(CLOCK_PROCESS_CPUTIME_ID);
        check(psp_collector_store_open(argv[1], board, &store, &reason), &reason);
        check(psp_collector_store_load(store, board, &reason), &reason);
        wall[round] += seconds(CLOCK_MONOTONIC);
        cpu[round] += seconds(CLOCK_PROCESS_CPUTIME_ID);
        const struct psp_totals *a = psp_board_merged(filled), *b = psp_board_merged(board);
        assert(memcmp(a->cells, b->cells, a->cell_count * sizeof *a->cells) == 0);
        psp_board_destroy(&board);
    }
    qsort(wall, ROUNDS, sizeof *wall, ascending);
    qsort(cpu, ROUNDS, sizeof *cpu, ascending);
    printf("%u rows, %u shards: %.1f ms, %.1f ms CPU\n", psp_board_merged(filled)->row_count,
           shards, 1e3 * wall[ROUNDS / 2], 1e3 * cpu[ROUNDS / 2]);
    psp_collector_store_close(&store);
    psp_board_destroy(&filled);
    psp_definition_destroy(&definition);
    return 0;
}
