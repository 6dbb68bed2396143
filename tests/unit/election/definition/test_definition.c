/* The parser of election.json: what it reads, and every way it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "election/definition/definition.h"
#include "tests/unit/fixture/primary.h"

static const char good[] =
    "{\n" /* line 1 */
    "  \"format\": 2, \"id\": \"town-2024\", \"name\": \"Town\", \"date\": "
    "\"2024-11-05\", \"publication\": \"immediate\",\n"
    "  \"methods\": [{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", "
    "\"name\": \"Mail\"}],\n"
    "  \"parties\": [{\"id\": \"red\", \"name\": \"Red\", \"color\": \"#a00000\"},\n" /* 4 */
    "    {\"id\": \"blue\", \"name\": \"Blue\"}],\n"                                  /* 5 */
    "  \"candidates\": [\n"                                                           /* 6 */
    "    {\"id\": \"ann\", \"name\": \"Ann\", \"party\": \"red\", \"biography\": "
    "\"Baker\"},\n"
    "    {\"id\": \"bob\", \"name\": \"Bob\", \"photo\": \"bob.jpg\", \"platform\": "
    "\"Bread\"}],\n"
    "  \"units\": [\n" /* 9 */
    "    {\"id\": \"p1\", \"name\": \"One\", \"level\": \"precinct\", \"parent\": "
    "\"c1\",\n" /* 10 */
    "     \"ballot_styles\": [\"full\"], \"registered\": 90, \"ballots_expected\": 70},\n"
    "    {\"id\": \"us\", \"name\": \"Nation\", \"level\": \"nation\"},\n" /* 12 */
    "    {\"id\": \"c1\", \"name\": \"County\", \"level\": \"county\", \"parent\": "
    "\"us\", \"code\": \"007\"},\n"
    "    {\"id\": \"c2\", \"name\": \"\", \"level\": \"county\", \"parent\": \"us\", "
    "\"ballot_styles\": [\"short\"]},\n"
    "    {\"id\": \"p2\", \"name\": \"Two\", \"level\": \"precinct\", \"parent\": \"c1\", "
    "\"ballot_styles\": [\"short\"]}\n"
    "  ],\n"              /* 16 */
    "  \"contests\": [\n" /* 17 */
    "    {\"id\": \"mayor\", \"name\": \"Mayor\", \"office\": \"Mayor\", \"unit\": "
    "\"us\",\n"             /* 18 */
    "     \"choices\": [\n" /* 19 */
    "       {\"id\": \"ann-red\", \"name\": \"Ann\", \"kind\": \"candidate\", "
    "\"candidate\": \"ann\", \"party\": \"red\"},\n"
    "       {\"id\": \"bob\", \"name\": \"Bob\", \"kind\": \"candidate\", \"candidate\": "
    "\"bob\"},\n"
    "       {\"id\": \"blank\", \"name\": \"Blanks\", \"kind\": \"blank\"}]},\n" /* 22 */
    "    {\"id\": \"bridge\", \"name\": \"Bridge\", \"office\": \"Bridge\", \"district\": "
    "\"7\", \"unit\": \"c1\",\n"   /* 23 */
    "     \"votes_allowed\": 2,\n" /* 24 */
    "     \"choices\": [{\"id\": \"yes\", \"name\": \"Yes\", \"kind\": \"yes\"}, {\"id\": "
    "\"no\", \"name\": \"No\", \"kind\": \"no\"}]}\n"
    "  ],\n"                   /* 26 */
    "  \"ballot_styles\": [\n" /* 27 */
    "    {\"id\": \"full\", \"contests\": [{\"contest\": \"bridge\"}, {\"contest\": "
    "\"mayor\", \"choices\": [\"blank\", \"ann-red\"]}]},\n"              /* 28 */
    "    {\"id\": \"short\", \"contests\": [{\"contest\": \"mayor\"}]}\n" /* 29 */
    "  ],\n"                                                              /* 30 */
    "  \"map\": {\"file\": \"map.topojson\", \"object\": \"counties\", \"key\": "
    "\"code\"}\n"
    "}\n";

static struct psp_definition *parse_good(void)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const enum psp_status status =
        psp_definition_parse(good, sizeof good - 1, &definition, &reason);
    if (status != PSP_OK)
        print_error("%s: line %d: %s\n", reason.pointer, (int)reason.line, reason.text);
    assert_int_equal(status, PSP_OK);
    return definition;
}

/* Parses the good text with one piece replaced and expects this fault. */
static void refused(const char *from, const char *to, const char *pointer, int line,
                    const char *reason)
{
    const char *at = strstr(good, from);
    assert_non_null(at);
    char *text = NULL;
    const int bytes = asprintf(&text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    assert_true(bytes > 0);
    /* Not NUL-terminated, so that a read past the end is seen. */
    char *exact = malloc((size_t)bytes);
    memcpy(exact, text, (size_t)bytes);
    free(text);
    struct psp_definition *definition = NULL;
    struct psp_reason fault = {0};
    assert_int_equal(psp_definition_parse(exact, (size_t)bytes, &definition, &fault), PSP_EINVAL);
    assert_null(definition);
    assert_string_equal(fault.pointer, pointer);
    if (strstr(fault.text, reason) == NULL)
        print_error("reason: %s\n", fault.text);
    assert_non_null(strstr(fault.text, reason));
    assert_int_equal(fault.line, line);
    free(exact);
}

static void members_are_read_as_written(void **state)
{
    (void)state;
    struct psp_definition *definition = parse_good();
    assert_string_equal(definition->id, "town-2024");
    assert_string_equal(definition->name, "Town");
    assert_string_equal(definition->date, "2024-11-05");
    assert_int_equal(definition->publication, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(definition->turnout, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(definition->report_min, 10);
    assert_string_equal(definition->map_file, "map.topojson");
    assert_string_equal(definition->map_object, "counties");
    assert_string_equal(definition->map_key, "code");
    assert_int_equal(definition->method_count, 2);
    assert_string_equal(definition->methods[1].id, "mail");
    assert_int_equal(definition->party_count, 2);
    assert_string_equal(definition->parties[0].color, "#a00000");
    assert_null(definition->parties[1].color);
    assert_int_equal(definition->candidate_count, 2);
    assert_int_equal(definition->candidates[0].party, 0);
    assert_string_equal(definition->candidates[0].biography, "Baker");
    assert_null(definition->candidates[0].photo);
    assert_int_equal(definition->candidates[1].party, PSP_NONE);
    assert_string_equal(definition->candidates[1].platform, "Bread");
    assert_int_equal(definition->unit_count, 5);
    assert_int_equal(definition->units[0].registered, 90);
    assert_int_equal(definition->units[0].ballots_expected, 70);
    assert_true(definition->units[1].registered == PSP_UNSTATED);
    assert_string_equal(definition->units[2].code, "007");
    assert_string_equal(definition->units[0].code, "");
    assert_int_equal(definition->contests[0].votes_allowed, 1);
    assert_int_equal(definition->contests[1].votes_allowed, 2);
    assert_string_equal(definition->contests[1].district, "7");
    assert_int_equal(definition->contests[1].choice_first, 3);
    assert_int_equal(definition->choice_count, 5);
    assert_int_equal(definition->choices[2].kind, PSP_CHOICE_BLANK);
    assert_int_equal(definition->contests[0].choices[1].candidate, 1);
    psp_definition_destroy(&definition);
    assert_null(definition);
}

static void hash_is_the_sha256_of_the_bytes(void **state)
{
    (void)state;
    /* printf '%s' "$text" | sha256sum would do; libsodium is the other path here. */
    struct psp_definition *definition = parse_good();
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)good, sizeof good - 1);
    assert_memory_equal(definition->hash, hash, sizeof hash);
    psp_definition_destroy(&definition);
}

static void leaves_run_depth_first_in_file_order(void **state)
{
    (void)state;
    struct psp_definition *definition = parse_good();
    /* Units: 0 p1, 1 us, 2 c1, 3 c2, 4 p2. The walk: us, c1 (p1, p2), c2. */
    assert_int_equal(definition->root, 1);
    assert_int_equal(definition->leaf_count, 3);
    assert_int_equal(definition->leaves[0], 0);
    assert_int_equal(definition->leaves[1], 4);
    assert_int_equal(definition->leaves[2], 3);
    assert_int_equal(definition->leaf_of_unit[4], 1);
    assert_int_equal(definition->leaf_of_unit[2], PSP_NONE);
    assert_int_equal(definition->units[1].leaf_first, 0);
    assert_int_equal(definition->units[1].leaf_end, 3);
    assert_int_equal(definition->units[2].leaf_first, 0);
    assert_int_equal(definition->units[2].leaf_end, 2);
    assert_int_equal(definition->units[3].leaf_first, 2);
    assert_int_equal(definition->units[3].leaf_end, 3);
    assert_int_equal(definition->units[0].parent, 2);
    assert_int_equal(definition->units[1].parent, PSP_NONE);
    psp_definition_destroy(&definition);
}

static void styles_know_their_cells(void **state)
{
    (void)state;
    struct psp_definition *definition = parse_good();
    const struct psp_style *full = &definition->styles[0], *small = &definition->styles[1];
    assert_int_equal(definition->units[0].styles[0], 0);
    assert_int_equal(definition->units[1].style_count, 0);
    /* full: ballots, mayor (ann-red, blank, under, over), bridge (yes, no, under, over). */
    assert_int_equal(full->row_cells, 9);
    assert_int_equal(full->contests[0].contest, 0);
    assert_int_equal(full->contests[0].cell, 1);
    assert_int_equal(full->contests[0].choice_count, 2);
    assert_int_equal(full->contests[0].choices[0], 0);
    assert_int_equal(full->contests[0].choices[1], 2);
    assert_int_equal(full->contests[1].cell, 5);
    assert_int_equal(full->contests[1].votes_allowed, 2);
    assert_int_equal(psp_style_cell(full, 0, 0), 1);
    assert_int_equal(psp_style_cell(full, 0, 1), -1);
    assert_int_equal(psp_style_cell(full, 0, 2), 2);
    assert_int_equal(psp_style_cell(full, 0, 3), -1);
    assert_int_equal(psp_style_cell(full, 1, 1), 6);
    assert_int_equal(small->row_cells, 6);
    assert_int_equal(psp_style_cell(small, 0, 1), 2);
    assert_int_equal(psp_style_cell(small, 1, 0), -1);
    assert_null(psp_style_entry(small, 1));
    psp_definition_destroy(&definition);
}

static void ids_are_found_and_strangers_are_not(void **state)
{
    (void)state;
    struct psp_definition *definition = parse_good();
    assert_int_equal(psp_definition_unit(definition, "p2", 2), 4);
    assert_int_equal(psp_definition_unit(definition, "p2x", 2), 4);
    assert_int_equal(psp_definition_unit(definition, "p2x", 3), PSP_NONE);
    assert_int_equal(psp_definition_unit(definition, "p2\0", 3), PSP_NONE);
    assert_int_equal(psp_definition_unit(definition, "", 0), PSP_NONE);
    assert_int_equal(psp_definition_contest(definition, "bridge", 6), 1);
    assert_int_equal(psp_definition_method(definition, "mail", 4), 1);
    assert_int_equal(psp_definition_candidate(definition, "bob", 3), 1);
    assert_int_equal(psp_definition_choice(definition, 0, "bob", 3), 1);
    assert_int_equal(psp_definition_choice(definition, 1, "bob", 3), PSP_NONE);
    assert_int_equal(psp_definition_choice(definition, 1, "no", 2), 1);
    psp_definition_destroy(&definition);
}

static void broken_json_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("\"mayor\", \"name\"", "\"mayor\" \"name\"", "", 18, "not well-formed JSON");
    refused("\n}\n", "\n", "", 32, "not well-formed JSON");
    refused("\n}\n", "\n} x", "", 32, "end of file expected");
    refused("\"name\": \"Two\"", "\"name\": \"Tw\xFF\"", "", 15, "not UTF-8");
    refused("\"name\": \"Two\"", "\"name\": \"\xC0\xAF\"", "", 15, "not UTF-8");
    refused("\"name\": \"Two\"", "\"name\": \"\\u0000\"", "", 15, "not well-formed JSON");
    refused("\"name\": \"Two\"", "\"name\": \"Two\", \"name\": \"Two\"", "", 15, "duplicate");
    refused("{\n", "\xEF\xBB\xBF{\n", "", 1, "byte order mark");
}

static void empty_input_is_refused(void **state)
{
    (void)state;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse("", 0, &definition, &reason), PSP_EINVAL);
    assert_int_equal(psp_definition_parse("[]", 2, &definition, &reason), PSP_EINVAL);
    assert_string_equal(reason.text, "must be an object");
    assert_int_equal(reason.line, 1);
}

static void formats_and_members_are_checked(void **state)
{
    (void)state;
    refused("\"format\": 2, ", "", "", 1, "member \"format\" is missing");
    refused("\"format\": 2", "\"format\": \"1\"", "/format", 2, "whole number");
    refused("\"format\": 2", "\"format\": 3", "/format", 2, "format 3 is unknown");
    refused("\"format\": 2", "\"format\": 2, \"a/b~\": 1", "/a~1b~0", 2, "no member of this name");
    refused("\"color\"", "\"colour\"", "/parties/0/colour", 4, "no member of this name");
    refused("{\"id\": \"blue\", \"name\": \"Blue\"}", "7", "/parties/1", 5, "must be an object");
    refused("\"name\": \"Ann\", \"party\"", "\"party\"", "/candidates/0", 7,
            "member \"name\" is missing");
    refused("\"name\": \"Ann\", \"party\"", "\"name\": 5, \"party\"", "/candidates/0/name", 7,
            "must be a string");
    refused("\"registered\": 90", "\"registered\": -1", "/units/0/registered", 11, "must be 0 to");
    refused("\"registered\": 90", "\"registered\": 9.5", "/units/0/registered", 11, "whole number");
    refused("\"registered\": 90", "\"registered\": 9007199254740992", "/units/0/registered", 11,
            "must be 0 to");
    refused("{\"file\": \"map.topojson\", \"object\": \"counties\", \"key\": \"code\"}", "[]",
            "/map", 31, "must be an object");
    refused("\"map.topojson\"", "\"../map\"", "/map/file", 31, "beside the definition");
    refused("[{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", \"name\": \"Mail\"}]",
            "[]", "/methods", 3, "must not be empty");
    refused("[{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", \"name\": \"Mail\"}]",
            "{}", "/methods", 3, "must be an array");
    refused("2024-11-05", "2024-13-05", "/date", 2, "YYYY-MM-DD");
    refused("2024-11-05", "5.11.2024", "/date", 2, "YYYY-MM-DD");
    refused("#a00000", "#a0000g", "/parties/0/color", 4, "#rrggbb");
}

/* `said`, in place of what the good text says of publication, with this fault. */
static void refused_said(const char *said, const char *pointer, int line, const char *reason)
{
    refused(", \"publication\": \"immediate\"", said, pointer, line, reason);
}

static void publication_is_said_and_checked(void **state)
{
    (void)state;
#define IMMEDIATE ", \"publication\": \"immediate\""
    refused_said("", "", 1, "member \"publication\" is missing");
    refused_said(", \"publication\": \"never\"", "/publication", 2, "not \"never\"");
    refused_said(", \"publication\": 1", "/publication", 2, "must be a string");
    refused_said(IMMEDIATE ", \"turnout\": \"\"", "/turnout", 2, "\"immediate\" or");
    refused_said(IMMEDIATE ", \"report_min\": 0", "/report_min", 2, "must be 1 or more");
    refused_said(IMMEDIATE ", \"report_min\": \"9\"", "/report_min", 2, "whole number");
    refused_said(IMMEDIATE ", \"turnout\": \"reports\"", "/turnout", 2, "holds nothing back");
}

static void ids_are_checked(void **state)
{
    (void)state;
    refused("\"id\": \"ann\"", "\"id\": \"Ann\"", "/candidates/0/id", 7, "a-z, 0-9");
    refused("\"id\": \"ann\"", "\"id\": \"\"", "/candidates/0/id", 7, "must not be empty");
    refused("\"id\": \"p2\"", "\"id\": \"p\\u001b[31m\"", "/units/4/id", 15, "\"p?[31m\"");
    char id[160];
    memset(id, 'a', sizeof id);
    memcpy(id, "\"id\": \"", 7);
    memcpy(id + 7 + 129, "\"", 2);
    refused("\"id\": \"p2\"", id, "/units/4/id", 15, "129 bytes: at most 128");
    char name[1100];
    memset(name, 'n', sizeof name);
    memcpy(name, "\"name\": \"", 9);
    memcpy(name + 9 + 1025, "\"", 2);
    refused("\"name\": \"Two\"", name, "/units/4/name", 15, "1025 bytes: at most 1024");
}

static void second_ids_are_refused(void **state)
{
    (void)state;
    refused("\"id\": \"mail\"", "\"id\": \"booth\"", "/methods/1/id", 3, "taken already");
    refused("\"id\": \"blue\"", "\"id\": \"red\"", "/parties/1/id", 5, "taken already");
    refused("\"id\": \"bob\", \"name\": \"Bob\", \"photo\"",
            "\"id\": \"ann\", \"name\": \"Bob\", \"photo\"", "/candidates/1/id", 8,
            "by element 0: \"ann\"");
    refused("\"id\": \"p2\"", "\"id\": \"p1\"", "/units/4/id", 15, "by element 0: \"p1\"");
    refused("\"id\": \"bridge\"", "\"id\": \"mayor\"", "/contests/1/id", 23, "taken already");
    refused("\"id\": \"no\"", "\"id\": \"yes\"", "/contests/1/choices/1/id", 25, "taken already");
    refused("\"id\": \"short\"", "\"id\": \"full\"", "/ballot_styles/1/id", 29, "taken already");
}

static void unknown_references_are_refused(void **state)
{
    (void)state;
    refused("\"party\": \"red\", \"bio", "\"party\": \"green\", \"bio", "/candidates/0/party", 7,
            "no party has this ID: \"green\"");
    refused("\"parent\": \"c1\", \"ballot_styles\"", "\"parent\": \"x\", \"ballot_styles\"",
            "/units/4/parent", 15, "no unit has this ID: \"x\"");
    refused("\"ballot_styles\": [\"full\"]", "\"ballot_styles\": [\"none\"]",
            "/units/0/ballot_styles/0", 11, "no ballot style has this ID");
    refused("\"unit\": \"c1\"", "\"unit\": \"c9\"", "/contests/1/unit", 23, "no unit has this ID");
    refused("\"candidate\": \"bob\"", "\"candidate\": \"eve\"", "/contests/0/choices/1/candidate",
            21, "no candidate has this ID");
    refused("\"candidate\": \"ann\", \"party\": \"red\"",
            "\"candidate\": \"ann\", \"party\": \"r\"", "/contests/0/choices/0/party", 20,
            "no party has this ID");
    refused("{\"contest\": \"bridge\"}", "{\"contest\": \"tunnel\"}",
            "/ballot_styles/0/contests/0/contest", 28, "no contest has this ID");
    refused("[\"blank\", \"ann-red\"]", "[\"blank\", \"yes\"]",
            "/ballot_styles/0/contests/1/choices/1", 28, "contest \"mayor\" has no choice \"yes\"");
}

static void contests_and_styles_are_checked(void **state)
{
    (void)state;
    refused("\"votes_allowed\": 2", "\"votes_allowed\": 0", "/contests/1/votes_allowed", 24,
            "1 to 256");
    refused("\"votes_allowed\": 2", "\"votes_allowed\": 257", "/contests/1/votes_allowed", 24,
            "1 to 256");
    refused("\"kind\": \"blank\"", "\"kind\": \"empty\"", "/contests/0/choices/2/kind", 22,
            "not \"empty\"");
    refused(", \"candidate\": \"bob\"", "", "/contests/0/choices/1", 21, "needs the member");
    refused("\"kind\": \"blank\"", "\"kind\": \"blank\", \"candidate\": \"bob\"",
            "/contests/0/choices/2/candidate", 22, "only a choice of kind");
    refused("[{\"id\": \"yes\", \"name\": \"Yes\", \"kind\": \"yes\"}, {\"id\": \"no\", \"name\": "
            "\"No\", \"kind\": \"no\"}]",
            "[]", "/contests/1/choices", 25, "must not be empty");
    refused("[\"blank\", \"ann-red\"]", "[\"blank\", \"blank\"]",
            "/ballot_styles/0/contests/1/choices/1", 28, "listed twice");
    refused("[\"blank\", \"ann-red\"]", "[]", "/ballot_styles/0/contests/1/choices", 28,
            "must not be empty");
    refused("[\"blank\", \"ann-red\"]", "[1]", "/ballot_styles/0/contests/1/choices/0", 28,
            "must be a string");
    refused("{\"contest\": \"bridge\"}", "{\"contest\": \"mayor\"}",
            "/ballot_styles/0/contests/1/contest", 28, "has this contest already");
    refused("\"contests\": [{\"contest\": \"mayor\"}]", "\"contests\": []",
            "/ballot_styles/1/contests", 29, "must not be empty");
}

static void unit_tree_is_checked(void **state)
{
    (void)state;
    refused("\"level\": \"nation\"", "\"level\": \"nation\", \"parent\": \"c1\"", "/units/2/parent",
            13, "form a circle");
    refused("\"parent\": \"us\", \"code\"", "\"parent\": \"c1\", \"code\"", "/units/2/parent", 13,
            "going up from \"c1\" over \"c1\"");
    refused("\"parent\": \"us\", \"code\"", "\"parent\": \"p2\", \"code\"", "/units/2/parent", 13,
            "form a circle");
    refused("\"parent\": \"us\", \"ballot", "\"ballot", "/units/3", 14, "a second root");
    refused("\"level\": \"precinct\", \"parent\": \"c1\",\n",
            "\"level\": \"ward\", \"parent\": \"c1\",\n", "/units/0/level", 10, "not \"ward\"");
    refused("\"level\": \"precinct\", \"parent\": \"c1\",\n",
            "\"level\": \"county\", \"parent\": \"c1\",\n", "/units/0/level", 10,
            "a county cannot lie in a county");
    refused(", \"parent\": \"us\", \"ballot_styles\": [\"short\"]", ", \"parent\": \"us\"",
            "/units/3", 14, "\"ballot_styles\" is missing");
    refused("\"code\": \"007\"", "\"ballot_styles\": [\"short\"]", "/units/2/ballot_styles", 13,
            "other units lie in this one");
    refused("\"parent\": \"us\", \"ballot_styles\": [\"short\"]",
            "\"parent\": \"us\", \"ballot_styles\": [\"full\"]", "/units/3/ballot_styles/0", 14,
            "contest \"bridge\", which is held in \"c1\"");
}

static void load_tells_what_is_wrong_with_the_file(void **state)
{
    (void)state;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_load("/nonexistent/election.json", &definition, &reason),
                     PSP_ENOENT);
    assert_string_equal(reason.text, "No such file or directory");
    assert_int_equal(psp_definition_load("/", &definition, &reason), PSP_EIO);
    char path[] = "/tmp/psp-definition-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, good, sizeof good - 1), sizeof good - 1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(psp_definition_load(path, &definition, &reason), PSP_OK);
    assert_string_equal(definition->id, "town-2024");
    psp_definition_destroy(&definition);
    psp_definition_destroy(&definition);
    unlink(path);
}

/* ---- units with several ballot styles ---- */

static struct psp_definition *parse(const char *text)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const enum psp_status status = psp_definition_parse(text, strlen(text), &definition, &reason);
    if (status != PSP_OK)
        print_error("%s: line %d: %s\n", reason.pointer, (int)reason.line, reason.text);
    assert_int_equal(status, PSP_OK);
    return definition;
}

static void a_unit_has_its_styles_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct psp_definition *definition = parse(primary_json);
    const struct psp_unit *units = definition->units;
    assert_int_equal(units[PRIMARY_X].style_count, 3);
    assert_int_equal(units[PRIMARY_X].styles[0], PRIMARY_DEM);
    assert_int_equal(units[PRIMARY_X].styles[1], PRIMARY_REP);
    assert_int_equal(units[PRIMARY_X].styles[2], PRIMARY_NP);
    assert_int_equal(units[PRIMARY_Y].style_count, 2);
    assert_int_equal(units[PRIMARY_Y].styles[0], PRIMARY_REP);
    assert_int_equal(units[PRIMARY_Z].style_count, 1);
    assert_int_equal(units[PRIMARY_Z].styles[0], PRIMARY_NP);
    assert_int_equal(units[PRIMARY_C].style_count, 0);
    assert_null(units[PRIMARY_C].styles);
    assert_int_equal(psp_leaf_style_count(definition, 0), 3);
    assert_int_equal(psp_leaf_style_count(definition, 1), 2);
    assert_string_equal(psp_leaf_style(definition, 1, 1)->id, "dem");
    assert_int_equal(definition->leaf_style_first[3], 6);
    psp_definition_destroy(&definition);
}

static void a_style_is_found_among_those_of_the_unit_only(void **state)
{
    (void)state;
    struct psp_definition *definition = parse(primary_json);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_X, "rep", 3), 1);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_Y, "rep", 3), 0);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_Y, "np", 2), PSP_NONE);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_X, "re", 2), PSP_NONE);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_X, "repx", 4), PSP_NONE);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_X, "rep\0", 4), PSP_NONE);
    assert_int_equal(psp_definition_unit_style(definition, PRIMARY_C, "rep", 3), PSP_NONE);
    assert_int_equal(psp_definition_unit_style(definition, PSP_NONE, "rep", 3), PSP_NONE);
    psp_definition_destroy(&definition);
}

static char *changed(const char *from, const char *to)
{
    const char *at = strstr(primary_json, from);
    assert_non_null(at);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - primary_json), primary_json, to,
                         at + strlen(from)) > 0);
    return text;
}

/* The text with one piece replaced is refused with this fault. */
static void refused_primary(const char *from, const char *to, const char *pointer,
                            const char *words)
{
    char *text = changed(from, to);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, strlen(text), &definition, &reason), PSP_EINVAL);
    if (strstr(reason.text, words) == NULL)
        print_error("reason: %s\n", reason.text);
    assert_string_equal(reason.pointer, pointer);
    assert_non_null(strstr(reason.text, words));
    assert_int_equal(reason.line, 1);
    free(text);
}

static void lists_that_are_none_are_refused(void **state)
{
    (void)state;
    const char *const own = "\"ballot_styles\":[\"rep\",\"dem\"]";
    refused_primary(own, "\"ballot_styles\":[]", "/units/3/ballot_styles", "must not be empty");
    refused_primary(own, "\"ballot_styles\":\"rep\"", "/units/3/ballot_styles", "must be an array");
    refused_primary(own, "\"ballot_styles\":[\"rep\",7]", "/units/3/ballot_styles/1",
                    "must be a string");
    refused_primary(own, "\"ballot_styles\":[\"rep\",\"D\"]", "/units/3/ballot_styles/1",
                    "a-z, 0-9");
    refused_primary(own, "\"ballot_styles\":[\"rep\",\"\"]", "/units/3/ballot_styles/1",
                    "must not be empty");
    refused_primary(own, "\"ballot_styles\":[\"rep\",\"grn\"]", "/units/3/ballot_styles/1",
                    "no ballot style has this ID: \"grn\"");
    refused_primary(own, "\"ballot_styles\":[\"rep\",\"dem\",\"rep\"]", "/units/3/ballot_styles/2",
                    "the ballot style \"rep\" is listed twice");
    refused_primary(","
                    "\"ballot_styles\":[\"rep\",\"dem\"]",
                    "", "/units/3", "member \"ballot_styles\" is missing");
    refused_primary("\"level\":\"county\"", "\"level\":\"county\",\"ballot_styles\":[\"np\"]",
                    "/units/1/ballot_styles", "other units lie in this one");
    /* gov-r is held in c, and z does not lie there. */
    refused_primary("\"ballot_styles\":[\"np\"]", "\"ballot_styles\":[\"np\",\"rep\"]",
                    "/units/4/ballot_styles/1", "contest \"gov-r\", which is held in \"c\"");
}

static void more_styles_than_a_unit_may_have_are_refused(void **state)
{
    (void)state;
    char list[8 * (PSP_UNIT_STYLES_MAX + 1) + 32] = "\"ballot_styles\":[\"rep\"";
    for (int i = 0; i < PSP_UNIT_STYLES_MAX; i++)
        strcat(list, ",\"dem\"");
    strcat(list, "]");
    refused_primary("\"ballot_styles\":[\"rep\",\"dem\"]", list, "/units/3/ballot_styles",
                    "257 elements: at most 256");
}

/* 20,000 leaves of 64 styles and 32 methods would have 40 million rows. */
static void more_rows_than_can_be_counted_are_refused(void **state)
{
    (void)state;
    enum { LEAVES = 20000, STYLES = 64, METHODS = 32 };
    char *text = NULL, list[STYLES * 6 + 1] = "";
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    fputs("{\"format\":2,\"id\":\"n\",\"name\":\"N\",\"date\":\"2026-06-02\",\"publication\":"
          "\"immediate\",\"parties\":[],"
          "\"candidates\":[],\"contests\":[{\"id\":\"c\",\"name\":\"C\",\"office\":\"C\","
          "\"unit\":\"us\",\"choices\":[{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":\"yes\"}]}],"
          "\"methods\":[",
          file);
    for (int i = 0; i < METHODS; i++)
        fprintf(file, "%s{\"id\":\"m%d\",\"name\":\"M\"}", i > 0 ? "," : "", i);
    fputs("],\"ballot_styles\":[", file);
    for (int i = 0; i < STYLES; i++) {
        fprintf(file, "%s{\"id\":\"s%d\",\"contests\":[{\"contest\":\"c\"}]}", i > 0 ? "," : "", i);
        sprintf(list + strlen(list), "%s\"s%d\"", i > 0 ? "," : "", i);
    }
    fputs("],\"units\":[{\"id\":\"us\",\"name\":\"US\",\"level\":\"nation\"}", file);
    for (int i = 0; i < LEAVES; i++)
        fprintf(file,
                ",{\"id\":\"u%d\",\"name\":\"U\",\"level\":\"precinct\",\"parent\":\"us\","
                "\"ballot_styles\":[%s]}",
                i, list);
    fputs("]}", file);
    assert_int_equal(fclose(file), 0);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, bytes, &definition, &reason), PSP_EINVAL);
    assert_string_equal(reason.pointer, "/units");
    assert_non_null(strstr(reason.text, "more than 33554432 rows"));
    free(text);
}

/* ---- format 1 ---- */

#define FORMAT_1                                                                                   \
    "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"            \
    "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],\"units\":["                    \
    "{\"id\":\"a\",\"name\":\"A\",\"level\":\"county\",\"parent\":\"b\"%s},"                       \
    "{\"id\":\"b\",\"name\":\"B\",\"level\":\"state\"%s}],\"contests\":[{\"id\":\"q\","            \
    "\"name\":\"Q\",\"office\":\"Q\",\"unit\":\"b\",\"choices\":[{\"id\":\"yes\","                 \
    "\"name\":\"Yes\",\"kind\":\"yes\"}]}],\"ballot_styles\":[{\"id\":\"s\",\"contests\":["        \
    "{\"contest\":\"q\"}]}]}"

static void refused_1(const char *of_a, const char *of_b, const char *pointer, const char *words)
{
    char *text = NULL;
    assert_true(asprintf(&text, FORMAT_1, of_a, of_b) > 0);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, strlen(text), &definition, &reason), PSP_EINVAL);
    assert_string_equal(reason.pointer, pointer);
    if (strstr(reason.text, words) == NULL)
        print_error("reason: %s\n", reason.text);
    assert_non_null(strstr(reason.text, words));
    free(text);
}

static void a_file_of_format_1_has_one_style_a_leaf(void **state)
{
    (void)state;
    char *text = NULL;
    assert_true(asprintf(&text, FORMAT_1, ",\"ballot_style\":\"s\"", "") > 0);
    struct psp_definition *definition = parse(text);
    assert_int_equal(definition->units[0].style_count, 1);
    assert_int_equal(definition->units[0].styles[0], 0);
    assert_int_equal(definition->units[1].style_count, 0);
    assert_int_equal(psp_leaf_style_count(definition, 0), 1);
    psp_definition_destroy(&definition);
    free(text);
}

static void the_two_formats_are_not_mixed(void **state)
{
    (void)state;
    refused("\"format\": 2", "\"format\": 1", "/publication", 2, "is format 2");
    refused_1(",\"ballot_styles\":[\"s\"]", "", "/units/0/ballot_styles", "is format 2");
    refused_1("", "", "/units/0", "\"ballot_style\" is missing");
    refused_1(",\"ballot_style\":\"s\"", ",\"ballot_style\":\"s\"", "/units/1/ballot_style",
              "other units lie in this one");
    refused_1(",\"ballot_style\":\"x\"", "", "/units/0/ballot_style", "no ballot style");
    refused_primary("\"ballot_styles\":[\"rep\",\"dem\"]", "\"ballot_style\":\"rep\"",
                    "/units/3/ballot_style", "in format 2 this is \"ballot_styles\"");
}

/* 20,000 precincts with a style each: must stay far from quadratic, in time and
 * in memory, or a national definition could not be read. */
static void many_units_and_styles_are_read_quickly(void **state)
{
    (void)state;
    enum { UNITS = 20000 };
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    fprintf(file,
            "{\"format\":1,\"id\":\"n\",\"name\":\"N\",\"date\":\"2024-11-05\",\"parties\":[],"
            "\"methods\":[{\"id\":\"all\",\"name\":\"All\"}],\"candidates\":[],\"contests\":[");
    for (int i = 0; i < 40; i++)
        fprintf(file,
                "%s{\"id\":\"c%d\",\"name\":\"C\",\"office\":\"C\",\"unit\":\"us\",\"choices\":["
                "{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":\"yes\"},"
                "{\"id\":\"no\",\"name\":\"No\",\"kind\":\"no\"}]}",
                i > 0 ? "," : "", i);
    fprintf(file, "],\"units\":[{\"id\":\"us\",\"name\":\"US\",\"level\":\"nation\"}");
    for (int i = 0; i < UNITS; i++)
        fprintf(file,
                ",{\"id\":\"u%d\",\"name\":\"U\",\"level\":\"precinct\",\"parent\":\"us\","
                "\"ballot_style\":\"s%d\"}",
                i, i);
    fprintf(file, "],\"ballot_styles\":[");
    for (int i = 0; i < UNITS; i++)
        fprintf(file,
                "%s{\"id\":\"s%d\",\"contests\":[{\"contest\":\"c%d\",\"choices\":[\"no\"]},"
                "{\"contest\":\"c%d\"}]}",
                i > 0 ? "," : "", i, i % 40, (i + 1) % 40);
    fprintf(file, "]}");
    assert_int_equal(fclose(file), 0);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(text, bytes, &definition, &reason), PSP_OK);
    assert_int_equal(definition->leaf_count, UNITS);
    assert_int_equal(psp_definition_unit(definition, "u19999", 6), UNITS);
    /* Styles that agree on a contest share its arrays. */
    assert_ptr_equal(definition->styles[0].contests[0].slot_of_choice,
                     definition->styles[40].contests[0].slot_of_choice);
    psp_definition_destroy(&definition);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_as_written),
        cmocka_unit_test(hash_is_the_sha256_of_the_bytes),
        cmocka_unit_test(leaves_run_depth_first_in_file_order),
        cmocka_unit_test(styles_know_their_cells),
        cmocka_unit_test(ids_are_found_and_strangers_are_not),
        cmocka_unit_test(broken_json_is_refused_with_its_line),
        cmocka_unit_test(empty_input_is_refused),
        cmocka_unit_test(formats_and_members_are_checked),
        cmocka_unit_test(publication_is_said_and_checked),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(second_ids_are_refused),
        cmocka_unit_test(unknown_references_are_refused),
        cmocka_unit_test(contests_and_styles_are_checked),
        cmocka_unit_test(unit_tree_is_checked),
        cmocka_unit_test(load_tells_what_is_wrong_with_the_file),
        cmocka_unit_test(a_unit_has_its_styles_in_the_order_of_the_file),
        cmocka_unit_test(a_style_is_found_among_those_of_the_unit_only),
        cmocka_unit_test(lists_that_are_none_are_refused),
        cmocka_unit_test(more_styles_than_a_unit_may_have_are_refused),
        cmocka_unit_test(more_rows_than_can_be_counted_are_refused),
        cmocka_unit_test(a_file_of_format_1_has_one_style_a_leaf),
        cmocka_unit_test(the_two_formats_are_not_mixed),
        cmocka_unit_test(many_units_and_styles_are_read_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
