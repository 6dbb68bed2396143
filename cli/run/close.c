/*
 * psephos close - one time for all shards, 2 s from now, and back when all have closed.
 *
 * It may be called again: a time that some shard has is the time of all.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "base/text/moment.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/closing.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/when.h"
#include "cli/show/coverage.h"

enum {
    AHEAD_MS = 2000, /* of now: time enough to reach every shard before */
    ANSWER_MS = 10000,
    CLOSED_MS = 10000, /* after the time */
    SHOWN_MS = 5000,
};

struct arguments {
    const char *directory;
    bool json;
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "one argument too many: %s", value);
        return ARGP_ERR_UNKNOWN;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Of a shard that has the time in its log. */
static void tell_done(uint32_t shard, const struct psp_closing *closing, json_t *told)
{
    const char *text = closing->said.text;
    if (told)
        json_array_append_new(told, json_pack("{s:o, s:o, s:s*}", "shard", psp_json_count(shard),
                                              "index", psp_json_count(closing->index), "text",
                                              text[0] ? text : NULL));
    else
        printf("shard %u: done at index %" PRIu64 "%s%s\n", shard, closing->index,
               text[0] ? ": " : "", text);
}

/* Names the shard if something of it is to be done yet. True: all is well. */
static bool judge(uint32_t shard, const struct psp_closing *closing)
{
    switch (closing->state) {
    case PSP_CLOSING_CLOSED:
    case PSP_CLOSING_NEVER_OPEN:
        return true;
    case PSP_CLOSING_UNHEARD:
        fprintf(stderr,
                "psephos close: shard %u: %s; call again when `psephos status` shows a "
                "leader\n",
                shard, psp_reason_text(&closing->said, PSP_ETIMEDOUT));
        return false;
    case PSP_CLOSING_REFUSED:
        fprintf(stderr, "psephos close: shard %u: %s\n", shard,
                psp_reason_text(&closing->said, PSP_EINVAL));
        return false;
    case PSP_CLOSING_TOLD:
        break;
    }
    fprintf(stderr, "psephos close: shard %u: has the time but has not closed yet", shard);
    if (closing->to_come_ms > 0)
        fprintf(stderr, ": it will in %" PRIu64 " s by its leader's clock",
                (closing->to_come_ms + 999) / 1000);
    fputs("; call again\n", stderr);
    return false;
}

/* The exit code. `ret_index`, by shard: at which index it was seen closed. */
static int report(const struct psp_closing *shards, uint32_t n, json_t *told, uint64_t *ret_index)
{
    bool good = true, any = false;
    for (uint32_t s = 0; s < n; s++) {
        const enum psp_closing_state state = shards[s].state;
        if (state != PSP_CLOSING_UNHEARD && state != PSP_CLOSING_REFUSED)
            tell_done(s, &shards[s], told);
        any |= state != PSP_CLOSING_UNHEARD;
        ret_index[s] = shards[s].seen_index;
    }
    for (uint32_t s = 0; s < n; s++)
        good &= judge(s, &shards[s]);
    if (good)
        return PSP_EXIT_DONE;
    if (any)
        fputs("psephos close: called again it sends the time that the other shards have\n", stderr);
    return any ? PSP_EXIT_NO : PSP_EXIT_UNREACHABLE;
}

static int close_all(const struct psp_local *local, struct psp_operate *operate, json_t *told)
{
    static struct psp_closing shards[PSP_SHARDS_MAX];
    const uint32_t n = local->cluster->shard_count;
    uint64_t index[PSP_SHARDS_MAX] = {0};
    char moment[PSP_MOMENT_BYTES], when[PSP_WHEN_BYTES];
    struct psp_reason reason = {0};
    uint64_t at_ms = 0;
    if (!psp_closing_time(operate, n, &at_ms)) {
        fprintf(stderr,
                "psephos close: no shard answers: nothing runs, and nothing is closed; start it "
                "(psephos up --closed --dir %s) and call again\n",
                local->directory);
        return PSP_EXIT_UNREACHABLE;
    }
    if (at_ms == 0)
        at_ms = psp_clock_wall_ms() + AHEAD_MS;
    if (!told)
        printf("time of the close: %s\n", psp_when_text(psp_moment_write(at_ms, moment), when));
    psp_closing_tell(operate, at_ms, ANSWER_MS, n, shards);
    const uint64_t now_ms = psp_clock_wall_ms();
    psp_closing_wait(operate, (at_ms > now_ms ? at_ms - now_ms : 0) + CLOSED_MS, shards);
    const int code = report(shards, n, told, index);
    if (code == PSP_EXIT_DONE &&
        psp_coverage_wait(local->cluster, index, SHOWN_MS, &reason) != PSP_OK)
        fprintf(stderr, "psephos close: done, but %s\n", reason.text);
    return code;
}

int psp_cmd_close(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        NULL,
        "Closes the election in DIR: all shards at one time, 2 s from now. Ballots that come "
        "later are refused as closed; a retry of an earlier one gets its first verdict. Called "
        "again, when a shard did not answer, it sends the same time." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    json_t *told = arguments.json ? json_array() : NULL;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = close_all(local, operate, told);
        free(key);
    }
    if (!operate)
        psp_fault_say(argv[0], &reason);
    else if (told)
        psp_json_print(json_pack("{s:O}", "done", told));
    json_decref(told);
    psp_operate_destroy(&operate);
    psp_local_close(&local);
    return code;
}
