/* States of a cluster, shard by shard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <cmocka.h>

#include "bridge/core/vector.h"

#define CLUSTER "07e9e61d11b8a2c55102241df7e47c23"
#define OTHER "17e9e61d11b8a2c55102241df7e47c23"

static struct psp_bridge_vector of(const char *shards)
{
    char text[1024];
    struct psp_bridge_vector vector = {0};
    snprintf(text, sizeof text,
             "{\"id\":\"2f-8e\",\"number\":5,\"cluster\":\"%s\",\"shards\":[%s]}", CLUSTER, shards);
    json_t *json = json_loads(text, 0, NULL);
    assert_true(psp_bridge_vector_read(json, &vector));
    json_decref(json);
    return vector;
}

#define PLACE(shard, epoch, index)                                                                 \
    "{\"shard\":" #shard ",\"epoch\":" #epoch ",\"index\":" #index "}"

static enum psp_bridge_order order(const char *a, const char *b)
{
    const struct psp_bridge_vector x = of(a), y = of(b);
    return psp_bridge_vector_compare(&x, &y);
}

static void places_are_compared_shard_by_shard(void **state)
{
    (void)state;
    const char *base = PLACE(0, 1, 10) "," PLACE(1, 1, 10);
    assert_int_equal(order(base, base), PSP_BRIDGE_EQUAL);
    assert_int_equal(order(base, PLACE(0, 1, 11) "," PLACE(1, 1, 10)), PSP_BRIDGE_OLDER);
    assert_int_equal(order(PLACE(0, 1, 11) "," PLACE(1, 1, 12), base), PSP_BRIDGE_NEWER);
    /* The sum is greater; in shard 1 it is older. */
    assert_int_equal(order(PLACE(0, 1, 99) "," PLACE(1, 1, 9), base), PSP_BRIDGE_APART);
    /* The file's order of the shards means nothing. */
    assert_int_equal(order(PLACE(1, 1, 10) "," PLACE(0, 1, 10), base), PSP_BRIDGE_EQUAL);
}

static void a_restored_shard_is_newer_whatever_its_index(void **state)
{
    (void)state;
    assert_int_equal(order(PLACE(0, 2, 3), PLACE(0, 1, 900)), PSP_BRIDGE_NEWER);
    /* One shard restored already, the other still told as of before. */
    assert_int_equal(
        order(PLACE(0, 2, 3) "," PLACE(1, 1, 10), PLACE(0, 1, 900) "," PLACE(1, 1, 10)),
        PSP_BRIDGE_NEWER);
    assert_int_equal(order(PLACE(0, 2, 3) "," PLACE(1, 1, 9), PLACE(0, 1, 900) "," PLACE(1, 1, 10)),
                     PSP_BRIDGE_APART);
}

static void other_shards_and_other_clusters_are_apart(void **state)
{
    (void)state;
    assert_int_equal(order(PLACE(0, 1, 1), PLACE(0, 1, 1) "," PLACE(1, 1, 1)), PSP_BRIDGE_APART);
    assert_int_equal(order(PLACE(0, 1, 1), PLACE(1, 1, 1)), PSP_BRIDGE_APART);
    const struct psp_bridge_vector mine = of(PLACE(0, 1, 1));
    struct psp_bridge_vector other = mine;
    snprintf(other.cluster, sizeof other.cluster, "%s", OTHER);
    assert_int_equal(psp_bridge_vector_compare(&mine, &other), PSP_BRIDGE_APART);
}

static void nothing_is_older_than_anything(void **state)
{
    (void)state;
    const struct psp_bridge_vector nothing = {0}, some = of(PLACE(0, 1, 0));
    assert_int_equal(psp_bridge_vector_compare(&nothing, &some), PSP_BRIDGE_OLDER);
    assert_int_equal(psp_bridge_vector_compare(&some, &nothing), PSP_BRIDGE_NEWER);
    assert_int_equal(psp_bridge_vector_compare(&nothing, &nothing), PSP_BRIDGE_EQUAL);
}

static void lag_counts_entries_and_of_a_restored_shard_all(void **state)
{
    (void)state;
    const struct psp_bridge_vector held = of(PLACE(0, 1, 10) "," PLACE(1, 1, 500));
    const struct psp_bridge_vector ahead = of(PLACE(0, 1, 17) "," PLACE(1, 2, 30));
    const struct psp_bridge_vector nothing = {0};
    assert_int_equal(psp_bridge_vector_lag(&held, &ahead), 7 + 30);
    assert_int_equal(psp_bridge_vector_lag(&ahead, &held), 0);
    assert_int_equal(psp_bridge_vector_lag(&nothing, &ahead), 17 + 30);
}

static void what_is_no_version_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "7",
        "{\"cluster\":\"" CLUSTER "\",\"shards\":[]}",
        "{\"cluster\":\"07\",\"shards\":[" PLACE(0, 1, 1) "]}",
        "{\"cluster\":\"" CLUSTER "\",\"shards\":[" PLACE(0, 1, -1) "]}",
        "{\"cluster\":\"" CLUSTER "\",\"shards\":[{\"shard\":0,\"epoch\":1}]}",
        "{\"cluster\":\"" CLUSTER "\",\"shards\":[" PLACE(4, 1, 1) "," PLACE(4, 1, 2) "]}",
        "{\"cluster\":\"" CLUSTER "\",\"shards\":[" PLACE(4294967296, 1, 1) "]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct psp_bridge_vector vector = {.count = 77};
        json_t *json = json_loads(bad[i], JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_false(psp_bridge_vector_read(json, &vector));
        assert_int_equal(vector.count, 77);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_compared_shard_by_shard),
        cmocka_unit_test(a_restored_shard_is_newer_whatever_its_index),
        cmocka_unit_test(other_shards_and_other_clusters_are_apart),
        cmocka_unit_test(nothing_is_older_than_anything),
        cmocka_unit_test(lag_counts_entries_and_of_a_restored_shard_all),
        cmocka_unit_test(what_is_no_version_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
