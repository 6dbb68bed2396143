/* Rows that wait for their version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "bridge/sink/rows.h"
#include "tests/unit/bridge/sinks/schema.h"

#define END                                                                                        \
    "{\"version\":{\"id\":\"2f-8e-96\",\"number\":2199023255785,\"cluster\":\"07\",\"shards\":[]}" \
    ",\"as_of\":\"2026-11-22T03:51:43.120Z\",\"stale\":false,\"state\":\"open\"}"
#define ROW                                                                                        \
    "{\"kind\":\"result\",\"unit\":\"vt\",\"method\":null,\"contest\":\"president\",\"ballots\":3" \
    ",\"choices\":[{\"choice\":\"a\",\"votes\":2}],\"undervotes\":1,\"overvotes\":0,"              \
    "\"revision\":0"

static void a_row_gets_the_version_of_its_answer(void **state)
{
    (void)state;
    struct psp_bridge_rows rows = {0};
    struct psp_text version = {0}, value = {0};
    char key[PSP_BRIDGE_ROW_KEY_BYTES];
    json_t *line = json_loads(ROW "}", 0, NULL), *end = json_loads(END, 0, NULL);
    assert_true(psp_bridge_rows_key(line, key));
    assert_string_equal(key, "president/vt/");
    assert_int_equal(psp_bridge_rows_add(&rows, 4, key, line), PSP_OK);
    assert_int_equal(psp_bridge_rows_add(&rows, 5, "x/y/mail", NULL), PSP_OK);
    assert_int_equal(psp_bridge_rows_version(end, &version), PSP_OK);
    psp_bridge_rows_value(&rows, 0, &version, &value);
    static const char wanted[] = ROW ",\"version\":{\"id\":\"2f-8e-96\",\"number\":2199023255785},"
                                     "\"as_of\":\"2026-11-22T03:51:43.120Z\"}";
    assert_int_equal(value.length, strlen(wanted));
    assert_memory_equal(value.data, wanted, value.length);
    assert_true(
        schema_file_holds("bridge/schemas/psephos.results.schema.json", value.data, value.length));
    assert_int_equal(rows.rows[0].kind, 4);
    assert_int_equal(rows.rows[1].value_bytes, 0);
    assert_memory_equal(rows.text.data + rows.rows[1].key_at, "x/y/mail", 8);
    psp_bridge_rows_clear(&rows);
    assert_int_equal(rows.count, 0);
    json_decref(line);
    json_decref(end);
    psp_text_free(&version);
    psp_text_free(&value);
    psp_bridge_rows_free(&rows);
}

static void the_methods_id_ends_a_key(void **state)
{
    (void)state;
    char key[PSP_BRIDGE_ROW_KEY_BYTES];
    json_t *line = json_loads("{\"contest\":\"c\",\"unit\":\"u\",\"method\":\"mail\"}", 0, NULL);
    assert_true(psp_bridge_rows_key(line, key));
    assert_string_equal(key, "c/u/mail");
    json_object_del(line, "unit");
    assert_false(psp_bridge_rows_key(line, key));
    json_decref(line);
}

static void a_last_line_without_a_version_is_none(void **state)
{
    (void)state;
    struct psp_text version = {0};
    json_t *end = json_loads("{\"version\":{\"id\":\"x\"},\"as_of\":null}", 0, NULL);
    assert_int_equal(psp_bridge_rows_version(end, &version), PSP_EINVAL);
    json_decref(end);
    psp_text_free(&version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_gets_the_version_of_its_answer),
        cmocka_unit_test(the_methods_id_ends_a_key),
        cmocka_unit_test(a_last_line_without_a_version_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
