/* The bytes of a segment, and the scan that tells a torn tail from damage. */
#include "journal/segment.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "base/memory/grow.h"

static const char magic[8] = {'P', 'S', 'P', 'L', 'O', 'G', '1', '\n'};

void psp_segment_name(uint64_t first, char ret_name[PSP_SEGMENT_NAME_BYTES])
{
    snprintf(ret_name, PSP_SEGMENT_NAME_BYTES, "%016" PRIx64 ".log", first);
}

uint64_t psp_segment_name_first(const char *name)
{
    uint64_t first = 0;
    for (size_t i = 0; i < 16; i++) {
        const char c = name[i];
        if (c >= '0' && c <= '9')
            first = first << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            first = first << 4 | (uint64_t)(c - 'a' + 10);
        else
            return 0;
    }
    return strcmp(name + 16, ".log") == 0 ? first : 0;
}

void psp_segment_header_encode(const struct psp_segment_owner *owner, uint64_t first,
                               uint8_t ret_header[PSP_SEGMENT_HEADER_BYTES])
{
    memset(ret_header, 0, PSP_SEGMENT_HEADER_BYTES);
    memcpy(ret_header, magic, sizeof(magic));
    psp_put32(ret_header + 8, PSP_SEGMENT_FORMAT);
    psp_put32(ret_header + 12, owner->shard);
    memcpy(ret_header + 16, owner->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put64(ret_header + 32, first);
    psp_put32(ret_header + 60, psp_crc32c(0, ret_header, 60));
}

bool psp_segment_header_decode(const uint8_t *bytes, size_t available,
                               struct psp_segment_head *ret_head)
{
    if (available < PSP_SEGMENT_HEADER_BYTES || psp_get32(bytes + 60) != psp_crc32c(0, bytes, 60) ||
        memcmp(bytes, magic, sizeof(magic)) != 0)
        return false;
    ret_head->format = psp_get32(bytes + 8);
    ret_head->shard = psp_get32(bytes + 12);
    memcpy(ret_head->cluster_id, bytes + 16, PSP_CLUSTER_ID_BYTES);
    ret_head->first = psp_get64(bytes + 32);
    return true;
}

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

void psp_segment_record_encode(const struct psp_record *record, uint64_t synced,
                               uint8_t ret_header[PSP_SEGMENT_RECORD_BYTES])
{
    static const uint8_t zeros[8];
    psp_put32(ret_header + 4, record->payload_bytes);
    psp_put64(ret_header + 8, record->index);
    psp_put64(ret_header + 16, record->term);
    psp_put64(ret_header + 24, synced);
    psp_put32(ret_header + 32, (uint32_t)record->type);
    psp_put32(ret_header + 36, 0);
    uint32_t checksum = psp_crc32c(0, ret_header + 4, PSP_SEGMENT_RECORD_BYTES - 4);
    checksum = psp_crc32c(checksum, record->payload, record->payload_bytes);
    checksum = psp_crc32c(checksum, zeros, psp_segment_padding(record->payload_bytes));
    psp_put32(ret_header, checksum);
}

size_t psp_segment_record_decode(const uint8_t *bytes, size_t available,
                                 struct psp_record *ret_record, uint64_t *ret_synced)
{
    if (available < PSP_SEGMENT_RECORD_BYTES)
        return 0;
    const uint32_t payload_bytes = psp_get32(bytes + 4), type = psp_get32(bytes + 32);
    if (type < PSP_RECORD_COMMAND || type > PSP_RECORD_CONFIGURATION ||
        psp_get32(bytes + 36) != 0 || payload_bytes > PSP_RECORD_PAYLOAD_MAX)
        return 0;
    const size_t length =
        PSP_SEGMENT_RECORD_BYTES + payload_bytes + psp_segment_padding(payload_bytes);
    if (length > available || psp_get32(bytes) != psp_crc32c(0, bytes + 4, length - 4))
        return 0;
    *ret_record = (struct psp_record){
        .index = psp_get64(bytes + 8),
        .term = psp_get64(bytes + 16),
        .type = (enum psp_record_type)type,
        .payload = bytes + PSP_SEGMENT_RECORD_BYTES,
        .payload_bytes = payload_bytes,
    };
    *ret_synced = psp_get64(bytes + 24);
    return length;
}

static uint64_t last_term(const struct psp_segment *segment)
{
    return segment->run_count == 0 ? 0 : segment->runs[segment->run_count - 1].term;
}

static enum psp_status add_run(struct psp_segment *segment, uint64_t first, uint64_t term)
{
    if (!PSP_GROW(segment->runs, segment->run_capacity, segment->run_count + 1))
        return PSP_ENOMEM;
    segment->runs[segment->run_count++] = (struct psp_segment_run){first, term};
    return PSP_OK;
}

enum psp_status psp_segment_add(struct psp_segment *segment, const struct psp_record *record)
{
    assert(record->index == segment->first + segment->count);
    assert(segment->bytes % 8 == 0);
    assert(segment->bytes / 8 < 1U << 30);
    if (!PSP_GROW(segment->places, segment->capacity, segment->count + 1))
        return PSP_ENOMEM;
    if (record->term != last_term(segment)) {
        const enum psp_status status = add_run(segment, record->index, record->term);
        if (status != PSP_OK)
            return status;
    }
    segment->places[segment->count++] =
        (uint32_t)(segment->bytes / 8) << 2 | (uint32_t)record->type;
    segment->bytes += (uint64_t)PSP_SEGMENT_RECORD_BYTES + record->payload_bytes +
                      psp_segment_padding(record->payload_bytes);
    return PSP_OK;
}

void psp_segment_cut(struct psp_segment *segment, uint64_t from)
{
    assert(from >= segment->first);
    if (from >= segment->first + segment->count)
        return;
    segment->bytes = psp_segment_offset(segment, from);
    segment->count = (uint32_t)(from - segment->first);
    while (segment->run_count > 0 && segment->runs[segment->run_count - 1].first >= from)
        segment->run_count--;
}

void psp_segment_free(struct psp_segment *segment)
{
    free(segment->places);
    free(segment->runs);
    segment->places = NULL;
    segment->runs = NULL;
    segment->count = segment->run_count = 0;
    segment->capacity = segment->run_capacity = 0;
    segment->scanned = false;
}

uint64_t psp_segment_offset(const struct psp_segment *segment, uint64_t index)
{
    assert(index >= segment->first && index < segment->first + segment->count);
    return (uint64_t)(segment->places[index - segment->first] >> 2) * 8;
}

enum psp_record_type psp_segment_type(const struct psp_segment *segment, uint64_t index)
{
    assert(index >= segment->first && index < segment->first + segment->count);
    return (enum psp_record_type)(segment->places[index - segment->first] & 3);
}

uint64_t psp_segment_term(const struct psp_segment *segment, uint64_t index)
{
    assert(index >= segment->first && index < segment->first + segment->count);
    uint32_t low = 0, high = segment->run_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (segment->runs[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    return segment->runs[low].term;
}

/* Does a good record after the bad one at index `bad` prove that it had been
 * durable? Records start at multiples of 8. */
static bool damage_proved(const uint8_t *bytes, size_t from, size_t length, uint64_t bad)
{
    for (size_t at = from + 8; at + PSP_SEGMENT_RECORD_BYTES <= length; at += 8) {
        struct psp_record record;
        uint64_t synced;
        const uint64_t index = psp_get64(bytes + at + 8);
        if (index <= bad || index - bad > (length - from) / PSP_SEGMENT_RECORD_BYTES)
            continue; /* cheap: no checksum over what cannot be one */
        if (psp_segment_record_decode(bytes + at, length - at, &record, &synced) != 0 &&
            synced >= bad)
            return true;
    }
    return false;
}

static enum psp_status scan_records(struct psp_segment *segment, const uint8_t *bytes,
                                    size_t length, enum psp_segment_end *ret_end)
{
    while (segment->bytes < length) {
        struct psp_record record;
        uint64_t synced;
        const size_t at = (size_t)segment->bytes;
        const uint64_t expected = segment->first + segment->count;
        if (psp_segment_record_decode(bytes + at, length - at, &record, &synced) == 0) {
            *ret_end =
                damage_proved(bytes, at, length, expected) ? PSP_SEGMENT_DAMAGED : PSP_SEGMENT_TORN;
            return PSP_OK;
        }
        if (record.index != expected || record.term == 0 || record.term < last_term(segment)) {
            *ret_end = PSP_SEGMENT_DAMAGED; /* a good record at a place where it was never put */
            return PSP_OK;
        }
        const enum psp_status status = psp_segment_add(segment, &record);
        if (status != PSP_OK)
            return status;
    }
    *ret_end = PSP_SEGMENT_CLEAN;
    return PSP_OK;
}

enum psp_status psp_segment_scan(struct psp_segment *segment, const struct psp_disk *disk, int file,
                                 const struct psp_segment_owner *owner,
                                 enum psp_segment_end *ret_end)
{
    uint64_t length = 0;
    size_t got = 0;
    enum psp_status status = disk->size(disk->context, file, &length);
    if (status != PSP_OK)
        return status;
    uint8_t *bytes = malloc(length == 0 ? 1 : (size_t)length);
    if (bytes == NULL)
        return PSP_ENOMEM;
    status = disk->read(disk->context, file, 0, bytes, (size_t)length, &got);
    if (status == PSP_OK)
        status = check_header(bytes, got, owner, segment->first);
    if (status == PSP_OK) {
        psp_segment_free(segment);
        segment->bytes = PSP_SEGMENT_HEADER_BYTES;
        status = scan_records(segment, bytes, got, ret_end);
        segment->scanned = status == PSP_OK;
    }
    free(bytes);
    return status;
}
