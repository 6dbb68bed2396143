/*
 * stations - a shard's books by station, as its partials carry them; and their
 * sum over the shards.
 *
 * As with the rows: a partial carries the stations that changed since its base,
 * with base 0 all that have books, and within an epoch no counter goes down.
 *
 * Ownership: owns its books.   Threads: one owner.
 * Memory:    all at create, 80 bytes a number; numbers ascend from 1, and the
 *            system gives only what is touched: those up to the highest that came.
 */
#ifndef PSP_BOARD_STATIONS_H
#define PSP_BOARD_STATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "election/station_books.h"

struct psp_board_station {
    struct psp_station_books books;
    uint64_t index; /* of the partial that changed them last; 0: no books */
};

struct psp_board_stations {
    struct psp_board_station *list; /* [PSP_STATIONS_MAX + 1], by number */
    uint32_t end;                   /* numbers from here on have no books */
};

/* No books. PSP_ENOMEM. */
enum psp_status psp_board_stations_create(struct psp_board_stations *ret_stations);
void psp_board_stations_free(struct psp_board_stations *stations);

/* What an encoding (election/station_books.h) says against what is held; `whole`:
 * a station that it leaves out has no books. False: malformed. */
struct psp_board_stations_news {
    bool differs; /* from what is held */
    bool lower;   /* some counter is lower than what is held */
};
bool psp_board_stations_compare(const struct psp_board_stations *held, struct psp_bytes bytes,
                                bool whole, struct psp_board_stations_news *ret_news);

/* Replaces what is held, as of `index`, and the sum follows, as of `change`. The
 * bytes were compared. */
void psp_board_stations_take(struct psp_board_stations *held, struct psp_board_stations *sum,
                             struct psp_bytes bytes, uint64_t index, uint64_t change);

/* Puts a station's books where none were, as of no index yet; settle gives all
 * those their index and adds them to the sum. */
void psp_board_stations_restore(struct psp_board_stations *held, uint32_t number,
                                const struct psp_station_books *books);
void psp_board_stations_settle(struct psp_board_stations *held, struct psp_board_stations *sum,
                               uint64_t index, uint64_t change);

/* No books again; they leave the sum. */
void psp_board_stations_forget(struct psp_board_stations *held, struct psp_board_stations *sum);

#endif
