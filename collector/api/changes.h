/*
 * changes - the lines of /api/v1/changes: every row that is not what a reader has.
 *
 *     {"kind":"result", "unit", "method", "contest", …}   units depth first, in each its
 *     {"kind":"turnout","unit", …}                        contests, its methods, its turnout
 *     {"kind":"books",  "shard", …}                       in all, then shard by shard
 *     {"version", "as_of", "stale", "state", "publication"}   last: without it nothing holds
 *
 * What the reader has is told by the number of the board's change that it was shown
 * (view/version_id.h), and every row has the number of its last change: no view is
 * compared with another, and none is kept for it. A sum has changed when a row below it
 * has. A line is the whole of its row, so one that comes too often does no harm.
 *
 * An answer may be larger than memory: it is written piece by piece.
 *
 * Ownership: borrows the view.   Threads: one owner; the view is immutable.
 * Memory:    a number a changed leaf, and the piece under way.
 */
#ifndef PSP_API_CHANGES_H
#define PSP_API_CHANGES_H

#include "base/text/text.h"
#include "collector/api/api.h"

enum {
    PSP_CHANGES_PIECE_BYTES = 64 << 10, /* a piece ends behind the line that passes this */
    PSP_CHANGES_WAIT_S_MAX = 60,
    PSP_CHANGES_STALE_MS = 1000, /* of waiting, when it is stale from the start */
};

struct psp_changes;

/* PSP_ENOMEM. */
enum psp_status psp_changes_create(const struct psp_view *view,
                                   const struct psp_changes_question *question, bool stale,
                                   struct psp_changes **ret_changes);
void psp_changes_destroy(struct psp_changes **changes);

/* Whether there is anything to tell but the last line; or the election is in another state
 * than the reader knows. To be asked before anything is written. */
bool psp_changes_any(struct psp_changes *changes);

/* Appends a piece, whole lines; the last one ends with the answer's last line. Returns
 * false when that was written before: nothing is appended. */
bool psp_changes_write(struct psp_changes *changes, struct psp_text *text);

#endif
