/* The bytes of a segment, what stands where in it, and what was damaged. */
#include "journal/segment.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "base/checked.h"
#include "base/memory/grow.h"

enum { GAP_RECORDS_MAX = 1 << 24 }; /* more than a segment holds: then it is no gap */

static const char magic[8] = {'P', 'S', 'P', 'L', 'O', 'G', '1', '\n'};

static_assert(PSP_SEGMENT_HEADER_BYTES == 64, "docs/storage.md has it byte by byte");
static_assert(PSP_SEGMENT_RECORD_BYTES == 40, "likewise");
static_assert(PSP_SEGMENT_HEADER_BYTES % 8 == 0, "records begin at multiples of 8");
static_assert(PSP_SEGMENT_RECORD_BYTES % 8 == 0, "and are as long");
static_assert(16 + PSP_CLUSTER_ID_BYTES <= 32, "the cluster's ID ends before the first index");
static_assert(PSP_RECORD_CONFIGURATION <= 3, "a type fits the two bits below an offset");
static_assert(PSP_RECORD_COMMAND > 0, "0 is a gap's");
static_assert((int)PSP_RECORD_PAYLOAD_MAX > (int)PSP_MESSAGE_BYTES_MAX,
              "a batch that came fits a record");
static_assert(PSP_SEGMENT_NAME_BYTES == 16 + sizeof ".log", "16 digits");

void psp_segment_name(uint64_t first, char ret_name[PSP_SEGMENT_NAME_BYTES])
{
    assert(first > 0);
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
    if (first > INT64_MAX)
        return 0;
    return strcmp(name + 16, ".log") == 0 ? first : 0;
}

void psp_segment_header_encode(const struct psp_segment_owner *owner, uint64_t first,
                               uint8_t ret_header[PSP_SEGMENT_HEADER_BYTES])
{
    assert(first > 0);
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

void psp_segment_record_encode(const struct psp_record *record, uint64_t synced,
                               uint8_t ret_header[PSP_SEGMENT_RECORD_BYTES])
{
    static const uint8_t zeros[8];
    /* what psp_segment_record_decode asks */
    assert(record->type >= PSP_RECORD_COMMAND && record->type <= PSP_RECORD_CONFIGURATION);
    assert(record->payload_bytes <= PSP_RECORD_PAYLOAD_MAX);
    assert(record->payload_bytes == 0 || record->payload != NULL);
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
    assert(length == psp_segment_record_bytes(payload_bytes));
    return length;
}

static uint64_t last_term(const struct psp_segment *segment)
{
    return segment->run_count == 0 ? 0 : segment->runs[segment->run_count - 1].term;
}

static enum psp_status add_run(struct psp_segment *segment, uint64_t first, uint64_t term)
{
    assert(term > 0);
    assert(segment->run_count == 0 || segment->runs[segment->run_count - 1].first < first);
    if (!PSP_GROW(segment->runs, segment->run_capacity, segment->run_count + 1))
        return PSP_ENOMEM;
    segment->runs[segment->run_count++] = (struct psp_segment_run){first, term};
    return PSP_OK;
}

enum psp_status psp_segment_add(struct psp_segment *segment, const struct psp_record *record)
{
    assert(record->index == segment->first + segment->count);
    assert(record->term > 0);
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
    segment->bytes += psp_segment_record_bytes(record->payload_bytes);
    assert(segment->bytes % 8 == 0);
    assert(segment->count <= segment->capacity);
    return PSP_OK;
}

enum psp_status psp_segment_add_gap(struct psp_segment *segment, uint64_t last, uint64_t bytes)
{
    const uint64_t first = segment->first + segment->count;
    assert(last >= first);
    if (last - first >= GAP_RECORDS_MAX || segment->bytes / 8 >= 1U << 30)
        return PSP_ECORRUPT;
    const uint32_t n = (uint32_t)(last - first + 1);
    if (!PSP_GROW(segment->places, segment->capacity, segment->count + n) ||
        !PSP_GROW(segment->gaps, segment->gap_capacity, segment->gap_count + 1))
        return PSP_ENOMEM;
    segment->gaps[segment->gap_count++] =
        (struct psp_segment_gap){first, last, segment->bytes, bytes};
    for (uint32_t i = 0; i < n; i++)
        segment->places[segment->count++] = (uint32_t)(segment->bytes / 8) << 2;
    segment->bytes += bytes;
    return PSP_OK;
}

void psp_segment_cut(struct psp_segment *segment, uint64_t from)
{
    assert(from >= segment->first);
    if (from >= segment->first + segment->count)
        return;
    segment->bytes = psp_segment_offset(segment, from);
    assert(segment->bytes >= PSP_SEGMENT_HEADER_BYTES);
    segment->count = (uint32_t)(from - segment->first);
    while (segment->run_count > 0 && segment->runs[segment->run_count - 1].first >= from)
        segment->run_count--;
    while (segment->gap_count > 0 && segment->gaps[segment->gap_count - 1].first >= from)
        segment->gap_count--;
    if (segment->gap_count > 0 && segment->gaps[segment->gap_count - 1].last >= from) {
        assert(segment->gaps[segment->gap_count - 1].first < from);
        segment->gaps[segment->gap_count - 1].last = from - 1;
        segment->gaps[segment->gap_count - 1].bytes = 0;
    }
}

void psp_segment_free(struct psp_segment *segment)
{
    free(segment->places);
    free(segment->runs);
    free(segment->gaps);
    segment->places = NULL;
    segment->runs = NULL;
    segment->gaps = NULL;
    segment->count = segment->run_count = segment->gap_count = 0;
    segment->capacity = segment->run_capacity = segment->gap_capacity = 0;
    segment->scanned = segment->bad_header = false;
}

/* ---- what stands where ---- */

static uint32_t place_of(const struct psp_segment *segment, uint64_t index)
{
    assert(segment->scanned);
    assert(index >= segment->first && index < segment->first + segment->count);
    return segment->places[index - segment->first];
}

uint64_t psp_segment_offset(const struct psp_segment *segment, uint64_t index)
{
    return (uint64_t)(place_of(segment, index) >> 2) * 8;
}

enum psp_status psp_segment_type(const struct psp_segment *segment, uint64_t index,
                                 enum psp_record_type *ret_type)
{
    const uint32_t type = place_of(segment, index) & 3;
    if (type == 0)
        return PSP_ECORRUPT;
    *ret_type = (enum psp_record_type)type;
    return PSP_OK;
}

/* The last run that begins at or before the index; run_count: none does. */
static uint32_t run_of(const struct psp_segment *segment, uint64_t index)
{
    uint32_t low = 0, high = segment->run_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (segment->runs[middle].first <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? segment->run_count : low - 1;
}

static uint64_t term_before(const struct psp_segment *segment, uint64_t index)
{
    const uint32_t run = run_of(segment, index);
    return run == segment->run_count ? 0 : segment->runs[run].term;
}

static const struct psp_segment_gap *gap_of(const struct psp_segment *segment, uint64_t index)
{
    for (uint32_t i = 0; i < segment->gap_count; i++)
        if (index >= segment->gaps[i].first && index <= segment->gaps[i].last)
            return &segment->gaps[i];
    return NULL;
}

enum psp_status psp_segment_term(const struct psp_segment *segment, uint64_t index,
                                 uint64_t *ret_term)
{
    const uint64_t term = term_before(segment, index);
    if ((place_of(segment, index) & 3) == 0) {
        const struct psp_segment_gap *gap = gap_of(segment, index);
        assert(gap != NULL);
        if (gap->last + 1 >= segment->first + segment->count || term == 0 ||
            term_before(segment, gap->last + 1) != term)
            return PSP_ECORRUPT;
    }
    assert(term > 0);
    *ret_term = term;
    return PSP_OK;
}

/* ---- mending ---- */

uint64_t psp_segment_mend_fits(const struct psp_segment *segment, const struct psp_record *record)
{
    const struct psp_segment_gap *gap = gap_of(segment, record->index);
    if (gap == NULL || gap->first != record->index || record->term == 0)
        return 0;
    const uint64_t bytes = psp_segment_record_bytes(record->payload_bytes);
    const uint64_t behind = (gap->last - gap->first) * PSP_SEGMENT_RECORD_BYTES;
    const bool at_end = gap->last + 1 == segment->first + segment->count;
    /* At the end of a file that was cut short there is as much room as is needed. */
    if (!at_end && (gap->last == gap->first ? bytes != gap->bytes : bytes + behind > gap->bytes))
        return 0;
    if (record->term < term_before(segment, record->index) ||
        (!at_end && record->term > term_before(segment, gap->last + 1)))
        return 0;
    return bytes;
}

static enum psp_status insert_run(struct psp_segment *segment, uint64_t first, uint64_t term)
{
    if (term_before(segment, first) == term)
        return PSP_OK;
    const uint32_t before = run_of(segment, first);
    const uint32_t at = before == segment->run_count ? 0 : before + 1;
    if (!PSP_GROW(segment->runs, segment->run_capacity, segment->run_count + 1))
        return PSP_ENOMEM;
    memmove(segment->runs + at + 1, segment->runs + at,
            (segment->run_count - at) * sizeof *segment->runs);
    segment->runs[at] = (struct psp_segment_run){first, term};
    segment->run_count++;
    assert(at == 0 || segment->runs[at - 1].first < first);
    assert(at + 1 == segment->run_count || segment->runs[at + 1].first > first);
    return PSP_OK;
}

enum psp_status psp_segment_mended(struct psp_segment *segment, const struct psp_record *record)
{
    struct psp_segment_gap *gap =
        (struct psp_segment_gap *)(uintptr_t)gap_of(segment, record->index);
    assert(gap != NULL && gap->first == record->index);
    const uint64_t bytes = psp_segment_record_bytes(record->payload_bytes);
    assert(psp_segment_mend_fits(segment, record) == bytes); /* asked before it was written */
    const enum psp_status status = insert_run(segment, record->index, record->term);
    if (status != PSP_OK)
        return status;
    const bool at_end = gap->last + 1 == segment->first + segment->count;
    segment->places[record->index - segment->first] =
        (uint32_t)(gap->offset / 8) << 2 | (uint32_t)record->type;
    gap->first++;
    gap->offset += bytes;
    gap->bytes = gap->bytes > bytes ? gap->bytes - bytes : 0;
    for (uint64_t i = gap->first; i <= gap->last; i++)
        segment->places[i - segment->first] = (uint32_t)(gap->offset / 8) << 2;
    if (at_end)
        segment->bytes = gap->offset + (gap->first > gap->last ? 0 : gap->bytes);
    if (gap->first > gap->last) {
        segment->gap_count--;
        const size_t at = (size_t)(gap - segment->gaps);
        memmove(gap, gap + 1, (segment->gap_count - at) * sizeof *gap);
    }
    return PSP_OK;
}

/* ---- what must hold ---- */

void psp_segment_check(const struct psp_segment *segment)
{
    assert(segment->first > 0);
    assert(segment->count <= segment->capacity);
    assert(segment->run_count <= segment->run_capacity);
    assert(segment->gap_count <= segment->gap_capacity);
    if (!segment->scanned) {
        assert(segment->count == 0 && segment->gap_count == 0);
        return;
    }
    assert(segment->bytes >= PSP_SEGMENT_HEADER_BYTES);
    assert(segment->run_count <= segment->count);
    assert(segment->count == 0 || segment->run_count > 0 || segment->gap_count > 0);
    const uint64_t end = segment->first + segment->count;
    if (segment->run_count > 0) {
        assert(segment->runs[0].first >= segment->first);
        assert(segment->runs[segment->run_count - 1].first < end);
    }
    if (segment->gap_count > 0) {
        assert(segment->gaps[0].first >= segment->first);
        assert(segment->gaps[segment->gap_count - 1].last < end);
    }
    for (uint32_t i = 1; PSP_CHECKED && i < segment->count; i++)
        assert(segment->places[i - 1] >> 2 <= segment->places[i] >> 2);
    for (uint32_t i = 1; PSP_CHECKED && i < segment->gap_count; i++)
        assert(segment->gaps[i - 1].last < segment->gaps[i].first);
}
