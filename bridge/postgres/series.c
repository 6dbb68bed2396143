/* Round and round: a contest that changes always does not keep the others waiting. */
#include "bridge/postgres/series.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum psp_status psp_pg_series_start(struct psp_pg_series *series, uint32_t contest_count)
{
    psp_pg_series_free(series);
    series->changed = malloc(contest_count ? contest_count : 1);
    if (!series->changed)
        return PSP_ENOMEM;
    series->contest_count = contest_count;
    psp_pg_series_changed_all(series);
    return PSP_OK;
}

void psp_pg_series_free(struct psp_pg_series *series)
{
    free(series->changed);
    *series = (struct psp_pg_series){0};
}

void psp_pg_series_changed(struct psp_pg_series *series, uint32_t contest)
{
    assert(contest < series->contest_count);
    series->changed[contest] = true;
}

void psp_pg_series_changed_all(struct psp_pg_series *series)
{
    for (uint32_t c = 0; c < series->contest_count; c++)
        series->changed[c] = true;
}

bool psp_pg_series_turn(struct psp_pg_series *series, uint64_t now_ms)
{
    series->batch_count = 0;
    if (now_ms < series->due_ms)
        return false;
    for (uint32_t i = 0; i < series->contest_count; i++) {
        const uint32_t contest = (series->at + i) % series->contest_count;
        if (series->changed[contest] && series->batch_count < PSP_PG_SERIES_BATCH)
            series->batch[series->batch_count++] = contest;
    }
    return series->batch_count > 0;
}

void psp_pg_series_written(struct psp_pg_series *series, uint64_t now_ms, uint64_t took_ms)
{
    const uint64_t rest_ms = took_ms * PSP_PG_SERIES_SHARE;
    for (uint32_t i = 0; i < series->batch_count; i++) {
        assert(series->batch[i] < series->contest_count);
        series->changed[series->batch[i]] = false;
        series->at = series->batch[i] + 1;
    }
    series->batch_count = 0;
    series->due_ms = now_ms + (rest_ms > PSP_PG_SERIES_MS ? rest_ms : PSP_PG_SERIES_MS);
}
