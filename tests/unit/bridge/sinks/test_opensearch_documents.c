/* Documents of tests/fixtures/town.json, and what a node says of a bulk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/opensearch/documents.h"
#include "bridge/opensearch/verdict.h"

static int load(void **state)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_load("tests/fixtures/town.json", &definition, &reason), PSP_OK);
    *state = definition;
    return 0;
}

static int unload(void **state)
{
    struct psp_definition *definition = *state;
    psp_definition_destroy(&definition);
    return 0;
}

typedef enum psp_status make_document(const struct psp_definition *, const json_t *, json_t **);

static void assert_document(const struct psp_definition *definition, make_document *make,
                            const char *line, const char *wanted)
{
    json_t *json = json_loads(line, 0, NULL), *expected = json_loads(wanted, 0, NULL);
    json_t *document = NULL;
    assert_non_null(json);
    assert_non_null(expected);
    assert_int_equal(make(definition, json, &document), PSP_OK);
    if (!json_equal(document, expected))
        fail_msg("%s", json_dumps(document, 0));
    json_decref(document);
    json_decref(expected);
    json_decref(json);
}

static enum psp_status made(const struct psp_definition *definition, make_document *make,
                            const char *line, json_t **ret_document)
{
    json_t *json = json_loads(line, 0, NULL);
    assert_non_null(json);
    const enum psp_status status = make(definition, json, ret_document);
    json_decref(json);
    return status;
}

static void a_result_is_one_document_with_the_names_of_all_in_it(void **state)
{
    assert_document(
        *state, psp_search_result,
        "{\"kind\":\"result\",\"unit\":\"south\",\"method\":null,\"contest\":\"mayor\",\"ballots\":"
        "3,\"choices\":[{\"choice\":\"blue-ann\",\"votes\":2},{\"choice\":\"blanks\",\"votes\":1}],"
        "\"undervotes\":0,\"overvotes\":0,\"revision\":0,\"decreased\":true}",
        "{\"unit\":\"south\",\"unit_name\":\"South\",\"level\":\"county\",\"method\":\"\","
        "\"contest\":\"mayor\",\"contest_name\":\"Mayor\",\"ballots\":3,\"choices\":[{\"choice\":"
        "\"blue-ann\",\"name\":\"Ann O'Neill\",\"candidate\":\"ann\",\"party\":\"blue\",\"votes\":"
        "2},{\"choice\":\"blanks\",\"name\":\"Blanks\",\"votes\":1}],\"undervotes\":0,"
        "\"overvotes\":0,\"revision\":0,\"held\":false}");
}

static void a_turnout_keeps_its_line(void **state)
{
    assert_document(
        *state, psp_search_turnout,
        "{\"kind\":\"turnout\",\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":"
        "\"nation\",\"ballots\":3,\"ballots_counted\":4,\"report\":null,\"progress\":"
        "{\"out\":1}}",
        "{\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":\"nation\",\"ballots\":3,"
        "\"ballots_counted\":4,\"report\":null,\"progress\":{\"out\":1},\"held\":false}");
}

static void what_is_held_has_no_document_of_its_own(void **state)
{
    json_t *document = (json_t *)(uintptr_t)1;
    assert_int_equal(
        made(*state, psp_search_result,
             "{\"unit\":\"us\",\"method\":null,\"contest\":\"mayor\",\"choices\":null}", &document),
        PSP_OK);
    assert_null(document);
    document = (json_t *)(uintptr_t)1;
    assert_int_equal(
        made(*state, psp_search_turnout,
             "{\"unit\":\"us\",\"ballots\":0,\"ballots_counted\":null,\"report\":null}", &document),
        PSP_OK);
    assert_null(document);
}

static void what_is_no_line_of_this_election_is_refused(void **state)
{
    static const char *const lines[] = {
        "{\"unit\":\"us\",\"method\":null,\"contest\":\"mayor\"}",
        "{\"unit\":\"mars\",\"method\":null,\"contest\":\"mayor\",\"choices\":[]}",
        "{\"unit\":\"us\",\"method\":null,\"contest\":\"x\",\"choices\":[]}",
        "{\"unit\":\"us\",\"contest\":\"mayor\",\"choices\":[{\"choice\":\"x\",\"votes\":1}]}",
        ("{\"unit\":\"us\",\"contest\":\"mayor\","
         "\"choices\":[{\"choice\":\"bob\",\"votes\":\"1\"}]}"),
    };
    json_t *document = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(made(*state, psp_search_result, lines[i], &document), PSP_EINVAL);
    assert_int_equal(made(*state, psp_search_turnout, "{\"unit\":\"us\"}", &document), PSP_EINVAL);
}

static void a_held_document_says_of_what_it_is_and_no_number(void **state)
{
    (void)state;
    json_t *result = psp_search_held(PSP_SEARCH_RESULTS, "mayor/us/");
    json_t *turnout = psp_search_held(PSP_SEARCH_TURNOUT, "us");
    char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"contest\":\"mayor\",\"held\":true,\"method\":\"\",\"unit\":"
                              "\"us\"}");
    free(text);
    text = json_dumps(turnout, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"held\":true,\"unit\":\"us\"}");
    free(text);
    json_decref(result);
    json_decref(turnout);
}

static void the_template_is_json_of_both_indices(void **state)
{
    (void)state;
    struct psp_text body = {0};
    psp_search_template("count", &body);
    json_t *json = json_loadb(body.data, body.length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *patterns = json_object_get(json, "index_patterns");
    assert_string_equal(json_string_value(json_array_get(patterns, 0)), "count-results");
    assert_string_equal(json_string_value(json_array_get(patterns, 1)), "count-turnout");
    json_decref(json);
    psp_text_free(&body);
}

static enum psp_status read_bulk(const char *body, size_t count, bool *again, size_t *ret_left,
                                 struct psp_reason *reason)
{
    return psp_search_read_bulk(body, strlen(body), count, again, ret_left, reason);
}

static void a_newer_document_is_done_and_a_busy_node_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum psp_status read;
        size_t left;
    } known[] = {{200, PSP_OK, 0}, {201, PSP_OK, 0}, {409, PSP_OK, 0},     {429, PSP_OK, 1},
                 {503, PSP_OK, 1}, {403, PSP_OK, 1}, {400, PSP_EINVAL, 9}, {404, PSP_EINVAL, 9}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct psp_reason reason = {0};
        char body[64];
        bool again;
        size_t left = 9;
        snprintf(body, sizeof body, "{\"items\":[{\"index\":{\"status\":%d}}]}", known[i].status);
        assert_int_equal(read_bulk(body, 1, &again, &left, &reason), known[i].read);
        assert_int_equal(left, known[i].left);
    }
}

static void only_what_had_no_room_is_sent_again(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    bool again[3];
    size_t left = 9;
    assert_int_equal(
        read_bulk("{\"items\":[{\"index\":{\"status\":201}},{\"index\":{\"_id\":\"a/b/\","
                  "\"status\":429,\"error\":{\"type\":\"rejected\",\"reason\":\"queue\"}}},"
                  "{\"index\":{\"status\":409}}]}",
                  3, again, &left, &reason),
        PSP_OK);
    assert_int_equal(left, 1);
    assert_false(again[0]);
    assert_true(again[1]);
    assert_false(again[2]);
}

static void a_document_that_is_refused_for_good_says_why(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    bool again[2];
    size_t left = 9;
    assert_int_equal(
        read_bulk("{\"items\":[{\"index\":{\"_id\":\"a/b/\",\"status\":400,\"error\":{\"type\":"
                  "\"mapper_parsing_exception\",\"reason\":\"no long\"}}}]}",
                  1, again, &left, &reason),
        PSP_EINVAL);
    assert_string_equal(reason.text,
                        "the document a/b/: mapper_parsing_exception: no long (status 400)");
    /* Not an item for each: what became of the others is not known. */
    assert_int_equal(
        read_bulk("{\"items\":[{\"index\":{\"status\":201}}]}", 2, again, &left, &reason),
        PSP_EUNREACHABLE);
    assert_int_equal(read_bulk("<html>", 2, again, &left, &reason), PSP_EUNREACHABLE);
    assert_int_equal(left, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_one_document_with_the_names_of_all_in_it),
        cmocka_unit_test(a_turnout_keeps_its_line),
        cmocka_unit_test(what_is_held_has_no_document_of_its_own),
        cmocka_unit_test(what_is_no_line_of_this_election_is_refused),
        cmocka_unit_test(a_held_document_says_of_what_it_is_and_no_number),
        cmocka_unit_test(the_template_is_json_of_both_indices),
        cmocka_unit_test(a_newer_document_is_done_and_a_busy_node_is_asked_again),
        cmocka_unit_test(only_what_had_no_room_is_sent_again),
        cmocka_unit_test(a_document_that_is_refused_for_good_says_why),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
