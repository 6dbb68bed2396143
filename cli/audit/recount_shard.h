/*
 * recount_shard - one shard's count made again from its journal.
 *
 * The journal is replayed from the first entry through the same state machine
 * that counts; what comes out is compared with what the running leader says:
 * books, every row of the totals, units declared complete, the state hash.
 *
 * Ownership: both fill plain data.
 * Threads:   one owner.   Memory: that of one shard's count.
 */
#ifndef PSP_RECOUNT_H
#define PSP_RECOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/folder/local.h"
#include "election/definition/definition.h"
#include "wire/message/message.h"

struct psp_recount_result {
    uint64_t index;          /* replayed up to here, where the leader's totals stand */
    uint64_t ballots;        /* counted, by the recount */
    uint32_t rows_differing; /* of the totals */
    bool books_agree, totals_agree, units_agree, hash_agrees, balanced;
    char first_difference[256]; /* "" when there is none */
};

/* `partial`: the whole totals of the shard's leader. PSP_ENOENT: the journal
 * ends before the leader's index, or begins after 1; PSP_ECORRUPT, PSP_EIO,
 * PSP_ENOMEM. A difference is a result. */
enum psp_status psp_recount_compare(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    uint32_t replica, const struct psp_partial *partial,
                                    struct psp_recount_result *ret_result,
                                    struct psp_reason *reterr_reason);

struct psp_recount_state {
    struct psp_books books;
    uint8_t state_hash[PSP_HASH_BYTES];
};

/* A journal that nobody writes any more, replayed up to `index`. `path`: the
 * folder with its segments. Errors as above; PSP_ENOENT also: it ends before. */
enum psp_status psp_recount_journal(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const char *path, uint64_t index,
                                    struct psp_recount_state *ret_state,
                                    struct psp_reason *reterr_reason);

#endif
