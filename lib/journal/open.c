/* What is found in the folder, made into an open log: the tail is read, older segments
 * are looked at when needed. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "journal/inner.h"

enum { SEGMENT_BYTES = 64 << 20 };

struct listing {
    struct psp_journal *log;
    enum psp_status status;
    bool vote_seen;
};

static void visit_name(void *user, const char *name)
{
    struct listing *listing = user;
    struct psp_journal *log = listing->log;
    const size_t length = strlen(name);
    if (strcmp(name, "vote") == 0)
        listing->vote_seen = true;
    if (length > 4 && strcmp(name + length - 4, ".tmp") == 0 && !log->read_only) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s/%s", log->directory, name) < (int)sizeof(path))
            log->disk->remove(log->disk->context, path); /* of a creation cut short */
    }
    const uint64_t first = psp_segment_name_first(name);
    if (first != 0 && listing->status == PSP_OK)
        listing->status = psp_segments_push(log, first);
}

static int by_first(const void *left, const void *right)
{
    const struct psp_segment *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

static enum psp_status explain(const struct psp_journal *log, const struct psp_segment *segment,
                               enum psp_status status, struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    psp_segments_path(log, segment->first, "", path);
    if (status == PSP_EMISMATCH)
        psp_reason_set(
            reterr_reason,
            "%s belongs to another cluster or shard; give this shard its own data folder", path);
    else if (status == PSP_EVERSION)
        psp_reason_set(reterr_reason, "%s " PSP_JOURNAL_OTHER_FORMAT, path);
    else if (status == PSP_ECORRUPT)
        psp_reason_set(reterr_reason,
                       "%s is damaged at byte %" PRIu64 " (index %" PRIu64
                       "), which had been durable; "
                       "restore this replica's data folder from a backup, or replace the replica",
                       path, segment->bytes, segment->first + segment->count);
    else
        psp_reason_set_status(reterr_reason, path, status);
    return status;
}

/* Opens the last segment for appending; makes what it holds durable (a process
 * that was killed may have written without syncing). */
static enum psp_status open_tail(struct psp_journal *log, enum psp_segment_end end,
                                 struct psp_reason *reterr_reason)
{
    const struct psp_segment *segment = psp_segments_newest(log);
    assert(!log->read_only);
    assert(segment->scanned);
    assert(log->file == PSP_JOURNAL_NO_FILE);
    enum psp_status status = psp_segments_open(log, segment, PSP_DISK_WRITE, &log->file);
    if (status == PSP_OK && end == PSP_SEGMENT_TORN)
        status = log->disk->truncate(log->disk->context, log->file, segment->bytes);
    if (status == PSP_OK)
        status = log->disk->sync(log->disk->context, log->file);
    if (status != PSP_OK)
        return explain(log, segment, status, reterr_reason);
    if (end == PSP_SEGMENT_TORN) {
        char path[PATH_MAX];
        psp_segments_path(log, segment->first, "", path);
        snprintf(log->note, sizeof log->note,
                 "%s ended in a write that was never acknowledged; cut at byte %" PRIu64
                 " after index %" PRIu64,
                 path, segment->bytes, psp_journal_last(log));
    }
    return PSP_OK;
}

/* The term of the segment's first record, 0 when it is not good: then the whole
 * is read when somebody asks. */
static uint64_t first_term(const struct psp_journal *log, int file)
{
    const struct psp_disk *disk = log->disk;
    uint8_t head[PSP_SEGMENT_RECORD_BYTES];
    size_t got = 0;
    uint64_t synced, term = 0;
    if (disk->read(disk->context, file, PSP_SEGMENT_HEADER_BYTES, head, sizeof(head), &got) !=
            PSP_OK ||
        got != sizeof(head) || psp_get32(head + 4) > PSP_RECORD_PAYLOAD_MAX)
        return 0;
    const uint32_t payload_bytes = psp_get32(head + 4);
    const size_t length = sizeof(head) + payload_bytes + psp_segment_padding(payload_bytes);
    uint8_t *bytes = malloc(length);
    struct psp_record record;
    if (bytes != NULL &&
        disk->read(disk->context, file, PSP_SEGMENT_HEADER_BYTES, bytes, length, &got) == PSP_OK &&
        psp_segment_record_decode(bytes, got, &record, &synced) != 0)
        term = record.term;
    free(bytes);
    return term;
}

/* Enough of a segment that the store holds already. */
static enum psp_status glance_at_segment(const struct psp_journal *log, struct psp_segment *segment)
{
    int file;
    enum psp_status status = psp_segments_open(log, segment, PSP_DISK_READ, &file);
    if (status != PSP_OK)
        return status;
    status = log->disk->size(log->disk->context, file, &segment->bytes);
    if (status == PSP_OK)
        segment->first_term = first_term(log, file);
    log->disk->close(log->disk->context, file);
    return status;
}

static enum psp_status load_segments(struct psp_journal *log, uint64_t checkpoint_index,
                                     struct psp_reason *reterr_reason)
{
    if (log->segment_count == 0)
        return PSP_OK;
    qsort(log->segments, log->segment_count, sizeof(*log->segments), by_first);
    enum psp_segment_end end = PSP_SEGMENT_CLEAN;
    for (size_t i = 0; i < log->segment_count; i++) {
        struct psp_segment *segment = &log->segments[i];
        const bool last = i + 1 == log->segment_count;
        enum psp_status status = PSP_OK;
        if (last || psp_segments_end(log, i) - 1 > checkpoint_index) {
            struct psp_segment read;
            status = psp_segments_read(log, segment->first, psp_segments_next_first(log, i), &read,
                                       &end);
            psp_segment_free(segment);
            *segment = read;
        } else {
            status = glance_at_segment(log, segment);
        }
        if (status == PSP_ECORRUPT && log->read_only && last && segment->scanned)
            status = PSP_OK; /* the log ends here */
        if (status != PSP_OK)
            return explain(log, segment, status, reterr_reason);
    }
    if (log->read_only)
        return PSP_OK;
    const enum psp_status status = psp_journal_mend_headers(log);
    if (status != PSP_OK)
        return explain(log, psp_segments_newest(log), status, reterr_reason);
    return open_tail(log, end, reterr_reason);
}

static enum psp_status open_vote(struct psp_journal *log, bool vote_seen,
                                 struct psp_reason *reterr_reason)
{
    if (!vote_seen && log->read_only)
        return PSP_OK;
    if (!vote_seen && log->segment_count > 0) {
        psp_reason_set(
            reterr_reason,
            "%s/vote is gone but the log is not empty; restore this replica's data folder "
            "from a backup, or replace the replica",
            log->directory);
        return PSP_ECORRUPT;
    }
    enum psp_status status = PSP_OK;
    if (!vote_seen)
        status = psp_journal_vote_create(log->disk, log->directory, log->owner.cluster_id,
                                         log->owner.shard);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s/vote: %s", log->directory, psp_status_text(status));
        return status;
    }
    return psp_journal_vote_open(&log->vote, log->directory,
                                 log->read_only ? PSP_DISK_READ : PSP_DISK_WRITE, reterr_reason);
}

/* What the vote file saw must still be there. */
static enum psp_status check_against_vote(struct psp_journal *log, struct psp_reason *reterr_reason)
{
    const uint64_t last = psp_journal_last(log);
    uint64_t term = 0;
    if (last >= psp_journal_first(log)) {
        const struct psp_segment *segment = psp_segments_newest(log);
        if (segment->count > 0 && psp_segment_term(segment, last, &term) != PSP_OK)
            term = 0; /* damaged, too */
    }
    if (log->read_only)
        return PSP_OK;
    if (last < log->vote.vote.last) {
        psp_reason_set(
            reterr_reason,
            "%s ends at index %" PRIu64 " but held index %" PRIu64 " durably: records were "
            "lost; restore this replica's data folder from a backup, or replace the replica",
            log->directory, last, log->vote.vote.last);
        return PSP_ECORRUPT;
    }
    if (term > log->vote.vote.term) {
        psp_reason_set(
            reterr_reason,
            "%s/vote is of term %" PRIu64 " but the log of term %" PRIu64 ": the vote was "
            "lost; restore this replica's data folder from a backup, or replace the replica",
            log->directory, log->vote.vote.term, term);
        return PSP_ECORRUPT;
    }
    return PSP_OK;
}

static enum psp_status open_folder(struct psp_journal *log, uint64_t checkpoint_index,
                                   struct psp_reason *reterr_reason)
{
    const struct psp_disk *disk = log->disk;
    enum psp_status status = PSP_OK;
    if (!log->read_only)
        status = disk->make_folder(disk->context, log->directory);
    if (status == PSP_OK && !log->read_only)
        status = disk->lock(disk->context, log->directory, &log->lock);
    struct listing listing = {.log = log};
    if (status == PSP_OK)
        status = disk->list(disk->context, log->directory, visit_name, &listing);
    if (status == PSP_OK)
        status = listing.status;
    if (status == PSP_EBUSY)
        psp_reason_set(
            reterr_reason,
            "%s is in use by another process; stop that one first, or give this one its own "
            "data folder",
            log->directory);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, log->directory, status);
    if (status == PSP_OK)
        status = load_segments(log, checkpoint_index, reterr_reason);
    if (status == PSP_OK)
        status = open_vote(log, listing.vote_seen, reterr_reason);
    if (status == PSP_OK)
        status = check_against_vote(log, reterr_reason);
    if (status == PSP_OK && !log->read_only) {
        /* A killed process may have renamed or removed a segment and not come to
         * this: its name would be as it was after the next power cut. */
        status = disk->sync_folder(disk->context, log->directory);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, log->directory, status);
    }
    return status;
}

/* promise 1: what a killed process wrote without its fsync is made durable before it is believed */
enum psp_status psp_journal_open(const struct psp_journal_options *options,
                                 struct psp_journal **ret_log, struct psp_reason *reterr_reason)
{
    assert(options->directory != NULL);
    assert(!options->format_1_too || options->read_only);
    struct psp_journal *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return PSP_ENOMEM;
    if (snprintf(log->directory, sizeof(log->directory), "%s", options->directory) >=
        (int)sizeof(log->directory)) {
        free(log);
        psp_reason_set(reterr_reason, "the path of the log folder is too long");
        return PSP_EINVAL;
    }
    log->disk = options->disk == NULL ? psp_disk_posix() : options->disk;
    memcpy(log->owner.cluster_id, options->cluster_id, PSP_CLUSTER_ID_BYTES);
    log->owner.shard = options->shard;
    log->owner.format_1_too = options->format_1_too;
    log->segment_bytes = options->segment_bytes == 0 ? SEGMENT_BYTES : options->segment_bytes;
    log->read_only = options->read_only;
    log->mendable = options->mendable;
    log->lock = log->file = log->read_file = PSP_JOURNAL_NO_FILE;
    log->vote = (struct psp_journal_vote_file){
        .disk = log->disk, .file = PSP_JOURNAL_NO_FILE, .shard = options->shard};
    memcpy(log->vote.cluster_id, options->cluster_id, PSP_CLUSTER_ID_BYTES);
    log->vote.format_1_too = options->format_1_too;
    pthread_mutex_init(&log->files_mutex, NULL);
    pthread_mutex_init(&log->mutex, NULL);
    pthread_mutex_init(&log->vote_mutex, NULL);
    const enum psp_status status = open_folder(log, options->checkpoint_index, reterr_reason);
    if (status != PSP_OK) {
        log->read_only = true; /* closing writes nothing */
        psp_journal_close(&log);
        return status;
    }
    assert(log->read_only || log->vote.vote.last <= psp_journal_last(log));
    assert(log->read_only || log->vote.file != PSP_JOURNAL_NO_FILE);
    psp_segments_check(log);
    log->mendable = !log->read_only; /* what is found later is told, whoever may mend it */
    atomic_store(&log->synced, psp_journal_last(log));
    *ret_log = log;
    return PSP_OK;
}

const char *psp_journal_note(const struct psp_journal *log)
{
    return log->note;
}

void psp_journal_close(struct psp_journal **log_at)
{
    struct psp_journal *log = *log_at;
    if (log == NULL)
        return;
    const uint64_t synced = atomic_load(&log->synced);
    assert(log->read_only || synced <= psp_journal_last(log));
    if (!log->read_only && atomic_load(&log->failed) == PSP_OK && log->vote.vote.last != synced)
        psp_journal_set_vote(log, log->vote.vote.term, log->vote.vote.voted_for);
    psp_journal_vote_close(&log->vote);
    if (log->file != PSP_JOURNAL_NO_FILE)
        log->disk->close(log->disk->context, log->file);
    if (log->read_file != PSP_JOURNAL_NO_FILE)
        log->disk->close(log->disk->context, log->read_file);
    if (log->lock != PSP_JOURNAL_NO_FILE)
        log->disk->unlock(log->disk->context, log->lock);
    for (size_t i = 0; i < log->segment_count; i++)
        psp_segment_free(&log->segments[i]);
    free(log->segments);
    free(log->headers);
    free(log->blocks);
    pthread_mutex_destroy(&log->files_mutex);
    pthread_mutex_destroy(&log->mutex);
    pthread_mutex_destroy(&log->vote_mutex);
    free(log);
    *log_at = NULL;
}
