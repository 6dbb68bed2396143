/*
 * target - what a sink writes to: a database, a search node, a Kafka topic.
 *
 *     open ─▶ holds ─▶ ( begin ─▶ row … ─▶ commit | abandon ) … ─▶ close ─▶ open …
 *
 * The runner (bridge/sink/runner.h) calls it from its one thread, which may be blocked for
 * about a second at a time: longer waits look at the stop (bridge/local/stop.h).
 *
 * What a status means to the runner, of any call:
 *   PSP_EPERM, PSP_EINVAL, PSP_EMISMATCH, PSP_EVERSION, PSP_ECORRUPT
 *                 for good: the process ends with the reason's words (fenced by another
 *                 writer, a setting that is wrong, tables of a later version)
 *   any other     for now: what was begun is abandoned, the target closed, and opened again
 *                 after a while (backoff; 30 s at most)
 * An answer is never handed out in part: begin comes when all of it is here and it is as
 * new as what is held, or newer.
 *
 * Ownership: the target is its maker's; the runner calls close before it returns.
 * Threads:   the runner's.
 */
#ifndef PSP_BRIDGE_TARGET_H
#define PSP_BRIDGE_TARGET_H

#include <jansson.h>
#include <stdbool.h>

#include "base/reason.h"
#include "bridge/core/vector.h"
#include "election/definition/definition.h"

struct psp_bridge_target {
    /* Connects and makes ready, also again after an error. */
    enum psp_status (*open)(void *self, const struct psp_definition *definition,
                            struct psp_reason *reterr_reason);
    /* What it holds already, as it says itself (psp_bridge_vector_read); left empty: nothing.
     * Called after every open, and after a commit that was PSP_EBUSY. */
    enum psp_status (*holds)(void *self, struct psp_bridge_vector *ret_vector,
                             struct psp_reason *reterr_reason);
    /* One answer of /changes. `whole`: all rows anew; rows that do not come are no longer shown. */
    enum psp_status (*begin)(void *self, bool whole, struct psp_reason *reterr_reason);
    /* A line of kind result, turnout or books. */
    enum psp_status (*row)(void *self, const json_t *line, struct psp_reason *reterr_reason);
    /* All of it at once, where the target can; with the version that `end`, the last line, has.
     * Comes without rows, too, when only the version, state or staleness is another.
     * PSP_EBUSY: somebody wrote what is newer: fine, nothing of this was written. */
    enum psp_status (*commit)(void *self, const json_t *end, struct psp_reason *reterr_reason);
    /* Nothing has changed for a while (PSP_BRIDGE_IDLE_S): what is done beside is done now, and
     * a target that is gone is noticed. `end` as in commit. NULL: nothing is to be done. */
    enum psp_status (*idle)(void *self, const json_t *end, struct psp_reason *reterr_reason);
    /* What was begun comes to nothing: after begin or row failed. */
    void (*abandon)(void *self);
    /* Also of one that is not open. */
    void (*close)(void *self);
    /* What is not as it should be while it follows, or NULL: nothing. NULL: there is no such. */
    const char *(*note)(void *self);
    void *self;
    char to_empty[256]; /* how a person takes away what it holds: a statement, a command */
    bool standing;      /* results come with level, margin, report …: `standing=1` of /changes */
};

#endif
