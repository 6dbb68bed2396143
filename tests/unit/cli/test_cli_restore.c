/* What a restored log begins with is what libraft itself would have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/audit/restore_log.h"
#include "cluster/raft_id.h"
#include "shard/consensus/consensus.h"

static void the_configuration_is_librafts(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 3, PSP_REPLICAS_MAX};
    const uint64_t first_ids[] = {psp_raft_id_restored(2, 0), psp_raft_id_restored(3, 0xABCDEF),
                                  psp_raft_id_restored(PSP_EPOCH_MAX, UINT32_MAX)};
    for (size_t c = 0; c < 3; c++)
        for (size_t e = 0; e < 3; e++) {
            struct psp_consensus_member members[PSP_REPLICAS_MAX] = {{0}};
            for (uint32_t r = 0; r < counts[c]; r++)
                members[r] = (struct psp_consensus_member){psp_raft_id_of(first_ids[e], r), true};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_is_librafts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
