/* One turn after another, as the core says; a stop ends each of them soon. */
#include "bridge/sink/runner.h"

#include <stdio.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/core/sink.h"
#include "process/say.h"

/* What came of writing an answer. */
enum written {
    WRITTEN = 1,
    WRITTEN_BY_OTHERS, /* what is newer */
    WRITTEN_NOT,       /* the target failed before its commit */
    WRITTEN_PERHAPS,   /* in it */
    UNREADABLE,        /* the answer is at fault */
    STOPPED,
};

struct runner {
    const struct psp_bridge_runner_options *options;
    struct psp_bridge_target *target;
    struct psp_bridge_stats *stats;
    struct psp_bridge_sink sink;
    struct psp_bridge_spool *spool;
    bool was_current; /* until the last question */
    bool has_failed;  /* the last attempt of something */
    struct psp_reason reason;
};

static bool is_final(enum psp_status status)
{
    return status == PSP_EPERM || status == PSP_EINVAL || status == PSP_EMISMATCH ||
           status == PSP_EVERSION || status == PSP_ECORRUPT;
}

/* ---- what is told ---- */

static void tell_trouble(struct runner *runner, enum psp_bridge_state state, const char *event,
                         const char *text)
{
    if (psp_bridge_tell(runner->stats, state, "%s", text))
        psp_say(PSP_SAY_WARNING, event, "%s", text);
}

static void tell_failure(struct runner *runner, enum psp_bridge_state state, const char *event,
                         enum psp_status status)
{
    psp_bridge_count(&runner->stats->errors, 1);
    runner->has_failed = true;
    tell_trouble(runner, state, event, psp_reason_text(&runner->reason, status));
}

static void count_retry(struct runner *runner)
{
    if (runner->has_failed)
        psp_bridge_count(&runner->stats->retries, 1);
    runner->has_failed = false;
}

static void tell_current(struct runner *runner)
{
    runner->was_current = true;
    runner->has_failed = false;
    psp_bridge_set(&runner->stats->current_ms, psp_clock_ms());
    psp_bridge_set(&runner->stats->lag_versions, 0);
    const char *note = runner->target->note ? runner->target->note(runner->target->self) : NULL;
    const bool is_news = note ? psp_bridge_tell(runner->stats, PSP_BRIDGE_FOLLOWING, "%s", note)
                              : psp_bridge_tell(runner->stats, PSP_BRIDGE_FOLLOWING, NULL);
    if (is_news)
        psp_say(PSP_SAY_INFO, "following", "the target holds what %s shows",
                psp_bridge_feed_url(runner->options->feed));
}

static void tell_lag(struct runner *runner, const struct psp_bridge_vector *shown)
{
    psp_bridge_set(&runner->stats->lag_versions, psp_bridge_vector_lag(&runner->sink.held, shown));
}

/* Of an answer that has to wait; only when none of the collectors has a better one. */
static void tell_verdict(struct runner *runner, enum psp_bridge_verdict verdict)
{
    const char *url = psp_bridge_feed_url(runner->options->feed);
    char text[PSP_BRIDGE_TROUBLE_BYTES];
    if (runner->sink.wait_until_ms == 0)
        return;
    switch (verdict) {
    case PSP_BRIDGE_APPLY:
    case PSP_BRIDGE_NOTHING:
        return;
    case PSP_BRIDGE_BEHIND:
        snprintf(text, sizeof text, "%s shows what is older than the target holds: waits for it",
                 url);
        tell_trouble(runner, PSP_BRIDGE_WAITING, "behind", text);
        return;
    case PSP_BRIDGE_NOT_LEVEL:
        snprintf(text, sizeof text,
                 "%s is newer than the target in one shard and older in another: waits until it "
                 "is level",
                 url);
        tell_trouble(runner, PSP_BRIDGE_WAITING, "not_level", text);
        return;
    case PSP_BRIDGE_FOREIGN:
        snprintf(text, sizeof text,
                 "%s shows another cluster than %s, which cluster.json names: mend `api` in "
                 "bridge.json",
                 url, runner->options->cluster);
        psp_bridge_count(&runner->stats->errors, 1);
        tell_trouble(runner, PSP_BRIDGE_NO_API, "foreign", text);
        return;
    }
}

/* ---- the collectors ---- */

static bool read_end(const json_t *json, struct psp_bridge_end *ret_end)
{
    const json_t *version = json_object_get(json, "version");
    const char *id = json_string_value(json_object_get(version, "id"));
    const char *state = json_string_value(json_object_get(json, "state"));
    *ret_end = (struct psp_bridge_end){.stale = json_is_true(json_object_get(json, "stale"))};
    if (!id || !state || strlen(id) >= sizeof ret_end->id ||
        strlen(state) >= sizeof ret_end->state ||
        !psp_bridge_vector_read(version, &ret_end->version))
        return false;
    memcpy(ret_end->id, id, strlen(id));
    memcpy(ret_end->state, state, strlen(state));
    return true;
}

static void unanswered(struct runner *runner, enum psp_status status)
{
    if (psp_bridge_stop_asked(runner->options->stop))
        return;
    psp_bridge_sink_unanswered(&runner->sink, psp_clock_ms());
    if (runner->sink.wait_until_ms != 0) {
        tell_failure(runner, PSP_BRIDGE_NO_API, "no_collector", status);
    } else {
        psp_bridge_count(&runner->stats->errors, 1);
        psp_bridge_feed_turn(runner->options->feed, runner->sink.api);
        psp_say(PSP_SAY_INFO, "next_collector", "%s; asks %s",
                psp_reason_text(&runner->reason, status),
                psp_bridge_feed_url(runner->options->feed));
    }
}

/* The version that a collector shows, and nothing else. */
static bool ask_version(struct runner *runner, struct psp_bridge_vector *ret_version,
                        enum psp_status *ret_status)
{
    json_t *json = NULL;
    *ret_status =
        psp_bridge_feed_get(runner->options->feed, "/api/v1/election", &json, &runner->reason);
    if (*ret_status != PSP_OK)
        return false;
    const bool good = psp_bridge_vector_read(json_object_get(json, "version"), ret_version);
    json_decref(json);
    if (!good)
        psp_reason_set(&runner->reason, "%s: the answer names no version",
                       psp_bridge_feed_url(runner->options->feed));
    return good;
}

static void look(struct runner *runner)
{
    struct psp_bridge_vector version;
    enum psp_status status;
    if (!ask_version(runner, &version, &status)) {
        unanswered(runner, status);
        return;
    }
    tell_lag(runner, &version);
    tell_verdict(runner, psp_bridge_sink_look(&runner->sink, &version, psp_clock_ms()));
}

/* ---- the target ---- */

static enum psp_status give_up(struct runner *runner, enum psp_status status)
{
    runner->target->close(runner->target->self);
    if (runner->reason.text[0] == '\0')
        psp_reason_set(&runner->reason, "%s", psp_status_text(status));
    return status;
}

/* For now: `status` is not final. */
static void lose(struct runner *runner, bool in_doubt, enum psp_status status)
{
    struct psp_bridge_vector shown;
    enum psp_status ignored;
    runner->target->close(runner->target->self);
    tell_failure(runner, PSP_BRIDGE_NO_TARGET, "no_target", status);
    psp_bridge_sink_lost(&runner->sink, in_doubt, psp_clock_ms());
    /* How far behind it falls: one small question as often as it is tried. */
    if (!psp_bridge_stop_asked(runner->options->stop) && ask_version(runner, &shown, &ignored))
        tell_lag(runner, &shown);
}

static enum psp_status open_target(struct runner *runner)
{
    struct psp_bridge_target *target = runner->target;
    struct psp_bridge_vector held = {0};
    runner->reason = (struct psp_reason){0};
    count_retry(runner);
    enum psp_status status =
        target->open(target->self, runner->options->definition, &runner->reason);
    if (status == PSP_OK)
        status = target->holds(target->self, &held, &runner->reason);
    if (status == PSP_OK && !psp_bridge_sink_opened(&runner->sink, &held)) {
        psp_reason_set(
            &runner->reason,
            "the target holds the results of cluster %s, and cluster.json is of %s: "
            "give this bridge another place to write to, or, if those are not needed, empty "
            "it: %s",
            held.cluster, runner->options->cluster, target->to_empty);
        status = PSP_EMISMATCH;
    }
    if (is_final(status))
        return give_up(runner, status);
    if (status != PSP_OK)
        lose(runner, false, status);
    return PSP_OK;
}

/* All rows of the spool, one after another; what is not WRITTEN has been abandoned. */
static enum written write_rows(struct runner *runner, enum psp_status *ret_status)
{
    struct psp_bridge_target *target = runner->target;
    const char *line;
    size_t bytes;
    *ret_status = psp_bridge_spool_rewind(runner->spool, &runner->reason);
    if (*ret_status != PSP_OK)
        return UNREADABLE;
    while ((*ret_status = psp_bridge_spool_next(runner->spool, &line, &bytes, &runner->reason)) ==
           PSP_OK) {
        json_t *row = json_loadb(line, bytes, 0, NULL);
        if (psp_bridge_stop_asked(runner->options->stop) || !json_is_object(row)) {
            const bool stopped = json_is_object(row);
            json_decref(row);
            psp_reason_set(&runner->reason, "%s: a line of the answer is no JSON object",
                           psp_bridge_feed_url(runner->options->feed));
            *ret_status = PSP_EUNREACHABLE;
            return stopped ? STOPPED : UNREADABLE;
        }
        *ret_status = target->row(target->self, row, &runner->reason);
        json_decref(row);
        if (*ret_status != PSP_OK)
            return WRITTEN_NOT;
    }
    return *ret_status == PSP_ENOENT ? WRITTEN : UNREADABLE;
}

static enum written write_answer(struct runner *runner, bool whole, const json_t *end,
                                 enum psp_status *ret_status)
{
    struct psp_bridge_target *target = runner->target;
    *ret_status = target->begin(target->self, whole, &runner->reason);
    const enum written written =
        *ret_status == PSP_OK ? write_rows(runner, ret_status) : WRITTEN_NOT;
    if (written != WRITTEN) {
        target->abandon(target->self);
        return written;
    }
    *ret_status = target->commit(target->self, end, &runner->reason);
    if (*ret_status == PSP_EBUSY)
        return WRITTEN_BY_OTHERS;
    return *ret_status == PSP_OK ? WRITTEN : WRITTEN_PERHAPS;
}

static void count_written(struct runner *runner, bool whole)
{
    psp_bridge_count(&runner->stats->written_versions, 1);
    psp_bridge_count(&runner->stats->written_rows, psp_bridge_spool_lines(runner->spool));
    if (whole)
        psp_bridge_count(&runner->stats->wholes, 1);
}

static enum psp_status apply(struct runner *runner, bool whole, const json_t *json,
                             const struct psp_bridge_end *end)
{
    struct psp_bridge_vector held = end->version;
    enum psp_status status;
    const enum written written = write_answer(runner, whole, json, &status);
    switch (written) {
    case WRITTEN:
        count_written(runner, whole);
        break;
    case WRITTEN_BY_OTHERS:
        held = (struct psp_bridge_vector){0};
        status = runner->target->holds(runner->target->self, &held, &runner->reason);
        if (is_final(status))
            return give_up(runner, status);
        if (status != PSP_OK) {
            lose(runner, true, status);
            return PSP_OK;
        }
        break;
    case WRITTEN_NOT:
    case WRITTEN_PERHAPS:
        if (is_final(status))
            return give_up(runner, status);
        lose(runner, written == WRITTEN_PERHAPS, status);
        return PSP_OK;
    case UNREADABLE:
        unanswered(runner, status);
        return PSP_OK;
    case STOPPED:
        return PSP_OK;
    }
    psp_bridge_sink_applied(&runner->sink, end, &held);
    tell_current(runner);
    return PSP_OK;
}

/* Nothing is to be written; the target may have something to do all the same. Which version it
 * holds does not change by that. */
static enum psp_status rest(struct runner *runner, const json_t *json)
{
    struct psp_bridge_target *target = runner->target;
    const enum psp_status status =
        target->idle ? target->idle(target->self, json, &runner->reason) : PSP_OK;
    if (is_final(status))
        return give_up(runner, status);
    if (status != PSP_OK)
        lose(runner, false, status);
    else
        tell_current(runner);
    return PSP_OK;
}

/* ---- a turn ---- */

static enum psp_status judge(struct runner *runner, bool whole, const json_t *json)
{
    struct psp_bridge_end end;
    if (!read_end(json, &end)) {
        psp_reason_set(&runner->reason, "%s: the last line of the answer is not of this version",
                       psp_bridge_feed_url(runner->options->feed));
        unanswered(runner, PSP_EUNREACHABLE);
        return PSP_OK;
    }
    const enum psp_bridge_verdict verdict = psp_bridge_sink_judge(
        &runner->sink, &end, psp_bridge_spool_lines(runner->spool), psp_clock_ms());
    tell_lag(runner, &end.version);
    if (verdict == PSP_BRIDGE_APPLY)
        return apply(runner, whole, json, &end);
    if (verdict == PSP_BRIDGE_NOTHING)
        return rest(runner, json);
    tell_verdict(runner, verdict);
    return PSP_OK;
}

static enum psp_status ask(struct runner *runner, const struct psp_bridge_turn *turn)
{
    json_t *json = NULL;
    const bool whole = turn->since == NULL;
    runner->reason = (struct psp_reason){0};
    count_retry(runner);
    /* It answers at once when there is something: until then nothing is lacking. */
    psp_bridge_set(&runner->stats->is_current, runner->was_current && !whole);
    const bool idles = runner->target->idle && turn->wait_s > PSP_BRIDGE_IDLE_S;
    const enum psp_status status = psp_bridge_feed_changes(
        runner->options->feed, turn->since, idles ? PSP_BRIDGE_IDLE_S : turn->wait_s,
        runner->target->standing, runner->spool, &json, &runner->reason);
    psp_bridge_set(&runner->stats->is_current, 0);
    runner->was_current = false;
    if (status == PSP_ENOENT) {
        psp_say(PSP_SAY_INFO, "anew", "%s; takes everything anew",
                psp_reason_text(&runner->reason, status));
        psp_bridge_sink_gone(&runner->sink);
        return PSP_OK;
    }
    if (status != PSP_OK) {
        unanswered(runner, status);
        return PSP_OK;
    }
    const enum psp_status judged = judge(runner, whole, json);
    json_decref(json);
    return judged;
}

static enum psp_status take_turn(struct runner *runner)
{
    struct psp_bridge_turn turn;
    const uint64_t now_ms = psp_clock_ms();
    psp_bridge_sink_next(&runner->sink, now_ms, &turn);
    psp_bridge_feed_turn(runner->options->feed, turn.api);
    switch (turn.what) {
    case PSP_BRIDGE_DO_OPEN:
        return open_target(runner);
    case PSP_BRIDGE_DO_LOOK:
        look(runner);
        return PSP_OK;
    case PSP_BRIDGE_DO_ASK:
        return ask(runner, &turn);
    case PSP_BRIDGE_DO_WAIT:
        psp_bridge_stop_wait(runner->options->stop, turn.until_ms - now_ms);
        return PSP_OK;
    }
    return PSP_OK;
}

enum psp_status psp_bridge_runner_run(const struct psp_bridge_runner_options *options,
                                      struct psp_reason *reterr_reason)
{
    struct runner runner = {.options = options, .target = options->target, .stats = options->stats};
    enum psp_status status = psp_bridge_spool_create(PSP_BRIDGE_SPOOL_BYTES_MAX, &runner.spool);
    if (status != PSP_OK)
        return status;
    psp_bridge_sink_start(&runner.sink, options->cluster, options->api_count, options->seed);
    while (status == PSP_OK && !psp_bridge_stop_asked(options->stop))
        status = take_turn(&runner);
    if (status != PSP_OK)
        *reterr_reason = runner.reason;
    else
        runner.target->close(runner.target->self);
    psp_bridge_spool_destroy(&runner.spool);
    return status;
}
