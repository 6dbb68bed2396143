/* What is durable: each write has its sync before anybody acts on it, also what a killed
 * process left unsynced. The disk is the real one, and notes what was asked of it. */
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
#include "journal/journal.h"
#include "journal/writer.h"

enum { FILES_MAX = 64, EVENTS_BYTES = 4096 };

struct place {
    char path[64];
    struct psp_disk disk;
};

static char names[FILES_MAX][40]; /* by descriptor */
static char events[EVENTS_BYTES]; /* "write vote", "sync vote", ... a line each */
static unsigned writes_left;      /* then they fail */
static struct psp_reason reason;

static void note(const char *what, const char *name)
{
    const size_t at = strlen(events);
    assert_true(at + 64 < sizeof events);
    snprintf(events + at, sizeof events - at, "%s %s\n", what, name);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static enum psp_status noted_open(void *context, const char *path, enum psp_disk_mode mode,
                                  int *ret_file)
{
    const enum psp_status status = psp_disk_posix()->open(context, path, mode, ret_file);
    if (status == PSP_OK) {
        assert_in_range(*ret_file, 0, FILES_MAX - 1);
        snprintf(names[*ret_file], sizeof names[0], "%.30s", last_part(path));
    }
    return status;
}

static enum psp_status noted_write(void *context, int file, uint64_t offset,
                                   const struct psp_disk_block *blocks, size_t n)
{
    if (writes_left == 0)
        return PSP_EIO;
    writes_left--;
    note("write", names[file]);
    return psp_disk_posix()->write(context, file, offset, blocks, n);
}

static enum psp_status noted_sync(void *context, int file)
{
    note("sync", names[file]);
    return psp_disk_posix()->sync(context, file);
}

static enum psp_status noted_truncate(void *context, int file, uint64_t bytes)
{
    note("truncate", names[file]);
    return psp_disk_posix()->truncate(context, file, bytes);
}

static enum psp_status noted_rename(void *context, const char *from, const char *to)
{
    note("rename", last_part(to));
    for (size_t i = 0; i < FILES_MAX; i++)
        if (strcmp(names[i], last_part(from)) == 0)
            snprintf(names[i], sizeof names[0], "%.30s", last_part(to));
    return psp_disk_posix()->rename(context, from, to);
}

static enum psp_status noted_sync_folder(void *context, const char *path)
{
    note("sync", "folder");
    return psp_disk_posix()->sync_folder(context, path);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->path, sizeof place->path, "/tmp/psp-test-synced-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    place->disk = *psp_disk_posix();
    place->disk.open = noted_open;
    place->disk.write = noted_write;
    place->disk.sync = noted_sync;
    place->disk.truncate = noted_truncate;
    place->disk.rename = noted_rename;
    place->disk.sync_folder = noted_sync_folder;
    events[0] = '\0';
    writes_left = UINT32_MAX;
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place->path);
    const int result = system(command);
    free(place);
    return result;
}

static struct psp_journal *open_log(const struct place *place, uint64_t segment_bytes)
{
    const struct psp_journal_options options = {
        .directory = place->path, .disk = &place->disk, .segment_bytes = segment_bytes};
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    return log;
}

static void append(struct psp_journal *log, uint64_t index)
{
    const struct psp_record record = {.index = index,
                                      .term = 1,
                                      .type = PSP_RECORD_COMMAND,
                                      .payload = (const uint8_t *)"a payload",
                                      .payload_bytes = 9};
    assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
}

/* Where `text` begins after `from`; fails when it does not. */
static const char *after(const char *from, const char *text)
{
    const char *found = strstr(from, text);
    if (found == NULL)
        fail_msg("no \"%s\" in:\n%s", text, from);
    return found + strlen(text);
}

/* A log with a vote of term 1 and records 1 to n; as a killed process leaves it. */
static void leave(const struct place *place, uint64_t n)
{
    struct psp_journal *log = open_log(place, 0);
    assert_int_equal(psp_journal_set_vote(log, 1, 2), PSP_OK);
    for (uint64_t index = 1; index <= n; index++)
        append(log, index);
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    events[0] = '\0';
}

/* promise 1 */
static void what_is_read_at_open_is_durable_before_it_is_acted_on(void **state)
{
    const struct place *place = *state;
    leave(place, 2);
    struct psp_journal *log = open_log(place, 0);
    after(events, "sync vote\n");
    after(events, "sync 0000000000000001.log\n");
    after(events, "sync folder\n");
    psp_journal_close(&log);
}

/* promise 1 */
static void both_copies_of_a_vote_are_synced_one_after_the_other(void **state)
{
    const struct place *place = *state;
    struct psp_journal *log = open_log(place, 0);
    events[0] = '\0';
    assert_int_equal(psp_journal_set_vote(log, 5, 1), PSP_OK);
    assert_string_equal(events, "write vote\nsync vote\nwrite vote\nsync vote\n");
    psp_journal_close(&log);
}

/* The process ends between the two copies: what was written first is the newer vote, and
 * may have been told. */
static void of_two_copies_the_newer_vote_counts(void **state)
{
    const struct place *place = *state;
    uint64_t term = 0, voted_for = 0;
    for (uint64_t newest = 6; newest <= 8; newest += 2) { /* each copy is once the newer one */
        struct psp_journal *log = open_log(place, 0);
        assert_int_equal(psp_journal_set_vote(log, newest - 1, 1), PSP_OK);
        writes_left = 1;
        assert_int_equal(psp_journal_set_vote(log, newest, 2), PSP_EIO);
        psp_journal_close(&log);
        writes_left = UINT32_MAX;
        log = open_log(place, 0);
        psp_journal_vote(log, &term, &voted_for);
        assert_int_equal(term, newest);
        assert_int_equal(voted_for, 2);
        psp_journal_close(&log);
        struct psp_journal *again =
            open_log(place, 0); /* one vote more: the copies change places */
        assert_int_equal(psp_journal_set_vote(again, newest, 2), PSP_OK);
        psp_journal_close(&again);
    }
}

static void a_cut_log_is_synced(void **state)
{
    const struct place *place = *state;
    leave(place, 4);
    struct psp_journal *log = open_log(place, 0);
    events[0] = '\0';
    assert_int_equal(psp_journal_truncate(log, 3), PSP_OK);
    after(after(events, "truncate 0000000000000001.log\n"), "sync 0000000000000001.log\n");
    psp_journal_close(&log);
}

/* A sealed segment is whole: its last record is durable before the next one has a name. */
static void a_segment_is_synced_before_the_next_begins(void **state)
{
    const struct place *place = *state;
    struct psp_journal *log = open_log(place, 100);
    assert_int_equal(psp_journal_set_vote(log, 1, 2), PSP_OK);
    append(log, 1);
    append(log, 2);
    events[0] = '\0';
    append(log, 3);
    const char *sealed = after(events, "sync 0000000000000002.log\n");
    const char *begun = after(sealed, "sync 0000000000000003.log.tmp\n");
    after(after(begun, "rename 0000000000000003.log\n"), "sync folder\n");
    psp_journal_close(&log);
}

static void never_mind(void *context)
{
    (void)context;
}

/* promise 1: what the writer says is done has been synced after it was written. */
static void what_the_writer_tells_is_synced(void **state)
{
    const struct place *place = *state;
    struct psp_journal *log = open_log(place, 0);
    assert_int_equal(psp_journal_set_vote(log, 1, 2), PSP_OK);
    struct psp_journal_writer *writer = NULL;
    assert_int_equal(psp_journal_writer_create(log, never_mind, NULL, &writer), PSP_OK);
    const struct psp_record record = {.index = 1,
                                      .term = 1,
                                      .type = PSP_RECORD_COMMAND,
                                      .payload = (const uint8_t *)"a payload",
                                      .payload_bytes = 9};
    events[0] = '\0';
    assert_int_equal(psp_journal_writer_push(writer, 1, &record, 1), PSP_OK);
    for (int i = 0; i < 30000 && psp_journal_writer_done(writer) == 0; i++)
        usleep(1000);
    assert_int_equal(psp_journal_writer_done(writer), 1);
    const char *written = events, *next;
    while ((next = strstr(written, "write 0000000000000001.log")) != NULL)
        written = next + 1;
    after(written, "sync 0000000000000001.log\n");
    psp_journal_writer_destroy(&writer);
    psp_journal_close(&log);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FACT(what_is_read_at_open_is_durable_before_it_is_acted_on),
        FACT(both_copies_of_a_vote_are_synced_one_after_the_other),
        FACT(of_two_copies_the_newer_vote_counts),
        FACT(a_cut_log_is_synced),
        FACT(a_segment_is_synced_before_the_next_begins),
        FACT(what_the_writer_tells_is_synced),
    };
#undef FACT
    return cmocka_run_group_tests(tests, NULL, NULL);
}
