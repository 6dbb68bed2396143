/* Rows become columns: the same ballot has the same digest, tag and marks. */
#include "tests/unit/fixture/router.h"

#include "base/bytes/bytes.h"
#include "router/core/translate.h"

static struct psp_bytes bytes(const char *text)
{
    return (struct psp_bytes){(const uint8_t *)text, strlen(text)};
}

static struct psp_row_mark mark(const char *contest, struct psp_bytes *choices, uint32_t n)
{
    return (struct psp_row_mark){.contest = bytes(contest), .choices = choices, .choice_count = n};
}

static struct psp_row row(const struct psp_row_mark *marks, uint32_t n)
{
    return (struct psp_row){.voter_id = bytes("voter-1"),
                            .ballot_id = bytes("0123456789abcdef"),
                            .unit = bytes("p1"),
                            .method = bytes("mail"),
                            .cast_at_ms = 1730000000123,
                            .marks = marks,
                            .mark_count = n};
}

static void submit_rows(struct fixture *f, const struct psp_row *rows, uint32_t n)
{
    struct psp_client_message message = {
        .type = PSP_CLIENT_ROWS, .batch_id = 5, .rows = rows, .row_count = n};
    memcpy(message.definition_hash, f->definition->hash, PSP_HASH_BYTES);
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &message,
                           0, 0);
}

static const struct psp_router_batch *flushed(struct fixture *f)
{
    psp_router_core_flush(f->core, 0);
    return fixture_actions(f, 1)->batch;
}

static void a_row_and_a_column_of_one_ballot_are_the_same(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    /* Contests and choices out of order: bridge no, mayor no + yes. */
    struct psp_bytes no[] = {bytes("no")}, both[] = {bytes("no"), bytes("yes")};
    const struct psp_row_mark marks[] = {mark("bridge", no, 1), mark("mayor", both, 2)};
    const struct psp_row as_row = row(marks, 2);
    submit_rows(f, &as_row, 1);
    fixture_actions(f, 0);

    /* 2 contests; contest 0: 2 choices 0 1; contest 1: 1 choice 1 */
    const uint8_t canonical[] = {2, 0, 2, 0, 1, 1, 1, 1};
    const uint16_t canonical_bytes = sizeof canonical;
    uint8_t cast_at[8];
    psp_put64(cast_at, 1730000000123);
    struct psp_client_message message = {.type = PSP_CLIENT_COLUMNS, .batch_id = 6};
    memcpy(message.definition_hash, f->definition->hash, PSP_HASH_BYTES);
    message.columns = (struct psp_client_columns){.n = 1,
                                                  .voter_lengths = (const uint8_t *)"\7",
                                                  .voter_ids = (const uint8_t *)"voter-1",
                                                  .voter_bytes = 7,
                                                  .ballot_ids = (const uint8_t *)"0123456789abcdef",
                                                  .units = (const uint8_t *)"\1\0\0",
                                                  .methods = (const uint8_t *)"\1",
                                                  .cast_at_ms = cast_at,
                                                  .marks = canonical,
                                                  .marks_bytes = sizeof canonical,
                                                  .marks_lengths = &canonical_bytes};
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &message,
                           0, 0);

    const struct psp_router_batch *batch = flushed(f);
    assert_int_equal(batch->n, 2);
    assert_memory_equal(batch->digests, batch->digests + 16, 16);
    assert_memory_equal(batch->tags, batch->tags + 8, 8);
    assert_int_equal(psp_get32(batch->units), 1);
    assert_int_equal(psp_get32(batch->units + 4), 1);
    assert_memory_equal(batch->methods, "\1\1", 2);
    assert_int_equal(batch->marks_bytes, 16);
    assert_memory_equal(batch->marks, canonical, 8);
    assert_memory_equal(batch->marks + 8, canonical, 8);

    uint8_t tag[PSP_TAG_BYTES];
    psp_digest_tag(&f->key, (const uint8_t *)"0123456789abcdef", 1, 1, 1730000000123, 0, canonical,
                   8, tag);
    assert_memory_equal(batch->tags, tag, 8);
    fixture_end(f);
}

static void unknown_names_become_no_position(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_bytes what[] = {bytes("maybe")};
    const struct psp_row_mark marks[] = {mark("mayor", what, 1)};
    struct psp_row ballot = row(marks, 1);
    ballot.unit = bytes("p2");
    ballot.method = bytes("pigeon");
    submit_rows(f, &ballot, 1);
    const struct psp_router_batch *batch = flushed(f);
    assert_int_equal(psp_get32(batch->units), PSP_NONE);
    assert_int_equal(batch->methods[0], 255);
    assert_int_equal(batch->marks_bytes, 8);
    assert_memory_equal(batch->marks, "\1\0\1\xFF\xFF\xFF\xFF\x0F", 8);
    fixture_end(f);
}

static void a_style_and_what_was_sent_before_are_taken_over(void **state)
{
    (void)state;
    static const struct {
        const char *unit, *style;
        uint32_t position;
    } cases[] = {{"p1", "", PSP_NONE},
                 {"p1", "all", ALL},
                 {"q2", "half", HALF},
                 {"q2", "all", ALL},
                 {"q2", "hal", PSP_STYLE_UNKNOWN},
                 {"p1", "half", PSP_STYLE_UNKNOWN},
                 {"p2", "all", PSP_STYLE_UNKNOWN},
                 {"c1", "all", PSP_STYLE_UNKNOWN},
                 {"q3", "half", HALF}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_translation translation = {0};
    struct psp_client_columns columns;
    struct psp_row rows[CASES];
    struct psp_reason reason = {0};
    for (int again = 0; again < 2; again++) { /* what is kept for reuse says nothing later */
        for (size_t i = 0; i < CASES; i++) {
            rows[i] = row(NULL, 0);
            rows[i].unit = bytes(cases[i].unit);
            rows[i].style = bytes(cases[i].style);
            rows[i].resent = again == 0 ? i % 3 == 0 : i == 8;
        }
        assert_int_equal(
            psp_translate_rows(&translation, f->definition, rows, CASES, &columns, &reason),
            PSP_OK);
        for (size_t i = 0; i < CASES; i++)
            assert_int_equal(psp_get32(columns.styles + 4 * i), cases[i].position);
        assert_memory_equal(columns.resent, again == 0 ? "\x49\0" : "\0\1", 2);
    }
    psp_translation_free(&translation);
    fixture_end(f);
}

/* Neither may pass as a blank, nor as one more mark. */
static void a_contest_that_is_unknown_or_named_twice_spoils_the_ballot(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_bytes yes[] = {bytes("yes")}, no[] = {bytes("no")};
    const struct psp_row_mark unknown[] = {mark("sheriff", NULL, 0)};
    const struct psp_row_mark twice[] = {mark("mayor", yes, 1), mark("mayor", no, 1)};
    const struct psp_row rows[] = {row(unknown, 1), row(twice, 2)};
    submit_rows(f, rows, 2);
    const struct psp_router_batch *batch = flushed(f);
    const uint8_t expected[] = {
        1,    0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1,    0xFF, 0xFF, 0xFF, 0xFF, 0x0F, /* row 0 */
        2,    0,    1,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1,    0xFF, 0xFF,
        0xFF, 0xFF, 0x0F, /* row 1 */
    };
    assert_int_equal(batch->marks_bytes, sizeof expected);
    assert_memory_equal(batch->marks, expected, sizeof expected);
    fixture_end(f);
}

static void a_repeated_choice_is_kept_for_the_shard_to_judge(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_bytes twice[] = {bytes("no"), bytes("no")};
    const struct psp_row_mark marks[] = {mark("bridge", twice, 2), mark("mayor", NULL, 0)};
    const struct psp_row ballot = row(marks, 2);
    submit_rows(f, &ballot, 1);
    const struct psp_router_batch *batch = flushed(f);
    assert_int_equal(batch->marks_bytes, 5); /* mayor without a choice is not listed */
    assert_memory_equal(batch->marks, "\1\1\2\1\1", 5);
    fixture_end(f);
}

static void a_row_with_too_many_marks_refuses_the_message_and_is_named(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    static struct psp_bytes choices[257];
    for (size_t i = 0; i < 257; i++)
        choices[i] = bytes("no");
    const struct psp_row_mark too_many[] = {mark("mayor", choices, 257)};
    const struct psp_row rows[] = {row(NULL, 0), row(too_many, 1), row(NULL, 0)};
    submit_rows(f, rows, 3);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_UNDECODABLE);
    assert_int_equal(action->batch_id, 5);
    assert_int_equal(action->n, 0); /* the whole message */
    assert_string_equal(action->text, "row 1: more is marked than a ballot may hold");
    assert_int_equal(psp_router_core_inflight(f->core), 0);
    assert_int_equal(fixture_counters(f).undecodable, 1);
    assert_int_equal(fixture_counters(f).decoded, 0);
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_and_a_column_of_one_ballot_are_the_same),
        cmocka_unit_test(unknown_names_become_no_position),
        cmocka_unit_test(a_style_and_what_was_sent_before_are_taken_over),
        cmocka_unit_test(a_contest_that_is_unknown_or_named_twice_spoils_the_ballot),
        cmocka_unit_test(a_repeated_choice_is_kept_for_the_shard_to_judge),
        cmocka_unit_test(a_row_with_too_many_marks_refuses_the_message_and_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
