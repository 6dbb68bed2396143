/*
 * libpsephos - cast ballots and get a receipt for every one.
 *
 * Each submitted ballot is kept until its outcome is here, and is resent with
 * the same ballot ID after a timeout or a broken connection, with backoff and
 * jitter. So: a timeout means unknown, never failed; a verdict is final; a
 * ballot resent any number of times counts once.
 *
 * The caller chooses the ballot ID, once for each ballot, and has two duties:
 *   - it can give the same one again after a crash: stored before the first
 *     submit, or derived under a stored secret. Under a new ID the same ballot
 *     is a double vote;
 *   - nobody without that store or secret can compute it: 16 random bytes, or
 *     a keyed hash. An ID that follows from the ballot alone confirms a guess
 *     to whoever submits it: `replayed` says that it was cast just so.
 *
 * A ballot that may have been sent before is marked so on the wire: should its key no
 * longer be allowed to cast it, it still gets the verdict that it had. What this client
 * sends again it marks itself; a program that takes up an earlier run sets `resent` on
 * all that that run may have sent. A mark too many costs nothing.
 *
 * With several routers, batches go to them in turn, and to the next one when
 * one does not answer.
 *
 * With a pool, ballots leave shuffled by the system's randomness: when the pool
 * is full, when its first ballot has waited pool_wait_ms, or on a flush. A poll
 * sends no pool that is not full before. Flush before the end.
 *
 * Of two ballots of one voter the second leaves after the first one's verdict, in
 * the order in which they were submitted (unless `unordered`).
 *
 * Ownership: submitted bytes are copied.
 * Threads:   one owner.
 * Memory:    bounded by `inflight_max`.
 */
#ifndef PSEPHOS_H
#define PSEPHOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "election/ballot.h"
#include "election/definition/definition.h"
#include "election/verdict.h"

struct psp_client;

struct psp_client_options {
    const char *cluster_path;                /* cluster.json */
    const char *key_path;                    /* the station's key file */
    bool rows;                               /* send rows (IDs) instead of columns (positions) */
    const struct psp_definition *definition; /* whose positions ballots have, not owned; NULL: of
                                                election.json in the cluster's folder. Another
                                                than cluster.json names is refused */
    uint32_t batch_rows;      /* ballots a message, at most PSP_BATCH_ROWS_MAX; 0: 2048 */
    uint32_t inflight_max;    /* ballots without a verdict; 0: 65536 */
    uint32_t resend_after_ms; /* first timeout; 0: 2000 */
    uint64_t seed;            /* of the jitter */
    uint32_t pool;            /* ballots that leave in an order of chance; 0, 1: as submitted */
    uint32_t pool_wait_ms;    /* the longest that a ballot waits in the pool; 0: 2000 */
    bool unordered;           /* two ballots of one voter need not wait for each other */
    bool gateway;             /* the key is a gateway's: every ballot names its station. Not rows */
    int wake_fd;              /* a poll waits no longer when it is readable; 0: none */
};

struct psp_ballot {
    const uint8_t *voter_id;
    size_t voter_id_bytes;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES]; /* see above */
    uint32_t unit;                          /* position in the definition, or PSP_NONE */
    uint32_t style;                         /* position in `ballot_styles`; PSP_NONE: not named,
                                               which will do where the unit has one only.
                                               As with unit, what is not there is invalid */
    uint8_t method;
    bool resent; /* an earlier run of this program may have sent it */
    uint64_t cast_at_ms;
    const uint8_t *marks; /* canonical, psp_marks_encode */
    size_t marks_bytes;
    uint32_t station; /* with a gateway's key: its number; else not looked at */
    uint64_t cookie;  /* comes back with the verdict */
};

enum psp_outcome {
    PSP_OUTCOME_VERDICT,
    /* This key may not cast it: another unit, method or time. That is said of this send
     * only, which submitted nothing; an earlier one (of this client when the receipt says
     * `resent`, or of another run) may be counted, or yet arrive and be. */
    PSP_OUTCOME_NOT_ALLOWED,
};

struct psp_receipt { /* one for each ballot */
    uint64_t cookie;
    enum psp_outcome outcome;
    bool resent;     /* sent more than once: an earlier send may have arrived (after a timeout
                        or UNKNOWN; not after BUSY) */
    uint8_t verdict; /* lib/election/verdict.h; psp_verdict_first is what to act on. Without one
                        0, and shard PSP_NONE, index 0 */
    uint32_t shard;
    uint64_t index;
};

/* PSP_ENOENT, PSP_EINVAL, PSP_EPERM, PSP_EIO; ret_reason says what to do. */
enum psp_status psp_client_create(const struct psp_client_options *options,
                                  struct psp_client **ret_client, char *ret_reason, size_t size);
void psp_client_destroy(struct psp_client **client);

/* PSP_EBUSY: inflight_max reached: poll first. PSP_EINVAL: over a limit. */
enum psp_status psp_client_submit(struct psp_client *client, const struct psp_ballot *ballot);
/* Sends what is batched and pooled so far, but no ballot that waits for an earlier one
 * of its voter: that one is pooled when its turn comes. */
void psp_client_flush(struct psp_client *client);

/* Sends, receives, resends; waits at most `timeout_ms` for a first receipt.
 * Before it waits (timeout_ms > 0) it sends what is batched so far, not the pool. Returns up
 * to `max` receipts. PSP_EPERM: no router knows this key (it may be added at
 * any time: polling on is no mistake), or it may not cast; PSP_EMISMATCH: they
 * count another election; PSP_EVERSION: they speak another protocol;
 * PSP_EINVAL: they cannot read our messages. psp_client_error says more. */
enum psp_status psp_client_poll(struct psp_client *client, int timeout_ms,
                                struct psp_receipt *ret_receipts, size_t max, size_t *ret_n);

struct psp_client_stats {
    uint64_t submitted, receipts, unanswered;
    uint64_t resent;         /* sent again after a timeout or UNKNOWN: may show up as replays */
    uint64_t busy;           /* sent again after BUSY: cannot */
    uint64_t last_answer_ms; /* monotonic; 0 none yet */
};
void psp_client_stats(const struct psp_client *client, struct psp_client_stats *ret_stats);
/* Some router has let this key in, and is connected. */
bool psp_client_connected(const struct psp_client *client);
const char *psp_client_error(const struct psp_client *client); /* last refusal's text, or "" */

#endif
