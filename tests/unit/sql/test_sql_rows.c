/* What the API says, as rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sql/rows.h"

enum { ROWS_MAX = 64, ROW_BYTES = 512 };

/* Rows as "table|value|value", NULL as "-". */
struct taken {
    char rows[ROWS_MAX][ROW_BYTES];
    int count;
    enum psp_status answer;
};

static enum psp_status take(void *context, enum psp_sql_table_id table,
                            const struct psp_sql_value *values)
{
    struct taken *taken = context;
    char *row = taken->rows[taken->count++];
    size_t at = (size_t)snprintf(row, ROW_BYTES, "%s", psp_sql_tables[table].name);
    assert_true(taken->count < ROWS_MAX);
    for (uint32_t c = 0; c < psp_sql_tables[table].column_count; c++) {
        const struct psp_sql_value *value = &values[c];
        at += (size_t)(value->kind == PSP_SQL_IS_NULL ? snprintf(row + at, ROW_BYTES - at, "|-")
                       : value->kind == PSP_SQL_IS_TEXT
                           ? snprintf(row + at, ROW_BYTES - at, "|%s", value->text)
                           : snprintf(row + at, ROW_BYTES - at, "|%lld", (long long)value->number));
        assert_true(at < ROW_BYTES);
    }
    return taken->answer;
}

static struct taken taken;
static const struct psp_sql_sink sink = {take, &taken};
static struct psp_definition *town;

static int load(void **state)
{
    struct psp_reason reason = {0};
    (void)state;
    return psp_definition_load("tests/fixtures/town.json", &town, &reason) == PSP_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    psp_definition_destroy(&town);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    taken = (struct taken){0};
    return 0;
}

static json_t *json_of(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static void assert_row(int at, const char *wanted)
{
    assert_true(at < taken.count);
    assert_string_equal(taken.rows[at], wanted);
}

static int find(const char *row)
{
    for (int i = 0; i < taken.count; i++)
        if (strcmp(taken.rows[i], row) == 0)
            return i;
    fail_msg("no row %s", row);
    return -1;
}

static void a_definition_is_its_rows_and_a_method_for_all(void **state)
{
    (void)state;
    assert_int_equal(psp_sql_rows_definition(town, &sink), PSP_OK);
    find("parties|red|Red|#A00000|-|0");
    find("methods||All methods|-1");
    find("methods|mail|By mail|1");
    find("units|us|Nation||nation|-|0|0");
    find("units|north-1|Ward 1||precinct|north|1|2");
    find("units|south|South||county|us|1|4");
    find("contests|bridge|Bridge|Bridge|7|north|Bridge|-|2|2|1");
    find("candidates|bob|Bob \"Bo\" Lee, Jr.|-|-|-|-|1");
}

static void an_entry_is_the_first_line_of_who_can_win(void **state)
{
    (void)state;
    assert_int_equal(psp_sql_rows_definition(town, &sink), PSP_OK);
    find("choices|mayor|red-ann|Ann O'Neill|candidate|ann|red|red-ann|0");
    find("choices|mayor|blue-ann|Ann O'Neill|candidate|ann|blue|red-ann|1");
    find("choices|mayor|bob|Bob \"Bo\" Lee, Jr.|candidate|bob|-|bob|2");
    find("choices|mayor|write-ins|Write-ins|write_in|-|-|-|3");
    find("choices|mayor|blanks|Blanks|blank|-|-|-|4");
    find("choices|bridge|yes|Yes|yes|-|-|yes|0");
}

static void blank_and_spoiled_votes_are_not_valid(void **state)
{
    struct psp_reason reason = {0};
    json_t *result = json_of(
        "{\"contest\":\"mayor\",\"unit\":\"us\",\"method\":null,\"ballots\":20,\"revision\":3,"
        "\"undervotes\":1,"
        "\"overvotes\":2,\"choices\":[{\"choice\":\"red-ann\",\"votes\":7},{\"choice\":\"blanks\","
        "\"votes\":4},{\"choice\":\"spoiled\",\"votes\":3},{\"choice\":\"other\",\"votes\":2},"
        "{\"choice\":\"write-ins\",\"votes\":1}]}");
    (void)state;
    assert_int_equal(psp_sql_rows_result(town, result, &sink, &reason), PSP_OK);
    assert_int_equal(taken.count, 5);
    assert_row(0, "results|mayor|us||red-ann|7|10|20|1|2|3");
    assert_row(1, "results|mayor|us||blanks|4|10|20|1|2|3");
    json_decref(result);
}

static void what_is_held_has_its_lines_and_no_votes(void **state)
{
    struct psp_reason reason = {0};
    json_t *result = json_of("{\"contest\":\"mayor\",\"unit\":\"north\",\"method\":\"mail\","
                             "\"ballots\":0,\"revision\":0,\"undervotes\":null,\"overvotes\":null,"
                             "\"choices\":null}");
    (void)state;
    assert_int_equal(psp_sql_rows_result(town, result, &sink, &reason), PSP_OK);
    /* Of the two wards' styles: full and short. */
    assert_int_equal(taken.count, 4);
    assert_row(0, "results|mayor|north|mail|red-ann|-|-|0|-|-|0");
    assert_row(1, "results|mayor|north|mail|blue-ann|-|-|0|-|-|0");
    assert_row(2, "results|mayor|north|mail|bob|-|-|0|-|-|0");
    assert_row(3, "results|mayor|north|mail|blanks|-|-|0|-|-|0");
    json_decref(result);
}

static void what_does_not_fit_is_refused_with_its_column(void **state)
{
    static const struct {
        const char *result, *why;
    } wrong[] = {
        {"{\"contest\":\"none\",\"unit\":\"us\",\"choices\":[]}", "contest \"none\""},
        {"{\"contest\":\"mayor\",\"unit\":\"mars\",\"choices\":[]}", "unit \"mars\""},
        {"{\"contest\":\"mayor\",\"unit\":\"us\",\"ballots\":1,\"choices\":[{\"choice\":\"x\","
         "\"votes\":1}]}",
         "a choice that the definition does not have"},
        {"{\"contest\":\"mayor\",\"unit\":\"us\",\"ballots\":1,\"choices\":[{\"choice\":\"bob\"}]}",
         "no votes for it"},
        {"{\"contest\":\"mayor\",\"unit\":\"us\",\"choices\":[{\"choice\":\"bob\",\"votes\":1}]}",
         "no ballots of results"},
        {"{\"contest\":\"mayor\",\"unit\":\"us\",\"ballots\":7,\"choices\":[{\"choice\":"
         "\"bob\",\"votes\":1}]}",
         "no revision of results"},
        {"{\"contest\":\"mayor\",\"unit\":\"us\",\"ballots\":\"7\",\"choices\":[{\"choice\":"
         "\"bob\",\"votes\":1}]}",
         "no ballots of results"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct psp_reason reason = {0};
        json_t *result = json_of(wrong[i].result);
        assert_int_equal(psp_sql_rows_result(town, result, &sink, &reason), PSP_EINVAL);
        if (!strstr(reason.text, wrong[i].why))
            fail_msg("%s: %s", wrong[i].why, reason.text);
        assert_int_equal(taken.count, 0);
        json_decref(result);
    }
}

static void a_version_is_its_number_and_its_shards(void **state)
{
    struct psp_reason reason = {0};
    json_t *head = json_of("{\"version\":{\"id\":\"a-1\",\"cluster\":\"c0\",\"shards\":[{\"shard\":"
                           "0,\"epoch\":1,\"index\":5},{\"shard\":1,\"epoch\":2,\"index\":7}]},"
                           "\"as_of\":null,\"stale\":true,\"status\":\"unofficial\","
                           "\"mode\":\"live\"}");
    (void)state;
    assert_int_equal(psp_sql_rows_version(town, head, "open", &sink, &reason), PSP_OK);
    assert_int_equal(taken.count, 3);
    assert_non_null(strstr(taken.rows[0], "|open|unofficial|a-1|3298534883340|c0|-|1"));
    assert_row(1, "version|0|1|5");
    assert_row(2, "version|1|2|7");
    json_decref(head);
}

static void the_books_of_all_shards_are_minus_one(void **state)
{
    struct psp_reason reason = {0};
    json_t *books = json_of("{\"received\":9,\"counted\":5,\"replayed\":1,\"double_vote\":1,"
                            "\"not_eligible\":1,\"invalid\":1,\"closed\":0,\"added_ballots\":5,"
                            "\"voters_counted\":5,\"balanced\":true,\"shown\":4,\"held\":1,"
                            "\"forgotten\":0}");
    (void)state;
    assert_int_equal(psp_sql_rows_books(books, &sink, &reason), PSP_OK);
    assert_row(0, "accounting|-1|9|5|1|1|1|1|0|5|5|1|4|1|0");
    json_object_set_new(books, "shard", json_integer(2));
    json_object_del(books, "shown");
    assert_int_equal(psp_sql_rows_books(books, &sink, &reason), PSP_OK);
    assert_row(1, "accounting|2|9|5|1|1|1|1|0|5|5|1|-|1|0");
    json_decref(books);
}

static void a_series_ends_with_the_version_and_has_what_is_new(void **state)
{
    struct psp_reason reason = {0};
    json_t *series =
        json_of("{\"contest\":\"bridge\",\"choices\":[\"yes\",\"no\"],\"points\":["
                "{\"at\":\"2026-11-03T20:00:00.000Z\",\"ballots\":1,\"votes\":[1,0]},"
                "{\"at\":\"2026-11-03T20:00:01.000Z\",\"ballots\":1,\"votes\":[1,0]},"
                "{\"at\":\"2026-11-03T20:00:02.000Z\",\"ballots\":2,\"votes\":[1,1]},"
                "{\"at\":\"2026-11-03T20:00:03.000Z\",\"ballots\":3,\"votes\":[2,1]}]}");
    (void)state;
    assert_int_equal(psp_sql_rows_series(series, "2026-11-03T20:00:02.000Z", &sink, &reason),
                     PSP_OK);
    assert_int_equal(taken.count, 4);
    assert_row(0, "series|bridge|0|2026-11-03T20:00:00.000Z|yes|1|1");
    assert_row(3, "series|bridge|1|2026-11-03T20:00:02.000Z|no|2|1");
    json_decref(series);
}

static void a_sink_that_cannot_take_a_row_ends_it(void **state)
{
    (void)state;
    taken.answer = PSP_ENOSPC;
    assert_int_equal(psp_sql_rows_definition(town, &sink), PSP_ENOSPC);
    assert_int_equal(taken.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_definition_is_its_rows_and_a_method_for_all, forget),
        cmocka_unit_test_setup(an_entry_is_the_first_line_of_who_can_win, forget),
        cmocka_unit_test_setup(blank_and_spoiled_votes_are_not_valid, forget),
        cmocka_unit_test_setup(what_is_held_has_its_lines_and_no_votes, forget),
        cmocka_unit_test_setup(what_does_not_fit_is_refused_with_its_column, forget),
        cmocka_unit_test_setup(a_version_is_its_number_and_its_shards, forget),
        cmocka_unit_test_setup(the_books_of_all_shards_are_minus_one, forget),
        cmocka_unit_test_setup(a_series_ends_with_the_version_and_has_what_is_new, forget),
        cmocka_unit_test_setup(a_sink_that_cannot_take_a_row_ends_it, forget),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
