/* Ballots go from ready into a batch and become receipts; those that pause lie in a
 * wheel by the time when they are ready again. */
#include "client/core/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/core/ballots.h"
#include "client/core/outgoing.h"
#include "client/core/voters.h"

enum {
    WHEEL_STEP_MS = 16,
    WHEEL_STEPS = 1024, /* a power of two; a turn is longer than any pause */
    DOUBLINGS_MAX = 16,
    ERROR_BYTES = 256,
};

_Static_assert(PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS * 2 < WHEEL_STEP_MS * WHEEL_STEPS,
               "a pause fits the wheel");

struct list { /* ballots that pause until the same time */
    uint32_t first, last, count;
};

struct ring { /* ballots that are ready; of inflight_max */
    uint32_t *ballots;
    uint32_t first, count;
};

enum batch_state {
    BATCH_FREE,
    BATCH_ON_THE_WAY,
    BATCH_REMEMBERED, /* its deadline is past: only verdicts are taken from answers to it */
};

struct row {
    uint32_t ballot, generation; /* ballot PSP_CLIENT_NO_BALLOT: settled for this batch */
};

struct batch {
    uint64_t id;
    enum batch_state state;
    uint32_t router, n, open; /* open: rows not settled */
    uint64_t sent_ms, deadline_ms;
    struct row *rows;
};

struct router {
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
    struct ring ready;
    uint32_t ready_urgent; /* as many of the ready ones need not wait for a full batch */
    struct list wheel[WHEEL_STEPS];
    uint64_t wheel_step; /* all steps before this one are over */
    struct batch batches[PSP_CLIENT_BATCHES_MAX];
    uint64_t batch_id_next, deadline_ms; /* deadline_ms: no batch's is earlier */
    struct batch *last;                  /* what `next` gave last */
    struct router routers[PSP_CLIENT_ROUTERS_MAX];
    uint32_t router_next;
    struct psp_receipt *receipts; /* ring of inflight_max */
    uint32_t receipt_first, receipt_count;
    enum psp_status refused;
    struct psp_client_stats stats;
    char error[ERROR_BYTES];
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* `first` doubled `times` times, at most `max`, and 1/8 to 3/8 more, so that
 * clients that failed together do not come back together. */
static uint64_t backoff_ms(struct psp_client_core *core, uint64_t first, unsigned times,
                           uint64_t max)
{
    uint64_t ms = first << (times < DOUBLINGS_MAX ? times : DOUBLINGS_MAX);
    if (ms > max)
        ms = max;
    return ms + ms / 8 + next_random(&core->jitter) % (ms / 4 + 1);
}

/* ---- ballots that are not on the way ---- */

static uint32_t ready_at(const struct psp_client_core *core, uint32_t i)
{
    const uint32_t at = core->ready.first + i;
    return core->ready.ballots[at < core->inflight_max ? at : at - core->inflight_max];
}

static void ready_add(struct psp_client_core *core, uint32_t ballot)
{
    assert(core->ready.count < core->inflight_max);
    const uint32_t at = core->ready.first + core->ready.count++;
    core->ready.ballots[at < core->inflight_max ? at : at - core->inflight_max] = ballot;
    core->ballots.records[ballot].listed = true;
}

static uint32_t ready_take(struct psp_client_core *core)
{
    assert(core->ready.count > 0);
    const uint32_t ballot = ready_at(core, 0);
    if (++core->ready.first == core->inflight_max)
        core->ready.first = 0;
    core->ready.count--;
    if (core->ready_urgent > 0)
        core->ready_urgent--;
    if (core->ready.count > PSP_CLIENT_PREFETCH_AHEAD)
        psp_client_ballot_prefetch(
            &core->ballots.records[ready_at(core, PSP_CLIENT_PREFETCH_AHEAD)]);
    core->ballots.records[ballot].listed = false;
    return ballot;
}

static void make_ready_again(struct psp_client_core *core, uint32_t ballot)
{
    ready_add(core, ballot);
    core->ready_urgent = core->ready.count;
}

static void list_add(struct psp_client_core *core, struct list *list, uint32_t ballot)
{
    core->ballots.records[ballot].next = PSP_CLIENT_NO_BALLOT;
    core->ballots.records[ballot].listed = true;
    if (list->count++ == 0)
        list->first = ballot;
    else
        core->ballots.records[list->last].next = ballot;
    list->last = ballot;
}

static uint32_t list_take(struct psp_client_core *core, struct list *list)
{
    assert(list->count > 0);
    const uint32_t ballot = list->first;
    list->first = core->ballots.records[ballot].next;
    list->count--;
    core->ballots.records[ballot].listed = false;
    return ballot;
}

static void pause_ballot(struct psp_client_core *core, uint32_t ballot, uint64_t until_ms)
{
    const uint64_t step = until_ms / WHEEL_STEP_MS + 1;
    assert(step >= core->wheel_step && step - core->wheel_step < WHEEL_STEPS);
    list_add(core, &core->wheel[step % WHEEL_STEPS], ballot);
}

/* ---- into the pool, out of the pool ---- */

static void empty_pool(struct psp_client_core *core)
{
    while (core->pool.count > 0)
        make_ready_again(core, psp_client_pool_draw(&core->pool));
}

/* A ballot that may leave: nothing of its voter is on the way. One that had to wait is
 * urgent: the flush that was to send it may be over. */
static void enter(struct psp_client_core *core, uint32_t ballot, bool urgent)
{
    if (core->pool.ballots == NULL && urgent)
        make_ready_again(core, ballot);
    else if (core->pool.ballots == NULL)
        ready_add(core, ballot);
    else if (psp_client_pool_add(&core->pool, ballot))
        empty_pool(core);
}

/* ---- life ---- */

static enum psp_status take_options(struct psp_client_core *core,
                                    const struct psp_client_core_options *options)
{
    core->router_count = options->router_count;
    core->batch_rows = options->batch_rows != 0 ? options->batch_rows : PSP_CLIENT_BATCH_ROWS;
    core->inflight_max =
        options->inflight_max != 0 ? options->inflight_max : PSP_CLIENT_INFLIGHT_MAX;
    core->resend_after_ms =
        options->resend_after_ms != 0 ? options->resend_after_ms : PSP_CLIENT_RESEND_AFTER_MS;
    if (core->router_count == 0 || core->router_count > PSP_CLIENT_ROUTERS_MAX ||
        core->batch_rows > PSP_BATCH_ROWS_MAX || core->inflight_max > PSP_CLIENT_INFLIGHT_LIMIT ||
        core->resend_after_ms > PSP_CLIENT_RESEND_MAX_MS || options->pool > core->inflight_max)
        return PSP_EINVAL;
    memcpy(core->definition_hash, options->definition_hash, PSP_HASH_BYTES);
    core->jitter = options->seed;
    /* An ID of an earlier run of this client is not met again by accident;
     * 0 stands for "could not be read". */
    core->batch_id_next = (next_random(&core->jitter) >> 16) + 1;
    core->router_next = (uint32_t)(next_random(&core->jitter) % core->router_count);
    core->deadline_ms = UINT64_MAX;
    return PSP_OK;
}

enum psp_status psp_client_core_create(const struct psp_client_core_options *options,
                                       struct psp_client_core **ret_core)
{
    struct psp_client_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return PSP_ENOMEM;
    enum psp_status status = take_options(core, options);
    if (status == PSP_OK)
        status = psp_client_ballots_init(&core->ballots, core->inflight_max);
    if (status == PSP_OK)
        status = psp_client_pool_init(&core->pool, options->pool, options->pool_wait_ms,
                                      options->random, options->random_context);
    if (status == PSP_OK && !options->unordered)
        status = psp_client_voters_init(&core->voters, core->inflight_max, options->random,
                                        options->random_context);
    if (status == PSP_OK)
        status = psp_outgoing_init(&core->outgoing, core->batch_rows, options->definition);
    if (status == PSP_OK) {
        core->receipts = malloc(core->inflight_max * sizeof *core->receipts);
        core->ready.ballots = malloc(core->inflight_max * sizeof *core->ready.ballots);
        if (core->receipts == NULL || core->ready.ballots == NULL)
            status = PSP_ENOMEM;
    }
    if (status != PSP_OK) {
        psp_client_core_destroy(&core);
        return status;
    }
    *ret_core = core;
    return PSP_OK;
}

void psp_client_core_destroy(struct psp_client_core **core_at)
{
    struct psp_client_core *core = *core_at;
    if (core == NULL)
        return;
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++)
        free(core->batches[i].rows);
    free(core->receipts);
    free(core->ready.ballots);
    psp_outgoing_free(&core->outgoing);
    psp_client_pool_free(&core->pool);
    psp_client_voters_free(&core->voters);
    psp_client_ballots_free(&core->ballots);
    free(core);
    *core_at = NULL;
}

enum psp_status psp_client_core_submit(struct psp_client_core *core,
                                       const struct psp_ballot *ballot)
{
    if (ballot->voter_id_bytes == 0 || ballot->voter_id_bytes > PSP_VOTER_ID_BYTES_MAX ||
        ballot->marks_bytes > PSP_MARKS_BYTES_MAX ||
        psp_marks_length(ballot->marks, ballot->marks_bytes) != ballot->marks_bytes ||
        ballot->marks_bytes == 0)
        return PSP_EINVAL;
    /* Receipts not yet taken need their place in the ring. */
    if (core->ballots.used + core->receipt_count >= core->inflight_max)
        return PSP_EBUSY;
    uint32_t index;
    const enum psp_status status = psp_client_ballots_add(&core->ballots, ballot, &index);
    if (status != PSP_OK)
        return status;
    if (core->voters.of == NULL || psp_client_voters_join(&core->voters, &core->ballots, index))
        enter(core, index, false);
    core->stats.submitted++;
    return PSP_OK;
}

void psp_client_core_push(struct psp_client_core *core)
{
    core->ready_urgent = core->ready.count;
}

void psp_client_core_flush(struct psp_client_core *core)
{
    empty_pool(core);
    psp_client_core_push(core);
}

/* ---- sending ---- */

/* The router whose turn it is, of those that take messages: one that answers
 * rather than one that was silent. PSP_NONE: none takes any. */
static uint32_t choose_router(struct psp_client_core *core, uint64_t now_ms)
{
    uint32_t fallback = PSP_NONE;
    for (uint32_t i = 0; i < core->router_count; i++) {
        const uint32_t router = (core->router_next + i) % core->router_count;
        if (now_ms < core->routers[router].unsent_until_ms)
            continue;
        if (now_ms >= core->routers[router].avoid_until_ms)
            return router;
        if (fallback == PSP_NONE)
            fallback = router;
    }
    return fallback;
}

/* Only batches on the way are never overwritten. */
static struct batch *choose_batch(struct psp_client_core *core)
{
    for (uint32_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct batch *batch = &core->batches[core->batch_id_next & (PSP_CLIENT_BATCHES_MAX - 1)];
        if (batch->state != BATCH_ON_THE_WAY) {
            if (batch->rows == NULL)
                batch->rows = malloc(core->batch_rows * sizeof *batch->rows);
            if (batch->rows == NULL)
                return NULL;
            batch->id = core->batch_id_next++;
            return batch;
        }
        core->batch_id_next++;
    }
    return NULL;
}

/* Fills batch and message from what is ready; the timeouts of the ballot that
 * had most. */
static unsigned fill(struct psp_client_core *core, struct batch *batch)
{
    unsigned timeouts = 0;
    psp_outgoing_clear(&core->outgoing);
    while (core->ready.count > 0) {
        const uint32_t index = ready_at(core, 0);
        const struct psp_client_ballot *ballot = &core->ballots.records[index];
        if (!ballot->resolved && !psp_outgoing_add(&core->outgoing, ballot))
            break;
        ready_take(core);
        if (ballot->resolved) {
            psp_client_ballots_remove(&core->ballots, index);
            continue;
        }
        if (ballot->timeouts > timeouts)
            timeouts = ballot->timeouts;
        batch->rows[core->outgoing.n - 1] = (struct row){index, ballot->generation};
    }
    return timeouts;
}

bool psp_client_core_next(struct psp_client_core *core, uint64_t now_ms, uint32_t *ret_router,
                          struct psp_client_message *ret_message)
{
    core->last = NULL;
    if (core->refused != PSP_OK ||
        (core->ready.count < core->batch_rows && core->ready_urgent == 0))
        return false;
    const uint32_t router = choose_router(core, now_ms);
    if (router == PSP_NONE)
        return false;
    struct batch *batch = choose_batch(core);
    if (batch == NULL)
        return false;
    batch->state = BATCH_FREE;
    const unsigned timeouts = fill(core, batch);
    if (core->outgoing.n == 0)
        return false;
    batch->state = BATCH_ON_THE_WAY;
    batch->router = router;
    batch->n = batch->open = core->outgoing.n;
    batch->sent_ms = now_ms;
    batch->deadline_ms =
        now_ms + backoff_ms(core, core->resend_after_ms, timeouts, PSP_CLIENT_RESEND_MAX_MS);
    if (batch->deadline_ms < core->deadline_ms)
        core->deadline_ms = batch->deadline_ms;
    core->router_next = (router + 1) % core->router_count;
    core->last = batch;
    psp_outgoing_message(&core->outgoing, batch->id, core->definition_hash, ret_message);
    *ret_router = router;
    return true;
}

void psp_client_core_unsent(struct psp_client_core *core, uint64_t now_ms)
{
    struct batch *batch = core->last;
    assert(batch != NULL && batch->state == BATCH_ON_THE_WAY);
    core->last = NULL;
    core->routers[batch->router].unsent_until_ms = now_ms + PSP_CLIENT_UNSENT_PAUSE_MS;
    for (uint32_t i = 0; i < batch->n; i++)
        make_ready_again(core, batch->rows[i].ballot);
    batch->state = BATCH_FREE;
}

/* ---- time ---- */

static bool is_current(const struct psp_client_core *core, const struct row *row)
{
    return row->ballot != PSP_CLIENT_NO_BALLOT &&
           core->ballots.records[row->ballot].generation == row->generation &&
           !core->ballots.records[row->ballot].resolved;
}

static void count_up(uint8_t *count)
{
    if (*count < UINT8_MAX)
        ++*count;
}

/* promise 1, 2: a timeout means unknown: the same ballot goes again, under the same ID */
static void expire(struct psp_client_core *core, struct batch *batch, uint64_t now_ms)
{
    struct router *router = &core->routers[batch->router];
    uint32_t unanswered = 0;
    batch->state = BATCH_REMEMBERED;
    for (uint32_t i = 0; i < batch->n; i++) {
        if (!is_current(core, &batch->rows[i]))
            continue;
        count_up(&core->ballots.records[batch->rows[i].ballot].timeouts);
        make_ready_again(core, batch->rows[i].ballot);
        unanswered++;
    }
    core->stats.resent += unanswered;
    if (unanswered > 0 && router->last_answer_ms < batch->sent_ms) {
        const uint64_t ms = (uint64_t)PSP_CLIENT_AVOID_MS
                            << (router->silences < 4 ? router->silences : 4);
        router->avoid_until_ms =
            now_ms + (ms < PSP_CLIENT_AVOID_MAX_MS ? ms : PSP_CLIENT_AVOID_MAX_MS);
        router->silences++;
    }
}

static void turn_wheel(struct psp_client_core *core, uint64_t now_ms)
{
    const uint64_t step = now_ms / WHEEL_STEP_MS;
    uint64_t first = core->wheel_step;
    if (step >= first + WHEEL_STEPS)
        first = step - WHEEL_STEPS + 1;
    for (; first <= step; first++) {
        struct list *list = &core->wheel[first % WHEEL_STEPS];
        while (list->count > 0)
            make_ready_again(core, list_take(core, list));
    }
    core->wheel_step = first;
}

void psp_client_core_tick(struct psp_client_core *core, uint64_t now_ms)
{
    turn_wheel(core, now_ms);
    if (psp_client_pool_due(&core->pool, now_ms))
        empty_pool(core);
    if (now_ms < core->deadline_ms)
        return;
    core->deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct batch *batch = &core->batches[i];
        if (batch->state != BATCH_ON_THE_WAY)
            continue;
        if (now_ms >= batch->deadline_ms)
            expire(core, batch, now_ms);
        else if (batch->deadline_ms < core->deadline_ms)
            core->deadline_ms = batch->deadline_ms;
    }
}

/* Answers may be on their way to us no more than ballots to the router: waiting
 * for the deadline gains nothing. */
void psp_client_core_disconnected(struct psp_client_core *core, uint32_t router, uint64_t now_ms)
{
    const uint64_t deadline_ms =
        now_ms + backoff_ms(core, PSP_CLIENT_DISCONNECTED_MS, 0, PSP_CLIENT_RESEND_MAX_MS);
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct batch *batch = &core->batches[i];
        if (batch->state == BATCH_ON_THE_WAY && batch->router == router &&
            batch->deadline_ms > deadline_ms)
            batch->deadline_ms = deadline_ms;
    }
    if (deadline_ms < core->deadline_ms)
        core->deadline_ms = deadline_ms;
}

/* ---- answers ---- */

static void settle(struct batch *batch, uint32_t row)
{
    batch->rows[row].ballot = PSP_CLIENT_NO_BALLOT;
    batch->open--;
    if (batch->open == 0)
        batch->state = BATCH_FREE;
}

static void give_receipt(struct psp_client_core *core, struct psp_client_ballot *ballot,
                         const struct psp_client_message *message, uint8_t verdict)
{
    assert(core->receipt_count < core->inflight_max);
    const uint32_t at = core->receipt_first + core->receipt_count;
    core->receipts[at < core->inflight_max ? at : at - core->inflight_max] = (struct psp_receipt){
        .cookie = ballot->cookie,
        .verdict = verdict,
        .resent = ballot->timeouts > 0,
        .shard = message->shard,
        .index = message->index,
    };
    core->receipt_count++;
    core->stats.receipts++;
}

/* A ballot of a remembered batch may be in a list by now, where it cannot be
 * freed: it is marked, and freed when the list gives it out. */
static void resolve(struct psp_client_core *core, struct batch *batch, uint32_t row,
                    const struct psp_client_message *message, uint8_t verdict)
{
    const uint32_t index = batch->rows[row].ballot;
    struct psp_client_ballot *ballot = &core->ballots.records[index];
    give_receipt(core, ballot, message, verdict);
    const uint32_t next = core->voters.of != NULL ? psp_client_voters_leave(&core->voters, index)
                                                  : PSP_CLIENT_NO_BALLOT;
    if (next != PSP_CLIENT_NO_BALLOT)
        enter(core, next, true);
    if (ballot->listed)
        ballot->resolved = true;
    else
        psp_client_ballots_remove(&core->ballots, index);
    settle(batch, row);
}

static struct batch *find(struct psp_client_core *core, uint64_t id)
{
    struct batch *batch = &core->batches[id & (PSP_CLIENT_BATCHES_MAX - 1)];
    return batch->id == id && batch->state != BATCH_FREE ? batch : NULL;
}

static uint32_t row_number(const struct psp_client_message *message, uint32_t i)
{
    return (uint32_t)message->row_numbers[2 * (size_t)i] |
           (uint32_t)message->row_numbers[2 * (size_t)i + 1] << 8;
}

static bool known_verdict(uint8_t verdict)
{
    return psp_disposition_name(psp_verdict_disposition(verdict)) != NULL &&
           psp_disposition_name(psp_verdict_first(verdict)) != NULL;
}

/* Records are scattered by the time they are answered: waiting for each would
 * be most of the work here. */
static void prefetch(const struct psp_client_core *core, const struct batch *batch,
                     const struct psp_client_message *message, uint32_t i)
{
    if (i >= message->n)
        return;
    const uint32_t row = row_number(message, i);
    if (row < batch->n && batch->rows[row].ballot != PSP_CLIENT_NO_BALLOT)
        __builtin_prefetch(&core->ballots.records[batch->rows[row].ballot], 1);
}

static void take_verdicts(struct psp_client_core *core, const struct psp_client_message *message)
{
    struct batch *batch = find(core, message->batch_id);
    if (batch == NULL)
        return;
    for (uint32_t i = 0; i < message->n && batch->state != BATCH_FREE; i++) {
        const uint32_t row = row_number(message, i);
        prefetch(core, batch, message, i + PSP_CLIENT_PREFETCH_AHEAD);
        if (row < batch->n && is_current(core, &batch->rows[row]) &&
            known_verdict(message->verdicts[i]))
            resolve(core, batch, row, message, message->verdicts[i]);
    }
}

static void pause_row(struct psp_client_core *core, struct batch *batch, uint32_t row,
                      enum psp_refusal_code code, uint64_t until_ms)
{
    if (row >= batch->n || !is_current(core, &batch->rows[row]))
        return;
    const uint32_t index = batch->rows[row].ballot;
    struct psp_client_ballot *ballot = &core->ballots.records[index];
    if (code == PSP_REFUSAL_UNKNOWN) {
        count_up(&ballot->timeouts);
        core->stats.resent++;
    } else {
        count_up(&ballot->busies);
        core->stats.busy += code == PSP_REFUSAL_BUSY;
    }
    pause_ballot(core, index, until_ms);
    settle(batch, row);
}

/* BUSY, UNKNOWN, CONFIGURATION: the same ballots again, later. */
static void pause_rows(struct psp_client_core *core, const struct psp_client_message *message,
                       uint64_t now_ms)
{
    struct batch *batch = find(core, message->batch_id);
    if (batch == NULL || batch->state != BATCH_ON_THE_WAY)
        return;
    const bool busy = message->code == PSP_REFUSAL_BUSY;
    const bool whole = message->n == 0;
    const uint32_t n = whole ? batch->n : message->n;
    unsigned times = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t row = whole ? i : row_number(message, i);
        if (row >= batch->n || !is_current(core, &batch->rows[row]))
            continue;
        const struct psp_client_ballot *ballot = &core->ballots.records[batch->rows[row].ballot];
        const unsigned had =
            message->code == PSP_REFUSAL_UNKNOWN ? ballot->timeouts : ballot->busies;
        if (had > times)
            times = had;
    }
    const uint64_t pause_ms =
        busy
            ? backoff_ms(core, PSP_CLIENT_BUSY_PAUSE_MS, times, PSP_CLIENT_BUSY_PAUSE_MAX_MS)
            : backoff_ms(core, PSP_CLIENT_UNKNOWN_PAUSE_MS, times, PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS);
    for (uint32_t i = 0; i < n && batch->state == BATCH_ON_THE_WAY; i++)
        pause_row(core, batch, whole ? i : row_number(message, i), message->code,
                  now_ms + pause_ms);
}

static void take_refusal(struct psp_client_core *core, const struct psp_client_message *message,
                         uint64_t now_ms)
{
    strncpy(core->error, message->text != NULL ? message->text : "", ERROR_BYTES - 1);
    switch (message->code) {
    case PSP_REFUSAL_BUSY:
    case PSP_REFUSAL_UNKNOWN:
    case PSP_REFUSAL_CONFIGURATION:
        turn_wheel(core, now_ms);
        pause_rows(core, message, now_ms);
        return;
    case PSP_REFUSAL_UNDECODABLE:
        core->refused = PSP_EINVAL;
        return;
    case PSP_REFUSAL_UNSUPPORTED_PROTOCOL:
        core->refused = PSP_EVERSION;
        return;
    case PSP_REFUSAL_WRONG_ELECTION:
        core->refused = PSP_EMISMATCH;
        return;
    case PSP_REFUSAL_NOT_ALLOWED:
    case PSP_REFUSAL_NOT_ALLOWED_ROWS: /* never asked for */
        core->refused = PSP_EPERM;
        return;
    }
}

void psp_client_core_message(struct psp_client_core *core, uint32_t router,
                             const struct psp_client_message *message, uint64_t now_ms)
{
    assert(router < core->router_count);
    core->stats.last_answer_ms = core->routers[router].last_answer_ms = now_ms;
    core->routers[router].avoid_until_ms = 0;
    core->routers[router].silences = 0;
    switch (message->type) {
    case PSP_CLIENT_WELCOME:
        if (memcmp(message->definition_hash, core->definition_hash, PSP_HASH_BYTES) != 0) {
            core->refused = PSP_EMISMATCH;
            strncpy(core->error, "the router counts another election", ERROR_BYTES - 1);
        }
        return;
    case PSP_CLIENT_VERDICTS:
        take_verdicts(core, message);
        return;
    case PSP_CLIENT_REFUSAL:
        take_refusal(core, message, now_ms);
        return;
    case PSP_CLIENT_HELLO:
    case PSP_CLIENT_ROWS:
    case PSP_CLIENT_COLUMNS:
        return; /* not an answer */
    }
}

size_t psp_client_core_receipts(struct psp_client_core *core, struct psp_receipt *ret_receipts,
                                size_t max)
{
    size_t n = 0;
    while (n < max && core->receipt_count > 0) {
        ret_receipts[n++] = core->receipts[core->receipt_first++];
        if (core->receipt_first == core->inflight_max)
            core->receipt_first = 0;
        core->receipt_count--;
    }
    return n;
}

enum psp_status psp_client_core_refused(const struct psp_client_core *core)
{
    return core->refused;
}

const char *psp_client_core_error(const struct psp_client_core *core)
{
    return core->error;
}

void psp_client_core_stats(const struct psp_client_core *core, struct psp_client_stats *ret_stats)
{
    *ret_stats = core->stats;
    ret_stats->unanswered = core->stats.submitted - core->stats.receipts;
}
