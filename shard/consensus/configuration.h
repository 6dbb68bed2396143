/*
 * configuration - who is a member: the configuration entries of the log, and
 * their encoding, which is libraft's.
 *
 * Ownership: copies the bytes of entries; what raft is given it owns.
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_CONFIGURATION_H
#define PSP_CONSENSUS_CONFIGURATION_H

#include <raft.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "shard/consensus/consensus.h"

enum { PSP_ADDRESS_BYTES = 24 };

struct psp_configuration {
    uint64_t index;
    uint8_t *bytes;
    size_t length;
    bool applied;
};

/* By index, ascending; zero-initialise. */
struct psp_configurations {
    struct psp_configuration *items;
    size_t count, capacity;
};

/* Copies the bytes. PSP_ENOMEM. */
enum psp_status psp_configurations_keep(struct psp_configurations *configurations, uint64_t index,
                                        const void *bytes, size_t length, bool applied);
/* Those of the durable state; `first`: the bootstrap. PSP_ENOMEM. */
enum psp_status psp_configurations_start(struct psp_configurations *configurations,
                                         const struct psp_consensus_start *start,
                                         const struct psp_record *first);
/* Forgets those at `from` and after. */
void psp_configurations_cut(struct psp_configurations *configurations, uint64_t from);
/* The first that is not applied though committed, NULL for none. */
struct psp_configuration *psp_configurations_unapplied(struct psp_configurations *configurations,
                                                       uint64_t commit_index);
/* Asserts that it hangs together; all of them in checked builds. */
void psp_configurations_check(const struct psp_configurations *configurations);
void psp_configurations_free(struct psp_configurations *configurations);

/* The members in libraft's encoding, from raft_malloc. False: out of memory. */
bool psp_configuration_encode(const struct psp_consensus_member *members, uint32_t n,
                              struct raft_buffer *ret_buffer);
/* Bytes of a peer. False: none that psp_configuration_encode makes of somebody. */
bool psp_configuration_valid(struct psp_bytes encoded);
/* The newest at or below `index`, decoded; what raft is given it then owns. A
 * joiner has none until its log brings one. PSP_ECORRUPT. */
enum psp_status psp_configuration_decode(const struct psp_consensus *consensus, uint64_t index,
                                         struct raft_configuration *ret_configuration,
                                         raft_index *ret_index);

#endif
