/*
 * series - whose curve is to be asked for next, so that it costs little.
 *
 * /series is asked contest by contest, and an answer has up to 480 points: not after each
 * version, then, and not of all contests of a large election at once. A contest is asked again
 * when it has changed; at most PSP_PG_SERIES_BATCH in one turn; a turn begins PSP_PG_SERIES_MS
 * after the last one at the earliest, and later when that one took long: at most a twentieth of
 * the time goes into it.
 *
 * Ownership: of its own bits.   Threads: one owner; pure.   Memory: a byte a contest.
 */
#ifndef PSP_PG_SERIES_H
#define PSP_PG_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { PSP_PG_SERIES_BATCH = 50, PSP_PG_SERIES_MS = 10000, PSP_PG_SERIES_SHARE = 20 };

struct psp_pg_series { /* zero-initialise, then psp_pg_series_start */
    bool *changed;     /* [contest_count] */
    uint32_t contest_count, at;
    uint64_t due_ms;
    uint32_t batch[PSP_PG_SERIES_BATCH], batch_count;
};

/* All of them have changed then. PSP_ENOMEM. */
enum psp_status psp_pg_series_start(struct psp_pg_series *series, uint32_t contest_count);
void psp_pg_series_free(struct psp_pg_series *series);

/* One of them, all of them: has to be asked for again. */
void psp_pg_series_changed(struct psp_pg_series *series, uint32_t contest);
void psp_pg_series_changed_all(struct psp_pg_series *series);

/* Fills `batch` with those whose turn it is; false: it is not time, or nothing has changed. */
bool psp_pg_series_turn(struct psp_pg_series *series, uint64_t now_ms);
/* The batch is written; it took so long. What changed meanwhile has to be told again. */
void psp_pg_series_written(struct psp_pg_series *series, uint64_t now_ms, uint64_t took_ms);

#endif
