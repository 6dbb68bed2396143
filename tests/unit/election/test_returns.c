/* Published returns: what is read and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/returns/returns.h"

#define HEADER "state,county,county_fips,precinct,office,district,party,candidate,votes\n"

static enum psp_status read_text(const char *text, struct psp_returns **ret_returns,
                                 struct psp_reason *reterr_reason)
{
    struct psp_csv *csv = NULL;
    assert_int_equal(psp_csv_open_memory(text, strlen(text), &csv), PSP_OK);
    const enum psp_status status = psp_returns_read(csv, ret_returns, reterr_reason);
    psp_csv_close(&csv);
    return status;
}

static void refused(const char *text, uint64_t line, uint32_t column, const char *reason)
{
    struct psp_returns *returns = NULL;
    struct psp_reason fault = {0};
    assert_int_equal(read_text(text, &returns, &fault), PSP_EINVAL);
    assert_null(returns);
    if (strstr(fault.text, reason) == NULL)
        fail_msg("reason: %s", fault.text);
    assert_int_equal(fault.line, line);
    assert_int_equal(fault.column, column);
}

static void rows_are_read_in_file_order(void **state)
{
    (void)state;
    struct psp_returns *returns = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(read_text(HEADER "VT,\"Addison\",50001,\"A, \"\"x\"\"\",President,,D,Ann,12\n"
                                      "VT,,,,Governor,3,,Bob,0\n",
                               &returns, &reason),
                     PSP_OK);
    assert_int_equal(returns->n, 2);
    assert_string_equal(returns->rows[0].text[PSP_COLUMN_PRECINCT], "A, \"x\"");
    assert_int_equal(returns->rows[0].votes, 12);
    assert_int_equal(returns->rows[0].line, 2);
    assert_string_equal(returns->rows[1].text[PSP_COLUMN_COUNTY], "");
    assert_string_equal(returns->rows[1].text[PSP_COLUMN_DISTRICT], "3");
    assert_int_equal(returns->rows[1].votes, 0);
    /* Equal texts are one pointer. */
    assert_ptr_equal(returns->rows[0].text[PSP_COLUMN_STATE],
                     returns->rows[1].text[PSP_COLUMN_STATE]);
    psp_returns_destroy(&returns);
    assert_null(returns);
    psp_returns_destroy(&returns);
}

static void other_headers_are_refused(void **state)
{
    (void)state;
    refused("", 0, 0, "empty");
    refused("state,county\n", 1, 3, "column 3 is \"\" and must be \"county_fips\"");
    refused("county,state,county_fips,precinct,office,district,party,candidate,votes\n", 1, 1,
            "wrong header: column 1 is \"county\" and must be \"state\"");
    refused("state,county,county_fips,precinct,office,district,party,candidate,Votes\n", 1, 9,
            "must be \"votes\"");
    refused("state,county,county_fips,precinct,office,district,party,candidate,votes,x\n", 1, 10,
            "10 columns, and must have 9");
    refused(HEADER, 0, 0, "no rows");
}

static void counts_must_be_whole_numbers(void **state)
{
    (void)state;
    refused(HEADER "VT,,,,P,,D,Ann,-1\n", 2, 9, "must not be negative: \"-1\"");
    refused(HEADER "VT,,,,P,,D,Ann,\n", 2, 9, "votes are missing");
    refused(HEADER "VT,,,,P,,D,Ann,12a\n", 2, 9, "must be a whole number: \"12a\"");
    refused(HEADER "VT,,,,P,,D,Ann,1.5\n", 2, 9, "must be a whole number");
    refused(HEADER "VT,,,,P,,D,Ann,\"1,500\"\n", 2, 9, "must be a whole number");
    refused(HEADER "VT,,,,P,,D,Ann,+1\n", 2, 9, "must be a whole number");
    refused(HEADER "VT,,,,P,,D,Ann,1000000000001\n", 2, 9, "over the limit");
    refused(HEADER "VT,,,,P,,D,Ann,99999999999999999999999999\n", 2, 9, "over the limit");
    struct psp_returns *returns = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(read_text(HEADER "VT,,,,P,,D,Ann,1000000000000\n", &returns, &reason), PSP_OK);
    assert_true(returns->rows[0].votes == PSP_RETURNS_VOTES_MAX);
    psp_returns_destroy(&returns);
}

static void the_sum_of_all_rows_has_a_limit(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    fputs(HEADER, file);
    for (int i = 0; i < 9008; i++) /* 9,008 times 10^12 is just over 2^53 */
        fprintf(file, "VT,,,,P,,D,Ann %d,1000000000000\n", i);
    fclose(file);
    refused(text, 9009, 9, "together are over the limit");
    free(text);
}

static void rows_of_another_shape_are_refused(void **state)
{
    (void)state;
    refused(HEADER "VT,,,,P,,D,Ann,1\nVT,,,,P,,D,Ann\n", 3, 0, "8 fields, and the header has 9");
    refused(HEADER "VT,,,,P,,D,Ann,1,\n", 2, 0, "10 fields");
    refused(HEADER "\n", 2, 0, "1 fields");
    refused(HEADER "VT,,,,P,,D,A\"nn,1\n", 2, 8, "a quote inside a field");
    char *text = malloc(2000);
    sprintf(text, HEADER "VT,,,%01025d,P,,D,Ann,1\n", 0);
    refused(text, 2, 4, "1025 bytes: at most 1024");
    free(text);
}

static void a_row_twice_is_refused(void **state)
{
    (void)state;
    refused(HEADER "VT,,,,P,,D,Ann,1\nVT,,,,P,,D,Bob,1\nVT,,,,P,,D,Ann,2\n", 4, 0,
            "the row of line 2 again");
}

static void load_tells_what_is_wrong_with_the_file(void **state)
{
    (void)state;
    struct psp_returns *returns = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_returns_load("/nonexistent.csv", &returns, &reason), PSP_ENOENT);
    assert_string_equal(reason.text, "No such file or directory");
    assert_int_equal(psp_returns_load("/", &returns, &reason), PSP_EIO);
    assert_string_equal(reason.text, "Is a directory");
    assert_int_equal(psp_returns_load("tests/fixtures/sparse.csv", &returns, &reason), PSP_OK);
    assert_int_equal(returns->n, 28);
    psp_returns_destroy(&returns);
}

static void columns_have_the_names_of_the_header(void **state)
{
    (void)state;
    char header[128];
    int at = 0;
    for (int i = 0; i < PSP_RETURNS_COLUMNS; i++)
        at += snprintf(header + at, sizeof header - (size_t)at, "%s%s",
                       psp_returns_column_name((enum psp_returns_column)i),
                       i < PSP_COLUMN_VOTES ? "," : "\n");
    assert_string_equal(header, HEADER);
}

/* Contest x allows two votes: rows 5 and 4 need max(ceil(9 / 2), 5) = 5 ballots, not 9. */
static void contests_with_several_votes_need_fewer_ballots(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"
        "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],"
        "\"units\":[{\"id\":\"vt\",\"name\":\"VT\",\"level\":\"state\",\"ballot_style\":\"s\"}],"
        "\"contests\":[{\"id\":\"x\",\"name\":\"X\",\"office\":\"X\",\"unit\":\"vt\","
        "\"votes_allowed\":2,\"choices\":[{\"id\":\"p\",\"name\":\"P\",\"kind\":\"yes\"},"
        "{\"id\":\"q\",\"name\":\"Q\",\"kind\":\"no\"}]}],"
        "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"x\"}]}]}";
    struct psp_definition *definition = NULL;
    struct psp_reason definition_fault;
    struct psp_returns *returns = NULL;
    struct psp_returns_binding *binding = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, sizeof text - 1, &definition, &definition_fault),
                     PSP_OK);
    assert_int_equal(read_text(HEADER "VT,,,,X,,,Q,4\nVT,,,,X,,,P,5\n", &returns, &reason), PSP_OK);
    assert_int_equal(psp_returns_bind(returns, definition, &binding, &reason), PSP_OK);
    assert_int_equal(binding->leaf_ballots[0], 5);
    assert_int_equal(binding->ballots, 5);
    assert_int_equal(binding->order[0], 1);
    assert_int_equal(binding->places[0].choice, 1);
    psp_returns_binding_destroy(&binding);
    psp_returns_binding_destroy(&binding);
    psp_returns_destroy(&returns);
    psp_definition_destroy(&definition);
}

static void units_of_one_name_are_ambiguous(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"
        "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],"
        "\"units\":[{\"id\":\"us\",\"name\":\"US\",\"level\":\"nation\"},"
        "{\"id\":\"a\",\"name\":\"VT\",\"level\":\"state\",\"parent\":\"us\",\"ballot_style\":"
        "\"s\"},"
        "{\"id\":\"b\",\"name\":\"VT\",\"level\":\"state\",\"parent\":\"us\",\"ballot_style\":"
        "\"s\"}],"
        "\"contests\":[{\"id\":\"x\",\"name\":\"X\",\"office\":\"X\",\"unit\":\"us\","
        "\"choices\":[{\"id\":\"p\",\"name\":\"P\",\"kind\":\"yes\"}]}],"
        "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"x\"}]}]}";
    struct psp_definition *definition = NULL;
    struct psp_reason definition_fault;
    struct psp_returns *returns = NULL;
    struct psp_returns_binding *binding = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, sizeof text - 1, &definition, &definition_fault),
                     PSP_OK);
    assert_int_equal(read_text(HEADER "VT,,,,X,,,P,5\n", &returns, &reason), PSP_OK);
    assert_int_equal(psp_returns_bind(returns, definition, &binding, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "more than one unit"));
    assert_int_equal(reason.line, 2);
    psp_returns_destroy(&returns);
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_in_file_order),
        cmocka_unit_test(other_headers_are_refused),
        cmocka_unit_test(counts_must_be_whole_numbers),
        cmocka_unit_test(the_sum_of_all_rows_has_a_limit),
        cmocka_unit_test(rows_of_another_shape_are_refused),
        cmocka_unit_test(a_row_twice_is_refused),
        cmocka_unit_test(load_tells_what_is_wrong_with_the_file),
        cmocka_unit_test(columns_have_the_names_of_the_header),
        cmocka_unit_test(contests_with_several_votes_need_fewer_ballots),
        cmocka_unit_test(units_of_one_name_are_ambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
