/* Digests and tags. Expected values: SipHash-2-4 written anew from the paper,
 * and hashlib.blake2b, both in Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "election/digest.h"

static const uint8_t secret[PSP_DIGEST_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                     8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t ballot_id[PSP_BALLOT_ID_BYTES] = {100, 101, 102, 103, 104, 105, 106, 107,
                                                       108, 109, 110, 111, 112, 113, 114, 115};
static const uint8_t marks[] = {1, 0, 1, 2};

static void same_hex(const uint8_t *bytes, size_t n, const char *hex)
{
    char text[2 * 64 + 1];
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

static void key_parts_are_derived_from_the_secret(void **state)
{
    (void)state;
    struct psp_digest_key key;
    psp_digest_key_init(&key, secret);
    assert_memory_equal(key.voter, secret, sizeof secret);
    same_hex(key.tag, sizeof key.tag, "a889d0d87964cf2aab69adec0c7dc7ad");
    same_hex(key.hash, sizeof key.hash,
             "c7cb5d1a1a214f1d833a21fe6c7b2420e417c2f220784cbe90072975131bc367");
}

static void digest_is_keyed_siphash_of_the_voter_id(void **state)
{
    (void)state;
    struct psp_digest_key key;
    uint8_t digest[PSP_DIGEST_BYTES];
    psp_digest_key_init(&key, secret);
    psp_digest_voter(&key, (const uint8_t *)"voter-1", 7, digest);
    same_hex(digest, sizeof digest, "c767d274d6941e9997d22cf379a35784");
    /* The first test vector of the paper's authors: an empty input. */
    psp_digest_voter(&key, (const uint8_t *)"", 0, digest);
    same_hex(digest, sizeof digest, "a3817f04ba25a8e66df67214c7550293");
}

static void slot_is_the_first_twelve_bits(void **state)
{
    (void)state;
    assert_int_equal(psp_digest_slot((const uint8_t[PSP_DIGEST_BYTES]){0xC7, 0x67}), 0xC76);
    assert_int_equal(psp_digest_slot((const uint8_t[PSP_DIGEST_BYTES]){0xFF, 0xFF}), 4095);
    assert_int_equal(psp_digest_slot((const uint8_t[PSP_DIGEST_BYTES]){0x00, 0x0F}), 0);
}

static void tag_covers_every_part_of_the_ballot(void **state)
{
    (void)state;
    struct psp_digest_key key;
    uint8_t tag[PSP_TAG_BYTES], other[PSP_TAG_BYTES];
    psp_digest_key_init(&key, secret);
    const uint64_t cast_at_ms = UINT64_C(1730800000123);
    psp_digest_tag(&key, ballot_id, 7, 3, cast_at_ms, 5, marks, sizeof marks, tag);
    same_hex(tag, sizeof tag, "928647b83fc70005");
    uint8_t another_id[PSP_BALLOT_ID_BYTES];
    memcpy(another_id, ballot_id, sizeof ballot_id);
    another_id[15] ^= 1;
    psp_digest_tag(&key, another_id, 7, 3, cast_at_ms, 5, marks, sizeof marks, other);
    assert_memory_not_equal(tag, other, sizeof tag);
    psp_digest_tag(&key, ballot_id, 8, 3, cast_at_ms, 5, marks, sizeof marks, other);
    assert_memory_not_equal(tag, other, sizeof tag);
    psp_digest_tag(&key, ballot_id, 7, 4, cast_at_ms, 5, marks, sizeof marks, other);
    assert_memory_not_equal(tag, other, sizeof tag);
    psp_digest_tag(&key, ballot_id, 7, 3, cast_at_ms + 1, 5, marks, sizeof marks, other);
    assert_memory_not_equal(tag, other, sizeof tag);
    psp_digest_tag(&key, ballot_id, 7, 3, cast_at_ms, 6, marks, sizeof marks, other);
    assert_memory_not_equal(tag, other, sizeof tag);
    psp_digest_tag(&key, ballot_id, 7, 3, cast_at_ms, 5, marks, 1, other);
    assert_memory_not_equal(tag, other, sizeof tag);
}

/* The bytes one after the other, least significant first, whatever the words they are put in. */
static void tag_is_of_every_byte(void **state)
{
    (void)state;
    static const uint8_t id[PSP_BALLOT_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const uint8_t papers[] = {0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9};
    static const uint8_t bytes[] = {
        1,    2,    3,    4,    5,    6,    7,    8,    9,    0,    0,    0,    0,    0,
        0,    0,    0x11, 0x12, 0x13, 0x14, 0x21, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
        0x38, 0x41, 0x42, 0x43, 0x44, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9};
    struct psp_digest_key key;
    psp_digest_key_init(&key, secret);
    for (size_t n = 0; n <= sizeof papers; n++) {
        uint8_t tag[PSP_TAG_BYTES], own[PSP_TAG_BYTES];
        psp_digest_tag(&key, id, 0x14131211, 0x21, UINT64_C(0x3837363534333231), 0x44434241, papers,
                       n, tag);
        crypto_shorthash_siphash24(own, bytes, sizeof bytes - sizeof papers + n, key.tag);
        assert_memory_equal(tag, own, sizeof tag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_parts_are_derived_from_the_secret),
        cmocka_unit_test(digest_is_keyed_siphash_of_the_voter_id),
        cmocka_unit_test(slot_is_the_first_twelve_bits),
        cmocka_unit_test(tag_covers_every_part_of_the_ballot),
        cmocka_unit_test(tag_is_of_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
