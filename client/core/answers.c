/* A batch's rows are settled one by one: by a receipt, or by a pause until they go again. */
#include <assert.h>
#include <string.h>

#include "client/core/inner.h"

static void settle(struct psp_client_batch *batch, uint32_t row)
{
    assert(row < batch->n && batch->open > 0);
    assert(batch->rows[row].ballot != PSP_CLIENT_NO_BALLOT);
    batch->rows[row].ballot = PSP_CLIENT_NO_BALLOT;
    batch->open--;
    if (batch->open == 0)
        batch->state = PSP_CLIENT_BATCH_FREE;
}

/* Of an outcome without the ballot that it is of. */
static void give_receipt(struct psp_client_core *core, const struct psp_client_ballot *ballot,
                         const struct psp_receipt *outcome)
{
    assert(core->receipt_count < core->inflight_max);
    assert(outcome->cookie == 0); /* the ballot's */
    const uint32_t at = core->receipt_first + core->receipt_count;
    struct psp_receipt *receipt =
        &core->receipts[at < core->inflight_max ? at : at - core->inflight_max];
    *receipt = *outcome;
    receipt->cookie = ballot->cookie;
    receipt->resent = ballot->timeouts > 0;
    core->receipt_count++;
    core->stats.receipts++;
}

/* A ballot of a remembered batch may be in a list by now, where it cannot be
 * freed: it is marked, and freed when the list gives it out. */
static inline void resolve(struct psp_client_core *core, struct psp_client_batch *batch,
                           uint32_t row, const struct psp_receipt *outcome)
{
    const uint32_t index = batch->rows[row].ballot;
    struct psp_client_ballot *ballot = &core->ballots.records[index];
    assert(!ballot->resolved); /* promise 2: one receipt a ballot */
    give_receipt(core, ballot, outcome);
    const uint32_t next = core->voters.of != NULL ? psp_client_voters_leave(&core->voters, index)
                                                  : PSP_CLIENT_NO_BALLOT;
    if (next != PSP_CLIENT_NO_BALLOT)
        psp_client_enter(core, next, true);
    if (ballot->listed)
        ballot->resolved = true;
    else
        psp_client_ballots_remove(&core->ballots, index);
    settle(batch, row);
}

static struct psp_client_batch *find(struct psp_client_core *core, uint64_t id)
{
    struct psp_client_batch *batch = &core->batches[id & (PSP_CLIENT_BATCHES_MAX - 1)];
    return batch->id == id && batch->state != PSP_CLIENT_BATCH_FREE ? batch : NULL;
}

static uint32_t row_number(const struct psp_client_message *message, uint32_t i)
{
    assert(i < message->n);
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
static void prefetch(const struct psp_client_core *core, const struct psp_client_batch *batch,
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
    struct psp_client_batch *batch = find(core, message->batch_id);
    if (batch == NULL)
        return;
    for (uint32_t i = 0; i < message->n && batch->state != PSP_CLIENT_BATCH_FREE; i++) {
        const uint32_t row = row_number(message, i);
        prefetch(core, batch, message, i + PSP_CLIENT_PREFETCH_AHEAD);
        if (row < batch->n && psp_client_row_current(core, &batch->rows[row]) &&
            known_verdict(message->verdicts[i]))
            resolve(core, batch, row,
                    &(struct psp_receipt){.outcome = PSP_OUTCOME_VERDICT,
                                          .verdict = message->verdicts[i],
                                          .shard = message->shard,
                                          .index = message->index});
    }
}

/* NOT_ALLOWED_ROWS: these are done, the others go on. Of a batch that was given up it says
 * nothing: what was in it has been sent again, and is answered there. */
static void end_rows(struct psp_client_core *core, const struct psp_client_message *message)
{
    static const struct psp_receipt outcome = {.outcome = PSP_OUTCOME_NOT_ALLOWED,
                                               .shard = PSP_NONE};
    struct psp_client_batch *batch = find(core, message->batch_id);
    if (batch == NULL)
        return;
    const bool whole = message->n == 0;
    const uint32_t n = whole ? batch->n : message->n;
    for (uint32_t i = 0; i < n && batch->state == PSP_CLIENT_BATCH_ON_THE_WAY; i++) {
        const uint32_t row = whole ? i : row_number(message, i);
        if (row < batch->n && psp_client_row_current(core, &batch->rows[row]))
            resolve(core, batch, row, &outcome);
    }
}

static void pause_row(struct psp_client_core *core, struct psp_client_batch *batch, uint32_t row,
                      enum psp_refusal_code code, uint64_t until_ms)
{
    if (row >= batch->n || !psp_client_row_current(core, &batch->rows[row]))
        return;
    const uint32_t index = batch->rows[row].ballot;
    struct psp_client_ballot *ballot = &core->ballots.records[index];
    assert(!ballot->listed); /* it is on the way, in this batch */
    if (code == PSP_REFUSAL_UNKNOWN) {
        psp_client_unknown(ballot);
        core->stats.resent++;
    } else {
        ballot->sent = ballot->sent || code != PSP_REFUSAL_BUSY;
        psp_client_count_up(&ballot->busies);
        core->stats.busy += code == PSP_REFUSAL_BUSY;
    }
    psp_client_pause(core, index, until_ms);
    settle(batch, row);
}

/* BUSY, UNKNOWN, CONFIGURATION: the same ballots again, later. */
static void pause_rows(struct psp_client_core *core, const struct psp_client_message *message,
                       uint64_t now_ms)
{
    struct psp_client_batch *batch = find(core, message->batch_id);
    assert(message->code == PSP_REFUSAL_BUSY || message->code == PSP_REFUSAL_UNKNOWN ||
           message->code == PSP_REFUSAL_CONFIGURATION);
    if (batch == NULL || batch->state != PSP_CLIENT_BATCH_ON_THE_WAY)
        return;
    const bool busy = message->code == PSP_REFUSAL_BUSY;
    const bool whole = message->n == 0;
    const uint32_t n = whole ? batch->n : message->n;
    unsigned times = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t row = whole ? i : row_number(message, i);
        if (row >= batch->n || !psp_client_row_current(core, &batch->rows[row]))
            continue;
        const struct psp_client_ballot *ballot = &core->ballots.records[batch->rows[row].ballot];
        const unsigned had =
            message->code == PSP_REFUSAL_UNKNOWN ? ballot->timeouts : ballot->busies;
        if (had > times)
            times = had;
    }
    const uint64_t pause_ms = busy ? psp_client_backoff_ms(core, PSP_CLIENT_BUSY_PAUSE_MS, times,
                                                           PSP_CLIENT_BUSY_PAUSE_MAX_MS)
                                   : psp_client_backoff_ms(core, PSP_CLIENT_UNKNOWN_PAUSE_MS, times,
                                                           PSP_CLIENT_UNKNOWN_PAUSE_MAX_MS);
    for (uint32_t i = 0; i < n && batch->state == PSP_CLIENT_BATCH_ON_THE_WAY; i++)
        pause_row(core, batch, whole ? i : row_number(message, i), message->code,
                  now_ms + pause_ms);
}

static void take_refusal(struct psp_client_core *core, const struct psp_client_message *message,
                         uint64_t now_ms)
{
    strncpy(core->error, message->text != NULL ? message->text : "", PSP_CLIENT_ERROR_BYTES - 1);
    switch (message->code) {
    case PSP_REFUSAL_BUSY:
    case PSP_REFUSAL_UNKNOWN:
    case PSP_REFUSAL_CONFIGURATION:
        psp_client_turn_wheel(core, now_ms);
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
        core->refused = PSP_EPERM;
        return;
    case PSP_REFUSAL_NOT_ALLOWED_ROWS:
        end_rows(core, message);
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
            strncpy(core->error, "the router counts another election", PSP_CLIENT_ERROR_BYTES - 1);
        }
        return;
    case PSP_CLIENT_VERDICTS:
        take_verdicts(core, message);
        psp_client_check(core);
        return;
    case PSP_CLIENT_REFUSAL:
        take_refusal(core, message, now_ms);
        psp_client_check(core);
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
    assert(n <= max);
    psp_client_check(core);
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
    assert(core->stats.receipts <= core->stats.submitted);
    ret_stats->unanswered = core->stats.submitted - core->stats.receipts;
}
