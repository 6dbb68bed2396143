/*
 * slot - the views that can be asked for: the newest, and those shown a moment ago.
 *
 * A page asks for its parts one after the other, and all of them are to be of one
 * version: so a view is kept after another has taken its place, for PSP_VIEWS_KEPT_MS,
 * and in PSP_VIEWS_KEPT_BYTES with all that are kept; but never fewer than the newest
 * two. Afterwards who asks for it is told to begin again.
 *
 *     put ─▶ newest, one before, …, oldest ─▶ dropped: too old, too many bytes
 *
 * Ownership: counted references.   Threads: the loop puts, any number take; has a lock.
 * Memory:    the views. Bytes are those of their arrays (psp_view.bytes).
 */
#ifndef PSP_VIEW_SLOT_H
#define PSP_VIEW_SLOT_H

#include <pthread.h>
#include <stdint.h>

#include "collector/view/view.h"

enum {
    PSP_VIEWS_KEPT_MS = 5000, /* after it was the newest */
    PSP_VIEWS_KEPT_MIN = 2,
    PSP_VIEWS_KEPT_MAX = 64, /* more than are published in that time */
};
#define PSP_VIEWS_KEPT_BYTES ((uint64_t)256 << 20)

struct psp_view_kept {
    struct psp_view *view;
    uint64_t until_ms; /* UINT64_MAX: it is the newest */
};

struct psp_view_slot {
    pthread_mutex_t lock;
    uint32_t count;
    uint64_t bytes;                                /* of all */
    struct psp_view_kept kept[PSP_VIEWS_KEPT_MAX]; /* the newest first */
};

/* Empty; clear gives back what it holds. */
void psp_view_slot_init(struct psp_view_slot *slot);
void psp_view_slot_clear(struct psp_view_slot *slot);
/* The newest from now on. Takes over the caller's reference. */
void psp_view_slot_put(struct psp_view_slot *slot, struct psp_view *view, uint64_t now_ms);
/* Drops what is not to be kept any longer. */
void psp_view_slot_expire(struct psp_view_slot *slot, uint64_t now_ms);
/* The newest, a reference of the caller's own; NULL before the first put. */
struct psp_view *psp_view_slot_take(struct psp_view_slot *slot);
/* The one with this ID, likewise; NULL: not kept, or of another process. */
struct psp_view *psp_view_slot_find(struct psp_view_slot *slot, const char *id, uint64_t now_ms);

#endif
