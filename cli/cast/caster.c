/* One step: submit what the pace and the window allow, poll, hand receipts to the source. */
#include "cli/cast/caster.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/folder/local.h"
#include "cli/say/progress.h"

enum {
    RECEIPTS = 4096,
    SUBMIT_ROUND = 4096, /* submitted between two looks for receipts */
    WAIT_MS = 20,
    RATE_BURST_MS = 20,
    SILENCE_MS = 2500,      /* without a verdict, before it is said */
    SILENCE_MS_MAX = 30000, /* said again after twice the time, at most this */
};

struct run {
    const struct psp_caster_options *options;
    const struct psp_cast_source *source;
    struct psp_client *client;
    struct psp_cast_summary *summary;
    uint64_t start_ms, moved_ms; /* the last verdict, or nothing was awaited */
    uint64_t silence_ms;         /* without a verdict when that is said next */
    uint64_t submitted;
    bool ended;           /* the source has no more */
    bool awaits_receipts; /* the source has none before they are here */
    bool told_what_to_do; /* about silence: once */
    bool held;            /* `ballot` was refused as one too many on the way */
    struct psp_ballot ballot;
    struct psp_receipt receipts[RECEIPTS];
};

/* How many may be submitted by now. */
static uint64_t allowed(const struct run *run)
{
    if (run->options->rate <= 0)
        return UINT64_MAX;
    const double ms = (double)(psp_progress_clock_ms() - run->start_ms + RATE_BURST_MS);
    return (uint64_t)(ms * run->options->rate / 1000);
}

/* As long as that no verdict may come though all is well. */
static uint64_t pooled_ms(const struct run *run)
{
    return run->options->pool > 1 ? run->options->pool_wait_ms : 0;
}

/* PSP_EAGAIN: there is reason to wait before the next round. */
static enum psp_status submit(struct run *run)
{
    const uint64_t limit = allowed(run);
    for (int i = 0; i < SUBMIT_ROUND && !run->ended; i++) {
        if (run->submitted >= limit)
            return PSP_EAGAIN;
        if (!run->held) {
            const enum psp_status next = run->source->next(run->source->context, &run->ballot);
            if (next == PSP_ENOENT)
                run->ended = true;
            run->awaits_receipts = next == PSP_EBUSY;
            if (next == PSP_ENOENT || next == PSP_EAGAIN || next == PSP_EBUSY)
                return PSP_EAGAIN;
            if (next != PSP_OK)
                return next;
            /* Any cast may be one that was interrupted, called again: nobody keeps a list. */
            run->ballot.resent = true;
        }
        const enum psp_status status = psp_client_submit(run->client, &run->ballot);
        run->held = status == PSP_EBUSY;
        if (run->held)
            return PSP_EAGAIN;
        if (status != PSP_OK)
            return status;
        run->submitted++;
    }
    return run->ended ? PSP_EAGAIN : PSP_OK;
}

/* Says that verdicts do not come, at once and then more and more rarely. */
static void say_silence(struct run *run, struct psp_progress *progress, uint64_t silent_ms)
{
    if (silent_ms < run->silence_ms)
        return;
    run->silence_ms += run->silence_ms < SILENCE_MS_MAX ? run->silence_ms : SILENCE_MS_MAX;
    const char *refusal = psp_client_error(run->client);
    psp_progress_end(progress);
    fprintf(
        stderr,
        "psephos cast: %s %s for %.0f s%s%s; %" PRIu64 " ballots wait, giving up after %.0f s%s\n",
        *refusal ? "no verdict from" : "nothing answers at", run->options->where,
        (double)silent_ms / 1000, *refusal ? ": " : "", refusal,
        run->submitted - run->summary->tally.cast, (double)run->options->give_up_after_ms / 1000,
        *refusal || run->told_what_to_do ? "" : run->options->to_do);
    run->told_what_to_do |= !*refusal;
}

static void take(struct run *run, size_t n)
{
    struct psp_cast_summary *summary = run->summary;
    for (size_t i = 0; i < n; i++) {
        const struct psp_receipt *receipt = &run->receipts[i];
        psp_cast_tally_add(&summary->tally, receipt,
                           run->source->receipt(run->source->context, receipt));
    }
    struct psp_client_stats stats;
    psp_client_stats(run->client, &stats);
    summary->resent = stats.resent;
}

static enum psp_status step(struct run *run, struct psp_progress *progress)
{
    const enum psp_status submitted = submit(run);
    if (submitted != PSP_OK && submitted != PSP_EAGAIN)
        return submitted;
    /* Not while the source pauses: what is pooled waits for others. */
    if (run->ended || run->awaits_receipts)
        psp_client_flush(run->client);
    size_t n = 0;
    const bool awaited = run->submitted > run->summary->tally.cast;
    if (!awaited && submitted == PSP_EAGAIN && !run->ended)
        usleep(WAIT_MS * 1000);
    const enum psp_status status = psp_client_poll(
        run->client, submitted == PSP_EAGAIN && awaited ? WAIT_MS : 0, run->receipts, RECEIPTS, &n);
    if (status == PSP_OK || status == PSP_EAGAIN)
        take(run, n);
    else
        return status;
    const uint64_t now_ms = psp_progress_clock_ms();
    if (n || !awaited) {
        run->moved_ms = now_ms;
        run->silence_ms = pooled_ms(run) + SILENCE_MS;
    }
    say_silence(run, progress, now_ms - run->moved_ms);
    psp_progress_step(progress, "ballots", run->summary->tally.cast, run->source->expected);
    return now_ms - run->moved_ms > pooled_ms(run) + run->options->give_up_after_ms ? PSP_ETIMEDOUT
                                                                                    : PSP_OK;
}

enum psp_status psp_caster_run(const struct psp_caster_options *options,
                               const struct psp_cast_source *source,
                               struct psp_cast_summary *ret_summary,
                               struct psp_reason *reterr_reason)
{
    static struct run run;
    struct psp_progress progress;
    const struct psp_client_options client_options = {
        .cluster_path = options->cluster_path,
        .key_path = options->key_path,
        .definition = options->definition,
        .rows = options->rows,
        .seed = options->seed,
        .pool = options->pool,
        .pool_wait_ms = options->pool_wait_ms,
        .unordered = source->unordered,
    };
    *ret_summary = (struct psp_cast_summary){0};
    memset(&run, 0, sizeof run);
    run.options = options;
    run.source = source;
    run.summary = ret_summary;
    enum psp_status status = psp_client_create(&client_options, &run.client, reterr_reason->text,
                                               sizeof reterr_reason->text);
    if (status != PSP_OK)
        return status;
    run.silence_ms = pooled_ms(&run) + SILENCE_MS;
    run.start_ms = run.moved_ms = psp_progress_clock_ms();
    psp_progress_start(&progress);
    while (status == PSP_OK && !(run.ended && run.summary->tally.cast == run.submitted))
        status = step(&run, &progress);
    psp_progress_end(&progress);
    ret_summary->seconds = (double)(psp_progress_clock_ms() - run.start_ms) / 1000;
    ret_summary->unanswered = run.submitted - ret_summary->tally.cast;
    const char *refusal = psp_client_error(run.client);
    if (status == PSP_ETIMEDOUT)
        psp_reason_set(reterr_reason,
                       "no verdict for %.0f s%s%s; cast the same again when the cluster answers: "
                       "nothing will count twice",
                       (double)options->give_up_after_ms / 1000, *refusal ? "; last refusal: " : "",
                       refusal);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s", *refusal ? refusal : psp_status_text(status));
    psp_client_destroy(&run.client);
    return status;
}
