/* Ballot IDs under a secret: the values come from Python's hashlib and a ChaCha20 written out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "election/ballot_id.h"

static void make_secret(uint8_t ret_secret[PSP_BALLOT_SECRET_BYTES])
{
    for (int i = 0; i < PSP_BALLOT_SECRET_BYTES; i++)
        ret_secret[i] = (uint8_t)i;
}

static void assert_id(const uint8_t id[PSP_BALLOT_ID_BYTES], const char *hex)
{
    char text[2 * PSP_BALLOT_ID_BYTES + 1];
    assert_string_equal(sodium_bin2hex(text, sizeof text, id, PSP_BALLOT_ID_BYTES), hex);
}

/* hashlib.blake2b(b"a line", digest_size=16, key=bytes(range(32)), person=b"psephos line") */
static void a_line_has_the_keyed_hash_of_its_bytes(void **state)
{
    (void)state;
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], id[PSP_BALLOT_ID_BYTES];
    make_secret(secret);
    psp_ballot_id_of_line(secret, "a line", 6, id);
    assert_id(id, "990be00092fb757c567178931bf28631");
}

static void equal_lines_are_one_ballot_and_one_byte_makes_another(void **state)
{
    (void)state;
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], one[PSP_BALLOT_ID_BYTES], same[PSP_BALLOT_ID_BYTES],
        other[PSP_BALLOT_ID_BYTES], shorter[PSP_BALLOT_ID_BYTES];
    make_secret(secret);
    psp_ballot_id_of_line(secret, "a line", 6, one);
    psp_ballot_id_of_line(secret, "a line", 6, same);
    psp_ballot_id_of_line(secret, "a lime", 6, other);
    psp_ballot_id_of_line(secret, "a line", 5, shorter);
    assert_memory_equal(one, same, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    assert_memory_not_equal(one, shorter, sizeof one);
}

/* hashlib.blake2b(len(key) as 8 bytes + key + value, digest_size=16, key=bytes(range(32)),
 * person=b"psephos message"): the length keeps keys and values apart */
static void a_message_has_the_keyed_hash_of_key_and_value(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *hex;
    } cases[] = {{"v-1", "a vote", "f0f1ce8c5e66dd82e3133f4bfd1d32bf"},
                 {"", "v-1a vote", "2a453802e3582897647881fa99f942e4"},
                 {"v-1a", " vote", "40ebfddba04e782d9d502d7455e93642"}};
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], id[PSP_BALLOT_ID_BYTES];
    make_secret(secret);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct psp_bytes key = {(const uint8_t *)cases[i].key, strlen(cases[i].key)};
        const struct psp_bytes value = {(const uint8_t *)cases[i].value, strlen(cases[i].value)};
        psp_ballot_id_of_message(secret, key, value, id);
        assert_id(id, cases[i].hex);
    }
}

/* Seed 7, kind 2; positions in an order that leaves what is kept and comes back. */
static void a_position_has_its_part_of_the_stream_in_any_order(void **state)
{
    (void)state;
    static const struct {
        uint64_t position;
        const char *hex;
    } cases[] = {
        {64, "313c195dcca30237991dbc849bc70275"},
        {0, "4e4c584a11d69d25e9f2c5524cc9e338"},
        {1, "3f124eeac2721d2a4bb8608516f0838c"},
        {63, "20f28f7a96f9d3403451c88ae8697d09"},
        {(UINT64_C(1) << 40) + 5, "957027da0a46cfc2d75074d2f05ab3eb"},
        {1, "3f124eeac2721d2a4bb8608516f0838c"},
    };
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], id[PSP_BALLOT_ID_BYTES];
    struct psp_ballot_series series;
    make_secret(secret);
    psp_ballot_series_init(&series, secret, 7, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        psp_ballot_series_at(&series, cases[i].position, id);
        assert_id(id, cases[i].hex);
    }
}

static void secret_seed_and_kind_each_make_other_ids(void **state)
{
    (void)state;
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], ids[4][PSP_BALLOT_ID_BYTES];
    struct psp_ballot_series series;
    make_secret(secret);
    psp_ballot_series_init(&series, secret, 7, 2);
    psp_ballot_series_at(&series, 9, ids[0]);
    psp_ballot_series_init(&series, secret, 8, 2);
    psp_ballot_series_at(&series, 9, ids[1]);
    psp_ballot_series_init(&series, secret, 7, 3);
    psp_ballot_series_at(&series, 9, ids[2]);
    secret[PSP_BALLOT_SECRET_BYTES - 1]++;
    psp_ballot_series_init(&series, secret, 7, 2);
    psp_ballot_series_at(&series, 9, ids[3]);
    for (int i = 0; i < 4; i++)
        for (int other = 0; other < i; other++)
            assert_memory_not_equal(ids[i], ids[other], PSP_BALLOT_ID_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_keyed_hash_of_its_bytes),
        cmocka_unit_test(equal_lines_are_one_ballot_and_one_byte_makes_another),
        cmocka_unit_test(a_message_has_the_keyed_hash_of_key_and_value),
        cmocka_unit_test(a_position_has_its_part_of_the_stream_in_any_order),
        cmocka_unit_test(secret_seed_and_kind_each_make_other_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
