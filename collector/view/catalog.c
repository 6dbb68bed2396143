/* Children, candidates and levels are runs of arrays; the tree is walked without recursion. */
#include "collector/view/catalog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void psp_catalog_destroy(struct psp_catalog **catalog)
{
    struct psp_catalog *gone = *catalog;
    if (!gone)
        return;
    free(gone->walk_first);
    free(gone->walk_end);
    free(gone->walk);
    free(gone->child_first);
    free(gone->children);
    for (uint32_t level = 0; level < PSP_LEVELS_MAX; level++)
        free(gone->level_units[level]);
    free(gone->name_rank);
    free(gone->contest_leaf_first);
    free(gone->contest_leaf_end);
    free(gone->choice_contest);
    free(gone->line_first);
    free(gone->line_next);
    free(gone->choice_used);
    free(gone->contest_group);
    free(gone->group_first);
    free(gone->group_contests);
    free(gone->candidate_first);
    free(gone->candidate_choices);
    free(gone->registered_sum);
    free(gone->expected_sum);
    free(gone->registered_gaps);
    free(gone->expected_gaps);
    free(gone);
    *catalog = NULL;
}

static bool reserve(struct psp_catalog *catalog)
{
    const size_t units = (size_t)catalog->definition->unit_count + 1;
    const size_t leaves = (size_t)catalog->definition->leaf_count + 1;
    const size_t contests = (size_t)catalog->definition->contest_count + 1;
    const size_t choices = (size_t)catalog->definition->choice_count + 1;
    const size_t candidates = (size_t)catalog->definition->candidate_count + 1;
    bool done = (catalog->walk_first = calloc(units, sizeof(uint32_t))) &&
                (catalog->walk_end = calloc(units, sizeof(uint32_t))) &&
                (catalog->walk = calloc(units, sizeof(uint32_t))) &&
                (catalog->child_first = calloc(units + 1, sizeof(uint32_t))) &&
                (catalog->children = calloc(units, sizeof(uint32_t))) &&
                (catalog->name_rank = calloc(units, sizeof(uint32_t))) &&
                (catalog->contest_leaf_first = calloc(contests, sizeof(uint32_t))) &&
                (catalog->contest_leaf_end = calloc(contests, sizeof(uint32_t))) &&
                (catalog->choice_contest = calloc(choices, sizeof(uint32_t))) &&
                (catalog->line_first = calloc(choices, sizeof(uint32_t))) &&
                (catalog->line_next = calloc(choices, sizeof(uint32_t))) &&
                (catalog->choice_used = calloc(choices, 1)) &&
                (catalog->contest_group = calloc(contests, sizeof(uint32_t))) &&
                (catalog->group_first = calloc(contests + 1, sizeof(uint32_t))) &&
                (catalog->group_contests = calloc(contests, sizeof(uint32_t))) &&
                (catalog->candidate_first = calloc(candidates + 1, sizeof(uint32_t))) &&
                (catalog->candidate_choices = calloc(choices, sizeof(uint32_t))) &&
                (catalog->registered_sum = calloc(leaves, sizeof(uint64_t))) &&
                (catalog->expected_sum = calloc(leaves, sizeof(uint64_t))) &&
                (catalog->registered_gaps = calloc(leaves, sizeof(uint32_t))) &&
                (catalog->expected_gaps = calloc(leaves, sizeof(uint32_t)));
    for (uint32_t level = 0; level < catalog->definition->level_count && done; level++)
        done = (catalog->level_units[level] = calloc(units, sizeof(uint32_t)));
    return done;
}

/* Children in file order, as runs of one array. */
static void arrange_children(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    uint32_t *first = catalog->child_first; /* one further, until the runs are filled */
    for (uint32_t u = 0; u < definition->unit_count; u++) {
        if (definition->units[u].parent != PSP_NONE)
            first[definition->units[u].parent + 2]++;
    }
    for (uint32_t u = 2; u <= definition->unit_count + 1; u++)
        first[u] += first[u - 1];
    for (uint32_t u = 0; u < definition->unit_count; u++) {
        if (definition->units[u].parent != PSP_NONE)
            catalog->children[first[definition->units[u].parent + 1]++] = u;
    }
    assert(first[0] == 0 && first[definition->unit_count] + 1 == definition->unit_count);
}

/* A candidate's choices, contest by contest. */
static void arrange_candidates(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    uint32_t *first = catalog->candidate_first; /* one further, until the runs are filled */
    for (uint32_t i = 0; i < definition->contest_count; i++) {
        const struct psp_contest *contest = &definition->contests[i];
        assert(contest->choice_first + contest->choice_count <= definition->choice_count);
        for (uint32_t c = 0; c < contest->choice_count; c++)
            catalog->choice_contest[contest->choice_first + c] = i;
    }
    for (uint32_t c = 0; c < definition->choice_count; c++) {
        if (definition->choices[c].candidate != PSP_NONE)
            first[definition->choices[c].candidate + 2]++;
    }
    for (uint32_t n = 2; n <= definition->candidate_count + 1; n++)
        first[n] += first[n - 1];
    for (uint32_t c = 0; c < definition->choice_count; c++) {
        if (definition->choices[c].candidate != PSP_NONE)
            catalog->candidate_choices[first[definition->choices[c].candidate + 1]++] = c;
    }
    assert(first[0] == 0 && first[definition->candidate_count] <= definition->choice_count);
}

/* Whether a choice names somebody, or is an answer: what can win. */
static bool names_somebody(enum psp_choice_kind kind)
{
    switch (kind) {
    case PSP_CHOICE_CANDIDATE:
    case PSP_CHOICE_YES:
    case PSP_CHOICE_NO:
        return true;
    case PSP_CHOICE_BLANK:
    case PSP_CHOICE_SPOILED:
    case PSP_CHOICE_WRITE_IN:
    case PSP_CHOICE_OTHER:
        return false;
    }
    return false;
}

/* Lines of one candidate in one contest, as chains; every other choice stands alone. */
static void arrange_lines(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    for (uint32_t c = 0; c < definition->choice_count; c++) {
        const uint32_t contest = catalog->choice_contest[c];
        const uint32_t line = c - definition->contests[contest].choice_first;
        assert(line < definition->contests[contest].choice_count);
        catalog->line_next[c] = PSP_NONE;
        catalog->line_first[c] = names_somebody(definition->choices[c].kind) ? line : PSP_NONE;
    }
    for (uint32_t n = 0; n < definition->candidate_count; n++) {
        for (uint32_t i = catalog->candidate_first[n] + 1; i < catalog->candidate_first[n + 1];
             i++) {
            const uint32_t before = catalog->candidate_choices[i - 1];
            const uint32_t choice = catalog->candidate_choices[i];
            const uint32_t contest = catalog->choice_contest[choice];
            assert(before < choice); /* so a chain of lines ends */
            if (catalog->choice_contest[before] != contest)
                continue;
            catalog->line_next[before] = choice - definition->contests[contest].choice_first;
            catalog->line_first[choice] = catalog->line_first[before];
        }
    }
}

static int by_group(const void *a, const void *b, void *definition)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct psp_contest *contests = ((const struct psp_definition *)definition)->contests;
    const int order = strcmp(contests[left].group, contests[right].group);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Contests by group, groups by their first contest. */
static void arrange_groups(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    const uint32_t n = definition->contest_count;
    uint32_t *sorted = catalog->group_contests, *first = catalog->group_first;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = i;
    qsort_r(sorted, n, sizeof *sorted, by_group, (void *)(uintptr_t)definition);
    uint32_t leader = 0; /* first contest of the group */
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t contest = sorted[i];
        if (i == 0 ||
            strcmp(definition->contests[contest].group, definition->contests[leader].group) != 0)
            leader = contest;
        catalog->contest_group[contest] = leader; /* for now */
    }
    for (uint32_t i = 0; i < n; i++) {
        leader = catalog->contest_group[i];
        catalog->contest_group[i] =
            leader == i ? catalog->group_count++ : catalog->contest_group[leader];
        assert(leader <= i && catalog->contest_group[i] < catalog->group_count);
        first[catalog->contest_group[i] + 1]++;
    }
    for (uint32_t group = 0; group < catalog->group_count; group++)
        first[group + 1] += first[group];
    for (uint32_t i = n; i-- > 0;) /* from the end of each run; `first` is one run too far back */
        sorted[--first[catalog->contest_group[i] + 1]] = i;
    for (uint32_t group = 0; group < catalog->group_count; group++)
        first[group] = first[group + 1];
    first[catalog->group_count] = n;
    assert(n == 0 || first[0] == 0);
    for (uint32_t group = 0; group < catalog->group_count; group++)
        assert(first[group] < first[group + 1]); /* none is without a contest */
}

/* The walk without recursion: the tree may be as deep as the file likes. */
static void walk_tree(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    uint32_t unit = definition->root, n = 0;
    bool down = true;
    for (;;) {
        if (down) {
            assert(n < definition->unit_count);
            catalog->walk_first[unit] = n;
            catalog->walk_end[unit] = catalog->child_first[unit]; /* next child, for now */
            catalog->walk[n++] = unit;
        }
        if (catalog->walk_end[unit] < catalog->child_first[unit + 1]) {
            unit = catalog->children[catalog->walk_end[unit]++];
            down = true;
            continue;
        }
        catalog->walk_end[unit] = n;
        if (unit == definition->root)
            break;
        unit = definition->units[unit].parent;
        down = false;
    }
    assert(n == definition->unit_count);
}

static void list_levels(struct psp_catalog *catalog)
{
    for (uint32_t i = 0; i < catalog->definition->unit_count; i++) {
        const uint32_t unit = catalog->walk[i];
        const uint32_t level = catalog->definition->units[unit].level;
        assert(level < catalog->definition->level_count);
        catalog->level_units[level][catalog->level_count[level]++] = unit;
    }
    uint32_t listed = 0;
    for (uint32_t level = 0; level < PSP_LEVELS_MAX; level++)
        listed += catalog->level_count[level];
    assert(listed == catalog->definition->unit_count);
}

static int by_name(const void *a, const void *b, void *definition)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct psp_unit *units = ((const struct psp_definition *)definition)->units;
    int order = strcasecmp(units[left].name, units[right].name);
    if (order == 0)
        order = strcmp(units[left].name, units[right].name);
    return order != 0 ? order : (left > right) - (left < right);
}

static bool rank_names(struct psp_catalog *catalog)
{
    const uint32_t n = catalog->definition->unit_count;
    uint32_t *order = malloc(((size_t)n + 1) * sizeof *order);
    if (!order)
        return false;
    for (uint32_t u = 0; u < n; u++)
        order[u] = u;
    qsort_r(order, n, sizeof *order, by_name, (void *)(uintptr_t)catalog->definition);
    for (uint32_t i = 0; i < n; i++)
        catalog->name_rank[order[i]] = i;
    free(order);
    return true;
}

static void note_choices(struct psp_catalog *catalog, const struct psp_style_contest *entry)
{
    assert(entry->contest < catalog->definition->contest_count);
    uint8_t *used =
        catalog->choice_used + catalog->definition->contests[entry->contest].choice_first;
    for (uint32_t c = 0; c < entry->choice_count; c++) {
        assert(entry->choices[c] < entry->slot_count);
        used[entry->choices[c]] = true;
    }
}

static void note_contests(struct psp_catalog *catalog, uint32_t leaf, const struct psp_style *style)
{
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const uint32_t contest = style->contests[i].contest;
        if (catalog->contest_leaf_end[contest] == 0)
            catalog->contest_leaf_first[contest] = leaf;
        assert(catalog->contest_leaf_first[contest] <= leaf);
        catalog->contest_leaf_end[contest] = leaf + 1;
        note_choices(catalog, &style->contests[i]);
    }
}

static void sum_leaves(struct psp_catalog *catalog)
{
    const struct psp_definition *definition = catalog->definition;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        assert(definition->leaf_of_unit[definition->leaves[leaf]] == leaf);
        const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
        const bool registered = unit->registered != PSP_UNSTATED;
        const bool expected = unit->ballots_expected != PSP_UNSTATED;
        catalog->registered_sum[leaf + 1] =
            catalog->registered_sum[leaf] + (registered ? unit->registered : 0);
        catalog->registered_gaps[leaf + 1] = catalog->registered_gaps[leaf] + !registered;
        catalog->expected_sum[leaf + 1] =
            catalog->expected_sum[leaf] + (expected ? unit->ballots_expected : 0);
        catalog->expected_gaps[leaf + 1] = catalog->expected_gaps[leaf] + !expected;
        for (uint32_t style = 0; style < unit->style_count; style++)
            note_contests(catalog, leaf, psp_leaf_style(definition, leaf, style));
    }
}

enum psp_status psp_catalog_create(const struct psp_definition *definition,
                                   struct psp_catalog **ret_catalog)
{
    struct psp_catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog)
        return PSP_ENOMEM;
    catalog->definition = definition;
    if (!reserve(catalog) || !rank_names(catalog)) {
        psp_catalog_destroy(&catalog);
        return PSP_ENOMEM;
    }
    arrange_children(catalog);
    arrange_candidates(catalog);
    arrange_lines(catalog);
    arrange_groups(catalog);
    walk_tree(catalog);
    list_levels(catalog);
    sum_leaves(catalog);
    *ret_catalog = catalog;
    return PSP_OK;
}

bool psp_catalog_below(const struct psp_catalog *catalog, uint32_t unit, uint32_t above)
{
    assert(unit < catalog->definition->unit_count && above < catalog->definition->unit_count);
    return catalog->walk_first[unit] >= catalog->walk_first[above] &&
           catalog->walk_first[unit] < catalog->walk_end[above];
}

/* First place in a depth-first list of units that is not before `walk`. */
static uint32_t lower_bound(const struct psp_catalog *catalog, const uint32_t *list, uint32_t n,
                            uint32_t walk)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (catalog->walk_first[list[middle]] < walk)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low == 0 || catalog->walk_first[list[low - 1]] < walk);
    assert(low == n || catalog->walk_first[list[low]] >= walk);
    return low;
}

struct psp_unit_run psp_catalog_level(const struct psp_catalog *catalog, uint32_t level,
                                      uint32_t above)
{
    assert(level < catalog->definition->level_count);
    assert(above < catalog->definition->unit_count);
    const uint32_t *list = catalog->level_units[level];
    const uint32_t n = catalog->level_count[level];
    return (struct psp_unit_run){
        .list = list,
        .first = lower_bound(catalog, list, n, catalog->walk_first[above]),
        .end = lower_bound(catalog, list, n, catalog->walk_end[above]),
    };
}

struct psp_unit_run psp_catalog_leaves(const struct psp_catalog *catalog, uint32_t above)
{
    assert(above < catalog->definition->unit_count);
    const struct psp_unit *unit = &catalog->definition->units[above];
    assert(unit->leaf_first <= unit->leaf_end && unit->leaf_end <= catalog->definition->leaf_count);
    return (struct psp_unit_run){
        .list = catalog->definition->leaves, .first = unit->leaf_first, .end = unit->leaf_end};
}

struct psp_unit_run psp_catalog_children(const struct psp_catalog *catalog, uint32_t unit)
{
    assert(unit < catalog->definition->unit_count);
    return (struct psp_unit_run){.list = catalog->children,
                                 .first = catalog->child_first[unit],
                                 .end = catalog->child_first[unit + 1]};
}

struct psp_unit_run psp_catalog_subtree(const struct psp_catalog *catalog, uint32_t above)
{
    assert(above < catalog->definition->unit_count);
    assert(catalog->walk[catalog->walk_first[above]] == above);
    return (struct psp_unit_run){.list = catalog->walk,
                                 .first = catalog->walk_first[above],
                                 .end = catalog->walk_end[above]};
}

uint32_t psp_catalog_styles_with(const struct psp_catalog *catalog, uint32_t leaf, uint32_t contest)
{
    uint32_t n = 0;
    assert(leaf < catalog->definition->leaf_count);
    for (uint32_t style = 0; style < psp_leaf_style_count(catalog->definition, leaf); style++)
        n += psp_catalog_entry(catalog, leaf, style, contest) != NULL;
    return n;
}

bool psp_catalog_votes_on(const struct psp_catalog *catalog, uint32_t unit, uint32_t contest)
{
    assert(unit < catalog->definition->unit_count);
    assert(contest < catalog->definition->contest_count);
    const struct psp_unit *at = &catalog->definition->units[unit];
    uint32_t leaf = catalog->contest_leaf_first[contest];
    uint32_t end = catalog->contest_leaf_end[contest];
    leaf = at->leaf_first > leaf ? at->leaf_first : leaf;
    end = at->leaf_end < end ? at->leaf_end : end;
    for (; leaf < end; leaf++) {
        if (psp_catalog_styles_with(catalog, leaf, contest) > 0)
            return true;
    }
    return false;
}

static uint64_t stated(uint64_t own, const uint64_t *sum, const uint32_t *gaps,
                       const struct psp_unit *unit)
{
    if (own != PSP_UNSTATED)
        return own;
    if (unit->leaf_first == unit->leaf_end || gaps[unit->leaf_end] != gaps[unit->leaf_first])
        return PSP_UNSTATED;
    assert(gaps[unit->leaf_end] >= gaps[unit->leaf_first]);
    return sum[unit->leaf_end] - sum[unit->leaf_first];
}

uint64_t psp_catalog_registered(const struct psp_catalog *catalog, uint32_t unit)
{
    const struct psp_unit *at = &catalog->definition->units[unit];
    return stated(at->registered, catalog->registered_sum, catalog->registered_gaps, at);
}

uint64_t psp_catalog_expected(const struct psp_catalog *catalog, uint32_t unit)
{
    const struct psp_unit *at = &catalog->definition->units[unit];
    return stated(at->ballots_expected, catalog->expected_sum, catalog->expected_gaps, at);
}
