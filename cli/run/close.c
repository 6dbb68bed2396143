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
#include "base/system/file.h"
#include "base/text/moment.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/closing.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/table.h"
#include "cli/say/when.h"
#include "cli/show/coverage.h"
#include "cli/show/rest.h"
#include "election/definition/definition.h"

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

/* Units of which more may come to be shown: only with the publication reports does that
 * keep anything from being shown. *ret_not_final is null otherwise, and when the collector
 * does not tell. */
static void find_not_final(const struct psp_cluster *cluster, json_t **ret_not_final,
                           uint64_t *ret_leaves)
{
    struct psp_rest *rest = NULL;
    json_t *root = NULL;
    char *url = psp_rest_url(cluster, 0);
    if (psp_rest_create(url, &rest) == PSP_OK &&
        psp_rest_get(rest, "/api/v1/election", &root) == PSP_OK) {
        const json_t *about = json_object_get(root, "election");
        const json_int_t leaves = json_integer_value(json_object_get(about, "leaves"));
        const char *publication = json_string_value(json_object_get(root, "publication"));
        if (publication && !strcmp(publication, psp_publication_name(PSP_PUBLICATION_REPORTS))) {
            *ret_not_final = json_integer(
                leaves - json_integer_value(json_object_get(about, "leaves_reporting")));
            *ret_leaves = (uint64_t)leaves;
        }
    }
    json_decref(root);
    psp_rest_destroy(&rest);
    free(url);
}

static void tell_not_final(const struct psp_local *local, json_t *not_final, uint64_t leaves)
{
    char n[PSP_COUNT_TEXT_BYTES], of[PSP_COUNT_TEXT_BYTES];
    if (json_integer_value(not_final) > 0)
        printf("%s of %s units are not final: what is counted there may not be shown; "
               "psephos report UNIT --final --dir %s\n",
               psp_count_text((uint64_t)json_integer_value(not_final), n),
               psp_count_text(leaves, of), local->directory);
}

/* Shards that had nothing to close, where others had. */
static void tell_never_open(const struct psp_closing *shards, uint32_t n)
{
    for (uint32_t s = 0; s < n; s++)
        if (shards[s].state == PSP_CLOSING_NEVER_OPEN)
            fprintf(stderr, "psephos close: shard %u was never opened: nothing was counted there\n",
                    s);
}

/* Of the folder's own definition: the collector may not answer. */
static void use_time_zone(const struct psp_local *local)
{
    char *path = psp_local_path(local, "election.json"), *text = NULL;
    size_t bytes;
    if (psp_file_read(path, SIZE_MAX, &text, &bytes) == PSP_OK)
        psp_when_zone_in(text, bytes);
    free(text);
    free(path);
}

static int close_all(const struct psp_local *local, struct psp_operate *operate, json_t *told,
                     json_t **ret_not_final)
{
    static struct psp_closing shards[PSP_SHARDS_MAX];
    const uint32_t n = local->cluster->shard_count;
    uint64_t index[PSP_SHARDS_MAX] = {0};
    char moment[PSP_MOMENT_BYTES], when[PSP_WHEN_BYTES];
    const struct psp_coverage_words words = {"every shard has closed", "the close"};
    struct psp_reason reason = {0};
    uint64_t at_ms = 0, leaves = 0;
    bool never_open = false;
    if (!psp_closing_time(operate, n, &at_ms, &never_open)) {
        fprintf(stderr,
                "psephos close: no shard answers: nothing runs, and nothing is closed; start it "
                "(psephos up --closed --dir %s) and call again\n",
                local->directory);
        return PSP_EXIT_UNREACHABLE;
    }
    if (never_open) {
        fprintf(stderr,
                "psephos close: the election is not open, and never was: nothing was done\n");
        return PSP_EXIT_NO;
    }
    if (at_ms == 0)
        at_ms = psp_clock_wall_ms() + AHEAD_MS;
    if (!told) {
        use_time_zone(local);
        printf("time of the close: %s\n", psp_when_text(psp_moment_write(at_ms, moment), when));
    }
    psp_closing_tell(operate, at_ms, ANSWER_MS, n, shards);
    const uint64_t now_ms = psp_clock_wall_ms();
    psp_closing_wait(operate, (at_ms > now_ms ? at_ms - now_ms : 0) + CLOSED_MS, shards);
    const int code = report(shards, n, told, index);
    tell_never_open(shards, n);
    if (code != PSP_EXIT_DONE)
        return code;
    if (psp_coverage_wait(local->cluster, index, &words, SHOWN_MS, &reason) != PSP_OK) {
        fprintf(stderr, "psephos close: done, but %s\n", reason.text);
        return code;
    }
    find_not_final(local->cluster, ret_not_final, &leaves);
    if (!told)
        tell_not_final(local, *ret_not_final, leaves);
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
        "again, when a shard did not answer, it sends the same time. Exit code 1 when the election "
        "was never opened: nothing is done then." PSP_EXIT_HELP,
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
    json_t *told = arguments.json ? json_array() : NULL, *not_final = NULL;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = close_all(local, operate, told, &not_final);
        free(key);
    }
    if (!operate)
        psp_fault_say(argv[0], &reason);
    else if (told)
        psp_json_print(json_pack("{s:O, s:O?}", "done", told, "not_final", not_final));
    json_decref(told);
    json_decref(not_final);
    psp_operate_destroy(&operate);
    psp_local_close(&local);
    return code;
}
