/*
 * inner - what the client's core holds; for core.c, ready.c and answers.c only.
 *
 * Threads: one owner.
 */
#ifndef PSP_CLIENT_CORE_INNER_H
#define PSP_CLIENT_CORE_INNER_H

#include "client/core/ballots.h"
#include "client/core/core.h"
#include "client/core/outgoing.h"
#include "client/core/voters.h"

enum {
    PSP_CLIENT_WHEEL_STEP_MS = 16,
    PSP_CLIENT_WHEEL_STEPS = 1024, /* a power of two; a turn is longer than any pause */
    PSP_CLIENT_ERROR_BYTES = 256,
};

_Static_assert(PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS * 2 <
                   PSP_CLIENT_WHEEL_STEP_MS * PSP_CLIENT_WHEEL_STEPS,
               "a pause fits the wheel");

_Static_assert((PSP_CLIENT_BATCHES_MAX & (PSP_CLIENT_BATCHES_MAX - 1)) == 0,
               "a batch's place is the end of its number");
_Static_assert((PSP_CLIENT_WHEEL_STEPS & (PSP_CLIENT_WHEEL_STEPS - 1)) == 0, "likewise its step");
_Static_assert(PSP_CLIENT_BUSY_PAUSE_MAX_MS <= PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS,
               "the longest pause is the one above");
_Static_assert(PSP_CLIENT_INFLIGHT_LIMIT < PSP_CLIENT_NO_BALLOT, "no ballot is no ballot's number");
_Static_assert(PSP_CLIENT_BATCH_ROWS <= PSP_BATCH_ROWS_MAX, "a router takes a batch");

struct psp_client_list { /* ballots that pause until the same time */
    uint32_t first, last, count;
};

struct psp_client_ring { /* ballots that are ready; of inflight_max */
    uint32_t *ballots;
    uint32_t first, count;
};

enum psp_client_batch_state {
    PSP_CLIENT_BATCH_FREE,
    PSP_CLIENT_BATCH_ON_THE_WAY,
    /* Its deadline is past: only verdicts are taken from answers to it. */
    PSP_CLIENT_BATCH_REMEMBERED,
};

struct psp_client_row {
    uint32_t ballot, generation; /* ballot PSP_CLIENT_NO_BALLOT: settled for this batch */
};

struct psp_client_batch {
    uint64_t id;
    enum psp_client_batch_state state;
    uint32_t router, n, open; /* open: rows not settled */
    uint64_t sent_ms, deadline_ms;
    struct psp_client_row *rows;
};

struct psp_client_router {
    uint64_t last_answer_ms;
    uint64_t avoid_until_ms; /* it did not answer: others first */
    uint64_t unsent_until_ms;
    uint32_t silences;
};

struct psp_client_core {
    uint32_t router_count, batch_rows, inflight_max, resend_after_ms;
    uint8_t definition_hash[PSP_HASH_BYTES];
    uint64_t jitter; /* state of the generator */
    struct psp_client_ballots ballots;
    struct psp_client_voters voters;
    struct psp_client_pool pool;
    struct psp_outgoing outgoing;
    struct psp_client_ring ready;
    uint32_t ready_urgent; /* as many of the ready ones need not wait for a full batch */
    struct psp_client_list wheel[PSP_CLIENT_WHEEL_STEPS];
    uint64_t wheel_step; /* all steps before this one are over */
    struct psp_client_batch batches[PSP_CLIENT_BATCHES_MAX];
    uint64_t batch_id_next, deadline_ms; /* deadline_ms: no batch's is earlier */
    struct psp_client_batch *last;       /* what `next` gave last */
    struct psp_client_router routers[PSP_CLIENT_ROUTERS_MAX];
    uint32_t router_next;
    struct psp_receipt *receipts; /* ring of inflight_max */
    uint32_t receipt_first, receipt_count;
    enum psp_status refused;
    struct psp_client_stats stats;
    char error[PSP_CLIENT_ERROR_BYTES];
};

/* The row's ballot still waits for its verdict: its record is not another's by now. */
static inline bool psp_client_row_current(const struct psp_client_core *core,
                                          const struct psp_client_row *row)
{
    return row->ballot != PSP_CLIENT_NO_BALLOT &&
           core->ballots.records[row->ballot].generation == row->generation &&
           !core->ballots.records[row->ballot].resolved;
}

/* A count that sets a backoff stays at its end. */
static inline void psp_client_count_up(uint8_t *count)
{
    if (*count < UINT8_MAX)
        ++*count;
}

/* Nobody knows whether the ballot arrived: from now on it is marked as sent before. After
 * BUSY it is not, for the router says that nothing of this send was submitted. */
static inline void psp_client_unknown(struct psp_client_ballot *ballot)
{
    psp_client_count_up(&ballot->timeouts);
    ballot->sent = true;
}

/* ---- check.c ---- */

/* Asserts what is so after every event: where ballots are, and how many. O(1); built
 * with ASan it looks at all of them. */
void psp_client_check(const struct psp_client_core *core);

/* ---- ready.c: ballots that are not on the way, and when they go again ---- */

/* A number of the generator that the seed began. */
uint64_t psp_client_jitter(struct psp_client_core *core);
/* `first` doubled `times` times, at most `max`, and 1/8 to 3/8 more, so that
 * clients that failed together do not come back together. */
uint64_t psp_client_backoff_ms(struct psp_client_core *core, uint64_t first, unsigned times,
                               uint64_t max);

/* A ballot that may leave: nothing of its voter is on the way. One that had to wait is
 * urgent: the flush that was to send it may be over. */
void psp_client_enter(struct psp_client_core *core, uint32_t ballot, bool urgent);
/* All that is in the pool becomes ready. */
void psp_client_empty_pool(struct psp_client_core *core);

/* Of those that are ready, one at least, the first is looked at, or taken. */
uint32_t psp_client_ready_first(const struct psp_client_core *core);
uint32_t psp_client_ready_take(struct psp_client_core *core);
/* One that was sent, or was to be: it need not wait for a full batch. */
void psp_client_ready_again(struct psp_client_core *core, uint32_t ballot);

/* Until then it lies in the wheel, which gives back those whose time has come. */
void psp_client_pause(struct psp_client_core *core, uint32_t ballot, uint64_t until_ms);
void psp_client_turn_wheel(struct psp_client_core *core, uint64_t now_ms);

#endif
