/* Expected values: hashlib.blake2b(digest_size=32) of the bytes told below, in Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "election/returns/fingerprint.h"

static void is_hex(struct psp_fingerprint *fingerprint, const char *hex)
{
    uint8_t hash[PSP_HASH_BYTES];
    char text[2 * PSP_HASH_BYTES + 1];
    psp_fingerprint_end(&fingerprint, hash);
    assert_null(fingerprint);
    for (int i = 0; i < PSP_HASH_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, hex);
}

/* blake2b(b"ab" + (2).to_bytes(8, "little") + b"c" + (1).to_bytes(8, "little")) */
static void each_part_has_its_length_behind_it(void **state)
{
    (void)state;
    struct psp_fingerprint *fingerprint = psp_fingerprint_begin();
    psp_fingerprint_add(fingerprint, "ab", 2);
    psp_fingerprint_add(fingerprint, "c", 1);
    is_hex(fingerprint, "24e11a6651f9ab670222e4fd940cab94cf247195333ae2b61ca6544748ef5de7");
}

static void the_same_bytes_in_other_parts_are_another_name(void **state)
{
    (void)state;
    struct psp_fingerprint *fingerprint = psp_fingerprint_begin();
    psp_fingerprint_add(fingerprint, "a", 1);
    psp_fingerprint_add(fingerprint, "bc", 2);
    is_hex(fingerprint, "2db2831c7c2bad4dc4e8b8b676dd8eedddf065862a46a7bbe978150a529ab9a5");
}

/* 100,000 times "x", which is more than one read: blake2b(b"x" * 100000 + length). */
static void a_file_is_a_part(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    for (int i = 0; i < 100000; i++)
        putc('x', file);
    rewind(file);
    struct psp_fingerprint *fingerprint = psp_fingerprint_begin();
    assert_int_equal(psp_fingerprint_add_file(fingerprint, file), PSP_OK);
    fclose(file);
    is_hex(fingerprint, "d11c1c2e40e5b1504257852fed43d8ce488312c59bdba2a9d106f727de1d7553");
}

static void a_file_that_cannot_be_read_says_so(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "re");
    assert_non_null(folder);
    struct psp_fingerprint *fingerprint = psp_fingerprint_begin();
    assert_int_equal(psp_fingerprint_add_file(fingerprint, folder), PSP_EIO);
    fclose(folder);
    psp_fingerprint_end(&fingerprint, NULL);
    psp_fingerprint_end(&fingerprint, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_has_its_length_behind_it),
        cmocka_unit_test(the_same_bytes_in_other_parts_are_another_name),
        cmocka_unit_test(a_file_is_a_part),
        cmocka_unit_test(a_file_that_cannot_be_read_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
