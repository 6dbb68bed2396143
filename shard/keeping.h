/*
 * keeping - the threads that read, scrub and mend the log for a replica's core.
 *
 * The loop never reads a file: what the core wishes for is done here, and told when
 * it is done. What is damaged, and what is mended, is told to people as well.
 *
 * Ownership: log and core stay the caller's.   Threads: one owner; wake is called on others.
 * Memory:    records read for others until they are told.
 */
#ifndef PSP_KEEPING_H
#define PSP_KEEPING_H

#include <stdbool.h>

#include "base/reason.h"
#include "shard/core/core.h"

struct psp_keeping;

/* `wake` is called whenever psp_keeping_tell may have something. PSP_ENOMEM. */
enum psp_status psp_keeping_create(struct psp_journal *log, struct psp_core *core,
                                   void (*wake)(void *context), void *context,
                                   struct psp_keeping **ret_keeping);
/* Waits for what is being read, and ends a scrub. */
void psp_keeping_destroy(struct psp_keeping **keeping);

/* PSP_CORE_LOAD, _READ, _SCRUB and _MEND; another one is a bug. PSP_ENOMEM. */
enum psp_status psp_keeping_do(struct psp_keeping *keeping, const struct psp_core_action *action);

enum psp_keeping_news {
    PSP_KEEPING_NOTHING,
    PSP_KEEPING_TOLD,   /* the core was told something: carry out what it wants, then ask again */
    PSP_KEEPING_MENDED, /* likewise, and a record is whole again */
    PSP_KEEPING_FAILED, /* the process must end; the reason says why */
};
enum psp_keeping_news psp_keeping_tell(struct psp_keeping *keeping, struct psp_core_time now,
                                       struct psp_reason *reterr_reason);
/* Tells the core what is known to be damaged; false: nothing is. psp_keeping_tell does so when
 * something may have changed, and at first; this is for a start that found damage. */
bool psp_keeping_tell_damage(struct psp_keeping *keeping, struct psp_core_time now);

#endif
