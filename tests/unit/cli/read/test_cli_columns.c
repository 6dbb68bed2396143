/* Rows of the API as columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cli/publish/columns.h"

static const char *const nothing[] = {NULL};

static void add(json_t *table, const char *row, json_int_t place, const char *const *left_out)
{
    json_t *value = json_loads(row, 0, NULL);
    assert_non_null(value);
    psp_columns_add(table, value, place, left_out);
    json_decref(value);
}

static void assert_table(json_t *table, const char *wanted)
{
    psp_columns_close(table);
    char *text = json_dumps(table, JSON_COMPACT);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(table);
}

static void a_choice_that_is_not_on_the_ballot_is_null(void **state)
{
    (void)state;
    json_t *table = psp_columns_create();
    add(table, "{\"choices\":[{\"choice\":\"a\",\"votes\":3}]}", 0, nothing);
    add(table, "{\"choices\":[{\"choice\":\"b\",\"votes\":0},{\"choice\":\"a\",\"votes\":4}]}", 1,
        nothing);
    add(table, "{\"choices\":null}", 2, nothing);
    assert_table(table, "{\"rows\":3,\"columns\":{},"
                        "\"votes\":{\"a\":[3,4,null],\"b\":[null,0,null]}}");
}

static void one_value_for_all_is_written_once(void **state)
{
    (void)state;
    json_t *table = psp_columns_create();
    add(table, "{\"n\":1,\"same\":[1],\"late\":null}", 0, nothing);
    add(table, "{\"n\":2,\"same\":[1],\"late\":7}", 1, nothing);
    assert_table(table,
                 "{\"rows\":2,\"columns\":{\"n\":[1,2],\"same\":{\"all\":[1]},\"late\":[null,7]}}");
}

static void a_column_that_comes_late_is_null_before_and_after(void **state)
{
    (void)state;
    json_t *table = psp_columns_create();
    add(table, "{\"n\":1}", 0, nothing);
    add(table, "{\"n\":2,\"late\":7}", 1, nothing);
    add(table, "{\"n\":3}", 2, nothing);
    assert_table(table, "{\"rows\":3,\"columns\":{\"n\":[1,2,3],\"late\":[null,7,null]}}");
}

static void units_are_told_where_they_do_not_count(void **state)
{
    (void)state;
    json_t *table = psp_columns_create();
    add(table, "{\"n\":1}", 0, nothing);
    add(table, "{\"n\":2}", 5, nothing);
    assert_table(table, "{\"rows\":2,\"columns\":{\"unit\":[0,5],\"n\":[1,2]}}");
}

static void progress_is_columns_and_what_is_left_out_is_not(void **state)
{
    (void)state;
    static const char *const left_out[] = {"name", NULL};
    json_t *table = psp_columns_create();
    add(table, "{\"name\":\"x\",\"progress\":{\"out\":1}}", 0, left_out);
    add(table, "{\"name\":\"y\",\"progress\":{\"out\":2}}", 1, left_out);
    assert_table(table, "{\"rows\":2,\"columns\":{\"progress.out\":[1,2]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_that_is_not_on_the_ballot_is_null),
        cmocka_unit_test(one_value_for_all_is_written_once),
        cmocka_unit_test(a_column_that_comes_late_is_null_before_and_after),
        cmocka_unit_test(units_are_told_where_they_do_not_count),
        cmocka_unit_test(progress_is_columns_and_what_is_left_out_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
