/* Ballots go from ready into a batch, and wait there for an answer or the deadline. */
#include "client/core/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "client/core/inner.h"

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
        (options->gateway && options->definition != NULL) ||
        core->resend_after_ms > PSP_CLIENT_RESEND_MAX_MS || options->pool > core->inflight_max)
        return PSP_EINVAL;
    memcpy(core->definition_hash, options->definition_hash, PSP_HASH_BYTES);
    core->jitter = options->seed;
    /* An ID of an earlier run of this client is not met again by accident;
     * 0 stands for "could not be read". */
    core->batch_id_next = (psp_client_jitter(core) >> 16) + 1;
    core->router_next = (uint32_t)(psp_client_jitter(core) % core->router_count);
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
        status = psp_client_ballots_init(&core->ballots, core->inflight_max, options->gateway);
    if (status == PSP_OK)
        status = psp_client_pool_init(&core->pool, options->pool, options->pool_wait_ms,
                                      options->random, options->random_context);
    if (status == PSP_OK && !options->unordered)
        status = psp_client_voters_init(&core->voters, core->inflight_max, options->random,
                                        options->random_context);
    if (status == PSP_OK)
        status = psp_outgoing_init(&core->outgoing, core->batch_rows, options->definition,
                                   options->gateway);
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
    assert(core->voters.of != NULL || options->unordered);
    psp_client_check(core);
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
        psp_client_enter(core, index, false);
    core->stats.submitted++;
    assert(core->ballots.used + core->receipt_count <= core->inflight_max);
    if (PSP_CHECKED) /* for each ballot it is too much */
        psp_client_check(core);
    return PSP_OK;
}

void psp_client_core_push(struct psp_client_core *core)
{
    core->ready_urgent = core->ready.count;
    psp_client_check(core);
}

void psp_client_core_flush(struct psp_client_core *core)
{
    psp_client_empty_pool(core);
    assert(core->pool.count == 0);
    psp_client_core_push(core);
}

/* ---- sending ---- */

/* The router whose turn it is, of those that take messages: one that answers
 * rather than one that was silent. PSP_NONE: none takes any. */
static uint32_t choose_router(struct psp_client_core *core, uint64_t now_ms)
{
    uint32_t fallback = PSP_NONE;
    assert(core->router_next < core->router_count);
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
static struct psp_client_batch *choose_batch(struct psp_client_core *core)
{
    for (uint32_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct psp_client_batch *batch =
            &core->batches[core->batch_id_next & (PSP_CLIENT_BATCHES_MAX - 1)];
        if (batch->state != PSP_CLIENT_BATCH_ON_THE_WAY) {
            if (batch->rows == NULL)
                batch->rows = malloc(core->batch_rows * sizeof *batch->rows);
            if (batch->rows == NULL)
                return NULL;
            batch->id = core->batch_id_next++;
            assert(batch->id != 0); /* stands for "could not be read" */
            return batch;
        }
        core->batch_id_next++;
    }
    return NULL;
}

/* Fills batch and message from what is ready; the timeouts of the ballot that
 * had most. */
static unsigned fill(struct psp_client_core *core, struct psp_client_batch *batch)
{
    unsigned timeouts = 0;
    psp_outgoing_clear(&core->outgoing);
    while (core->ready.count > 0) {
        const uint32_t index = psp_client_ready_first(core);
        const struct psp_client_ballot *ballot = &core->ballots.records[index];
        const uint32_t station = core->ballots.stations != NULL ? core->ballots.stations[index] : 0;
        if (!ballot->resolved && !psp_outgoing_add(&core->outgoing, ballot, station))
            break;
        psp_client_ready_take(core);
        if (ballot->resolved) {
            psp_client_ballots_remove(&core->ballots, index);
            continue;
        }
        if (ballot->timeouts > timeouts)
            timeouts = ballot->timeouts;
        assert(core->outgoing.n > 0 && core->outgoing.n <= core->batch_rows);
        batch->rows[core->outgoing.n - 1] = (struct psp_client_row){index, ballot->generation};
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
    struct psp_client_batch *batch = choose_batch(core);
    if (batch == NULL)
        return false;
    assert(batch->state != PSP_CLIENT_BATCH_ON_THE_WAY);
    batch->state = PSP_CLIENT_BATCH_FREE;
    const unsigned timeouts = fill(core, batch);
    if (core->outgoing.n == 0)
        return false;
    batch->state = PSP_CLIENT_BATCH_ON_THE_WAY;
    batch->router = router;
    batch->n = batch->open = core->outgoing.n;
    batch->sent_ms = now_ms;
    batch->deadline_ms = now_ms + psp_client_backoff_ms(core, core->resend_after_ms, timeouts,
                                                        PSP_CLIENT_RESEND_MAX_MS);
    if (batch->deadline_ms < core->deadline_ms)
        core->deadline_ms = batch->deadline_ms;
    core->router_next = (router + 1) % core->router_count;
    core->last = batch;
    psp_outgoing_message(&core->outgoing, batch->id, core->definition_hash, ret_message);
    *ret_router = router;
    assert(batch->deadline_ms > batch->sent_ms);
    psp_client_check(core);
    return true;
}

void psp_client_core_unsent(struct psp_client_core *core, uint64_t now_ms)
{
    struct psp_client_batch *batch = core->last;
    assert(batch != NULL && batch->state == PSP_CLIENT_BATCH_ON_THE_WAY);
    core->last = NULL;
    core->routers[batch->router].unsent_until_ms = now_ms + PSP_CLIENT_UNSENT_PAUSE_MS;
    assert(batch->open == batch->n); /* nothing of it can have been answered */
    for (uint32_t i = 0; i < batch->n; i++)
        psp_client_ready_again(core, batch->rows[i].ballot);
    batch->state = PSP_CLIENT_BATCH_FREE;
    psp_client_check(core);
}

/* ---- time ---- */

/* promise 1, 2: a timeout means unknown: the same ballot goes again, under the same ID */
static void expire(struct psp_client_core *core, struct psp_client_batch *batch, uint64_t now_ms)
{
    struct psp_client_router *router = &core->routers[batch->router];
    uint32_t unanswered = 0;
    assert(batch->state == PSP_CLIENT_BATCH_ON_THE_WAY && now_ms >= batch->deadline_ms);
    batch->state = PSP_CLIENT_BATCH_REMEMBERED;
    for (uint32_t i = 0; i < batch->n; i++) {
        if (!psp_client_row_current(core, &batch->rows[i]))
            continue;
        psp_client_unknown(&core->ballots.records[batch->rows[i].ballot]);
        psp_client_ready_again(core, batch->rows[i].ballot);
        unanswered++;
    }
    assert(unanswered <= batch->open);
    core->stats.resent += unanswered;
    if (unanswered > 0 && router->last_answer_ms < batch->sent_ms) {
        const uint64_t ms = (uint64_t)PSP_CLIENT_AVOID_MS
                            << (router->silences < 4 ? router->silences : 4);
        router->avoid_until_ms =
            now_ms + (ms < PSP_CLIENT_AVOID_MAX_MS ? ms : PSP_CLIENT_AVOID_MAX_MS);
        router->silences++;
    }
}

void psp_client_core_tick(struct psp_client_core *core, uint64_t now_ms)
{
    psp_client_turn_wheel(core, now_ms);
    if (psp_client_pool_due(&core->pool, now_ms))
        psp_client_empty_pool(core);
    if (now_ms < core->deadline_ms)
        return;
    core->deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct psp_client_batch *batch = &core->batches[i];
        if (batch->state != PSP_CLIENT_BATCH_ON_THE_WAY)
            continue;
        if (now_ms >= batch->deadline_ms)
            expire(core, batch, now_ms);
        else if (batch->deadline_ms < core->deadline_ms)
            core->deadline_ms = batch->deadline_ms;
    }
    assert(core->deadline_ms > now_ms);
    psp_client_check(core);
}

/* Answers may be on their way to us no more than ballots to the router: waiting
 * for the deadline gains nothing. */
void psp_client_core_disconnected(struct psp_client_core *core, uint32_t router, uint64_t now_ms)
{
    const uint64_t deadline_ms = now_ms + psp_client_backoff_ms(core, PSP_CLIENT_DISCONNECTED_MS, 0,
                                                                PSP_CLIENT_RESEND_MAX_MS);
    assert(router < core->router_count && deadline_ms > now_ms);
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        struct psp_client_batch *batch = &core->batches[i];
        if (batch->state == PSP_CLIENT_BATCH_ON_THE_WAY && batch->router == router &&
            batch->deadline_ms > deadline_ms)
            batch->deadline_ms = deadline_ms;
    }
    if (deadline_ms < core->deadline_ms)
        core->deadline_ms = deadline_ms;
    psp_client_check(core);
}
