/*
 * collector_fixture - a small election, and two shards' partials for it, with
 * every sum worked out by hand. For the tests of the collector.
 *
 *     us ── vt ─┬─ ca ─┬─ p1   full ballot      leaf 0
 *               │      └─ p2   full ballot      leaf 1
 *               ├─ cb ──── p3   short ballot     leaf 2
 *               └─ cd           short ballot     leaf 3
 *
 * full:  pres (ann-red, ann-blue, bob, blank), bridge (yes, no)
 * short: pres (ann-red, bob)
 * Methods booth, mail. Row = leaf * 2 + method. Ann stands for two parties.
 *
 *                       shard 0, index 5         shard 1, index 7
 *     p1 booth  (row 0) 4: 2 1 1 0 / 3 1
 *     p1 mail   (row 1)                          2: 0 0 2 0 / 1 0 (1 under)
 *     p2 booth  (row 2)                          1: 0 0 0 1 / 0 0 (1 over)
 *     p3 booth  (row 4) 3: 1 1 (1 under)
 *     cd booth  (row 6)                          5: 2 2 (1 over)
 *
 * In all: 15 ballots; ann-red 5, ann-blue 1, bob 6, blank 1, 1 under, 1 over;
 * bridge on 7 ballots: yes 4, no 1, 1 under, 1 over.
 */
#ifndef PSP_COLLECTOR_FIXTURE_H
#define PSP_COLLECTOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/board/board.h"

static const char fixture_json[] =
    "{\"format\":1,\"id\":\"town\",\"name\":\"Town\",\"date\":\"2024-11-05\","
    "\"methods\":[{\"id\":\"booth\",\"name\":\"Booth\"},{\"id\":\"mail\",\"name\":\"Mail\"}],"
    "\"parties\":[{\"id\":\"red\",\"name\":\"Red\",\"color\":\"#aa0000\"},"
    "{\"id\":\"blue\",\"name\":\"Blue\"}],"
    "\"candidates\":[{\"id\":\"ann\",\"name\":\"Ann \\\"A\\\" Ash\",\"party\":\"red\","
    "\"biography\":\"Baker\"},{\"id\":\"bob\",\"name\":\"Bob\"}],"
    "\"units\":[{\"id\":\"us\",\"name\":\"Nation\",\"level\":\"nation\"},"
    "{\"id\":\"vt\",\"name\":\"Vermont\",\"level\":\"state\",\"parent\":\"us\"},"
    "{\"id\":\"ca\",\"name\":\"Zeta\",\"level\":\"county\",\"parent\":\"vt\",\"code\":\"50001\"},"
    "{\"id\":\"cb\",\"name\":\"Beta, \\\"B\\\"\",\"level\":\"county\",\"parent\":\"vt\"},"
    "{\"id\":\"p1\",\"name\":\"One\",\"level\":\"precinct\",\"parent\":\"ca\","
    "\"ballot_style\":\"full\",\"registered\":10,\"ballots_expected\":8},"
    "{\"id\":\"p2\",\"name\":\"Two\",\"level\":\"precinct\",\"parent\":\"ca\","
    "\"ballot_style\":\"full\",\"registered\":4},"
    "{\"id\":\"p3\",\"name\":\"Three\",\"level\":\"precinct\",\"parent\":\"cb\","
    "\"ballot_style\":\"short\"},"
    "{\"id\":\"cd\",\"name\":\"Delta\",\"level\":\"county\",\"parent\":\"vt\","
    "\"ballot_style\":\"short\"}],"
    "\"contests\":[{\"id\":\"pres\",\"name\":\"President\",\"office\":\"President\",\"unit\":"
    "\"us\","
    "\"choices\":[{\"id\":\"ann-red\",\"name\":\"Ann Ash\",\"kind\":\"candidate\","
    "\"candidate\":\"ann\",\"party\":\"red\"},"
    "{\"id\":\"ann-blue\",\"name\":\"Ann Ash\",\"kind\":\"candidate\",\"candidate\":\"ann\","
    "\"party\":\"blue\"},"
    "{\"id\":\"bob\",\"name\":\"Bob\",\"kind\":\"candidate\",\"candidate\":\"bob\"},"
    "{\"id\":\"blank\",\"name\":\"Blanks\",\"kind\":\"blank\"}]},"
    "{\"id\":\"bridge\",\"name\":\"Bridge\",\"office\":\"Bridge\",\"unit\":\"ca\","
    "\"choices\":[{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":\"yes\"},"
    "{\"id\":\"no\",\"name\":\"No\",\"kind\":\"no\"}]}],"
    "\"ballot_styles\":[{\"id\":\"full\",\"contests\":[{\"contest\":\"pres\"},"
    "{\"contest\":\"bridge\"}]},"
    "{\"id\":\"short\",\"contests\":[{\"contest\":\"pres\",\"choices\":[\"ann-red\",\"bob\"]}]}]}";

enum { FIXTURE_SHARDS = 2, FIXTURE_ROWS_BYTES = 512 };
enum { US, VT, CA, CB, P1, P2, P3, CD }; /* positions of units */

static inline struct psp_definition *fixture_definition(void)
{
    struct psp_definition *definition = NULL;
    struct psp_definition_fault fault = {0};
    const enum psp_status status =
        psp_definition_parse(fixture_json, sizeof fixture_json - 1, &definition, &fault);
    if (status != PSP_OK)
        print_error("%s: %s\n", fault.pointer, fault.reason);
    assert_int_equal(status, PSP_OK);
    return definition;
}

static inline struct psp_board *fixture_board(const struct psp_definition *definition)
{
    struct psp_board_options options = {.definition = definition, .shard_count = FIXTURE_SHARDS};
    struct psp_board *board = NULL;
    memset(options.cluster_id, 0xC1, sizeof options.cluster_id);
    assert_int_equal(psp_board_create(&options, &board), PSP_OK);
    return board;
}

/* A partial's rows as bytes, put together without the code under test. */
struct fixture_rows {
    uint8_t bytes[FIXTURE_ROWS_BYTES];
    size_t length;
    uint32_t next;
};

static inline void fixture_varint(struct fixture_rows *rows, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        rows->bytes[rows->length++] = (uint8_t)(0x80 | (value & 0x7F));
    rows->bytes[rows->length++] = (uint8_t)value;
}

static inline void fixture_row(struct fixture_rows *rows, uint32_t row, const uint64_t *cells,
                               size_t n)
{
    fixture_varint(rows, row - rows->next);
    rows->next = row + 1;
    for (size_t i = 0; i < n; i++)
        fixture_varint(rows, cells[i]);
}
#define ROW(rows, row, ...)                                                                        \
    fixture_row(rows, row, (const uint64_t[]){__VA_ARGS__},                                        \
                sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static inline struct psp_partial fixture_partial(uint32_t shard, uint64_t index,
                                                 const struct fixture_rows *rows)
{
    struct psp_partial partial = {.shard = shard,
                                  .epoch = 1,
                                  .index = index,
                                  .time_ms = 1700000000000 + index,
                                  .election_state = PSP_ELECTION_OPEN};
    memset(partial.cluster_id, 0xC1, sizeof partial.cluster_id);
    memset(partial.state_hash, (int)(0x10 * shard + index), 16);
    partial.rows = (struct psp_bytes){rows->bytes, rows->length};
    return partial;
}

static inline void fixture_rows_0(struct fixture_rows *rows)
{
    *rows = (struct fixture_rows){0};
    ROW(rows, 0, 4, 2, 1, 1, 0, 0, 0, 3, 1, 0, 0);
    ROW(rows, 4, 3, 1, 1, 1, 0);
}

static inline void fixture_rows_1(struct fixture_rows *rows)
{
    *rows = (struct fixture_rows){0};
    ROW(rows, 1, 2, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0);
    ROW(rows, 2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1);
    ROW(rows, 6, 5, 2, 2, 0, 1);
}

/* Shard 0 at index 5: 9 received, 7 counted, 1 replayed, 1 double vote. */
static inline struct psp_partial fixture_partial_0(const struct fixture_rows *rows)
{
    struct psp_partial partial = fixture_partial(0, 5, rows);
    partial.books.received = 9;
    partial.books.disposed[PSP_COUNTED] = 7;
    partial.books.disposed[PSP_REPLAYED] = 1;
    partial.books.disposed[PSP_DOUBLE_VOTE] = 1;
    partial.books.added_ballots = partial.books.voters_counted = 7;
    return partial;
}

/* Shard 1 at index 7: 8 received, 8 counted. */
static inline struct psp_partial fixture_partial_1(const struct fixture_rows *rows)
{
    struct psp_partial partial = fixture_partial(1, 7, rows);
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 8;
    partial.books.added_ballots = partial.books.voters_counted = 8;
    return partial;
}

/* Both shards merged. */
static inline void fixture_fill(struct psp_board *board)
{
    struct fixture_rows rows;
    fixture_rows_0(&rows);
    struct psp_partial partial = fixture_partial_0(&rows);
    assert_int_equal(psp_board_merge(board, &partial), PSP_OK);
    fixture_rows_1(&rows);
    partial = fixture_partial_1(&rows);
    assert_int_equal(psp_board_merge(board, &partial), PSP_OK);
}

static inline uint64_t fixture_cell(const struct psp_totals *totals, uint32_t row, uint32_t cell)
{
    return totals->cells[totals->row_first[row] + cell];
}

#endif
