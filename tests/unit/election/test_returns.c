/* Published returns: their columns, and the place of each row in a definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/import/read.h"

#define HEADER "state,county,county_fips,precinct,office,district,party,candidate,votes\n"

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
    returns = fixture_read(HEADER "VT,,,,X,,,Q,4\nVT,,,,X,,,P,5\n",
                           strlen(HEADER "VT,,,,X,,,Q,4\nVT,,,,X,,,P,5\n"));
    assert_non_null(returns);
    assert_int_equal(psp_returns_bind(returns, definition, &binding, &reason), PSP_OK);
    assert_int_equal(binding->leaf_ballots[0], 5);
    assert_int_equal(binding->ballots, 5);
    assert_int_equal(binding->order[0], 1);
    assert_int_equal(binding->places[0].choice, 1);
    assert_int_equal(binding->places[0].method, 0);
    psp_returns_binding_destroy(&binding);
    psp_returns_binding_destroy(&binding);
    psp_returns_destroy(&returns);
    psp_definition_destroy(&definition);
}

/* Two votes a ballot of three lines: 7, 2 and 1 are five papers' votes, but seven need one of
 * their own each; and four overvotes are two papers that none of the seven can be. */
static void papers_are_as_many_as_the_largest_line_and_overvoted_ones_need(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"
        "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],"
        "\"units\":[{\"id\":\"vt\",\"name\":\"VT\",\"level\":\"state\",\"ballot_style\":\"s\"}],"
        "\"contests\":[{\"id\":\"x\",\"name\":\"X\",\"office\":\"X\",\"unit\":\"vt\","
        "\"votes_allowed\":2,\"choices\":[{\"id\":\"p\",\"name\":\"P\",\"kind\":\"other\"},"
        "{\"id\":\"q\",\"name\":\"Q\",\"kind\":\"other\"},"
        "{\"id\":\"r\",\"name\":\"R\",\"kind\":\"other\"}]}],"
        "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"x\"}]}]}";
    static const struct {
        const char *rows;
        uint64_t ballots;
    } cases[] = {
        {"VT,,,,X,,,P,7\nVT,,,,X,,,Q,2\nVT,,,,X,,,R,1\n", 7},
        {"VT,,,,X,,,P,4\nVT,,,,X,,,Q,4\nVT,,,,X,,,R,3\n", 6},
        {"VT,,,,X,,,P,7\nVT,,,,X,,,Q,2\nVT,,,,X,,,R,1\nVT,,,,X,,,OVERVOTES,4\n", 9},
    };
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, sizeof text - 1, &definition, &reason), PSP_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char table[512];
        struct psp_returns_binding *binding = NULL;
        const int n = snprintf(table, sizeof table, HEADER "%s", cases[i].rows);
        struct psp_returns *returns = fixture_read_meant(table, (size_t)n);
        assert_non_null(returns);
        if (psp_returns_bind(returns, definition, &binding, &reason) != PSP_OK)
            fail_msg("%s", reason.text);
        assert_int_equal(binding->leaf_ballots[0], cases[i].ballots);
        psp_returns_binding_destroy(&binding);
        psp_returns_destroy(&returns);
    }
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
    returns = fixture_read(HEADER "VT,,,,X,,,P,5\n", strlen(HEADER "VT,,,,X,,,P,5\n"));
    assert_non_null(returns);
    assert_int_equal(psp_returns_bind(returns, definition, &binding, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "more than one unit"));
    assert_int_equal(reason.line, 2);
    psp_returns_destroy(&returns);
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_the_names_of_the_header),
        cmocka_unit_test(contests_with_several_votes_need_fewer_ballots),
        cmocka_unit_test(papers_are_as_many_as_the_largest_line_and_overvoted_ones_need),
        cmocka_unit_test(units_of_one_name_are_ambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
