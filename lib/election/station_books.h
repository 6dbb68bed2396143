/*
 * station_books - what became of the ballots that one station sent.
 *
 * The dispositions are those of the shard's books (books.h): summed over all
 * stations they are the same numbers. `forgotten` says of how many refused
 * ballots the first verdict is not remembered any more.
 *
 * A counter more is a line in the table, and a new format number for the
 * shard's store, whose bytes follow the table.
 *
 * Encoding, of many stations: a station is a varint gap (its number less the
 * number before it, less 1; the first: its number) and a varint for each counter
 * in the order of the table; numbers ascend.
 *
 * Threads: any; pure.
 */
#ifndef PSP_STATION_BOOKS_H
#define PSP_STATION_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "election/books.h"
#include "election/verdict.h"

/* OWN(name): a field of that name; DISPOSED: as in PSP_DISPOSITIONS. */
#define PSP_STATION_BOOKS(OWN, DISPOSED)                                                           \
    OWN(received)                                                                                  \
    PSP_DISPOSITIONS(DISPOSED)                                                                     \
    OWN(forgotten)

struct psp_station_books {
    uint64_t disposed[PSP_DISPOSITIONS_END]; /* [0] unused */
#define OWN(name) uint64_t name;
#define DISPOSED(NAME, word, value)
    PSP_STATION_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
};

#define OWN(name) +1
#define DISPOSED(NAME, word, value) +1
enum {
    PSP_STATION_COUNTERS = 0 PSP_STATION_BOOKS(OWN, DISPOSED),
    PSP_STATION_BOOKS_BYTES = 8 * PSP_STATION_COUNTERS,
    PSP_STATION_ENCODED_MAX =
        PSP_VARINT32_BYTES_MAX + PSP_VARINT64_BYTES_MAX * PSP_STATION_COUNTERS,
};
#undef OWN
#undef DISPOSED

/* The counters by number, 0 to PSP_STATION_COUNTERS - 1: the word of the API
 * ("received", "double_vote", ..., "forgotten") and where it stands in `books`. */
const char *psp_station_books_name(unsigned counter);
uint64_t psp_station_books_get(const struct psp_station_books *books, unsigned counter);
void psp_station_books_set(struct psp_station_books *books, unsigned counter, uint64_t value);

/* received = sum of the dispositions, and no more forgotten than may be. */
bool psp_station_books_balanced(const struct psp_station_books *books);
/* Of the refused ballots, those whose verdict may be forgotten: all but `closed`. */
uint64_t psp_station_books_forgettable(const struct psp_station_books *books);
/* ret_sum += add, counter by counter. */
void psp_station_books_add(struct psp_station_books *ret_sum, const struct psp_station_books *add);
/* What the two have in common is the same: all but `forgotten`. */
bool psp_station_books_agree(const struct psp_station_books *sum, const struct psp_books *books);

/* As a store keeps them: a little-endian number of 8 bytes a counter. */
void psp_station_books_pack(const struct psp_station_books *books,
                            uint8_t ret_bytes[PSP_STATION_BOOKS_BYTES]);
void psp_station_books_unpack(const uint8_t bytes[PSP_STATION_BOOKS_BYTES],
                              struct psp_station_books *ret_books);

/* Writes one station of the encoding; `next` is the number after the one written
 * last, 0 at first. Returns the bytes written. */
size_t psp_station_books_encode(uint32_t next, uint32_t number,
                                const struct psp_station_books *books,
                                uint8_t ret_bytes[PSP_STATION_ENCODED_MAX]);
/* Reads the next one off the front of *bytes, and makes *next what follows it.
 * False, all untouched: *bytes does not begin with a station of at most `most`. */
bool psp_station_books_decode(struct psp_bytes *bytes, uint32_t *next, uint32_t most,
                              uint32_t *ret_number, struct psp_station_books *ret_books);

#endif
