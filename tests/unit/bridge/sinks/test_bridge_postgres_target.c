/* PostgreSQL out against a real server: who may write what over what. Two targets stand for two
 * bridges; one that stops between its rows and its commit is one that was stopped there.
 *
 * PSEPHOS_TEST_POSTGRES is a conninfo of a superuser in a database for tests; without it nothing
 * runs. tests/cluster/bridge/test_bridge_postgres.py starts one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/postgres/merge.h"
#include "bridge/postgres/postgres.h"

enum { SCHEMA_BYTES = 32 };
static const char cluster_1[] = "00112233445566778899aabbccddeeff";
static const char cluster_2[] = "ffeeddccbbaa99887766554433221100";

static struct psp_definition *town;
static PGconn *server; /* the test's own eyes */
static struct psp_bridge_stop stop;
static struct psp_reason reason;
static char schema[SCHEMA_BYTES];
static struct psp_bridge_config config;

struct bridge {
    struct psp_bridge_postgres *postgres;
    struct psp_bridge_target target;
};

/* ---- the server, asked beside ---- */

/* Rows as "a|b;c|d", NULL as "-", valid until the next call. */
static const char *ask(const char *sql)
{
    static char said[4096];
    size_t at = 0;
    PGresult *rows = PQexec(server, sql);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK && PQresultStatus(rows) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(server));
    said[0] = 0;
    for (int row = 0; row < PQntuples(rows); row++)
        for (int c = 0; c < PQnfields(rows); c++)
            at += (size_t)snprintf(said + at, sizeof said - at, "%s%s",
                                   c     ? "|"
                                   : row ? ";"
                                         : "",
                                   PQgetisnull(rows, row, c) ? "-" : PQgetvalue(rows, row, c));
    PQclear(rows);
    return said;
}

static const char votes[] = "SELECT unit, votes FROM results WHERE choice = 'red-ann' AND "
                            "method = '' ORDER BY unit";
static const char version[] = "SELECT epoch, log_index FROM version ORDER BY shard";

/* ---- a bridge ---- */

static struct bridge make(void)
{
    struct bridge bridge = {0};
    assert_int_equal(psp_bridge_postgres_create(&config, NULL, &stop, &bridge.postgres), PSP_OK);
    bridge.target = psp_bridge_postgres_target(bridge.postgres);
    return bridge;
}

static enum psp_status open_it(struct bridge *bridge)
{
    reason = (struct psp_reason){0};
    return bridge->target.open(bridge->target.self, town, &reason);
}

static void assert_ok(enum psp_status status)
{
    if (status != PSP_OK)
        fail_msg("%s: %s", psp_status_text(status), reason.text);
}

static struct bridge opened(void)
{
    struct bridge bridge = make();
    assert_ok(open_it(&bridge));
    return bridge;
}

static void begin(struct bridge *bridge, bool whole)
{
    reason = (struct psp_reason){0};
    assert_ok(bridge->target.begin(bridge->target.self, whole, &reason));
}

static void give(struct bridge *bridge, json_t *line)
{
    assert_non_null(line);
    assert_ok(bridge->target.row(bridge->target.self, line, &reason));
    json_decref(line);
}

static void give_result(struct bridge *bridge, const char *unit, int n, int revision)
{
    give(bridge,
         json_pack("{s:s, s:s, s:n, s:s, s:i, s:[{s:s, s:i}], s:i, s:i, s:i}", "kind", "result",
                   "unit", unit, "method", "contest", "mayor", "ballots", n, "choices", "choice",
                   "red-ann", "votes", n, "undervotes", 0, "overvotes", 0, "revision", revision));
}

static void give_held(struct bridge *bridge, const char *unit)
{
    give(bridge, json_pack("{s:s, s:s, s:n, s:s, s:i, s:n, s:n, s:n, s:i}", "kind", "result",
                           "unit", unit, "method", "contest", "mayor", "ballots", 0, "choices",
                           "undervotes", "overvotes", "revision", 0));
}

/* The end of an answer: two shards in the same epoch. */
static enum psp_status commit_of(struct bridge *bridge, const char *cluster, int epoch, int first,
                                 int second)
{
    json_t *end = json_pack(
        "{s:{s:s, s:s, s:[{s:i, s:i, s:i}, {s:i, s:i, s:i}]}, s:s, s:b, s:s, s:s, s:s, s:s}",
        "version", "id", "v", "cluster", cluster, "shards", "shard", 0, "epoch", epoch, "index",
        first, "shard", 1, "epoch", epoch, "index", second, "as_of", "2026-11-03T23:59:59.123Z",
        "stale", 0, "state", "open", "publication", "immediate", "mode", "live", "status",
        "unofficial");
    assert_non_null(end);
    const enum psp_status status = bridge->target.commit(bridge->target.self, end, &reason);
    json_decref(end);
    return status;
}

static enum psp_status commit(struct bridge *bridge, int epoch, int first, int second)
{
    return commit_of(bridge, cluster_1, epoch, first, second);
}

/* What north-1 has in one whole version. */
static void write_whole(struct bridge *bridge, int epoch, int first, int second, int n)
{
    begin(bridge, true);
    give_result(bridge, "north-1", n, 0);
    assert_ok(commit(bridge, epoch, first, second));
}

static void end(struct bridge *bridge)
{
    psp_bridge_postgres_destroy(&bridge->postgres);
}

/* ---- what holds ---- */

static void a_bridge_that_wakes_up_changes_nothing(void **state)
{
    (void)state;
    struct bridge old = opened(), other = opened();
    struct psp_bridge_vector held = {0};
    write_whole(&old, 1, 10, 10, 5);
    begin(&old, false);
    give_result(&old, "north-1", 6, 0);
    /* Stopped here; another goes on. */
    write_whole(&other, 1, 12, 12, 9);
    assert_int_equal(commit(&old, 1, 11, 11), PSP_EBUSY);
    assert_string_equal(ask(votes), "north-1|9");
    assert_string_equal(ask(version), "1|12;1|12");
    assert_ok(old.target.holds(old.target.self, &held, &reason));
    assert_int_equal(held.count, 2);
    assert_int_equal(held.places[1].index, 12);
    assert_string_equal(held.cluster, cluster_1);
    /* And then it goes on, too: what it tells of began before what is there. */
    begin(&old, false);
    give_result(&old, "south", 4, 0);
    assert_ok(commit(&old, 1, 13, 13));
    assert_string_equal(ask(votes), "north-1|9;south|4");
    end(&old);
    end(&other);
}

static void a_whole_that_is_old_changes_nothing(void **state)
{
    (void)state;
    struct bridge old = opened(), other = opened();
    begin(&old, true);
    give_result(&old, "north-1", 6, 0);
    write_whole(&other, 1, 12, 12, 9);
    assert_int_equal(commit(&old, 1, 12, 11), PSP_EBUSY);
    assert_string_equal(ask(votes), "north-1|9");
    end(&old);
    end(&other);
}

static void what_cannot_be_compared_waits(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 12, 10, 5);
    begin(&bridge, true);
    give_result(&bridge, "north-1", 6, 0);
    assert_int_equal(commit(&bridge, 1, 11, 11), PSP_EDIVERGED);
    assert_string_equal(ask(votes), "north-1|5");
    end(&bridge);
}

/* As one that is stopped between its last two messages; the server ends its session. */
static void who_stands_still_with_the_lock_loses_it(void **state)
{
    (void)state;
    struct psp_text guard = {0};
    struct bridge bridge = opened();
    PGconn *still = PQconnectdb(config.postgres.conninfo);
    char sql[64];
    write_whole(&bridge, 1, 10, 10, 5);
    snprintf(sql, sizeof sql, "SET search_path = %s; BEGIN;", schema);
    psp_text_string(&guard, sql);
    psp_pg_write_guard(schema, &guard);
    psp_text_bytes(&guard, "", 1);
    PQclear(PQexec(still, guard.data));
    assert_int_equal(PQtransactionStatus(still), PQTRANS_INTRANS);
    write_whole(&bridge, 1, 11, 11, 6);
    PQclear(PQexec(still, "COMMIT"));
    assert_int_equal(PQstatus(still), CONNECTION_BAD);
    assert_string_equal(ask(votes), "north-1|6");
    psp_text_free(&guard);
    PQfinish(still);
    end(&bridge);
}

/* Its next part would leave out what was taken away. */
static void a_part_needs_what_it_begins_with(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 10, 10, 5);
    ask("UPDATE version SET log_index = 9 WHERE shard = 1");
    begin(&bridge, false);
    give_result(&bridge, "north-1", 6, 0);
    assert_int_equal(commit(&bridge, 1, 11, 11), PSP_EDIVERGED);
    assert_string_equal(ask(votes), "north-1|5");
    bridge.target.close(bridge.target.self);
    assert_ok(open_it(&bridge));
    write_whole(&bridge, 1, 11, 11, 6);
    assert_string_equal(ask(votes), "north-1|6");
    end(&bridge);
}

/* Enough rows to leave the buffer; then the answer turns out not to be one. */
static void what_is_abandoned_leaves_no_rows(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 10, 10, 5);
    begin(&bridge, false);
    for (int i = 0; i < 10000; i++)
        give_result(&bridge, "north-1", 6, 0);
    bridge.target.abandon(bridge.target.self);
    begin(&bridge, false);
    give_result(&bridge, "north-1", 7, 0);
    assert_ok(commit(&bridge, 1, 11, 11));
    assert_string_equal(ask(votes), "north-1|7");
    end(&bridge);
}

static void a_restore_is_followed_and_takes_rows_away(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    begin(&bridge, true);
    give_result(&bridge, "north-1", 5, 3);
    give_result(&bridge, "south", 8, 0);
    assert_ok(commit(&bridge, 1, 10, 10));
    write_whole(&bridge, 2, 3, 3, 2);
    assert_string_equal(ask(votes), "north-1|2");
    assert_string_equal(ask(version), "2|3;2|3");
    end(&bridge);
}

static void held_results_are_in_no_row(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    begin(&bridge, true);
    give_result(&bridge, "north-1", 5, 0);
    give_held(&bridge, "south");
    assert_ok(commit(&bridge, 1, 10, 10));
    assert_string_equal(ask("SELECT DISTINCT unit, votes FROM v_results"), "north-1|5");
    begin(&bridge, false);
    give_held(&bridge, "north-1");
    assert_ok(commit(&bridge, 1, 11, 10));
    assert_string_equal(ask("SELECT count(*) FROM results"), "0");
    end(&bridge);
}

static void an_older_revision_is_not_written(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    begin(&bridge, true);
    give_result(&bridge, "north-1", 5, 2);
    assert_ok(commit(&bridge, 1, 10, 10));
    begin(&bridge, false);
    give_result(&bridge, "north-1", 9, 1);
    assert_ok(commit(&bridge, 1, 11, 10));
    assert_string_equal(ask(votes), "north-1|5");
    end(&bridge);
}

static void results_of_another_cluster_stay(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 10, 10, 5);
    begin(&bridge, true);
    assert_int_equal(commit_of(&bridge, cluster_2, 1, 20, 20), PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "another cluster"));
    assert_string_equal(ask(votes), "north-1|5");
    end(&bridge);
}

static int notified(void)
{
    int n = 0;
    PQconsumeInput(server);
    for (PGnotify *one; (one = PQnotifies(server)); PQfreemem(one))
        n += strstr(one->extra, "\"version\":\"v\"") != NULL;
    return n;
}

static void a_version_is_told_once(void **state)
{
    (void)state;
    char sql[128];
    struct bridge bridge = opened();
    snprintf(sql, sizeof sql, "LISTEN %s", schema);
    ask(sql);
    write_whole(&bridge, 1, 10, 10, 5);
    ask("SELECT 1");
    assert_int_equal(notified(), 1);
    write_whole(&bridge, 1, 10, 10, 5);
    ask("SELECT 1");
    assert_int_equal(notified(), 0);
    ask("UNLISTEN *");
    end(&bridge);
}

static void newer_tables_are_refused_older_made_anew(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 10, 10, 5);
    /* Also by a bridge that has been connected for long. */
    ask("UPDATE bridge SET format = 999");
    begin(&bridge, false);
    assert_int_equal(commit(&bridge, 1, 11, 11), PSP_EDIVERGED);
    assert_int_equal(open_it(&bridge), PSP_EVERSION);
    assert_non_null(strstr(reason.text, "format 999"));
    assert_string_equal(ask(votes), "north-1|5");
    ask("UPDATE bridge SET format = 0; ALTER TABLE results DROP COLUMN ballots CASCADE");
    assert_ok(open_it(&bridge));
    assert_string_equal(ask(version), "");
    write_whole(&bridge, 1, 11, 11, 6);
    assert_string_equal(ask("SELECT ballots FROM v_leaders"), "6");
    end(&bridge);
}

static void views_of_others_are_not_dropped(void **state)
{
    (void)state;
    struct bridge bridge = opened();
    ask("UPDATE bridge SET format = 0; CREATE VIEW mine AS SELECT * FROM v_results");
    assert_int_equal(open_it(&bridge), PSP_EACCES);
    assert_non_null(strstr(reason.text, "depend"));
    ask("DROP VIEW mine");
    assert_ok(open_it(&bridge));
    end(&bridge);
}

static void a_reader_may_read_and_no_more(void **state)
{
    (void)state;
    char reader[SCHEMA_BYTES + 8], sql[512];
    snprintf(reader, sizeof reader, "%s_reader", schema);
    config.postgres.reader = reader;
    struct bridge bridge = opened();
    write_whole(&bridge, 1, 10, 10, 5);
    snprintf(sql, sizeof sql,
             "SELECT has_table_privilege('%s', 'v_seats', 'SELECT'), "
             "has_table_privilege('%s', 'results', 'SELECT'), "
             "has_table_privilege('%s', 'results', 'INSERT, UPDATE, DELETE')",
             reader, reader, reader);
    assert_string_equal(ask(sql), "t|t|f");
    assert_ok(open_it(&bridge)); /* there already */
    end(&bridge);
    config.postgres.reader = NULL;
    snprintf(sql, sizeof sql, "DROP OWNED BY %s; DROP ROLE %s", reader, reader);
    ask(sql);
}

/* ---- */

static int prepare(void **state)
{
    static int n;
    char sql[256];
    (void)state;
    snprintf(schema, sizeof schema, "target_%d", ++n);
    config.postgres.schema = schema;
    config.postgres.reader = NULL;
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE; "
             "SET search_path = %s",
             schema, schema);
    ask(sql);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_bridge_that_wakes_up_changes_nothing, prepare),
        cmocka_unit_test_setup(a_whole_that_is_old_changes_nothing, prepare),
        cmocka_unit_test_setup(what_cannot_be_compared_waits, prepare),
        cmocka_unit_test_setup(who_stands_still_with_the_lock_loses_it, prepare),
        cmocka_unit_test_setup(a_part_needs_what_it_begins_with, prepare),
        cmocka_unit_test_setup(what_is_abandoned_leaves_no_rows, prepare),
        cmocka_unit_test_setup(a_restore_is_followed_and_takes_rows_away, prepare),
        cmocka_unit_test_setup(held_results_are_in_no_row, prepare),
        cmocka_unit_test_setup(an_older_revision_is_not_written, prepare),
        cmocka_unit_test_setup(results_of_another_cluster_stay, prepare),
        cmocka_unit_test_setup(a_version_is_told_once, prepare),
        cmocka_unit_test_setup(newer_tables_are_refused_older_made_anew, prepare),
        cmocka_unit_test_setup(views_of_others_are_not_dropped, prepare),
        cmocka_unit_test_setup(a_reader_may_read_and_no_more, prepare),
    };
    const char *conninfo = getenv("PSEPHOS_TEST_POSTGRES");
    if (!conninfo) {
        printf("skipped: PSEPHOS_TEST_POSTGRES names no server\n");
        return 0;
    }
    if (psp_definition_load("tests/fixtures/town.json", &town, &reason) != PSP_OK)
        return 1;
    server = PQconnectdb(conninfo);
    config = (struct psp_bridge_config){.name = "test",
                                        .kind = PSP_BRIDGE_POSTGRES,
                                        .postgres = {.conninfo = conninfo, .schema = "psephos"}};
    psp_bridge_stop_start(&stop);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    psp_bridge_stop_end(&stop);
    PQfinish(server);
    psp_definition_destroy(&town);
    return failed;
}
