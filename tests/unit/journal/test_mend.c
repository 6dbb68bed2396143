/* Damage in a log of which others have copies: it is found, hides nothing, and is mended. */
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
#include "journal/segment.h"
#include "journal/walk.h"

enum { RECORDS = 20, A_SEGMENT = 5, RECORD_BYTES = 56 }; /* header 40, payload 10, padding 6 */

static struct psp_reason reason;
static uint32_t fails_after; /* the n-th write fails; 0: none does */
static bool unsynced;        /* something was written since the last sync */

struct place {
    char path[64];
    struct psp_disk disk;
    struct psp_journal_options options;
    struct psp_journal *log;
};

static enum psp_status counted_write(void *context, int file, uint64_t offset,
                                     const struct psp_disk_block *blocks, size_t n)
{
    unsynced = true;
    if (fails_after > 0 && --fails_after == 0) { /* half of it */
        psp_disk_posix()->write(context, file, offset, blocks, 1);
        return PSP_EIO;
    }
    return psp_disk_posix()->write(context, file, offset, blocks, n);
}

static enum psp_status noted_sync(void *context, int file)
{
    unsynced = false;
    return psp_disk_posix()->sync(context, file);
}

static struct psp_record record_of(uint64_t index)
{
    static char payloads[RECORDS + 1][11];
    snprintf(payloads[index], sizeof payloads[index], "payload %02u", (unsigned)index);
    return (struct psp_record){.index = index,
                               .term = 1 + index / 8,
                               .type = PSP_RECORD_COMMAND,
                               .payload = (const uint8_t *)payloads[index],
                               .payload_bytes = 10};
}

static void open_log(struct place *place)
{
    assert_int_equal(psp_journal_open(&place->options, &place->log, &reason), PSP_OK);
}

/* Four segments of five records, each record made durable before the next one. */
static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->path, sizeof place->path, "/tmp/psp-test-mend-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    fails_after = 0;
    place->disk = *psp_disk_posix();
    place->disk.write = counted_write;
    place->disk.sync = noted_sync;
    place->options = (struct psp_journal_options){.directory = place->path,
                                                  .mendable = true,
                                                  .segment_bytes = PSP_SEGMENT_HEADER_BYTES +
                                                                   A_SEGMENT * RECORD_BYTES,
                                                  .disk = &place->disk};
    open_log(place);
    assert_int_equal(psp_journal_set_vote(place->log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= RECORDS; i++) {
        const struct psp_record record = record_of(i);
        assert_int_equal(psp_journal_append(place->log, &record, 1), PSP_OK);
        assert_int_equal(psp_journal_sync(place->log), PSP_OK);
    }
    psp_journal_close(&place->log);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    psp_journal_close(&place->log);
    snprintf(command, sizeof command, "rm -rf '%s'", place->path);
    const int result = system(command);
    free(place);
    return result;
}

static FILE *segment_of(const struct place *place, uint64_t first)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%016x.log", place->path, (unsigned)first);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    return file;
}

static long offset_of(uint64_t index)
{
    return PSP_SEGMENT_HEADER_BYTES + (long)((index - 1) % A_SEGMENT) * RECORD_BYTES;
}

/* Flips a bit of a byte of the record. */
static void spoil(const struct place *place, uint64_t index, long at)
{
    FILE *file = segment_of(place, (index - 1) / A_SEGMENT * A_SEGMENT + 1);
    fseek(file, offset_of(index) + at, SEEK_SET);
    const int byte = fgetc(file);
    fseek(file, offset_of(index) + at, SEEK_SET);
    fputc(byte ^ 4, file);
    fclose(file);
}

static enum psp_status read_one(const struct psp_journal *log, uint64_t index)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    struct psp_record record;
    const struct psp_record expected = record_of(index);
    const enum psp_status status = psp_journal_read(log, index, &buffer, &size, &record);
    if (status == PSP_OK) {
        assert_int_equal(record.term, expected.term);
        assert_memory_equal(record.payload, expected.payload, 10);
    }
    free(buffer);
    return status;
}

/* All read but those from first to last, which are damaged. */
static void assert_gap(const struct psp_journal *log, uint64_t first, uint64_t last)
{
    struct psp_journal_damage damage;
    assert_int_equal(psp_journal_damage(log, &damage), first != 0);
    if (first != 0) {
        assert_int_equal(damage.index, first);
        assert_int_equal(damage.known, last - first + 1);
        assert_int_equal(damage.offset, offset_of(first));
    }
    for (uint64_t i = 1; i <= RECORDS; i++) {
        const bool bad = first != 0 && i >= first && i <= last;
        uint64_t term = 0;
        enum psp_record_type type;
        assert_int_equal(read_one(log, i), bad ? PSP_ECORRUPT : PSP_OK);
        assert_int_equal(psp_journal_peek(log, i, &term, &type), bad ? PSP_ECORRUPT : PSP_OK);
    }
}

static bool at_once(void *context, size_t bytes)
{
    *(size_t *)context += bytes;
    return true;
}

static bool never(void *context, size_t bytes)
{
    *(size_t *)context += bytes;
    return false;
}

/* Every byte of a record, one after the other: its length and index among them. */
static void a_flipped_bit_hides_one_record(void **state)
{
    struct place *place = *state;
    for (long at = 0; at < RECORD_BYTES; at++) {
        spoil(place, 7, at);
        open_log(place);
        assert_gap(place->log, 7, 7);
        psp_journal_close(&place->log);
        spoil(place, 7, at);
    }
}

static void what_is_damaged_is_mended(void **state)
{
    struct place *place = *state;
    spoil(place, 7, 45);
    open_log(place);
    const struct psp_record record = record_of(7);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    assert_false(unsynced);
    assert_gap(place->log, 0, 0);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EINVAL); /* not damaged any more */
    psp_journal_close(&place->log);
    place->options.mendable = false;
    open_log(place);
    assert_gap(place->log, 0, 0);
}

static void the_first_record_and_a_header_are_mended(void **state)
{
    struct place *place = *state;
    spoil(place, 1, 16); /* its term */
    FILE *file = segment_of(place, 6);
    fputc('?', file);
    fclose(file);
    place->options.checkpoint_index = RECORDS; /* old segments are only glanced at */
    open_log(place);
    uint64_t term = 0;
    assert_int_equal(psp_journal_term(place->log, 1, &term), PSP_ECORRUPT);
    size_t bytes = 0;
    struct psp_journal_checked checked;
    for (uint64_t at = 1; at != 0; at = checked.next)
        assert_int_equal(psp_journal_check(place->log, at, at_once, &bytes, &checked), PSP_OK);
    assert_int_equal(bytes, 3 * (PSP_SEGMENT_HEADER_BYTES + A_SEGMENT * RECORD_BYTES));
    assert_gap(place->log, 1, 1);
    const struct psp_record record = record_of(1);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    psp_journal_close(&place->log);
    place->options.mendable = false;
    place->options.checkpoint_index = 0;
    open_log(place); /* headers, too */
    assert_gap(place->log, 0, 0);
}

/* With a right checksum: nobody writes such a record, and no term is known of it. */
static void a_first_record_of_term_0_is_damage(void **state)
{
    struct place *place = *state;
    struct psp_record record = record_of(1);
    uint8_t head[PSP_SEGMENT_RECORD_BYTES];
    record.term = 0;
    psp_segment_record_encode(&record, 0, head);
    FILE *file = segment_of(place, 1);
    fseek(file, offset_of(1), SEEK_SET);
    fwrite(head, sizeof head, 1, file);
    fclose(file);
    open_log(place);
    assert_gap(place->log, 1, 1);
}

static void alone_a_damaged_log_is_refused_with_file_and_byte(void **state)
{
    struct place *place = *state;
    char expected[160];
    place->options.mendable = false;
    for (uint64_t index = 1; index <= RECORDS - 1; index += 6) {
        spoil(place, index, 3);
        assert_int_equal(psp_journal_open(&place->options, &place->log, &reason), PSP_ECORRUPT);
        snprintf(expected, sizeof expected, "%s/%016x.log is damaged at byte %ld (index %u)",
                 place->path, (unsigned)((index - 1) / A_SEGMENT * A_SEGMENT + 1), offset_of(index),
                 (unsigned)index);
        assert_non_null(strstr(reason.text, expected));
        spoil(place, index, 3);
    }
}

static void other_records_are_not_taken_for_it(void **state)
{
    struct place *place = *state;
    spoil(place, 7, 45);
    open_log(place);
    struct psp_record record = record_of(7);
    record.payload_bytes = 20; /* would write over the next one */
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EINVAL);
    record = record_of(7);
    record.term = 3; /* later than those behind it */
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EINVAL);
    record.term = 0;
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EINVAL);
    record = record_of(8);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EINVAL);
    assert_gap(place->log, 7, 7);
}

/* A page of zeros over several records, and a sealed file that was cut short. */
static void several_records_are_mended_one_after_the_other(void **state)
{
    struct place *place = *state;
    static const char zeros[2 * RECORD_BYTES];
    FILE *file = segment_of(place, 6);
    fseek(file, offset_of(7) + 20, SEEK_SET);
    fwrite(zeros, sizeof zeros, 1, file);
    fclose(file);
    open_log(place);
    assert_gap(place->log, 7, 9);
    for (uint64_t i = 7; i <= 9; i++) {
        const struct psp_record record = record_of(i);
        assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    }
    assert_gap(place->log, 0, 0);
    psp_journal_close(&place->log);
    char path[128];
    snprintf(path, sizeof path, "%s/0000000000000006.log", place->path);
    assert_int_equal(truncate(path, offset_of(9) + 9), 0);
    open_log(place);
    assert_gap(place->log, 9, 10);
    for (uint64_t i = 9; i <= 10; i++) {
        const struct psp_record record = record_of(i);
        assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    }
    psp_journal_close(&place->log);
    place->options.mendable = false;
    open_log(place);
    assert_gap(place->log, 0, 0);
}

static void a_mending_cut_short_leaves_damage(void **state)
{
    struct place *place = *state;
    spoil(place, 7, 0);
    spoil(place, 7, 44);
    open_log(place);
    const struct psp_record record = record_of(7);
    fails_after = 1;
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_EIO);
    psp_journal_close(&place->log);
    open_log(place);
    assert_gap(place->log, 7, 7);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    assert_gap(place->log, 0, 0);
}

static void the_newest_segment_is_mended_before_it_is_written(void **state)
{
    struct place *place = *state;
    spoil(place, 17, 45);
    open_log(place);
    assert_gap(place->log, 17, 17);
    struct psp_record record = record_of(17);
    assert_int_equal(psp_journal_mend(place->log, &record), PSP_OK);
    record = record_of(RECORDS);
    record.index++;
    assert_int_equal(psp_journal_append(place->log, &record, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(place->log), PSP_OK);
    psp_journal_close(&place->log);
    place->options.mendable = false;
    open_log(place);
    assert_gap(place->log, 0, 0);
    assert_int_equal(psp_journal_last(place->log), RECORDS + 1);
}

static void a_check_is_of_sealed_segments_and_ends_when_told(void **state)
{
    struct place *place = *state;
    open_log(place);
    struct psp_journal_checked checked;
    size_t bytes = 0;
    assert_int_equal(psp_journal_check(place->log, 16, at_once, &bytes, &checked), PSP_OK);
    assert_int_equal(checked.next, 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(psp_journal_check(place->log, 11, never, &bytes, &checked), PSP_EAGAIN);
    assert_int_equal(psp_journal_check(place->log, 21, at_once, &bytes, &checked), PSP_ENOENT);
    /* A bit that flips while the log is open, in a segment that was read before. */
    spoil(place, 12, 50);
    assert_int_equal(psp_journal_check(place->log, 11, at_once, &bytes, &checked), PSP_OK);
    assert_int_equal(checked.next, 16);
    assert_true(checked.damaged);
    assert_gap(place->log, 12, 12);
}

static void a_missing_segment_is_no_whole_log(void **state)
{
    struct place *place = *state;
    struct psp_journal_checked checked;
    char path[128];
    size_t bytes = 0;
    open_log(place);
    snprintf(path, sizeof path, "%s/%016x.log", place->path, 6);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(psp_journal_check(place->log, 1, at_once, &bytes, &checked), PSP_OK);
    assert_int_equal(psp_journal_check(place->log, checked.next, at_once, &bytes, &checked),
                     PSP_ECORRUPT);
}

static void a_log_that_begins_later_is_checked_from_there(void **state)
{
    struct place *place = *state;
    struct psp_journal_checked checked;
    char path[128];
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/%016x.log", place->path, 1);
    assert_int_equal(unlink(path), 0);
    open_log(place);
    spoil(place, 8, 50);
    assert_int_equal(psp_journal_check(place->log, 1, at_once, &bytes, &checked), PSP_OK);
    assert_int_equal(checked.next, 11);
    assert_true(checked.damaged);
}

/* Cuts the log within the segment that is checked, and its next record is half written. */
static bool cut_meanwhile(void *context, size_t bytes)
{
    struct place *place = context;
    if (bytes == 0 || psp_journal_last(place->log) < RECORDS)
        return true;
    assert_int_equal(psp_journal_truncate(place->log, 13), PSP_OK);
    FILE *file = segment_of(place, 11);
    fseek(file, 0, SEEK_END);
    assert_true(fputs("half of a record", file) >= 0);
    fclose(file);
    return true;
}

static void a_segment_that_became_the_newest_is_left_to_its_writer(void **state)
{
    struct place *place = *state;
    struct psp_journal_checked checked;
    struct psp_journal_damage damage;
    open_log(place);
    spoil(place, 14, 50); /* so that it is looked at again */
    assert_int_equal(psp_journal_check(place->log, 11, cut_meanwhile, place, &checked), PSP_OK);
    assert_int_equal(checked.next, 0);
    assert_false(checked.damaged);
    assert_false(psp_journal_damage(place->log, &damage));
    const struct psp_record record = record_of(13);
    assert_int_equal(psp_journal_append(place->log, &record, 1), PSP_OK);
    assert_int_equal(read_one(place->log, 13), PSP_OK);
}

static void what_cannot_be_read_is_looked_at(void **state)
{
    struct place *place = *state;
    open_log(place);
    spoil(place, 3, 50);
    struct psp_journal_damage damage;
    assert_int_equal(read_one(place->log, 3), PSP_ECORRUPT);
    assert_false(psp_journal_damage(place->log, &damage));
    assert_int_equal(psp_journal_examine(place->log, 3), PSP_OK);
    assert_gap(place->log, 3, 3);
}

static void a_walk_tells_every_byte(void **state)
{
    struct place *place = *state;
    spoil(place, 8, 45);
    FILE *file = segment_of(place, 6);
    uint8_t bytes[1024];
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct psp_walk walk;
    struct psp_walked walked;
    psp_walk_begin(&walk, bytes, length, 6);
    for (uint64_t i = 6; i <= 10; i++) {
        assert_true(psp_walk_next(&walk, &walked));
        assert_int_equal(walked.first, i);
        assert_int_equal(walked.last, i);
        assert_int_equal(walked.offset, offset_of(i));
        assert_int_equal(walked.bytes, RECORD_BYTES);
        assert_int_equal(walked.fault != NULL, i == 8);
        assert_int_equal(walked.durable, i == 8);
    }
    assert_false(psp_walk_next(&walk, &walked));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_flipped_bit_hides_one_record),
        FACT(what_is_damaged_is_mended),
        FACT(the_first_record_and_a_header_are_mended),
        FACT(a_first_record_of_term_0_is_damage),
        FACT(alone_a_damaged_log_is_refused_with_file_and_byte),
        FACT(other_records_are_not_taken_for_it),
        FACT(several_records_are_mended_one_after_the_other),
        FACT(a_mending_cut_short_leaves_damage),
        FACT(the_newest_segment_is_mended_before_it_is_written),
        FACT(a_check_is_of_sealed_segments_and_ends_when_told),
        FACT(a_missing_segment_is_no_whole_log),
        FACT(a_log_that_begins_later_is_checked_from_there),
        FACT(a_segment_that_became_the_newest_is_left_to_its_writer),
        FACT(what_cannot_be_read_is_looked_at),
        FACT(a_walk_tells_every_byte),
    };
    return cmocka_run_group_tests_name("mend", facts, NULL, NULL);
}
