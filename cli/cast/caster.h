/*
 * caster - sends the ballots of a source until each has its outcome.
 *
 * The source says which ballot comes next and what a receipt means; the caster
 * keeps the pace, follows the receipts and knows when to give up. Ballots on
 * the way are bounded by the client library.
 *
 * Threads: one owner.
 */
#ifndef PSP_CASTER_H
#define PSP_CASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/cast/tally.h"
#include "client/psephos.h"
#include "cluster/cluster.h"

struct psp_cast_source {
    void *context;
    uint64_t expected; /* ballots in all, 0 not known */
    bool unordered;    /* no second ballot of a voter comes before the first one's receipt */
    /* PSP_OK: *ret_ballot is valid until the next call; its cookie comes back
     * with the receipt. PSP_EAGAIN: none right now. PSP_EBUSY: none before
     * more receipts are here. PSP_ENOENT: none any more. */
    enum psp_status (*next)(void *context, struct psp_ballot *ret_ballot);
    struct psp_cast_meaning (*receipt)(void *context, const struct psp_receipt *receipt);
};

struct psp_caster_options {
    const char *cluster_path, *key_path;
    const struct psp_definition *definition; /* whose positions the source gives */
    const char *where;                       /* the routers, for messages: "127.0.0.1:7100" */
    const char *to_do;                       /* "; ..." about routers that do not answer, or "" */
    bool rows;
    uint32_t pool; /* ballots that leave in an order of chance, 0 or 1: none */
    uint32_t pool_wait_ms;
    double rate; /* ballots a second, 0: as fast as possible */
    uint64_t give_up_after_ms;
    uint64_t seed;
};

struct psp_cast_summary {
    struct psp_cast_tally tally;
    uint64_t resent;     /* sends again that may have arrived twice */
    uint64_t unanswered; /* without an outcome when it gave up */
    double seconds;
};

/* PSP_OK: every ballot has its outcome. PSP_ETIMEDOUT: no verdict came for
 * give_up_after_ms. PSP_EPERM, PSP_EMISMATCH: refused for good. What
 * psp_client_create returns. The summary is
 * filled as far as it got. */
enum psp_status psp_caster_run(const struct psp_caster_options *options,
                               const struct psp_cast_source *source,
                               struct psp_cast_summary *ret_summary,
                               struct psp_reason *reterr_reason);

#endif
