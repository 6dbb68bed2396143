/* Levels, languages, and what else format 2 says of an election: read, and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/definition/definition.h"

static const char india[] =
    "{\"format\":2,\"id\":\"ls\",\"name\":{\"en\":\"Lok Sabha\",\"hi\":\"लोक सभा\"},"
    "\"date\":\"2024-06-04\",\"publication\":\"immediate\",\"languages\":[\"en\",\"hi\",\"ta\"],"
    "\"time_zone\":\"Asia/Kolkata\",\"source\":\"ECI\",\"licence\":\"GODL-India\","
    "\"levels\":[{\"id\":\"union\",\"name\":\"Union\",\"plural\":\"Unions\"},"
    "{\"id\":\"state\",\"name\":{\"en\":\"State\",\"hi\":\"राज्य\"},\"plural\":\"States\"},"
    "{\"id\":\"pc\",\"name\":\"Constituency\",\"plural\":\"Constituencies\"}],"
    "\"methods\":[{\"id\":\"all\",\"name\":{\"en\":\"All\"}}],"
    "\"parties\":[{\"id\":\"bjp\",\"name\":\"BJP\",\"alliance\":\"NDA\"},"
    "{\"id\":\"inc\",\"name\":\"INC\"}],"
    "\"candidates\":[{\"id\":\"ann\",\"name\":\"Ann\"}],"
    "\"units\":[{\"id\":\"in\",\"name\":\"India\",\"level\":\"union\"},"
    "{\"id\":\"ka\",\"name\":{\"en\":\"Karnataka\",\"hi\":\"कर्नाटक\"},\"level\":\"state\","
    "\"parent\":\"in\"},"
    "{\"id\":\"k1\",\"name\":\"Bidar\",\"level\":\"pc\",\"parent\":\"ka\","
    "\"ballot_styles\":[\"s\"]}],"
    "\"contests\":[{\"id\":\"c\",\"name\":\"Bidar\",\"office\":\"Lok Sabha\",\"unit\":\"k1\","
    "\"votes_allowed\":3,\"party\":\"bjp\",\"printed\":{\"overvotes\":{\"name\":\"OVER VOTES\","
    "\"party\":\"NON\"}},\"choices\":["
    "{\"id\":\"ann\",\"name\":\"Ann\",\"kind\":\"candidate\",\"candidate\":\"ann\"},"
    "{\"id\":\"list\",\"name\":\"INC list\",\"kind\":\"candidate\",\"party\":\"inc\"}]},"
    "{\"id\":\"d\",\"name\":\"Council\",\"office\":\"Council\",\"unit\":\"in\",\"seats\":5,"
    "\"group\":\"Local\",\"choices\":[{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":\"yes\"}]}],"
    "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"c\"},{\"contest\":\"d\"}]}]}";

static enum psp_status parse(const char *from, const char *to, struct psp_definition **ret_parsed,
                             struct psp_reason *ret_reason)
{
    const char *at = strstr(india, from);
    assert_non_null(at);
    char *text = NULL;
    const int bytes = asprintf(&text, "%.*s%s%s", (int)(at - india), india, to, at + strlen(from));
    assert_true(bytes > 0);
    const enum psp_status status =
        psp_definition_parse(text, (size_t)bytes, ret_parsed, ret_reason);
    free(text);
    return status;
}

static struct psp_definition *with(const char *from, const char *to)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const enum psp_status status = parse(from, to, &definition, &reason);
    if (status != PSP_OK)
        print_error("%s: %s\n", reason.pointer, reason.text);
    assert_int_equal(status, PSP_OK);
    return definition;
}

static void refused(const char *from, const char *to, const char *pointer, const char *why)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(parse(from, to, &definition, &reason), PSP_EINVAL);
    assert_string_equal(reason.pointer, pointer);
    if (strstr(reason.text, why) == NULL)
        print_error("reason: %s\n", reason.text);
    assert_non_null(strstr(reason.text, why));
}

static void levels_are_the_file_s_own(void **state)
{
    (void)state;
    struct psp_definition *definition = with("", "");
    assert_int_equal(definition->level_count, 3);
    assert_string_equal(definition->levels[2].plural, "Constituencies");
    assert_string_equal(definition->levels[1].names[1], "राज्य");
    assert_null(definition->levels[1].plurals);
    assert_int_equal(definition->levels[0].known, PSP_OWN_LEVEL);
    assert_int_equal(definition->levels[1].known, PSP_STATE);
    assert_int_equal(definition->units[2].level, 2);
    assert_string_equal(psp_unit_level_id(definition, 2), "pc");
    assert_int_equal(psp_definition_level(definition, "state"), 1);
    assert_int_equal(psp_definition_level(definition, "nation"), PSP_NONE);
    psp_definition_destroy(&definition);
}

static void a_file_without_levels_has_four(void **state)
{
    (void)state;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    static const char text[] =
        "{\"format\":2,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"publication\":"
        "\"immediate\",\"methods\":[{\"id\":\"all\",\"name\":\"All\"}],\"parties\":[],"
        "\"candidates\":[],\"units\":[{\"id\":\"p\",\"name\":\"P\",\"level\":\"precinct\","
        "\"ballot_styles\":[\"s\"]}],\"contests\":[{\"id\":\"c\",\"name\":\"C\",\"office\":\"C\","
        "\"unit\":\"p\",\"choices\":[{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":\"yes\"}]}],"
        "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"c\"}]}]}";
    assert_int_equal(psp_definition_parse(text, sizeof text - 1, &definition, &reason), PSP_OK);
    assert_int_equal(definition->level_count, 4);
    assert_string_equal(definition->levels[0].id, "nation");
    assert_string_equal(definition->levels[3].plural, "Precincts");
    assert_int_equal(definition->units[0].level, PSP_PRECINCT);
    assert_int_equal(definition->language_count, 0);
    assert_null(definition->time_zone);
    assert_null(definition->source);
    psp_definition_destroy(&definition);
}

static void levels_are_refused(void **state)
{
    (void)state;
    refused("\"id\":\"pc\",", "\"id\":\"leaf\",", "/levels/2/id", "without units in them");
    refused("\"id\":\"pc\",", "\"id\":\"union\",", "/levels/2/id", "taken already, by element 0");
    refused(",\"plural\":\"Unions\"", "", "/levels/0", "\"plural\" is missing");
    refused("\"level\":\"pc\"", "\"level\":\"county\"", "/units/2/level",
            "must be one of union, state, pc, not \"county\"");
    refused("\"level\":\"pc\"", "\"level\":\"union\"", "/units/2/level",
            "a union cannot lie in a state");
}

static void names_are_in_all_languages_or_the_first(void **state)
{
    (void)state;
    struct psp_definition *definition = with("", "");
    assert_int_equal(definition->language_count, 3);
    assert_int_equal(psp_definition_language(definition, "ta"), 2);
    assert_int_equal(psp_definition_language(definition, "TA"), PSP_NONE);
    assert_string_equal(definition->name, "Lok Sabha");
    assert_string_equal(definition->names[1], "लोक सभा");
    assert_string_equal(definition->names[2], "Lok Sabha");
    assert_string_equal(definition->units[1].names[1], "कर्नाटक");
    assert_null(definition->units[2].names);
    assert_string_equal(definition->methods[0].name, "All");
    psp_definition_destroy(&definition);
}

static void languages_are_refused(void **state)
{
    (void)state;
    refused("\"hi\",\"ta\"", "\"hi\",\"hi\"", "/languages/2", "listed twice");
    refused("[\"en\",\"hi\",\"ta\"]", "[\"en\",\"Hindi\"]", "/languages/1", "BCP 47");
    refused("[\"en\",\"hi\",\"ta\"]", "[\"en\",\"hi-\"]", "/languages/1", "BCP 47");
    refused("[\"en\",\"hi\",\"ta\"]", "[\"en\",1]", "/languages/1", "a string");
    refused("[\"en\",\"hi\",\"ta\"]", "\"en\"", "/languages", "an array");
    refused("[\"en\",\"hi\",\"ta\"]", "[]", "/languages", "must not be empty");
    refused("\"languages\":[\"en\",\"hi\",\"ta\"],", "", "/name", "need \"languages\"");
    refused("{\"en\":\"Karnataka\",", "{\"fr\":\"Karnataka\",", "/units/1/name",
            "\"fr\" is none of the file's languages");
    refused("{\"en\":\"Karnataka\",", "{", "/units/1/name", "the first language, is missing");
    refused("{\"en\":\"Karnataka\",", "{\"en\":1,", "/units/1/name", "must be a string");
}

static void contests_say_who_wins_what(void **state)
{
    (void)state;
    struct psp_definition *definition = with("", "");
    const struct psp_contest *contests = definition->contests;
    assert_int_equal(contests[0].seats, 3); /* as many as votes_allowed */
    assert_int_equal(contests[1].seats, 5);
    assert_string_equal(contests[0].group, "Lok Sabha"); /* the office */
    assert_string_equal(contests[1].group, "Local");
    assert_int_equal(contests[0].party, 0);
    assert_int_equal(contests[1].party, PSP_NONE);
    assert_string_equal(contests[0].overvotes.name, "OVER VOTES");
    assert_string_equal(contests[0].overvotes.party, "NON");
    assert_null(contests[0].undervotes.name);
    assert_int_equal(contests[0].choices[1].candidate, PSP_NONE); /* a list */
    assert_int_equal(contests[0].choices[1].party, 1);
    assert_string_equal(definition->parties[0].alliance, "NDA");
    assert_null(definition->parties[1].alliance);
    assert_string_equal(definition->time_zone, "Asia/Kolkata");
    assert_string_equal(definition->source, "ECI");
    assert_string_equal(definition->licence, "GODL-India");
    psp_definition_destroy(&definition);
}

static void contests_are_refused(void **state)
{
    (void)state;
    refused("\"seats\":5", "\"seats\":0", "/contests/1/seats", "must be 1 to 4096");
    refused("\"seats\":5", "\"seats\":4097", "/contests/1/seats", "must be 1 to 4096");
    refused("\"party\":\"bjp\",\"printed\"", "\"party\":\"x\",\"printed\"", "/contests/0/party",
            "no party has this ID");
    refused("\"kind\":\"candidate\",\"party\":\"inc\"", "\"kind\":\"candidate\"",
            "/contests/0/choices/1", "\"party\" where it is that party's list");
    refused("\"overvotes\":{\"name\"", "\"blank\":{\"name\"", "/contests/0/printed/blank",
            "no member of this name");
    refused("\"Asia/Kolkata\"", "\"Asia//Kolkata\"", "/time_zone", "as IANA does");
    refused("\"Asia/Kolkata\"", "\"IST +5:30\"", "/time_zone", "as IANA does");
    refused("\"Asia/Kolkata\"", "\"\"", "/time_zone", "as IANA does");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_the_file_s_own),
        cmocka_unit_test(a_file_without_levels_has_four),
        cmocka_unit_test(levels_are_refused),
        cmocka_unit_test(names_are_in_all_languages_or_the_first),
        cmocka_unit_test(languages_are_refused),
        cmocka_unit_test(contests_say_who_wins_what),
        cmocka_unit_test(contests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
