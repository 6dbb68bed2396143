/*
 * cli_fixture - a small election for the command's tests, from returns written
 * here: two precincts, two contests, the second with two votes allowed.
 *
 *     A: President Biden 5, Blanks 2; Council Ann 6, Bob 4, Cid 3 of 2 votes each
 *     B: President Biden 0, Trump 3
 *
 * So A needs 7 ballots (13 council votes, two each: 7; President: 7) and has
 * one undervote (14 - 13); B needs 3.
 */
#ifndef PSP_CLI_FIXTURE_H
#define PSP_CLI_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"
#include "election/definition/definition.h"
#include "election/import/import.h"
#include "election/returns/returns.h"

enum { FIXTURE_BALLOTS = 10, FIXTURE_BALLOTS_A = 7, FIXTURE_BALLOTS_B = 3 };

static const char fixture_text[] =
    "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
    "VT,Addison,50001,A,President,,Democratic,Joseph Biden,5\n"
    "VT,Addison,50001,A,President,,,Blanks,2\n"
    "VT,Addison,50001,A,Council,1,,Ann,6\n"
    "VT,Addison,50001,A,Council,1,,Bob,4\n"
    "VT,Addison,50001,A,Council,1,,Cid,3\n"
    "VT,Addison,50001,B,President,,Democratic,Joseph Biden,0\n"
    "VT,Addison,50001,B,President,,Republican,Donald Trump,3\n";

static inline struct psp_returns *fixture_returns(void)
{
    struct psp_csv *csv = NULL;
    struct psp_returns *returns = NULL;
    struct psp_csv_fault fault = {0};
    assert_int_equal(psp_csv_open_memory(fixture_text, sizeof fixture_text - 1, &csv), PSP_OK);
    assert_int_equal(psp_returns_read(csv, &returns, &fault), PSP_OK);
    psp_csv_close(&csv);
    return returns;
}

static inline struct psp_definition *fixture_definition(const struct psp_returns *returns)
{
    static const char before[] = "\"district\": \"1\", ", allowed[] = "\"votes_allowed\": 2, ";
    const struct psp_import_options options = {.id = "town", .name = "Town", .date = "2020-11-03"};
    struct psp_definition *definition = NULL;
    struct psp_definition_fault fault = {0};
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_import(returns, &options, &text, &bytes), PSP_OK);
    const char *at = strstr(text, before);
    assert_non_null(at);
    const size_t head = (size_t)(at - text) + strlen(before);
    char *changed = calloc(bytes + sizeof allowed, 1);
    assert_non_null(changed);
    memcpy(changed, text, head);
    memcpy(changed + head, allowed, strlen(allowed));
    memcpy(changed + head + strlen(allowed), text + head, bytes - head);
    const enum psp_status status =
        psp_definition_parse(changed, strlen(changed), &definition, &fault);
    if (status != PSP_OK)
        print_error("%s: %s\n", fault.pointer, fault.reason);
    assert_int_equal(status, PSP_OK);
    free(changed);
    free(text);
    return definition;
}

static inline uint32_t fixture_unit(const struct psp_definition *definition, const char *id)
{
    const uint32_t unit = psp_definition_unit(definition, id, strlen(id));
    assert_int_not_equal(unit, PSP_NONE);
    return unit;
}

#endif
