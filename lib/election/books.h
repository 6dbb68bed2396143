/*
 * books - the counters that must balance, kept at separate places.
 *
 * `received` is raised where a row is decoded from a committed entry,
 * `disposed[]` where it is judged, `added_*` where it is added to the totals,
 * `voters_counted` where the voter record is marked: that they agree proves
 * that the four places saw the same ballots.
 */
#ifndef PSP_BOOKS_H
#define PSP_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "election/verdict.h"

struct psp_books {
    uint64_t received;
    uint64_t disposed[PSP_DISPOSITIONS_END]; /* [0] unused */
    uint64_t added_ballots;                  /* ballots added to the totals */
    uint64_t voters_counted;                 /* voter records marked counted */
};

/* received = sum of the six dispositions, counted = added = voters_counted. */
bool psp_books_balanced(const struct psp_books *books);

/* ret_sum += add, field by field. */
void psp_books_add(struct psp_books *ret_sum, const struct psp_books *add);

#endif
