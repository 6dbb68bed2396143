/* Append, sync, truncate, read. What readers may see is under the mutex. */
#include "journal/journal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/inner.h"

enum psp_status psp_journal_fail(struct psp_journal *log, enum psp_status status)
{
    int none = PSP_OK;
    if (status != PSP_OK)
        atomic_compare_exchange_strong(&log->failed, &none, (int)status);
    return status;
}

static enum psp_status failed(const struct psp_journal *log)
{
    return (enum psp_status)atomic_load(&log->failed);
}

/* ---- what it holds ---- */

static pthread_mutex_t *lock_of(const struct psp_journal *log)
{
    return &((struct psp_journal *)(uintptr_t)log)->mutex;
}

uint64_t psp_journal_first(const struct psp_journal *log)
{
    pthread_mutex_lock(lock_of(log));
    const uint64_t first = log->segment_count == 0 ? 1 : log->segments[0].first;
    pthread_mutex_unlock(lock_of(log));
    return first;
}

uint64_t psp_journal_last(const struct psp_journal *log)
{
    pthread_mutex_lock(lock_of(log));
    const uint64_t last = psp_segments_last(log);
    pthread_mutex_unlock(lock_of(log));
    return last;
}

void psp_journal_vote(const struct psp_journal *log, uint64_t *ret_term, uint64_t *ret_voted_for)
{
    *ret_term = log->vote.vote.term;
    *ret_voted_for = log->vote.vote.voted_for;
}

enum psp_status psp_journal_set_vote(struct psp_journal *log, uint64_t term, uint64_t voted_for)
{
    assert(!log->read_only);
    if (failed(log) != PSP_OK)
        return failed(log);
    pthread_mutex_lock(&log->vote_mutex);
    const struct psp_journal_vote *held = &log->vote.vote;
    assert(term >= held->term);
    assert(term > held->term || held->voted_for == 0 || voted_for == held->voted_for);
    assert(held->last <= atomic_load(&log->synced));
    const struct psp_journal_vote vote = {
        .term = term, .voted_for = voted_for, .last = atomic_load(&log->synced)};
    const enum psp_status status = psp_journal_vote_write(&log->vote, vote);
    pthread_mutex_unlock(&log->vote_mutex);
    return psp_journal_fail(log, status);
}

/* Before records are dropped on purpose: else the next open would miss them. */
static enum psp_status lower_synced(struct psp_journal *log, uint64_t last)
{
    pthread_mutex_lock(&log->vote_mutex);
    enum psp_status status = PSP_OK;
    if (atomic_load(&log->synced) > last)
        atomic_store(&log->synced, last);
    struct psp_journal_vote vote = log->vote.vote;
    assert(atomic_load(&log->synced) <= last);
    if (vote.last > last) {
        vote.last = last;
        status = psp_journal_vote_write(&log->vote, vote);
    }
    pthread_mutex_unlock(&log->vote_mutex);
    return status;
}

/* ---- write ---- */

/* A new last segment: written beside, synced, renamed, so that a segment never
 * has a torn header. */
static enum psp_status start_segment(struct psp_journal *log, uint64_t first)
{
    const struct psp_disk *disk = log->disk;
    char path[PATH_MAX], beside[PATH_MAX];
    assert(first == psp_journal_last(log) + 1);
    assert(log->segment_count == 0 || atomic_load(&log->synced) + 1 == first);
    psp_segments_path(log, first, "", path);
    psp_segments_path(log, first, ".tmp", beside);
    int file;
    enum psp_status status = disk->open(disk->context, beside, PSP_DISK_CREATE, &file);
    if (status != PSP_OK)
        return status;
    uint8_t header[PSP_SEGMENT_HEADER_BYTES];
    psp_segment_header_encode(&log->owner, first, header);
    const struct psp_disk_block block = {header, sizeof(header)};
    status = disk->write(disk->context, file, 0, &block, 1);
    if (status == PSP_OK)
        status = disk->sync(disk->context, file);
    if (status == PSP_OK)
        status = disk->rename(disk->context, beside, path);
    if (status == PSP_OK)
        status = disk->sync_folder(disk->context, log->directory);
    if (status != PSP_OK) {
        disk->close(disk->context, file);
        return status;
    }
    if (log->file != PSP_JOURNAL_NO_FILE) {
        disk->forget(disk->context, log->file);
        disk->close(disk->context, log->file);
    }
    log->file = file;
    pthread_mutex_lock(&log->mutex);
    assert(first == psp_segments_last(log) + 1);
    status = psp_segments_push(log, first);
    if (status == PSP_OK) {
        psp_segments_newest(log)->bytes = PSP_SEGMENT_HEADER_BYTES;
        psp_segments_newest(log)->scanned = true;
        psp_segments_check(log);
    }
    pthread_mutex_unlock(&log->mutex);
    return status;
}

static enum psp_status reserve_scratch(struct psp_journal *log, size_t n)
{
    if (n <= log->scratch_records)
        return PSP_OK;
    uint8_t *headers = realloc(log->headers, n * PSP_SEGMENT_RECORD_BYTES);
    if (headers == NULL)
        return PSP_ENOMEM;
    log->headers = headers;
    struct psp_disk_block *blocks = realloc(log->blocks, 3 * n * sizeof(*blocks));
    if (blocks == NULL)
        return PSP_ENOMEM;
    log->blocks = blocks;
    log->scratch_records = n;
    assert(log->headers != NULL && log->blocks != NULL);
    return PSP_OK;
}

static enum psp_status write_records(struct psp_journal *log, const struct psp_record *records,
                                     size_t n)
{
    static const uint8_t zeros[8];
    const uint64_t synced = atomic_load(&log->synced);
    size_t block_count = 0;
    assert(log->file != PSP_JOURNAL_NO_FILE);
    assert(n <= log->scratch_records);
    assert(synced < records[0].index); /* a record never says of itself that it is durable */
    for (size_t i = 0; i < n; i++) {
        uint8_t *header = log->headers + i * PSP_SEGMENT_RECORD_BYTES;
        assert(records[i].index == records[0].index + i);
        assert(records[i].term > 0);
        psp_segment_record_encode(&records[i], synced, header);
        log->blocks[block_count++] = (struct psp_disk_block){header, PSP_SEGMENT_RECORD_BYTES};
        if (records[i].payload_bytes > 0)
            log->blocks[block_count++] =
                (struct psp_disk_block){records[i].payload, records[i].payload_bytes};
        const uint32_t padding = psp_segment_padding(records[i].payload_bytes);
        if (padding > 0)
            log->blocks[block_count++] = (struct psp_disk_block){zeros, padding};
    }
    assert(block_count <= 3 * n);
    enum psp_status status = log->disk->write(
        log->disk->context, log->file, psp_segments_newest(log)->bytes, log->blocks, block_count);
    pthread_mutex_lock(&log->mutex);
    for (size_t i = 0; i < n && status == PSP_OK; i++)
        status = psp_segment_add(psp_segments_newest(log), &records[i]);
    psp_segments_check(log);
    pthread_mutex_unlock(&log->mutex);
    return status;
}

enum psp_status psp_journal_append(struct psp_journal *log, const struct psp_record *records,
                                   size_t n)
{
    assert(!log->read_only);
    if (failed(log) != PSP_OK)
        return failed(log);
    if (n == 0)
        return PSP_OK;
    assert(records != NULL);
    assert(psp_journal_last(log) == 0 || log->file != PSP_JOURNAL_NO_FILE);
    assert(records[0].index == psp_journal_last(log) + 1);
    enum psp_status status = reserve_scratch(log, n);
    if (status == PSP_OK && log->segment_count > 0 &&
        psp_segments_newest(log)->bytes >= log->segment_bytes)
        status = psp_journal_sync(log); /* a sealed segment is whole */
    if (status == PSP_OK &&
        (log->segment_count == 0 || psp_segments_newest(log)->bytes >= log->segment_bytes))
        status = start_segment(log, records[0].index);
    if (status == PSP_OK)
        status = write_records(log, records, n);
    return psp_journal_fail(log, status);
}

enum psp_status psp_journal_sync(struct psp_journal *log)
{
    assert(!log->read_only);
    if (failed(log) != PSP_OK)
        return failed(log);
    const uint64_t last = psp_journal_last(log);
    assert(atomic_load(&log->synced) <= last);
    if (log->file == PSP_JOURNAL_NO_FILE || atomic_load(&log->synced) == last)
        return PSP_OK;
    const enum psp_status status = log->disk->sync(log->disk->context, log->file);
    if (status == PSP_OK)
        atomic_store(&log->synced, last);
    return psp_journal_fail(log, status);
}

/* Drops the last segment, file and all. */
static enum psp_status drop_segment(struct psp_journal *log)
{
    const struct psp_disk *disk = log->disk;
    char path[PATH_MAX];
    assert(log->segment_count > 0);
    assert(log->file != PSP_JOURNAL_NO_FILE);
    psp_segments_path(log, psp_segments_newest(log)->first, "", path);
    disk->close(disk->context, log->file);
    log->file = PSP_JOURNAL_NO_FILE;
    if (log->read_file != PSP_JOURNAL_NO_FILE)
        disk->close(disk->context, log->read_file);
    log->read_file = PSP_JOURNAL_NO_FILE;
    pthread_mutex_lock(&log->mutex);
    psp_segment_free(psp_segments_newest(log));
    log->segment_count--;
    pthread_mutex_unlock(&log->mutex);
    enum psp_status status = disk->remove(disk->context, path);
    if (status == PSP_OK)
        status = disk->sync_folder(disk->context, log->directory);
    if (status == PSP_OK && log->segment_count > 0)
        status = psp_segments_open(log, psp_segments_newest(log), PSP_DISK_WRITE, &log->file);
    return status;
}

static enum psp_status truncate_tail(struct psp_journal *log, uint64_t from)
{
    const struct psp_disk *disk = log->disk;
    enum psp_status status = PSP_OK;
    while (status == PSP_OK && log->segment_count > 0 && psp_segments_newest(log)->first >= from)
        status = drop_segment(log);
    if (status != PSP_OK || log->segment_count == 0)
        return status;
    if (!psp_segments_newest(log)->scanned)
        status = psp_journal_learn(log, psp_segments_newest(log)->first);
    if (status != PSP_OK)
        return status;
    pthread_mutex_lock(&log->mutex);
    psp_segment_cut(psp_segments_newest(log), from);
    assert(psp_segments_last(log) + 1 == from);
    psp_segments_check(log);
    pthread_mutex_unlock(&log->mutex);
    status = disk->truncate(disk->context, log->file, psp_segments_newest(log)->bytes);
    if (status == PSP_OK)
        status = disk->sync(disk->context, log->file);
    return status;
}

enum psp_status psp_journal_truncate(struct psp_journal *log, uint64_t from)
{
    assert(!log->read_only);
    assert(from >= psp_journal_first(log));
    if (failed(log) != PSP_OK)
        return failed(log);
    if (from > psp_journal_last(log))
        return PSP_OK;
    enum psp_status status = lower_synced(log, from - 1);
    pthread_mutex_lock(&log->files_mutex);
    if (status == PSP_OK)
        status = truncate_tail(log, from);
    pthread_mutex_unlock(&log->files_mutex);
    if (status == PSP_OK)
        atomic_store(&log->synced, psp_journal_last(log));
    assert(status != PSP_OK || psp_journal_last(log) == from - 1 || log->segment_count == 0);
    return psp_journal_fail(log, status);
}

/* ---- read ---- */

enum psp_status psp_journal_learn(struct psp_journal *log, uint64_t first)
{
    pthread_mutex_lock(&log->mutex);
    size_t i = psp_segments_named(log, first);
    const bool there = i < log->segment_count; /* else it was cut meanwhile */
    const uint64_t next_first = there ? psp_segments_next_first(log, i) : 0;
    pthread_mutex_unlock(&log->mutex);
    if (!there)
        return PSP_ENOENT;
    struct psp_segment segment;
    enum psp_segment_end end = PSP_SEGMENT_CLEAN;
    enum psp_status status = psp_segments_read(log, first, next_first, &segment, &end);
    if (status == PSP_OK && next_first == 0 && end != PSP_SEGMENT_CLEAN)
        status = PSP_ECORRUPT;
    if (status != PSP_OK) {
        psp_segment_free(&segment);
        return status;
    }
    pthread_mutex_lock(&log->mutex); /* the writer may have moved the list */
    i = psp_segments_named(log, first);
    assert(i < log->segment_count);
    assert(segment.first == first && segment.scanned);
    psp_segment_free(&log->segments[i]);
    log->segments[i] = segment;
    psp_segments_check(log);
    pthread_mutex_unlock(&log->mutex);
    return PSP_OK;
}

/* The segment that holds `index`, with what stands in it: read now, if it was not. Leaves both
 * mutexes held when it returns PSP_OK, else neither. */
static enum psp_status find(struct psp_journal *log, uint64_t index, size_t *ret_segment)
{
    pthread_mutex_lock(&log->files_mutex);
    pthread_mutex_lock(&log->mutex);
    enum psp_status status = psp_segments_place(log, index, ret_segment);
    if (status == PSP_OK && !log->segments[*ret_segment].scanned) {
        const uint64_t first = log->segments[*ret_segment].first;
        pthread_mutex_unlock(&log->mutex);
        status = psp_journal_learn(log, first);
        pthread_mutex_lock(&log->mutex);
        if (status == PSP_OK)
            status = psp_segments_place(log, index, ret_segment);
    }
    if (status == PSP_OK) {
        assert(log->segments[*ret_segment].scanned);
        assert(index >= log->segments[*ret_segment].first);
        return PSP_OK;
    }
    pthread_mutex_unlock(&log->mutex);
    pthread_mutex_unlock(&log->files_mutex);
    return status;
}

static enum psp_status read_bytes(struct psp_journal *log, const struct psp_segment *segment,
                                  uint64_t offset, uint8_t *ret_bytes, size_t bytes)
{
    enum psp_status status = PSP_OK;
    if (log->read_file != PSP_JOURNAL_NO_FILE && log->read_first != segment->first) {
        log->disk->close(log->disk->context, log->read_file);
        log->read_file = PSP_JOURNAL_NO_FILE;
    }
    if (log->read_file == PSP_JOURNAL_NO_FILE) {
        status = psp_segments_open(log, segment, PSP_DISK_READ, &log->read_file);
        log->read_first = segment->first;
    }
    assert(status != PSP_OK || log->read_file != PSP_JOURNAL_NO_FILE);
    size_t got = 0;
    if (status == PSP_OK)
        status =
            log->disk->read(log->disk->context, log->read_file, offset, ret_bytes, bytes, &got);
    if (status == PSP_OK && got != bytes)
        status = PSP_ECORRUPT;
    return status;
}

/* Where a record lies; the mutexes are the caller's. PSP_ECORRUPT: in a gap. */
static enum psp_status locate(const struct psp_segment *segment, uint64_t index,
                              uint64_t *ret_offset, size_t *ret_bytes)
{
    enum psp_record_type type;
    const enum psp_status status = psp_segment_type(segment, index, &type);
    if (status != PSP_OK)
        return status;
    const uint64_t offset = psp_segment_offset(segment, index);
    const uint64_t end = index + 1 < segment->first + segment->count
                             ? psp_segment_offset(segment, index + 1)
                             : segment->bytes;
    if (end <= offset || end - offset > PSP_SEGMENT_RECORD_BYTES_MAX)
        return PSP_ECORRUPT;
    assert(offset >= PSP_SEGMENT_HEADER_BYTES);
    assert(offset % 8 == 0);
    *ret_offset = offset;
    *ret_bytes = (size_t)(end - offset);
    return PSP_OK;
}

/* The place is copied under the mutex, the bytes are read outside of it. */
enum psp_status psp_journal_read(const struct psp_journal *log, uint64_t index, uint8_t **buffer,
                                 size_t *size, struct psp_record *ret_record)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    size_t i, bytes = 0;
    uint64_t offset = 0, synced;
    enum psp_status status = find(shared, index, &i);
    if (status != PSP_OK)
        return status;
    const struct psp_segment segment = {.first = shared->segments[i].first};
    status = locate(&shared->segments[i], index, &offset, &bytes);
    pthread_mutex_unlock(&shared->mutex);
    if (status == PSP_OK && bytes > *size) {
        uint8_t *grown = realloc(*buffer, bytes);
        if (grown != NULL) {
            *buffer = grown;
            *size = bytes;
        } else {
            status = PSP_ENOMEM;
        }
    }
    if (status == PSP_OK)
        status = read_bytes(shared, &segment, offset, *buffer, bytes);
    pthread_mutex_unlock(&shared->files_mutex);
    struct psp_record record;
    if (status == PSP_OK && (psp_segment_record_decode(*buffer, bytes, &record, &synced) != bytes ||
                             record.index != index))
        status = PSP_ECORRUPT;
    if (status == PSP_OK)
        *ret_record = record;
    assert(status != PSP_OK || ret_record->index == index);
    return status;
}

/* Terms never fall: with the same one at both ends of a segment, all between have it. */
static bool term_from_ends(const struct psp_journal *log, size_t i, uint64_t *ret_term)
{
    const struct psp_segment *segment = &log->segments[i], *next = segment + 1;
    if (segment->scanned || segment->first_term == 0 || i + 1 == log->segment_count)
        return false;
    uint64_t term = next->first_term;
    if (next->scanned && (next->count == 0 || psp_segment_term(next, next->first, &term) != PSP_OK))
        return false;
    *ret_term = segment->first_term;
    return term == segment->first_term;
}

enum psp_status psp_journal_term(const struct psp_journal *log, uint64_t index, uint64_t *ret_term)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    size_t i;
    pthread_mutex_lock(&shared->mutex);
    enum psp_status status = psp_segments_place(shared, index, &i);
    const bool known = status == PSP_OK && term_from_ends(shared, i, ret_term);
    pthread_mutex_unlock(&shared->mutex);
    if (status != PSP_OK || known)
        return status;
    status = find(shared, index, &i);
    if (status != PSP_OK)
        return status;
    status = psp_segment_term(&shared->segments[i], index, ret_term);
    pthread_mutex_unlock(&shared->mutex);
    pthread_mutex_unlock(&shared->files_mutex);
    return status;
}

enum psp_status psp_journal_peek(const struct psp_journal *log, uint64_t index, uint64_t *ret_term,
                                 enum psp_record_type *ret_type)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    size_t i;
    enum psp_status status = find(shared, index, &i);
    if (status != PSP_OK)
        return status;
    enum psp_record_type type = PSP_RECORD_COMMAND;
    status = psp_segment_type(&shared->segments[i], index, &type);
    if (status == PSP_OK)
        status = psp_segment_term(&shared->segments[i], index, ret_term);
    if (status == PSP_OK)
        *ret_type = type;
    pthread_mutex_unlock(&shared->mutex);
    pthread_mutex_unlock(&shared->files_mutex);
    return status;
}
