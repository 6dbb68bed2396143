/* A recount agrees with what was counted, and sees what was not. */
#include "tests/unit/fixture/count.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "cli/audit/recount_shard.h"
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
    uint8_t rows[1024];
    struct psp_partial partial;
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
    struct psp_entry complete = {.type = PSP_ENTRY_UNIT_COMPLETE, .unit = P2};
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, BLANK);
    add(&batch, 1, 11, P1, BOOTH, BOB); /* a second vote */
    add(&batch, 3, 30, P2, BOOTH, BOB); /* not on this ballot */
    struct psp_entry ballots = batch_entry(&batch, false);
    record(world, &genesis);
    record(world, &open);
    record(world, &ballots);
    record(world, &complete);
}

/* What a leader sends to one who has nothing yet. */
static void tell(struct world *world)
{
    static uint8_t units[4];
    psp_put32(units, P2);
    const struct psp_totals *totals = psp_count_totals(world->live);
    const size_t bytes = psp_totals_encode_since(totals, 0, world->rows, sizeof world->rows);
    assert_true(bytes <= sizeof world->rows);
    world->partial = (struct psp_partial){
        .shard = SHARD,
        .index = psp_count_index(world->live),
        .election_state = PSP_ELECTION_OPEN,
        .rows = {world->rows, bytes},
        .books = *psp_count_books(world->live),
        .units_complete = {units, sizeof units},
    };
    psp_count_state_hash(world->live, world->partial.state_hash);
}

static int set_up(void **state)
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
    count_an_election(world);
    tell(world);
    *state = world;
    return 0;
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
    if (psp_recount_compare(&world->local, world->definition, SHARD, 0, &world->partial, &result,
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

static void another_history_with_the_same_totals_is_seen(void **state)
{
    struct world *world = *state;
    world->partial.state_hash[3] ^= 1;
    const struct psp_recount_result result = recount(world);
    assert_true(result.books_agree && result.totals_agree);
    assert_false(result.hash_agrees);
}

static void a_unit_reported_by_nobody_is_seen(void **state)
{
    struct world *world = *state;
    world->partial.units_complete.length = 0;
    assert_false(recount(world).units_agree);
}

static void a_journal_that_ends_too_early_is_no_recount(void **state)
{
    struct world *world = *state;
    struct psp_recount_result result = {0};
    struct psp_reason reason = {0};
    world->partial.index = 5;
    assert_int_equal(psp_recount_compare(&world->local, world->definition, SHARD, 0,
                                         &world->partial, &result, &reason),
                     PSP_ENOENT);
    assert_non_null(strstr(reason.text, "indexes 1 to 4"));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(the_journal_gives_the_live_totals),
        FACT(one_vote_more_in_the_live_totals_is_seen),
        FACT(one_ballot_more_in_the_live_books_is_seen),
        FACT(another_history_with_the_same_totals_is_seen),
        FACT(a_unit_reported_by_nobody_is_seen),
        FACT(a_journal_that_ends_too_early_is_no_recount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
