/* The numbers of replicas: which replica, which life of it, which restore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cluster/raft_id.h"

static void a_fresh_clusters_replicas_are_1_2_3(void **state)
{
    (void)state;
    assert_int_equal(psp_raft_id_of(PSP_RAFT_ID_START, 0), 1);
    assert_int_equal(psp_raft_id_of(PSP_RAFT_ID_START, 2), 3);
    assert_true(psp_raft_id_is_original(1));
    assert_true(psp_raft_id_is_original(256));
    assert_false(psp_raft_id_is_original(257)); /* replica 0, replaced once */
}

static void a_replaced_replica_is_the_same_replica_256_higher(void **state)
{
    (void)state;
    uint64_t id = 3;
    for (uint32_t times = 0; times < 1000; times++) {
        assert_int_equal(psp_raft_id_replica(id), 2);
        const uint64_t next = psp_raft_id_next(id);
        assert_int_equal(next - id, 256);
        id = next;
    }
    assert_int_equal(id, 256003);
    assert_int_equal(psp_raft_id_replica(256), 255);
    assert_int_equal(psp_raft_id_replica(257), 0);
}

static void ids_of_two_restores_do_not_meet(void **state)
{
    (void)state;
    const uint64_t replaced = UINT64_C(256) * 60000 + 2; /* replica 2, that often */
    assert_int_equal(psp_raft_id_restored(2, 0), (UINT64_C(1) << 48) + 1);
    assert_true(replaced + 1 < psp_raft_id_restored(2, 0));
    assert_true(psp_raft_id_restored(2, 7) + replaced < psp_raft_id_restored(2, 8));
    assert_true(psp_raft_id_restored(2, 0xFFFFFF) + replaced < psp_raft_id_restored(3, 0));
    assert_int_equal(psp_raft_id_replica(psp_raft_id_restored(3, 9) + replaced), 2);
    assert_true(psp_raft_id_restored(1 << 14, UINT32_MAX) + replaced < INT64_MAX);
    assert_false(psp_raft_id_is_original(psp_raft_id_restored(2, 0)));
}

static void a_process_id_says_shard_and_replica(void **state)
{
    (void)state;
    assert_int_equal(psp_process_id(0, 0), 0);
    assert_int_equal(psp_process_id(3, 2), 770);
    for (uint32_t shard = 0; shard < PSP_SHARDS_MAX; shard++)
        for (uint32_t replica = 0; replica < PSP_REPLICAS_MAX; replica++) {
            const uint32_t id = psp_process_id(shard, replica);
            assert_int_equal(psp_process_shard(id), shard);
            assert_int_equal(psp_process_replica(id), replica);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_clusters_replicas_are_1_2_3),
        cmocka_unit_test(a_replaced_replica_is_the_same_replica_256_higher),
        cmocka_unit_test(ids_of_two_restores_do_not_meet),
        cmocka_unit_test(a_process_id_says_shard_and_replica),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
