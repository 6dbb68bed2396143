/*
 * ledger - the books by station: how many ballots each sent, and what became
 * of them.
 *
 * Booked a run of rows at a time, from the verdicts: besides where ballots are
 * judged, so that agreeing with the shard's books says something. Books exist
 * for the numbers that came.
 *
 * Ownership: owns its books.   Threads: one owner.
 * Memory:    100 bytes a station that came, 4 to 8 more a number up to the highest.
 */
#ifndef PSP_LEDGER_H
#define PSP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "election/station_books.h"

struct psp_ledger;

/* PSP_ENOMEM. */
enum psp_status psp_ledger_create(struct psp_ledger **ret_stations);
/* Takes NULL, too. */
void psp_ledger_destroy(struct psp_ledger **stations);

/* Makes books for a number, 0 to PSP_STATIONS_MAX, that has none yet. Until then
 * nothing may be booked for it. PSP_ENOMEM: unchanged. */
enum psp_status psp_ledger_reach(struct psp_ledger *stations, uint32_t number);

/* Adds to a station's books what the entry at `index` did. */
void psp_ledger_book(struct psp_ledger *stations, uint32_t number, uint64_t index,
                     const struct psp_station_books *add);
/* Replaces them, with what a store holds. */
void psp_ledger_restore(struct psp_ledger *stations, uint32_t number, uint64_t index,
                        const struct psp_station_books *books);

/* Stations that came, and the books of the k-th of them, in order of coming. */
uint32_t psp_ledger_count(const struct psp_ledger *stations);
const struct psp_station_books *psp_ledger_at(const struct psp_ledger *stations, uint32_t k,
                                              uint32_t *ret_number);
/* Of a number; NULL: none came. */
const struct psp_station_books *psp_ledger_of(const struct psp_ledger *stations, uint32_t number);
/* The sum of all books, kept beside them. */
const struct psp_station_books *psp_ledger_sum(const struct psp_ledger *stations);

/* Books changed after `base`, by number (election/station_books.h). Returns the
 * bytes needed; writes what fits into `size`. */
size_t psp_ledger_encode_since(const struct psp_ledger *stations, uint64_t base, uint8_t *ret_bytes,
                               size_t size);

/* The numbers booked since the last settle, and how many; in order of change. */
const uint32_t *psp_ledger_changed(const struct psp_ledger *stations, uint32_t *ret_n);
void psp_ledger_settle(struct psp_ledger *stations);

/* Asserts what must hold between two calls: in checked builds (base/checked.h) of every
 * station, too. */
void psp_ledger_check(const struct psp_ledger *stations);

/* Of books and tables. */
uint64_t psp_ledger_memory_bytes(const struct psp_ledger *stations);

#endif
