/* Append, sync, truncate, read. What readers may see is under the mutex. */
#include "journal/journal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/inner.h"

static enum psp_status fail(struct psp_journal *log, enum psp_status status)
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
    const struct psp_journal_vote vote = {
        .term = term, .voted_for = voted_for, .last = atomic_load(&log->synced)};
    const enum psp_status status = psp_journal_vote_write(&log->vote, vote);
    pthread_mutex_unlock(&log->vote_mutex);
    return fail(log, status);
}

/* Before records are dropped on purpose: else the next open would miss them. */
static enum psp_status lower_synced(struct psp_journal *log, uint64_t last)
{
    pthread_mutex_lock(&log->vote_mutex);
    enum psp_status status = PSP_OK;
    if (atomic_load(&log->synced) > last)
        atomic_store(&log->synced, last);
    struct psp_journal_vote vote = log->vote.vote;
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
    return PSP_OK;
}

static enum psp_status write_records(struct psp_journal *log, const struct psp_record *records,
                                     size_t n)
{
    static const uint8_t zeros[8];
    const uint64_t synced = atomic_load(&log->synced);
    size_t block_count = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t *header = log->headers + i * PSP_SEGMENT_RECORD_BYTES;
        psp_segment_record_encode(&records[i], synced, header);
        log->blocks[block_count++] = (struct psp_disk_block){header, PSP_SEGMENT_RECORD_BYTES};
        if (records[i].payload_bytes > 0)
            log->blocks[block_count++] =
                (struct psp_disk_block){records[i].payload, records[i].payload_bytes};
        const uint32_t padding = psp_segment_padding(records[i].payload_bytes);
        if (padding > 0)
            log->blocks[block_count++] = (struct psp_disk_block){zeros, padding};
    }
    enum psp_status status = log->disk->write(
        log->disk->context, log->file, psp_segments_newest(log)->bytes, log->blocks, block_count);
    pthread_mutex_lock(&log->mutex);
    for (size_t i = 0; i < n && status == PSP_OK; i++)
        status = psp_segment_add(psp_segments_newest(log), &records[i]);
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
    return fail(log, status);
}

enum psp_status psp_journal_sync(struct psp_journal *log)
{
    assert(!log->read_only);
    if (failed(log) != PSP_OK)
        return failed(log);
    const uint64_t last = psp_journal_last(log);
    if (log->file == PSP_JOURNAL_NO_FILE || atomic_load(&log->synced) == last)
        return PSP_OK;
    const enum psp_status status = log->disk->sync(log->disk->context, log->file);
    if (status == PSP_OK)
        atomic_store(&log->synced, last);
    return fail(log, status);
}

/* Drops the last segment, file and all. */
static enum psp_status drop_segment(struct psp_journal *log)
{
    const struct psp_disk *disk = log->disk;
    char path[PATH_MAX];
    psp_segments_path(log, psp_segments_newest(log)->first, "", path);
    disk->close(disk->context, log->file);
    log->file = PSP_JOURNAL_NO_FILE;
    pthread_mutex_lock(&log->mutex);
    if (log->read_file != PSP_JOURNAL_NO_FILE)
        disk->close(disk->context, log->read_file);
    log->read_file = PSP_JOURNAL_NO_FILE;
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
    pthread_mutex_lock(&log->mutex);
    status = psp_segments_scan(log, log->segment_count - 1);
    if (status == PSP_OK)
        psp_segment_cut(psp_segments_newest(log), from);
    pthread_mutex_unlock(&log->mutex);
    if (status == PSP_OK)
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
    if (status == PSP_OK)
        status = truncate_tail(log, from);
    if (status == PSP_OK)
        atomic_store(&log->synced, psp_journal_last(log));
    return fail(log, status);
}

/* ---- read ---- */

/* The same, scanned. */
static enum psp_status find(struct psp_journal *log, uint64_t index, size_t *ret_segment)
{
    const enum psp_status status = psp_segments_place(log, index, ret_segment);
    return status == PSP_OK ? psp_segments_scan(log, *ret_segment) : status;
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
    size_t got = 0;
    if (status == PSP_OK)
        status =
            log->disk->read(log->disk->context, log->read_file, offset, ret_bytes, bytes, &got);
    if (status == PSP_OK && got != bytes)
        status = PSP_ECORRUPT;
    return status;
}

static enum psp_status read_locked(struct psp_journal *log, uint64_t index, uint8_t **buffer,
                                   size_t *size, struct psp_record *ret_record)
{
    size_t i;
    enum psp_status status = find(log, index, &i);
    if (status != PSP_OK)
        return status;
    const struct psp_segment *segment = &log->segments[i];
    const uint64_t offset = psp_segment_offset(segment, index);
    const uint64_t end = index + 1 < segment->first + segment->count
                             ? psp_segment_offset(segment, index + 1)
                             : segment->bytes;
    const size_t bytes = (size_t)(end - offset);
    if (bytes > *size) {
        uint8_t *grown = realloc(*buffer, bytes);
        if (grown == NULL)
            return PSP_ENOMEM;
        *buffer = grown;
        *size = bytes;
    }
    status = read_bytes(log, segment, offset, *buffer, bytes);
    struct psp_record record;
    uint64_t synced;
    if (status == PSP_OK && (psp_segment_record_decode(*buffer, bytes, &record, &synced) != bytes ||
                             record.index != index))
        status = PSP_ECORRUPT;
    if (status == PSP_OK)
        *ret_record = record;
    return status;
}

enum psp_status psp_journal_read(const struct psp_journal *log, uint64_t index, uint8_t **buffer,
                                 size_t *size, struct psp_record *ret_record)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    pthread_mutex_lock(&shared->mutex);
    const enum psp_status status = read_locked(shared, index, buffer, size, ret_record);
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

/* Terms never fall: with the same one at both ends of a segment, all between have it. */
static bool term_from_ends(const struct psp_journal *log, size_t i, uint64_t *ret_term)
{
    const struct psp_segment *segment = &log->segments[i], *next = segment + 1;
    if (segment->scanned || segment->first_term == 0 || i + 1 == log->segment_count)
        return false;
    const uint64_t term =
        next->scanned && next->count > 0 ? psp_segment_term(next, next->first) : next->first_term;
    *ret_term = segment->first_term;
    return term == segment->first_term;
}

enum psp_status psp_journal_term(const struct psp_journal *log, uint64_t index, uint64_t *ret_term)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    pthread_mutex_lock(&shared->mutex);
    size_t i;
    enum psp_status status = psp_segments_place(shared, index, &i);
    if (status == PSP_OK && !term_from_ends(shared, i, ret_term)) {
        status = psp_segments_scan(shared, i);
        if (status == PSP_OK)
            *ret_term = psp_segment_term(&shared->segments[i], index);
    }
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

enum psp_status psp_journal_peek(const struct psp_journal *log, uint64_t index, uint64_t *ret_term,
                                 enum psp_record_type *ret_type)
{
    struct psp_journal *shared = (struct psp_journal *)(uintptr_t)log;
    pthread_mutex_lock(&shared->mutex);
    size_t i;
    const enum psp_status status = find(shared, index, &i);
    if (status == PSP_OK) {
        *ret_term = psp_segment_term(&shared->segments[i], index);
        *ret_type = psp_segment_type(&shared->segments[i], index);
    }
    pthread_mutex_unlock(&shared->mutex);
    return status;
}
