/* What a shard signs: against RFC 8032 and OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/sign.h"

/* RFC 8032, 7.1, test 1. */
static const char seed_text[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public_text[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/* openssl pkeyutl -sign -rawin, of "psephos head 1", a zero byte, "abc" */
static const char signature_text[] =
    "ea798d6a166e45737f93510d9fe66f10300157cc1b088db910c095766c910edf"
    "e34fa48136368270c6de39736d2629fbe62e23f2b2c0b4a85c84627b3e49a90a";
/* hashlib.blake2b(b"psephos backup hash 1", key=seed, digest_size=32) of Python */
static const char derived_text[] =
    "3994cd3d5e12c6e2740dc416d2b823d1ad9e7a1638929f2c672a24b2b7694247";

static void unhex(const char *text, uint8_t *ret_bytes, size_t n)
{
    size_t length = 0;
    assert_int_equal(sodium_hex2bin(ret_bytes, n, text, strlen(text), NULL, &length, NULL), 0);
    assert_int_equal(length, n);
}

static struct psp_sign_key key_of(const char *text)
{
    uint8_t seed[PSP_SIGN_SEED_BYTES];
    struct psp_sign_key key;
    unhex(text, seed, sizeof seed);
    assert_int_equal(psp_sign_key_of(seed, &key), PSP_OK);
    return key;
}

static void key_and_signature_are_those_of_others(void **state)
{
    (void)state;
    const struct psp_sign_key key = key_of(seed_text);
    uint8_t expected[PSP_SIGNATURE_BYTES], signature[PSP_SIGNATURE_BYTES];
    unhex(public_text, expected, PSP_SIGN_PUBLIC_BYTES);
    assert_memory_equal(key.public_key, expected, PSP_SIGN_PUBLIC_BYTES);
    unhex(signature_text, expected, sizeof expected);
    psp_sign(&key, "psephos head 1", (const uint8_t *)"abc", 3, signature);
    assert_memory_equal(signature, expected, sizeof expected);
}

static void every_bit_and_the_context_matter(void **state)
{
    (void)state;
    const struct psp_sign_key key = key_of(seed_text), other = key_of(public_text);
    uint8_t signature[PSP_SIGNATURE_BYTES], text[] = {'a', 'b', 'c'};
    psp_sign(&key, "psephos head 1", text, 3, signature);
    assert_true(psp_sign_verify(key.public_key, "psephos head 1", text, 3, signature));
    assert_false(psp_sign_verify(key.public_key, "psephos head 2", text, 3, signature));
    assert_false(psp_sign_verify(key.public_key, "psephos head 1", text, 2, signature));
    assert_false(psp_sign_verify(other.public_key, "psephos head 1", text, 3, signature));
    for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
        text[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(psp_sign_verify(key.public_key, "psephos head 1", text, 3, signature));
        text[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(psp_sign_verify(key.public_key, "psephos head 1", text, 3, signature));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(psp_sign_verify(key.public_key, "psephos head 1", text, 3, signature));
    memset(signature, 0, sizeof signature);
    assert_false(psp_sign_verify(key.public_key, "psephos head 1", text, 3, signature));
}

/* A context that ends where another's statement begins. */
static void context_and_statement_do_not_run_together(void **state)
{
    (void)state;
    const struct psp_sign_key key = key_of(seed_text);
    uint8_t signature[PSP_SIGNATURE_BYTES];
    psp_sign(&key, "head", (const uint8_t *)"1", 1, signature);
    assert_false(psp_sign_verify(key.public_key, "head1", NULL, 0, signature));
}

static void a_derived_secret_is_keyed_blake2b(void **state)
{
    (void)state;
    const struct psp_sign_key key = key_of(seed_text);
    uint8_t expected[PSP_HASH_BYTES], secret[PSP_HASH_BYTES];
    unhex(derived_text, expected, sizeof expected);
    psp_sign_derive(&key, "psephos backup hash 1", secret);
    assert_memory_equal(secret, expected, sizeof expected);
}

static void a_key_is_made_once_and_ours_alone(void **state)
{
    (void)state;
    char folder[] = "/tmp/psp-sign-XXXXXX", path[64];
    struct psp_sign_key made, loaded;
    struct stat about;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/shard-0-sign.key", folder);
    assert_int_equal(psp_sign_key_load(path, &loaded), PSP_ENOENT);
    assert_int_equal(psp_sign_key_make(path, &made), PSP_OK);
    assert_int_equal(psp_sign_key_make(path, &loaded), PSP_OK);
    assert_memory_equal(&made, &loaded, sizeof made);
    assert_int_equal(psp_sign_key_load(path, &loaded), PSP_OK);
    assert_memory_equal(&made, &loaded, sizeof made);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(about.st_size, PSP_SIGN_SEED_DIGITS + 1);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(psp_sign_key_load(path, &loaded), PSP_EPERM);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_and_signature_are_those_of_others),
        cmocka_unit_test(every_bit_and_the_context_matter),
        cmocka_unit_test(context_and_statement_do_not_run_together),
        cmocka_unit_test(a_derived_secret_is_keyed_blake2b),
        cmocka_unit_test(a_key_is_made_once_and_ours_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
