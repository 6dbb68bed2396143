/*
 * stations - the books by station: how many ballots each sent, and what became
 * of them.
 *
 * Booked a run of rows at a time, from the verdicts: besides where ballots are
 * judged, so that agreeing with the shard's books says something. Books exist
 * for the numbers that came.
 *
 * Ownership: owns its books.   Threads: one owner.
 * Memory:    100 bytes a station that came, 4 to 8 more a number up to the highest.
 */
#ifndef PSP_STATIONS_H
#define PSP_STATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "election/station_books.h"

struct psp_stations;

/* PSP_ENOMEM. */
enum psp_status psp_stations_create(struct psp_stations **ret_stations);
/* Takes NULL, too. */
void psp_stations_destroy(struct psp_stations **stations);

/* Makes books for a number, 0 to PSP_STATIONS_MAX, that has none yet. Until then
 * nothing may be booked for it. PSP_ENOMEM: unchanged. */
enum psp_status psp_stations_reach(struct psp_stations *stations, uint32_t number);

/* Adds to a station's books what the entry at `index` did. */
void psp_stations_book(struct psp_stations *stations, uint32_t number, uint64_t index,
                       const struct psp_station_books *add);
/* Replaces them, with what a store holds. */
void psp_stations_restore(struct psp_stations *stations, uint32_t number, uint64_t index,
                          const struct psp_station_books *books);

/* Stations that came, and the books of the k-th of them, in order of coming. */
uint32_t psp_stations_count(const struct psp_stations *stations);
const struct psp_station_books *psp_stations_at(const struct psp_stations *stations, uint32_t k,
                                                uint32_t *ret_number);
/* Of a number; NULL: none came. */
const struct psp_station_books *psp_stations_of(const struct psp_stations *stations,
                                                uint32_t number);
/* The sum of all books, kept beside them. */
const struct psp_station_books *psp_stations_sum(const struct psp_stations *stations);

/* Books changed after `base`, by number (election/station_books.h). Returns the
 * bytes needed; writes what fits into `size`. */
size_t psp_stations_encode_since(const struct psp_stations *stations, uint64_t base,
                                 uint8_t *ret_bytes, size_t size);

/* The numbers booked since the last settle, and how many; in order of change. */
const uint32_t *psp_stations_changed(const struct psp_stations *stations, uint32_t *ret_n);
void psp_stations_settle(struct psp_stations *stations);

/* Of books and tables. */
uint64_t psp_stations_memory_bytes(const struct psp_stations *stations);

#endif
