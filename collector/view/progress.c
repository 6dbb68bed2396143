/* A walk down the tree with the sums of the units that are still open: one a level, as a
 * unit's level is always below its parent's. */
#include "collector/view/progress.h"

#include <assert.h>

struct part {
    uint32_t unit;
    bool any, known;      /* a unit below was added; the ceiling of each is known */
    bool estimated, over; /* of one of them */
    uint64_t shown, counted, ceiling;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t less(uint64_t from, uint64_t taken)
{
    return from > taken ? from - taken : 0;
}

/* Ballots counted, or where that is not told shown. */
static uint64_t ballots_of(const struct psp_view *view, uint32_t unit)
{
    const uint64_t counted = psp_view_counted(view, unit);
    return counted != PSP_UNSTATED ? counted : psp_view_ballots(view, unit);
}

/* PSP_UNSTATED also for 0 voters who have cast ballots. */
static uint64_t registered_of(const struct psp_view *view, uint32_t unit)
{
    const uint64_t registered = psp_view_registered(view, unit);
    return registered == 0 && ballots_of(view, unit) > 0 ? PSP_UNSTATED : registered;
}

bool psp_progress_over_registered(const struct psp_view *view, uint32_t unit)
{
    const uint64_t registered = registered_of(view, unit);
    return registered != PSP_UNSTATED && ballots_of(view, unit) > registered;
}

bool psp_progress_over_expected(const struct psp_view *view, uint32_t unit)
{
    const uint64_t expected = psp_catalog_expected(view->catalog, unit);
    return expected != PSP_UNSTATED && ballots_of(view, unit) > expected;
}

/* How many ballots can come, as the unit itself says it; PSP_UNSTATED: it does not. */
static uint64_t own_ceiling(const struct psp_view *view, uint32_t unit, bool *ret_estimated)
{
    const uint64_t shown = psp_view_ballots(view, unit), counted = psp_view_counted(view, unit);
    const uint64_t registered = registered_of(view, unit);
    const uint64_t expected = psp_catalog_expected(view->catalog, unit);
    *ret_estimated = false;
    if (view->unit_complete[unit])
        return 0;
    if (view->election_state == PSP_ELECTION_CLOSED && counted != PSP_UNSTATED)
        return less(counted, shown);
    if (registered != PSP_UNSTATED && registered >= shown)
        return registered - shown;
    *ret_estimated = true;
    if (registered != PSP_UNSTATED || expected != PSP_UNSTATED)
        return less(expected != PSP_UNSTATED ? expected : registered, shown);
    return PSP_UNSTATED;
}

/* A unit's own figure is taken when those below are not all known, or are estimates, or
 * allow more: but no estimate for a sum, and nothing of a unit with one below that has more
 * ballots than its own figures say. */
static void bound(const struct psp_view *view, struct part *part)
{
    bool estimated;
    const uint64_t own = own_ceiling(view, part->unit, &estimated);
    const bool summed = part->any && part->known;
    if (own == PSP_UNSTATED || (summed && (estimated || part->over)))
        return;
    if (summed && !part->estimated)
        part->ceiling = least(part->ceiling, own);
    else
        part->ceiling = own;
    part->estimated = estimated;
    part->known = true;
}

/* All below the unit were added. */
static void end(const struct psp_view *view, struct part *part, struct psp_progress *progress)
{
    const struct psp_unit *unit = &view->definition->units[part->unit];
    if (!part->any) {
        part->shown = psp_view_ballots(view, part->unit);
        part->counted = psp_view_counted(view, part->unit);
        part->known = false;
    }
    if (unit->ballots_expected != PSP_UNSTATED) {
        part->shown = least(part->shown, unit->ballots_expected);
        if (part->counted != PSP_UNSTATED)
            part->counted = least(part->counted, unit->ballots_expected);
    }
    bound(view, part);
    if (part->over || (!psp_progress_over_registered(view, part->unit) &&
                       !psp_progress_over_expected(view, part->unit)))
        return;
    part->over = true;
    if (progress->over_count < PSP_PROGRESS_OVER_MAX)
        progress->over[progress->over_count] = part->unit;
    progress->over_count++;
}

static void add(struct part *above, const struct part *part)
{
    above->any = true;
    above->known &= part->known;
    above->estimated |= part->estimated;
    above->over |= part->over;
    above->shown += part->shown;
    if (above->counted != PSP_UNSTATED)
        above->counted =
            part->counted != PSP_UNSTATED ? above->counted + part->counted : PSP_UNSTATED;
    above->ceiling += part->known ? part->ceiling : 0;
}

void psp_progress_of(const struct psp_view *view, uint32_t unit, struct psp_progress *ret_progress)
{
    const struct psp_catalog *catalog = view->catalog;
    const struct psp_unit_run below = psp_catalog_subtree(catalog, unit);
    struct part open[PSP_LEVELS_MAX];
    uint32_t depth = 0;
    ret_progress->over_count = 0;
    for (uint32_t i = below.first; i < below.end; i++) {
        while (depth > 0 && catalog->walk_end[open[depth - 1].unit] <= i) {
            end(view, &open[--depth], ret_progress);
            add(&open[depth - 1], &open[depth]);
        }
        assert(depth < PSP_LEVELS_MAX);
        open[depth++] = (struct part){.unit = below.list[i], .known = true};
    }
    while (depth > 0) {
        end(view, &open[--depth], ret_progress);
        if (depth > 0)
            add(&open[depth - 1], &open[depth]);
    }
    const uint64_t expected = psp_catalog_expected(catalog, unit);
    const uint64_t in = open[0].counted != PSP_UNSTATED ? open[0].counted : open[0].shown;
    ret_progress->shown = open[0].shown;
    ret_progress->counted = open[0].counted;
    ret_progress->expected = expected;
    ret_progress->out = expected != PSP_UNSTATED ? less(expected, in) : PSP_UNSTATED;
    ret_progress->ceiling = open[0].known ? open[0].ceiling : PSP_UNSTATED;
    ret_progress->estimated = open[0].known && open[0].estimated;
}
