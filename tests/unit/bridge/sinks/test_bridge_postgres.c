/* PostgreSQL out, its pure parts: words, lines of COPY, statements, whose series is asked. The
 * statements themselves run in tests/cluster/bridge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/postgres/copy.h"
#include "bridge/postgres/merge.h"
#include "bridge/postgres/schema.h"
#include "bridge/postgres/series.h"
#include "bridge/postgres/words.h"

/* ---- words ---- */

static enum psp_status words(const char *sqlstate, const char *message, struct psp_reason *reason)
{
    const struct psp_pg_fault fault = {.sqlstate = sqlstate,
                                       .message = message,
                                       .host = "db.example",
                                       .database = "results",
                                       .user = "bridge",
                                       .schema = "psephos"};
    *reason = (struct psp_reason){0};
    return psp_pg_words(&fault, reason);
}

static void every_refusal_says_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate, *message, *part;
        enum psp_status status;
    } cases[] = {
        {"28P01", "password authentication failed", "passfile=", PSP_EACCES},
        {"28000", "role \"bridge\" does not exist", "CREATE ROLE \"bridge\" LOGIN", PSP_EACCES},
        {"3D000", "x", "createdb -E UTF8 -T template0 -O bridge results", PSP_ENOENT},
        {"42501", "permission denied for database results",
         "CREATE SCHEMA \"psephos\" AUTHORIZATION \"bridge\"", PSP_EACCES},
        {"25006", "cannot execute INSERT in a read-only transaction",
         "target_session_attrs=read-write", PSP_EACCES},
        {"42P07", "relation \"results\" already exists", "name another \"schema\"", PSP_EINVAL},
        {"42P01", "relation \"version\" does not exist", "DROP SCHEMA \"psephos\" CASCADE",
         PSP_EIO},
        {"57P01", "terminating connection due to administrator command", "waits", PSP_EUNREACHABLE},
        {"55P03", "canceling statement due to lock timeout", "another bridge", PSP_EUNREACHABLE},
        {"40P01", "deadlock detected", "Tried again", PSP_EUNREACHABLE},
        {"53100", "could not extend file", "Make room", PSP_ENOSPC},
        {"XX000", "cache lookup failed", "PostgreSQL at db.example: cache lookup failed", PSP_EIO},
        {"", "fe_sendauth: no password supplied\n", "wants a password of user \"bridge\"",
         PSP_EACCES},
        {"", "connection to server failed: Connection refused\n\tIs the server running?",
         "does not answer: connection to server failed: Connection refused. Waits",
         PSP_EUNREACHABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct psp_reason reason;
        assert_int_equal(words(cases[i].sqlstate, cases[i].message, &reason), cases[i].status);
        if (!strstr(reason.text, cases[i].part))
            fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].sqlstate, reason.text, cases[i].part);
    }
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char message[4096];
    struct psp_reason reason;
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = 0;
    assert_int_equal(words("XX000", message, &reason), PSP_EIO);
    assert_true(strlen(reason.text) < PSP_REASON_TEXT_BYTES);
}

static void sqlstate_of_a_verbose_message(void **state)
{
    (void)state;
    char sqlstate[PSP_PG_SQLSTATE_BYTES];
    const char *said;
    psp_pg_words_sqlstate("connection to server at \"::1\", port 5432 failed: FATAL:  3D000: "
                          "Datenbank \"x\" existiert nicht\nLOCATION:  InitPostgres",
                          sqlstate, &said);
    assert_string_equal(sqlstate, "3D000");
    assert_true(strncmp(said, "Datenbank", 9) == 0);
    psp_pg_words_sqlstate("could not translate host name:  no such host", sqlstate, &said);
    assert_string_equal(sqlstate, "");
    assert_true(strncmp(said, "could not", 9) == 0);
    psp_pg_words_sqlstate("a:  28P01", sqlstate, &said);
    assert_string_equal(sqlstate, "");
}

/* ---- lines ---- */

static void assert_text(struct psp_text *text, const char *wanted)
{
    psp_text_bytes(text, "", 1);
    assert_false(text->failed);
    assert_string_equal(text->data, wanted);
    psp_text_free(text);
}

static void rows_are_lines_of_copy(void **state)
{
    (void)state;
    struct psp_text text = {0};
    const struct psp_sql_value values[PSP_OF_PARTIES_END] = {
        {PSP_SQL_IS_TEXT, 0, "red"},
        {PSP_SQL_IS_TEXT, 0, "A\tb\\N\nc\r\xC3\xA9"},
        {PSP_SQL_IS_NULL, 0, NULL},
        {PSP_SQL_IS_TEXT, 0, ""},
        {PSP_SQL_IS_NUMBER, -9007199254740991, NULL}};
    psp_pg_copy_row(PSP_SQL_TABLE_PARTIES, values, &text);
    assert_text(&text, "red\tA\\tb\\\\N\\nc\\r\xC3\xA9\t\\N\t\t-9007199254740991\n");
}

static void quotes_stand_twice(void **state)
{
    (void)state;
    struct psp_text text = {0};
    psp_pg_write_literal("o'neil\\", &text);
    assert_text(&text, "'o''neil\\'");
}

/* ---- statements ---- */

static void assert_parts(struct psp_text *text, const char *const *parts, size_t n, bool there)
{
    psp_text_bytes(text, "", 1);
    for (size_t i = 0; i < n; i++)
        if ((strstr(text->data, parts[i]) != NULL) != there)
            fail_msg("%s: \"%s\" in\n%s", there ? "wanted" : "unwanted", parts[i], text->data);
    psp_text_free(text);
}
#define PARTS(...)                                                                                 \
    (const char *const[]){__VA_ARGS__},                                                            \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static void a_part_writes_only_what_it_has(void **state)
{
    (void)state;
    struct psp_text text = {0};
    const uint32_t staged = PSP_PG_TABLE(RESULTS) | PSP_PG_TABLE(VERSION);
    psp_pg_write_merge(false, staged, &text);
    assert_parts(&text,
                 PARTS("DELETE FROM results o USING in_results n WHERE n.votes IS NULL",
                       "ON CONFLICT (contest, unit, method, choice) DO UPDATE SET votes = "
                       "excluded.votes",
                       "AND excluded.revision >= o.revision;", "INSERT INTO version AS o"),
                 true);
    psp_pg_write_merge(false, staged, &text);
    assert_parts(&text, PARTS("NOT EXISTS", "INTO turnout", "INTO contests", "ANALYZE", "series"),
                 false);
}

static void a_whole_removes_what_is_not_in_it(void **state)
{
    (void)state;
    struct psp_text text = {0};
    psp_pg_write_merge(true, ~UINT32_C(0) & ~PSP_PG_TABLE(CORRECTIONS), &text);
    assert_parts(&text,
                 PARTS("DELETE FROM results o WHERE NOT EXISTS (SELECT 1 FROM in_results n WHERE ",
                       "n.contest = o.contest AND n.unit = o.unit AND n.method = o.method AND ",
                       "n.choice = o.choice AND n.votes IS NOT NULL);", "DELETE FROM version o",
                       "DELETE FROM parties o", "ANALYZE in_results",
                       "\"group\" = excluded.\"group\""),
                 true);
    psp_pg_write_merge(true, ~UINT32_C(0) & ~PSP_PG_TABLE(CORRECTIONS), &text);
    assert_parts(&text,
                 PARTS("corrections", "in_series", "revision >= o.revision", "DELETE FROM bridge"),
                 false);
}

static void older_tables_are_made_anew_newer_need_no_drop(void **state)
{
    (void)state;
    struct psp_text text = {0};
    psp_pg_schema_write("psephos", false, -1, &text);
    assert_parts(&text, PARTS("CREATE SCHEMA \"psephos\"", "CREATE TABLE bridge"), true);
    psp_pg_schema_write("psephos", false, -1, &text);
    assert_parts(&text, PARTS("DROP"), false);
    psp_pg_schema_write("psephos", true, 0, &text);
    assert_parts(&text,
                 PARTS("DROP VIEW IF EXISTS v_results, v_candidates",
                       "DROP TABLE IF EXISTS bridge, parties", "CREATE TABLE results"),
                 true);
    psp_pg_schema_write("psephos", true, 0, &text);
    assert_parts(&text, PARTS("CREATE SCHEMA", "CASCADE"), false);
}

/* ---- whose series ---- */

static void every_contest_has_its_turn(void **state)
{
    (void)state;
    enum { CONTESTS = 2 * PSP_PG_SERIES_BATCH + 7 };
    struct psp_pg_series series = {0};
    bool asked[CONTESTS] = {false};
    uint64_t now_ms = 1;
    assert_int_equal(psp_pg_series_start(&series, CONTESTS), PSP_OK);
    for (int turn = 0; turn < 3; turn++, now_ms += PSP_PG_SERIES_MS) {
        assert_true(psp_pg_series_turn(&series, now_ms));
        for (uint32_t i = 0; i < series.batch_count; i++)
            asked[series.batch[i]] = true;
        psp_pg_series_written(&series, now_ms, 1);
        assert_false(psp_pg_series_turn(&series, now_ms + PSP_PG_SERIES_MS - 1));
        psp_pg_series_changed(&series, 0); /* always in change: the others come all the same */
    }
    for (uint32_t c = 0; c < CONTESTS; c++)
        assert_true(asked[c]);
    assert_true(psp_pg_series_turn(&series, now_ms));
    assert_int_equal(series.batch_count, 1);
    psp_pg_series_written(&series, now_ms, 1);
    assert_false(psp_pg_series_turn(&series, now_ms + PSP_PG_SERIES_MS));
    psp_pg_series_free(&series);
}

static void slow_turns_come_rarely(void **state)
{
    (void)state;
    struct psp_pg_series series = {0};
    assert_int_equal(psp_pg_series_start(&series, 1), PSP_OK);
    assert_true(psp_pg_series_turn(&series, 0));
    psp_pg_series_written(&series, 0, 3000);
    psp_pg_series_changed(&series, 0);
    assert_false(psp_pg_series_turn(&series, 59999));
    assert_true(psp_pg_series_turn(&series, 60000));
    psp_pg_series_free(&series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_says_what_to_do),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(sqlstate_of_a_verbose_message),
        cmocka_unit_test(rows_are_lines_of_copy),
        cmocka_unit_test(quotes_stand_twice),
        cmocka_unit_test(a_part_writes_only_what_it_has),
        cmocka_unit_test(a_whole_removes_what_is_not_in_it),
        cmocka_unit_test(older_tables_are_made_anew_newer_need_no_drop),
        cmocka_unit_test(every_contest_has_its_turn),
        cmocka_unit_test(slow_turns_come_rarely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
