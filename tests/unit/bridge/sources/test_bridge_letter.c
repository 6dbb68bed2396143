/* A dead letter: its key, its members, and that it tells nothing of the ballot unless asked to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "bridge/kafka_in/letter/letter.h"

static const struct psp_bridge_letter letter = {
    .topic = "votes",
    .partition = 3,
    .offset = 41,
    .time_ms = INT64_C(1604395800123),
    .rejection = PSP_BRIDGE_REJECTED_INVALID,
    .reason = "not on this ballot: candidate_id \"eve\"",
    .key = {(const uint8_t *)"voter-1", 7},
    .value = {(const uint8_t *)"{\"vote\":1}\xFF", 11},
};

static json_t *read(const struct psp_bridge_letter *of, bool whole)
{
    struct psp_text text = {0};
    psp_bridge_letter_value(of, whole, &text);
    json_t *root = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    psp_text_free(&text);
    assert_non_null(root);
    return root;
}

static void assert_member(const json_t *root, const char *name, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(root, name)), value);
}

static void its_key_is_where_the_message_stands(void **state)
{
    (void)state;
    struct psp_text text = {0};
    psp_bridge_letter_key(&letter, &text);
    assert_int_equal(text.length, strlen("votes/3/41"));
    assert_memory_equal(text.data, "votes/3/41", text.length);
    psp_text_free(&text);
}

static void of_origin_it_tells_nothing_of_the_ballot(void **state)
{
    (void)state;
    json_t *root = read(&letter, false);
    assert_int_equal(json_object_size(root), 7);
    assert_int_equal(json_integer_value(json_object_get(root, "format")), 1);
    assert_member(root, "topic", "votes");
    assert_int_equal(json_integer_value(json_object_get(root, "partition")), 3);
    assert_int_equal(json_integer_value(json_object_get(root, "offset")), 41);
    assert_member(root, "time", "2020-11-03T09:30:00.123Z");
    assert_member(root, "disposition", "invalid");
    char *text = json_dumps(root, 0);
    assert_null(strstr(text, "eve"));
    assert_null(strstr(text, "voter-1"));
    free(text);
    json_decref(root);
}

static void whole_it_has_the_message_to_the_last_byte(void **state)
{
    (void)state;
    json_t *root = read(&letter, true);
    assert_int_equal(json_object_size(root), 9);
    assert_member(root, "reason", "not on this ballot: candidate_id \"eve\"");
    assert_member(root, "key", "dm90ZXItMQ==");
    assert_member(root, "value", "eyJ2b3RlIjoxff8="); /* as base64(1) says */
    json_decref(root);
}

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    struct psp_bridge_letter bare = letter;
    bare.key = (struct psp_bytes){0};
    bare.time_ms = -1;
    bare.reason = "";
    json_t *root = read(&bare, true);
    assert_true(json_is_null(json_object_get(root, "key")));
    assert_true(json_is_null(json_object_get(root, "time")));
    assert_true(strlen(json_string_value(json_object_get(root, "reason"))) > 10);
    json_decref(root);
}

static void every_rejection_of_a_source_has_words(void **state)
{
    (void)state;
    struct psp_bridge_letter of = letter;
    for (int i = 0; i < PSP_BRIDGE_REJECTIONS_END; i++) {
        of.rejection = (enum psp_bridge_rejection)i;
        json_t *root = read(&of, false);
        assert_member(root, "disposition", psp_bridge_rejection_name(of.rejection));
        if (i != PSP_BRIDGE_REJECTED_REFUSED) /* of sinks only */
            assert_true(strlen(json_string_value(json_object_get(root, "reason"))) > 10);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_key_is_where_the_message_stands),
        cmocka_unit_test(of_origin_it_tells_nothing_of_the_ballot),
        cmocka_unit_test(whole_it_has_the_message_to_the_last_byte),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(every_rejection_of_a_source_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
