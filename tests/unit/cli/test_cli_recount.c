/* A recount agrees with what was counted, and sees what was not. */
#include "tests/unit/fixture/reports.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "cli/audit/recount_shard.h"
#include "election/roll/file.h"
#include "journal/journal.h"

enum { SHARD = 1 };

/* A shard's journal, and what its leader would say at the end of it. */
struct world {
    char folder[64];
    struct psp_cluster_shard shard;
    struct psp_cluster cluster;
    struct psp_local local;
    struct psp_definition *definition;
    struct psp_journal *log;
    struct psp_count *live;
    uint8_t rows[1024], reports[128], leaf_ballots[64], held_hash[PSP_HASH_BYTES];
    uint8_t report[64]; /* the last one */
    struct psp_partial partial;
    struct psp_recount_live said;
};

static void record(struct world *world, struct psp_entry *entry)
{
    static uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    struct psp_buffer buffer = {0};
    const char *text = NULL;
    assert_int_equal(apply_entry(world->live, entry, verdicts, &text), PSP_APPLIED);
    assert_int_equal(psp_entry_encode(entry, &buffer), PSP_OK);
    const struct psp_record one = {.index = psp_count_index(world->live),
                                   .term = 1,
                                   .type = PSP_RECORD_COMMAND,
                                   .payload = buffer.data,
                                   .payload_bytes = (uint32_t)buffer.length};
    assert_int_equal(psp_journal_append(world->log, &one, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(world->log), PSP_OK);
    psp_buffer_free(&buffer);
}

static void count_an_election(struct world *world)
{
    struct psp_entry genesis = {.type = PSP_ENTRY_GENESIS, .genesis = fixture_genesis(false)};
    struct psp_entry open = {.type = PSP_ENTRY_OPEN};
    struct psp_entry close = {.type = PSP_ENTRY_CLOSE, .close_at_ms = UINT32_MAX}; /* not yet */
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, BLANK);
    add(&batch, 1, 11, P1, BOOTH, BOB); /* a second vote */
    add(&batch, 3, 30, P2, BOOTH, BOB); /* not on this ballot */
    struct psp_entry ballots = batch_entry(&batch, false);
    record(world, &genesis);
    record(world, &open);
    record(world, &ballots);
    record(world, &close);
}

static void record_ann(struct world *world, uint32_t first_voter, uint32_t n)
{
    struct batch batch = {0};
    for (uint32_t voter = first_voter; voter < first_voter + n; voter++)
        add(&batch, voter, voter, P1, BOOTH, ANN);
    struct psp_entry ballots = batch_entry(&batch, false);
    record(world, &ballots);
}

static void record_report(struct world *world, uint64_t number, struct psp_bytes leaves,
                          enum psp_report_final final)
{
    struct psp_entry report = {.type = PSP_ENTRY_REPORT, .report = {number, leaves, final, false}};
    record(world, &report);
}

/* Published by reports: p1 reported with 7 ballots, 16 more are held there; p2 has none, and
 * was reported once more. */
static void count_by_reports(struct world *world)
{
    struct psp_entry genesis = {.type = PSP_ENTRY_GENESIS,
                                .genesis = reports_genesis(PSP_PUBLICATION_IMMEDIATE)};
    struct psp_entry open = {.type = PSP_ENTRY_OPEN};
    record(world, &genesis);
    record(world, &open);
    record_ann(world, 1, 7);
    record_report(world, 1, LEAF_1_AND_2, PSP_FINAL_NO);
    record_ann(world, 20, 16);
    record_report(world, 2, LEAF_2, PSP_FINAL_YES);
}

/* What a leader sends to one who has nothing yet. */
static void tell(struct world *world)
{
    const struct psp_count *live = world->live;
    const struct psp_totals *reported = psp_count_reported(live);
    const struct psp_totals *totals = reported ? reported : psp_count_totals(live);
    const size_t bytes = psp_totals_encode_since(totals, 0, world->rows, sizeof world->rows);
    assert_true(bytes <= sizeof world->rows);
    world->partial = (struct psp_partial){
        .shard = SHARD,
        .index = psp_count_index(world->live),
        .election_state = PSP_ELECTION_OPEN,
        .rows = {world->rows, bytes},
        .books = *psp_count_books(world->live),
        .reports = {world->reports, psp_count_leaf_reports_since(live, 0, world->reports, 128)},
    };
    psp_count_state_hash(live, world->partial.state_hash);
    struct psp_recount_live *said = &world->said;
    const struct psp_bytes report = psp_count_report_bytes(live, &said->report_index);
    assert_true(report.length <= sizeof world->report);
    if (report.length > 0)
        memcpy(world->report, report.data, report.length);
    said->report = (struct psp_bytes){world->report, report.length};
    said->partial = &world->partial;
    if (!reported)
        return;
    psp_count_held_hash(live, world->held_hash);
    world->partial.held_hash = (struct psp_bytes){world->held_hash, PSP_HASH_BYTES};
    world->partial.leaf_ballots = (struct psp_bytes){
        world->leaf_ballots, psp_count_leaf_ballots_since(live, 0, world->leaf_ballots, 64)};
}

static int set_up_world(void **state, void (*count)(struct world *))
{
    struct world *world = calloc(1, sizeof *world);
    struct psp_journal_options options = {.shard = SHARD};
    char path[160];
    struct psp_reason reason = {0};
    snprintf(world->folder, sizeof world->folder, "/tmp/psephos-recount-XXXXXX");
    if (!mkdtemp(world->folder)) {
        free(world);
        return -1;
    }
    snprintf(path, sizeof path, "%s/data", world->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/data/shard-1-0", world->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/data/shard-1-0/log", world->folder);
    mkdir(path, 0700);
    memset(world->cluster.cluster_id, 0xC1, sizeof world->cluster.cluster_id);
    memcpy(options.cluster_id, world->cluster.cluster_id, sizeof options.cluster_id);
    world->shard.shard = SHARD;
    world->cluster.shards = &world->shard;
    world->cluster.shard_count = 1;
    world->local = (struct psp_local){.directory = world->folder, .cluster = &world->cluster};
    world->definition = fixture_definition();
    options.directory = path;
    assert_int_equal(psp_journal_open(&options, &world->log, &reason), PSP_OK);
    world->live = fixture_count(world->definition, NULL, PSP_REFUSED_MAX);
    count(world);
    tell(world);
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_world(state, count_an_election);
}

static int set_up_reports(void **state)
{
    return set_up_world(state, count_by_reports);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    char command[128];
    psp_journal_close(&world->log);
    psp_count_destroy(&world->live);
    psp_definition_destroy(&world->definition);
    snprintf(command, sizeof command, "rm -rf %s", world->folder);
    free(world);
    return system(command);
}

static struct psp_recount_result recount(const struct world *world)
{
    struct psp_recount_result result = {0};
    struct psp_reason reason = {0};
    if (psp_recount_compare(&world->local, world->definition, SHARD, &world->said, &result,
                            &reason) != PSP_OK)
        fail_msg("%s", reason.text);
    return result;
}

/* promise 4. While the shard goes on writing its log: no lock stands in the way. */
static void the_journal_gives_the_live_totals(void **state)
{
    const struct psp_recount_result result = recount(*state);
    assert_int_equal(result.index, 4);
    assert_int_equal(result.ballots, 2);
    assert_true(result.books_agree && result.totals_agree && result.units_agree);
    assert_true(result.hash_agrees && result.balanced);
    assert_string_equal(result.first_difference, "");
}

static void one_vote_more_in_the_live_totals_is_seen(void **state)
{
    struct world *world = *state;
    world->rows[3]++; /* the first row's second cell: varint gap, revision, ballots, ann */
    const struct psp_recount_result result = recount(world);
    assert_false(result.totals_agree);
    assert_int_equal(result.rows_differing, 1);
    assert_string_equal(result.first_difference, "unit p1, cell 1: live 2, recounted 1");
    assert_true(result.books_agree && result.hash_agrees);
}

static void one_ballot_more_in_the_live_books_is_seen(void **state)
{
    struct world *world = *state;
    world->partial.books.disposed[PSP_DOUBLE_VOTE]++;
    const struct psp_recount_result result = recount(world);
    assert_false(result.books_agree);
    assert_string_equal(result.first_difference, "double_vote: live 2, recounted 1");
    assert_true(result.totals_agree);
}

static void every_counter_of_the_live_books_is_compared(void **state)
{
    struct world *world = *state;
    const struct psp_books before = world->partial.books;
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++) {
        psp_books_set(&world->partial.books, i, psp_books_get(&before, i) + 1);
        const struct psp_recount_result result = recount(world);
        assert_false(result.books_agree);
        assert_memory_equal(result.first_difference, psp_books_name(i), strlen(psp_books_name(i)));
        world->partial.books = before;
    }
}

static void another_state_of_the_election_is_seen(void **state)
{
    struct world *world = *state;
    world->partial.election_state = PSP_ELECTION_CLOSED;
    const struct psp_recount_result result = recount(world);
    assert_false(result.hash_agrees);
    assert_string_equal(result.first_difference, "the state of the election");
}

/* A whole roll, of other voters than cluster.json names. */
static void another_roll_is_no_recount(void **state)
{
    struct world *world = *state;
    uint8_t digests[PSP_DIGEST_BYTES] = {0x40}, units[4] = {P1};
    struct psp_roll_file file = {.n = 1, .digests = digests, .units = units};
    struct psp_recount_result result = {0};
    struct psp_reason reason = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/roll", world->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/roll/shard-1.roll", world->folder);
    assert_int_equal(psp_roll_file_store(path, &file), PSP_OK);
    memcpy(world->shard.roll_hash, file.hash, sizeof file.hash);
    world->shard.roll_hash[PSP_HASH_BYTES - 1] ^= 1;
    assert_int_equal(psp_recount_compare(&world->local, world->definition, SHARD, &world->said,
                                         &result, &reason),
                     PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "shard-1.roll"));
}

static void another_history_with_the_same_totals_is_seen(void **state)
{
    struct world *world = *state;
    world->partial.state_hash[3] ^= 1;
    const struct psp_recount_result result = recount(world);
    assert_true(result.books_agree && result.totals_agree);
    assert_false(result.hash_agrees);
    assert_string_equal(result.first_difference, "the state hash");
}

static void a_journal_that_ends_too_early_is_no_recount(void **state)
{
    struct world *world = *state;
    struct psp_recount_result result = {0};
    struct psp_reason reason = {0};
    world->partial.index = 5;
    assert_int_equal(psp_recount_compare(&world->local, world->definition, SHARD, &world->said,
                                         &result, &reason),
                     PSP_ENOENT);
    assert_non_null(strstr(reason.text, "indexes 1 to 4"));
}

/* ---- published by reports ---- */

static void what_was_reported_and_the_hash_of_the_rest_agree(void **state)
{
    struct world *world = *state;
    const struct psp_recount_result result = recount(world);
    assert_string_equal(result.first_difference, "");
    assert_int_equal(result.ballots, 23);
    assert_true(result.books_agree && result.totals_agree && result.units_agree);
    assert_true(result.held_agrees && result.hash_agrees && result.balanced);
    assert_int_equal(world->partial.rows.length, 13); /* of one row, as reported: 7 ballots */
    assert_int_equal(world->rows[2], 7);
}

enum { BOOKS, ROWS, UNITS, HELD, HASH, PARTS };

/* This one differs and no other, in these words: of a row never a number. */
static void expect_difference(const struct world *world, int which, const char *text)
{
    const struct psp_recount_result result = recount(world);
    const bool agree[PARTS] = {result.books_agree, result.totals_agree, result.units_agree,
                               result.held_agrees, result.hash_agrees};
    assert_string_equal(result.first_difference, text);
    for (int i = 0; i < PARTS; i++)
        assert_true(agree[i] == (i != which));
}

/* promise 5 */
static void a_changed_row_is_named_without_its_numbers(void **state)
{
    struct world *world = *state;
    world->rows[3]++; /* ann's */
    expect_difference(world, ROWS, "unit p1, cell 1, as reported");
}

/* A shard that tells what is held, as if it were reported. */
static void a_held_row_that_is_told_is_seen_and_not_told_again(void **state)
{
    struct world *world = *state;
    world->partial.rows.length =
        psp_totals_encode_since(psp_count_totals(world->live), 0, world->rows, sizeof world->rows);
    assert_int_equal(world->rows[2], 23);
    expect_difference(world, ROWS, "unit p1, cell 0, as reported");
}

static void one_held_cell_that_differs_is_seen_by_the_hash(void **state)
{
    struct world *world = *state;
    struct psp_totals *totals = (struct psp_totals *)(uintptr_t)psp_count_totals(world->live);
    totals->cells[1]--; /* one vote, from ann to bob, since the report */
    totals->cells[2]++;
    tell(world);
    expect_difference(world, HELD, "held rows, or the ballot that was counted last");
}

static void another_ballot_counted_last_is_seen_by_the_hash(void **state)
{
    struct world *world = *state;
    struct psp_count *other = open_reports(world->definition, PSP_PUBLICATION_IMMEDIATE);
    struct batch batch = {0};
    for (uint32_t voter = 23; voter-- > 0;) /* the same totals, another order */
        add(&batch, voter < 7 ? voter + 1 : voter + 13, voter, P1, BOOTH, ANN);
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    struct psp_entry ballots = batch_entry(&batch, false);
    assert_int_equal(apply_entry(other, &ballots, verdicts, &text), PSP_APPLIED);
    psp_count_held_hash(other, world->held_hash);
    psp_count_destroy(&other);
    expect_difference(world, HELD, "held rows, or the ballot that was counted last");
}

static void a_hash_that_is_not_told_is_a_difference(void **state)
{
    struct world *world = *state;
    world->partial.held_hash.length = 0;
    expect_difference(world, HELD, "held rows, or the ballot that was counted last");
}

static void a_missing_report_is_named(void **state)
{
    struct world *world = *state;
    struct psp_bytes left = world->partial.reports;
    struct psp_leaf_report report;
    uint32_t next = 0, leaf;
    assert_true(psp_leaf_report_next(&left, &next, 2, &leaf, &report));
    const struct psp_bytes all = world->partial.reports;
    world->partial.reports.length -= left.length; /* of p1 only */
    expect_difference(world, UNITS, "unit p2, number of its last report: live 0, recounted 2");
    world->partial.reports.length = 0;
    expect_difference(world, UNITS, "unit p1, number of its last report: live 0, recounted 1");
    world->partial.reports = all;
    world->said.report.length = 0;
    expect_difference(world, UNITS, "number of the last report: live 0, recounted 2");
}

/* Writes the reports of both leaves as they are, but for what `change` makes of p2's. */
static void tell_reports(struct world *world, void (*change)(struct psp_leaf_report *))
{
    size_t length = 0;
    for (uint32_t leaf = 0; leaf < 2; leaf++) {
        struct psp_leaf_report report = *psp_count_leaf_report(world->live, leaf);
        if (leaf == 1)
            change(&report);
        length += psp_leaf_report_put(leaf, leaf, &report, world->reports + length);
    }
    world->partial.reports.length = length;
}

static void is_partial(struct psp_leaf_report *report)
{
    report->final = false;
}

static void is_older(struct psp_leaf_report *report)
{
    report->number = 1;
}

static void is_earlier(struct psp_leaf_report *report)
{
    report->time_ms--;
}

static void is_elsewhere(struct psp_leaf_report *report)
{
    report->index--;
}

static void whatever_a_unit_says_of_its_report_is_compared(void **state)
{
    struct world *world = *state;
    tell_reports(world, is_partial);
    expect_difference(world, UNITS, "unit p2: live partial, recounted final");
    tell_reports(world, is_older);
    expect_difference(world, UNITS, "unit p2, number of its last report: live 1, recounted 2");
    tell_reports(world, is_earlier);
    expect_difference(world, UNITS, "unit p2: when it was last reported");
    tell_reports(world, is_elsewhere);
    expect_difference(world, UNITS, "unit p2: when it was last reported");
    tell(world);
    world->reports[world->partial.reports.length++] = 0;
    expect_difference(world, UNITS, "the reports of units are no list of them");
}

static void another_last_report_of_the_same_number_is_seen(void **state)
{
    struct world *world = *state;
    const struct psp_report other = {2, LEAF_2, PSP_FINAL_NO, false};
    const struct psp_bytes report = world->said.report;
    uint8_t bytes[64];
    world->said.report = (struct psp_bytes){bytes, psp_report_encode(&other, bytes, sizeof bytes)};
    expect_difference(world, UNITS, "the bytes of report 2");
    world->said.report = report;
    world->said.report_index--;
    expect_difference(world, UNITS, "where in the log report 2 stands");
}

static void ballots_by_unit_that_differ_are_seen(void **state)
{
    struct world *world = *state;
    world->leaf_ballots[1]++;
    expect_difference(world, UNITS, "the ballots counted by unit");
}

static void one_ballot_more_in_the_books_is_named_as_ever(void **state)
{
    struct world *world = *state;
    world->partial.books.disposed[PSP_COUNTED]++;
    expect_difference(world, BOOKS, "counted: live 24, recounted 23");
}

static void another_history_is_seen_by_its_hash(void **state)
{
    struct world *world = *state;
    world->partial.state_hash[0] ^= 1;
    expect_difference(world, HASH, "the state hash");
    world->partial.state_hash[0] ^= 1;
    world->partial.election_state = PSP_ELECTION_CLOSED;
    expect_difference(world, HASH, "the state of the election");
}

#define REPORTS(name) cmocka_unit_test_setup_teardown(name, set_up_reports, tear_down)
#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(the_journal_gives_the_live_totals),
        FACT(one_vote_more_in_the_live_totals_is_seen),
        FACT(one_ballot_more_in_the_live_books_is_seen),
        FACT(every_counter_of_the_live_books_is_compared),
        FACT(another_state_of_the_election_is_seen),
        FACT(another_roll_is_no_recount),
        FACT(another_history_with_the_same_totals_is_seen),
        FACT(a_journal_that_ends_too_early_is_no_recount),
        REPORTS(what_was_reported_and_the_hash_of_the_rest_agree),
        REPORTS(a_changed_row_is_named_without_its_numbers),
        REPORTS(a_held_row_that_is_told_is_seen_and_not_told_again),
        REPORTS(one_held_cell_that_differs_is_seen_by_the_hash),
        REPORTS(another_ballot_counted_last_is_seen_by_the_hash),
        REPORTS(a_hash_that_is_not_told_is_a_difference),
        REPORTS(a_missing_report_is_named),
        REPORTS(whatever_a_unit_says_of_its_report_is_compared),
        REPORTS(another_last_report_of_the_same_number_is_seen),
        REPORTS(ballots_by_unit_that_differ_are_seen),
        REPORTS(one_ballot_more_in_the_books_is_named_as_ever),
        REPORTS(another_history_is_seen_by_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
