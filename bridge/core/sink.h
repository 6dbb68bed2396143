/*
 * sink - what a bridge does next so that its target holds what the cluster shows.
 *
 *     lost ──OPEN──▶ open ──ASK──▶ answer ──judge──▶ APPLY ──▶ applied ──▶ ASK …
 *      ▲    backoff   ▲               │                │
 *      │              │               │ BEHIND,        │ the target fails
 *      └──────────────┼───────────────┼────────────────┘
 *                     │               ▼ NOT_LEVEL
 *                     └── LOOK ◀── the next collector, after all of them a wait
 *
 * What the target says that it holds decides, not what this process remembers: an answer
 * is written when its vector is EQUAL to it or NEWER. What is OLDER (a collector that is
 * behind) or APART waits, and only its version is looked at until it is neither. `since` is
 * of one collector's process: another is asked for everything. While the target is lost
 * nobody is asked for rows; then comes what has changed since, or the newest whole, never
 * a backlog.
 *
 * Pure: no socket, clock or random. The shell calls next, does it, and tells.
 *
 * Ownership: plain values.   Threads: one owner.
 */
#ifndef PSP_BRIDGE_SINK_H
#define PSP_BRIDGE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/core/backoff.h"
#include "bridge/core/vector.h"

enum {
    PSP_BRIDGE_ID_BYTES = 65,    /* of a version, its end included */
    PSP_BRIDGE_SINCE_BYTES = 80, /* version.id, a point, a digit */
    PSP_BRIDGE_STATE_BYTES = 16, /* "open" */
    PSP_BRIDGE_WAIT_S = 30,      /* that a collector waits for something to tell */
    PSP_BRIDGE_IDLE_S = 10,      /* likewise, where the target has an `idle` */
    PSP_BRIDGE_TARGET_BACKOFF_MS = 30000,
    PSP_BRIDGE_API_BACKOFF_MS = 5000,
};

enum psp_bridge_do {
    PSP_BRIDGE_DO_OPEN = 1,
    PSP_BRIDGE_DO_LOOK, /* ask for the version alone */
    PSP_BRIDGE_DO_ASK,
    PSP_BRIDGE_DO_WAIT,
};

struct psp_bridge_turn {
    enum psp_bridge_do what;
    uint32_t api;      /* LOOK, ASK: which of the collectors */
    const char *since; /* ASK: NULL: everything */
    uint32_t wait_s;   /* ASK */
    uint64_t until_ms; /* WAIT */
};

/* The last line of an answer. */
struct psp_bridge_end {
    struct psp_bridge_vector version;
    char id[PSP_BRIDGE_ID_BYTES];
    char state[PSP_BRIDGE_STATE_BYTES]; /* of the election */
    bool stale;
};

struct psp_bridge_sink { /* psp_bridge_sink_start; read it, change nothing */
    char cluster[PSP_BRIDGE_CLUSTER_BYTES];
    uint32_t api_count, api;            /* api: which is asked */
    uint32_t api_failed;                /* in a row, of so many */
    bool is_open, in_doubt, is_ahead;   /* is_ahead: the target, of who was asked last */
    char since[PSP_BRIDGE_SINCE_BYTES]; /* "": everything */
    uint32_t since_api;                 /* whose it is */
    struct psp_bridge_end last;         /* written; what `since` is as of */
    struct psp_bridge_vector held;      /* by the target */
    uint64_t wait_until_ms;             /* 0: no need to */
    struct psp_bridge_backoff target_backoff, api_backoff;
};

/* `cluster`: hex. `seed`: not 0. */
void psp_bridge_sink_start(struct psp_bridge_sink *sink, const char *cluster, uint32_t api_count,
                           uint64_t seed);

/* What to do now. */
void psp_bridge_sink_next(struct psp_bridge_sink *sink, uint64_t now_ms,
                          struct psp_bridge_turn *ret_turn);

/* ---- what came of it ---- */

/* The target is there, and holds this. False: it is of another cluster, and nothing that
 * waits will make it this one's. */
bool psp_bridge_sink_opened(struct psp_bridge_sink *sink, const struct psp_bridge_vector *held);
/* Opening, or writing, failed; the target is closed. `in_doubt`: it may have been written. */
void psp_bridge_sink_lost(struct psp_bridge_sink *sink, bool in_doubt, uint64_t now_ms);

/* The collector did not answer, or not to the end. */
void psp_bridge_sink_unanswered(struct psp_bridge_sink *sink, uint64_t now_ms);
/* It does not know `since`. */
void psp_bridge_sink_gone(struct psp_bridge_sink *sink);

enum psp_bridge_verdict {
    PSP_BRIDGE_APPLY = 1, /* of a look: it may be asked */
    PSP_BRIDGE_NOTHING,   /* proved current */
    PSP_BRIDGE_BEHIND,    /* older than what is held */
    PSP_BRIDGE_NOT_LEVEL, /* apart from it */
    PSP_BRIDGE_FOREIGN,   /* of another cluster */
};
/* A whole answer with so many lines before its end. APPLY: to be written, then told by
 * `applied`; all others have been dealt with. */
enum psp_bridge_verdict psp_bridge_sink_judge(struct psp_bridge_sink *sink,
                                              const struct psp_bridge_end *end, uint64_t lines,
                                              uint64_t now_ms);
/* The same of a LOOK: never NOTHING. */
enum psp_bridge_verdict psp_bridge_sink_look(struct psp_bridge_sink *sink,
                                             const struct psp_bridge_vector *version,
                                             uint64_t now_ms);
/* It was written, or somebody else had written what is newer: `held` is what the target
 * holds by now. */
void psp_bridge_sink_applied(struct psp_bridge_sink *sink, const struct psp_bridge_end *end,
                             const struct psp_bridge_vector *held);

#endif
