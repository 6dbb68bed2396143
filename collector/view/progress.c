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

/* What is known of one unit. */
struct figures {
    uint64_t shown, counted;       /* counted PSP_UNSTATED: not told */
    uint64_t registered, expected; /* PSP_UNSTATED: not known; registered also where it is 0 and
                                      there are ballots */
    bool over_registered, over_expected;
};

static struct figures figures_of(const struct psp_view *view, uint32_t unit)
{
    struct figures is = {
        .shown = psp_view_ballots(view, unit),
        .counted = psp_view_counted(view, unit),
        .registered = psp_view_registered(view, unit),
        .expected = psp_catalog_expected(view->catalog, unit),
    };
    const uint64_t ballots = is.counted != PSP_UNSTATED ? is.counted : is.shown;
    if (is.registered == 0 && ballots > 0)
        is.registered = PSP_UNSTATED;
    is.over_registered = is.registered != PSP_UNSTATED && ballots > is.registered;
    is.over_expected = is.expected != PSP_UNSTATED && ballots > is.expected;
    return is;
}

bool psp_progress_over_registered(const struct psp_view *view, uint32_t unit)
{
    return figures_of(view, unit).over_registered;
}

bool psp_progress_over_expected(const struct psp_view *view, uint32_t unit)
{
    return figures_of(view, unit).over_expected;
}

/* How many ballots can come, as the unit itself says it; PSP_UNSTATED: it does not. */
static uint64_t own_ceiling(const struct psp_view *view, uint32_t unit, const struct figures *is,
                            bool *ret_estimated)
{
    *ret_estimated = false;
    if (view->unit_complete[unit])
        return 0;
    if (view->election_state == PSP_ELECTION_CLOSED && is->counted != PSP_UNSTATED)
        return less(is->counted, is->shown);
    if (is->registered != PSP_UNSTATED && is->registered >= is->shown)
        return is->registered - is->shown;
    *ret_estimated = true;
    if (is->expected != PSP_UNSTATED)
        return less(is->expected, is->shown);
    return is->registered != PSP_UNSTATED ? 0 : PSP_UNSTATED;
}

/* A unit's own figure is taken when those below are not all known, or are estimates, or
 * allow more: but no estimate for a sum, and nothing of a unit with one below that has more
 * ballots than its own figures say. */
static void bound(const struct psp_view *view, const struct figures *is, struct part *part)
{
    bool estimated;
    const uint64_t own = own_ceiling(view, part->unit, is, &estimated);
    const bool summed = part->any && part->known;
    if (own == PSP_UNSTATED || (summed && (estimated || part->over)))
        return;
    if (summed && !part->estimated)
        part->ceiling = least(part->ceiling, own);
    else
        part->ceiling = own;
    assert(part->ceiling <= own);
    part->estimated = estimated;
    part->known = true;
}

/* All below the unit were added. */
static void end(const struct psp_view *view, struct part *part, struct psp_progress *progress)
{
    const struct psp_unit *unit = &view->definition->units[part->unit];
    const struct figures is = figures_of(view, part->unit);
    if (!part->any) {
        part->shown = is.shown;
        part->counted = is.counted;
        part->known = false;
    }
    if (unit->ballots_expected != PSP_UNSTATED) {
        part->shown = least(part->shown, unit->ballots_expected);
        if (part->counted != PSP_UNSTATED)
            part->counted = least(part->counted, unit->ballots_expected);
        assert(part->shown <= unit->ballots_expected);
    }
    bound(view, &is, part);
    if (part->over || (!is.over_registered && !is.over_expected))
        return;
    part->over = true;
    assert(progress->over_count < view->definition->unit_count);
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
    struct part open[PSP_LEVELS_MAX] = {{0}};
    uint32_t depth = 0;
    assert(below.first < below.end);
    ret_progress->over_count = 0;
    for (uint32_t i = below.first; i < below.end; i++) {
        while (depth > 0 && catalog->walk_end[open[depth - 1].unit] <= i) {
            end(view, &open[--depth], ret_progress);
            assert(depth > 0); /* all of these are below the first */
            add(&open[depth - 1], &open[depth]);
        }
        assert(depth < PSP_LEVELS_MAX);
        assert(depth > 0 || below.list[i] == unit);
        open[depth++] = (struct part){.unit = below.list[i], .known = true};
    }
    while (depth > 0) {
        end(view, &open[--depth], ret_progress);
        if (depth > 0)
            add(&open[depth - 1], &open[depth]);
    }
    assert(open[0].unit == unit);
    const uint64_t expected = psp_catalog_expected(catalog, unit);
    const uint64_t in = open[0].counted != PSP_UNSTATED ? open[0].counted : open[0].shown;
    ret_progress->shown = open[0].shown;
    ret_progress->counted = open[0].counted;
    ret_progress->expected = expected;
    ret_progress->out = expected != PSP_UNSTATED ? less(expected, in) : PSP_UNSTATED;
    assert(ret_progress->out <= expected);
    ret_progress->ceiling = open[0].known ? open[0].ceiling : PSP_UNSTATED;
    ret_progress->estimated = open[0].known && open[0].estimated;
}
