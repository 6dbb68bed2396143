/* Kafka messages as ballots: three formats, and the ID that follows or is brought. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "bridge/kafka_in/message.h"
#include "tests/unit/fixture/proto_writer.h"

static struct psp_definition *definition;
static const uint8_t secret[PSP_BALLOT_SECRET_BYTES] = {1, 2, 3};

static int load(void **state)
{
    struct psp_reason reason = {0};
    (void)state;
    return psp_definition_load("tests/fixtures/town.json", &definition, &reason) == PSP_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    return 0;
}

static struct psp_bytes bytes(const char *text)
{
    return (struct psp_bytes){(const uint8_t *)text, strlen(text)};
}

struct got {
    enum psp_status status;
    struct psp_ballot ballot;
    uint8_t marks[64];
    char voter[32];
    const char *doubt;
    struct psp_reason reason;
};

static struct got read(enum psp_bridge_message_format format, struct psp_bytes key,
                       struct psp_bytes value)
{
    struct got got = {.doubt = ""};
    struct psp_bridge_messages *messages = NULL;
    assert_int_equal(psp_bridge_messages_create(definition, format, secret, &messages), PSP_OK);
    const char *doubt = "";
    got.status = psp_bridge_message_read(messages, key, value, &got.ballot, &doubt, &got.reason);
    if (got.status == PSP_OK) {
        memcpy(got.marks, got.ballot.marks, got.ballot.marks_bytes);
        memcpy(got.voter, got.ballot.voter_id, got.ballot.voter_id_bytes);
        got.doubt = doubt[0] ? "some" : "";
        assert_true(got.ballot.resent);
    }
    psp_bridge_messages_destroy(&messages);
    return got;
}

static void assert_follows(const struct got *got, struct psp_bytes key, struct psp_bytes value)
{
    uint8_t id[PSP_BALLOT_ID_BYTES];
    psp_ballot_id_of_message(secret, key, value, id);
    assert_memory_equal(got->ballot.ballot_id, id, sizeof id);
}

/* mayor is contest 0, bob its choice 2 */
static const uint8_t bob[] = {1, 0, 1, 2};

static void a_line_without_an_id_gets_that_of_key_and_value(void **state)
{
    (void)state;
    const struct psp_bytes key = bytes("v1"),
                           value = bytes(
                               "{\"voter_id\":\"v1\",\"unit\":\"north-1\",\"method\":\"booth\","
                               "\"contests\":{\"mayor\":[\"bob\"]}}");
    const struct got got = read(PSP_BRIDGE_NDJSON, key, value);
    assert_int_equal(got.status, PSP_OK);
    assert_string_equal(got.voter, "v1");
    assert_memory_equal(got.marks, bob, sizeof bob);
    assert_string_equal(got.doubt, "");
    assert_follows(&got, key, value);
}

static void an_id_that_a_line_brings_stays(void **state)
{
    (void)state;
    static const uint8_t brought[PSP_BALLOT_ID_BYTES] = {0xAB};
    const struct got got =
        read(PSP_BRIDGE_NDJSON, bytes("v1"),
             bytes("{\"voter_id\":\"v1\",\"ballot_id\":\"ab000000000000000000000000000000\","
                   "\"unit\":\"north-1\",\"method\":\"booth\",\"contests\":{}}"));
    assert_int_equal(got.status, PSP_OK);
    assert_memory_equal(got.ballot.ballot_id, brought, sizeof brought);
}

static void the_demos_message_has_its_naive_time_in_utc(void **state)
{
    (void)state;
    const struct psp_bytes key = bytes("v1"),
                           value = bytes("{\"voter_id\": \"v1\", \"address\": {\"state\": \"Ward "
                                         "1\"}, \"candidate_id\": \"bob\", "
                                         "\"voting_time\": \"2020-11-03 09:30:00\", \"vote\": 1}");
    const struct got got = read(PSP_BRIDGE_VOTES_TOPIC, key, value);
    assert_int_equal(got.status, PSP_OK);
    assert_int_equal(got.ballot.cast_at_ms, UINT64_C(1604395800000));
    assert_memory_equal(got.marks, bob, sizeof bob);
    assert_follows(&got, key, value);
}

static struct psp_bytes ballot_of(struct proto *ballot, const char *unit, const char *contest,
                                  const char *choice)
{
    static struct proto mark;
    mark.length = ballot->length = 0;
    proto_text(&mark, 1, contest);
    proto_text(&mark, 2, choice);
    proto_text(ballot, 1, "v1");
    proto_text(ballot, 3, unit);
    proto_text(ballot, 4, "mail");
    proto_number(ballot, 5, 1604448000123);
    proto_message(ballot, 6, &mark);
    return (struct psp_bytes){ballot->bytes, ballot->length};
}

static void a_protobuf_ballot_is_the_same_ballot(void **state)
{
    (void)state;
    static struct proto ballot;
    const struct psp_bytes value = ballot_of(&ballot, "north-1", "mayor", "bob");
    struct got got = read(PSP_BRIDGE_PROTOBUF, (struct psp_bytes){0}, value);
    assert_int_equal(got.status, PSP_OK);
    assert_string_equal(got.voter, "v1");
    assert_memory_equal(got.marks, bob, sizeof bob);
    assert_int_equal(got.ballot.method, 1);
    assert_int_equal(got.ballot.style, PSP_NONE);
    assert_int_equal(got.ballot.unit, psp_definition_unit(definition, "north-1", 7));
    assert_int_equal(got.ballot.cast_at_ms, UINT64_C(1604448000123));
    assert_follows(&got, bytes(""), value);
    proto_text(&ballot, 7, "full");
    got = read(PSP_BRIDGE_PROTOBUF, (struct psp_bytes){0},
               (struct psp_bytes){ballot.bytes, ballot.length});
    assert_int_equal(got.ballot.style, 0);
    proto_filled(&ballot, 2, 9, 16);
    got = read(PSP_BRIDGE_PROTOBUF, (struct psp_bytes){0},
               (struct psp_bytes){ballot.bytes, ballot.length});
    assert_int_equal(got.ballot.ballot_id[0], 9);
    assert_int_equal(got.ballot.ballot_id[15], 9);
}

/* Not for the bridge to refuse: the shard says invalid, and remembers it. */
static void names_that_nobody_knows_are_for_the_shard(void **state)
{
    (void)state;
    static struct proto ballot;
    static const uint8_t unknown[] = {1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    struct got got =
        read(PSP_BRIDGE_PROTOBUF, bytes("k"), ballot_of(&ballot, "nort", "mayo", "bob"));
    assert_int_equal(got.status, PSP_OK);
    assert_int_equal(got.ballot.unit, PSP_NONE);
    assert_memory_equal(got.marks, unknown, sizeof unknown);
    got = read(PSP_BRIDGE_VOTES_TOPIC, bytes("k"),
               bytes("{\"voter_id\": \"v1\", \"address\": {\"state\": \"Ward 1\"}, "
                     "\"candidate_id\": \"eve\"}"));
    assert_int_equal(got.status, PSP_OK);
    assert_string_equal(got.doubt, "some");
}

/* Two marks of one contest in a ballot: its repeat is judged. */
static void a_contest_that_is_named_twice_is_invalid(void **state)
{
    (void)state;
    static struct proto ballot, mark;
    ballot_of(&ballot, "north-1", "mayor", "bob");
    mark.length = 0;
    proto_text(&mark, 1, "mayor");
    proto_text(&mark, 2, "red-ann");
    proto_message(&ballot, 6, &mark);
    const struct got got =
        read(PSP_BRIDGE_PROTOBUF, bytes("k"), (struct psp_bytes){ballot.bytes, ballot.length});
    assert_int_equal(got.status, PSP_OK);
    assert_int_equal(got.marks[0], 2);                           /* contests: */
    assert_memory_equal(got.marks + 1, bob + 1, sizeof bob - 1); /* mayor, and one unknown */
    assert_int_equal(got.marks[4], 0xFF);
}

static void assert_refused(enum psp_bridge_message_format format, const char *value,
                           const char *reason)
{
    const struct got got = read(format, bytes("k"), bytes(value));
    assert_int_equal(got.status, PSP_EINVAL);
    if (!strstr(got.reason.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", got.reason.text, reason);
}

static void what_is_no_ballot_is_refused_with_words(void **state)
{
    (void)state;
    assert_refused(PSP_BRIDGE_NDJSON, "", "an empty value");
    assert_refused(PSP_BRIDGE_VOTES_TOPIC, " \r\n\t", "an empty value");
    assert_refused(PSP_BRIDGE_NDJSON, "[]", "array");
    assert_refused(PSP_BRIDGE_NDJSON, "{\"unit\":\"north-1\"}", "voter_id");
    assert_refused(PSP_BRIDGE_VOTES_TOPIC,
                   "{\"voter_id\":\"v\",\"vote\":2,\"candidate_id\":\"bob\"}", "one vote");
    assert_refused(PSP_BRIDGE_PROTOBUF, "{\"voter_id\":\"v\"}", "not a Ballot");
    assert_refused(PSP_BRIDGE_PROTOBUF, "\n\x02v1", "unit is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_without_an_id_gets_that_of_key_and_value),
        cmocka_unit_test(an_id_that_a_line_brings_stays),
        cmocka_unit_test(the_demos_message_has_its_naive_time_in_utc),
        cmocka_unit_test(a_protobuf_ballot_is_the_same_ballot),
        cmocka_unit_test(names_that_nobody_knows_are_for_the_shard),
        cmocka_unit_test(a_contest_that_is_named_twice_is_invalid),
        cmocka_unit_test(what_is_no_ballot_is_refused_with_words),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
