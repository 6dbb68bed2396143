/*
 * books - the counters that must balance, kept at separate places.
 *
 * `received` is raised where a row is decoded from a committed entry,
 * `disposed[]` where it is judged, `added_ballots` where it is added to the
 * totals, `voters_counted` where the voter record is marked: that they agree
 * proves that the four places saw the same ballots.
 *
 * A counter more is a line in the table, a field of Books in proto/ and a new
 * format number for the two stores, whose bytes follow the table.
 *
 * Threads: any; pure.
 */
#ifndef PSP_BOOKS_H
#define PSP_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "election/verdict.h"

/* In the order of Books in proto/, of the stores and of the API.
 * OWN(name): a field of that name; DISPOSED: as in PSP_DISPOSITIONS. */
#define PSP_BOOKS(OWN, DISPOSED)                                                                   \
    OWN(received)                                                                                  \
    PSP_DISPOSITIONS(DISPOSED)                                                                     \
    OWN(added_ballots)                                                                             \
    OWN(voters_counted)

struct psp_books {
    uint64_t disposed[PSP_DISPOSITIONS_END]; /* [0] unused */
#define OWN(name) uint64_t name;
#define DISPOSED(NAME, word, value)
    PSP_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
};

#define OWN(name) +1
#define DISPOSED(NAME, word, value) +1
enum {
    PSP_BOOKS_COUNTERS = 0 PSP_BOOKS(OWN, DISPOSED),
    PSP_BOOKS_BYTES = 8 * PSP_BOOKS_COUNTERS,
};
#undef OWN
#undef DISPOSED

/* The counters by number, 0 to PSP_BOOKS_COUNTERS - 1: the word of the API
 * ("received", "double_vote", ...) and where it stands in `books`. */
const char *psp_books_name(unsigned counter);
uint64_t psp_books_get(const struct psp_books *books, unsigned counter);
void psp_books_set(struct psp_books *books, unsigned counter, uint64_t value);

/* received = sum of the dispositions, counted = added = voters_counted. */
bool psp_books_balanced(const struct psp_books *books);

/* ret_sum += add, counter by counter. */
void psp_books_add(struct psp_books *ret_sum, const struct psp_books *add);

/* Every counter agrees. */
bool psp_books_same(const struct psp_books *a, const struct psp_books *b);
/* Some counter of `now` is lower than that of `before`. */
bool psp_books_went_down(const struct psp_books *before, const struct psp_books *now);

/* As a store keeps them: a little-endian number of 8 bytes a counter. */
void psp_books_pack(const struct psp_books *books, uint8_t ret_bytes[PSP_BOOKS_BYTES]);
void psp_books_unpack(const uint8_t bytes[PSP_BOOKS_BYTES], struct psp_books *ret_books);

#endif
