/* The log against its promises: what was synced comes back, what is damaged is refused. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes/crc32c.h"
#include "base/system/descriptors.h"
#include "journal/disk.h"
#include "journal/journal.h"
#include "journal/segment.h"

static const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES] = "sixteen bytes !";
static struct psp_reason reason;

struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    snprintf(folder->path, sizeof(folder->path), "/tmp/psp-test-log-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
    const int result = system(command);
    free(folder);
    return result;
}

static struct psp_journal_options options_of(const struct folder *folder)
{
    struct psp_journal_options options = {.directory = folder->path, .shard = 3};
    memcpy(options.cluster_id, cluster_id, sizeof(cluster_id));
    return options;
}

static struct psp_journal *open_log(const struct folder *folder)
{
    const struct psp_journal_options options = options_of(folder);
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    return log;
}

static struct psp_record record_of(uint64_t index, uint64_t term, const char *payload)
{
    return (struct psp_record){.index = index,
                               .term = term,
                               .type = PSP_RECORD_COMMAND,
                               .payload = (const uint8_t *)payload,
                               .payload_bytes = (uint32_t)strlen(payload)};
}

/* Vote in term 9 (records must not be newer), then records 1..n, each synced. */
static void fill(const struct folder *folder, uint64_t n)
{
    struct psp_journal *log = open_log(folder);
    assert_int_equal(psp_journal_set_vote(log, 9, 2), PSP_OK);
    for (uint64_t i = 1; i <= n; i++) {
        char payload[32];
        snprintf(payload, sizeof(payload), "payload %u", (unsigned)i);
        const struct psp_record record = record_of(i, 1 + i / 3, payload);
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
        assert_int_equal(psp_journal_sync(log), PSP_OK);
    }
    psp_journal_close(&log);
}

static void assert_payload(const struct psp_journal *log, uint64_t index, const char *payload)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    struct psp_record record;
    assert_int_equal(psp_journal_read(log, index, &buffer, &size, &record), PSP_OK);
    assert_int_equal(record.index, index);
    assert_int_equal(record.payload_bytes, strlen(payload));
    assert_memory_equal(record.payload, payload, strlen(payload));
    free(buffer);
}

static uint8_t *load_file(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(1 << 20);
    *ret_bytes = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void store_file(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void first_segment(const struct folder *folder, char ret_path[128])
{
    snprintf(ret_path, 128, "%s/0000000000000001.log", folder->path);
}

/* promise 1 */
static void synced_records_and_vote_come_back(void **state)
{
    fill(*state, 10);
    struct psp_journal *log = open_log(*state);
    assert_string_equal(psp_journal_note(log), "");
    assert_int_equal(psp_journal_first(log), 1);
    assert_int_equal(psp_journal_last(log), 10);
    uint64_t term, voted_for;
    psp_journal_vote(log, &term, &voted_for);
    assert_int_equal(term, 9);
    assert_int_equal(voted_for, 2);
    assert_payload(log, 1, "payload 1");
    assert_payload(log, 10, "payload 10");
    enum psp_record_type type;
    assert_int_equal(psp_journal_peek(log, 5, &term, &type), PSP_OK);
    assert_int_equal(term, 2);
    assert_int_equal(type, PSP_RECORD_COMMAND);
    assert_int_equal(psp_journal_peek(log, 11, &term, &type), PSP_ENOENT);
    psp_journal_close(&log);
}

static void empty_log_begins_at_one(void **state)
{
    struct psp_journal *log = open_log(*state);
    assert_int_equal(psp_journal_first(log), 1);
    assert_int_equal(psp_journal_last(log), 0);
    psp_journal_close(&log);
}

/* Cut the file at every length: a prefix comes back, never anything else. */
static void a_torn_tail_leaves_a_prefix(void **state)
{
    const struct folder *folder = *state;
    char path[128], vote[128];
    first_segment(folder, path);
    snprintf(vote, sizeof(vote), "%s/vote", folder->path);
    struct psp_journal *log = open_log(folder);
    assert_int_equal(psp_journal_set_vote(log, 9, 2), PSP_OK); /* has seen no index yet */
    size_t vote_bytes, bytes;
    uint8_t *vote_before = load_file(vote, &vote_bytes);
    psp_journal_close(&log);
    fill(folder, 6);
    uint8_t *whole = load_file(path, &bytes);
    for (size_t length = 64; length <= bytes; length++) {
        store_file(path, whole, length);
        store_file(vote, vote_before, vote_bytes);
        log = open_log(folder);
        const uint64_t last = psp_journal_last(log);
        const size_t kept = 64 + last * 56; /* 40 + 9 bytes of payload + 7 of padding */
        assert_true(kept <= length && length < kept + 56);
        assert_int_equal(psp_journal_note(log)[0] != '\0', length != kept);
        for (uint64_t i = 1; i <= last; i++) {
            char payload[32];
            snprintf(payload, sizeof(payload), "payload %u", (unsigned)i);
            assert_payload(log, i, payload);
        }
        const struct psp_record more = record_of(last + 1, 9, "more");
        assert_int_equal(psp_journal_append(log, &more, 1), PSP_OK);
        assert_int_equal(psp_journal_sync(log), PSP_OK);
        psp_journal_close(&log);
        log = open_log(folder);
        assert_payload(log, last + 1, "more");
        psp_journal_close(&log);
    }
    free(whole);
    free(vote_before);
}

static void a_flipped_bit_in_the_middle_is_refused(void **state)
{
    const struct folder *folder = *state;
    fill(folder, 6);
    char path[128];
    first_segment(folder, path);
    size_t bytes;
    uint8_t *whole = load_file(path, &bytes);
    assert_int_equal(bytes, 64 + 6 * 56);
    for (size_t at = 0; at < 64 + 5 * 56; at++) {
        whole[at] ^= 0x10;
        store_file(path, whole, bytes);
        const struct psp_journal_options options = options_of(folder);
        struct psp_journal *log = NULL;
        assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
        assert_null(log);
        assert_non_null(strstr(reason.text, path));
        whole[at] ^= 0x10;
    }
    store_file(path, whole, bytes);
    struct psp_journal *log = open_log(folder);
    assert_int_equal(psp_journal_last(log), 6);
    psp_journal_close(&log);
    free(whole);
}

static void a_tail_lost_after_a_clean_close_is_refused(void **state)
{
    const struct folder *folder = *state;
    fill(folder, 6);
    char path[128];
    first_segment(folder, path);
    assert_int_equal(truncate(path, 64 + 5 * 56), 0);
    const struct psp_journal_options options = options_of(folder);
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
    assert_non_null(strstr(reason.text, "lost"));
}

/* Several records of one unsynced write may reach the disk in any order. */
static void a_torn_group_is_cut_though_its_end_is_good(void **state)
{
    const struct folder *folder = *state;
    fill(folder, 2);
    char path[128], vote[128];
    first_segment(folder, path);
    snprintf(vote, sizeof(vote), "%s/vote", folder->path);
    size_t vote_bytes, bytes;
    uint8_t *vote_before = load_file(vote, &vote_bytes);
    struct psp_journal *log = open_log(folder);
    const struct psp_record group[] = {record_of(3, 4, "three"), record_of(4, 4, "four"),
                                       record_of(5, 4, "five")};
    assert_int_equal(psp_journal_append(log, group, 3), PSP_OK);
    psp_journal_close(&log);
    store_file(vote, vote_before, vote_bytes);
    uint8_t *whole = load_file(path, &bytes);
    whole[64 + 2 * 56 + 41] ^= 1; /* in the payload of 3 */
    store_file(path, whole, bytes);
    log = open_log(folder);
    assert_int_equal(psp_journal_last(log), 2);
    assert_non_null(strstr(psp_journal_note(log), "never acknowledged"));
    psp_journal_close(&log);
    free(whole);
    free(vote_before);
}

static void segments_are_sealed_and_read_back(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal_options options = options_of(folder);
    options.segment_bytes = 200;
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= 20; i++) {
        const struct psp_record record = record_of(i, i, "0123456789");
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
    }
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    char path[128]; /* 64 + 3 * 56 passes 200: three records a segment */
    snprintf(path, sizeof(path), "%s/0000000000000004.log", folder->path);
    assert_int_equal(access(path, F_OK), 0);
    options.checkpoint_index = 19; /* all but the last segment read on demand */
    psp_journal_open(&options, &log, &reason);
    assert_null(log); /* terms up to 20, but the vote says 9 */
    assert_non_null(strstr(reason.text, "the vote was lost"));
    options.read_only = true;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    for (uint64_t i = 1; i <= 20; i++) {
        uint64_t term;
        enum psp_record_type type;
        assert_int_equal(psp_journal_peek(log, i, &term, &type), PSP_OK);
        assert_int_equal(term, i);
        assert_payload(log, i, "0123456789");
    }
    psp_journal_close(&log);
}

/* Twelve records of terms 1 1 1 1 1 1 1 2 2 2 2 2, two a segment; the file's first bytes are
 * spoilt where a segment is not to be read. */
static void terms_of_sealed_segments_come_from_their_ends(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal_options options = options_of(folder);
    options.segment_bytes = 150;
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= 12; i++) {
        const struct psp_record record = record_of(i, i <= 7 ? 1 : 2, "0123456789");
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
    }
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    char path[128];
    snprintf(path, sizeof(path), "%s/0000000000000003.log", folder->path);
    assert_int_equal(truncate(path, 64 + 56 + 8), 0); /* a whole reading would be refused */
    options.checkpoint_index = 11;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    uint64_t term = 0;
    for (uint64_t i = 1; i <= 12; i++) {
        assert_int_equal(psp_journal_term(log, i, &term), PSP_OK);
        assert_int_equal(term, i <= 7 ? 1 : 2);
    }
    enum psp_record_type type;
    assert_int_equal(psp_journal_peek(log, 4, &term, &type), PSP_ECORRUPT);
    assert_int_equal(psp_journal_peek(log, 4, &term, &type), PSP_ECORRUPT); /* read by now */
    assert_int_equal(psp_journal_peek(log, 3, &term, &type), PSP_OK);
    assert_int_equal(psp_journal_term(log, 13, &term), PSP_ENOENT);
    psp_journal_close(&log);
}

static void a_damaged_sealed_segment_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal_options options = options_of(folder);
    options.segment_bytes = 100;
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= 4; i++) {
        const struct psp_record record = record_of(i, 1, "0123456789");
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
    }
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    char path[128];
    snprintf(path, sizeof(path), "%s/0000000000000002.log", folder->path);
    assert_int_equal(truncate(path, 64), 0); /* nothing bad in it, but a record is gone */
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
    assert_non_null(strstr(reason.text, path));
}

static void truncated_records_are_replaced(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal_options options = options_of(folder);
    options.segment_bytes = 200;
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 0), PSP_OK);
    for (uint64_t i = 1; i <= 10; i++) {
        const struct psp_record record = record_of(i, 1, "old");
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
        assert_int_equal(psp_journal_sync(log), PSP_OK);
        if (i == 10)
            assert_int_equal(psp_journal_set_vote(log, 9, 1), PSP_OK); /* has seen index 10 */
    }
    assert_int_equal(psp_journal_truncate(log, 3), PSP_OK);
    assert_int_equal(psp_journal_last(log), 2);
    const struct psp_record other = record_of(3, 2, "new");
    assert_int_equal(psp_journal_append(log, &other, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_last(log), 3);
    assert_payload(log, 2, "old");
    assert_payload(log, 3, "new");
    assert_int_equal(psp_journal_truncate(log, 1), PSP_OK);
    assert_int_equal(psp_journal_last(log), 0);
    psp_journal_close(&log);
}

static void a_log_of_another_cluster_or_shard_is_refused(void **state)
{
    fill(*state, 2);
    struct psp_journal_options options = options_of(*state);
    struct psp_journal *log = NULL;
    options.shard = 4;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "another cluster or shard"));
    options.shard = 3;
    options.cluster_id[5] ^= 1;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_EMISMATCH);
}

/* Each file says whose it is: one that was copied from another folder is told by its name. */
static void a_file_of_another_shard_is_refused(void **state)
{
    static const char *const names[] = {"vote", "0000000000000001.log"};
    const struct folder *own = *state;
    struct folder other;
    snprintf(other.path, sizeof other.path, "%.40s/other", own->path);
    struct psp_journal_options options = options_of(&other);
    struct psp_journal *log = NULL;
    options.shard = 4;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 2), PSP_OK);
    const struct psp_record record = record_of(1, 1, "payload 1");
    assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    fill(own, 1);
    for (size_t i = 0; i < 2; i++) {
        char path[128], foreign[128];
        size_t bytes, foreign_bytes;
        snprintf(path, sizeof path, "%s/%s", own->path, names[i]);
        snprintf(foreign, sizeof foreign, "%s/%s", other.path, names[i]);
        uint8_t *before = load_file(path, &bytes), *put = load_file(foreign, &foreign_bytes);
        store_file(path, put, foreign_bytes);
        options = options_of(own);
        assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_EMISMATCH);
        assert_non_null(strstr(reason.text, names[i]));
        store_file(path, before, bytes);
        free(before);
        free(put);
    }
    log = open_log(own);
    psp_journal_close(&log);
}

/* Whoever puts one there must not end what reads the folder. */
static void a_name_beyond_all_indexes_is_no_segment_s(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(psp_segment_name_first("7fffffffffffffff.log"), INT64_MAX);
    assert_int_equal(psp_segment_name_first("8000000000000000.log"), 0);
    assert_int_equal(psp_segment_name_first("ffffffffffffffff.log"), 0);
    fill(folder, 3);
    char path[128];
    size_t n;
    first_segment(folder, path);
    uint8_t *bytes = load_file(path, &n);
    snprintf(path, sizeof path, "%s/ffffffffffffffff.log", folder->path);
    store_file(path, bytes, n);
    free(bytes);
    struct psp_journal *log = open_log(folder);
    assert_int_equal(psp_journal_last(log), 3);
    psp_journal_close(&log);
}

/* The vote file of a moment ago: what was promised since is forgotten, by one term. */
static void a_vote_older_than_the_log_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal *log = open_log(folder);
    char path[128];
    size_t bytes;
    assert_int_equal(psp_journal_set_vote(log, 4, 1), PSP_OK);
    snprintf(path, sizeof path, "%s/vote", folder->path);
    uint8_t *before = load_file(path, &bytes);
    const struct psp_record record = record_of(1, 5, "payload 1");
    assert_int_equal(psp_journal_set_vote(log, 5, 1), PSP_OK);
    assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    psp_journal_close(&log);
    store_file(path, before, bytes);
    free(before);
    const struct psp_journal_options options = options_of(folder);
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
    assert_non_null(strstr(reason.text, "the vote was lost"));
}

static void set_format(const char *path, uint8_t format)
{
    size_t bytes;
    uint8_t *whole = load_file(path, &bytes);
    whole[8] = format;
    const uint32_t checksum = psp_crc32c_table(0, whole, 60);
    memcpy(whole + 60, &checksum, 4); /* tests run on little-endian machines */
    store_file(path, whole, bytes);
    free(whole);
}

static void a_log_of_0_1_0_is_refused_but_by_who_asks_for_it(void **state)
{
    const struct folder *folder = *state;
    fill(folder, 2);
    char path[128];
    first_segment(folder, path);
    struct psp_journal_options options = options_of(folder);
    struct psp_journal *log = NULL;
    set_format(path, 1);
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_EVERSION);
    assert_non_null(strstr(reason.text, "recount --offline"));
    options.read_only = options.format_1_too = true;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_last(log), 2);
    psp_journal_close(&log);
    set_format(path, 3);
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_EVERSION);
}

static void a_second_opener_is_refused_while_the_first_lives(void **state)
{
    struct psp_journal *log = open_log(*state), *second = NULL;
    const struct psp_journal_options options = options_of(*state);
    assert_int_equal(psp_journal_open(&options, &second, &reason), PSP_EBUSY);
    assert_non_null(strstr(reason.text, "another process"));
    psp_journal_close(&log);
    log = open_log(*state);
    psp_journal_close(&log);
}

static void one_damaged_vote_slot_leaves_the_other(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal *log = open_log(folder);
    assert_int_equal(psp_journal_set_vote(log, 5, 1), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 6, 2), PSP_OK);
    psp_journal_close(&log);
    char path[128];
    snprintf(path, sizeof(path), "%s/vote", folder->path);
    size_t bytes;
    uint8_t *whole = load_file(path, &bytes);
    uint64_t term, voted_for;
    for (size_t slot = 0; slot < 2; slot++) {
        whole[slot * 4096 + 50] ^= 1;
        store_file(path, whole, bytes);
        log = open_log(folder);
        psp_journal_vote(log, &term, &voted_for);
        assert_true((term == 5 && voted_for == 1) || (term == 6 && voted_for == 2));
        psp_journal_close(&log);
        whole[slot * 4096 + 50] ^= 1;
    }
    whole[50] ^= 1;
    whole[4096 + 50] ^= 1;
    store_file(path, whole, bytes);
    const struct psp_journal_options options = options_of(folder);
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
    free(whole);
}

static void a_missing_vote_file_is_refused(void **state)
{
    const struct folder *folder = *state;
    fill(folder, 2);
    char path[128];
    snprintf(path, sizeof(path), "%s/vote", folder->path);
    assert_int_equal(unlink(path), 0);
    const struct psp_journal_options options = options_of(folder);
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_ECORRUPT);
    assert_non_null(strstr(reason.text, "vote is gone"));
}

/* The real disk, until it is told to fail. */
static enum psp_status write_status, sync_status;

static enum psp_status failing_write(void *context, int file, uint64_t offset,
                                     const struct psp_disk_block *blocks, size_t n)
{
    if (write_status != PSP_OK)
        return write_status;
    return psp_disk_posix()->write(context, file, offset, blocks, n);
}

static enum psp_status failing_sync(void *context, int file)
{
    return sync_status != PSP_OK ? sync_status : psp_disk_posix()->sync(context, file);
}

static struct psp_journal *open_failing(const struct folder *folder, struct psp_disk *disk)
{
    write_status = sync_status = PSP_OK;
    *disk = *psp_disk_posix();
    disk->write = failing_write;
    disk->sync = failing_sync;
    struct psp_journal_options options = options_of(folder);
    options.disk = disk;
    struct psp_journal *log = NULL;
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(log, 9, 2), PSP_OK);
    return log;
}

static void a_failed_write_is_final(void **state)
{
    struct psp_disk disk;
    struct psp_journal *log = open_failing(*state, &disk);
    const struct psp_record first = record_of(1, 1, "one"), second = record_of(2, 1, "two");
    assert_int_equal(psp_journal_append(log, &first, 1), PSP_OK);
    assert_int_equal(psp_journal_sync(log), PSP_OK);
    write_status = PSP_ENOSPC;
    assert_int_equal(psp_journal_append(log, &second, 1), PSP_ENOSPC);
    write_status = PSP_OK; /* somebody makes room: too late for this process */
    assert_int_equal(psp_journal_append(log, &second, 1), PSP_ENOSPC);
    assert_int_equal(psp_journal_sync(log), PSP_ENOSPC);
    assert_int_equal(psp_journal_set_vote(log, 10, 1), PSP_ENOSPC);
    assert_int_equal(psp_journal_truncate(log, 1), PSP_ENOSPC);
    psp_journal_close(&log);
    log = open_log(*state);
    assert_int_equal(psp_journal_last(log), 1);
    psp_journal_close(&log);
}

static void a_failed_sync_is_final(void **state)
{
    struct psp_disk disk;
    struct psp_journal *log = open_failing(*state, &disk);
    const struct psp_record first = record_of(1, 1, "one");
    assert_int_equal(psp_journal_append(log, &first, 1), PSP_OK);
    sync_status = PSP_EIO;
    assert_int_equal(psp_journal_sync(log), PSP_EIO);
    sync_status = PSP_OK;
    assert_int_equal(psp_journal_sync(log), PSP_EIO);
    psp_journal_close(&log);
}

/* Connections have the others: segments begin, the vote is written, old entries are read. */
static void it_goes_on_with_the_descriptors_that_are_kept(void **state)
{
    const struct folder *folder = *state;
    struct psp_journal_options options = options_of(folder);
    struct psp_journal *log = NULL;
    struct rlimit limit;
    options.segment_bytes = 256;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_max = limit.rlim_max < 256 ? limit.rlim_max : 256;
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    psp_descriptors_keep();
    assert_int_equal(psp_journal_open(&options, &log, &reason), PSP_OK);
    int taken[256], n = 0;
    while ((taken[n] = dup(0)) >= 0)
        n++;
    for (uint64_t i = 1; i <= 40; i++) {
        uint8_t *buffer = NULL;
        size_t size = 0;
        struct psp_record read, record = record_of(i, 1, "some hundred bytes of ballots");
        assert_int_equal(psp_journal_append(log, &record, 1), PSP_OK);
        assert_int_equal(psp_journal_sync(log), PSP_OK);
        assert_int_equal(psp_journal_set_vote(log, i, 1), PSP_OK);
        assert_int_equal(psp_journal_read(log, 1 + i / 2, &buffer, &size, &read), PSP_OK);
        free(buffer);
    }
    psp_journal_close(&log);
    while (n > 0)
        close(taken[--n]);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        FACT(synced_records_and_vote_come_back),
        FACT(empty_log_begins_at_one),
        FACT(a_torn_tail_leaves_a_prefix),
        FACT(a_flipped_bit_in_the_middle_is_refused),
        FACT(terms_of_sealed_segments_come_from_their_ends),
        FACT(a_tail_lost_after_a_clean_close_is_refused),
        FACT(a_torn_group_is_cut_though_its_end_is_good),
        FACT(segments_are_sealed_and_read_back),
        FACT(a_damaged_sealed_segment_is_refused),
        FACT(truncated_records_are_replaced),
        FACT(a_log_of_another_cluster_or_shard_is_refused),
        FACT(a_file_of_another_shard_is_refused),
        FACT(a_name_beyond_all_indexes_is_no_segment_s),
        FACT(a_vote_older_than_the_log_is_refused),
        FACT(a_log_of_0_1_0_is_refused_but_by_who_asks_for_it),
        FACT(a_second_opener_is_refused_while_the_first_lives),
        FACT(one_damaged_vote_slot_leaves_the_other),
        FACT(a_missing_vote_file_is_refused),
        FACT(a_failed_write_is_final),
        FACT(a_failed_sync_is_final),
        FACT(it_goes_on_with_the_descriptors_that_are_kept), /* the last: for good */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
