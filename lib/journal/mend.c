/* Looking for damage piece by piece, and writing in its place what others still have. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "journal/inner.h"

enum { PIECE_BYTES = 1 << 20 };

static_assert(PSP_JOURNAL_PATH_BYTES >= PATH_MAX, "a segment's path fits");

/* ---- what is known ---- */

bool psp_journal_damage(const struct psp_journal *log, struct psp_journal_damage *ret_damage)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    uint64_t known = 0;
    pthread_mutex_lock(&shared->mutex);
    for (size_t i = 0; i < log->segment_count; i++) {
        const struct psp_segment *segment = &log->segments[i];
        for (uint32_t g = 0; g < segment->gap_count; g++) {
            const struct psp_segment_gap *gap = &segment->gaps[g];
            if (known == 0) {
                ret_damage->index = gap->first;
                ret_damage->offset = gap->offset;
                psp_segments_path(log, segment->first, "", ret_damage->path);
            }
            known += gap->last - gap->first + 1;
        }
    }
    pthread_mutex_unlock(&shared->mutex);
    assert(known == 0 || ret_damage->index > 0);
    ret_damage->known = known;
    return known > 0;
}

enum psp_status psp_journal_examine(struct psp_journal *log, uint64_t index)
{
    size_t i;
    pthread_mutex_lock(&log->files_mutex);
    pthread_mutex_lock(&log->mutex);
    enum psp_status status = psp_segments_place(log, index, &i);
    const uint64_t first = status == PSP_OK ? log->segments[i].first : 0;
    /* The newest is being written: what is read of it now proves nothing. */
    if (status == PSP_OK && psp_segments_next_first(log, i) == 0)
        status = PSP_ECORRUPT;
    pthread_mutex_unlock(&log->mutex);
    if (status == PSP_OK)
        status = psp_journal_learn(log, first);
    pthread_mutex_unlock(&log->files_mutex);
    return status;
}

/* ---- mending ---- */

/* In the place of what is known to be bad: a crash in the middle leaves it bad, and the
 * records beside it are not written. */
static enum psp_status write_record(struct psp_journal *log, const struct psp_segment *segment,
                                    uint64_t offset, const struct psp_record *record, bool at_end)
{
    static const uint8_t zeros[8];
    assert(offset >= PSP_SEGMENT_HEADER_BYTES);
    assert(record->index >= segment->first);
    assert(record->term > 0);
    uint8_t head[PSP_SEGMENT_RECORD_BYTES];
    psp_segment_record_encode(record, record->index - 1, head);
    const struct psp_disk_block blocks[] = {{head, sizeof head},
                                            {record->payload, record->payload_bytes},
                                            {zeros, psp_segment_padding(record->payload_bytes)}};
    int file;
    enum psp_status status = psp_segments_open(log, segment, PSP_DISK_WRITE, &file);
    if (status != PSP_OK)
        return status;
    status = log->disk->write(log->disk->context, file, offset, blocks, 3);
    if (status == PSP_OK && at_end)
        status = log->disk->truncate(log->disk->context, file,
                                     offset + psp_segment_record_bytes(record->payload_bytes));
    if (status == PSP_OK)
        status = log->disk->sync(log->disk->context, file);
    log->disk->close(log->disk->context, file);
    return status;
}

static enum psp_status mend_found(struct psp_journal *log, size_t i,
                                  const struct psp_record *record)
{
    pthread_mutex_lock(&log->mutex);
    struct psp_segment *segment = &log->segments[i];
    const struct psp_segment file = {.first = segment->first};
    const uint64_t bytes = psp_segment_mend_fits(segment, record);
    const uint64_t offset = bytes == 0 ? 0 : psp_segment_offset(segment, record->index);
    const bool at_end = record->index + 1 == segment->first + segment->count;
    assert(segment->scanned);
    pthread_mutex_unlock(&log->mutex);
    if (bytes == 0)
        return PSP_EINVAL;
    const enum psp_status status = write_record(log, &file, offset, record, at_end);
    if (status != PSP_OK)
        return psp_journal_fail(log, status);
    pthread_mutex_lock(&log->mutex);
    segment = &log->segments[psp_segments_named(log, file.first)];
    assert(segment->first == file.first);
    const enum psp_status known = psp_segment_mended(segment, record);
    psp_segments_check(log);
    pthread_mutex_unlock(&log->mutex);
    return known;
}

/* promise 1: what was acknowledged is there again, as it was */
enum psp_status psp_journal_mend(struct psp_journal *log, const struct psp_record *record)
{
    assert(!log->read_only && log->mendable);
    size_t i;
    if (atomic_load(&log->failed) != PSP_OK)
        return (enum psp_status)atomic_load(&log->failed);
    pthread_mutex_lock(&log->files_mutex); /* it is not cut meanwhile */
    pthread_mutex_lock(&log->mutex);
    enum psp_status status = psp_segments_place(log, record->index, &i);
    pthread_mutex_unlock(&log->mutex);
    status = status == PSP_OK ? mend_found(log, i, record) : PSP_EINVAL;
    pthread_mutex_unlock(&log->files_mutex);
    return status;
}

/* ---- checking ---- */

struct check {
    struct psp_journal *log;
    int file;
    bool (*pause)(void *context, size_t bytes);
    void *context;
    uint8_t *bytes;
    size_t capacity, length; /* of the bytes, which are of the file from `at` on */
    uint64_t at, read, index, term;
};

/* At least `bytes` more of the file, if it has them. */
static enum psp_status fill(struct check *check, size_t bytes)
{
    const struct psp_disk *disk = check->log->disk;
    if (check->length >= bytes)
        return PSP_OK;
    if (check->capacity < bytes) {
        uint8_t *grown = realloc(check->bytes, bytes + PIECE_BYTES);
        if (grown == NULL)
            return PSP_ENOMEM;
        check->bytes = grown;
        check->capacity = bytes + PIECE_BYTES;
    }
    size_t got = 0;
    const size_t room = check->capacity - check->length;
    const enum psp_status status =
        disk->read(disk->context, check->file, check->at + check->length,
                   check->bytes + check->length, room < PIECE_BYTES ? room : PIECE_BYTES, &got);
    if (status != PSP_OK)
        return status;
    check->length += got;
    assert(check->length <= check->capacity);
    check->read += got;
    if (!check->pause(check->context, got))
        return PSP_EAGAIN;
    return check->length >= bytes || got == 0 ? PSP_OK : fill(check, bytes);
}

static void drop(struct check *check, size_t bytes)
{
    assert(bytes <= check->length);
    check->length -= bytes;
    check->at += bytes;
    if (check->length > 0)
        memmove(check->bytes, check->bytes + bytes, check->length);
}

/* PSP_ECORRUPT: a record is not good. PSP_ENOENT: the file ends here. */
static enum psp_status check_record(struct check *check, size_t *from)
{
    const uint8_t *at = check->bytes + *from;
    const size_t left = check->length - *from;
    const uint32_t payload_bytes = left >= PSP_SEGMENT_RECORD_BYTES ? psp_get32(at + 4) : 0;
    const uint64_t bytes = psp_segment_record_bytes(payload_bytes);
    if (payload_bytes > PSP_RECORD_PAYLOAD_MAX)
        return PSP_ECORRUPT;
    if (left < bytes) { /* the rest of it is to be read */
        drop(check, *from);
        *from = 0;
        const enum psp_status status = fill(check, (size_t)bytes);
        if (status != PSP_OK)
            return status;
        if (check->length == 0)
            return PSP_ENOENT;
        if (left >= PSP_SEGMENT_RECORD_BYTES && check->length < bytes)
            return PSP_ECORRUPT;
        if (check->length < PSP_SEGMENT_RECORD_BYTES)
            return PSP_ECORRUPT;
        if (left < PSP_SEGMENT_RECORD_BYTES)
            return PSP_OK; /* now its length is known */
        at = check->bytes;
    }
    struct psp_record record;
    uint64_t synced;
    const size_t length = psp_segment_record_decode(at, check->length - *from, &record, &synced);
    if (length == 0 || record.index != check->index || record.term == 0 ||
        record.term < check->term)
        return PSP_ECORRUPT;
    check->index++;
    check->term = record.term;
    *from += length;
    assert(*from <= check->length);
    return PSP_OK;
}

static enum psp_status check_file(struct check *check, uint64_t first, uint64_t next_first)
{
    enum psp_status status = fill(check, PSP_SEGMENT_HEADER_BYTES);
    struct psp_segment_head head;
    if (status != PSP_OK)
        return status;
    if (!psp_segment_header_decode(check->bytes, check->length, &head) || head.first != first)
        return PSP_ECORRUPT;
    size_t from = PSP_SEGMENT_HEADER_BYTES;
    assert(next_first > first);
    check->index = first;
    while (status == PSP_OK)
        status = check_record(check, &from);
    if (status == PSP_ENOENT)
        status = check->index == next_first ? PSP_OK : PSP_ECORRUPT;
    return status;
}

/* A header is known without anybody's help. */
static enum psp_status mend_header(struct psp_journal *log, uint64_t first)
{
    pthread_mutex_lock(&log->mutex);
    size_t i = psp_segments_named(log, first);
    const bool bad = i < log->segment_count && log->segments[i].bad_header;
    pthread_mutex_unlock(&log->mutex);
    if (!bad)
        return PSP_OK;
    assert(!log->read_only);
    const struct psp_segment segment = {.first = first};
    uint8_t header[PSP_SEGMENT_HEADER_BYTES];
    psp_segment_header_encode(&log->owner, first, header);
    const struct psp_disk_block block = {header, sizeof header};
    int file;
    enum psp_status status = psp_segments_open(log, &segment, PSP_DISK_WRITE, &file);
    if (status != PSP_OK)
        return status;
    status = log->disk->write(log->disk->context, file, 0, &block, 1);
    if (status == PSP_OK)
        status = log->disk->sync(log->disk->context, file);
    log->disk->close(log->disk->context, file);
    if (status != PSP_OK)
        return psp_journal_fail(log, status);
    pthread_mutex_lock(&log->mutex);
    i = psp_segments_named(log, first);
    if (i < log->segment_count)
        log->segments[i].bad_header = false;
    pthread_mutex_unlock(&log->mutex);
    return PSP_OK;
}

enum psp_status psp_journal_mend_headers(struct psp_journal *log)
{
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < log->segment_count && status == PSP_OK; i++)
        status = mend_header(log, log->segments[i].first);
    return status;
}

/* False: it was cut, or is the newest now, which is being written: what was read proves nothing. */
static bool is_sealed(struct psp_journal *log, uint64_t first)
{
    pthread_mutex_lock(&log->mutex);
    const size_t i = psp_segments_named(log, first);
    const bool sealed = i < log->segment_count && psp_segments_next_first(log, i) != 0;
    pthread_mutex_unlock(&log->mutex);
    return sealed;
}

/* What the check saw is read as a whole, so that gaps are known. */
static enum psp_status learn_damage(struct psp_journal *log, uint64_t first,
                                    struct psp_journal_checked *checked)
{
    pthread_mutex_lock(&log->files_mutex); /* it is not cut meanwhile */
    const bool sealed = is_sealed(log, first);
    enum psp_status status = sealed ? psp_journal_learn(log, first) : PSP_OK;
    if (status == PSP_OK && sealed)
        status = mend_header(log, first);
    pthread_mutex_unlock(&log->files_mutex);
    if (!sealed) {
        checked->next = 0;
        return PSP_OK;
    }
    struct psp_journal_damage damage;
    checked->damaged = status == PSP_OK && psp_journal_damage(log, &damage);
    return status;
}

/* Opens the sealed segment that holds the index, or the first one when the log begins behind it.
 * Next 0: it is the newest one. PSP_ENOENT: the log ends before; PSP_ECORRUPT: the file is gone. */
static enum psp_status open_sealed(struct psp_journal *log, uint64_t index, int *ret_file,
                                   uint64_t *ret_first, uint64_t *ret_next)
{
    size_t i;
    *ret_next = 0;
    pthread_mutex_lock(&log->files_mutex); /* it is not cut meanwhile */
    pthread_mutex_lock(&log->mutex);
    if (log->segment_count > 0 && index < log->segments[0].first)
        index = log->segments[0].first;
    enum psp_status status = psp_segments_place(log, index, &i);
    if (status == PSP_OK) {
        *ret_first = log->segments[i].first;
        *ret_next = psp_segments_next_first(log, i);
        assert(*ret_first <= index && (*ret_next == 0 || *ret_next > index));
    }
    pthread_mutex_unlock(&log->mutex);
    if (status == PSP_OK && *ret_next != 0) {
        const struct psp_segment segment = {.first = *ret_first};
        status = psp_segments_open(log, &segment, PSP_DISK_READ, ret_file);
        status = status == PSP_ENOENT ? PSP_ECORRUPT : status;
    }
    pthread_mutex_unlock(&log->files_mutex);
    return status;
}

enum psp_status psp_journal_check(struct psp_journal *log, uint64_t index,
                                  bool (*pause)(void *context, size_t bytes), void *context,
                                  struct psp_journal_checked *ret_checked)
{
    uint64_t first = 0, next;
    assert(pause != NULL);
    struct check check = {.log = log, .pause = pause, .context = context};
    *ret_checked = (struct psp_journal_checked){.next = 0};
    enum psp_status status = open_sealed(log, index, &check.file, &first, &next);
    if (status != PSP_OK || next == 0)
        return status;
    status = check_file(&check, first, next);
    log->disk->forget(log->disk->context, check.file);
    log->disk->close(log->disk->context, check.file);
    free(check.bytes);
    ret_checked->next = next;
    ret_checked->bytes = check.read;
    if (status == PSP_ECORRUPT || status == PSP_EIO)
        status = learn_damage(log, first, ret_checked);
    return status;
}
