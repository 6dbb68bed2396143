/* Good records follow on; what does not is a gap up to the next one that may. */
#include "journal/walk.h"

#include <assert.h>

#include "base/bytes/bytes.h"
#include "journal/segment.h"

void psp_walk_begin(struct psp_walk *walk, const uint8_t *bytes, size_t length, uint64_t first)
{
    assert(first > 0);
    *walk = (struct psp_walk){
        .bytes = bytes, .length = length, .at = PSP_SEGMENT_HEADER_BYTES, .next = first};
}

/* What keeps the bytes at `at` from being a record. */
static const char *fault_at(const struct psp_walk *walk, size_t at)
{
    const uint8_t *bytes = walk->bytes + at;
    const size_t left = walk->length - at;
    if (left < PSP_SEGMENT_RECORD_BYTES)
        return "the file ends in a record's header";
    const uint32_t payload_bytes = psp_get32(bytes + 4);
    if (payload_bytes > PSP_RECORD_PAYLOAD_MAX)
        return "no record has such a length";
    if (PSP_SEGMENT_RECORD_BYTES + payload_bytes + psp_segment_padding(payload_bytes) > left)
        return "the file ends before the record does";
    return "the checksum is of other bytes";
}

/* NULL: the record may stand here. */
static const char *misplaced(const struct psp_walk *walk, const struct psp_record *record)
{
    if (record->index != walk->next)
        return "a record of another index";
    if (record->term == 0 || record->term < walk->term)
        return "a record of an earlier term than those before it";
    return NULL;
}

static void take(struct psp_walk *walk, const struct psp_record *record, size_t bytes)
{
    assert(bytes >= PSP_SEGMENT_RECORD_BYTES);
    assert(record->index == walk->next);
    assert(record->term >= walk->term);
    walk->at += bytes;
    assert(walk->at <= walk->length);
    walk->next = record->index + 1;
    walk->term = record->term;
}

/* The next good record behind a gap, at multiples of 8. False: there is none. */
static bool find_next(const struct psp_walk *walk, size_t *ret_at, struct psp_record *ret_record,
                      uint64_t *ret_synced)
{
    for (size_t at = walk->at + 8; at + PSP_SEGMENT_RECORD_BYTES <= walk->length; at += 8) {
        const uint64_t index = psp_get64(walk->bytes + at + 8);
        /* Cheap: no checksum over what cannot be one. */
        if (index <= walk->next || index - walk->next > (at - walk->at) / PSP_SEGMENT_RECORD_BYTES)
            continue;
        struct psp_record record;
        uint64_t synced;
        if (psp_segment_record_decode(walk->bytes + at, walk->length - at, &record, &synced) == 0 ||
            record.term == 0 || record.term < walk->term)
            continue;
        assert(record.index > walk->next);
        *ret_at = at;
        *ret_record = record;
        *ret_synced = synced;
        return true;
    }
    return false;
}

/* Does any good record behind `at` say that index `bad` had been durable? */
static bool proved(const struct psp_walk *walk, size_t at, uint64_t bad)
{
    while (at + PSP_SEGMENT_RECORD_BYTES <= walk->length) {
        struct psp_record record;
        uint64_t synced;
        const uint64_t index = psp_get64(walk->bytes + at + 8);
        const bool plausible = index > bad && index - bad <= walk->length;
        const size_t bytes =
            plausible
                ? psp_segment_record_decode(walk->bytes + at, walk->length - at, &record, &synced)
                : 0;
        if (bytes != 0 && synced >= bad)
            return true;
        at += bytes != 0 ? bytes : 8;
    }
    return false;
}

static void take_gap(struct psp_walk *walk, const char *fault, struct psp_walked *ret_walked)
{
    struct psp_record record;
    uint64_t synced;
    size_t at = walk->length;
    *ret_walked =
        (struct psp_walked){.offset = walk->at, .first = walk->next, .last = 0, .fault = fault};
    if (find_next(walk, &at, &record, &synced)) {
        ret_walked->last = record.index - 1;
        ret_walked->durable = proved(walk, at, walk->next);
        walk->next = record.index;
    }
    assert(at > walk->at); /* it ends */
    assert(at <= walk->length);
    ret_walked->bytes = at - walk->at;
    walk->at = at;
}

bool psp_walk_next(struct psp_walk *walk, struct psp_walked *ret_walked)
{
    if (walk->at >= walk->length)
        return false;
    struct psp_record record;
    uint64_t synced;
    const size_t bytes = psp_segment_record_decode(walk->bytes + walk->at, walk->length - walk->at,
                                                   &record, &synced);
    const char *fault = bytes == 0 ? fault_at(walk, walk->at) : misplaced(walk, &record);
    if (fault != NULL) {
        take_gap(walk, fault, ret_walked);
        ret_walked->durable |= bytes != 0; /* no torn write puts a good record elsewhere */
        return true;
    }
    *ret_walked = (struct psp_walked){.offset = walk->at,
                                      .bytes = bytes,
                                      .first = record.index,
                                      .last = record.index,
                                      .record = record,
                                      .synced = synced};
    take(walk, &record, bytes);
    return true;
}
