/* The index of voters: found and not found, through every growth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes/bytes.h"
#include "count/index.h"
#include "election/ballot.h"

static void digest_of(uint64_t voter, uint32_t slot, uint8_t ret_digest[PSP_DIGEST_BYTES])
{
    uint64_t mixed = (voter + 1) * 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    psp_put64(ret_digest, voter);
    psp_put64(ret_digest + 8, mixed ^ mixed >> 31);
    ret_digest[0] = (uint8_t)(slot >> 4);
    ret_digest[1] = (uint8_t)(slot << 4);
    psp_put32(ret_digest + 2, (uint32_t)voter);
}

static void insert(struct psp_index *index, const uint8_t *digest, uint32_t number)
{
    struct psp_index_place place;
    psp_index_find(index, digest, &place);
    assert_false(place.known);
    assert_int_equal(psp_index_insert(index, digest, number, &place), PSP_OK);
    assert_true(place.known);
    assert_int_equal(place.number, number);
    uint8_t tag[PSP_TAG_BYTES];
    psp_put64(tag, 1000 + number);
    if (number % 2 == 0)
        psp_index_mark(index, &place, tag);
}

static void expect_found(const struct psp_index *index, const uint8_t *digest, uint32_t number)
{
    struct psp_index_place place;
    psp_index_find(index, digest, &place);
    assert_true(place.known);
    assert_int_equal(place.number, number);
    assert_int_equal(place.counted, number % 2 == 0);
    if (place.counted)
        assert_int_equal(psp_get64(place.tag), 1000 + number);
}

static void voters_are_found_with_number_and_tag(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    uint8_t digest[PSP_DIGEST_BYTES];
    for (uint32_t voter = 0; voter < 3000; voter++) {
        digest_of(voter, voter * 7 % PSP_SLOT_COUNT, digest);
        insert(index, digest, voter);
    }
    assert_int_equal(psp_index_voters(index), 3000);
    for (uint32_t voter = 0; voter < 3000; voter++) {
        digest_of(voter, voter * 7 % PSP_SLOT_COUNT, digest);
        psp_index_prefetch(index, digest);
        expect_found(index, digest, voter);
        digest[7] ^= 1; /* differs in one bit, outside the bits that place it */
        struct psp_index_place place;
        psp_index_find(index, digest, &place);
        assert_false(place.known);
    }
    psp_index_destroy(&index);
    assert_null(index);
}

static void one_slot_keeps_all_voters_through_every_growth(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    uint8_t digest[PSP_DIGEST_BYTES];
    for (uint32_t voter = 0; voter < 60000; voter++) {
        digest_of(voter, 17, digest);
        insert(index, digest, voter);
        if (voter % 997 == 0)
            for (uint32_t earlier = 0; earlier <= voter; earlier += 13) {
                digest_of(earlier, 17, digest);
                expect_found(index, digest, earlier);
            }
    }
    psp_index_check(index);
    for (uint32_t voter = 0; voter < 60000; voter++) {
        digest_of(voter, 17, digest);
        expect_found(index, digest, voter);
    }
    psp_index_destroy(&index);
}

static void voters_with_the_same_key_bits_are_told_apart(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    uint8_t digest[PSP_DIGEST_BYTES];
    /* All at the very end of the table, where there is nothing to wrap to. */
    memset(digest, 0xFF, sizeof digest);
    for (uint32_t voter = 0; voter < 500; voter++) {
        psp_put32(digest + 2, voter);
        insert(index, digest, voter);
    }
    psp_index_check(index);
    for (uint32_t voter = 0; voter < 500; voter++) {
        psp_put32(digest + 2, voter);
        expect_found(index, digest, voter);
    }
    assert_in_range(psp_index_memory_bytes(index), 1, 400000);
    psp_index_destroy(&index);
}

static void a_voter_takes_at_most_40_bytes(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    const uint64_t empty = psp_index_memory_bytes(index);
    uint8_t digest[PSP_DIGEST_BYTES];
    for (uint32_t voter = 0; voter < 64 * 4000; voter++) {
        digest_of(voter, voter % 64, digest);
        struct psp_index_place place;
        psp_index_find(index, digest, &place);
        assert_int_equal(psp_index_insert(index, digest, voter, &place), PSP_OK);
    }
    assert_in_range(psp_index_memory_bytes(index) - empty, 64 * 4000 * 28, 64 * 4000 * 40);
    psp_index_destroy(&index);
}

static void a_reserved_slot_does_not_grow(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    assert_int_equal(psp_index_reserve(index, 5, 10000), PSP_OK);
    const uint64_t reserved = psp_index_memory_bytes(index);
    uint8_t digest[PSP_DIGEST_BYTES];
    for (uint32_t voter = 0; voter < 10000; voter++) {
        digest_of(voter, 5, digest);
        insert(index, digest, voter);
    }
    assert_int_equal(psp_index_memory_bytes(index), reserved);
    assert_int_equal(psp_index_reserve(index, 5, 20000), PSP_OK);
    assert_true(psp_index_memory_bytes(index) > reserved);
    for (uint32_t voter = 0; voter < 10000; voter++) {
        digest_of(voter, 5, digest);
        expect_found(index, digest, voter);
    }
    psp_index_destroy(&index);
}

static void voters_appended_in_bulk_are_found_and_more_can_be_inserted(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    assert_int_equal(psp_index_reserve(index, 8, 12000), PSP_OK);
    assert_int_equal(psp_index_reserve(index, 9, 100), PSP_OK);
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    for (uint32_t voter = 0; voter < 20000; voter++) {
        digest_of(voter, voter % 3 ? voter % PSP_SLOT_COUNT : 8, digest);
        psp_put64(tag, 1000 + voter);
        assert_int_equal(psp_index_append(index, digest, voter, voter % 2 ? NULL : tag), PSP_OK);
    }
    assert_int_equal(psp_index_order(index), PSP_OK);
    assert_int_equal(psp_index_voters(index), 20000);
    psp_index_check(index);
    for (uint32_t voter = 20000; voter < 30000; voter++) {
        digest_of(voter, voter % 3 ? voter % PSP_SLOT_COUNT : 8, digest);
        insert(index, digest, voter);
    }
    psp_index_check(index);
    for (uint32_t voter = 0; voter < 30000; voter++) {
        digest_of(voter, voter % 3 ? voter % PSP_SLOT_COUNT : 8, digest);
        expect_found(index, digest, voter);
    }
    psp_index_destroy(&index);
}

static void a_voter_appended_twice_is_noticed(void **state)
{
    (void)state;
    struct psp_index *index = NULL;
    assert_int_equal(psp_index_create(&index), PSP_OK);
    uint8_t digest[PSP_DIGEST_BYTES];
    for (uint32_t voter = 0; voter < 1000; voter++) {
        digest_of(voter == 999 ? 5 : voter, 8, digest);
        assert_int_equal(psp_index_append(index, digest, voter, NULL), PSP_OK);
    }
    assert_int_equal(psp_index_order(index), PSP_EEXIST);
    psp_index_destroy(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(voters_are_found_with_number_and_tag),
        cmocka_unit_test(one_slot_keeps_all_voters_through_every_growth),
        cmocka_unit_test(voters_with_the_same_key_bits_are_told_apart),
        cmocka_unit_test(a_voter_takes_at_most_40_bytes),
        cmocka_unit_test(a_reserved_slot_does_not_grow),
        cmocka_unit_test(voters_appended_in_bulk_are_found_and_more_can_be_inserted),
        cmocka_unit_test(a_voter_appended_twice_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
