/* Goes through units, contests and methods in one order, whether all is told or what changed:
 * where it stands is all that is kept between two pieces. */
#include "collector/api/changes.h"

#include <stdlib.h>

#include "collector/api/answer.h"
#include "collector/api/row.h"
#include "collector/view/tally.h"

enum stage { STAGE_UNITS, STAGE_BOOKS, STAGE_END, STAGE_DONE };

struct psp_changes {
    const struct psp_view *view;
    struct psp_changes_question question;
    bool stale;
    uint32_t *leaves; /* that changed, ascending */
    uint32_t leaf_count;
    enum stage stage;
    uint32_t place;        /* in the walk over units */
    uint32_t contest;      /* the next one of that unit; contest_count: its turnout */
    struct psp_text *text; /* NULL: only whether there is a line */
    bool found;
};

/* ---- what changed ---- */

static bool is_new(const struct psp_changes *changes, uint64_t change)
{
    return !changes->question.resumed || change > changes->question.since;
}

static bool leaf_changed(const struct psp_changes *changes, uint32_t leaf)
{
    const struct psp_view *view = changes->view;
    const uint32_t end = psp_totals_row(&view->totals, leaf + 1, 0, 0);
    bool changed = view->changes.leaves && is_new(changes, view->changes.leaves[leaf]);
    for (uint32_t row = psp_totals_row(&view->totals, leaf, 0, 0); row < end && !changed; row++)
        changed = is_new(changes, view->changes.rows[row]);
    return changed;
}

/* The leaves of [first, end) that changed, as a run of the list. */
static struct psp_unit_run changed_leaves(const struct psp_changes *changes, uint32_t first,
                                          uint32_t end)
{
    uint32_t from = 0, to = changes->leaf_count;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (changes->leaves[middle] < first)
            from = middle + 1;
        else
            to = middle;
    }
    for (to = from; to < changes->leaf_count && changes->leaves[to] < end; to++)
        ;
    return (struct psp_unit_run){.list = changes->leaves, .first = from, .end = to};
}

/* The methods that changed in rows of the contest in a unit. */
struct methods {
    bool any; /* of them */
    bool changed[PSP_METHODS_MAX];
};

static void look_at_leaf(const struct psp_changes *changes, uint32_t leaf, uint32_t contest,
                         struct methods *methods)
{
    const struct psp_view *view = changes->view;
    const uint32_t styles = psp_leaf_style_count(view->definition, leaf);
    for (uint32_t style = 0; style < styles; style++) {
        if (!psp_catalog_entry(view->catalog, leaf, style, contest))
            continue;
        for (uint32_t m = 0; m < view->definition->method_count; m++) {
            const uint32_t row = psp_totals_row(&view->totals, leaf, style, m);
            if (is_new(changes, view->changes.rows[row]))
                methods->any = methods->changed[m] = true;
        }
    }
}

static struct methods changed_methods(const struct psp_changes *changes, uint32_t unit,
                                      uint32_t contest)
{
    const struct psp_catalog *catalog = changes->view->catalog;
    const struct psp_unit *at = &catalog->definition->units[unit];
    const uint32_t first = catalog->contest_leaf_first[contest];
    const uint32_t end = catalog->contest_leaf_end[contest];
    struct methods methods = {0};
    const struct psp_unit_run run =
        changed_leaves(changes, at->leaf_first > first ? at->leaf_first : first,
                       at->leaf_end < end ? at->leaf_end : end);
    for (uint32_t i = run.first; i < run.end && !(methods.any && !changes->text); i++)
        look_at_leaf(changes, run.list[i], contest, &methods);
    return methods;
}

/* ---- lines ---- */

static void begin_line(struct psp_changes *changes, struct psp_writer *json, const char *kind)
{
    psp_writer_start(json, changes->text);
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "kind", kind);
}

static void end_line(struct psp_changes *changes, struct psp_writer *json)
{
    psp_writer_end_object(json);
    psp_text_bytes(changes->text, "\n", 1);
}

/* What corrections did to the rows that a result adds up. */
struct corrected {
    uint64_t revision;
    bool decreased;
};

static struct corrected corrected_of(const struct psp_changes *changes,
                                     const struct psp_row_result *row)
{
    const struct psp_view *view = changes->view;
    struct corrected corrected = {0};
    if (!view->changes.revisions)
        return corrected;
    const uint32_t first = row->method == PSP_NONE ? 0 : row->method;
    const uint32_t end = row->method == PSP_NONE ? view->definition->method_count : first + 1;
    for (uint32_t leaf = row->leaf_first; leaf < row->leaf_end; leaf++) {
        for (uint32_t style = 0; style < psp_leaf_style_count(view->definition, leaf); style++) {
            if (!psp_catalog_entry(view->catalog, leaf, style, row->contest))
                continue;
            for (uint32_t m = first; m < end; m++) {
                const uint32_t at = psp_totals_row(&view->totals, leaf, style, m);
                corrected.revision += view->changes.revisions[at];
                corrected.decreased |= changes->question.resumed &&
                                       view->changes.lowered[at] > changes->question.since;
            }
        }
    }
    return corrected;
}

static void write_result(struct psp_changes *changes, uint32_t unit, uint32_t contest,
                         uint32_t method)
{
    const struct psp_definition *definition = changes->view->definition;
    const struct psp_unit *at = &definition->units[unit];
    const struct psp_row_result row = {
        .contest = contest,
        .unit = unit,
        .method = method,
        .leaf_first = at->leaf_first,
        .leaf_end = at->leaf_end,
    };
    struct psp_tally tally;
    struct psp_writer json;
    changes->found = true;
    if (!changes->text)
        return;
    psp_tally_run(changes->view, contest, row.leaf_first, row.leaf_end, method, &tally);
    const struct corrected corrected = corrected_of(changes, &row);
    begin_line(changes, &json, "result");
    psp_writer_string(&json, "unit", at->id);
    psp_writer_string(&json, "method", method == PSP_NONE ? NULL : definition->methods[method].id);
    psp_writer_string(&json, "contest", definition->contests[contest].id);
    psp_writer_number(&json, "ballots", tally.ballots);
    psp_row_write_votes(&json, &definition->contests[contest], &tally);
    if (changes->question.standing)
        psp_row_write_standing(&json, changes->view, &row, &tally);
    psp_writer_number(&json, "revision", corrected.revision);
    if (corrected.decreased)
        psp_writer_bool(&json, "decreased", true);
    end_line(changes, &json);
}

static void tell_contest(struct psp_changes *changes, uint32_t unit, uint32_t contest)
{
    const uint32_t method_count = changes->view->definition->method_count;
    const bool all = !changes->question.resumed;
    struct methods methods = {0};
    if (!all)
        methods = changed_methods(changes, unit, contest);
    if (all ? !psp_catalog_votes_on(changes->view->catalog, unit, contest) : !methods.any)
        return;
    write_result(changes, unit, contest, PSP_NONE);
    for (uint32_t m = 0; method_count > 1 && m < method_count; m++)
        if (all || methods.changed[m])
            write_result(changes, unit, contest, m);
}

static void tell_turnout(struct psp_changes *changes, uint32_t unit)
{
    struct psp_writer json;
    changes->found = true;
    if (!changes->text)
        return;
    begin_line(changes, &json, "turnout");
    psp_row_write_turnout_members(&json, changes->view, unit, 0);
    end_line(changes, &json);
}

/* `shard`: PSP_NONE for all. */
static void tell_books(struct psp_changes *changes, uint32_t shard)
{
    struct psp_writer json;
    changes->found = true;
    if (!changes->text)
        return;
    begin_line(changes, &json, "books");
    if (shard == PSP_NONE)
        psp_writer_null(&json, "shard");
    else
        psp_writer_number(&json, "shard", shard);
    psp_row_write_books(&json, changes->view, shard);
    end_line(changes, &json);
}

static void tell_end(struct psp_changes *changes)
{
    const struct psp_view *view = changes->view;
    struct psp_writer json;
    psp_writer_start(&json, changes->text);
    psp_writer_begin_object(&json, NULL);
    psp_answer_version(&json, view);
    psp_writer_bool(&json, "stale", changes->stale);
    psp_writer_string(&json, "state", psp_election_state_name(view->election_state));
    psp_writer_string(&json, "publication", psp_publication_name(view->publication));
    end_line(changes, &json);
}

/* ---- the way through ---- */

/* A piece is full, or what was to be found was. */
static bool enough(const struct psp_changes *changes, size_t end)
{
    return changes->text ? changes->text->length >= end || changes->text->failed : changes->found;
}

static bool wants(const struct psp_changes *changes, uint32_t unit)
{
    const struct psp_changes_question *question = &changes->question;
    const struct psp_definition *definition = changes->view->definition;
    if (question->leaf_level)
        return definition->leaf_of_unit[unit] != PSP_NONE;
    return question->level == PSP_NONE || definition->units[unit].level == question->level;
}

/* From contest `changes->contest` on; what it leaves is told by the next piece. */
static void tell_unit(struct psp_changes *changes, uint32_t unit, size_t end)
{
    const struct psp_changes_question *question = &changes->question;
    const struct psp_unit *at = &changes->view->definition->units[unit];
    const struct psp_unit_run run = changed_leaves(changes, at->leaf_first, at->leaf_end);
    const uint32_t contests = changes->view->definition->contest_count;
    const bool touched = !question->resumed || run.first < run.end;
    if (!touched || !question->results)
        changes->contest = contests;
    else if (question->contest != PSP_NONE && changes->contest < question->contest)
        changes->contest = question->contest;
    while (changes->contest < contests && !enough(changes, end)) {
        tell_contest(changes, unit, changes->contest);
        changes->contest = question->contest == PSP_NONE ? changes->contest + 1 : contests;
    }
    if (changes->contest < contests)
        return;
    if (question->turnout && (touched || is_new(changes, changes->view->changes.turnout)))
        tell_turnout(changes, unit);
    changes->contest = 0;
    changes->place++;
}

static void tell_units(struct psp_changes *changes, size_t end)
{
    const struct psp_catalog *catalog = changes->view->catalog;
    const uint32_t units = catalog->definition->unit_count;
    while (changes->place < units && !enough(changes, end)) {
        const uint32_t unit = catalog->walk[changes->place];
        if (wants(changes, unit))
            tell_unit(changes, unit, end);
        else
            changes->place++;
    }
    if (changes->place == units)
        changes->stage = STAGE_BOOKS;
}

static void tell_all_books(struct psp_changes *changes)
{
    const struct psp_view *view = changes->view;
    if (is_new(changes, view->changes.books))
        tell_books(changes, PSP_NONE);
    for (uint32_t s = 0; s < view->shard_count; s++)
        if (is_new(changes, view->shards[s].change))
            tell_books(changes, s);
}

static void go_on(struct psp_changes *changes, size_t end)
{
    if (changes->stage == STAGE_UNITS && (changes->question.results || changes->question.turnout))
        tell_units(changes, end);
    else if (changes->stage == STAGE_UNITS)
        changes->stage = STAGE_BOOKS;
    if (changes->stage == STAGE_BOOKS) {
        if (changes->question.books)
            tell_all_books(changes);
        changes->stage = STAGE_END;
    }
}

static void begin(struct psp_changes *changes)
{
    changes->stage = STAGE_UNITS;
    changes->place = changes->contest = 0;
    changes->found = false;
}

enum psp_status psp_changes_create(const struct psp_view *view,
                                   const struct psp_changes_question *question, bool stale,
                                   struct psp_changes **ret_changes)
{
    struct psp_changes *changes = calloc(1, sizeof *changes);
    if (!changes)
        return PSP_ENOMEM;
    *changes = (struct psp_changes){.view = view, .question = *question, .stale = stale};
    const uint32_t leaves = question->resumed ? view->definition->leaf_count : 0;
    uint32_t count = 0;
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        count += leaf_changed(changes, leaf);
    changes->leaves = calloc((size_t)count + 1, sizeof *changes->leaves);
    if (!changes->leaves) {
        psp_changes_destroy(&changes);
        return PSP_ENOMEM;
    }
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        if (leaf_changed(changes, leaf))
            changes->leaves[changes->leaf_count++] = leaf;
    begin(changes);
    *ret_changes = changes;
    return PSP_OK;
}

void psp_changes_destroy(struct psp_changes **changes)
{
    if (!*changes)
        return;
    free((*changes)->leaves);
    free(*changes);
    *changes = NULL;
}

bool psp_changes_any(struct psp_changes *changes)
{
    changes->text = NULL;
    begin(changes);
    go_on(changes, 0);
    const bool any = changes->found || is_new(changes, changes->view->changes.state);
    begin(changes);
    return any;
}

bool psp_changes_write(struct psp_changes *changes, struct psp_text *text)
{
    if (changes->stage == STAGE_DONE)
        return false;
    changes->text = text;
    go_on(changes, text->length + PSP_CHANGES_PIECE_BYTES);
    if (changes->stage == STAGE_END) {
        tell_end(changes);
        changes->stage = STAGE_DONE;
    }
    return true;
}
