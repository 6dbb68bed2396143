/*
 * taken - may these returns be cast into their units, or has another cast been there?
 *
 * Returns are published again and again: corrected, and with more places. Cast on top
 * of the first ones they would count every unit twice, and no voter could tell, since
 * the voters of both are made up. So each cast leaves a record (cli/returns/cast_record.h),
 * and a unit of another record that holds ballots on the board refuses this one, before
 * its first ballot. The same cast, begun again, finds its own record and goes on.
 *
 * Of a unit where nothing is counted yet the record goes over to the newer cast, unless
 * the older one is under way: a cast holds a lock on its record.
 *
 * Threads: one owner.
 */
#ifndef PSP_CAST_TAKEN_H
#define PSP_CAST_TAKEN_H

#include <stdbool.h>

#include "base/reason.h"
#include "cli/folder/target.h"
#include "cli/returns/cast_record.h"

struct psp_taken {
    const struct psp_target *target;
    struct psp_cast_record *own; /* made, not stored; its leaves are those that get ballots */
    bool again;                  /* whatever others cast there */
};

/* Stores the record. *ret_lock: held while the cast is under way (base/system/lock.h).
 * PSP_EEXIST: units are another cast's; PSP_EUNREACHABLE, PSP_ETIMEDOUT: no collector
 * says whether they hold ballots; PSP_EBUSY: another cast begins there; PSP_EPERM,
 * PSP_ENOSPC, PSP_EIO: the record cannot be read or written. Each with what to do; nothing
 * is stored then. */
enum psp_status psp_taken_begin(const struct psp_taken *taken, int *ret_lock,
                                struct psp_reason *reterr_reason);

#endif
