/* Where ballots come from: returns with extra ballots, lines of JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "cli/cast/lines/lines.h"
#include "cli/cast/returns_source.h"
#include "client/line/ballot_line.h"
#include "election/ballot_id.h"
#include "election/digest.h"
#include "tests/unit/fixture/cli.h"

enum { SENT_MAX = 256, EAGER = 1, LATE = 0 };

/* A shard in miniature: by the design's own words, not by the shard's code. */
struct sent {
    char voter[64];
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    uint8_t first; /* disposition */
};
struct counter {
    struct sent sent[SENT_MAX];
    size_t n;
    struct psp_cast_tally tally;
};

static uint8_t judge(struct counter *counter, const struct psp_ballot *ballot)
{
    bool voted = false;
    for (size_t i = 0; i < counter->n; i++) {
        const struct sent *earlier = &counter->sent[i];
        if (strlen(earlier->voter) != ballot->voter_id_bytes ||
            memcmp(earlier->voter, ballot->voter_id, ballot->voter_id_bytes) != 0)
            continue;
        if (!memcmp(earlier->ballot_id, ballot->ballot_id, PSP_BALLOT_ID_BYTES))
            return psp_verdict_replayed((enum psp_disposition)earlier->first);
        voted = voted || earlier->first == PSP_COUNTED;
    }
    assert_true(counter->n < SENT_MAX);
    struct sent *now = &counter->sent[counter->n++];
    memcpy(now->voter, ballot->voter_id, ballot->voter_id_bytes);
    now->voter[ballot->voter_id_bytes] = '\0';
    memcpy(now->ballot_id, ballot->ballot_id, PSP_BALLOT_ID_BYTES);
    now->first = ballot->voter_id[0] == 'x' ? PSP_NOT_ELIGIBLE
                 : voted                    ? PSP_DOUBLE_VOTE
                                            : PSP_COUNTED;
    return now->first;
}

static void deliver(const struct psp_cast_source *source, struct counter *counter,
                    const struct psp_receipt *receipt)
{
    psp_cast_tally_add(&counter->tally, receipt, source->receipt(source->context, receipt));
}

/* Runs a source to its end; receipts come at once, or after the next ballot
 * was asked for. */
static void run(struct psp_cast_source source, struct counter *counter, int eager)
{
    struct psp_receipt waiting = {0};
    bool waits = false;
    for (;;) {
        struct psp_ballot ballot;
        const enum psp_status status = source.next(source.context, &ballot);
        if (waits)
            deliver(&source, counter, &waiting);
        waits = false;
        if (status == PSP_ENOENT)
            return;
        if (status == PSP_EBUSY)
            continue;
        assert_int_equal(status, PSP_OK);
        waiting = (struct psp_receipt){.cookie = ballot.cookie, .verdict = judge(counter, &ballot)};
        waits = !eager;
        if (eager)
            deliver(&source, counter, &waiting);
    }
}

struct world {
    struct psp_returns *returns;
    struct psp_definition *definition;
    struct psp_deal *deal;
    struct psp_electorate *electorate;
    uint8_t secret[PSP_BALLOT_SECRET_BYTES];
};

static int set_up(void **state)
{
    static struct world world;
    struct psp_reason reason = {0};
    world.returns = fixture_returns();
    world.definition = fixture_definition(world.returns);
    assert_int_equal(psp_deal_create(world.definition, world.returns, 5, &world.deal, &reason),
                     PSP_OK);
    world.electorate = psp_electorate_create(5);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    psp_electorate_destroy(&world->electorate);
    psp_deal_destroy(&world->deal);
    psp_definition_destroy(&world->definition);
    psp_returns_destroy(&world->returns);
    return 0;
}

static struct psp_returns_source *source_of(const struct world *world)
{
    return psp_returns_source_create(
        &(struct psp_returns_source_options){.definition = world->definition,
                                             .deal = world->deal,
                                             .electorate = world->electorate,
                                             .seed = 5,
                                             .secret = world->secret,
                                             .replayed = 0.5,
                                             .double_votes = 0.3,
                                             .strangers = 0.2});
}

static void extra_ballots_get_the_verdicts_they_were_made_for(void **state)
{
    for (int eager = LATE; eager <= EAGER; eager++) {
        struct counter counter = {0};
        struct psp_returns_source *source = source_of(*state);
        run(psp_returns_source_view(source), &counter, eager);
        psp_returns_source_destroy(&source);
        assert_int_equal(counter.tally.unintended, 0);
        assert_int_equal(counter.tally.disposed[PSP_COUNTED], FIXTURE_BALLOTS);
        assert_int_equal(counter.tally.disposed[PSP_REPLAYED], 5);
        assert_int_equal(counter.tally.disposed[PSP_DOUBLE_VOTE], 3);
        assert_int_equal(counter.tally.disposed[PSP_NOT_ELIGIBLE], 2);
    }
}

static void cast_again_after_an_interruption_counts_nothing_twice(void **state)
{
    struct counter counter = {0};
    struct psp_returns_source *source = source_of(*state);
    const struct psp_cast_source view = psp_returns_source_view(source);
    for (int i = 0; i < 4; i++) { /* interrupted with four on the way */
        struct psp_ballot ballot;
        assert_int_equal(view.next(view.context, &ballot), PSP_OK);
        judge(&counter, &ballot);
    }
    psp_returns_source_destroy(&source);
    source = source_of(*state);
    run(psp_returns_source_view(source), &counter, EAGER);
    psp_returns_source_destroy(&source);
    size_t counted = 0;
    for (size_t i = 0; i < counter.n; i++)
        counted += counter.sent[i].first == PSP_COUNTED;
    assert_int_equal(counted, FIXTURE_BALLOTS);
    assert_int_equal(counter.tally.unintended, 0);
    assert_int_equal(counter.tally.refused, 0);
    assert_int_equal(counter.tally.disposed[PSP_COUNTED], FIXTURE_BALLOTS - 4);
    assert_int_equal(counter.tally.disposed[PSP_REPLAYED], 4 + 5); /* and the injected ones */
}

/* `refused`, `unintended`: what the source says of the receipt. */
static void assert_meaning(const struct psp_cast_source *view, uint64_t cookie,
                           enum psp_outcome outcome, uint8_t verdict, bool refused, bool unintended)
{
    const struct psp_receipt receipt = {.cookie = cookie, .outcome = outcome, .verdict = verdict};
    const struct psp_cast_meaning meaning = view->receipt(view->context, &receipt);
    assert_int_equal(meaning.refused, refused);
    assert_int_equal(meaning.unintended, unintended);
}

static void a_dealt_ballot_is_refused_and_an_extra_one_is_unintended(void **state)
{
    struct psp_returns_source *source = source_of(*state);
    const struct psp_cast_source view = psp_returns_source_view(source);
    struct psp_ballot ballot;
    uint64_t dealt[FIXTURE_BALLOTS];
    for (int i = 0; i < FIXTURE_BALLOTS; i++) {
        assert_int_equal(view.next(view.context, &ballot), PSP_OK);
        dealt[i] = ballot.cookie;
    }
    assert_meaning(&view, dealt[0], PSP_OUTCOME_VERDICT, PSP_CLOSED, true, false);
    assert_meaning(&view, dealt[1], PSP_OUTCOME_NOT_ALLOWED, 0, true, false);
    assert_meaning(&view, dealt[2], PSP_OUTCOME_VERDICT, 0x32, true, false);
    assert_int_equal(view.next(view.context, &ballot), PSP_EBUSY); /* nothing follows these */
    for (int i = 3; i < FIXTURE_BALLOTS; i++)
        assert_meaning(&view, dealt[i], PSP_OUTCOME_VERDICT, 0x12, false, false);
    int extras = 0;
    for (; view.next(view.context, &ballot) == PSP_OK; extras++) {
        assert_meaning(&view, ballot.cookie, PSP_OUTCOME_VERDICT, PSP_COUNTED, false, true);
        assert_meaning(&view, ballot.cookie, PSP_OUTCOME_NOT_ALLOWED, 0, false, true);
    }
    assert_int_equal(extras, 4 + 3 + 2); /* of numbers 3 to 9: odd ones; 3, 6, 9; 4, 9 */
    psp_returns_source_destroy(&source);
}

static void made_up_voters_are_distinct_and_long_enough(void **state)
{
    (void)state;
    enum { N = 2000 };
    static char ids[N][PSP_VOTER_ID_BYTES_MAX + 1];
    struct psp_electorate *electorate = psp_electorate_create(1);
    for (uint64_t i = 0; i < N; i++) {
        const char *id = NULL;
        assert_true(psp_electorate_voter(electorate, 0, i, i, ids[i], &id) >= 16);
        assert_int_equal(strlen(ids[i]), 20);
        for (uint64_t before = 0; before < i; before++)
            assert_string_not_equal(ids[before], ids[i]);
    }
    psp_electorate_destroy(&electorate);
}

/* ---- lines ---- */

static enum psp_status read_line(const struct world *world, bool votes_topic, const char *text,
                                 struct psp_ballot *ret_ballot)
{
    static struct psp_ballot_line storage;
    struct psp_reason reason = {0};
    const struct psp_ballot_lines form = {
        .definition = world->definition, .secret = world->secret, .votes_topic = votes_topic};
    return psp_ballot_line_read(&form, text, strlen(text), &storage, ret_ballot, &reason);
}

static void a_line_becomes_a_ballot(void **state)
{
    const struct world *world = *state;
    struct psp_ballot ballot;
    assert_int_equal(
        read_line(world, false,
                  "{\"voter_id\": \"v1\", \"ballot_id\": \"00112233-4455-6677-8899-aabbccddeeff\","
                  " \"unit\": \"vt-addison-a\", \"method\": \"all\","
                  " \"cast_at\": \"2020-11-03T09:30:00.25+01:00\","
                  " \"contests\": {\"vt-council-1\": [\"cid\", \"ann\"]}}",
                  &ballot),
        PSP_OK);
    assert_int_equal(ballot.voter_id_bytes, 2);
    assert_memory_equal(ballot.voter_id, "v1", 2);
    const uint8_t id[PSP_BALLOT_ID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                             0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    assert_memory_equal(ballot.ballot_id, id, sizeof id);
    assert_int_equal(ballot.unit, fixture_unit(world->definition, "vt-addison-a"));
    assert_int_equal(ballot.method, 0);
    assert_int_equal(ballot.cast_at_ms, UINT64_C(1604392200250)); /* date -ud @1604392200 */
    const uint8_t marks[] = {1, 1, 2, 0, 2}; /* one contest, number 1, two choices: ann, cid */
    assert_int_equal(ballot.marks_bytes, sizeof marks);
    assert_memory_equal(ballot.marks, marks, sizeof marks);
}

static void a_line_without_ballot_id_is_the_same_ballot_every_time(void **state)
{
    static const char line[] = "{\"voter_id\": \"v1\", \"unit\": \"vt-addison-b\","
                               " \"contests\": {\"president\": [\"republican-donald-trump\"]}}";
    static const char other[] = "{\"voter_id\": \"v1\", \"unit\": \"vt-addison-b\","
                                " \"contests\": {\"president\": [\"democratic-joseph-biden\"]}}";
    struct psp_ballot one, again, another;
    assert_int_equal(read_line(*state, false, line, &one), PSP_OK);
    assert_int_equal(read_line(*state, false, line, &again), PSP_OK);
    assert_int_equal(read_line(*state, false, other, &another), PSP_OK);
    assert_memory_equal(one.ballot_id, again.ballot_id, PSP_BALLOT_ID_BYTES);
    assert_memory_not_equal(one.ballot_id, another.ballot_id, PSP_BALLOT_ID_BYTES);
}

static void another_secret_makes_other_ballots_of_the_same_source(void **state)
{
    static const char line[] = "{\"voter_id\": \"v1\", \"unit\": \"vt-addison-b\","
                               " \"contests\": {\"president\": [\"republican-donald-trump\"]}}";
    struct world here = *(struct world *)*state, there = here;
    there.secret[31] = 1;
    struct psp_ballot line_here, line_there, dealt_here, dealt_there;
    assert_int_equal(read_line(&here, false, line, &line_here), PSP_OK);
    assert_int_equal(read_line(&there, false, line, &line_there), PSP_OK);
    assert_memory_not_equal(line_here.ballot_id, line_there.ballot_id, PSP_BALLOT_ID_BYTES);
    struct psp_returns_source *source_here = source_of(&here), *source_there = source_of(&there);
    const struct psp_cast_source view_here = psp_returns_source_view(source_here);
    const struct psp_cast_source view_there = psp_returns_source_view(source_there);
    for (int i = 0; i < FIXTURE_BALLOTS; i++) {
        assert_int_equal(view_here.next(view_here.context, &dealt_here), PSP_OK);
        assert_int_equal(view_there.next(view_there.context, &dealt_there), PSP_OK);
        assert_memory_equal(dealt_here.voter_id, dealt_there.voter_id, dealt_here.voter_id_bytes);
        assert_memory_not_equal(dealt_here.ballot_id, dealt_there.ballot_id, PSP_BALLOT_ID_BYTES);
    }
    psp_returns_source_destroy(&source_here);
    psp_returns_source_destroy(&source_there);
}

/* As it was before there was a secret: anybody could compute it of a guessed line. */
static void the_id_of_a_line_is_not_what_its_bytes_alone_give(void **state)
{
    static const char line[] = "{\"voter_id\": \"v1\", \"unit\": \"vt-addison-b\","
                               " \"contests\": {\"president\": [\"republican-donald-trump\"]}}";
    static const uint8_t known[PSP_DIGEST_KEY_BYTES] = "psephos line id";
    struct psp_digest_key key;
    uint8_t guessed[PSP_BALLOT_ID_BYTES];
    struct psp_ballot ballot;
    psp_digest_key_init(&key, known);
    psp_digest_voter(&key, (const uint8_t *)line, strlen(line), guessed);
    assert_int_equal(read_line(*state, false, line, &ballot), PSP_OK);
    assert_memory_not_equal(ballot.ballot_id, guessed, PSP_BALLOT_ID_BYTES);
}

static void unknown_names_are_left_for_the_shard_to_judge(void **state)
{
    struct psp_ballot ballot;
    assert_int_equal(read_line(*state, false,
                               "{\"voter_id\": \"v1\", \"unit\": \"nowhere\", \"method\": \"owl\","
                               " \"contests\": {\"king\": []}}",
                               &ballot),
                     PSP_OK);
    assert_int_equal(ballot.unit, PSP_NONE);
    assert_int_equal(ballot.method, 255);
    assert_int_equal(ballot.marks[0], 1); /* the unknown contest is marked, not forgotten */
}

static void lines_that_are_no_ballots_are_refused(void **state)
{
    static const char long_id[] = "{\"voter_id\":\"v\",\"unit\":\"a\",\"contests\":{},"
                                  "\"ballot_id\":\"00112233445566778899aabbccddeeff0\"}";
    static const char *const lines[] = {
        "",
        "[]",
        "{\"voter_id\": \"v1\"",
        "{\"unit\": \"vt-addison-a\", \"contests\": {}}",
        "{\"voter_id\": \"\", \"unit\": \"vt-addison-a\", \"contests\": {}}",
        "{\"voter_id\": \"v\", \"contests\": {}}",
        "{\"voter_id\": \"v\", \"unit\": \"vt-addison-a\"}",
        "{\"voter_id\": \"v\", \"unit\": \"vt-addison-a\", \"contests\": {\"president\": \"x\"}}",
        "{\"voter_id\": \"v\", \"unit\": \"vt-addison-a\", \"contests\": {\"president\": [1]}}",
        "{\"voter_id\": \"v\", \"unit\": \"vt-addison-a\", \"contests\": {}, \"contests\": {}}",
        "{\"voter_id\":\"v\",\"unit\":\"a\",\"contests\":{},\"ballot_id\":\"0011\"}",
        long_id,
        "{\"voter_id\":\"v\",\"unit\":\"a\",\"contests\":{},\"cast_at\":\"yesterday\"}",
        "{\"voter_id\": \"\xff\xfe\", \"unit\": \"vt-addison-a\", \"contests\": {}}",
        "{\"voter_id\": \"v\", \"unit\": \"vt-addison-a\", \"contests\": {}, \"style\": 1}",
    };
    struct psp_ballot ballot;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (read_line(*state, false, lines[i], &ballot) != PSP_EINVAL)
            fail_msg("taken: %s", lines[i]);
    }
}

static void a_vote_of_the_kafka_demos_becomes_a_ballot(void **state)
{
    const struct world *world = *state;
    struct psp_ballot ballot;
    assert_int_equal(
        read_line(world, true,
                  "{\"voter_id\": \"6f1f\", \"voter_name\": \"Zoe\", \"address\": {\"street\":"
                  " \"1 Way\", \"state\": \"b\"}, \"candidate_id\": \"president-donald-trump\","
                  " \"voting_time\": \"2020-11-03 09:30:00\", \"vote\": 1}",
                  &ballot),
        PSP_OK);
    assert_int_equal(ballot.unit, fixture_unit(world->definition, "vt-addison-b"));
    assert_int_equal(ballot.cast_at_ms, UINT64_C(1604395800000));
    const uint8_t marks[] = {1, 0, 1, 2}; /* president: its third choice */
    assert_int_equal(ballot.marks_bytes, sizeof marks);
    assert_memory_equal(ballot.marks, marks, sizeof marks);
}

static void a_pipe_with_nothing_new_does_not_hold_the_reader_up(void **state)
{
    (void)state;
    int ends[2];
    struct psp_lines *lines = NULL;
    char path[32];
    const char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    assert_int_equal(psp_lines_open(path, &lines), PSP_OK);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_EAGAIN);
    assert_int_equal(write(ends[1], "one\r\ntw", 7), 7);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_OK);
    assert_string_equal(text, "one");
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_EAGAIN);
    assert_int_equal(write(ends[1], "o", 1), 1);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_OK);
    assert_string_equal(text, "two");
    assert_int_equal(bytes, 3);
    assert_int_equal(psp_lines_number(lines), 2);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_ENOENT);
    psp_lines_close(&lines);
    close(ends[0]);
}

static void a_line_that_is_too_long_is_skipped_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/psephos-lines-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *out = fdopen(file, "w");
    for (int i = 0; i < PSP_LINE_BYTES_MAX + 10; i++)
        fputc('x', out);
    fputs("\nnext\n", out);
    fclose(out);
    struct psp_lines *lines = NULL;
    const char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_lines_open(path, &lines), PSP_OK);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_EINVAL);
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_OK);
    assert_string_equal(text, "next");
    assert_int_equal(psp_lines_next(lines, &text, &bytes), PSP_ENOENT);
    psp_lines_close(&lines);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extra_ballots_get_the_verdicts_they_were_made_for),
        cmocka_unit_test(cast_again_after_an_interruption_counts_nothing_twice),
        cmocka_unit_test(a_dealt_ballot_is_refused_and_an_extra_one_is_unintended),
        cmocka_unit_test(made_up_voters_are_distinct_and_long_enough),
        cmocka_unit_test(a_line_becomes_a_ballot),
        cmocka_unit_test(a_line_without_ballot_id_is_the_same_ballot_every_time),
        cmocka_unit_test(another_secret_makes_other_ballots_of_the_same_source),
        cmocka_unit_test(the_id_of_a_line_is_not_what_its_bytes_alone_give),
        cmocka_unit_test(unknown_names_are_left_for_the_shard_to_judge),
        cmocka_unit_test(lines_that_are_no_ballots_are_refused),
        cmocka_unit_test(a_vote_of_the_kafka_demos_becomes_a_ballot),
        cmocka_unit_test(a_pipe_with_nothing_new_does_not_hold_the_reader_up),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
