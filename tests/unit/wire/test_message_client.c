/* What stations and routers say to each other: proto/client.proto. */
#define DESK_MESSAGE struct psp_client_message
#include "base/bytes/bytes.h"
#include "election/definition/definition.h"
#include "tests/unit/fixture/message_desk.h"

static enum psp_status decode(struct desk *d, const uint8_t *bytes, size_t length)
{
    psp_arena_reset(d->arena);
    return psp_client_message_decode(d->arena, bytes, length, &d->got, &d->reason);
}

static void encode_and_decode(struct desk *d, const struct psp_client_message *message)
{
    assert_int_equal(psp_client_message_encode(message, &d->buffer), PSP_OK);
    assert_int_equal(decode(d, d->buffer.data, d->buffer.length), PSP_OK);
    assert_int_equal(d->got.type, message->type);
}

static enum psp_status decode_body(struct desk *d, unsigned field)
{
    wrap_body(d, 1, field);
    return decode(d, d->top.bytes, d->top.length);
}

/* ---- every type there and back ---- */

static void hello_is_four_bytes(void **state)
{
    struct desk *d = *state;
    const struct psp_client_message hello = {.type = PSP_CLIENT_HELLO};
    assert_int_equal(psp_client_message_encode(&hello, &d->buffer), PSP_OK);
    const uint8_t expected[] = {0x08, 0x01, 0x12, 0x00};
    assert_int_equal(d->buffer.length, sizeof expected);
    assert_memory_equal(d->buffer.data, expected, sizeof expected);
    encode_and_decode(d, &hello);
}

static void rows_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    struct psp_bytes both[] = {text("biden"), text("harris")}, one[] = {text("yes")};
    const struct psp_row_mark marks[] = {
        {.contest = text("president"), .choices = both, .choice_count = 2},
        {.contest = text("prop-5"), .choices = one, .choice_count = 1},
        {.contest = text("blank"), .choices = NULL, .choice_count = 0},
    };
    const struct psp_row rows[] = {
        {.voter_id = text("V-1"),
         .ballot_id = text("0123456789abcdef"),
         .unit = text("addison"),
         .method = text("early"),
         .cast_at_ms = 1604448000123,
         .marks = marks,
         .mark_count = 3},
        {.voter_id = text("V-2"),
         .ballot_id = text("fedcba9876543210"),
         .unit = text("essex"),
         .method = text("mail")},
    };
    struct psp_client_message message = {
        .type = PSP_CLIENT_ROWS, .batch_id = UINT64_MAX, .rows = rows, .row_count = 2};
    memset(message.definition_hash, 0x5A, PSP_HASH_BYTES);
    encode_and_decode(d, &message);
    assert_true(d->got.batch_id == UINT64_MAX);
    assert_memory_equal(d->got.definition_hash, message.definition_hash, PSP_HASH_BYTES);
    assert_int_equal(d->got.row_count, 2);
    assert_bytes(d->got.rows[0].voter_id, "V-1");
    assert_bytes(d->got.rows[0].ballot_id, "0123456789abcdef");
    assert_bytes(d->got.rows[0].unit, "addison");
    assert_bytes(d->got.rows[0].method, "early");
    assert_true(d->got.rows[0].cast_at_ms == 1604448000123);
    assert_int_equal(d->got.rows[0].mark_count, 3);
    assert_bytes(d->got.rows[0].marks[0].contest, "president");
    assert_int_equal(d->got.rows[0].marks[0].choice_count, 2);
    assert_bytes(d->got.rows[0].marks[0].choices[1], "harris");
    assert_bytes(d->got.rows[0].marks[1].choices[0], "yes");
    assert_int_equal(d->got.rows[0].marks[2].choice_count, 0);
    assert_bytes(d->got.rows[1].unit, "essex");
    assert_int_equal(d->got.rows[1].mark_count, 0);
}

static const uint8_t two_marks[] = {1, 0, 1, 2, 0}; /* contest 0, choice 2; nothing marked */

static struct psp_client_message two_in_columns(void)
{
    static const uint8_t lengths[] = {3, 1}, voters[] = "abcd", methods[] = {0, 255};
    static uint8_t ballots[32], units[8], times[16];
    memset(ballots, 7, sizeof ballots);
    psp_put32(units, 14);
    psp_put32(units + 4, PSP_NONE);
    psp_put64(times, 1604448000123);
    struct psp_client_message message = {
        .type = PSP_CLIENT_COLUMNS,
        .batch_id = 9,
        .columns = {.n = 2,
                    .voter_lengths = lengths,
                    .voter_ids = voters,
                    .voter_bytes = 4,
                    .ballot_ids = ballots,
                    .units = units,
                    .methods = methods,
                    .cast_at_ms = times,
                    .marks = two_marks,
                    .marks_bytes = sizeof two_marks},
    };
    memset(message.definition_hash, 1, PSP_HASH_BYTES);
    return message;
}

static void columns_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    const struct psp_client_message message = two_in_columns();
    encode_and_decode(d, &message);
    const struct psp_client_columns *got = &d->got.columns;
    assert_int_equal(d->got.batch_id, 9);
    assert_int_equal(got->n, 2);
    assert_int_equal(got->voter_lengths[0], 3);
    assert_int_equal(got->voter_bytes, 4);
    assert_memory_equal(got->voter_ids, "abcd", 4);
    assert_memory_equal(got->ballot_ids, message.columns.ballot_ids, 32);
    assert_int_equal(psp_get32(got->units), 14);
    assert_true(psp_get32(got->units + 4) == PSP_NONE);
    assert_int_equal(got->methods[1], 255);
    assert_true(psp_get64(got->cast_at_ms) == 1604448000123);
    assert_int_equal(got->marks_bytes, sizeof two_marks);
    assert_memory_equal(got->marks, two_marks, sizeof two_marks);
    assert_int_equal(got->marks_lengths[0], 4);
    assert_int_equal(got->marks_lengths[1], 1);
}

static void the_stations_of_a_gateways_columns_come_back(void **state)
{
    struct desk *d = *state;
    struct psp_client_message message = two_in_columns();
    uint8_t stations[8];
    psp_put32(stations, 7);
    psp_put32(stations + 4, PSP_STATIONS_MAX);
    message.columns.stations = stations;
    encode_and_decode(d, &message);
    assert_non_null(d->got.columns.stations);
    assert_memory_equal(d->got.columns.stations, stations, sizeof stations);
    message.columns.stations = NULL;
    encode_and_decode(d, &message);
    assert_null(d->got.columns.stations);
}

static void welcome_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    struct psp_client_message message = {
        .type = PSP_CLIENT_WELCOME,
        .welcome = {.batch_rows_max = 8192, .message_bytes_max = 1 << 24, .election_id = "vt"},
    };
    memset(message.welcome.cluster_id, 3, PSP_CLUSTER_ID_BYTES);
    memset(message.definition_hash, 4, PSP_HASH_BYTES);
    encode_and_decode(d, &message);
    assert_memory_equal(d->got.welcome.cluster_id, message.welcome.cluster_id,
                        PSP_CLUSTER_ID_BYTES);
    assert_memory_equal(d->got.definition_hash, message.definition_hash, PSP_HASH_BYTES);
    assert_int_equal(d->got.welcome.batch_rows_max, 8192);
    assert_int_equal(d->got.welcome.message_bytes_max, 1 << 24);
    assert_string_equal(d->got.welcome.election_id, "vt");
}

static void verdicts_are_the_bytes_of_the_protocol(void **state)
{
    struct desk *d = *state;
    const uint8_t rows[] = {0, 0, 0x2A, 1}, verdicts[] = {0x01, 0x32};
    const struct psp_client_message message = {.type = PSP_CLIENT_VERDICTS,
                                               .batch_id = 300,
                                               .shard = 3,
                                               .index = 17,
                                               .row_numbers = rows,
                                               .verdicts = verdicts,
                                               .n = 2};
    const uint8_t expected[] = {0x08, 0x01, 0x32, 0x11, 0x08, 0xAC, 0x02, 0x10, 0x03, 0x18, 0x11,
                                0x22, 0x04, 0,    0,    0x2A, 1,    0x2A, 0x02, 0x01, 0x32};
    encode_and_decode(d, &message);
    assert_int_equal(d->buffer.length, sizeof expected);
    assert_memory_equal(d->buffer.data, expected, sizeof expected);
    assert_int_equal(d->got.batch_id, 300);
    assert_int_equal(d->got.shard, 3);
    assert_int_equal(d->got.index, 17);
    assert_int_equal(d->got.n, 2);
    assert_memory_equal(d->got.row_numbers, rows, 4);
    assert_memory_equal(d->got.verdicts, verdicts, 2);
}

static void refusal_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const uint8_t rows[] = {5, 0};
    struct psp_client_message message = {.type = PSP_CLIENT_REFUSAL,
                                         .batch_id = 8,
                                         .code = PSP_REFUSAL_CONFIGURATION,
                                         .row_numbers = rows,
                                         .n = 1,
                                         .text = "another slot map"};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.batch_id, 8);
    assert_int_equal(d->got.code, PSP_REFUSAL_CONFIGURATION);
    assert_int_equal(d->got.n, 1);
    assert_int_equal(d->got.row_numbers[0], 5);
    assert_string_equal(d->got.text, "another slot map");
    message.n = 0;
    message.row_numbers = NULL;
    message.text = NULL;
    encode_and_decode(d, &message);
    assert_int_equal(d->got.n, 0);
    assert_string_equal(d->got.text, "");
}

/* ---- what is refused ---- */

static void unknown_version_is_refused_with_its_batch_id(void **state)
{
    struct desk *d = *state;
    proto_number(&d->body, 1, 77);
    proto_number(&d->top, 1, 2);
    proto_message(&d->top, 3, &d->body);
    assert_int_equal(decode(d, d->top.bytes, d->top.length), PSP_EVERSION);
    assert_int_equal(d->got.batch_id, 77);
    assert_string_equal(d->reason, "unknown protocol version");
}

static void unreadable_message_of_another_version_is_told_from_rubbish(void **state)
{
    struct desk *d = *state;
    const uint8_t later[] = {0x08, 0x02, 0x1A, 0x7F, 0x01}, rubbish[] = {0x08, 0x01, 0x1A, 0x7F};
    assert_int_equal(decode(d, later, sizeof later), PSP_EVERSION);
    assert_int_equal(d->got.batch_id, 0);
    assert_int_equal(decode(d, rubbish, sizeof rubbish), PSP_EINVAL);
    assert_int_equal(decode(d, (const uint8_t *)"GET / HTTP/1.1\r\n", 16), PSP_EINVAL);
}

static void message_without_version_or_body_is_refused(void **state)
{
    struct desk *d = *state;
    const uint8_t no_version[] = {0x12, 0x00}, no_body[] = {0x08, 0x01};
    assert_int_equal(decode(d, no_version, sizeof no_version), PSP_EVERSION);
    assert_int_equal(decode(d, no_body, sizeof no_body), PSP_EINVAL);
    assert_int_equal(decode(d, no_body, 0), PSP_EVERSION); /* an empty message has version 0 */
}

static void every_truncation_of_a_batch_is_refused(void **state)
{
    struct desk *d = *state;
    const struct psp_client_message message = two_in_columns();
    assert_int_equal(psp_client_message_encode(&message, &d->buffer), PSP_OK);
    for (size_t length = 0; length < d->buffer.length; length++)
        assert_int_not_equal(decode(d, d->buffer.data, length), PSP_OK);
    assert_int_equal(decode(d, d->buffer.data, d->buffer.length), PSP_OK);
}

/* A batch of one row, with lengths of its parts as given. */
static enum psp_status decode_one_row(struct desk *d, size_t hash_bytes, size_t voter_bytes,
                                      size_t ballot_bytes)
{
    static struct proto ballot;
    ballot.length = 0;
    proto_filled(&ballot, 1, 'v', voter_bytes);
    proto_filled(&ballot, 2, 'b', ballot_bytes);
    proto_text(&ballot, 3, "u");
    proto_text(&ballot, 4, "m");
    d->body.length = 0;
    proto_number(&d->body, 1, 12);
    proto_filled(&d->body, 2, 0, hash_bytes);
    proto_message(&d->body, 3, &ballot);
    return decode_body(d, 3);
}

static void voter_id_has_1_to_255_bytes(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_one_row(d, 32, 0, 16), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: voter_id is not 1 to 255 bytes");
    assert_int_equal(d->got.batch_id, 12);
    assert_int_equal(decode_one_row(d, 32, 1, 16), PSP_OK);
    assert_int_equal(decode_one_row(d, 32, 255, 16), PSP_OK);
    assert_int_equal(decode_one_row(d, 32, 256, 16), PSP_EINVAL);
}

static void ballot_id_has_16_bytes(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_one_row(d, 32, 5, 15), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: ballot_id is not 16 bytes");
    assert_int_equal(decode_one_row(d, 32, 5, 17), PSP_EINVAL);
    assert_int_equal(decode_one_row(d, 32, 5, 0), PSP_EINVAL);
}

/* One row whose unit, method, contest and choice have so many bytes. */
static enum psp_status decode_ids(struct desk *d, size_t unit, size_t method, size_t contest,
                                  size_t choice)
{
    static struct proto ballot, mark;
    mark.length = ballot.length = d->body.length = 0;
    proto_filled(&mark, 1, 'c', contest);
    proto_filled(&mark, 2, 'c', choice);
    proto_filled(&ballot, 1, 'v', 1);
    proto_filled(&ballot, 2, 'b', 16);
    proto_filled(&ballot, 3, 'u', unit);
    proto_filled(&ballot, 4, 'm', method);
    proto_message(&ballot, 6, &mark);
    proto_filled(&d->body, 2, 0, 32);
    proto_message(&d->body, 3, &ballot);
    return decode_body(d, 3);
}

static void ids_of_the_election_have_at_most_128_bytes(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_ids(d, 128, 128, 128, 128), PSP_OK);
    assert_int_equal(decode_ids(d, 129, 1, 1, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: unit is longer than 128 bytes");
    assert_int_equal(decode_ids(d, 0, 1, 1, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: unit is missing");
    assert_int_equal(decode_ids(d, 1, 129, 1, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: method is longer than 128 bytes");
    assert_int_equal(decode_ids(d, 1, 0, 1, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: method is missing");
    assert_int_equal(decode_ids(d, 1, 1, 129, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: a contest is longer than 128 bytes");
    assert_int_equal(decode_ids(d, 1, 1, 1, 129), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: a choice is longer than 128 bytes");
}

static void definition_hash_has_32_bytes(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_one_row(d, 31, 5, 16), PSP_EINVAL);
    assert_string_equal(d->reason, "definition_hash is not 32 bytes");
    assert_int_equal(decode_one_row(d, 0, 5, 16), PSP_EINVAL);
}

static void batch_of_rows_has_1_to_8192_ballots(void **state)
{
    struct desk *d = *state;
    static struct proto ballot;
    ballot.length = 0;
    proto_filled(&ballot, 1, 'v', 1);
    proto_filled(&ballot, 2, 'b', 16);
    proto_text(&ballot, 3, "u");
    proto_text(&ballot, 4, "m");
    proto_filled(&d->body, 2, 0, 32);
    assert_int_equal(decode_body(d, 3), PSP_EINVAL);
    assert_string_equal(d->reason, "a batch without ballots");
    for (int i = 0; i < 8192; i++)
        proto_message(&d->body, 3, &ballot);
    assert_int_equal(decode_body(d, 3), PSP_OK);
    assert_int_equal(d->got.row_count, 8192);
    proto_message(&d->body, 3, &ballot);
    assert_int_equal(decode_body(d, 3), PSP_EINVAL);
    assert_string_equal(d->reason, "a batch of more than 8192 ballots");
}

/* One row with `marks` contests of `choices` choices each. */
static enum psp_status decode_marks(struct desk *d, int marks, int choices)
{
    static struct proto ballot, mark;
    mark.length = ballot.length = d->body.length = 0;
    for (int i = 0; i < choices; i++)
        proto_text(&mark, 2, "c");
    proto_filled(&ballot, 1, 'v', 1);
    proto_filled(&ballot, 2, 'b', 16);
    proto_text(&ballot, 3, "u");
    proto_text(&ballot, 4, "m");
    for (int i = 0; i < marks; i++)
        proto_message(&ballot, 6, &mark);
    proto_filled(&d->body, 2, 0, 32);
    proto_message(&d->body, 3, &ballot);
    return decode_body(d, 3);
}

static void ballot_marks_at_most_1024_contests_and_256_choices_of_one(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_marks(d, 1024, 1), PSP_OK);
    assert_int_equal(decode_marks(d, 1025, 1), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: more than 1024 contests are marked");
    assert_int_equal(decode_marks(d, 1, 256), PSP_OK);
    assert_int_equal(decode_marks(d, 1, 257), PSP_EINVAL);
    assert_string_equal(d->reason, "row 0: more than 256 choices of one contest are marked");
}

/* A batch of n columns; the column with field number `wrong` has one byte too many. */
static enum psp_status decode_columns(struct desk *d, uint32_t n, unsigned wrong)
{
    const size_t widths[] = {[4] = 1, [5] = 1, [6] = 16, [7] = 4, [8] = 1, [9] = 8, [10] = 1};
    d->body.length = 0;
    proto_number(&d->body, 1, 5);
    proto_filled(&d->body, 2, 0, wrong == 2 ? 33 : 32);
    proto_number(&d->body, 3, n);
    for (unsigned field = 4; field <= 10; field++)
        proto_filled(&d->body, field, field == 4, n * widths[field] + (field == wrong));
    return decode_body(d, 4);
}

static void length_of_every_column_must_fit(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_columns(d, 3, 0), PSP_OK);
    for (unsigned field = 2; field <= 10; field++) {
        if (field == 3)
            continue;
        assert_int_equal(decode_columns(d, 3, field), PSP_EINVAL);
        assert_int_equal(d->got.batch_id, 5);
        assert_true(strlen(d->reason) > 0);
    }
}

static void batch_of_columns_has_1_to_8192_ballots(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_columns(d, 0, 0), PSP_EINVAL);
    assert_string_equal(d->reason, "a batch without ballots");
    assert_int_equal(decode_columns(d, 8192, 0), PSP_OK);
    assert_int_equal(decode_columns(d, 8193, 0), PSP_EINVAL);
    assert_string_equal(d->reason, "a batch of more than 8192 ballots");
}

static void columns_with_an_empty_voter_id_or_wrong_marks_are_refused(void **state)
{
    struct desk *d = *state;
    struct psp_client_message message = two_in_columns();
    const uint8_t lengths[] = {4, 0}, marks[] = {1, 0, 1};
    message.columns.voter_lengths = lengths;
    assert_int_equal(psp_client_message_encode(&message, &d->buffer), PSP_OK);
    assert_int_equal(decode(d, d->buffer.data, d->buffer.length), PSP_EINVAL);
    message = two_in_columns();
    message.columns.marks = marks;
    message.columns.marks_bytes = sizeof marks;
    assert_int_equal(psp_client_message_encode(&message, &d->buffer), PSP_OK);
    assert_int_equal(decode(d, d->buffer.data, d->buffer.length), PSP_EINVAL);
}

static enum psp_status decode_verdicts(struct desk *d, size_t rows_bytes, size_t n, uint8_t verdict)
{
    d->body.length = 0;
    proto_number(&d->body, 1, 6);
    proto_filled(&d->body, 4, 0, rows_bytes);
    proto_filled(&d->body, 5, verdict, n);
    return decode_body(d, 6);
}

static void verdicts_that_contradict_themselves_are_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_verdicts(d, 4, 2, 0x01), PSP_OK);
    assert_int_equal(decode_verdicts(d, 2, 2, 0x01), PSP_EINVAL);
    assert_int_equal(d->got.batch_id, 6);
    assert_int_equal(decode_verdicts(d, 0, 0, 0x01), PSP_EINVAL);
    assert_int_equal(decode_verdicts(d, 2 * 8193, 8193, 0x01), PSP_EINVAL);
    assert_int_equal(decode_verdicts(d, 2, 1, 0x62), PSP_OK);     /* a replay of "closed" */
    assert_int_equal(decode_verdicts(d, 2, 1, 0x00), PSP_EINVAL); /* no disposition */
    assert_int_equal(decode_verdicts(d, 2, 1, 0x07), PSP_EINVAL); /* unknown */
    assert_int_equal(decode_verdicts(d, 2, 1, 0x11), PSP_EINVAL); /* counted, but replayed what? */
    assert_int_equal(decode_verdicts(d, 2, 1, 0x02), PSP_EINVAL); /* a replay of nothing */
    assert_int_equal(decode_verdicts(d, 2, 1, 0x22), PSP_EINVAL); /* a replay of a replay */
}

static enum psp_status decode_refusal(struct desk *d, uint64_t code, size_t rows_bytes)
{
    d->body.length = 0;
    proto_number(&d->body, 2, code);
    proto_filled(&d->body, 3, 0, rows_bytes);
    return decode_body(d, 7);
}

static void refusal_with_unknown_code_or_odd_rows_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_refusal(d, 1, 2), PSP_OK);
    assert_int_equal(decode_refusal(d, 0, 2), PSP_EINVAL);
    assert_int_equal(decode_refusal(d, 9, 2), PSP_EINVAL);
    assert_int_equal(decode_refusal(d, 1, 3), PSP_EINVAL);
    assert_int_equal(decode_refusal(d, 1, 2 * 8193), PSP_EINVAL);
}

static void welcome_with_short_ids_is_refused(void **state)
{
    struct desk *d = *state;
    proto_filled(&d->body, 1, 0, 15);
    proto_filled(&d->body, 2, 0, 32);
    assert_int_equal(decode_body(d, 5), PSP_EINVAL);
    d->body.length = 0;
    proto_filled(&d->body, 1, 0, 16);
    proto_filled(&d->body, 2, 0, 31);
    assert_int_equal(decode_body(d, 5), PSP_EINVAL);
}

static void message_over_the_size_limit_is_refused_unread(void **state)
{
    struct desk *d = *state;
    const size_t size = (size_t)PSP_MESSAGE_BYTES_MAX + 1;
    uint8_t *large = calloc(1, size);
    assert_non_null(large);
    assert_int_equal(decode(d, large, size), PSP_EINVAL);
    assert_string_equal(d->reason, "longer than a message may be");
    free(large);
}

static void message_over_the_budget_is_refused(void **state)
{
    struct desk *d = *state;
    psp_arena_destroy(&d->arena);
    assert_int_equal(psp_arena_create(16 << 10, &d->arena), PSP_OK);
    proto_filled(&d->body, 2, 0, 32);
    for (int i = 0; i < 8192; i++)
        proto_bytes(&d->body, 3, NULL, 0); /* 2 bytes each here, about 100 unpacked */
    assert_int_equal(decode_body(d, 3), PSP_ENOMEM);
    assert_true(strlen(d->reason) > 0);
    assert_int_equal(decode_one_row(d, 32, 5, 16), PSP_OK); /* and the arena is as good as new */
}

static void fields_of_later_versions_are_skipped(void **state)
{
    struct desk *d = *state;
    proto_number(&d->top, 1, 1);
    proto_text(&d->top, 100, "not known yet");
    proto_number(&d->top, 101, 5);
    proto_bytes(&d->top, 2, NULL, 0);
    assert_int_equal(decode(d, d->top.bytes, d->top.length), PSP_OK);
    assert_int_equal(d->got.type, PSP_CLIENT_HELLO);
}

/* ---- a ballot by itself ---- */

static void a_ballot_alone_may_come_without_an_id(void **state)
{
    struct desk *d = *state;
    static struct proto ballot, mark;
    struct psp_row row = {0};
    mark.length = ballot.length = 0;
    proto_text(&mark, 1, "mayor");
    proto_text(&mark, 2, "bob");
    proto_text(&ballot, 1, "V-1");
    proto_text(&ballot, 3, "north-1");
    proto_text(&ballot, 4, "booth");
    proto_number(&ballot, 5, 1604448000123);
    proto_message(&ballot, 6, &mark);
    psp_arena_reset(d->arena);
    assert_int_equal(
        psp_ballot_message_decode(d->arena, ballot.bytes, ballot.length, &row, &d->reason), PSP_OK);
    assert_int_equal(row.ballot_id.length, 0);
    assert_int_equal(row.cast_at_ms, 1604448000123);
    assert_int_equal(row.mark_count, 1);
    assert_memory_equal(row.marks[0].choices[0].data, "bob", 3);
    proto_filled(&ballot, 2, 7, 16);
    assert_int_equal(
        psp_ballot_message_decode(d->arena, ballot.bytes, ballot.length, &row, &d->reason), PSP_OK);
    assert_int_equal(row.ballot_id.length, 16);
    assert_int_equal(row.ballot_id.data[15], 7);
}

static void what_is_no_ballot_alone_is_refused(void **state)
{
    struct desk *d = *state;
    static struct proto ballot;
    struct psp_row row = {0};
    static const char json[] = "{\"voter_id\":\"V-1\"}";
    ballot.length = 0;
    assert_int_equal(psp_ballot_message_decode(d->arena, (const uint8_t *)json, sizeof json - 1,
                                               &row, &d->reason),
                     PSP_EINVAL);
    assert_string_equal(d->reason, "not a Ballot of proto/client.proto");
    proto_text(&ballot, 1, "V-1");
    proto_filled(&ballot, 2, 7, 15);
    assert_int_equal(
        psp_ballot_message_decode(d->arena, ballot.bytes, ballot.length, &row, &d->reason),
        PSP_EINVAL);
    assert_string_equal(d->reason, "ballot_id is not 16 bytes");
    ballot.length = 0;
    proto_text(&ballot, 1, "V-1");
    assert_int_equal(
        psp_ballot_message_decode(d->arena, ballot.bytes, ballot.length, &row, &d->reason),
        PSP_EINVAL);
    assert_string_equal(d->reason, "unit is missing");
    assert_int_equal(row.voter_id.length, 0);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        FACT(hello_is_four_bytes),
        FACT(rows_come_back_as_they_went),
        FACT(columns_come_back_as_they_went),
        FACT(the_stations_of_a_gateways_columns_come_back),
        FACT(welcome_comes_back_as_it_went),
        FACT(verdicts_are_the_bytes_of_the_protocol),
        FACT(refusal_comes_back_as_it_went),
        FACT(unknown_version_is_refused_with_its_batch_id),
        FACT(unreadable_message_of_another_version_is_told_from_rubbish),
        FACT(message_without_version_or_body_is_refused),
        FACT(every_truncation_of_a_batch_is_refused),
        FACT(voter_id_has_1_to_255_bytes),
        FACT(ballot_id_has_16_bytes),
        FACT(ids_of_the_election_have_at_most_128_bytes),
        FACT(definition_hash_has_32_bytes),
        FACT(batch_of_rows_has_1_to_8192_ballots),
        FACT(ballot_marks_at_most_1024_contests_and_256_choices_of_one),
        FACT(length_of_every_column_must_fit),
        FACT(batch_of_columns_has_1_to_8192_ballots),
        FACT(columns_with_an_empty_voter_id_or_wrong_marks_are_refused),
        FACT(verdicts_that_contradict_themselves_are_refused),
        FACT(refusal_with_unknown_code_or_odd_rows_is_refused),
        FACT(welcome_with_short_ids_is_refused),
        FACT(message_over_the_size_limit_is_refused_unread),
        FACT(message_over_the_budget_is_refused),
        FACT(fields_of_later_versions_are_skipped),
        FACT(a_ballot_alone_may_come_without_an_id),
        FACT(what_is_no_ballot_alone_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
