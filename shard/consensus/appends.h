/*
 * appends - the appends on their way to the disk, by number.
 *
 * A number and not an index says what is durable: a later append may replace
 * what an earlier one wrote.
 *
 * Ownership: owns its list.
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_APPENDS_H
#define PSP_CONSENSUS_APPENDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct psp_append {
    uint64_t number, first, last; /* entries [first, last] */
};

/* A queue; zero-initialise, with next_number 1. */
struct psp_appends {
    uint64_t next_number;
    struct psp_append *items; /* [first, end) */
    size_t first, end, capacity;
};

/* Takes the next number. PSP_ENOMEM. */
enum psp_status psp_appends_push(struct psp_appends *appends, uint64_t first, uint64_t last);
/* Takes out all up to `number`; returns the highest index that is durable and
 * not about to be replaced by a later one, 0 for none. */
uint64_t psp_appends_done(struct psp_appends *appends, uint64_t number);
/* Asserts that it hangs together; every append in checked builds. */
void psp_appends_check(const struct psp_appends *appends);
void psp_appends_free(struct psp_appends *appends);

#endif
