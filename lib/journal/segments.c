/* The list of a log's segments: where a file lies, which one holds an index. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/memory/grow.h"

#include "journal/inner.h"

void psp_segments_path(const struct psp_journal *log, uint64_t first, const char *suffix,
                       char ret_path[PATH_MAX])
{
    char name[PSP_SEGMENT_NAME_BYTES];
    assert(suffix != NULL);
    psp_segment_name(first, name);
    snprintf(ret_path, PATH_MAX, "%s/%s%s", log->directory, name, suffix);
}

struct psp_segment *psp_segments_newest(struct psp_journal *log)
{
    return log->segment_count == 0 ? NULL : &log->segments[log->segment_count - 1];
}

uint64_t psp_segments_end(const struct psp_journal *log, size_t i)
{
    assert(i < log->segment_count);
    assert(log->segments[i].first > 0);
    if (i + 1 < log->segment_count)
        return log->segments[i + 1].first;
    return log->segments[i].first + log->segments[i].count;
}

enum psp_status psp_segments_push(struct psp_journal *log, uint64_t first)
{
    assert(first > 0);
    if (!PSP_GROW(log->segments, log->segment_capacity, log->segment_count + 1))
        return PSP_ENOMEM;
    log->segments[log->segment_count++] = (struct psp_segment){.first = first};
    return PSP_OK;
}

enum psp_status psp_segments_open(const struct psp_journal *log, const struct psp_segment *segment,
                                  enum psp_disk_mode mode, int *ret_file)
{
    char path[PATH_MAX];
    psp_segments_path(log, segment->first, "", path);
    return log->disk->open(log->disk->context, path, mode, ret_file);
}

size_t psp_segments_named(const struct psp_journal *log, uint64_t first)
{
    size_t i = 0;
    while (i < log->segment_count && log->segments[i].first != first)
        i++;
    return i;
}

uint64_t psp_segments_next_first(const struct psp_journal *log, size_t i)
{
    assert(i < log->segment_count);
    return i + 1 < log->segment_count ? log->segments[i + 1].first : 0;
}

enum psp_status psp_segments_read(const struct psp_journal *log, uint64_t first,
                                  uint64_t next_first, struct psp_segment *ret_segment,
                                  enum psp_segment_end *ret_end)
{
    const struct psp_segment_reading reading = {&log->owner, next_first, log->mendable};
    int file;
    assert(next_first == 0 || next_first > first);
    *ret_segment = (struct psp_segment){.first = first};
    enum psp_status status = psp_segments_open(log, ret_segment, PSP_DISK_READ, &file);
    if (status != PSP_OK)
        return status;
    status = psp_segment_scan(ret_segment, log->disk, file, &reading, ret_end);
    log->disk->close(log->disk->context, file);
    if (status != PSP_OK)
        return status;
    if (*ret_end == PSP_SEGMENT_DAMAGED || (next_first != 0 && *ret_end != PSP_SEGMENT_CLEAN))
        return PSP_ECORRUPT;
    return PSP_OK;
}

uint64_t psp_segments_last(const struct psp_journal *log)
{
    return log->segment_count == 0 ? 0 : psp_segments_end(log, log->segment_count - 1) - 1;
}

enum psp_status psp_segments_place(const struct psp_journal *log, uint64_t index,
                                   size_t *ret_segment)
{
    if (log->segment_count == 0 || index < log->segments[0].first || index > psp_segments_last(log))
        return PSP_ENOENT;
    size_t low = 0, high = log->segment_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (log->segments[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    assert(log->segments[low].first <= index);
    assert(index < psp_segments_end(log, low));
    *ret_segment = low;
    return PSP_OK;
}

void psp_segments_check(const struct psp_journal *log)
{
    assert(log->segment_count <= log->segment_capacity);
    assert(log->read_only || log->file == PSP_JOURNAL_NO_FILE || log->segment_count > 0);
    if (log->segment_count == 0)
        return;
    const struct psp_segment *newest = &log->segments[log->segment_count - 1];
    assert(psp_segments_last(log) + 1 == newest->first + newest->count);
    assert(log->segments[0].first <= newest->first);
    psp_segment_check(newest);
    for (size_t i = 1; PSP_CHECKED && i < log->segment_count; i++) {
        assert(log->segments[i - 1].first < log->segments[i].first);
        psp_segment_check(&log->segments[i - 1]);
    }
}
