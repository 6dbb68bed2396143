/* Records in a slab, found by an open-addressing table of their numbers; those that may be
 * forgotten are also linked by station, oldest first. */
#include "count/refusals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/checked.h"
#include "base/memory/grow.h"

enum { PLACES_FIRST = 64, STATIONS_FIRST = 64, DISPOSITION_SHIFT = 24 };
#define STATION_MASK ((1u << DISPOSITION_SHIFT) - 1)

static_assert(PSP_STATIONS_MAX <= STATION_MASK, "a station's number fits beside a disposition");
static_assert(PSP_DISPOSITIONS_END <= 1 << (32 - DISPOSITION_SHIFT), "and a disposition above it");
static_assert(PSP_REFUSAL_BYTES == 29, "docs/storage.md has it byte by byte");
static_assert((PLACES_FIRST & (PLACES_FIRST - 1)) == 0, "a power of two");
static_assert((STATIONS_FIRST & (STATIONS_FIRST - 1)) == 0, "likewise");

struct psp_refusal_record {
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    uint32_t what; /* station, and the disposition above it */
    uint32_t next; /* + 1: of the station, the one refused after it; of a free record, another */
};

static_assert(sizeof(struct psp_refusal_record) == 32, "a record is 32 bytes");

/* A place names a record and keeps 32 bits of its hash, so that a miss rarely
 * has to look at the record. */
struct psp_refusal_place {
    uint32_t hash;
    uint32_t record; /* + 1; 0: empty */
};

struct psp_refusal_station {
    uint32_t oldest, newest; /* + 1; of those that may be forgotten */
    uint32_t remembered, closed;
};

struct psp_refusals {
    struct psp_refusals_limits limits;
    uint64_t remembered, closed;

    struct psp_refusal_record *records;
    size_t capacity;
    uint32_t used;       /* records handed out at least once */
    uint32_t free_first; /* + 1: of those, one that is free again */

    struct psp_refusal_place *places; /* a power of two, at least twice the count */
    uint64_t places_count;

    /* A tournament: [1] is the station with most, [i] the better of [2i] and
     * [2i + 1]; station k stands at station_count + k. */
    struct psp_refusal_station *stations;
    uint32_t *winners;      /* [station_count] */
    uint32_t station_count; /* a power of two */
};

/* ---- a refusal as bytes ---- */

static bool is_refusal(uint8_t disposition)
{
    return disposition == PSP_DOUBLE_VOTE || disposition == PSP_NOT_ELIGIBLE ||
           disposition == PSP_INVALID || disposition == PSP_CLOSED;
}

void psp_refusal_pack(const struct psp_refusal *refusal, uint8_t ret_bytes[PSP_REFUSAL_BYTES])
{
    assert(is_refusal((uint8_t)refusal->disposition)); /* as when it is unpacked */
    assert(refusal->station <= PSP_STATIONS_MAX);
    memcpy(ret_bytes, refusal->digest, PSP_DIGEST_BYTES);
    memcpy(ret_bytes + PSP_DIGEST_BYTES, refusal->tag, PSP_TAG_BYTES);
    ret_bytes[PSP_DIGEST_BYTES + PSP_TAG_BYTES] = (uint8_t)refusal->disposition;
    psp_put32(ret_bytes + PSP_DIGEST_BYTES + PSP_TAG_BYTES + 1, refusal->station);
}

bool psp_refusal_unpack(const uint8_t bytes[PSP_REFUSAL_BYTES], struct psp_refusal *ret_refusal)
{
    const uint8_t disposition = bytes[PSP_DIGEST_BYTES + PSP_TAG_BYTES];
    const uint32_t station = psp_get32(bytes + PSP_DIGEST_BYTES + PSP_TAG_BYTES + 1);
    if (!is_refusal(disposition) || station > PSP_STATIONS_MAX)
        return false;
    *ret_refusal = (struct psp_refusal){
        .digest = bytes,
        .tag = bytes + PSP_DIGEST_BYTES,
        .disposition = (enum psp_disposition)disposition,
        .station = station,
    };
    return true;
}

/* ---- create ---- */

enum psp_status psp_refusals_create(const struct psp_refusals_limits *limits,
                                    struct psp_refusals **ret_refusals)
{
    assert(limits->max + limits->closed_max < (uint64_t)1 << 31);
    struct psp_refusals *refusals = calloc(1, sizeof *refusals);
    if (!refusals)
        return PSP_ENOMEM;
    refusals->limits = *limits;
    refusals->places_count = PLACES_FIRST;
    refusals->places = calloc(PLACES_FIRST, sizeof *refusals->places);
    refusals->station_count = STATIONS_FIRST;
    refusals->stations = calloc(STATIONS_FIRST, sizeof *refusals->stations);
    refusals->winners = calloc(STATIONS_FIRST, sizeof *refusals->winners);
    if (!refusals->places || !refusals->stations || !refusals->winners) {
        psp_refusals_destroy(&refusals);
        return PSP_ENOMEM;
    }
    *ret_refusals = refusals;
    return PSP_OK;
}

void psp_refusals_destroy(struct psp_refusals **refusals)
{
    if (!*refusals)
        return;
    free((*refusals)->winners);
    free((*refusals)->stations);
    free((*refusals)->places);
    free((*refusals)->records);
    free(*refusals);
    *refusals = NULL;
}

/* ---- what it holds ---- */

uint64_t psp_refusals_count(const struct psp_refusals *refusals)
{
    return refusals->remembered + refusals->closed;
}

uint64_t psp_refusals_remembered(const struct psp_refusals *refusals, uint32_t station)
{
    return station < refusals->station_count ? refusals->stations[station].remembered : 0;
}

uint64_t psp_refusals_closed(const struct psp_refusals *refusals, uint32_t station)
{
    return station < refusals->station_count ? refusals->stations[station].closed : 0;
}

bool psp_refusals_within_limits(const struct psp_refusals *refusals, uint32_t station)
{
    const struct psp_refusals_limits *limits = &refusals->limits;
    return refusals->remembered <= limits->max && refusals->closed <= limits->closed_max &&
           psp_refusals_remembered(refusals, station) <= limits->station_max &&
           psp_refusals_closed(refusals, station) <= limits->closed_station_max;
}

bool psp_refusals_room(const struct psp_refusals *refusals)
{
    return psp_refusals_count(refusals) < refusals->limits.max;
}

bool psp_refusals_closed_room(const struct psp_refusals *refusals, uint32_t station)
{
    return refusals->closed < refusals->limits.closed_max &&
           psp_refusals_closed(refusals, station) < refusals->limits.closed_station_max;
}

uint64_t psp_refusals_memory_bytes(const struct psp_refusals *refusals)
{
    return sizeof *refusals + refusals->capacity * sizeof *refusals->records +
           refusals->places_count * sizeof *refusals->places +
           refusals->station_count * (sizeof *refusals->stations + sizeof *refusals->winners);
}

/* ---- the table ---- */

/* Digest and tag are keyed hashes: their bits are good as they are, but for the
 * slot, which the first bits of all digests of a shard have in common. */
static uint32_t hash_of(const uint8_t *digest, const uint8_t *tag)
{
    uint64_t a, b;
    memcpy(&a, digest + 8, sizeof a);
    memcpy(&b, tag, sizeof b);
    return (uint32_t)(((a ^ b) * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

static uint32_t hash_of_record(const struct psp_refusal_record *record)
{
    return hash_of(record->digest, record->tag);
}

static uint64_t next_place(const struct psp_refusals *refusals, uint64_t at)
{
    return (at + 1) & (refusals->places_count - 1);
}

static uint64_t home_of(const struct psp_refusals *refusals, uint32_t hash)
{
    return hash & (refusals->places_count - 1);
}

void psp_refusals_prefetch(const struct psp_refusals *refusals,
                           const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t tag[PSP_TAG_BYTES])
{
    __builtin_prefetch(&refusals->places[home_of(refusals, hash_of(digest, tag))]);
}

uint8_t psp_refusals_find(const struct psp_refusals *refusals,
                          const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t tag[PSP_TAG_BYTES])
{
    const uint32_t hash = hash_of(digest, tag);
    for (uint64_t at = home_of(refusals, hash); refusals->places[at].record != 0;
         at = next_place(refusals, at)) {
        if (refusals->places[at].hash != hash)
            continue;
        assert(refusals->places[at].record <= refusals->used);
        const struct psp_refusal_record *record =
            &refusals->records[refusals->places[at].record - 1];
        if (memcmp(record->digest, digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(record->tag, tag, PSP_TAG_BYTES) == 0)
            return (uint8_t)(record->what >> DISPOSITION_SHIFT);
    }
    return 0;
}

static void enter(struct psp_refusals *refusals, uint32_t hash, uint32_t record)
{
    assert(record < refusals->used);
    uint64_t at = home_of(refusals, hash);
    while (refusals->places[at].record != 0)
        at = next_place(refusals, at);
    refusals->places[at] = (struct psp_refusal_place){hash, record + 1};
}

/* Takes the record's place away and moves up those behind it that had to go on
 * searching because of it: a mark in its stead would stay for ever. */
static void leave(struct psp_refusals *refusals, uint32_t record)
{
    struct psp_refusal_place *places = refusals->places;
    assert(record < refusals->used);
    uint64_t hole = home_of(refusals, hash_of_record(&refusals->records[record]));
    while (places[hole].record != record + 1) {
        assert(places[hole].record != 0);
        hole = next_place(refusals, hole);
    }
    const uint64_t mask = refusals->places_count - 1;
    for (uint64_t at = next_place(refusals, hole); places[at].record != 0;
         at = next_place(refusals, at)) {
        const uint64_t from_home = (at - home_of(refusals, places[at].hash)) & mask;
        if (from_home < ((at - hole) & mask))
            continue; /* its search begins behind the hole */
        places[hole] = places[at];
        hole = at;
    }
    places[hole] = (struct psp_refusal_place){0};
}

/* ---- the tournament ---- */

static uint32_t winner_at(const struct psp_refusals *refusals, uint32_t node)
{
    return node < refusals->station_count ? refusals->winners[node]
                                          : node - refusals->station_count;
}

static void play(struct psp_refusals *refusals, uint32_t node)
{
    assert(node > 0);
    assert(node < refusals->station_count);
    const uint32_t low = winner_at(refusals, 2 * node), high = winner_at(refusals, 2 * node + 1);
    refusals->winners[node] =
        refusals->stations[high].remembered > refusals->stations[low].remembered ? high : low;
}

/* After the number of `station` has changed. */
static void play_up(struct psp_refusals *refusals, uint32_t station)
{
    assert(station < refusals->station_count);
    for (uint32_t node = (refusals->station_count + station) / 2; node > 0; node /= 2)
        play(refusals, node);
    assert(refusals->stations[refusals->winners[1]].remembered >=
           refusals->stations[station].remembered);
}

/* ---- add and forget ---- */

static enum psp_status reach_station(struct psp_refusals *refusals, uint32_t station)
{
    if (station < refusals->station_count)
        return PSP_OK;
    assert(station <= PSP_STATIONS_MAX);
    const uint32_t before = refusals->station_count;
    uint32_t count = before;
    while (count <= station)
        count *= 2;
    uint32_t *winners = realloc(refusals->winners, count * sizeof *winners);
    if (!winners)
        return PSP_ENOMEM;
    refusals->winners = winners;
    struct psp_refusal_station *stations = realloc(refusals->stations, count * sizeof *stations);
    if (!stations)
        return PSP_ENOMEM;
    refusals->stations = stations;
    memset(stations + before, 0, (count - before) * sizeof *stations);
    refusals->station_count = count;
    for (uint32_t node = count - 1; node > 0; node--)
        play(refusals, node);
    assert(station < refusals->station_count);
    return PSP_OK;
}

static enum psp_status grow_table(struct psp_refusals *refusals)
{
    const uint64_t before_count = refusals->places_count;
    struct psp_refusal_place *before = refusals->places;
    struct psp_refusal_place *places = calloc(before_count * 2, sizeof *places);
    if (!places)
        return PSP_ENOMEM;
    refusals->places = places;
    refusals->places_count = before_count * 2;
    for (uint64_t at = 0; at < before_count; at++)
        if (before[at].record != 0)
            enter(refusals, before[at].hash, before[at].record - 1);
    free(before);
    return PSP_OK;
}

static enum psp_status make_room(struct psp_refusals *refusals, uint32_t station)
{
    if (refusals->free_first == 0 &&
        !PSP_GROW(refusals->records, refusals->capacity, (size_t)refusals->used + 1))
        return PSP_ENOMEM;
    if ((psp_refusals_count(refusals) + 1) * 2 > refusals->places_count) {
        const enum psp_status status = grow_table(refusals);
        if (status != PSP_OK)
            return status;
    }
    assert((psp_refusals_count(refusals) + 1) * 2 <= refusals->places_count); /* searches end */
    return reach_station(refusals, station);
}

static uint32_t take_record(struct psp_refusals *refusals)
{
    if (refusals->free_first == 0) {
        assert(refusals->used < refusals->capacity);
        return refusals->used++;
    }
    const uint32_t record = refusals->free_first - 1;
    assert(record < refusals->used);
    refusals->free_first = refusals->records[record].next;
    return record;
}

enum psp_status psp_refusals_add(struct psp_refusals *refusals, const struct psp_refusal *refusal)
{
    assert(is_refusal((uint8_t)refusal->disposition));
    assert(refusal->station <= PSP_STATIONS_MAX);
    if (PSP_CHECKED)
        assert(psp_refusals_find(refusals, refusal->digest, refusal->tag) == 0);
    const enum psp_status status = make_room(refusals, refusal->station);
    if (status != PSP_OK)
        return status;
    const uint32_t number = take_record(refusals);
    struct psp_refusal_record *record = &refusals->records[number];
    memcpy(record->digest, refusal->digest, PSP_DIGEST_BYTES);
    memcpy(record->tag, refusal->tag, PSP_TAG_BYTES);
    record->what = refusal->station | (uint32_t)refusal->disposition << DISPOSITION_SHIFT;
    record->next = 0;
    enter(refusals, hash_of_record(record), number);

    struct psp_refusal_station *station = &refusals->stations[refusal->station];
    if (refusal->disposition == PSP_CLOSED) {
        station->closed++;
        refusals->closed++;
        return PSP_OK;
    }
    assert((station->newest != 0) == (station->remembered > 0));
    if (station->newest != 0)
        refusals->records[station->newest - 1].next = number + 1;
    else
        station->oldest = number + 1;
    station->newest = number + 1;
    station->remembered++;
    refusals->remembered++;
    play_up(refusals, refusal->station);
    return PSP_OK;
}

uint32_t psp_refusals_excess(const struct psp_refusals *refusals, uint32_t station)
{
    if (psp_refusals_remembered(refusals, station) > refusals->limits.station_max)
        return station;
    if (refusals->remembered <= refusals->limits.max)
        return PSP_NONE;
    assert(psp_refusals_remembered(refusals, refusals->winners[1]) > 0);
    return refusals->winners[1];
}

void psp_refusals_forget(struct psp_refusals *refusals, uint32_t station_number)
{
    assert(psp_refusals_remembered(refusals, station_number) > 0);
    struct psp_refusal_station *station = &refusals->stations[station_number];
    assert(station->oldest != 0);
    const uint32_t number = station->oldest - 1;
    struct psp_refusal_record *record = &refusals->records[number];
    assert((record->what & STATION_MASK) == station_number);
    assert(record->what >> DISPOSITION_SHIFT != PSP_CLOSED);
    leave(refusals, number);
    station->oldest = record->next;
    if (station->oldest == 0)
        station->newest = 0;
    station->remembered--;
    refusals->remembered--;
    assert((station->oldest == 0) == (station->remembered == 0));
    play_up(refusals, station_number);
    record->next = refusals->free_first;
    refusals->free_first = number + 1;
}

/* ---- what must hold ---- */

/* A station's list is as long as its number says, and of its records only. */
static void check_station(const struct psp_refusals *refusals, uint32_t station)
{
    const struct psp_refusal_station *at = &refusals->stations[station];
    uint32_t n = 0, last = 0;
    for (uint32_t next = at->oldest; next != 0; next = refusals->records[next - 1].next) {
        const uint32_t what = refusals->records[next - 1].what;
        assert((what & STATION_MASK) == station);
        assert(what >> DISPOSITION_SHIFT != PSP_CLOSED);
        assert(n < at->remembered);
        last = next;
        n++;
    }
    assert(n == at->remembered);
    assert(last == at->newest);
}

/* Every record is in the table or free. */
static void check_records(const struct psp_refusals *refusals)
{
    uint64_t entered = 0, unused = 0;
    for (uint64_t at = 0; at < refusals->places_count; at++)
        entered += refusals->places[at].record != 0;
    for (uint32_t next = refusals->free_first; next != 0; next = refusals->records[next - 1].next)
        unused++;
    assert(entered == psp_refusals_count(refusals));
    assert(entered + unused == refusals->used);
}

void psp_refusals_check(const struct psp_refusals *refusals)
{
    assert(refusals->used <= refusals->capacity);
    assert(refusals->free_first <= refusals->used);
    assert(psp_refusals_count(refusals) <= refusals->used);
    assert(psp_refusals_count(refusals) * 2 <= refusals->places_count);
    assert((refusals->places_count & (refusals->places_count - 1)) == 0);
    assert((refusals->station_count & (refusals->station_count - 1)) == 0);
    if (!PSP_CHECKED)
        return;
    uint64_t remembered = 0, closed = 0;
    for (uint32_t station = 0; station < refusals->station_count; station++) {
        if (refusals->stations[station].newest != 0 || refusals->stations[station].remembered != 0)
            check_station(refusals, station);
        remembered += refusals->stations[station].remembered;
        closed += refusals->stations[station].closed;
    }
    assert(remembered == refusals->remembered);
    assert(closed == refusals->closed);
    check_records(refusals);
}
