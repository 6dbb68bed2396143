/* The scan of a segment's file, which tells a torn tail from damage. */
#include "journal/scan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "journal/walk.h"

enum { SECTOR_BYTES = 4096 };

/* PSP_ECORRUPT, PSP_EVERSION, PSP_EMISMATCH. */
static enum psp_status check_header(const uint8_t *bytes, size_t available,
                                    const struct psp_segment_owner *owner, uint64_t first)
{
    struct psp_segment_head head;
    if (!psp_segment_header_decode(bytes, available, &head))
        return PSP_ECORRUPT;
    if (head.format != PSP_SEGMENT_FORMAT && !(owner->format_1_too && head.format == 1))
        return PSP_EVERSION;
    if (head.shard != owner->shard ||
        memcmp(head.cluster_id, owner->cluster_id, PSP_CLUSTER_ID_BYTES) != 0)
        return PSP_EMISMATCH;
    return head.first == first ? PSP_OK : PSP_ECORRUPT;
}

/* A gap in the newest segment that nothing proves is what a torn write left. */
static enum psp_status take_gap(struct psp_segment *segment,
                                const struct psp_segment_reading *reading,
                                const struct psp_walked *walked, enum psp_segment_end *ret_end)
{
    const bool newest = reading->next_first == 0;
    assert(walked->fault != NULL);
    assert(walked->first == segment->first + segment->count);
    const bool proved = walked->durable || !newest;
    const uint64_t last = walked->last == 0 && !newest ? reading->next_first - 1 : walked->last;
    *ret_end = proved ? PSP_SEGMENT_DAMAGED : PSP_SEGMENT_TORN;
    if (!reading->gaps || !proved || last < walked->first)
        return PSP_OK;
    const enum psp_status status = psp_segment_add_gap(segment, last, walked->bytes);
    if (status == PSP_OK)
        *ret_end = PSP_SEGMENT_CLEAN;
    return status == PSP_ECORRUPT ? PSP_OK : status;
}

/* Records missing at the end of a sealed segment are a gap, too: the file was cut short. */
static enum psp_status scan_records(struct psp_segment *segment, const uint8_t *bytes,
                                    size_t length, const struct psp_segment_reading *reading,
                                    enum psp_segment_end *ret_end)
{
    struct psp_walk walk;
    struct psp_walked walked;
    enum psp_status status = PSP_OK;
    *ret_end = PSP_SEGMENT_CLEAN;
    psp_walk_begin(&walk, bytes, length, segment->first);
    while (status == PSP_OK && *ret_end == PSP_SEGMENT_CLEAN && psp_walk_next(&walk, &walked))
        status = walked.fault ? take_gap(segment, reading, &walked, ret_end)
                              : psp_segment_add(segment, &walked.record);
    const uint64_t next = segment->first + segment->count;
    if (status != PSP_OK || *ret_end != PSP_SEGMENT_CLEAN || reading->next_first == 0 ||
        next == reading->next_first)
        return status;
    *ret_end = PSP_SEGMENT_DAMAGED;
    if (next > reading->next_first || !reading->gaps)
        return PSP_OK;
    assert(next < reading->next_first);
    status = psp_segment_add_gap(segment, reading->next_first - 1, 0);
    if (status == PSP_OK)
        *ret_end = PSP_SEGMENT_CLEAN;
    return status == PSP_ECORRUPT ? PSP_OK : status;
}

/* Sectors that cannot be read are zeros then: no record is good over them. */
static enum psp_status read_sectors(const struct psp_disk *disk, int file, uint8_t *bytes,
                                    size_t length, size_t *ret_got)
{
    memset(bytes, 0, length);
    for (size_t at = 0; at < length; at += SECTOR_BYTES) {
        size_t got = 0;
        const size_t n = length - at < SECTOR_BYTES ? length - at : SECTOR_BYTES;
        const enum psp_status status = disk->read(disk->context, file, at, bytes + at, n, &got);
        if (status != PSP_OK && status != PSP_EIO)
            return status;
    }
    *ret_got = length;
    return PSP_OK;
}

static enum psp_status scan_bytes(struct psp_segment *segment, const uint8_t *bytes, size_t got,
                                  const struct psp_segment_reading *reading,
                                  enum psp_segment_end *ret_end)
{
    enum psp_status status = check_header(bytes, got, reading->owner, segment->first);
    const bool bad_header = status == PSP_ECORRUPT;
    if (bad_header && reading->gaps && got >= PSP_SEGMENT_HEADER_BYTES)
        status = PSP_OK; /* all that stands there is known */
    if (status != PSP_OK)
        return status;
    psp_segment_free(segment);
    segment->bytes = PSP_SEGMENT_HEADER_BYTES;
    segment->bad_header = bad_header;
    status = scan_records(segment, bytes, got, reading, ret_end);
    segment->scanned = status == PSP_OK;
    assert(segment->gap_count == 0 || reading->gaps);
    return status;
}

enum psp_status psp_segment_scan(struct psp_segment *segment, const struct psp_disk *disk, int file,
                                 const struct psp_segment_reading *reading,
                                 enum psp_segment_end *ret_end)
{
    assert(segment->first > 0);
    assert(reading->owner != NULL);
    uint64_t length = 0;
    size_t got = 0;
    enum psp_status status = disk->size(disk->context, file, &length);
    if (status != PSP_OK)
        return status;
    uint8_t *bytes = malloc(length == 0 ? 1 : (size_t)length);
    if (bytes == NULL)
        return PSP_ENOMEM;
    status = disk->read(disk->context, file, 0, bytes, (size_t)length, &got);
    if (status == PSP_EIO && reading->gaps)
        status = read_sectors(disk, file, bytes, (size_t)length, &got);
    if (status == PSP_OK)
        status = scan_bytes(segment, bytes, got, reading, ret_end);
    free(bytes);
    return status;
}
