/* What a restored log begins with is what libraft itself would have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/audit/restore_log.h"
#include "shard/consensus/consensus.h"

static void the_configuration_is_librafts(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 3, PSP_REPLICAS_MAX};
    const uint64_t first_ids[] = {psp_restore_first_id(2, 0), psp_restore_first_id(3, 0xABCDEF),
                                  psp_restore_first_id(PSP_EPOCH_MAX, UINT32_MAX)};
    for (size_t c = 0; c < 3; c++)
        for (size_t e = 0; e < 3; e++) {
            struct psp_consensus_member members[PSP_REPLICAS_MAX] = {{0}};
            for (uint32_t r = 0; r < counts[c]; r++)
                members[r] = (struct psp_consensus_member){first_ids[e] + r, true};
            const struct psp_consensus_options options = {.raft_id = members[0].raft_id,
                                                          .members = members,
                                                          .member_count = counts[c],
                                                          .election_timeout_ms = 300,
                                                          .heartbeat_ms = 60};
            struct psp_consensus *consensus = NULL;
            assert_int_equal(psp_consensus_create(&options, &consensus), PSP_OK);
            const struct psp_record wanted = psp_consensus_bootstrap(consensus);
            uint8_t got[PSP_RESTORE_CONFIGURATION_MAX];
            assert_int_equal(psp_restore_configuration(first_ids[e], counts[c], got),
                             wanted.payload_bytes);
            assert_memory_equal(got, wanted.payload, wanted.payload_bytes);
            psp_consensus_destroy(&consensus);
        }
}

/* Replaced ones count up by PSP_RAFT_GENERATION, in the range of their restore. */
static void ids_of_two_restores_do_not_meet(void **state)
{
    (void)state;
    const uint64_t replaced = (uint64_t)PSP_RAFT_GENERATION * 60000 + 2;
    assert_true(replaced + 1 < psp_restore_first_id(2, 0));
    assert_true(psp_restore_first_id(2, 7) + replaced < psp_restore_first_id(2, 8));
    assert_true(psp_restore_first_id(2, 0xFFFFFF) + replaced < psp_restore_first_id(3, 0));
    assert_int_equal(psp_raft_replica(psp_restore_first_id(3, 9) + replaced), 2);
    assert_true(psp_restore_first_id(PSP_EPOCH_MAX, UINT32_MAX) + replaced < INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_is_librafts),
        cmocka_unit_test(ids_of_two_restores_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
