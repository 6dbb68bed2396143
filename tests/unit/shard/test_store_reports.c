/* Reports in a real store: what may be shown after a restart is what might before it. */
#include "tests/unit/fixture/reports.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shard/store/store.h"

static struct psp_definition *definition;
static char folder[64];

static int set_up(void **state)
{
    (void)state;
    definition = fixture_definition();
    snprintf(folder, sizeof folder, "/tmp/psp-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    psp_definition_destroy(&definition);
    for (size_t i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static struct psp_store *open_store(void)
{
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    struct psp_store_options options = {.directory = folder, .shard = 1};
    memset(options.cluster_id, 0xC1, sizeof options.cluster_id);
    assert_int_equal(psp_store_open(&options, &store, &reason), PSP_OK);
    return store;
}

static void checkpoint(struct psp_count *count)
{
    struct psp_store *store = open_store();
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    delta->term = 1;
    assert_int_equal(psp_store_checkpoint(store, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    psp_store_close(&store);
}

static enum psp_status load(struct psp_count **ret_count)
{
    struct psp_store *store = open_store();
    *ret_count = fixture_count(definition, NULL, 100000);
    const enum psp_status status = psp_store_load(store, *ret_count);
    psp_store_close(&store);
    return status;
}

static void cast(struct psp_count *count, uint32_t voter, uint32_t unit)
{
    struct batch batch = {0};
    add(&batch, voter, voter, unit, BOOTH, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED));
}

/* promise 5 */
static void what_was_reported_is_the_same_after_a_restart(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE), *loaded;
    cast(count, 1, P1); /* index 3 */
    cast(count, 2, P2);
    take_report(count, 3, LEAF_1_AND_2, PSP_FINAL_NO); /* 5 */
    checkpoint(count);
    cast(count, 3, P1);                           /* held */
    take_report(count, 9, LEAF_2, PSP_FINAL_YES); /* 7: nothing moved there */
    cast(count, 4, P2);
    checkpoint(count);
    psp_count_destroy(&count);
    assert_int_equal(load(&loaded), PSP_OK);
    expect_reported(loaded, 0, 5, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    expect_reported(loaded, 2, 5, CELLS(1, 1, 0, 0, 0));
    expect_row(loaded, 0, CELLS(2, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0));
    expect_row(loaded, 2, CELLS(2, 2, 0, 0, 0));
    const struct psp_leaf_report *first = psp_count_leaf_report(loaded, 0);
    const struct psp_leaf_report *second = psp_count_leaf_report(loaded, 1);
    assert_true(first->number == 3 && first->index == 5 && first->time_ms == 1040);
    assert_false(first->final);
    assert_true(second->number == 9 && second->index == 7 && second->time_ms == 1060);
    assert_true(second->final);
    uint64_t index;
    const struct psp_bytes bytes = psp_count_report_bytes(loaded, &index);
    const uint8_t expected[] = {0x08, 9, 0x12, 1, 1, 0x18, 1};
    assert_int_equal(index, 7);
    assert_int_equal(bytes.length, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    /* Nobody who has it is sent it once more. */
    assert_int_equal(psp_totals_encode_since(psp_count_reported(loaded), 5, NULL, 0), 0);
    assert_int_equal(psp_count_leaf_reports_since(loaded, 7, NULL, 0), 0);
    /* And it goes on from there. */
    assert_int_equal(take_report(loaded, 9, LEAF_2, PSP_FINAL_YES), PSP_APPLY_NOTHING);
    assert_int_equal(take_report(loaded, 9, LEAF_1, PSP_FINAL_YES), PSP_APPLY_REFUSED);
    assert_int_equal(take_report(loaded, 10, LEAF_1, PSP_FINAL_UNCHANGED), PSP_APPLIED);
    expect_reported(loaded, 0, 11, CELLS(2, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0));
    checkpoint(loaded);
    psp_count_destroy(&loaded);
    assert_int_equal(load(&loaded), PSP_OK);
    expect_reported(loaded, 0, 11, CELLS(2, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0));
    expect_reported(loaded, 2, 5, CELLS(1, 1, 0, 0, 0));
    assert_int_equal(psp_count_report_number(loaded), 10);
    psp_count_destroy(&loaded);
}

static void an_immediate_election_stores_finality_only(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100000), *loaded;
    cast(count, 1, P1);
    take_report(count, 3, LEAF_1, PSP_FINAL_YES);
    checkpoint(count);
    psp_count_destroy(&count);
    assert_int_equal(load(&loaded), PSP_OK);
    assert_null(psp_count_reported(loaded));
    assert_true(psp_count_leaf_report(loaded, 0)->final);
    assert_null(psp_count_leaf_report(loaded, 1));
    assert_int_equal(psp_count_genesis(loaded)->publication, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(psp_count_genesis(loaded)->report_min, 10);
    psp_count_destroy(&loaded);
}

/* Opens the file with LMDB itself, and removes the first value of a table. */
static void lose_first(const char *name)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    MDB_cursor *cursor;
    MDB_val key, value;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, 0, &table), 0);
    assert_int_equal(mdb_cursor_open(txn, table, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    mdb_cursor_close(cursor);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void a_report_that_a_store_has_lost_is_corruption(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        bool immediate; /* no rows that would tell, too */
    } losses[] = {{"reports", false}, {"reported", false}, {"reports", true}};
    for (size_t i = 0; i < 3; i++) {
        struct psp_count *loaded,
            *count = losses[i].immediate ? open_count(definition, NULL, 100000)
                                         : open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
        cast(count, 1, P1);
        take_report(count, 1, LEAF_1, PSP_FINAL_YES);
        take_report(count, 2, LEAF_2, PSP_FINAL_YES);
        checkpoint(count);
        psp_count_destroy(&count);
        lose_first(losses[i].table);
        assert_int_equal(load(&loaded), PSP_ECORRUPT);
        psp_count_destroy(&loaded);
        assert_int_equal(tear_down(NULL), 0);
        assert_int_equal(set_up(NULL), 0);
    }
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FACT(what_was_reported_is_the_same_after_a_restart),
        FACT(an_immediate_election_stores_finality_only),
        FACT(a_report_that_a_store_has_lost_is_corruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
