/* A shard's head: what is signed, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cluster/head.h"

static struct psp_sign_key make_key(void)
{
    const uint8_t seed[PSP_SIGN_SEED_BYTES] = {9};
    struct psp_sign_key key;
    assert_int_equal(psp_sign_key_of(seed, &key), PSP_OK);
    return key;
}

static void a_head_is_signed_as_the_documents_say(void **state)
{
    (void)state;
    const struct psp_sign_key key = make_key();
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], bytes[68];
    struct psp_head head = {.epoch = 0x0102, .index = 0x030405};
    memset(cluster_id, 0xC1, sizeof cluster_id);
    memset(head.state_hash, 0x5A, sizeof head.state_hash);
    psp_head_sign(&key, cluster_id, 7, &head);
    memset(bytes, 0, sizeof bytes);
    memset(bytes, 0xC1, 16);
    bytes[16] = 7;
    bytes[20] = 2, bytes[21] = 1;
    bytes[28] = 5, bytes[29] = 4, bytes[30] = 3;
    memset(bytes + 36, 0x5A, 32);
    assert_true(
        psp_sign_verify(key.public_key, "psephos head 1", bytes, sizeof bytes, head.signature));
}

static void every_part_of_a_head_is_signed(void **state)
{
    (void)state;
    const struct psp_sign_key key = make_key();
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES] = {1};
    const struct psp_head none = {.epoch = 2, .index = 3};
    for (int wrong = 0; wrong < 6; wrong++) {
        struct psp_head head = none;
        psp_head_sign(&key, cluster_id, 7, &head);
        cluster_id[15] ^= wrong == 1;
        head.epoch += wrong == 2;
        head.index += wrong == 3 ? UINT64_C(1) << 40 : 0;
        head.state_hash[31] ^= wrong == 4;
        assert_int_equal(psp_head_verify(key.public_key, cluster_id, wrong == 5 ? 6 : 7, &head),
                         wrong == 0);
        cluster_id[15] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_signed_as_the_documents_say),
        cmocka_unit_test(every_part_of_a_head_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
