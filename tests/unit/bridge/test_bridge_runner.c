/* A target, driven by what a server answers over a real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/system/clock.h"
#include "bridge/sink/runner.h"
#include "collector.h"

enum { JOURNAL_BYTES = 4096 };

/* Writes down what it was asked; a commit is what it holds. */
struct notes {
    struct psp_bridge_target target;
    char journal[JOURNAL_BYTES];
    struct psp_bridge_vector held, theirs; /* theirs: what another writes before the failing one */
    enum psp_status opens, commits;        /* what every open answers, and one of the commits */
    uint32_t fails_at;                     /* which of them: 1, 2, … */
    uint32_t begin_fails_at;               /* which begin, likewise */
    uint32_t opened, begun, committed, idled;
    bool was_written; /* the failing one, and no answer came */
};

static void note(struct notes *notes, const char *format, const char *what)
{
    const size_t n = strlen(notes->journal);
    snprintf(notes->journal + n, sizeof notes->journal - n, format, what);
}

static enum psp_status notes_open(void *self, const struct psp_definition *definition,
                                  struct psp_reason *reterr_reason)
{
    struct notes *notes = self;
    (void)definition;
    note(notes, "%s", "open ");
    notes->opened++;
    if (notes->opens != PSP_OK)
        psp_reason_set(reterr_reason, "the database is not there");
    return notes->opens;
}

static enum psp_status notes_holds(void *self, struct psp_bridge_vector *ret_vector,
                                   struct psp_reason *reterr_reason)
{
    const struct notes *notes = self;
    (void)reterr_reason;
    *ret_vector = notes->held;
    return PSP_OK;
}

static enum psp_status notes_begin(void *self, bool whole, struct psp_reason *reterr_reason)
{
    struct notes *notes = self;
    note(notes, "%s", whole ? "whole " : "since ");
    if (++notes->begun != notes->begin_fails_at)
        return PSP_OK;
    psp_reason_set(reterr_reason, "the server was started again");
    return PSP_EUNREACHABLE;
}

static enum psp_status notes_row(void *self, const json_t *line, struct psp_reason *reterr_reason)
{
    (void)reterr_reason;
    note(self, "%s ", json_string_value(json_object_get(line, "unit")));
    return PSP_OK;
}

static enum psp_status notes_commit(void *self, const json_t *end, struct psp_reason *reterr_reason)
{
    struct notes *notes = self;
    const json_t *version = json_object_get(end, "version");
    const bool fails = ++notes->committed == notes->fails_at;
    const enum psp_status status = fails ? notes->commits : PSP_OK;
    note(notes, status == PSP_OK ? "=%s " : "!%s ",
         json_string_value(json_object_get(version, "id")));
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "the connection broke");
    if (fails && notes->theirs.count > 0)
        notes->held = notes->theirs;
    else if (!fails || notes->was_written)
        assert_true(psp_bridge_vector_read(version, &notes->held));
    return status;
}

/* Of a target that has something to do while nothing changes; the second time it is gone. */
static enum psp_status notes_idle(void *self, const json_t *end, struct psp_reason *reterr_reason)
{
    struct notes *notes = self;
    assert_true(json_is_object(json_object_get(end, "version")));
    note(notes, "%s", "idle ");
    if (++notes->idled != 2)
        return PSP_OK;
    psp_reason_set(reterr_reason, "the connection broke");
    return PSP_EUNREACHABLE;
}

static void notes_abandon(void *self)
{
    note(self, "%s", "abandon ");
}

static void notes_close(void *self)
{
    note(self, "%s", "close ");
}

struct hall {
    struct notes notes;
    struct psp_bridge_stop stop;
    struct psp_bridge_stats stats;
    struct collector collector, second;
    struct psp_reason reason;
    uint64_t cpu_us, took_ms;
};

static int make(void **state)
{
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    hall->notes.target = (struct psp_bridge_target){
        .open = notes_open,
        .holds = notes_holds,
        .begin = notes_begin,
        .row = notes_row,
        .commit = notes_commit,
        .abandon = notes_abandon,
        .close = notes_close,
        .self = &hall->notes,
    };
    psp_bridge_stop_start(&hall->stop);
    psp_bridge_stats_start(&hall->stats);
    *state = hall;
    return 0;
}

static int drop(void **state)
{
    struct hall *hall = *state;
    psp_bridge_stats_end(&hall->stats);
    psp_bridge_stop_end(&hall->stop);
    free(hall);
    return 0;
}

/* Until a collector has no step left, or the runner gives up. The second is there when it has
 * steps. */
static enum psp_status run(struct hall *hall, const struct step *steps, size_t n)
{
    struct psp_bridge_feed *feed = NULL;
    const uint32_t api_count = hall->second.n > 0 ? 2 : 1;
    hall->collector = (struct collector){.steps = steps, .n = n, .stop = &hall->stop};
    hall->second.stop = &hall->stop;
    collector_start(&hall->collector);
    if (api_count > 1)
        collector_start(&hall->second);
    const char *const urls[] = {hall->collector.url, hall->second.url};
    assert_int_equal(psp_bridge_feed_create(urls, api_count, &hall->stop, &feed), PSP_OK);
    const struct psp_bridge_runner_options options = {
        .target = &hall->notes.target,
        .feed = feed,
        .api_count = api_count,
        .cluster = CLUSTER,
        .stats = &hall->stats,
        .stop = &hall->stop,
        .seed = 7,
    };
    const uint64_t begun_ms = psp_clock_ms(), cpu_us = psp_clock_cpu_us();
    const enum psp_status status = psp_bridge_runner_run(&options, &hall->reason);
    hall->cpu_us = psp_clock_cpu_us() - cpu_us;
    hall->took_ms = psp_clock_ms() - begun_ms;
    collector_end(&hall->collector);
    if (api_count > 1)
        collector_end(&hall->second);
    psp_bridge_feed_destroy(&feed);
    assert_string_equal(hall->collector.wrong, "");
    assert_string_equal(hall->second.wrong, "");
    return status;
}

#define RUN(hall, steps) run(hall, steps, sizeof(steps) / sizeof *(steps))

static void everything_then_what_changes(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"/api/v1/changes?wait=0 ", 200, ROW("a") ROW("b") END("v1", 1, 5)},
        {"/api/v1/changes?wait=30&since=v1.0 ", 200, END("v1", 1, 5)},
        {"&since=v1.0 ", 200, ROW("b") END("v2", 1, 6)},
        {"&since=v2.0 ", 200, END("v3", 1, 7)},
    };
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal, "open whole a b =v1 since b =v2 since =v3 close ");
    assert_int_equal(psp_bridge_stat(&hall->stats.written_rows), 3);
    assert_int_equal(psp_bridge_stat(&hall->stats.written_versions), 3);
    assert_int_equal(psp_bridge_stat(&hall->stats.wholes), 1);
}

static void who_has_something_to_do_is_told_that_nothing_changes(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"/api/v1/changes?wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"/api/v1/changes?wait=10&since=v1.0 ", 200, END("v1", 1, 5)},
        {"&since=v1.0 ", 200, END("v1", 1, 5)},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v1", 1, 5) "}"}, /* how far behind */
        {"&since=v1.0 ", 200, ROW("b") END("v2", 1, 6)}, /* not all of it: it holds v1 */
    };
    hall->notes.target.idle = notes_idle;
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal,
                        "open whole a =v1 idle idle close open since b =v2 close ");
}

static void what_was_cut_short_is_not_written(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") ROW("b")},
        {"wait=0 ", 200, ROW("a") "{\"kind\":\"turnout\",\"un"},
        {"wait=0 ", 200, ""},
        {"wait=0 ", 200, ROW("a") "{\"kind\":}\n" END("v1", 1, 5)},
        {"wait=0 ", 200, ROW("a") END("v1", 1, 5)},
    };
    assert_int_equal(RUN(hall, steps), PSP_OK);
    /* That one line is no JSON is seen only when it is handed on. */
    assert_string_equal(hall->notes.journal, "open whole a abandon whole a =v1 close ");
    assert_true(psp_bridge_stat(&hall->stats.errors) >= 4);
}

static void a_version_that_is_gone_is_asked_for_whole(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") END("v1", 1, 50)},
        {"since=v1.0 ", 410, "{\"detail\":\"not given by this process\"}"},
        {"wait=0 ", 200, ROW("c") END("w1", 2, 3)}, /* restored: fewer entries, a higher epoch */
    };
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal, "open whole a =v1 whole c =w1 close ");
}

static void what_is_older_waits_and_only_its_version_is_looked_at(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"/changes?wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 8) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v3", 1, 9) "}"},
        {"/changes?wait=0 ", 200, ROW("a") END("v3", 1, 9)},
    };
    hall->notes.held = (struct psp_bridge_vector){
        .cluster = CLUSTER, .count = 1, .places = {{.shard = 0, .epoch = 1, .index = 9}}};
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal, "open whole a =v3 close ");
}

static void the_next_collector_is_asked_and_the_first_one_again(void **state)
{
    struct hall *hall = *state;
    static const struct step first[] = {
        {"wait=0 ", 503, "{\"detail\":\"nothing is published yet\"}"},
        {"wait=0 ", 200, ROW("a") END("w1", 1, 4)}, /* what is older than was written */
    };
    static const struct step second[] = {
        {"wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"since=v1.0 ", 200, ROW("a")}, /* cut short */
        {"since=v1.0 ", 200, ROW("b") END("v2", 1, 6)},
    };
    hall->second = (struct collector){.steps = second, .n = 3};
    assert_int_equal(RUN(hall, first), PSP_OK);
    assert_string_equal(hall->notes.journal, "open whole a =v1 since b =v2 close ");
}

static void a_commit_without_an_answer_is_made_good(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"since=v1.0 ", 200, ROW("a") END("v2", 1, 6)},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 8) "}"}, /* how far behind */
        {"wait=0 ", 200, ROW("a") END("v2", 1, 8)},
    };
    hall->notes.commits = PSP_EUNREACHABLE;
    hall->notes.fails_at = 2;
    hall->notes.was_written = true;
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal,
                        "open whole a =v1 since a !v2 close open whole a =v2 close ");
    assert_int_equal(psp_bridge_stat(&hall->stats.retries), 1);
}

static void what_was_never_written_is_asked_for_again_and_no_more(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") ROW("b") END("v1", 1, 5)},
        {"since=v1.0 ", 200, ROW("a") END("v2", 1, 6)},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 8) "}"},
        {"since=v1.0 ", 200, ROW("a") END("v2", 1, 8)},
    };
    hall->notes.begin_fails_at = 2;
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal,
                        "open whole a b =v1 since abandon close open since a =v2 close ");
}

static void who_wrote_what_is_newer_is_asked_what_it_holds(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"since=v1.0 ", 200, ROW("a") END("v2", 1, 6)},
        {"since=v2.0 ", 200, ROW("b") END("v3", 1, 7)}, /* older than theirs */
        {"since=v2.0 ", 200, ROW("b") END("v4", 1, 9)},
    };
    hall->notes.commits = PSP_EBUSY;
    hall->notes.fails_at = 2;
    hall->notes.theirs = (struct psp_bridge_vector){
        .cluster = CLUSTER, .count = 1, .places = {{.shard = 0, .epoch = 1, .index = 8}}};
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal, "open whole a =v1 since a !v2 since b =v4 close ");
}

static void another_clusters_results_are_not_written_over(void **state)
{
    struct hall *hall = *state;
    hall->notes.held = (struct psp_bridge_vector){
        .cluster = "17e9e61d11b8a2c55102241df7e47c23", .count = 1, .places = {{.epoch = 1}}};
    strcpy(hall->notes.target.to_empty, "DROP SCHEMA \"psephos\" CASCADE;");
    assert_int_equal(run(hall, NULL, 0), PSP_EMISMATCH);
    assert_non_null(strstr(hall->reason.text, "17e9e61d11b8a2c55102241df7e47c23"));
    assert_non_null(strstr(hall->reason.text, "empty it: DROP SCHEMA"));
    assert_string_equal(hall->notes.journal, "open close ");
}

static void a_collector_of_another_cluster_is_named(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") END_OF("17e9e61d11b8a2c55102241df7e47c23", "v1", 1, 5)},
        {"wait=0 ", 200, ROW("a") END_OF("17e9e61d11b8a2c55102241df7e47c23", "v1", 1, 5)},
    };
    assert_int_equal(RUN(hall, steps), PSP_OK);
    assert_string_equal(hall->notes.journal, "open close ");
    assert_true(psp_bridge_stat(&hall->stats.errors) >= 2);
}

static void what_the_target_refuses_for_good_ends_it(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {{"wait=0 ", 200, ROW("a") END("v1", 1, 5)}};
    hall->notes.commits = PSP_EPERM;
    hall->notes.fails_at = 1;
    assert_int_equal(RUN(hall, steps), PSP_EPERM);
    assert_string_equal(hall->reason.text, "the connection broke");
    assert_string_equal(hall->notes.journal, "open whole a !v1 close ");
}

static void *ask_later(void *context)
{
    struct psp_bridge_stop *stop = context;
    psp_bridge_stop_wait(stop, 2000);
    psp_bridge_stop_ask(stop);
    return NULL;
}

static void a_target_that_is_away_costs_nothing(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 8) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 8) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
        {"/api/v1/election ", 200, "{" VERSION_OF(CLUSTER, "v2", 1, 9) "}"},
    };
    pthread_t thread;
    hall->notes.opens = PSP_EUNREACHABLE;
    assert_int_equal(pthread_create(&thread, NULL, ask_later, &hall->stop), 0);
    assert_int_equal(RUN(hall, steps), PSP_OK);
    pthread_join(thread, NULL);
    /* 0.1 to 0.2 s, then twice as long: in two seconds six times at most. */
    assert_in_range(hall->notes.opened, 2, 6);
    assert_true(hall->cpu_us < 200000);
    assert_int_equal(psp_bridge_stat(&hall->stats.state), PSP_BRIDGE_NO_TARGET);
    assert_in_range(psp_bridge_stat(&hall->stats.lag_versions), 8, 9);
    char trouble[PSP_BRIDGE_TROUBLE_BYTES];
    psp_bridge_trouble(&hall->stats, trouble, sizeof trouble);
    assert_string_equal(trouble, "the database is not there");
}

static void a_stop_ends_a_question_that_nobody_answers(void **state)
{
    struct hall *hall = *state;
    static const struct step steps[] = {
        {"wait=0 ", 200, ROW("a") END("v1", 1, 5)},
        {"since=v1.0 ", 0, ""},
    };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_later, &hall->stop), 0);
    assert_int_equal(RUN(hall, steps), PSP_OK);
    pthread_join(thread, NULL);
    assert_in_range(hall->took_ms, 1900, 2000 + 1500);
    assert_true(hall->cpu_us < 200000);
    assert_int_equal(psp_bridge_stat(&hall->stats.state), PSP_BRIDGE_FOLLOWING);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        FACT(everything_then_what_changes),
        FACT(who_has_something_to_do_is_told_that_nothing_changes),
        FACT(what_was_cut_short_is_not_written),
        FACT(a_version_that_is_gone_is_asked_for_whole),
        FACT(what_is_older_waits_and_only_its_version_is_looked_at),
        FACT(the_next_collector_is_asked_and_the_first_one_again),
        FACT(a_commit_without_an_answer_is_made_good),
        FACT(what_was_never_written_is_asked_for_again_and_no_more),
        FACT(who_wrote_what_is_newer_is_asked_what_it_holds),
        FACT(another_clusters_results_are_not_written_over),
        FACT(a_collector_of_another_cluster_is_named),
        FACT(what_the_target_refuses_for_good_ends_it),
        FACT(a_target_that_is_away_costs_nothing),
        FACT(a_stop_ends_a_question_that_nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
