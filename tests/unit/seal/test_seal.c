/* A chunk that is sealed comes back to its auditors as it was, and to nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "seal/opener.h"
#include "seal/part.h"
#include "seal/position.h"
#include "seal/sealer.h"

enum { AUDITORS = 2, LAST = 1027, FILE_MAX = 24 << 20 };

struct desk {
    uint8_t public_keys[AUDITORS][PSP_AUDITOR_KEY_BYTES];
    uint8_t secret_keys[AUDITORS][PSP_AUDITOR_KEY_BYTES];
    uint8_t hash_key[PSP_HASH_BYTES];
    struct psp_chunk_range range;
    uint8_t *file;
    size_t bytes;
    uint8_t records_hash[PSP_HASH_BYTES], file_hash[PSP_HASH_BYTES];
    uint32_t pieces;
    FILE *open;
    struct psp_opener *opener;
};

/* Of record i: its length is i's, but for the large one. */
static uint8_t *payload_of(uint64_t index, uint32_t *ret_bytes)
{
    static uint8_t bytes[3 << 20];
    *ret_bytes = index == 1026 ? sizeof bytes : (uint32_t)(index % 7) * 1000;
    memset(bytes, (int)index, *ret_bytes);
    return bytes;
}

static uint64_t no_term_at; /* index; 0: all have one */

static struct psp_record record_of(uint64_t index)
{
    struct psp_record record = {.index = index, .term = 1 + index / 3, .type = PSP_RECORD_COMMAND};
    record.term = index == no_term_at ? 0 : record.term;
    record.payload = payload_of(index, &record.payload_bytes);
    if (record.payload_bytes == 0)
        record.type = PSP_RECORD_BARRIER;
    return record;
}

static void seal(struct desk *desk)
{
    const struct psp_sealer_options options = {
        .range = desk->range,
        .auditors = (const uint8_t(*)[PSP_AUDITOR_KEY_BYTES])desk->public_keys,
        .auditor_count = AUDITORS,
        .hash_key = desk->hash_key};
    struct psp_sealer *sealer = NULL;
    bool final = false;
    desk->bytes = 0;
    desk->pieces = 0;
    assert_int_equal(psp_sealer_create(&options, &sealer), PSP_OK);
    while (!final) {
        enum psp_status status = PSP_OK;
        struct psp_bytes piece;
        while (status == PSP_OK && psp_sealer_next(sealer) <= desk->range.last) {
            const struct psp_record record = record_of(psp_sealer_next(sealer));
            status = psp_sealer_add(sealer, &record);
        }
        assert_true(status == PSP_OK || status == PSP_EBUSY);
        assert_int_equal(psp_sealer_take(sealer, &piece, &final), PSP_OK);
        assert_true(desk->bytes + piece.length <= FILE_MAX);
        memcpy(desk->file + desk->bytes, piece.data, piece.length);
        desk->bytes += piece.length;
        desk->pieces++;
    }
    psp_sealer_end(sealer, desk->records_hash, desk->file_hash);
    psp_sealer_destroy(&sealer);
}

static int make_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->file = malloc(FILE_MAX);
    assert_non_null(desk->file);
    for (int i = 0; i < AUDITORS; i++)
        crypto_box_keypair(desk->public_keys[i], desk->secret_keys[i]);
    memset(desk->hash_key, 7, sizeof desk->hash_key);
    memset(desk->range.cluster_id, 3, sizeof desk->range.cluster_id);
    desk->range.shard = 1;
    desk->range.epoch = 2;
    desk->range.first = 1025;
    desk->range.last = LAST;
    *state = desk;
    return 0;
}

static void close_file(struct desk *desk)
{
    psp_opener_destroy(&desk->opener);
    if (desk->open != NULL)
        fclose(desk->open);
    desk->open = NULL;
}

static int drop_desk(void **state)
{
    struct desk *desk = *state;
    close_file(desk);
    free(desk->file);
    free(desk);
    return 0;
}

static enum psp_status open_as(struct desk *desk, int auditor, const struct psp_chunk_range *range)
{
    const struct psp_opener_options options = {.range = *range,
                                               .public_key = desk->public_keys[auditor],
                                               .secret_key = desk->secret_keys[auditor]};
    close_file(desk);
    desk->open = fmemopen(desk->file, desk->bytes, "rb");
    assert_non_null(desk->open);
    return psp_opener_create(desk->open, &options, &desk->opener);
}

/* How many records come, and what the end says. */
static enum psp_status read_all(struct desk *desk, uint64_t *ret_n)
{
    struct psp_record got;
    enum psp_status status;
    *ret_n = 0;
    while ((status = psp_opener_next(desk->opener, &got)) == PSP_OK) {
        const struct psp_record wanted = record_of(desk->range.first + *ret_n);
        assert_true(got.index == wanted.index && got.term == wanted.term);
        assert_true(got.type == wanted.type && got.payload_bytes == wanted.payload_bytes);
        assert_memory_equal(got.payload, wanted.payload, got.payload_bytes);
        ++*ret_n;
    }
    return status;
}

static void every_auditor_reads_what_was_sealed(void **state)
{
    struct desk *desk = *state;
    uint64_t n = 0;
    uint8_t hash[PSP_HASH_BYTES];
    seal(desk);
    assert_int_equal(desk->pieces, 3); /* the large record is alone in a part */
    for (int i = 0; i < AUDITORS; i++) {
        assert_int_equal(open_as(desk, i, &desk->range), PSP_OK);
        assert_int_equal(read_all(desk, &n), PSP_ENOENT);
        assert_int_equal(n, LAST - 1024);
    }
    assert_int_equal(psp_opener_hash(desk->open, hash), PSP_OK);
    assert_memory_equal(hash, desk->file_hash, sizeof hash);
    crypto_generichash(hash, sizeof hash, desk->file, desk->bytes, NULL, 0);
    assert_memory_equal(hash, desk->file_hash, sizeof hash);
}

static void a_whole_chunk_comes_back(void **state)
{
    struct desk *desk = *state;
    uint64_t n = 0;
    desk->range.first = 1;
    desk->range.last = PSP_CHUNK_RECORDS;
    seal(desk);
    assert_int_equal(open_as(desk, 1, &desk->range), PSP_OK);
    assert_int_equal(read_all(desk, &n), PSP_ENOENT);
    assert_int_equal(n, PSP_CHUNK_RECORDS);
}

/* How long a part is says how long its records are to PSP_PART_PADDING only. */
static void lengths_are_rounded_up(void **state)
{
    struct desk *desk = *state;
    uint32_t parts = 0;
    seal(desk);
    for (size_t at = 88 + AUDITORS * PSP_CHUNK_BOX_BYTES; at < desk->bytes; parts++) {
        const uint32_t length = psp_get32(desk->file + at);
        assert_int_equal((length - 17) % PSP_PART_PADDING, 0);
        at += 4 + length;
    }
    assert_int_equal(parts, desk->pieces);
}

/* The payload of record 1026 is 3 MiB of one byte: none of it stands there. */
static void no_record_stands_in_the_file(void **state)
{
    struct desk *desk = *state;
    uint8_t plain[64];
    seal(desk);
    memset(plain, 1026 & 0xFF, sizeof plain);
    assert_null(memmem(desk->file, desk->bytes, plain, sizeof plain));
    memset(plain, 1025 & 0xFF, sizeof plain);
    assert_null(memmem(desk->file, desk->bytes, plain, sizeof plain));
}

static void the_same_records_give_the_same_hash_and_another_file(void **state)
{
    struct desk *desk = *state;
    uint8_t records[PSP_HASH_BYTES], file[PSP_HASH_BYTES];
    struct psp_records_hash hash;
    seal(desk);
    memcpy(records, desk->records_hash, sizeof records);
    memcpy(file, desk->file_hash, sizeof file);
    seal(desk);
    assert_memory_equal(records, desk->records_hash, sizeof records);
    assert_memory_not_equal(file, desk->file_hash, sizeof file);
    psp_records_hash_begin(&hash, &desk->range, desk->hash_key); /* another replica's */
    for (uint64_t i = desk->range.first; i <= desk->range.last; i++) {
        const struct psp_record record = record_of(i);
        psp_records_hash_add(&hash, &record);
    }
    psp_records_hash_end(&hash, file);
    assert_memory_equal(records, file, sizeof records);
    desk->hash_key[0] ^= 1;
    seal(desk);
    assert_memory_not_equal(records, desk->records_hash, sizeof records);
    desk->hash_key[0] ^= 1;
    desk->range.epoch++;
    seal(desk);
    assert_memory_not_equal(records, desk->records_hash, sizeof records);
}

static void another_key_opens_nothing(void **state)
{
    struct desk *desk = *state;
    uint8_t own[PSP_AUDITOR_KEY_BYTES];
    seal(desk);
    memcpy(own, desk->public_keys[0], sizeof own);
    crypto_box_keypair(desk->public_keys[0], desk->secret_keys[0]);
    assert_int_equal(open_as(desk, 0, &desk->range), PSP_EPERM);
    memcpy(desk->public_keys[0], own, sizeof own); /* its name, without its secret */
    assert_int_equal(open_as(desk, 0, &desk->range), PSP_ECORRUPT);
}

static void other_records_than_expected_are_refused(void **state)
{
    struct desk *desk = *state;
    seal(desk);
    struct psp_chunk_range other = desk->range;
    other.shard = 0;
    assert_int_equal(open_as(desk, 0, &other), PSP_EMISMATCH);
    other = desk->range;
    other.epoch = 1;
    assert_int_equal(open_as(desk, 0, &other), PSP_EMISMATCH);
    other = desk->range;
    other.last--;
    assert_int_equal(open_as(desk, 0, &other), PSP_EMISMATCH);
    other = desk->range;
    other.cluster_id[15] ^= 1;
    assert_int_equal(open_as(desk, 0, &other), PSP_EMISMATCH);
}

/* The head says another range, and nothing else of it is wrong: the parts know better. */
static void a_head_that_was_changed_opens_no_part(void **state)
{
    struct desk *desk = *state;
    static const size_t places[] = {12, 16, 32}; /* shard, cluster, epoch */
    uint64_t n = 0;
    seal(desk);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct psp_chunk_head head;
        desk->file[places[i]] ^= 1;
        assert_int_equal(psp_chunk_head_decode(desk->file, desk->bytes, &head), PSP_OK);
        assert_int_equal(open_as(desk, 0, &head.range), PSP_OK);
        assert_int_equal(read_all(desk, &n), PSP_ECORRUPT);
        assert_int_equal(n, 0);
        desk->file[places[i]] ^= 1;
    }
    desk->file[48] = (uint8_t)(LAST - 1); /* a record fewer */
    struct psp_chunk_range shorter = desk->range;
    shorter.last = LAST - 1;
    assert_int_equal(open_as(desk, 0, &shorter), PSP_OK);
    assert_int_equal(read_all(desk, &n), PSP_ECORRUPT);
    assert_int_equal(n, 0);
}

static void a_flipped_bit_is_noticed_wherever_it_is(void **state)
{
    struct desk *desk = *state;
    uint64_t n = 0;
    seal(desk);
    for (size_t at = 0; at < desk->bytes; at += at < 2000 ? 1 : 99991) {
        desk->file[at] ^= 1;
        enum psp_status status = open_as(desk, 0, &desk->range);
        if (status == PSP_OK)
            status = read_all(desk, &n);
        assert_int_not_equal(status, PSP_ENOENT);
        desk->file[at] ^= 1;
    }
    desk->file[88 + PSP_CHUNK_BOX_BYTES + 40] ^= 1; /* the other auditor's box is bound, too */
    assert_int_equal(open_as(desk, 0, &desk->range), PSP_OK);
    assert_int_equal(read_all(desk, &n), PSP_ECORRUPT);
}

static void a_chunk_cut_short_or_with_more_behind_it_is_not_whole(void **state)
{
    struct desk *desk = *state;
    uint64_t n = 0;
    seal(desk);
    const size_t whole = desk->bytes;
    for (desk->bytes = whole - 1; desk->bytes > whole / 2; desk->bytes -= whole / 11) {
        assert_int_equal(open_as(desk, 0, &desk->range), PSP_OK);
        assert_int_equal(read_all(desk, &n), PSP_ECORRUPT);
    }
    for (desk->bytes = 1; desk->bytes < 88 + AUDITORS * PSP_CHUNK_BOX_BYTES; desk->bytes += 13)
        assert_int_equal(open_as(desk, 0, &desk->range), PSP_EINVAL);
    desk->bytes = whole + 1;
    desk->file[whole] = 0;
    assert_int_equal(open_as(desk, 0, &desk->range), PSP_OK);
    assert_int_equal(read_all(desk, &n), PSP_ECORRUPT);
    assert_int_equal(n, LAST - 1024);
}

/* No log has one: whoever sealed it was no shard. */
static void a_record_without_a_term_is_refused(void **state)
{
    struct desk *desk = *state;
    uint64_t n;
    no_term_at = desk->range.first;
    seal(desk);
    assert_int_equal(open_as(desk, 0, &desk->range), PSP_OK);
    const enum psp_status status = read_all(desk, &n);
    no_term_at = 0;
    assert_int_equal(status, PSP_ECORRUPT);
    assert_int_equal(n, 0);
}

static void ranges_are_fixed(void **state)
{
    (void)state;
    assert_int_equal(psp_chunk_end(1), 1024);
    assert_int_equal(psp_chunk_end(1024), 1024);
    assert_int_equal(psp_chunk_end(1025), 2048);
    assert_true(psp_chunk_range_good(1, 1) && psp_chunk_range_good(1, 1024));
    assert_true(psp_chunk_range_good(1025, 1100));
    assert_false(psp_chunk_range_good(0, 1) || psp_chunk_range_good(2, 3));
    assert_false(psp_chunk_range_good(1, 1025) || psp_chunk_range_good(1025, 1024));
    assert_false(psp_chunk_range_good(1, UINT64_MAX) || psp_chunk_range_good(1, 0));
}

static void a_part_that_lies_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    struct psp_part_cursor cursor = {bytes, sizeof bytes, 0};
    struct psp_record record;
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ENOENT); /* padding */
    bytes[63] = 1;
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ECORRUPT);
    psp_put32(bytes, PSP_RECORD_COMMAND);
    psp_put32(bytes + 4, 49);
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ECORRUPT);
    psp_put32(bytes + 4, UINT32_MAX);
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ECORRUPT);
    psp_put32(bytes, 4);
    psp_put32(bytes + 4, 1);
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ECORRUPT);
    psp_put32(bytes, PSP_RECORD_COMMAND);
    psp_put32(bytes + 4, 48);
    assert_int_equal(psp_part_next(&cursor, &record), PSP_OK);
    assert_int_equal(record.payload_bytes, 48);
    assert_int_equal(psp_part_next(&cursor, &record), PSP_ENOENT);
}

/* Whatever is told of a position is in its bytes. */
static void statements_of_two_positions_differ(void **state)
{
    (void)state;
    const struct psp_seal_position position = {1, 2, 3, 4, 5, PSP_MODE_LIVE, {6}};
    struct psp_seal_position others[7];
    uint8_t first[PSP_POSITION_STATEMENT_BYTES], other[PSP_POSITION_STATEMENT_BYTES];
    static const uint8_t cluster[PSP_CLUSTER_ID_BYTES] = {9}, another[PSP_CLUSTER_ID_BYTES] = {8};
    for (int i = 0; i < 7; i++)
        others[i] = position;
    others[0].epoch = others[1].index = others[2].term = others[3].received = 77;
    others[4].counted = 77;
    others[5].mode = PSP_MODE_TEST;
    others[6].state_hash[31] = 1;
    psp_position_statement(cluster, 1, &position, first);
    for (int i = 0; i < 7; i++) {
        psp_position_statement(cluster, 1, &others[i], other);
        assert_memory_not_equal(first, other, sizeof first);
    }
    psp_position_statement(another, 1, &position, other);
    assert_memory_not_equal(first, other, sizeof first);
    psp_position_statement(cluster, 2, &position, other);
    assert_memory_not_equal(first, other, sizeof first);
    psp_position_statement(cluster, 1, &position, other);
    assert_memory_equal(first, other, sizeof first);
}

#define AT_DESK(fact) cmocka_unit_test_setup_teardown(fact, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_DESK(every_auditor_reads_what_was_sealed),
        AT_DESK(a_whole_chunk_comes_back),
        AT_DESK(lengths_are_rounded_up),
        AT_DESK(no_record_stands_in_the_file),
        AT_DESK(the_same_records_give_the_same_hash_and_another_file),
        AT_DESK(another_key_opens_nothing),
        AT_DESK(other_records_than_expected_are_refused),
        AT_DESK(a_head_that_was_changed_opens_no_part),
        AT_DESK(a_flipped_bit_is_noticed_wherever_it_is),
        AT_DESK(a_chunk_cut_short_or_with_more_behind_it_is_not_whole),
        AT_DESK(a_record_without_a_term_is_refused),
        cmocka_unit_test(ranges_are_fixed),
        cmocka_unit_test(a_part_that_lies_is_refused),
        cmocka_unit_test(statements_of_two_positions_differ),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
