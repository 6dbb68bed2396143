/* The threads that read: wishes in order, within their bounds; a check that is slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/clock.h"
#include "journal/reader.h"
#include "journal/scrubber.h"

enum { RECORDS = 30, DEADLINE_MS = 30000 };

struct place {
    char path[64];
    struct psp_journal *log;
    struct psp_journal_reader *reader;
    struct psp_journal_scrubber *scrubber;
};

static void wake(void *context)
{
    assert_non_null(context); /* the test asks again and again */
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct psp_reason reason = {0};
    snprintf(place->path, sizeof place->path, "/tmp/psp-test-reader-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    const struct psp_journal_options options = {.directory = place->path, .segment_bytes = 300};
    assert_int_equal(psp_journal_open(&options, &place->log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(place->log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= RECORDS; i++) {
        const uint8_t payload[8] = {(uint8_t)i};
        const struct psp_record record = {i, 1, PSP_RECORD_COMMAND, payload, sizeof payload};
        assert_int_equal(psp_journal_append(place->log, &record, 1), PSP_OK);
    }
    assert_int_equal(psp_journal_sync(place->log), PSP_OK);
    assert_int_equal(psp_journal_reader_create(place->log, wake, place, &place->reader), PSP_OK);
    assert_int_equal(psp_journal_scrubber_create(place->log, wake, place, &place->scrubber),
                     PSP_OK);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    psp_journal_scrubber_destroy(&place->scrubber);
    psp_journal_reader_destroy(&place->reader);
    psp_journal_close(&place->log);
    snprintf(command, sizeof command, "rm -rf '%s'", place->path);
    const int result = system(command);
    free(place);
    return result;
}

static struct psp_journal_result take(struct place *place)
{
    struct psp_journal_result result;
    const uint64_t end_ms = psp_clock_ms() + DEADLINE_MS;
    while (!psp_journal_reader_take(place->reader, &result)) {
        assert_true(psp_clock_ms() < end_ms);
        usleep(1000);
    }
    return result;
}

static void wishes_are_done_in_their_order(void **state)
{
    struct place *place = *state;
    for (uint64_t number = 1; number <= 3; number++) {
        const struct psp_journal_wish wish = {.number = number,
                                              .first = number * 10,
                                              .last = number * 10 + 4,
                                              .records_max = PSP_READER_RECORDS_MAX,
                                              .bytes_max = 1000};
        assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
    }
    for (uint64_t number = 1; number <= 3; number++) {
        struct psp_journal_result result = take(place);
        assert_int_equal(result.number, number);
        /* 31 and what follows is not there */
        assert_int_equal(result.n, number == 3 ? 1 : 5);
        assert_int_equal(result.status, number == 3 ? PSP_ENOENT : PSP_OK);
        for (uint32_t i = 0; i < result.n; i++) {
            assert_int_equal(result.records[i].index, number * 10 + i);
            assert_int_equal(result.records[i].payload[0], number * 10 + i);
        }
        psp_journal_result_release(&result);
    }
}

static void a_wish_is_bounded_but_gives_one_record(void **state)
{
    struct place *place = *state;
    struct psp_journal_wish wish = {
        .first = 1, .last = RECORDS, .records_max = PSP_READER_RECORDS_MAX, .bytes_max = 24};
    assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
    wish.bytes_max = 1;
    assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
    wish.bytes_max = 1000;
    wish.records_max = 7;
    assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
    static const uint32_t expected[] = {3, 1, 7};
    for (int i = 0; i < 3; i++) {
        struct psp_journal_result result = take(place);
        assert_int_equal(result.n, expected[i]);
        assert_int_equal(result.status, PSP_OK);
        psp_journal_result_release(&result);
    }
}

static void wishes_past_the_bound_are_refused(void **state)
{
    struct place *place = *state;
    const struct psp_journal_wish wish = {.first = 1, .last = 1, .records_max = 1};
    for (int i = 0; i < PSP_READER_WISHES_MAX; i++)
        assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
    assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_EBUSY);
    struct psp_journal_result result = take(place);
    psp_journal_result_release(&result);
    assert_int_equal(psp_journal_reader_push(place->reader, &wish), PSP_OK);
}

static void a_check_takes_as_long_as_its_rate_says(void **state)
{
    struct place *place = *state;
    struct psp_journal_scrubbed scrubbed;
    const uint64_t begun_ms = psp_clock_ms();
    assert_false(psp_journal_scrubber_take(place->scrubber, &scrubbed));
    psp_journal_scrubber_push(place->scrubber, 1, 1000); /* 304 bytes: 0.3 s */
    while (!psp_journal_scrubber_take(place->scrubber, &scrubbed)) {
        assert_true(psp_clock_ms() < begun_ms + DEADLINE_MS);
        usleep(1000);
    }
    assert_true(psp_clock_ms() >= begun_ms + 300);
    assert_int_equal(scrubbed.status, PSP_OK);
    assert_int_equal(scrubbed.checked.next, 6);
    assert_int_equal(scrubbed.checked.bytes, 304);
    psp_journal_scrubber_push(place->scrubber, 6, 1); /* minutes; the end does not wait for it */
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(wishes_are_done_in_their_order),
        FACT(a_wish_is_bounded_but_gives_one_record),
        FACT(wishes_past_the_bound_are_refused),
        FACT(a_check_takes_as_long_as_its_rate_says),
    };
    return cmocka_run_group_tests_name("reader", facts, NULL, NULL);
}
