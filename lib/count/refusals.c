/* Records in order of refusal, and an open-addressing table of their numbers. */
#include "count/refusals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_FIRST = 64, RECORDS_FIRST = 32 };

/* A place names a record and keeps 32 bits of its hash, so that a miss rarely
 * has to look at the record. */
struct psp_refusal_place {
    uint32_t hash;
    uint32_t record; /* + 1; 0: empty */
};

struct psp_refusals {
    uint64_t max, count, capacity; /* of records */
    uint8_t *records;
    uint64_t places_count; /* a power of two, at least twice `count` */
    struct psp_refusal_place *places;
};

/* Digest and tag are keyed hashes: their bits are good as they are. */
static uint64_t hash_of(const uint8_t *digest, const uint8_t *tag)
{
    uint64_t a, b;
    memcpy(&a, digest, sizeof a);
    memcpy(&b, tag, sizeof b);
    return a ^ b;
}

enum psp_status psp_refusals_create(uint64_t refused_max, struct psp_refusals **ret_refusals)
{
    assert(refused_max < (uint64_t)1 << 31);
    struct psp_refusals *refusals = calloc(1, sizeof *refusals);
    if (!refusals)
        return PSP_ENOMEM;
    refusals->max = refused_max;
    refusals->places_count = PLACES_FIRST;
    refusals->places = calloc(PLACES_FIRST, sizeof *refusals->places);
    if (!refusals->places) {
        free(refusals);
        return PSP_ENOMEM;
    }
    *ret_refusals = refusals;
    return PSP_OK;
}

void psp_refusals_destroy(struct psp_refusals **refusals)
{
    if (!*refusals)
        return;
    free((*refusals)->places);
    free((*refusals)->records);
    free(*refusals);
    *refusals = NULL;
}

uint64_t psp_refusals_count(const struct psp_refusals *refusals)
{
    return refusals->count;
}

uint64_t psp_refusals_room(const struct psp_refusals *refusals)
{
    return refusals->max - refusals->count;
}

static uint64_t place_of(const struct psp_refusals *refusals, uint64_t hash)
{
    return (hash >> 32) & (refusals->places_count - 1);
}

uint8_t psp_refusals_find(const struct psp_refusals *refusals,
                          const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t tag[PSP_TAG_BYTES])
{
    if (refusals->count == 0)
        return 0;
    const uint64_t hash = hash_of(digest, tag);
    for (uint64_t at = place_of(refusals, hash); refusals->places[at].record != 0;
         at = (at + 1) & (refusals->places_count - 1)) {
        if (refusals->places[at].hash != (uint32_t)hash)
            continue;
        const uint8_t *record =
            refusals->records + (uint64_t)(refusals->places[at].record - 1) * PSP_REFUSAL_BYTES;
        if (memcmp(record, digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(record + PSP_DIGEST_BYTES, tag, PSP_TAG_BYTES) == 0)
            return record[PSP_REFUSAL_BYTES - 1];
    }
    return 0;
}

static void enter(struct psp_refusals *refusals, uint64_t record)
{
    const uint8_t *bytes = refusals->records + record * PSP_REFUSAL_BYTES;
    const uint64_t hash = hash_of(bytes, bytes + PSP_DIGEST_BYTES);
    uint64_t at = place_of(refusals, hash);
    while (refusals->places[at].record != 0)
        at = (at + 1) & (refusals->places_count - 1);
    refusals->places[at] = (struct psp_refusal_place){(uint32_t)hash, (uint32_t)record + 1};
}

static enum psp_status make_room(struct psp_refusals *refusals)
{
    if (refusals->count == refusals->max)
        return PSP_ENOMEM;
    if (refusals->count == refusals->capacity) {
        const uint64_t capacity = refusals->capacity + refusals->capacity / 2 + RECORDS_FIRST;
        uint8_t *records = realloc(refusals->records, capacity * PSP_REFUSAL_BYTES);
        if (!records)
            return PSP_ENOMEM;
        refusals->records = records;
        refusals->capacity = capacity;
    }
    if ((refusals->count + 1) * 2 <= refusals->places_count)
        return PSP_OK;
    struct psp_refusal_place *places = calloc(refusals->places_count * 2, sizeof *refusals->places);
    if (!places)
        return PSP_ENOMEM;
    free(refusals->places);
    refusals->places = places;
    refusals->places_count *= 2;
    for (uint64_t record = 0; record < refusals->count; record++)
        enter(refusals, record);
    return PSP_OK;
}

enum psp_status psp_refusals_add(struct psp_refusals *refusals,
                                 const uint8_t digest[PSP_DIGEST_BYTES],
                                 const uint8_t tag[PSP_TAG_BYTES], enum psp_disposition disposition)
{
    const enum psp_status status = make_room(refusals);
    if (status != PSP_OK)
        return status;
    uint8_t *record = refusals->records + refusals->count * PSP_REFUSAL_BYTES;
    memcpy(record, digest, PSP_DIGEST_BYTES);
    memcpy(record + PSP_DIGEST_BYTES, tag, PSP_TAG_BYTES);
    record[PSP_REFUSAL_BYTES - 1] = (uint8_t)disposition;
    enter(refusals, refusals->count);
    refusals->count++;
    return PSP_OK;
}

const uint8_t *psp_refusals_records(const struct psp_refusals *refusals, uint64_t first)
{
    assert(first <= refusals->count);
    return refusals->records ? refusals->records + first * PSP_REFUSAL_BYTES : NULL;
}

uint64_t psp_refusals_memory_bytes(const struct psp_refusals *refusals)
{
    return sizeof *refusals + refusals->capacity * PSP_REFUSAL_BYTES +
           refusals->places_count * sizeof *refusals->places;
}
