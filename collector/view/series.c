/* A fixed number of places; when they are full the buckets become twice as wide. */
#include "collector/view/series.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "collector/view/tally.h"

static_assert(PSP_SERIES_POINTS_MIN <= PSP_SERIES_POINTS_MAX, "there are points");
static_assert(PSP_SERIES_POINTS_MIN > 2, "so many are thinned before a bucket is half of all time");

/* After each call: times ascend, whatever a shard's clock said. */
static void check(const struct psp_series *series)
{
    assert(series->count <= series->points_max);
    assert(series->unsaved_from <= series->count);
    assert(series->width_ms >= PSP_SERIES_WIDTH_MS);
    for (uint32_t i = 1; PSP_CHECKED && i < series->count; i++)
        assert(series->times_ms[i - 1] < series->times_ms[i]);
}

void psp_series_destroy(struct psp_series **series)
{
    if (!*series)
        return;
    pthread_mutex_destroy(&(*series)->lock);
    free((*series)->times_ms);
    free((*series)->cells);
    free((*series)->everywhere);
    free(*series);
    *series = NULL;
}

/* Contests on every ballot style of their unit: there ballots are a difference of
 * prefix sums, else every leaf must be looked at. */
static void find_everywhere(struct psp_series *series)
{
    const struct psp_definition *definition = series->catalog->definition;
    for (uint32_t c = 0; c < definition->contest_count; c++) {
        const struct psp_unit_run run =
            psp_catalog_leaves(series->catalog, definition->contests[c].unit);
        series->everywhere[c] = 1;
        for (uint32_t leaf = run.first; leaf < run.end && series->everywhere[c]; leaf++)
            series->everywhere[c] = psp_catalog_styles_with(series->catalog, leaf, c) ==
                                    psp_leaf_style_count(definition, leaf);
    }
}

static uint32_t points_for(uint32_t row_cells)
{
    const uint64_t fit = PSP_SERIES_BYTES_MAX / ((uint64_t)row_cells * sizeof(uint64_t) + 1);
    if (fit > PSP_SERIES_POINTS_MAX)
        return PSP_SERIES_POINTS_MAX;
    return fit < PSP_SERIES_POINTS_MIN ? PSP_SERIES_POINTS_MIN : (uint32_t)fit;
}

enum psp_status psp_series_create(const struct psp_catalog *catalog, struct psp_series **ret_series)
{
    const struct psp_definition *definition = catalog->definition;
    struct psp_series *series = calloc(1, sizeof *series);
    if (!series)
        return PSP_ENOMEM;
    const int rc = pthread_mutex_init(&series->lock, NULL);
    assert(rc == 0);
    series->catalog = catalog;
    series->row_cells = definition->choice_count + definition->contest_count;
    series->points_max = points_for(series->row_cells);
    series->width_ms = PSP_SERIES_WIDTH_MS;
    series->times_ms = calloc(series->points_max, sizeof *series->times_ms);
    series->cells = calloc((size_t)series->points_max * series->row_cells + 1, sizeof(uint64_t));
    series->everywhere = calloc((size_t)definition->contest_count + 1, 1);
    if (!series->times_ms || !series->cells || !series->everywhere) {
        psp_series_destroy(&series);
        return PSP_ENOMEM;
    }
    assert(series->points_max >= PSP_SERIES_POINTS_MIN);
    assert(series->points_max <= PSP_SERIES_POINTS_MAX);
    find_everywhere(series);
    check(series);
    *ret_series = series;
    return PSP_OK;
}

static uint64_t *row_at(struct psp_series *series, uint32_t at)
{
    assert(at < series->points_max);
    return series->cells + (size_t)at * series->row_cells;
}

/* Buckets twice as wide: of two points in one the later stays. */
static void thin(struct psp_series *series)
{
    uint32_t kept = 0;
    assert(series->count == series->points_max && series->width_ms <= UINT64_MAX / 2);
    series->width_ms *= 2;
    for (uint32_t i = 0; i < series->count; i++) {
        if (kept > 0 &&
            series->times_ms[i] / series->width_ms == series->times_ms[kept - 1] / series->width_ms)
            kept--;
        series->times_ms[kept] = series->times_ms[i];
        if (kept != i)
            memcpy(row_at(series, kept), row_at(series, i), series->row_cells * sizeof(uint64_t));
        kept++;
    }
    assert(kept > 0 && kept <= series->count);
    series->count = kept;
    series->thinned = true;
    series->unsaved_from = 0;
}

/* The row for a time: the last one when it is of the same bucket. Times never
 * go back, except when a restored shard has an older clock: then the last
 * bucket takes it. */
static uint64_t *place_for(struct psp_series *series, uint64_t time_ms)
{
    while (series->count == series->points_max)
        thin(series);
    const uint64_t last_ms = series->count > 0 ? series->times_ms[series->count - 1] : 0;
    const bool same = series->count > 0 && time_ms / series->width_ms <= last_ms / series->width_ms;
    const uint32_t at = same ? series->count - 1 : series->count;
    series->times_ms[at] = time_ms > last_ms ? time_ms : last_ms;
    assert(at == 0 || series->times_ms[at] > series->times_ms[at - 1]);
    series->count = at + 1;
    if (at < series->unsaved_from)
        series->unsaved_from = at;
    return row_at(series, at);
}

bool psp_series_note(struct psp_series *series, const struct psp_view *view)
{
    const struct psp_definition *definition = view->definition;
    if (view->time_ms == 0 || view->tag == series->noted_tag)
        return false;
    assert(definition->choice_count + definition->contest_count == series->row_cells);
    series->noted_tag = view->tag;
    pthread_mutex_lock(&series->lock);
    uint64_t *row = place_for(series, view->time_ms);
    for (uint32_t c = 0; c < definition->choice_count; c++) /* of a point, held is not yet there */
        row[c] = view->choice_votes[c] == PSP_UNSTATED ? 0 : view->choice_votes[c];
    for (uint32_t c = 0; c < definition->contest_count; c++) {
        const uint32_t unit = definition->contests[c].unit;
        const struct psp_unit_run run = psp_catalog_leaves(series->catalog, unit);
        row[definition->choice_count + c] =
            series->everywhere[c] ? psp_view_ballots(view, unit)
                                  : psp_tally_ballots(view, c, run.first, run.end, PSP_NONE);
    }
    check(series);
    pthread_mutex_unlock(&series->lock);
    return true;
}

bool psp_series_restore(struct psp_series *series, uint64_t time_ms, const uint64_t *cells)
{
    if (series->count == series->points_max ||
        (series->count > 0 && time_ms <= series->times_ms[series->count - 1]))
        return false;
    memcpy(row_at(series, series->count), cells, series->row_cells * sizeof *cells);
    series->times_ms[series->count++] = time_ms;
    series->unsaved_from = series->count;
    check(series);
    return true;
}

void psp_series_saved(struct psp_series *series)
{
    series->thinned = false;
    series->unsaved_from = series->count;
    check(series);
}
