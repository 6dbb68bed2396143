/* The sets of the demos' pages, worked out by hand from tests/fixtures/town.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <cmocka.h>

#include "bridge/kafka_out/sets.h"
#include "tests/unit/bridge/sinks/schema.h"

#define TOWN "tests/fixtures/town.json"

static struct psp_definition *town(void)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_load(TOWN, &definition, &reason), PSP_OK);
    return definition;
}

static void take(struct psp_kafka_sets *sets, const char *line)
{
    json_t *json = json_loads(line, 0, NULL);
    assert_non_null(json);
    assert_int_equal(psp_kafka_sets_take(sets, json), PSP_OK);
    json_decref(json);
}

/* All messages of a set, one behind the other, each as its schema says. */
static char *all(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set,
                 struct psp_text *text)
{
    static const char *const schemas[] = {
        "bridge/schemas/aggregated_votes_per_candidate.schema.json",
        "bridge/schemas/aggregated_turnout_by_location.schema.json"};
    text->length = 0;
    for (size_t i = 0; i < psp_kafka_sets_count(sets, set); i++) {
        struct psp_text value = {0};
        const char *key;
        if (psp_kafka_sets_message(sets, set, i, &key, &value)) {
            assert_true(schema_file_holds(schemas[set], value.data, value.length));
            psp_text_format(text, "%s=%.*s;", key, (int)value.length, value.data);
        }
        psp_text_free(&value);
    }
    psp_text_bytes(text, "", 1);
    return text->data;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void whoever_stands_under_two_parties_is_one_key(void **state)
{
    (void)state;
    struct psp_definition *definition = town();
    struct psp_kafka_sets *sets;
    struct psp_reason reason = {0};
    struct psp_text text = {0};
    assert_int_equal(psp_kafka_sets_create(definition, "mayor", NULL, &sets, &reason), PSP_OK);
    assert_int_equal(psp_kafka_sets_count(sets, PSP_KAFKA_CANDIDATES),
                     4); /* no blank, no spoiled */
    assert_int_equal(psp_kafka_sets_count(sets, PSP_KAFKA_TURNOUT), 0);
    take(sets, "{\"kind\":\"result\",\"unit\":\"us\",\"method\":null,\"contest\":\"mayor\","
               "\"choices\":[{\"choice\":\"red-ann\",\"votes\":5},{\"choice\":\"blue-ann\","
               "\"votes\":3},{\"choice\":\"bob\",\"votes\":2},{\"choice\":\"blanks\",\"votes\":9}]"
               "}");
    all(sets, PSP_KAFKA_CANDIDATES, &text);
    assert_true(has(text.data, "ann={\"candidate_id\":\"ann\",\"candidate_name\":\"Ann O'Neill\","
                               "\"party_affiliation\":\"Red\",\"photo_url\":\"data:"));
    assert_true(has(text.data, "\"total_votes\":8};bob="));
    assert_true(has(text.data, "\"party_affiliation\":\"\""));
    assert_true(has(text.data, "\"total_votes\":2};write-ins="));
    assert_false(has(text.data, "blanks"));
    psp_text_free(&text);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
}

static void only_the_contests_own_row_of_all_methods_counts(void **state)
{
    (void)state;
    struct psp_definition *definition = town();
    struct psp_kafka_sets *sets;
    struct psp_reason reason = {0};
    struct psp_text text = {0};
    assert_int_equal(psp_kafka_sets_create(definition, "mayor", NULL, &sets, &reason), PSP_OK);
    take(sets, "{\"kind\":\"result\",\"unit\":\"south\",\"method\":null,\"contest\":\"mayor\","
               "\"choices\":[{\"choice\":\"bob\",\"votes\":2}]}");
    take(sets, "{\"kind\":\"result\",\"unit\":\"us\",\"method\":\"mail\",\"contest\":\"mayor\","
               "\"choices\":[{\"choice\":\"bob\",\"votes\":2}]}");
    take(sets, "{\"kind\":\"result\",\"unit\":\"us\",\"method\":null,\"contest\":\"bridge\","
               "\"choices\":[{\"choice\":\"yes\",\"votes\":2}]}");
    take(sets, "{\"kind\":\"books\",\"shard\":null}");
    assert_string_equal(all(sets, PSP_KAFKA_CANDIDATES, &text), "");
    psp_text_free(&text);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
}

static void what_is_held_has_no_message_and_never_a_zero(void **state)
{
    (void)state;
    struct psp_definition *definition = town();
    struct psp_kafka_sets *sets;
    struct psp_reason reason = {0};
    struct psp_text text = {0};
    assert_int_equal(psp_kafka_sets_create(definition, "mayor", "county", &sets, &reason), PSP_OK);
    take(sets, "{\"kind\":\"result\",\"unit\":\"us\",\"method\":null,\"contest\":\"mayor\","
               "\"choices\":null}");
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"north\",\"ballots\":0,\"ballots_counted\":null,"
               "\"report\":null}");
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"south\",\"ballots\":4,\"ballots_counted\":null,"
               "\"report\":{\"number\":1}}");
    assert_string_equal(all(sets, PSP_KAFKA_CANDIDATES, &text), "");
    assert_string_equal(all(sets, PSP_KAFKA_TURNOUT, &text),
                        "South={\"state\":\"South\",\"count\":4};");
    psp_text_free(&text);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
}

static void a_stage_is_kept_or_dropped(void **state)
{
    (void)state;
    struct psp_definition *definition = town();
    struct psp_kafka_sets *sets;
    struct psp_reason reason = {0};
    struct psp_text text = {0};
    assert_int_equal(psp_kafka_sets_create(definition, NULL, "county", &sets, &reason), PSP_OK);
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"north\",\"ballots\":6,\"ballots_counted\":7}");
    assert_true(psp_kafka_sets_changed(sets, PSP_KAFKA_TURNOUT));
    psp_kafka_sets_keep(sets);
    assert_false(psp_kafka_sets_changed(sets, PSP_KAFKA_TURNOUT));
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"north\",\"ballots\":8,\"ballots_counted\":9}");
    psp_kafka_sets_drop(sets);
    assert_string_equal(all(sets, PSP_KAFKA_TURNOUT, &text),
                        "North={\"state\":\"North\",\"count\":7};");
    psp_kafka_sets_clear(sets); /* of a whole answer: what does not come is gone */
    assert_true(psp_kafka_sets_changed(sets, PSP_KAFKA_TURNOUT));
    assert_string_equal(all(sets, PSP_KAFKA_TURNOUT, &text), "");
    psp_text_free(&text);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
}

static void an_unknown_contest_or_level_is_told(void **state)
{
    (void)state;
    struct psp_definition *definition = town();
    struct psp_kafka_sets *sets = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_kafka_sets_create(definition, "president", NULL, &sets, &reason),
                     PSP_EINVAL);
    assert_string_equal(reason.text, "contest: \"president\" is no contest of the election "
                                     "town-2024");
    assert_int_equal(psp_kafka_sets_create(definition, NULL, "ward", &sets, &reason), PSP_EINVAL);
    assert_true(has(reason.text, "known are: nation"));
    assert_null(sets);
    psp_definition_destroy(&definition);
}

/* `places` units below a nation; two in a row share a name. */
static struct psp_definition *wide(size_t places)
{
    struct psp_text text = {0};
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    psp_text_string(&text,
                    "{\"format\":1,\"id\":\"wide\",\"name\":\"Wide\",\"date\":\"2026-01-01\","
                    "\"methods\":[{\"id\":\"all\",\"name\":\"All\"}],\"parties\":[],"
                    "\"candidates\":[],\"contests\":[{\"id\":\"q\",\"name\":\"Q\",\"office\":\"Q\","
                    "\"unit\":\"n\",\"choices\":[{\"id\":\"yes\",\"name\":\"Yes\",\"kind\":"
                    "\"yes\"},{\"id\":\"no\",\"name\":\"No\",\"kind\":\"no\"}]}],"
                    "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"q\"}]}],"
                    "\"units\":[{\"id\":\"n\",\"name\":\"N\",\"level\":\"nation\"}");
    for (size_t i = 0; i < places; i++)
        psp_text_format(&text,
                        ",{\"id\":\"c%zu\",\"name\":\"C%zu\",\"level\":\"county\",\"parent\":\"n\","
                        "\"ballot_style\":\"s\"}",
                        i, i / 2);
    psp_text_string(&text, "]}");
    const enum psp_status status =
        psp_definition_parse(text.data, text.length, &definition, &reason);
    if (status != PSP_OK)
        fprintf(stderr, "%s %s\n", reason.pointer, reason.text);
    assert_int_equal(status, PSP_OK);
    psp_text_free(&text);
    return definition;
}

static void more_keys_than_a_page_takes_are_refused(void **state)
{
    (void)state;
    struct psp_definition *definition = wide(PSP_KAFKA_SET_KEYS_MAX);
    struct psp_kafka_sets *sets = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_kafka_sets_create(definition, NULL, "county", &sets, &reason), PSP_OK);
    assert_int_equal(psp_kafka_sets_count(sets, PSP_KAFKA_TURNOUT), PSP_KAFKA_SET_KEYS_MAX);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
    definition = wide(PSP_KAFKA_SET_KEYS_MAX + 1);
    assert_int_equal(psp_kafka_sets_create(definition, NULL, "county", &sets, &reason), PSP_EINVAL);
    assert_true(has(reason.text, "level county: 501 keys; the pages that read this topic take 500 "
                                 "records at most"));
    psp_definition_destroy(&definition);
}

static void places_of_one_name_are_told_apart(void **state)
{
    (void)state;
    struct psp_definition *definition = wide(3);
    struct psp_kafka_sets *sets = NULL;
    struct psp_reason reason = {0};
    struct psp_text text = {0};
    assert_int_equal(psp_kafka_sets_create(definition, "q", "county", &sets, &reason), PSP_OK);
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"c0\",\"ballots\":1,\"ballots_counted\":1}");
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"c1\",\"ballots\":2,\"ballots_counted\":2}");
    take(sets, "{\"kind\":\"turnout\",\"unit\":\"c2\",\"ballots\":3,\"ballots_counted\":3}");
    assert_string_equal(all(sets, PSP_KAFKA_TURNOUT, &text),
                        "C0 (c0)={\"state\":\"C0 (c0)\",\"count\":1};"
                        "C0 (c1)={\"state\":\"C0 (c1)\",\"count\":2};"
                        "C1={\"state\":\"C1\",\"count\":3};");
    psp_text_free(&text);
    psp_kafka_sets_destroy(&sets);
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_stands_under_two_parties_is_one_key),
        cmocka_unit_test(only_the_contests_own_row_of_all_methods_counts),
        cmocka_unit_test(what_is_held_has_no_message_and_never_a_zero),
        cmocka_unit_test(a_stage_is_kept_or_dropped),
        cmocka_unit_test(an_unknown_contest_or_level_is_told),
        cmocka_unit_test(more_keys_than_a_page_takes_are_refused),
        cmocka_unit_test(places_of_one_name_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
