/* Books in order of coming, and a table from numbers to them. */
#include "count/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/memory/grow.h"

struct psp_station {
    struct psp_station_books books;
    uint64_t index; /* of the entry that changed them last */
    uint32_t number;
    bool changed; /* since the last settle */
};

struct psp_ledger {
    struct psp_station *stations; /* in order of coming */
    size_t capacity;
    uint32_t count;
    uint32_t *places; /* by number: place in `stations` + 1, 0 none */
    size_t places_count;
    uint32_t *changed; /* numbers; room for all that came */
    size_t changed_capacity;
    uint32_t changed_count;
    uint64_t index; /* of the newest entry that changed any */
    struct psp_station_books sum;
};

enum psp_status psp_ledger_create(struct psp_ledger **ret_stations)
{
    struct psp_ledger *stations = calloc(1, sizeof *stations);
    if (!stations)
        return PSP_ENOMEM;
    *ret_stations = stations;
    return PSP_OK;
}

void psp_ledger_destroy(struct psp_ledger **stations)
{
    if (!*stations)
        return;
    free((*stations)->changed);
    free((*stations)->places);
    free((*stations)->stations);
    free(*stations);
    *stations = NULL;
}

enum psp_status psp_ledger_reach(struct psp_ledger *stations, uint32_t number)
{
    assert(number <= PSP_STATIONS_MAX);
    if (number < stations->places_count && stations->places[number] != 0)
        return PSP_OK;
    const size_t before = stations->places_count;
    if (!PSP_GROW(stations->places, stations->places_count, (size_t)number + 1))
        return PSP_ENOMEM;
    memset(stations->places + before, 0,
           (stations->places_count - before) * sizeof *stations->places);
    const size_t n = (size_t)stations->count + 1;
    if (!PSP_GROW(stations->stations, stations->capacity, n) ||
        !PSP_GROW(stations->changed, stations->changed_capacity, n))
        return PSP_ENOMEM;
    stations->stations[stations->count] = (struct psp_station){.number = number};
    stations->places[number] = ++stations->count;
    assert(stations->count <= PSP_STATIONS_MAX + 1); /* each number once */
    return PSP_OK;
}

static struct psp_station *station_of(const struct psp_ledger *stations, uint32_t number)
{
    assert(number < stations->places_count);
    assert(stations->places[number] != 0);
    assert(stations->places[number] <= stations->count);
    struct psp_station *station = &stations->stations[stations->places[number] - 1];
    assert(station->number == number);
    return station;
}

void psp_ledger_book(struct psp_ledger *stations, uint32_t number, uint64_t index,
                     const struct psp_station_books *add)
{
    struct psp_station *station = station_of(stations, number);
    assert(index >= station->index);
    assert(index >= stations->index);
    assert(add->forgotten > 0 || psp_station_books_balanced(add)); /* promise 3 */
    psp_station_books_add(&station->books, add);
    psp_station_books_add(&stations->sum, add);
    station->index = stations->index = index;
    if (station->changed)
        return;
    station->changed = true;
    assert(stations->changed_count < stations->changed_capacity);
    stations->changed[stations->changed_count++] = number;
}

void psp_ledger_restore(struct psp_ledger *stations, uint32_t number, uint64_t index,
                        const struct psp_station_books *books)
{
    struct psp_station *station = station_of(stations, number);
    assert(index >= stations->index);
    assert(psp_station_books_balanced(books)); /* the caller has looked */
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_station_books_set(&stations->sum, i,
                              psp_station_books_get(&stations->sum, i) -
                                  psp_station_books_get(&station->books, i) +
                                  psp_station_books_get(books, i));
    station->books = *books;
    station->index = stations->index = index;
}

uint32_t psp_ledger_count(const struct psp_ledger *stations)
{
    return stations->count;
}

const struct psp_station_books *psp_ledger_at(const struct psp_ledger *stations, uint32_t k,
                                              uint32_t *ret_number)
{
    assert(k < stations->count);
    *ret_number = stations->stations[k].number;
    return &stations->stations[k].books;
}

const struct psp_station_books *psp_ledger_of(const struct psp_ledger *stations, uint32_t number)
{
    if (number >= stations->places_count || stations->places[number] == 0)
        return NULL;
    return &station_of(stations, number)->books;
}

const struct psp_station_books *psp_ledger_sum(const struct psp_ledger *stations)
{
    return &stations->sum;
}

size_t psp_ledger_encode_since(const struct psp_ledger *stations, uint64_t base, uint8_t *ret_bytes,
                               size_t size)
{
    size_t length = 0;
    uint32_t next = 0;
    if (stations->index <= base)
        return 0; /* often, and there may be 100,000 numbers to look at */
    for (uint32_t number = 0; number < stations->places_count; number++) {
        if (stations->places[number] == 0)
            continue;
        const struct psp_station *station = station_of(stations, number);
        if (station->index <= base)
            continue;
        uint8_t bytes[PSP_STATION_ENCODED_MAX];
        const size_t n = psp_station_books_encode(next, number, &station->books, bytes);
        if (length + n <= size)
            memcpy(ret_bytes + length, bytes, n);
        length += n;
        next = number + 1;
    }
    assert(length > 0); /* one of them is as new as the ledger */
    return length;
}

const uint32_t *psp_ledger_changed(const struct psp_ledger *stations, uint32_t *ret_n)
{
    *ret_n = stations->changed_count;
    return stations->changed;
}

void psp_ledger_settle(struct psp_ledger *stations)
{
    for (uint32_t i = 0; i < stations->changed_count; i++) {
        struct psp_station *station = station_of(stations, stations->changed[i]);
        assert(station->changed); /* told once */
        station->changed = false;
    }
    stations->changed_count = 0;
}

uint64_t psp_ledger_memory_bytes(const struct psp_ledger *stations)
{
    return sizeof *stations + stations->capacity * sizeof *stations->stations +
           stations->places_count * sizeof *stations->places +
           stations->changed_capacity * sizeof *stations->changed;
}

/* ---- what must hold ---- */

void psp_ledger_check(const struct psp_ledger *stations)
{
    assert(stations->count <= stations->capacity);
    assert(stations->count <= stations->places_count);
    assert(stations->changed_count <= stations->count);
    assert(stations->changed_count <= stations->changed_capacity);
    if (!PSP_CHECKED)
        return;
    struct psp_station_books sum = {0};
    uint32_t changed = 0;
    for (uint32_t k = 0; k < stations->count; k++) {
        const struct psp_station *station = &stations->stations[k];
        assert(station_of(stations, station->number) == station);
        assert(station->index <= stations->index);
        psp_station_books_add(&sum, &station->books);
        changed += station->changed;
    }
    assert(changed == stations->changed_count);
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        assert(psp_station_books_get(&sum, i) == psp_station_books_get(&stations->sum, i));
}
