/*
 * recount_shard - one shard's count made again from its journal.
 *
 * The journal is replayed from the first entry through the same state machine
 * that counts; what comes out is compared with what the running leader says:
 * books, every row that it shows, reports, the state hash. With the publication
 * "reports" the rows are those reported; the others, which nobody may see, are
 * compared by one hash, and no difference names what a row holds.
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
    uint32_t rows_differing; /* of those shown */
    bool books_agree, totals_agree, units_agree, hash_agrees, balanced;
    bool held_agrees;           /* with the publication immediate nothing is held: true */
    char first_difference[256]; /* "" when there is none */
};

/* What the shard's leader says of itself at one index. */
struct psp_recount_live {
    uint32_t replica;                  /* that leads */
    const struct psp_partial *partial; /* whole, and with held_hash where rows may be held */
    struct psp_bytes report;           /* the last one, empty: none */
    uint64_t report_index;
};

/* PSP_ENOENT: the journal ends before the leader's index, or begins after 1;
 * PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. A difference is a result. */
enum psp_status psp_recount_compare(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const struct psp_recount_live *live,
                                    struct psp_recount_result *ret_result,
                                    struct psp_reason *reterr_reason);

struct psp_recount_state {
    enum psp_mode mode; /* of its genesis; 0: it has none */
    struct psp_books books;
    uint8_t state_hash[PSP_HASH_BYTES];
    uint64_t report; /* number of the last one, 0: there was none */
};

struct psp_sealed_shard;

/* Where a journal lies that nobody writes any more. */
struct psp_recount_from {
    const char *path;                      /* the folder with its segments */
    const struct psp_sealed_shard *sealed; /* or a backup's */
};

/* Replayed up to `index`. Errors as above; PSP_ENOENT also: it ends before. */
enum psp_status psp_recount_journal(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const struct psp_recount_from *from, uint64_t index,
                                    struct psp_recount_state *ret_state,
                                    struct psp_reason *reterr_reason);

#endif
