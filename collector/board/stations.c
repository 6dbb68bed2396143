/* One array by number a shard, and one for the sum, which follows by differences. */
#include "collector/board/stations.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { STATIONS = PSP_STATIONS_MAX + 1 }; /* by number; 0 is in no list of stations */

enum psp_status psp_board_stations_create(struct psp_board_stations *ret_stations)
{
    struct psp_board_station *list = calloc(STATIONS, sizeof *list);
    if (!list)
        return PSP_ENOMEM;
    *ret_stations = (struct psp_board_stations){.list = list};
    return PSP_OK;
}

void psp_board_stations_free(struct psp_board_stations *stations)
{
    free(stations->list);
    *stations = (struct psp_board_stations){0};
}

/* Whether any number of [first, end) has books. */
static bool any_books(const struct psp_board_stations *held, uint32_t first, uint32_t end)
{
    end = end < held->end ? end : held->end;
    assert(end <= STATIONS);
    for (uint32_t number = first; number < end; number++) {
        if (held->list[number].index > 0)
            return true;
    }
    return false;
}

bool psp_board_stations_compare(const struct psp_board_stations *held, struct psp_bytes bytes,
                                bool whole, struct psp_board_stations_news *ret_news)
{
    struct psp_board_stations_news news = {0};
    uint32_t next = 0;
    while (bytes.length > 0) {
        const uint32_t unlisted = next;
        struct psp_station_books books;
        uint32_t number;
        if (!psp_station_books_decode(&bytes, &next, PSP_STATIONS_MAX, &number, &books))
            return false;
        if (whole && any_books(held, unlisted, number))
            news.differs = news.lower = true;
        for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++) {
            const uint64_t now = psp_station_books_get(&books, i);
            const uint64_t before = psp_station_books_get(&held->list[number].books, i);
            news.differs |= now != before;
            news.lower |= now < before;
        }
    }
    if (whole && any_books(held, next, held->end))
        news.differs = news.lower = true;
    *ret_news = news;
    return true;
}

static struct psp_board_station *reach(struct psp_board_stations *stations, uint32_t number)
{
    assert(number < STATIONS);
    if (number >= stations->end)
        stations->end = number + 1;
    return &stations->list[number];
}

/* sum += now - before, counter by counter. */
static void follow(struct psp_board_stations *sum, uint32_t number,
                   const struct psp_station_books *before, const struct psp_station_books *now,
                   uint64_t change)
{
    struct psp_board_station *station = reach(sum, number);
    assert(number < sum->end && station->index <= change);
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_station_books_set(&station->books, i,
                              psp_station_books_get(&station->books, i) +
                                  psp_station_books_get(now, i) - psp_station_books_get(before, i));
    station->index = change;
}

void psp_board_stations_take(struct psp_board_stations *held, struct psp_board_stations *sum,
                             struct psp_bytes bytes, uint64_t index, uint64_t change)
{
    uint32_t next = 0;
    while (bytes.length > 0) {
        struct psp_station_books books;
        uint32_t number;
        const bool read =
            psp_station_books_decode(&bytes, &next, PSP_STATIONS_MAX, &number, &books);
        assert(read);
        struct psp_board_station *station = reach(held, number);
        assert(station->index <= index);
        follow(sum, number, &station->books, &books, change);
        *station = (struct psp_board_station){books, index};
    }
}

void psp_board_stations_restore(struct psp_board_stations *held, uint32_t number,
                                const struct psp_station_books *books)
{
    struct psp_board_station *station = reach(held, number);
    assert(station->index == 0);
    station->books = *books;
}

void psp_board_stations_settle(struct psp_board_stations *held, struct psp_board_stations *sum,
                               uint64_t index, uint64_t change)
{
    static const struct psp_station_books none;
    for (uint32_t number = 0; number < held->end; number++) {
        struct psp_board_station *station = &held->list[number];
        if (memcmp(&station->books, &none, sizeof none) == 0)
            continue;
        station->index = index;
        follow(sum, number, &none, &station->books, change);
    }
}

void psp_board_stations_forget(struct psp_board_stations *held, struct psp_board_stations *sum)
{
    static const struct psp_station_books none;
    for (uint32_t number = 0; number < held->end; number++) {
        struct psp_board_station *station = &held->list[number];
        if (station->index == 0)
            continue;
        follow(sum, number, &station->books, &none, sum->list[number].index);
        *station = (struct psp_board_station){0};
    }
    held->end = 0;
}
