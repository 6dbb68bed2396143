/*
 * count_fixture - a small election and batches of ballots for it, for the
 * tests of count and store.
 *
 * Two precincts (p1 unit 1, leaf 0; p2 unit 2, leaf 1) under one state (unit 0),
 * methods booth 0 and mail 1. Contest 0 mayor (one vote: ann 0, bob 1, blank 2),
 * contest 1 council (two votes: x 0, y 1, z 2). p1 has both contests; p2 only
 * mayor, with ann and blank.
 *
 * Cells of a row of p1: ballots; ann, bob, blank, under, over; x, y, z, under,
 * over. Of p2: ballots; ann, blank, under, over. Row = leaf * 2 + method.
 */
#ifndef PSP_COUNT_FIXTURE_H
#define PSP_COUNT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "count/count.h"

enum { P1 = 1, P2 = 2, BOOTH = 0, MAIL = 1, SLOT_FIRST = 1024, SLOT_END = 2048 };

#define CHOICE(id) "{\"id\": \"" id "\", \"name\": \"" id "\", \"kind\": \"other\"}"
static const char fixture_json[] =
    "{\"format\": 1, \"id\": \"town\", \"name\": \"Town\", \"date\": \"2024-11-05\","
    "\"methods\": [{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", \"name\": "
    "\"Mail\"}],"
    "\"parties\": [], \"candidates\": [],"
    "\"units\": [{\"id\": \"vt\", \"name\": \"State\", \"level\": \"state\"},"
    "{\"id\": \"p1\", \"name\": \"One\", \"level\": \"precinct\", \"parent\": \"vt\", "
    "\"ballot_style\": \"full\"},"
    "{\"id\": \"p2\", \"name\": \"Two\", \"level\": \"precinct\", \"parent\": \"vt\", "
    "\"ballot_style\": \"short\"}],"
    "\"contests\": [{\"id\": \"mayor\", \"name\": \"Mayor\", \"office\": \"Mayor\", \"unit\": "
    "\"vt\","
    "\"choices\": [" CHOICE("ann") "," CHOICE("bob") "," CHOICE(
        "blank") "]},"
                 "{\"id\": \"council\", \"name\": \"Council\", \"office\": \"Council\", \"unit\": "
                 "\"vt\", "
                 "\"votes_allowed\": 2, \"choices\": [" CHOICE("x") "," CHOICE("y") "," CHOICE(
                     "z") "]}],"
                          "\"ballot_styles\": [{\"id\": \"full\", \"contests\": [{\"contest\": "
                          "\"mayor\"}, "
                          "{\"contest\": \"council\"}]}, {\"id\": \"short\", \"contests\": "
                          "[{\"contest\": \"mayor\", "
                          "\"choices\": [\"ann\", \"blank\"]}]}]}";

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

/* Marks, as canonical bytes (lib/election/ballot.h). */
#define MARKS(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define ANN MARKS(1, 0, 1, 0)
#define BOB MARKS(1, 0, 1, 1)
#define BLANK MARKS(1, 0, 1, 2)
#define NOTHING MARKS(0)

struct batch {
    uint32_t n;
    uint8_t digests[16 * 512], tags[8 * 512], units[4 * 512], methods[512], marks[16 * 512];
    size_t marks_bytes;
};

/* A voter's digest: in the fixture's slots, the rest spread by voter. */
static inline void fixture_digest(uint32_t voter, uint8_t ret_digest[16])
{
    const uint32_t slot = SLOT_FIRST + voter % (SLOT_END - SLOT_FIRST);
    uint64_t low = (voter + 1) * 0x9E3779B97F4A7C15U;
    low ^= low >> 29;
    psp_store64(ret_digest, 0x0101010101010101U * (voter & 0xFF));
    psp_store64(ret_digest + 8, low * 0xBF58476D1CE4E5B9U);
    ret_digest[0] = (uint8_t)(slot >> 4);
    ret_digest[1] = (uint8_t)(slot << 4 | (ret_digest[1] & 0x0F));
}

static inline void add(struct batch *batch, uint32_t voter, uint64_t ballot, uint32_t unit,
                       uint8_t method, const uint8_t *marks, size_t marks_bytes)
{
    const uint32_t i = batch->n++;
    assert_true(i < 512);
    fixture_digest(voter, batch->digests + (size_t)i * 16);
    psp_store64(batch->tags + (size_t)i * 8, ballot);
    psp_store32(batch->units + (size_t)i * 4, unit);
    batch->methods[i] = method;
    memcpy(batch->marks + batch->marks_bytes, marks, marks_bytes);
    batch->marks_bytes += marks_bytes;
}

static inline struct psp_genesis fixture_genesis(bool with_roll)
{
    struct psp_genesis genesis = {
        .shard = 1, .slot_first = SLOT_FIRST, .slot_end = SLOT_END, .epoch = 1};
    memset(genesis.fence.cluster_id, 0xC1, sizeof genesis.fence.cluster_id);
    memset(genesis.fence.definition_hash, 0xDE, PSP_HASH_BYTES);
    memset(genesis.fence.slot_map_hash, 0x51, PSP_HASH_BYTES);
    memset(genesis.fence.digest_key_hash, 0x4B, PSP_HASH_BYTES);
    if (with_roll) {
        memset(genesis.fence.roll_hash, 0x40, PSP_HASH_BYTES);
        memset(genesis.shard_roll_hash, 0x41, PSP_HASH_BYTES);
    }
    return genesis;
}

static inline enum psp_apply_result apply_entry(struct psp_count *count, struct psp_entry *entry,
                                                uint8_t *ret_verdicts, const char **ret_text)
{
    enum psp_apply_result result;
    entry->time_ms = 1000 + 10 * psp_count_index(count);
    assert_int_equal(
        psp_count_apply(count, psp_count_index(count) + 1, entry, &result, ret_verdicts, ret_text),
        PSP_OK);
    return result;
}

static inline enum psp_apply_result apply_plain(struct psp_count *count, enum psp_entry_type type,
                                                uint32_t unit)
{
    uint8_t verdicts[1];
    const char *text = NULL;
    struct psp_entry entry = {.type = type, .unit = unit};
    return apply_entry(count, &entry, verdicts, &text);
}

static inline void apply_genesis(struct psp_count *count, bool with_roll)
{
    uint8_t verdicts[1];
    const char *text = NULL;
    struct psp_entry entry = {.type = PSP_ENTRY_GENESIS, .genesis = fixture_genesis(with_roll)};
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLIED);
}

static inline struct psp_entry batch_entry(const struct batch *batch, bool with_roll)
{
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS};
    entry.ballots.columns = (struct psp_count_columns){
        .n = batch->n,
        .digests = batch->digests,
        .tags = batch->tags,
        .units = batch->units,
        .methods = batch->methods,
        .marks = batch->marks,
        .marks_bytes = batch->marks_bytes,
    };
    const struct psp_genesis genesis = fixture_genesis(with_roll);
    psp_fence_hash(&genesis.fence, entry.ballots.fence_hash);
    return entry;
}

/* Applies the batch and expects these verdicts. */
static inline void expect(struct psp_count *count, const struct batch *batch, bool with_roll,
                          const uint8_t *expected)
{
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    struct psp_entry entry = batch_entry(batch, with_roll);
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLIED);
    assert_memory_equal(verdicts, expected, batch->n);
    assert_true(psp_books_balanced(psp_count_books(count)));
}
#define VERDICTS(...)                                                                              \
    (const uint8_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define AGAIN(first) ((uint8_t)((first) << 4 | PSP_REPLAYED))

static inline void expect_row(const struct psp_count *count, uint32_t row, const uint64_t *cells,
                              uint32_t n)
{
    const struct psp_totals *totals = psp_count_totals(count);
    assert_int_equal(totals->row_first[row + 1] - totals->row_first[row], n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(totals->cells[totals->row_first[row] + i], cells[i]);
}
#define CELLS(...) (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8

static inline struct psp_count *fixture_count(const struct psp_definition *definition,
                                              const struct psp_roll_part *roll,
                                              uint64_t refused_max)
{
    struct psp_count *count = NULL;
    const struct psp_count_options options = {
        .definition = definition, .roll = roll, .refused_max = refused_max};
    assert_int_equal(psp_count_create(&options, &count), PSP_OK);
    return count;
}

/* With its genesis, open. */
static inline struct psp_count *open_count(const struct psp_definition *definition,
                                           const struct psp_roll_part *roll, uint64_t refused_max)
{
    struct psp_count *count = fixture_count(definition, roll, refused_max);
    apply_genesis(count, roll != NULL);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    return count;
}

#endif
