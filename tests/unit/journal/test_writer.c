/* The log writer: in order, durable before it is told, silent after a failure. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/disk.h"
#include "journal/writer.h"

struct place {
    char path[64];
    struct psp_disk disk;
    struct psp_journal *log;
    struct psp_journal_writer *writer;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    unsigned wakes;
};

static unsigned syncs_left = UINT32_MAX; /* then they fail */

static enum psp_status counted_sync(void *context, int file)
{
    if (syncs_left == 0)
        return PSP_EIO;
    syncs_left--;
    usleep(1000); /* so that appends meet while one is under way */
    return psp_disk_posix()->sync(context, file);
}

static void wake(void *context)
{
    struct place *place = context;
    pthread_mutex_lock(&place->mutex);
    place->wakes++;
    pthread_cond_signal(&place->woken);
    pthread_mutex_unlock(&place->mutex);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    snprintf(place->path, sizeof(place->path), "/tmp/psp-test-writer-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    pthread_mutex_init(&place->mutex, NULL);
    pthread_cond_init(&place->woken, NULL);
    syncs_left = UINT32_MAX;
    place->disk = *psp_disk_posix();
    place->disk.sync = counted_sync;
    struct psp_reason reason = {0};
    const struct psp_journal_options options = {.directory = place->path, .disk = &place->disk};
    assert_int_equal(psp_journal_open(&options, &place->log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(place->log, 9, 0), PSP_OK);
    assert_int_equal(psp_journal_writer_create(place->log, wake, place, &place->writer), PSP_OK);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    psp_journal_writer_destroy(&place->writer);
    psp_journal_close(&place->log);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", place->path);
    const int result = system(command);
    pthread_mutex_destroy(&place->mutex);
    pthread_cond_destroy(&place->woken);
    free(place);
    return result;
}

static void push(struct place *place, uint64_t number, uint64_t index, uint64_t term, uint32_t n)
{
    struct psp_record records[8];
    for (uint32_t i = 0; i < n; i++)
        records[i] =
            (struct psp_record){index + i, term, PSP_RECORD_COMMAND, (const uint8_t *)"payload", 7};
    assert_int_equal(psp_journal_writer_push(place->writer, number, records, n), PSP_OK);
}

static void wait_for(struct place *place, uint64_t number)
{
    pthread_mutex_lock(&place->mutex);
    while (psp_journal_writer_done(place->writer) < number &&
           psp_journal_writer_failure(place->writer) == PSP_OK)
        pthread_cond_wait(&place->woken, &place->mutex);
    pthread_mutex_unlock(&place->mutex);
}

static void appends_are_durable_in_order(void **state)
{
    struct place *place = *state;
    const unsigned left_before = syncs_left;
    for (uint64_t i = 0; i < 100; i++)
        push(place, i + 1, 1 + 3 * i, 1, 3);
    wait_for(place, 100);
    assert_int_equal(psp_journal_writer_failure(place->writer), PSP_OK);
    assert_int_equal(psp_journal_last(place->log), 300);
    assert_in_range(left_before - syncs_left, 1, 99); /* synced; several appends shared a sync */
}

static void a_later_append_replaces_the_end_of_an_earlier_one(void **state)
{
    struct place *place = *state;
    push(place, 1, 1, 1, 5);
    push(place, 2, 4, 2, 1);
    push(place, 3, 5, 2, 1);
    wait_for(place, 3);
    assert_int_equal(psp_journal_last(place->log), 5);
    const uint64_t terms[] = {1, 1, 1, 2, 2};
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t term;
        enum psp_record_type type;
        assert_int_equal(psp_journal_peek(place->log, i + 1, &term, &type), PSP_OK);
        assert_int_equal(term, terms[i]);
    }
}

static void after_a_failed_sync_nothing_is_reported(void **state)
{
    struct place *place = *state;
    push(place, 1, 1, 1, 1);
    wait_for(place, 1);
    syncs_left = 0;
    push(place, 2, 2, 1, 1);
    wait_for(place, 2);
    assert_int_equal(psp_journal_writer_failure(place->writer), PSP_EIO);
    syncs_left = UINT32_MAX;
    push(place, 3, 3, 1, 1);
    usleep(20000);
    assert_int_equal(psp_journal_writer_done(place->writer), 1);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FACT(appends_are_durable_in_order),
        FACT(a_later_append_replaces_the_end_of_an_earlier_one),
        FACT(after_a_failed_sync_nothing_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
