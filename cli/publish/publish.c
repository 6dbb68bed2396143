/*
 * psephos publish - the results as static files, for a web server or CDN.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/publish/edition.h"
#include "cli/publish/page.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/table.h"
#include "cli/say/when.h"
#include "cli/show/rest.h"

enum {
    OPTION_API = 256,
    OPTION_TO,
    OPTION_EVERY,
    OPTION_KEEP,
    OPTION_ONCE,
    OPTION_PAGE,
    OPTION_NO_PAGE
};
enum {
    EVERY_S = 5,
    EVERY_S_MAX = 3600,
    KEEP_S = 3600,
    KEEP_S_MIN = 60,
    KEEP_S_MAX = 366 * 86400,
    ATTEMPTS_MAX = 20 /* of one publication, when versions go under it */
};

struct arguments {
    const char *api, *directory, *to, *page;
    uint64_t every_s, keep_s;
    bool once, no_page, json;
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0, "of a collector, as `psephos up` prints it", 0},
    {"dir", 'd', "DIR", 0, "or the folder of a local cluster", 0},
    {"to", OPTION_TO, "DIR", 0, "the folder that a web server shows; made when it is not there", 0},
    {"every", OPTION_EVERY, "S", 0, "look for a newer version every S seconds (default 5)", 0},
    {"keep", OPTION_KEEP, "S", 0,
     "remove what no version has needed for S seconds (default 3600, at least 60)", 0},
    {"once", OPTION_ONCE, NULL, 0, "publish the newest version and end", 0},
    {"page", OPTION_PAGE, "DIR", 0,
     "folder of the page's files (default: page/ or share/psephos/page beside the program's "
     "folder)",
     0},
    {"no-page", OPTION_NO_PAGE, NULL, 0, "JSON and CSV only", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static uint64_t seconds(struct argp_state *state, const char *option, const char *value,
                        uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 10);
    if (errno || *end || end == value || *value == '-' || number < least || number > most)
        argp_error(state, "%s: seconds, from %" PRIu64 " to %" PRIu64 ", not \"%s\"", option, least,
                   most, value);
    return number;
}

static error_t end_of_options(const struct arguments *arguments, struct argp_state *state)
{
    if (!arguments->api == !arguments->directory)
        argp_error(state, "either --api URL or --dir DIR");
    if (!arguments->to || !*arguments->to)
        argp_error(state, "--to DIR: the folder to publish in");
    if (arguments->page && arguments->no_page)
        argp_error(state, "either --page DIR or --no-page");
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'd':
        arguments->directory = value;
        return 0;
    case OPTION_API:
        arguments->api = value;
        return 0;
    case OPTION_TO:
        arguments->to = value;
        return 0;
    case OPTION_EVERY:
        arguments->every_s = seconds(state, "--every", value, 1, EVERY_S_MAX);
        return 0;
    case OPTION_KEEP:
        arguments->keep_s = seconds(state, "--keep", value, KEEP_S_MIN, KEEP_S_MAX);
        return 0;
    case OPTION_ONCE:
        arguments->once = true;
        return 0;
    case OPTION_PAGE:
        arguments->page = value;
        return 0;
    case OPTION_NO_PAGE:
        arguments->no_page = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_END:
        return end_of_options(arguments, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- until we are told to end ---- */

static volatile sig_atomic_t ended;

static void end(int number)
{
    (void)number;
    ended = 1;
}

static void listen_for_end(void)
{
    const struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* ---- what is said ---- */

struct publishing {
    const struct arguments *arguments;
    struct psp_source *source;
    struct psp_site *site;
    struct psp_edition *edition;
    char said[PSP_REASON_TEXT_BYTES]; /* the last trouble, which is not repeated */
};

static void say_published(const struct publishing *now, bool published, uint64_t requests,
                          uint64_t ms)
{
    const struct psp_site_counts counts = psp_site_counts(now->site);
    const json_t *latest = psp_site_latest(now->site);
    const char *as_of = json_string_value(json_object_get(latest, "as_of"));
    if (now->arguments->json) {
        json_t *line = json_pack(
            "{s:b, s:O?, s:O?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "published", published,
            "version", json_object_get(latest, "version"), "as_of",
            json_object_get(latest, "as_of"), "files", (json_int_t)counts.files, "bytes",
            (json_int_t)counts.bytes, "written", (json_int_t)counts.written, "bytes_written",
            (json_int_t)counts.bytes_written, "linked", (json_int_t)counts.linked, "removed",
            (json_int_t)counts.removed, "requests", (json_int_t)requests, "ms", (json_int_t)ms);
        json_dumpf(line, stdout, now->arguments->once ? JSON_INDENT(2) : JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else if (published) {
        char when[PSP_WHEN_BYTES], written[PSP_COUNT_TEXT_BYTES], files[PSP_COUNT_TEXT_BYTES];
        char bytes[PSP_COUNT_TEXT_BYTES], removed[PSP_COUNT_TEXT_BYTES];
        printf("published %s: %s of %s files are new (%s bytes), %s old ones removed, %.1f s\n",
               as_of ? psp_when_text(as_of, when) : "before the first ballot",
               psp_count_text(counts.written, written), psp_count_text(counts.files, files),
               psp_count_text(counts.bytes_written, bytes), psp_count_text(counts.removed, removed),
               (double)ms / 1000);
    } else {
        puts("nothing new since what is published");
    }
    fflush(stdout);
}

/* Once, until it is another. */
static void say_trouble(struct publishing *now, const struct psp_reason *reason,
                        enum psp_status status)
{
    const char *text = psp_reason_text(reason, status);
    if (!strcmp(now->said, text))
        return;
    snprintf(now->said, sizeof now->said, "%s", text);
    fprintf(stderr, "psephos publish: %s%s\n", text,
            now->arguments->once || status == PSP_EMISMATCH ? "" : "; trying on");
}

/* ---- the work ---- */

/* A version that goes while it is read is no trouble: the next one is taken at once. */
static enum psp_status publish_newest(struct publishing *now, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_EAGAIN;
    for (int i = 0; i < ATTEMPTS_MAX && status == PSP_EAGAIN && !ended; i++) {
        if (i) {
            const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
            nanosleep(&pause, NULL);
        }
        status = psp_edition_publish(now->edition, reterr_reason);
    }
    return status;
}

static enum psp_status round_of(struct publishing *now)
{
    struct psp_reason reason = {0}, second = {0};
    const uint64_t start_ms = psp_clock_ms(), asked = psp_source_requests(now->source);
    enum psp_status status = publish_newest(now, &reason);
    if (status == PSP_OK)
        psp_site_sweep(now->site, now->arguments->keep_s);
    if (status == PSP_OK || (status == PSP_STALE && now->arguments->once))
        say_published(now, status == PSP_OK, psp_source_requests(now->source) - asked,
                      psp_clock_ms() - start_ms);
    if (status == PSP_OK || status == PSP_STALE) {
        now->said[0] = '\0';
        status = psp_edition_confirm(now->edition, false, &reason);
    } else if (!ended) {
        if (status != PSP_EAGAIN && status != PSP_EMISMATCH &&
            psp_edition_confirm(now->edition, true, &second) == PSP_OK)
            psp_source_forget(now->source);
        say_trouble(now, &reason, status);
        return status;
    }
    if (status != PSP_OK)
        say_trouble(now, &reason, status);
    return status;
}

static int exit_of(enum psp_status status)
{
    return status == PSP_OK || status == PSP_STALE ? PSP_EXIT_DONE
           : status == PSP_EUNREACHABLE            ? PSP_EXIT_UNREACHABLE
                                                   : PSP_EXIT_NO;
}

static int run(struct publishing *now)
{
    for (;;) {
        const uint64_t start_ms = psp_clock_ms();
        const enum psp_status status = round_of(now);
        if (now->arguments->once || status == PSP_EMISMATCH)
            return exit_of(status);
        while (!ended && psp_clock_ms() < start_ms + now->arguments->every_s * 1000) {
            const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
            nanosleep(&pause, NULL);
        }
        if (ended)
            return PSP_EXIT_DONE;
    }
}

/* The page, unless it is not wanted. */
static enum psp_status put_page(const struct arguments *arguments, struct psp_site *site,
                                struct psp_reason *reterr_reason)
{
    if (arguments->no_page)
        return PSP_OK;
    char *found = arguments->page ? NULL : psp_publish_page_find();
    const char *folder = arguments->page ? arguments->page : found;
    enum psp_status status = folder ? psp_publish_page(site, folder, reterr_reason) : PSP_ENOENT;
    if (!folder)
        psp_reason_set(reterr_reason, "no page is installed here: name its folder with --page "
                                      "DIR, or publish JSON and CSV alone with --no-page");
    free(found);
    return status;
}

/* No folder is made for what cannot be published into it. */
static int ask_first(struct publishing *now)
{
    json_t *election = NULL;
    const enum psp_status status = psp_source_begin(now->source, &election);
    struct psp_reason reason = {0};
    json_decref(election);
    psp_source_forget(now->source);
    if (status != PSP_EUNREACHABLE)
        return PSP_EXIT_DONE;
    psp_reason_set(&reason, "%s", psp_source_error(now->source));
    say_trouble(now, &reason, status);
    return exit_of(status);
}

static int publish(const struct arguments *arguments, struct psp_source *source)
{
    struct publishing now = {.arguments = arguments, .source = source};
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (arguments->once && access(arguments->to, F_OK) != 0) {
        code = ask_first(&now);
        if (code != PSP_EXIT_DONE)
            return code;
        code = PSP_EXIT_NO;
    }
    if (psp_site_open(arguments->to, &now.site, &reason) != PSP_OK ||
        put_page(arguments, now.site, &reason) != PSP_OK) {
        psp_fault_say("psephos publish", &reason);
    } else {
        now.edition = psp_edition_create(source, now.site, arguments->every_s);
        code = run(&now);
    }
    psp_edition_destroy(&now.edition);
    psp_site_close(&now.site);
    return code;
}

int psp_cmd_publish(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Publishes the results as static files: each version as JSON and CSV that never change, a "
        "small latest.json that leads to the newest, latest/CONTEST.csv, and the page that shows "
        "them. Goes on until it is stopped; any web server or CDN in front of DIR serves any "
        "number of readers." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.every_s = EVERY_S, .keep_s = KEEP_S};
    struct psp_rest *rest = NULL;
    struct psp_source *source = NULL;
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (!psp_rest_open(argv[0], arguments.api, arguments.directory, &rest))
        return PSP_EXIT_NO;
    listen_for_end();
    if (psp_source_create(psp_rest_address(rest), &source) == PSP_OK)
        code = publish(&arguments, source);
    psp_source_destroy(&source);
    psp_rest_destroy(&rest);
    return code;
}
