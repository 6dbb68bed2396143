/*
 * core - what libpsephos decides: what to send, to which router, and when again.
 *
 *     submit [-> behind an earlier ballot of this voter] [-> pool]
 *            -> ready -> batch on the way -> verdict, or NOT_ALLOWED_ROWS -> receipt
 *                 ^            |  | BUSY, UNKNOWN
 *                 |   deadline |  v
 *                 `------------'- paused (backoff, jitter)
 *
 * A batch is a list of ballots under one batch ID, sent to one router. When
 * its deadline passes, the ballots still without a verdict become ready again
 * and go out in a new batch with a new ID, to the next router; the old batch
 * is remembered while there is room, so that late verdicts still count. A
 * ballot gets one receipt, whatever arrives.
 *
 * Ownership: copies ballots; what `next` gave lives until the next call.
 * Threads: one owner. No socket, file, clock or random in here: jitter comes
 *          from the seed, the pool's chance from the caller.
 * Memory:  bounded by inflight_max and the constants below; a ballot costs no
 *          allocation.
 */
#ifndef PSP_CLIENT_CORE_H
#define PSP_CLIENT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/core/pool.h"
#include "client/psephos.h"
#include "election/definition/definition.h"
#include "wire/message/message.h"

enum {
    PSP_CLIENT_BATCH_ROWS = 2048,
    PSP_CLIENT_INFLIGHT_MAX = 65536,     /* unless asked otherwise, */
    PSP_CLIENT_INFLIGHT_LIMIT = 1 << 24, /* up to this */
    PSP_CLIENT_RESEND_AFTER_MS = 2000,
    PSP_CLIENT_RESEND_MAX_MS = 30000,    /* the timeout doubles up to this */
    PSP_CLIENT_BUSY_PAUSE_MS = 20,       /* doubles with every BUSY ... */
    PSP_CLIENT_BUSY_PAUSE_MAX_MS = 2000, /* ... up to this */
    PSP_CLIENT_UNKNOWN_PAUSE_MS = 50,    /* the same after UNKNOWN and CONFIGURATION */
    PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS = 5000,
    PSP_CLIENT_UNSENT_PAUSE_MS = 20, /* of a router whose connection takes nothing */
    PSP_CLIENT_DISCONNECTED_MS = 50, /* until what was on the way is sent again */
    PSP_CLIENT_AVOID_MS = 1000,      /* of a router that did not answer; doubles ... */
    PSP_CLIENT_AVOID_MAX_MS = 8000,  /* ... up to this */
    PSP_CLIENT_BATCHES_MAX = 1024,   /* on the way and remembered; a power of two */
    PSP_CLIENT_ROUTERS_MAX = 64,
};

struct psp_client_core_options {
    uint32_t router_count;
    uint32_t batch_rows, inflight_max, resend_after_ms; /* 0: the constants above */
    uint64_t seed;
    bool unordered;              /* two ballots of one voter may leave in any order */
    bool gateway;                /* every ballot names its station; with columns only */
    uint32_t pool, pool_wait_ms; /* as in psephos.h */
    psp_client_random *random;   /* needed for a pool */
    void *random_context;
    uint8_t definition_hash[PSP_HASH_BYTES];
    const struct psp_definition *definition; /* send rows; NULL: columns */
};

struct psp_client_core;

/* PSP_EINVAL: an option is over its limit. PSP_ENOMEM. */
enum psp_status psp_client_core_create(const struct psp_client_core_options *options,
                                       struct psp_client_core **ret_core);
void psp_client_core_destroy(struct psp_client_core **core);

/* Copies. PSP_EBUSY: inflight_max. PSP_EINVAL: over a limit, or marks not canonical. */
enum psp_status psp_client_core_submit(struct psp_client_core *core,
                                       const struct psp_ballot *ballot);
/* What is ready goes out, also as a batch that is not full; the pool stays. */
void psp_client_core_push(struct psp_client_core *core);
/* The same, and the pool goes, too, however few are in it. */
void psp_client_core_flush(struct psp_client_core *core);
/* Time passes: deadlines, pauses that end, the pool's wait. */
void psp_client_core_tick(struct psp_client_core *core, uint64_t now_ms);

/* The next message to send, and to which router; false: none now. It counts
 * as sent unless psp_client_core_unsent is called next. */
bool psp_client_core_next(struct psp_client_core *core, uint64_t now_ms, uint32_t *ret_router,
                          struct psp_client_message *ret_message);
/* The message that `next` gave last could not be sent. */
void psp_client_core_unsent(struct psp_client_core *core, uint64_t now_ms);

/* The connection broke: what was on the way to this router may be lost. */
void psp_client_core_disconnected(struct psp_client_core *core, uint32_t router, uint64_t now_ms);

/* A router's message. */
void psp_client_core_message(struct psp_client_core *core, uint32_t router,
                             const struct psp_client_message *message, uint64_t now_ms);

/* Takes up to `max` receipts. */
size_t psp_client_core_receipts(struct psp_client_core *core, struct psp_receipt *ret_receipts,
                                size_t max);

/* PSP_OK, or why the routers refuse this client for good: PSP_EPERM (key),
 * PSP_EMISMATCH (election), PSP_EVERSION (protocol), PSP_EINVAL (message). */
enum psp_status psp_client_core_refused(const struct psp_client_core *core);
const char *psp_client_core_error(const struct psp_client_core *core);
void psp_client_core_stats(const struct psp_client_core *core, struct psp_client_stats *ret_stats);

#endif
