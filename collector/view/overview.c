/* Leaf by leaf for what is reported, contest by contest for who leads, then group by group. */
#include "collector/view/overview.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

struct psp_overview_place {
    pthread_mutex_t lock;
    struct psp_overview *made; /* NULL: not asked for yet */
};

struct making {
    const struct psp_view *view;
    struct psp_overview *overview;
    /* the last leaf noted, + 1 */
    uint32_t *contest_leaf, *contest_started, *group_leaf, *group_started;
    uint32_t *party_line; /* [party_count + 1]: of the group at hand, PSP_NONE: none yet */
    struct psp_tally tally;
    struct psp_standing standing;
};

static const struct psp_standing_entry nobody = {.first = PSP_NONE};

/* ---- units ---- */

static uint64_t row_ballots(const struct psp_view *view, uint32_t leaf, uint32_t style)
{
    const struct psp_totals *totals = &view->totals;
    uint64_t ballots = 0;
    for (uint32_t m = 0; m < view->definition->method_count; m++)
        ballots += totals->cells[totals->row_first[psp_totals_row(totals, leaf, style, m)]];
    return ballots;
}

static void note_contest(struct making *making, uint32_t contest, uint32_t leaf, uint64_t ballots)
{
    const struct psp_view *view = making->view;
    const uint32_t final = view->complete_sum[leaf + 1] - view->complete_sum[leaf];
    const uint32_t partial = view->partial_sum[leaf + 1] - view->partial_sum[leaf];
    const uint32_t group = view->catalog->contest_group[contest];
    struct psp_overview_contest *of = &making->overview->contests[contest];
    assert(final + partial <= 1 && group < view->catalog->group_count);
    of->ballots += ballots;
    if (making->contest_leaf[contest] != leaf + 1) {
        making->contest_leaf[contest] = leaf + 1;
        of->units_total++;
        of->units_reporting += final;
        of->units_partial += partial;
    }
    if (ballots > 0 && making->contest_started[contest] != leaf + 1) {
        making->contest_started[contest] = leaf + 1;
        of->units_started++;
    }
    if (ballots > 0 && making->group_started[group] != leaf + 1) {
        making->group_started[group] = leaf + 1;
        making->overview->groups[group].units_started++;
    }
    if (making->group_leaf[group] == leaf + 1)
        return;
    making->group_leaf[group] = leaf + 1;
    making->overview->groups[group].units_total++;
    making->overview->groups[group].units_reporting += final;
    making->overview->groups[group].units_partial += partial;
}

static void note_leaves(struct making *making)
{
    const struct psp_definition *definition = making->view->definition;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        for (uint32_t at = 0; at < psp_leaf_style_count(definition, leaf); at++) {
            const struct psp_style *style = psp_leaf_style(definition, leaf, at);
            const uint64_t ballots = row_ballots(making->view, leaf, at);
            for (uint32_t i = 0; i < style->contest_count; i++)
                note_contest(making, style->contests[i].contest, leaf, ballots);
        }
    }
}

/* ---- contests ---- */

/* The whole contest, from the sums that the view has already. */
static void take_tally(const struct psp_view *view, uint32_t contest, struct psp_tally *tally)
{
    const struct psp_contest *of = &view->definition->contests[contest];
    bool any = false, shown = false;
    for (uint32_t c = 0; c < of->choice_count; c++) {
        const uint64_t votes = view->choice_votes[of->choice_first + c];
        tally->present[c] = view->catalog->choice_used[of->choice_first + c];
        tally->votes[c] = votes == PSP_UNSTATED ? 0 : votes;
        any |= tally->present[c];
        shown |= tally->present[c] && votes != PSP_UNSTATED;
    }
    tally->held = view->row_reports && any && !shown;
    assert(of->choice_count <= PSP_CHOICES_MAX);
}

static bool is_referendum(const struct psp_contest *contest)
{
    for (uint32_t c = 0; c < contest->choice_count; c++)
        if (contest->choices[c].kind == PSP_CHOICE_CANDIDATE)
            return false;
    return true;
}

static bool is_list(const struct psp_contest *contest, const struct psp_standing_entry *entry)
{
    assert(entry->first < contest->choice_count);
    return contest->choices[entry->first].candidate == PSP_NONE;
}

static bool is_of_lists(const struct psp_contest *contest)
{
    for (uint32_t c = 0; c < contest->choice_count; c++)
        if (contest->choices[c].kind == PSP_CHOICE_CANDIDATE &&
            contest->choices[c].candidate == PSP_NONE)
            return contest->seats > 1;
    return false;
}

/* The first entries that lead a seat. */
static uint32_t seats_led(const struct psp_contest *contest, const struct psp_standing *standing)
{
    const uint64_t bar =
        standing->count > contest->seats ? standing->entries[contest->seats].votes : 0;
    uint32_t led = 0;
    while (led < contest->seats && led < standing->count && standing->entries[led].votes > bar &&
           (contest->seats == 1 || !is_list(contest, &standing->entries[led])))
        led++;
    assert(led <= contest->seats && led <= standing->count);
    return led;
}

static struct psp_standing_entry voted(const struct psp_standing *standing, uint32_t place)
{
    const bool there = place < standing->count && standing->entries[place].votes > 0;
    return there ? standing->entries[place] : nobody;
}

static void rank_contest(struct making *making, uint32_t position)
{
    const struct psp_contest *contest = &making->view->definition->contests[position];
    struct psp_overview_contest *of = &making->overview->contests[position];
    struct psp_standing *standing = &making->standing;
    take_tally(making->view, position, &making->tally);
    psp_standing_rank(making->view->catalog, position, &making->tally, standing);
    of->held = making->tally.held;
    of->valid = standing->valid;
    of->margin = standing->margin;
    of->last_seat = standing->last_seat;
    of->tied = standing->tied;
    of->leader = voted(standing, 0);
    of->second = voted(standing, 1);
    of->above = of->below = nobody;
    assert(of->units_started <= of->units_total);
    assert(of->units_reporting + of->units_partial <= of->units_total);
    assert(of->leader.first != PSP_NONE || of->second.first == PSP_NONE);
    if (standing->margin != PSP_UNSTATED) {
        assert(contest->seats < standing->count);
        of->above = standing->entries[contest->seats - 1];
        of->below = standing->entries[contest->seats];
    }
    of->lists = is_of_lists(contest);
    of->seats = is_referendum(contest) ? 0 : contest->seats;
    of->seats_led = of->seats == 0 ? 0 : seats_led(contest, standing);
}

/* ---- groups ---- */

/* PSP_ENOMEM. */
static enum psp_status lead_seat(struct making *making, uint32_t party)
{
    struct psp_overview *overview = making->overview;
    const uint32_t parties = making->view->definition->party_count;
    assert(party == PSP_NONE || party < parties);
    uint32_t *line = &making->party_line[party == PSP_NONE ? parties : party];
    if (*line == PSP_NONE) {
        if (!psp_grow_bytes(&overview->lines, &overview->line_capacity,
                            (size_t)overview->line_count + 1, sizeof *overview->lines))
            return PSP_ENOMEM;
        *line = overview->line_count++;
        overview->lines[*line] = (struct psp_overview_line){.party = party};
    }
    assert(*line < overview->line_count && overview->lines[*line].party == party);
    overview->lines[*line].seats_led++;
    return PSP_OK;
}

static int most_seats_first(const void *left, const void *right)
{
    const struct psp_overview_line *a = left, *b = right;
    if (a->seats_led != b->seats_led)
        return a->seats_led < b->seats_led ? 1 : -1;
    return (a->party > b->party) - (a->party < b->party); /* PSP_NONE is last */
}

static void sort_lines(struct making *making, struct psp_overview_group *group)
{
    struct psp_overview *overview = making->overview;
    const uint32_t parties = making->view->definition->party_count;
    struct psp_overview_line *lines = overview->lines + group->line_first;
    group->line_end = overview->line_count;
    assert(group->line_first <= group->line_end);
    for (uint32_t i = group->line_first; i < group->line_end; i++) {
        const uint32_t party = overview->lines[i].party;
        making->party_line[party == PSP_NONE ? parties : party] = PSP_NONE;
    }
    if (group->line_end > group->line_first)
        qsort(lines, group->line_end - group->line_first, sizeof *lines, most_seats_first);
}

static double closeness(const struct psp_overview *overview, uint32_t contest)
{
    const struct psp_overview_contest *of = &overview->contests[contest];
    return (double)of->margin / (double)of->valid;
}

/* Equal ones stay in the definition's order, in which they come. */
static void offer_close(const struct psp_overview *overview, struct psp_overview_group *group,
                        uint32_t contest)
{
    const struct psp_overview_contest *of = &overview->contests[contest];
    if (of->margin == PSP_UNSTATED || of->lists)
        return;
    if (of->valid == 0)
        return; /* no count has this, but the sum of what a shard gone wrong tells may */
    uint32_t place = group->close_count;
    assert(place <= PSP_OVERVIEW_CLOSE_MAX);
    while (place > 0 && closeness(overview, group->close[place - 1]) > closeness(overview, contest))
        place--;
    if (place == PSP_OVERVIEW_CLOSE_MAX)
        return;
    if (group->close_count < PSP_OVERVIEW_CLOSE_MAX)
        group->close_count++;
    memmove(&group->close[place + 1], &group->close[place],
            (group->close_count - 1 - place) * sizeof *group->close);
    group->close[place] = contest;
    assert(place < group->close_count);
}

/* PSP_ENOMEM. Few contests have more seats than one: these are ranked once more. */
static enum psp_status add_seats(struct making *making, uint32_t position)
{
    const struct psp_view *view = making->view;
    const struct psp_contest *contest = &view->definition->contests[position];
    const uint32_t led = making->overview->contests[position].seats_led;
    if (led == 0)
        return PSP_OK;
    if (led == 1) {
        const uint32_t first = making->overview->contests[position].leader.first;
        assert(first < contest->choice_count);
        return lead_seat(making, psp_standing_party(view->definition, &contest->choices[first]));
    }
    take_tally(view, position, &making->tally);
    psp_standing_rank(view->catalog, position, &making->tally, &making->standing);
    assert(led <= making->standing.count);
    for (uint32_t i = 0; i < led; i++) {
        const uint32_t first = making->standing.entries[i].first;
        if (lead_seat(making, psp_standing_party(view->definition, &contest->choices[first])))
            return PSP_ENOMEM;
    }
    return PSP_OK;
}

/* Seats led by each party and those of nobody are all seats; most seats first. */
static void check_group(const struct psp_overview *overview, const struct psp_overview_group *group)
{
    uint64_t led = 0;
    for (uint32_t i = group->line_first; i < group->line_end; i++) {
        const struct psp_overview_line *line = &overview->lines[i];
        assert(line->seats_led > 0);
        assert(i == group->line_first || most_seats_first(line - 1, line) < 0);
        led += line->seats_led;
    }
    assert(led + group->undecided == group->seats_total);
    assert(group->contests_started <= group->contests_total);
    assert(group->units_started <= group->units_total);
    assert(group->units_reporting + group->units_partial <= group->units_total);
}

/* PSP_ENOMEM. */
static enum psp_status sum_group(struct making *making, uint32_t position)
{
    const struct psp_catalog *catalog = making->view->catalog;
    struct psp_overview *overview = making->overview;
    struct psp_overview_group *group = &overview->groups[position];
    group->line_first = overview->line_count;
    for (uint32_t i = catalog->group_first[position]; i < catalog->group_first[position + 1]; i++) {
        const uint32_t contest = catalog->group_contests[i];
        const struct psp_overview_contest *of = &overview->contests[contest];
        assert(of->seats_led <= of->seats);
        group->contests_total++;
        group->contests_started += of->ballots > 0;
        group->seats_total += of->seats;
        group->undecided += of->seats - of->seats_led;
        offer_close(overview, group, contest);
        if (add_seats(making, contest) != PSP_OK)
            return PSP_ENOMEM;
    }
    sort_lines(making, group);
    check_group(overview, group);
    return PSP_OK;
}

/* ---- the whole ---- */

static void destroy(struct psp_overview *overview)
{
    if (!overview)
        return;
    free(overview->contests);
    free(overview->groups);
    free(overview->lines);
    free(overview);
}

static uint32_t head_of(const struct psp_definition *definition)
{
    for (uint32_t i = 0; i < definition->contest_count; i++)
        if (definition->contests[i].unit == definition->root)
            return i;
    return 0;
}

/* PSP_ENOMEM. */
static enum psp_status fill(struct making *making)
{
    const struct psp_definition *definition = making->view->definition;
    making->overview->head = head_of(definition);
    note_leaves(making);
    for (uint32_t i = 0; i < definition->contest_count; i++)
        rank_contest(making, i);
    memset(making->party_line, 0xFF,
           ((size_t)definition->party_count + 1) * sizeof *making->party_line);
    for (uint32_t i = 0; i < making->view->catalog->group_count; i++)
        if (sum_group(making, i) != PSP_OK)
            return PSP_ENOMEM;
    return PSP_OK;
}

/* NULL: no memory. */
static struct psp_overview *make(const struct psp_view *view)
{
    const size_t contests = (size_t)view->definition->contest_count + 1; /* no zero size */
    const size_t groups = (size_t)view->catalog->group_count + 1;
    const size_t parties = (size_t)view->definition->party_count + 1;
    struct making *making = calloc(1, sizeof *making);
    struct psp_overview *overview = calloc(1, sizeof *overview);
    bool made = making && overview;
    if (made) {
        making->view = view;
        making->overview = overview;
        made = (overview->contests = calloc(contests, sizeof *overview->contests)) &&
               (overview->groups = calloc(groups, sizeof *overview->groups)) &&
               (making->contest_leaf = calloc(contests, sizeof(uint32_t))) &&
               (making->contest_started = calloc(contests, sizeof(uint32_t))) &&
               (making->group_leaf = calloc(groups, sizeof(uint32_t))) &&
               (making->group_started = calloc(groups, sizeof(uint32_t))) &&
               (making->party_line = calloc(parties, sizeof(uint32_t))) && fill(making) == PSP_OK;
        free(making->contest_leaf);
        free(making->contest_started);
        free(making->group_leaf);
        free(making->group_started);
        free(making->party_line);
    }
    free(making);
    if (!made) {
        destroy(overview);
        return NULL;
    }
    return overview;
}

const struct psp_overview *psp_overview_of(const struct psp_view *view)
{
    struct psp_overview_place *place = view->overview;
    pthread_mutex_lock(&place->lock);
    if (!place->made)
        place->made = make(view);
    const struct psp_overview *overview = place->made;
    pthread_mutex_unlock(&place->lock);
    return overview;
}

struct psp_overview_place *psp_overview_place_create(void)
{
    struct psp_overview_place *place = calloc(1, sizeof *place);
    if (!place)
        return NULL;
    const int rc = pthread_mutex_init(&place->lock, NULL);
    assert(rc == 0);
    return place;
}

void psp_overview_place_destroy(struct psp_overview_place **place)
{
    if (!*place)
        return;
    destroy((*place)->made);
    pthread_mutex_destroy(&(*place)->lock);
    free(*place);
    *place = NULL;
}
