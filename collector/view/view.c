/* Copies what it shows out of the board; the version is a hash of the shards' states, and of
 * what is shown. */
#include "collector/view/view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"
#include "base/checked.h"
#include "collector/view/overview.h"

static void destroy(struct psp_view *view)
{
    free(view->shards);
    free(view->totals.cells);
    free(view->row_reports);
    free(view->choice_votes);
    free(view->ballots_sum);
    free(view->counted_sum);
    free(view->complete_sum);
    free(view->partial_sum);
    free(view->unit_complete);
    free(view->registered_sum);
    free(view->leaf_reports);
    free(view->leaf_report_shards);
    free(view->changes.rows);
    free(view->changes.leaves);
    free(view->changes.revisions);
    free(view->changes.lowered);
    free(view->stations);
    psp_overview_place_destroy(&view->overview);
    free(view);
}

void psp_view_release(struct psp_view **view)
{
    if (!*view)
        return;
    const uint32_t before = atomic_fetch_sub(&(*view)->references, 1);
    assert(before > 0);
    if (before == 1)
        destroy(*view);
    *view = NULL;
}

/* Zeros. All arrays come from here and from below, so that their bytes are counted. */
static void *take_room(struct psp_view *view, size_t count, size_t size)
{
    view->bytes += count * size;
    return calloc(count, size);
}

/* To be filled whole: not cleared before. */
static uint64_t *reserve_cells(struct psp_view *view, size_t count)
{
    view->bytes += count * sizeof(uint64_t);
    return malloc(count * sizeof(uint64_t));
}

static bool reserve(struct psp_view *view)
{
    const struct psp_definition *definition = view->definition;
    const size_t leaves = (size_t)definition->leaf_count + 1;
    view->shards = take_room(view, (size_t)view->shard_count + 1, sizeof *view->shards);
    view->totals.cells = reserve_cells(view, view->totals.cell_count + 1);
    view->choice_votes =
        take_room(view, (size_t)definition->choice_count + 1, sizeof *view->choice_votes);
    view->ballots_sum = take_room(view, leaves, sizeof *view->ballots_sum);
    const bool told = view->turnout == PSP_PUBLICATION_IMMEDIATE;
    if (told)
        view->counted_sum = take_room(view, leaves, sizeof *view->counted_sum);
    view->complete_sum = take_room(view, leaves, sizeof *view->complete_sum);
    view->partial_sum = take_room(view, leaves, sizeof *view->partial_sum);
    view->unit_complete =
        take_room(view, (size_t)definition->unit_count + 1, sizeof *view->unit_complete);
    view->leaf_reports = take_room(view, leaves, sizeof *view->leaf_reports);
    view->leaf_report_shards =
        take_room(view, leaves * view->shard_count + 1, sizeof *view->leaf_report_shards);
    view->overview = psp_overview_place_create();
    /* Made when first asked for, but for the lines of its groups, which are few. */
    view->bytes += definition->contest_count * sizeof(struct psp_overview_contest) +
                   view->catalog->group_count * sizeof(struct psp_overview_group);
    return view->overview && view->shards && view->totals.cells && view->choice_votes &&
           view->ballots_sum && (view->counted_sum || !told) && view->complete_sum &&
           view->partial_sum && view->unit_complete && view->leaf_reports &&
           view->leaf_report_shards;
}

/* With the publication reports only. */
static bool reserve_reports(struct psp_view *view)
{
    if (view->publication == PSP_PUBLICATION_IMMEDIATE)
        return true;
    view->row_reports = reserve_cells(view, (size_t)view->totals.row_count + 1);
    return view->row_reports != NULL;
}

static enum psp_election_state state_of_all(const struct psp_view *view)
{
    uint32_t open = 0, closed = 0;
    for (uint32_t s = 0; s < view->shard_count; s++) {
        open += view->shards[s].election_state == PSP_ELECTION_OPEN;
        closed += view->shards[s].election_state == PSP_ELECTION_CLOSED;
    }
    assert(view->shard_count > 0 && open + closed <= view->shard_count);
    if (closed == view->shard_count)
        return PSP_ELECTION_CLOSED;
    /* Some closed and some not: ballots are still counted. */
    return open > 0 || closed > 0 ? PSP_ELECTION_OPEN : PSP_ELECTION_NEW;
}

/* promise 5: what a shard's rows hold beyond what is shown is nobody's to know. */
static uint64_t ballots_told(const struct psp_view *view, const struct psp_board_shard *shard)
{
    return view->publication == PSP_PUBLICATION_IMMEDIATE ? shard->ballots
                                                          : shard->books.added_ballots;
}

static void take_shards(struct psp_view *view, const struct psp_board *board)
{
    for (uint32_t s = 0; s < view->shard_count; s++) {
        view->shards[s] = *psp_board_shard(board, s);
        view->shards[s].ballots = ballots_told(view, &view->shards[s]);
        psp_books_add(&view->books, &view->shards[s].books);
        if (!view->shards[s].present)
            continue;
        view->any = true;
        if (view->shards[s].time_ms > view->time_ms)
            view->time_ms = view->shards[s].time_ms;
    }
    view->election_state = state_of_all(view);
}

static uint64_t hash_version(const struct psp_view *view, const struct psp_board_shown *shown)
{
    uint64_t hash = psp_fnv64(PSP_FNV64_START, PSP_VERSION, sizeof PSP_VERSION);
    hash = psp_fnv64(hash, view->cluster_id, PSP_CLUSTER_ID_BYTES);
    hash = psp_fnv64(hash, view->definition->hash, PSP_HASH_BYTES);
    for (uint32_t s = 0; s < view->shard_count; s++) {
        const struct psp_board_shard *shard = &view->shards[s];
        hash = psp_fnv64(hash, &shard->present, sizeof shard->present);
        hash = psp_fnv64(hash, &shard->epoch, sizeof shard->epoch);
        hash = psp_fnv64(hash, &shard->index, sizeof shard->index);
        hash = psp_fnv64(hash, shard->state_hash, PSP_HASH_BYTES);
    }
    return psp_fnv64(hash, &shown->hash, sizeof shown->hash);
}

static void take_version(struct psp_view *view, const struct psp_board *board,
                         const struct psp_version_key *key)
{
    view->key = *key;
    view->change = psp_board_changes(board);
    view->tag = hash_version(view, psp_board_shown(board));
    view->check = psp_version_check(key, view->change, view->tag);
    psp_version_write(key, view->change, view->tag, view->id);
    for (uint32_t s = 0; s < view->shard_count; s++)
        view->number += (view->shards[s].epoch << 40) + view->shards[s].index;
}

static void take_leaf(struct psp_view *view, const struct psp_board_shown *shown, uint32_t leaf)
{
    const struct psp_shown_leaf *at = &shown->leaves[leaf];
    view->leaf_reports[leaf] =
        (struct psp_view_report){at->number, at->at_ms, at->final, at->under_way};
    assert(leaf < view->definition->leaf_count);
    view->complete_sum[leaf + 1] = view->complete_sum[leaf] + at->final;
    view->partial_sum[leaf + 1] = view->partial_sum[leaf] + (at->number > 0 && !at->final);
    if (at->number == 0)
        return; /* no page of its shards is touched for nothing */
    const size_t first = (size_t)leaf * view->shard_count;
    for (size_t s = first; s < first + view->shard_count; s++)
        view->leaf_report_shards[s] =
            (struct psp_view_report_shard){shown->sources[s].epoch, shown->sources[s].index};
}

static void take_shown(struct psp_view *view, const struct psp_board *board)
{
    const struct psp_definition *definition = view->definition;
    const struct psp_board_shown *shown = psp_board_shown(board);
    const struct psp_totals *rows = shown->rows ? shown->rows : psp_board_merged(board);
    assert(rows->cell_count == view->totals.cell_count);
    assert(rows->row_count == view->totals.row_count);
    assert((view->row_reports != NULL) == (shown->rows != NULL));
    memcpy(view->totals.cells, rows->cells, rows->cell_count * sizeof *rows->cells);
    if (view->row_reports)
        memcpy(view->row_reports, shown->row_reports, rows->row_count * sizeof *view->row_reports);
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        take_leaf(view, shown, leaf);
    for (uint32_t u = 0; u < definition->unit_count; u++) {
        const struct psp_unit *unit = &definition->units[u];
        const uint32_t leaves = unit->leaf_end - unit->leaf_first;
        assert(unit->leaf_first <= unit->leaf_end && unit->leaf_end <= definition->leaf_count);
        view->unit_complete[u] =
            leaves > 0 &&
            view->complete_sum[unit->leaf_end] - view->complete_sum[unit->leaf_first] == leaves;
    }
}

static bool copy_cells(struct psp_view *view, const uint64_t *from, size_t count, uint64_t **ret_to)
{
    *ret_to = reserve_cells(view, count + 1);
    if (*ret_to)
        memcpy(*ret_to, from, count * sizeof *from);
    return *ret_to != NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When what changed last; PSP_ENOMEM. */
static enum psp_status take_changes(struct psp_view *view, const struct psp_board *board)
{
    const struct psp_board_news *news = psp_board_news(board);
    const struct psp_board_shown *shown = psp_board_shown(board);
    const struct psp_totals *rows = psp_board_merged(board);
    const struct psp_board_corrected *corrected = psp_board_corrected(board);
    const uint32_t leaves = view->definition->leaf_count;
    struct psp_view_changes *changes = &view->changes;
    if (shown->rows) {
        rows = shown->rows;
        corrected = &shown->corrected;
    }
    const uint64_t now = psp_board_changes(board);
    assert(news->epoch <= now && news->state <= now && news->registered <= now);
    assert(shown->newest <= now && shown->told_newest <= now);
    changes->epoch = news->epoch;
    changes->state = news->state;
    /* Until it is closed, turnout does not depend on the state. */
    changes->turnout = news->registered;
    if (view->election_state == PSP_ELECTION_CLOSED)
        changes->turnout = later(changes->turnout, news->state);
    changes->books = shown->newest;
    for (uint32_t s = 0; s < view->shard_count; s++)
        changes->books = later(changes->books, view->shards[s].change);
    assert(changes->books <= now && changes->turnout <= now);
    if (!copy_cells(view, rows->row_index, rows->row_count, &changes->rows))
        return PSP_ENOMEM;
    if (corrected->newest > 0 &&
        (!copy_cells(view, corrected->revisions, rows->row_count, &changes->revisions) ||
         !copy_cells(view, corrected->lowered, rows->row_count, &changes->lowered)))
        return PSP_ENOMEM;
    if (shown->told_newest == 0 && news->counted_newest == 0)
        return PSP_OK;
    if (!copy_cells(view, news->counted, leaves, &changes->leaves))
        return PSP_ENOMEM;
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        changes->leaves[leaf] = later(changes->leaves[leaf], shown->leaves[leaf].told);
    return PSP_OK;
}

/* A sum is not told while nothing of it is shown. */
static void add_shown(uint64_t *sum, uint64_t votes)
{
    *sum = (*sum == PSP_UNSTATED ? 0 : *sum) + votes;
}

/* Returns the row's ballots. */
static uint64_t sum_row(struct psp_view *view, uint32_t row)
{
    const struct psp_style *style = psp_totals_row_style(&view->totals, row);
    const uint64_t *cells = view->totals.cells + view->totals.row_first[row];
    assert(row < view->totals.row_count);
    if (view->row_reports && view->row_reports[row] == 0)
        return 0;
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_style_contest *entry = &style->contests[i];
        uint64_t *votes =
            view->choice_votes + view->definition->contests[entry->contest].choice_first;
        assert(entry->cell + entry->choice_count + 2 <= style->row_cells);
        for (uint32_t c = 0; c < entry->choice_count; c++)
            add_shown(&votes[entry->choices[c]], cells[entry->cell + c]);
    }
    return cells[0];
}

static void sum_rows(struct psp_view *view)
{
    for (uint32_t c = 0; view->row_reports && c < view->definition->choice_count; c++)
        view->choice_votes[c] = PSP_UNSTATED;
    for (uint32_t leaf = 0; leaf < view->definition->leaf_count; leaf++) {
        const uint32_t end = psp_totals_row(&view->totals, leaf + 1, 0, 0);
        uint64_t ballots = 0;
        for (uint32_t row = psp_totals_row(&view->totals, leaf, 0, 0); row < end; row++)
            ballots += sum_row(view, row);
        view->ballots_sum[leaf + 1] = view->ballots_sum[leaf] + ballots;
    }
    view->shown_ballots = view->ballots_sum[view->definition->leaf_count];
}

/* promise 5: what is counted and not shown is told by leaf, if that is to be told. */
static void sum_counted(struct psp_view *view, const uint64_t *counted)
{
    if (!view->counted_sum)
        return;
    if (view->publication == PSP_PUBLICATION_IMMEDIATE) {
        memcpy(view->counted_sum, view->ballots_sum,
               ((size_t)view->definition->leaf_count + 1) * sizeof *view->counted_sum);
        return;
    }
    for (uint32_t leaf = 0; leaf < view->definition->leaf_count; leaf++)
        view->counted_sum[leaf + 1] = view->counted_sum[leaf] + counted[leaf];
}

/* Only when every shard has sent its part of the roll: a part of it would be a
 * wrong denominator. */
static bool sum_registered(struct psp_view *view, const struct psp_board *board)
{
    const uint32_t leaves = view->definition->leaf_count;
    for (uint32_t s = 0; s < view->shard_count; s++) {
        if (!psp_board_shard_registered(board, s))
            return true;
    }
    view->registered_sum = take_room(view, (size_t)leaves + 1, sizeof *view->registered_sum);
    if (!view->registered_sum)
        return false;
    for (uint32_t s = 0; s < view->shard_count; s++) {
        const uint32_t *registered = psp_board_shard_registered(board, s);
        for (uint32_t leaf = 0; leaf < leaves; leaf++)
            view->registered_sum[leaf + 1] += registered[leaf];
    }
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        view->registered_sum[leaf + 1] += view->registered_sum[leaf];
    assert(view->registered_sum[0] == 0);
    return true;
}

static bool take_stations(struct psp_view *view, const struct psp_board_stations *stations)
{
    uint32_t n = 0;
    for (uint32_t number = 0; number < stations->end; number++)
        n += stations->list[number].books.received > 0;
    view->stations = take_room(view, (size_t)n + 1, sizeof *view->stations); /* no zero size */
    if (!view->stations)
        return false;
    for (uint32_t number = 0; number < stations->end; number++) {
        const struct psp_station_books *books = &stations->list[number].books;
        view->forgotten += books->forgotten;
        if (books->received > 0)
            view->stations[view->station_count++] = (struct psp_view_station){number, *books};
    }
    assert(view->station_count == n);
    return true;
}

/* Ballots of each row that is shown, added up the other way; what a shard tells may wrap. */
static void check_rows(const struct psp_view *view)
{
    uint64_t ballots = 0;
    for (uint32_t row = 0; row < view->totals.row_count; row++)
        if (!view->row_reports || view->row_reports[row] > 0)
            ballots += view->totals.cells[view->totals.row_first[row]];
    assert(ballots == view->shown_ballots);
    for (uint32_t i = 1; i < view->station_count; i++)
        assert(view->stations[i - 1].number < view->stations[i].number);
}

static void check(const struct psp_view *view)
{
    const uint32_t leaves = view->definition->leaf_count;
    const uint64_t all = view->ballots_sum[leaves];
    assert(view->references == 1);
    assert(view->totals.definition == view->definition);
    assert((view->row_reports == NULL) == (view->publication == PSP_PUBLICATION_IMMEDIATE));
    assert((view->counted_sum == NULL) == (view->turnout != PSP_PUBLICATION_IMMEDIATE));
    assert(view->ballots_sum[0] == 0 && view->complete_sum[0] == 0 && view->partial_sum[0] == 0);
    assert(view->complete_sum[leaves] + view->partial_sum[leaves] <= leaves);
    assert(all == view->shown_ballots);
    assert(view->row_reports || !view->counted_sum || view->counted_sum[leaves] == all);
    assert(view->any || view->time_ms == 0);
    if (PSP_CHECKED)
        check_rows(view);
}

enum psp_status psp_view_create(const struct psp_board *board, const struct psp_catalog *catalog,
                                const struct psp_version_key *key, struct psp_view **ret_view)
{
    const struct psp_totals *merged = psp_board_merged(board);
    struct psp_view *view = calloc(1, sizeof *view);
    if (!view)
        return PSP_ENOMEM;
    atomic_init(&view->references, 1);
    view->catalog = catalog;
    view->definition = catalog->definition;
    view->publication = view->definition->publication;
    view->turnout = view->definition->turnout;
    view->shard_count = psp_board_shard_count(board);
    memcpy(view->cluster_id, psp_board_cluster_id(board), PSP_CLUSTER_ID_BYTES);
    view->totals = *merged;
    view->totals.cells = NULL;
    view->totals.row_index = NULL;
    if (!reserve(view) || !reserve_reports(view) || !sum_registered(view, board) ||
        !take_stations(view, psp_board_merged_stations(board))) {
        destroy(view);
        return PSP_ENOMEM;
    }
    take_shards(view, board);
    if (take_changes(view, board) != PSP_OK) {
        destroy(view);
        return PSP_ENOMEM;
    }
    take_shown(view, board);
    sum_rows(view);
    sum_counted(view, psp_board_counted(board));
    /* Once a version, not once an answer: it walks every cell. */
    view->rows_balanced = psp_totals_unbalanced_row(&view->totals) == PSP_NONE;
    take_version(view, board, key);
    check(view);
    *ret_view = view;
    return PSP_OK;
}

struct psp_view *psp_view_hold(const struct psp_view *view)
{
    struct psp_view *held = (struct psp_view *)(uintptr_t)view; /* what is counted is no content */
    const uint32_t before = atomic_fetch_add(&held->references, 1);
    assert(before > 0); /* the caller's */
    return held;
}

uint64_t psp_view_ballots(const struct psp_view *view, uint32_t unit)
{
    assert(unit < view->definition->unit_count);
    const struct psp_unit *at = &view->definition->units[unit];
    return view->ballots_sum[at->leaf_end] - view->ballots_sum[at->leaf_first];
}

uint64_t psp_view_counted(const struct psp_view *view, uint32_t unit)
{
    assert(unit < view->definition->unit_count);
    const struct psp_unit *at = &view->definition->units[unit];
    if (!view->counted_sum)
        return PSP_UNSTATED;
    return view->counted_sum[at->leaf_end] - view->counted_sum[at->leaf_first];
}

bool psp_view_report_of(const struct psp_view *view, uint32_t unit,
                        struct psp_view_report *ret_report, uint32_t *ret_leaf)
{
    assert(unit < view->definition->unit_count);
    const struct psp_unit *at = &view->definition->units[unit];
    struct psp_view_report newest = {.final = true};
    uint32_t newest_leaf = 0;
    for (uint32_t leaf = at->leaf_first; leaf < at->leaf_end; leaf++) {
        const struct psp_view_report *report = &view->leaf_reports[leaf];
        newest.final &= report->number > 0 && report->final;
        newest.under_way |= report->under_way;
        if (report->number > newest.number) {
            newest.number = report->number;
            newest.at_ms = report->at_ms;
            newest_leaf = leaf;
        }
    }
    if (newest.number == 0)
        return false;
    assert(newest_leaf >= at->leaf_first && newest_leaf < at->leaf_end);
    *ret_report = newest;
    *ret_leaf = newest_leaf;
    return true;
}

uint32_t psp_view_partial(const struct psp_view *view, uint32_t unit)
{
    assert(unit < view->definition->unit_count);
    const struct psp_unit *at = &view->definition->units[unit];
    return view->partial_sum[at->leaf_end] - view->partial_sum[at->leaf_first];
}

uint64_t psp_view_registered(const struct psp_view *view, uint32_t unit)
{
    assert(unit < view->definition->unit_count);
    const struct psp_unit *at = &view->definition->units[unit];
    if (!view->registered_sum)
        return psp_catalog_registered(view->catalog, unit);
    return view->registered_sum[at->leaf_end] - view->registered_sum[at->leaf_first];
}

bool psp_view_balanced(const struct psp_view *view, uint32_t shard)
{
    if (shard != PSP_NONE) {
        assert(shard < view->shard_count);
        const struct psp_board_shard *head = &view->shards[shard];
        return psp_books_balanced(&head->books) && psp_board_shard_adds_up(view->definition, head);
    }
    bool balanced = psp_books_balanced(&view->books) && view->rows_balanced;
    for (uint32_t s = 0; s < view->shard_count; s++)
        balanced &= psp_view_balanced(view, s);
    return balanced;
}

bool psp_view_stations_balanced(const struct psp_view *view)
{
    struct psp_station_books sum = {0};
    for (uint32_t i = 0; i < view->station_count; i++)
        psp_station_books_add(&sum, &view->stations[i].books);
    bool balanced = sum.received == view->books.received;
    for (int d = PSP_COUNTED; d < PSP_DISPOSITIONS_END; d++)
        balanced &= sum.disposed[d] == view->books.disposed[d];
    return balanced;
}
