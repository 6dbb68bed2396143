/* What a line should say is added up anew for each, leaf by leaf. */
#include "cli/audit/published/lines.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"
#include "wire/message/codes.h"

enum { SCOPE_UNITS, SCOPE_CONTESTS, SCOPE_METHODS, SCOPE_CHOICES };

struct psp_lines_unit {
    uint64_t places;  /* sum of the places of its results: none twice for one that lacks */
    uint32_t results; /* lines */
    bool turnout;
};

/* ---- begin, end ---- */

enum psp_status psp_lines_begin(struct psp_lines *lines, const struct psp_recounted *recounted)
{
    const struct psp_definition *definition = recounted->definition;
    enum psp_status status = PSP_OK;
    uint32_t there, choices_max = 0;
    *lines = (struct psp_lines){
        .recounted = recounted, .definition = definition, .differences = json_array()};
    for (uint32_t u = 0; status == PSP_OK && u < definition->unit_count; u++)
        status = psp_id_index_add(&lines->ids, SCOPE_UNITS, definition->units[u].id,
                                  strlen(definition->units[u].id), u, &there);
    for (uint32_t m = 0; status == PSP_OK && m < definition->method_count; m++)
        status = psp_id_index_add(&lines->ids, SCOPE_METHODS, definition->methods[m].id,
                                  strlen(definition->methods[m].id), m, &there);
    for (uint32_t c = 0; status == PSP_OK && c < definition->contest_count; c++) {
        const struct psp_contest *contest = &definition->contests[c];
        status = psp_id_index_add(&lines->ids, SCOPE_CONTESTS, contest->id, strlen(contest->id), c,
                                  &there);
        for (uint32_t i = 0; status == PSP_OK && i < contest->choice_count; i++)
            status = psp_id_index_add(&lines->ids, SCOPE_CHOICES + c, contest->choices[i].id,
                                      strlen(contest->choices[i].id), i, &there);
        choices_max = contest->choice_count > choices_max ? contest->choice_count : choices_max;
    }
    lines->units = psp_memory_array((size_t)definition->unit_count + 1, sizeof *lines->units);
    lines->votes = psp_memory_array((size_t)choices_max + 1, sizeof *lines->votes);
    lines->present = psp_memory_array((size_t)choices_max + 1, sizeof *lines->present);
    if (status != PSP_OK)
        psp_lines_end(lines);
    return status;
}

void psp_lines_end(struct psp_lines *lines)
{
    psp_id_index_free(&lines->ids);
    free(lines->units);
    free(lines->votes);
    free(lines->present);
    json_decref(lines->differences);
    *lines = (struct psp_lines){0};
}

/* ---- saying what differs ---- */

__attribute__((format(printf, 2, 3))) static void differ(struct psp_lines *lines,
                                                         const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (lines->differing++ < PSP_LINES_TOLD_MAX)
        json_array_append_new(lines->differences, json_string(text));
}

/* A number, UINT64_MAX: null. Anything else is no such line. */
static uint64_t number_of(const json_t *line, const char *name)
{
    const json_t *value = json_object_get(line, name);
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : UINT64_MAX;
}

static void print_number(uint64_t number, char ret_text[24])
{
    if (number == UINT64_MAX)
        snprintf(ret_text, 24, "none");
    else
        snprintf(ret_text, 24, "%" PRIu64, number);
}

static void compare_number(struct psp_lines *lines, const char *place, const char *what,
                           uint64_t published, uint64_t recounted)
{
    char shown[24], again[24];
    if (published == recounted)
        return;
    print_number(published, shown);
    print_number(recounted, again);
    differ(lines, "%s, %s: published %s, recounted %s", place, what, shown, again);
}

/* ---- results ---- */

/* Which methods are asked for, as a range. */
struct methods {
    uint32_t first, end;
};

/* What a line of one contest in one unit should say. */
struct expected {
    uint64_t ballots, undervotes, overvotes;
    uint32_t leaves; /* that vote on it */
    uint32_t rows;   /* of the leaf alone, when it is one */
    bool shown;      /* some row of it is */
    bool unknown;    /* a leaf is in it of which only a collector knows what is shown */
    bool partial;    /* and it is but one that is not final: it is bounded */
};

static void add_row(struct psp_lines *lines, uint32_t row, const struct psp_style_contest *entry,
                    struct expected *expected)
{
    const struct psp_totals *rows = lines->recounted->rows;
    const uint64_t *cells = rows->cells + rows->row_first[row];
    for (uint32_t c = 0; c < entry->choice_count; c++)
        lines->votes[entry->choices[c]] += cells[entry->cell + c];
    expected->ballots += cells[0];
    expected->undervotes += cells[entry->cell + entry->choice_count];
    expected->overvotes += cells[entry->cell + entry->choice_count + 1];
    expected->rows++;
}

static void add_leaf(struct psp_lines *lines, uint32_t contest, uint32_t leaf,
                     struct methods methods, struct expected *expected)
{
    const struct psp_definition *definition = lines->definition;
    const enum psp_recounted_leaf state = psp_recounted_leaf(lines->recounted, leaf);
    bool votes = false;
    for (uint32_t style = 0; style < psp_leaf_style_count(definition, leaf); style++) {
        const struct psp_style_contest *entry =
            psp_style_entry(psp_leaf_style(definition, leaf, style), contest);
        if (!entry)
            continue;
        votes = true;
        for (uint32_t c = 0; c < entry->choice_count; c++)
            lines->present[entry->choices[c]] = true;
        for (uint32_t m = methods.first; m < methods.end && state != PSP_LEAF_HELD; m++)
            add_row(lines, psp_totals_row(lines->recounted->rows, leaf, style, m), entry, expected);
    }
    if (!votes)
        return;
    expected->leaves++;
    expected->shown |= state == PSP_LEAF_EXACT;
    expected->unknown |= state == PSP_LEAF_UNKNOWN || state == PSP_LEAF_PARTIAL;
    expected->partial |= state == PSP_LEAF_PARTIAL;
}

static struct expected expect(struct psp_lines *lines, uint32_t unit, uint32_t contest,
                              uint32_t method)
{
    const struct psp_definition *definition = lines->definition;
    const struct psp_unit *at = &definition->units[unit];
    const uint32_t choices = definition->contests[contest].choice_count;
    const struct methods methods = {method == PSP_NONE ? 0 : method,
                                    method == PSP_NONE ? definition->method_count : method + 1};
    struct expected expected = {0};
    memset(lines->votes, 0, choices * sizeof *lines->votes);
    memset(lines->present, 0, choices * sizeof *lines->present);
    for (uint32_t leaf = at->leaf_first; leaf < at->leaf_end; leaf++)
        add_leaf(lines, contest, leaf, methods, &expected);
    return expected;
}

/* Each choice that stands there once, and no other. */
static void compare_choices(struct psp_lines *lines, const char *place, uint32_t contest,
                            const json_t *choices)
{
    const struct psp_contest *of = &lines->definition->contests[contest];
    const json_t *choice;
    uint32_t told = 0, there = 0;
    size_t i;
    for (uint32_t c = 0; c < of->choice_count; c++)
        there += lines->present[c];
    json_array_foreach(choices, i, choice)
    {
        const char *id = json_string_value(json_object_get(choice, "choice"));
        const uint32_t at =
            id ? psp_id_index_find(&lines->ids, SCOPE_CHOICES + contest, id, strlen(id)) : PSP_NONE;
        if (at == PSP_NONE || !lines->present[at]) {
            differ(lines, "%s: the choice %.80s does not stand there", place, id ? id : "null");
            continue;
        }
        char what[160];
        snprintf(what, sizeof what, "votes of %.120s", id);
        compare_number(lines, place, what, number_of(choice, "votes"), lines->votes[at]);
        lines->present[at] = false; /* said: a second time it does not stand there */
        told++;
    }
    if (told != there)
        differ(lines, "%s: %" PRIu32 " choices are published, %" PRIu32 " stand there", place, told,
               there);
}

static void compare_votes(struct psp_lines *lines, const char *place, uint32_t contest,
                          const struct expected *expected, const json_t *line)
{
    const json_t *choices = json_object_get(line, "choices");
    const bool held = lines->recounted->by_reports && !expected->shown;
    compare_number(lines, place, "ballots", number_of(line, "ballots"), expected->ballots);
    if (held) {
        if (!json_is_null(choices))
            differ(lines, "%s: votes are published, and nobody reported them", place);
        return;
    }
    if (!json_is_array(choices)) {
        differ(lines, "%s: no votes are published, and they are reported", place);
        return;
    }
    compare_number(lines, place, "undervotes", number_of(line, "undervotes"), expected->undervotes);
    compare_number(lines, place, "overvotes", number_of(line, "overvotes"), expected->overvotes);
    compare_choices(lines, place, contest, choices);
}

/* A row that is reported and not final shows what is reported, or less than report_min away
 * from that. */
static void bound_votes(struct psp_lines *lines, const char *place, const struct expected *expected,
                        const json_t *line)
{
    const uint64_t published = number_of(line, "ballots"), again = expected->ballots;
    const uint64_t apart = published > again ? published - again : again - published;
    const uint64_t most = (lines->definition->report_min - 1) * expected->rows;
    if (published == UINT64_MAX || apart > most)
        differ(lines,
               "%s, ballots: published %" PRIu64 ", reported %" PRIu64
               ", and less than report_min may be kept back",
               place, published, again);
}

/* The place of a result among those of its unit, from 1. */
static uint64_t place_of(const struct psp_definition *definition, uint32_t contest, uint32_t method)
{
    return (uint64_t)contest * (definition->method_count + 1) +
           (method == PSP_NONE ? 0 : method + 1) + 1;
}

static void take_result(struct psp_lines *lines, uint32_t unit, const json_t *line)
{
    const struct psp_definition *definition = lines->definition;
    const char *of = json_string_value(json_object_get(line, "contest"));
    const char *by = json_string_value(json_object_get(line, "method"));
    const uint32_t contest =
        of ? psp_id_index_find(&lines->ids, SCOPE_CONTESTS, of, strlen(of)) : PSP_NONE;
    const uint32_t method =
        by ? psp_id_index_find(&lines->ids, SCOPE_METHODS, by, strlen(by)) : PSP_NONE;
    char place[400];
    if (contest == PSP_NONE || (by && method == PSP_NONE)) {
        differ(lines,
               "unit %.80s: a result of contest %.80s, method %.40s, which are not of the "
               "election",
               definition->units[unit].id, of ? of : "null", by ? by : "null");
        return;
    }
    snprintf(place, sizeof place, "unit %.120s, contest %.120s%s%.60s", definition->units[unit].id,
             of, by ? ", method " : "", by ? by : "");
    const struct expected expected = expect(lines, unit, contest, method);
    lines->units[unit].results++;
    lines->units[unit].places += place_of(definition, contest, method);
    if (expected.unknown) {
        if (expected.partial && expected.leaves == 1)
            bound_votes(lines, place, &expected, line);
        lines->passed_over++;
        return;
    }
    compare_votes(lines, place, contest, &expected, line);
    lines->compared++;
}

/* ---- turnout ---- */

static uint64_t registered_of(const struct psp_lines *lines, const struct psp_unit *unit)
{
    uint64_t sum = 0;
    for (uint32_t leaf = unit->leaf_first; leaf < unit->leaf_end; leaf++)
        sum += lines->recounted->registered[leaf];
    return sum;
}

/* Ballots of the rows that are shown. False: only a collector knows. */
static bool shown_of(const struct psp_lines *lines, const struct psp_unit *unit,
                     uint64_t *ret_ballots)
{
    const struct psp_recounted *recounted = lines->recounted;
    const struct psp_totals *rows = recounted->rows;
    uint64_t sum = 0;
    for (uint32_t leaf = unit->leaf_first; leaf < unit->leaf_end; leaf++) {
        const enum psp_recounted_leaf state = psp_recounted_leaf(recounted, leaf);
        const uint32_t end = psp_totals_row(rows, leaf + 1, 0, 0);
        if (state == PSP_LEAF_UNKNOWN || state == PSP_LEAF_PARTIAL)
            return false;
        for (uint32_t row = psp_totals_row(rows, leaf, 0, 0); row < end; row++)
            sum += state == PSP_LEAF_EXACT ? rows->cells[rows->row_first[row]] : 0;
    }
    *ret_ballots = sum;
    return true;
}

static uint64_t counted_of(const struct psp_lines *lines, const struct psp_unit *unit)
{
    uint64_t sum = 0;
    for (uint32_t leaf = unit->leaf_first; leaf < unit->leaf_end; leaf++)
        sum += lines->recounted->counted[leaf];
    return sum;
}

static void take_turnout(struct psp_lines *lines, uint32_t unit, const json_t *line)
{
    const struct psp_recounted *recounted = lines->recounted;
    const struct psp_unit *at = &lines->definition->units[unit];
    char place[200];
    uint64_t shown = 0;
    uint32_t final = 0, open = 0;
    snprintf(place, sizeof place, "unit %.120s, turnout", at->id);
    for (uint32_t leaf = at->leaf_first; leaf < at->leaf_end; leaf++) {
        final += psp_recounted_final(recounted, leaf);
        open += recounted->restored || (recounted->any[leaf] && !recounted->same[leaf]);
    }
    lines->units[unit].turnout = true;
    if (shown_of(lines, at, &shown))
        compare_number(lines, place, "ballots", number_of(line, "ballots"), shown);
    else
        lines->passed_over++;
    const bool told =
        !recounted->by_reports || lines->definition->turnout == PSP_PUBLICATION_IMMEDIATE;
    compare_number(lines, place, "ballots_counted", number_of(line, "ballots_counted"),
                   told ? counted_of(lines, at) : UINT64_MAX);
    if (recounted->has_roll)
        compare_number(lines, place, "registered", number_of(line, "registered"),
                       registered_of(lines, at));
    const bool complete = at->leaf_end > at->leaf_first && final == at->leaf_end - at->leaf_first;
    if (open == 0 && json_is_true(json_object_get(line, "complete")) != complete)
        differ(lines, "%s: published %s, recounted %s", place, complete ? "not final" : "final",
               complete ? "final" : "not final");
    lines->compared++;
}

/* ---- books, and the end ---- */

static void take_books(struct psp_lines *lines, const json_t *line)
{
    const struct psp_recounted *recounted = lines->recounted;
    const json_t *of = json_object_get(line, "shard");
    const uint64_t shard = number_of(line, "shard");
    char place[64] = "books";
    if (!json_is_null(of) && shard >= recounted->shards) {
        differ(lines, "books of a shard that the cluster does not have");
        return;
    }
    const bool whole = json_is_null(of);
    if (!whole)
        snprintf(place, sizeof place, "books of shard %" PRIu64, shard);
    const struct psp_books *books = whole ? &recounted->books : &recounted->of_shard[shard];
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        compare_number(lines, place, psp_books_name(i), number_of(line, psp_books_name(i)),
                       psp_books_get(books, i));
    if (!json_is_true(json_object_get(line, "balanced")))
        differ(lines, "%s: published as not balanced", place);
    *(whole ? &lines->books : &lines->of_shard[shard]) = true;
    lines->compared++;
}

void psp_lines_take(struct psp_lines *lines, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *id = json_string_value(json_object_get(line, "unit"));
    const uint32_t unit =
        id ? psp_id_index_find(&lines->ids, SCOPE_UNITS, id, strlen(id)) : PSP_NONE;
    if (kind && !strcmp(kind, "books"))
        take_books(lines, line);
    else if (unit == PSP_NONE)
        differ(lines, "a line of unit %.80s, which is not of the election", id ? id : "null");
    else if (kind && !strcmp(kind, "result"))
        take_result(lines, unit, line);
    else if (kind && !strcmp(kind, "turnout"))
        take_turnout(lines, unit, line);
    else
        differ(lines, "a line of kind %.40s", kind ? kind : "null");
}

/* Whether every result of the unit came once, and its turnout. */
static void check_unit(struct psp_lines *lines, uint32_t unit)
{
    const struct psp_definition *definition = lines->definition;
    const struct psp_unit *at = &definition->units[unit];
    const uint32_t methods = definition->method_count > 1 ? definition->method_count : 0;
    uint64_t places = 0;
    uint32_t results = 0;
    for (uint32_t contest = 0; contest < definition->contest_count; contest++) {
        bool votes = false;
        for (uint32_t leaf = at->leaf_first; leaf < at->leaf_end && !votes; leaf++)
            for (uint32_t style = 0; style < psp_leaf_style_count(definition, leaf); style++)
                votes |= psp_style_entry(psp_leaf_style(definition, leaf, style), contest) != NULL;
        if (!votes)
            continue;
        results += 1 + methods;
        places += place_of(definition, contest, PSP_NONE);
        for (uint32_t m = 0; m < methods; m++)
            places += place_of(definition, contest, m);
    }
    const struct psp_lines_unit *came = &lines->units[unit];
    if (came->results != results || came->places != places)
        differ(lines, "unit %.120s: %" PRIu32 " results are published, %" PRIu32 " are to be there",
               at->id, came->results, results);
    if (!came->turnout)
        differ(lines, "unit %.120s: no turnout is published", at->id);
}

void psp_lines_take_last(struct psp_lines *lines, const json_t *line)
{
    const struct psp_recounted *recounted = lines->recounted;
    const char *state = json_string_value(json_object_get(line, "state"));
    const char *publication = json_string_value(json_object_get(line, "publication"));
    const enum psp_election_state again =
        recounted->closed == recounted->shards         ? PSP_ELECTION_CLOSED
        : recounted->open > 0 || recounted->closed > 0 ? PSP_ELECTION_OPEN
                                                       : PSP_ELECTION_NEW;
    if (!state || strcmp(state, psp_election_state_name(again)) != 0)
        differ(lines, "the election: published as %.20s, recounted %s", state ? state : "null",
               psp_election_state_name(again));
    if (!publication ||
        strcmp(publication, psp_publication_name(lines->definition->publication)) != 0)
        differ(lines, "publication: published as %.20s, the election's is %s",
               publication ? publication : "null",
               psp_publication_name(lines->definition->publication));
    for (uint32_t unit = 0; unit < lines->definition->unit_count; unit++)
        check_unit(lines, unit);
    for (uint32_t s = 0; s < recounted->shards; s++)
        if (!lines->of_shard[s])
            differ(lines, "books of shard %" PRIu32 ": not published", s);
    if (!lines->books)
        differ(lines, "books: not published");
}
