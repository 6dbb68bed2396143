/* A partial is checked whole before anything of it is taken; the sum follows by
 * differences, row by row. */
#include "collector/board/board.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "collector/board/check.h"
#include "collector/board/inner.h"
#include "election/rows.h"

enum { CHECKED_SHARDS = 64 }; /* a board of more is not looked at after each event */

/* What a partial's rows and stations say, found out before anything changes. */
struct comparison {
    bool differs;       /* from what is held */
    bool lower;         /* some count is lower than what is held, at the same revision */
    bool older;         /* some revision is lower than what is held */
    uint32_t corrected; /* rows with lower counts at a higher revision */
    struct psp_board_stations_news stations;
    struct psp_board_leaves_news leaves;
};

static void free_shard(struct psp_board_state *state)
{
    psp_totals_destroy(&state->totals);
    free(state->revisions);
    free(state->registered);
    psp_board_stations_free(&state->stations);
    psp_board_leaves_free(&state->leaves);
}

void psp_board_destroy(struct psp_board **board)
{
    if (!*board)
        return;
    struct psp_board *gone = *board;
    if (gone->shards) {
        for (uint32_t i = 0; i < gone->options.shard_count; i++)
            free_shard(&gone->shards[i]);
    }
    free(gone->shards);
    psp_totals_destroy(&gone->merged);
    psp_board_stations_free(&gone->stations);
    free(gone->counted);
    psp_board_shown_destroy(&gone->shown);
    free(gone->says);
    psp_board_corrected_free(&gone->corrected);
    free(gone->news.counted);
    free(gone);
    *board = NULL;
}

static enum psp_status create_shard(const struct psp_definition *definition,
                                    struct psp_board_state *ret_state)
{
    ret_state->registered = calloc(definition->leaf_count + 1, sizeof *ret_state->registered);
    if (!ret_state->registered)
        return PSP_ENOMEM;
    enum psp_status status = psp_board_leaves_create(definition->leaf_count, &ret_state->leaves);
    if (status == PSP_OK)
        status = psp_totals_create(definition, &ret_state->totals);
    if (status != PSP_OK)
        return status;
    ret_state->revisions = calloc((size_t)ret_state->totals->row_count + 1, /* no zero size */
                                  sizeof *ret_state->revisions);
    return ret_state->revisions ? psp_board_stations_create(&ret_state->stations) : PSP_ENOMEM;
}

enum psp_status psp_board_create(const struct psp_board_options *options,
                                 struct psp_board **ret_board)
{
    const struct psp_definition *definition = options->definition;
    struct psp_board *board = calloc(1, sizeof *board);
    if (!board)
        return PSP_ENOMEM;
    assert(options->shard_count > 0 && definition->leaf_count > 0);
    board->options = *options;
    board->shards = calloc(options->shard_count, sizeof *board->shards);
    board->says = calloc(options->shard_count, sizeof *board->says);
    board->counted = calloc((size_t)definition->leaf_count + 1, sizeof *board->counted);
    board->news.counted = calloc((size_t)definition->leaf_count + 1, sizeof *board->news.counted);
    enum psp_status status =
        board->shards && board->says && board->counted && board->news.counted ? PSP_OK : PSP_ENOMEM;
    if (status == PSP_OK)
        status = psp_board_shown_create(definition, options->shard_count, &board->shown);
    if (status == PSP_OK)
        status = psp_totals_create(definition, &board->merged);
    if (status == PSP_OK)
        status = psp_board_corrected_create(board->merged->row_count, &board->corrected);
    if (status == PSP_OK)
        status = psp_board_stations_create(&board->stations);
    for (uint32_t i = 0; i < options->shard_count && status == PSP_OK; i++) {
        status = create_shard(definition, &board->shards[i]);
        board->says[i].reports = board->shards[i].leaves.reports;
    }
    if (status != PSP_OK) {
        psp_board_destroy(&board);
        return status;
    }
    assert(board->merged->row_count == board->shards[0].totals->row_count);
    *ret_board = board;
    return PSP_OK;
}

/* ---- reading rows ---- */

/* Whether rows [first, end) of what is held have any count or revision. */
static bool any_counts(const struct psp_board_state *held, uint64_t first, uint64_t end)
{
    const struct psp_totals *totals = held->totals;
    assert(end <= totals->row_count);
    for (uint64_t row = first; row < end; row++) {
        if (totals->row_index[row] == 0)
            continue;
        if (held->revisions[row] != 0)
            return true;
        for (uint64_t c = totals->row_first[row]; c < totals->row_first[row + 1]; c++) {
            if (totals->cells[c] != 0)
                return true;
        }
    }
    return false;
}

static struct psp_rows rows_of(const struct psp_partial *partial)
{
    return (struct psp_rows){.at = partial->rows.data,
                             .end = partial->rows.data + partial->rows.length};
}

/* One row, its number read. False: malformed. */
static bool compare_row(const struct psp_board_state *held, struct psp_rows *rows, uint32_t row,
                        struct comparison *found)
{
    const struct psp_totals *totals = held->totals;
    uint32_t revision;
    bool lower = false;
    assert(row < totals->row_count);
    if (!psp_rows_revision(rows, &revision))
        return false;
    for (uint64_t c = totals->row_first[row]; c < totals->row_first[row + 1]; c++) {
        uint64_t value;
        if (!psp_rows_cell(rows, &value))
            return false;
        found->differs |= value != totals->cells[c];
        lower |= value < totals->cells[c];
    }
    const uint32_t held_revision = held->revisions[row];
    found->differs |= revision != held_revision;
    found->older |= revision < held_revision;
    found->lower |= lower && revision == held_revision;
    found->corrected += lower && revision > held_revision;
    return true;
}

/* Checks all rows of a partial against what is held. With base 0 a row that is
 * not listed says that it is all zero. False: malformed. */
static bool compare_rows(const struct psp_board_state *held, const struct psp_partial *partial,
                         struct comparison *ret_comparison)
{
    struct psp_rows rows = rows_of(partial);
    struct comparison found = {0};
    const bool whole = partial->base_index == 0;
    while (rows.at != rows.end) {
        const uint64_t unlisted = rows.row_next;
        uint32_t row;
        if (!psp_rows_next(&rows, held->totals->row_count, &row))
            return false;
        if (whole && any_counts(held, unlisted, row))
            found.differs = found.lower = true;
        if (!compare_row(held, &rows, row, &found))
            return false;
    }
    if (whole && any_counts(held, rows.row_next, held->totals->row_count))
        found.differs = found.lower = true;
    *ret_comparison = found;
    return true;
}

/* False: malformed. */
static bool compare(const struct psp_board_state *held, const struct psp_partial *partial,
                    struct comparison *ret_comparison)
{
    return compare_rows(held, partial, ret_comparison) &&
           psp_board_stations_compare(&held->stations, partial->stations, partial->base_index == 0,
                                      &ret_comparison->stations) &&
           psp_board_leaves_compare(&held->leaves, partial, &ret_comparison->leaves);
}

/* ---- checking ---- */

static bool tells_leaf_ballots(const struct psp_definition *definition)
{
    return definition->publication == PSP_PUBLICATION_REPORTS &&
           definition->turnout == PSP_PUBLICATION_IMMEDIATE;
}

bool psp_board_shard_adds_up(const struct psp_definition *definition,
                             const struct psp_board_shard *shard)
{
    if (definition->publication == PSP_PUBLICATION_IMMEDIATE)
        return shard->ballots == shard->books.added_ballots;
    return !tells_leaf_ballots(definition) || shard->counted == shard->books.added_ballots;
}

static bool well_formed(const struct psp_board *board, const struct psp_partial *partial)
{
    const struct psp_definition *definition = board->options.definition;
    const size_t leaves = partial->registered_leaves.length;
    const size_t counts = partial->rows.length + partial->stations.length +
                          partial->reports.length + partial->leaf_ballots.length;
    return (leaves == 0 || leaves == (size_t)definition->leaf_count * 4) &&
           (partial->leaf_ballots.length == 0 || tells_leaf_ballots(definition)) &&
           partial->base_index <= partial->index && (partial->index > 0 || counts == 0);
}

/* A correction takes ballots out of rows, and so out of their sum; what was received
 * and judged stays so. */
static bool books_went_down(const struct psp_board_shard *head, const struct psp_partial *partial,
                            const struct comparison *comparison)
{
    struct psp_books held = head->books;
    if (comparison->corrected > 0)
        held.added_ballots = 0;
    return psp_books_went_down(&held, &partial->books);
}

/* NULL: a partial of the epoch held agrees with what is held. */
static const char *contradiction(const struct psp_board_shard *head,
                                 const struct psp_partial *partial,
                                 const struct comparison *comparison)
{
    if (partial->index == head->index) {
        if (memcmp(partial->state_hash, head->state_hash, PSP_HASH_BYTES) != 0)
            return "state hash";
        if (!psp_books_same(&partial->books, &head->books))
            return "books";
        if (comparison->differs)
            return "rows";
        if (comparison->stations.differs)
            return "books by station";
        if (comparison->leaves.reports_differ)
            return "reports";
        return comparison->leaves.ballots_differ ? "ballots by leaf" : NULL;
    }
    if (comparison->older)
        return "a row's revision went down";
    if (comparison->lower)
        return "a count went down without a higher revision of its row";
    if (books_went_down(head, partial, comparison))
        return "the books went down";
    if (comparison->stations.lower)
        return "the books of a station went down";
    if (comparison->leaves.report_back)
        return "a report went back";
    return comparison->leaves.ballots_lower ? "the ballots of a leaf went down" : NULL;
}

static void remember_divergence(struct psp_board *board, struct psp_board_shard *head,
                                const struct psp_partial *partial, const char *what)
{
    struct psp_board_divergence *divergence = &head->divergence;
    assert(what != NULL);
    divergence->count++;
    divergence->standing = true;
    divergence->replica = partial->replica;
    divergence->epoch = partial->epoch;
    divergence->index = partial->index;
    memcpy(divergence->held_hash, head->state_hash, PSP_HASH_BYTES);
    memcpy(divergence->other_hash, partial->state_hash, PSP_HASH_BYTES);
    divergence->what = what;
    board->changes++;
}

void psp_board_diverge(struct psp_board *board, const struct psp_partial *partial, const char *what)
{
    assert(partial->shard < board->options.shard_count);
    remember_divergence(board, &board->shards[partial->shard].head, partial, what);
}

void psp_board_settle(struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    struct psp_board_divergence *divergence = &board->shards[shard].head.divergence;
    board->changes += divergence->standing;
    divergence->standing = false;
}

/* ---- changing ---- */

/* A higher epoch starts the shard anew: its old counts leave the sum. */
static void forget_counts(struct psp_board *board, struct psp_board_state *state)
{
    for (uint32_t row = 0; board->corrected.newest > 0 && row < state->totals->row_count; row++)
        board->corrected.revisions[row] -= state->revisions[row];
    for (uint64_t c = 0; c < state->totals->cell_count; c++)
        board->merged->cells[c] -= state->totals->cells[c];
    memset(state->totals->cells, 0, state->totals->cell_count * sizeof *state->totals->cells);
    memset(state->totals->row_index, 0,
           state->totals->row_count * sizeof *state->totals->row_index);
    memset(state->revisions, 0, state->totals->row_count * sizeof *state->revisions);
    psp_board_stations_forget(&state->stations, &board->stations);
    psp_board_leaves_forget(&state->leaves, board->counted);
    assert(state->leaves.counted == 0 && state->stations.end == 0);
    state->head.ballots = 0;
    state->has_registered = false;
}

/* The sum follows: a row of one shard has another revision. */
static void revise(struct psp_board *board, struct psp_board_state *state, uint32_t row,
                   uint32_t revision)
{
    if (revision == state->revisions[row])
        return;
    assert(board->corrected.revisions[row] >= state->revisions[row]);
    const uint64_t sum =
        board->corrected.revisions[row] + revision - (uint64_t)state->revisions[row];
    psp_board_corrected_revise(&board->corrected, row, sum, board->changes);
    state->revisions[row] = revision;
}

/* The rows were checked by compare_rows. */
static void take_rows(struct psp_board *board, struct psp_board_state *state,
                      const struct psp_partial *partial)
{
    struct psp_totals *totals = state->totals;
    struct psp_rows rows = rows_of(partial);
    while (rows.at != rows.end) {
        uint32_t row, revision;
        bool read = psp_rows_next(&rows, totals->row_count, &row);
        assert(read);
        read = psp_rows_revision(&rows, &revision);
        assert(read);
        revise(board, state, row, revision);
        const uint64_t first = totals->row_first[row];
        state->head.ballots -= totals->cells[first];
        for (uint64_t c = first; c < totals->row_first[row + 1]; c++) {
            uint64_t value;
            read = psp_rows_cell(&rows, &value);
            assert(read);
            if (value < totals->cells[c])
                psp_board_corrected_lower(&board->corrected, row, board->changes);
            board->merged->cells[c] += value - totals->cells[c];
            totals->cells[c] = value;
        }
        state->head.ballots += totals->cells[first];
        assert(totals->row_index[row] <= partial->index);
        totals->row_index[row] = partial->index;
        board->merged->row_index[row] = board->changes;
    }
}

static void take_registered(struct psp_board *board, struct psp_board_state *state,
                            const struct psp_bytes *leaves)
{
    bool differs = !state->has_registered;
    if (leaves->length == 0)
        return;
    assert(leaves->length == (size_t)board->options.definition->leaf_count * 4);
    for (size_t i = 0; i < leaves->length / 4; i++) {
        const uint32_t registered = psp_get32(leaves->data + i * 4);
        differs |= registered != state->registered[i];
        state->registered[i] = registered;
    }
    if (differs)
        board->news.registered = board->changes;
    state->has_registered = true;
}

static void take_head(struct psp_board *board, const struct psp_partial *partial)
{
    struct psp_board_shard *head = &board->shards[partial->shard].head;
    /* promise 5: never backwards */
    assert(!head->present || partial->epoch >= head->epoch);
    assert(!head->present || partial->epoch > head->epoch || partial->index > head->index);
    if (!head->present || partial->rows.length > 0 || partial->leaf_ballots.length > 0 ||
        partial->epoch != head->epoch || !psp_books_same(&partial->books, &head->books))
        head->change = board->changes;
    if (partial->election_state != head->election_state)
        board->news.state = board->changes;
    if (head->present && partial->epoch != head->epoch)
        board->news.epoch = board->changes;
    head->present = true;
    head->replica = partial->replica;
    head->epoch = partial->epoch;
    head->index = partial->index;
    head->time_ms = partial->time_ms;
    head->registered = partial->registered;
    memcpy(head->state_hash, partial->state_hash, PSP_HASH_BYTES);
    memcpy(head->signature, partial->signature, PSP_SIGNATURE_BYTES);
    head->election_state = partial->election_state;
    head->books = partial->books;
    head->counted = board->shards[partial->shard].leaves.counted;
    board->says[partial->shard].present = true;
    board->says[partial->shard].epoch = partial->epoch;
}

/* ---- what is shown ---- */

static void review(struct psp_board *board, uint32_t leaf)
{
    assert(leaf < board->options.definition->leaf_count);
    const struct psp_shown_counts counts = {board->merged, board->corrected.revisions};
    psp_board_shown_review(board->shown, leaf, board->says, &counts, board->changes);
}

static void review_all(struct psp_board *board)
{
    for (uint32_t leaf = 0; leaf < board->options.definition->leaf_count; leaf++)
        review(board, leaf);
}

/* The leaves whose reports came with a partial. */
static void review_listed(struct psp_board *board, struct psp_bytes reports)
{
    uint32_t next = 0;
    while (reports.length > 0) {
        struct psp_leaf_report report;
        uint32_t leaf;
        const bool read = psp_leaf_report_next(
            &reports, &next, board->options.definition->leaf_count, &leaf, &report);
        assert(read);
        review(board, leaf);
    }
}

static void note_counted(struct psp_board *board, struct psp_bytes ballots)
{
    uint32_t next = 0;
    while (ballots.length > 0) {
        uint64_t counted;
        uint32_t leaf;
        const bool read = psp_leaf_ballots_next(
            &ballots, &next, board->options.definition->leaf_count, &leaf, &counted);
        assert(read);
        board->news.counted[leaf] = board->news.counted_newest = board->changes;
    }
}

/* After every event. */
static void check(const struct psp_board *board)
{
    const uint32_t n = board->options.shard_count < CHECKED_SHARDS ? board->options.shard_count : 0;
    const struct psp_totals *totals[CHECKED_SHARDS];
    const struct psp_board_stations *stations[CHECKED_SHARDS];
    for (uint32_t s = 0; s < n; s++) {
        const struct psp_board_state *state = &board->shards[s];
        assert(state->head.change <= board->changes);
        assert(state->leaves.reports_newest <= state->head.index || !state->head.present);
        assert(state->head.counted == state->leaves.counted);
        assert(board->says[s].present == state->head.present);
        assert(!state->head.present || board->says[s].epoch == state->head.epoch);
        totals[s] = state->totals;
        stations[s] = &state->stations;
    }
    assert(board->shown->newest <= board->changes && board->shown->told_newest <= board->changes);
    assert(board->news.counted_newest <= board->changes);
    if (n == 0)
        return;
    psp_board_check_cells(board->merged, totals, n);
    psp_board_check_stations(&board->stations, stations, n);
}

static void take(struct psp_board *board, struct psp_board_state *state,
                 const struct psp_partial *partial)
{
    const bool restored = state->head.present && partial->epoch != state->head.epoch;
    const bool told_anew = !state->head.present || (restored && state->leaves.reports_newest > 0);
    board->changes++;
    if (restored)
        forget_counts(board, state);
    state->head.divergence.standing &= !restored;
    take_rows(board, state, partial);
    psp_board_stations_take(&state->stations, &board->stations, partial->stations, partial->index,
                            board->changes);
    psp_board_leaves_take(&state->leaves, board->counted, partial);
    note_counted(board, partial->leaf_ballots);
    take_registered(board, state, &partial->registered_leaves);
    take_head(board, partial);
    if (told_anew) /* also of leaves of which it has no report */
        review_all(board);
    else
        review_listed(board, partial->reports);
    check(board);
}

/* promise 5: a whole state of the shard replaces an older one, or nothing changes */
enum psp_status psp_board_merge(struct psp_board *board, const struct psp_partial *partial)
{
    if (memcmp(partial->cluster_id, board->options.cluster_id, PSP_CLUSTER_ID_BYTES) != 0 ||
        partial->mode != board->options.mode || partial->shard >= board->options.shard_count)
        return PSP_EMISMATCH;
    struct psp_board_state *state = &board->shards[partial->shard];
    struct psp_board_shard *head = &state->head;
    const bool same_epoch = head->present && partial->epoch == head->epoch;
    if (head->present && partial->epoch < head->epoch)
        return PSP_STALE;
    if (same_epoch && partial->index < head->index)
        return PSP_STALE;
    if (!well_formed(board, partial))
        return PSP_EINVAL;
    if (partial->base_index != 0 && (!same_epoch || partial->base_index > head->index))
        return PSP_EINVAL;
    struct comparison comparison;
    if (!compare(state, partial, &comparison))
        return PSP_EINVAL;
    if (same_epoch) {
        const char *what = contradiction(head, partial, &comparison);
        if (what) {
            remember_divergence(board, head, partial, what);
            return PSP_EDIVERGED;
        }
        if (partial->index == head->index)
            return PSP_STALE;
        head->corrected_rows += comparison.corrected;
    }
    take(board, state, partial);
    return PSP_OK;
}

/* ---- restoring ---- */

static bool none_present(const struct psp_board *board)
{
    bool any = false;
    for (uint32_t s = 0; s < board->options.shard_count; s++)
        any |= board->shards[s].head.present;
    return !any;
}

struct psp_board_shown *psp_board_restore_shown(struct psp_board *board)
{
    assert(none_present(board));
    return board->shown;
}

struct psp_board_rows psp_board_restore_rows(struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    const struct psp_board_state *state = &board->shards[shard];
    assert(!state->head.present);
    return (struct psp_board_rows){state->totals->cells, state->revisions};
}

void psp_board_restore_station(struct psp_board *board, uint32_t shard, uint32_t number,
                               const struct psp_station_books *books)
{
    assert(shard < board->options.shard_count);
    assert(!board->shards[shard].head.present);
    psp_board_stations_restore(&board->shards[shard].stations, number, books);
}

struct psp_board_leaves *psp_board_restore_leaves(struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    assert(!board->shards[shard].head.present);
    return &board->shards[shard].leaves;
}

/* Adds the restored cells to the sum. A row with a count or a revision is as new as
 * the partial. */
static void take_cells(struct psp_board *board, struct psp_board_state *state, uint64_t index)
{
    struct psp_totals *totals = state->totals;
    for (uint32_t row = 0; row < totals->row_count; row++) {
        const uint64_t first = totals->row_first[row];
        uint64_t any = state->revisions[row];
        for (uint64_t c = first; c < totals->row_first[row + 1]; c++) {
            board->merged->cells[c] += totals->cells[c];
            any |= totals->cells[c];
        }
        if (any == 0)
            continue;
        state->head.ballots += totals->cells[first];
        if (state->revisions[row] > 0)
            psp_board_corrected_revise(&board->corrected, row,
                                       board->corrected.revisions[row] + state->revisions[row],
                                       board->changes);
        totals->row_index[row] = index;
        board->merged->row_index[row] = board->changes;
    }
}

enum psp_status psp_board_restore(struct psp_board *board, const struct psp_partial *partial)
{
    assert(partial->shard < board->options.shard_count);
    assert(partial->rows.length == 0 && partial->stations.length == 0 && partial->base_index == 0);
    assert(partial->reports.length == 0 && partial->leaf_ballots.length == 0);
    struct psp_board_state *state = &board->shards[partial->shard];
    assert(!state->head.present);
    if (!well_formed(board, partial))
        return PSP_EINVAL;
    board->changes++;
    take_cells(board, state, partial->index);
    psp_board_stations_settle(&state->stations, &board->stations, partial->index, board->changes);
    if (!psp_board_leaves_settle(&state->leaves, board->counted, partial->index))
        return PSP_EINVAL;
    take_registered(board, state, &partial->registered_leaves);
    take_head(board, partial);
    const bool adds_up = psp_board_shard_adds_up(board->options.definition, &state->head);
    check(board);
    return adds_up && (partial->index > 0 || state->head.ballots == 0) ? PSP_OK : PSP_EINVAL;
}

enum psp_status psp_board_restore_end(struct psp_board *board)
{
    if (!psp_board_shown_settle(board->shown, board->corrected.revisions, board->changes))
        return PSP_EINVAL;
    board->changes++;
    review_all(board);
    return PSP_OK;
}
