/* The collector decides the order; names come from the lists of contests and parties. */
#include "cli/show/results_table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/standing.h"

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static uint64_t count(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static const json_t *by_id(const json_t *list, const char *id)
{
    const json_t *entry;
    size_t i;
    json_array_foreach(list, i, entry)
    {
        if (!strcmp(text(entry, "id"), id))
            return entry;
    }
    return NULL;
}

enum place { PLACE_ENTRY, PLACE_LINE, PLACE_ASIDE };

/* A line of the table: `share` is of valid votes and stands beside what takes part of them. */
static void add_row(struct psp_table *table, enum place place, const char *name, const char *party,
                    uint64_t votes, uint64_t valid)
{
    char votes_text[PSP_COUNT_TEXT_BYTES], share[16] = "";
    char *shown = psp_memory_print("%s%s", place == PLACE_LINE ? "  " : "", name);
    if (place == PLACE_ENTRY && valid > 0)
        snprintf(share, sizeof share, "%.2f %%", 100.0 * (double)votes / (double)valid);
    const char *const cells[] = {shown, party, psp_count_text(votes, votes_text), share};
    psp_table_add(table, cells);
    free(shown);
}

/* What a result's table says besides its choices. */
struct naming {
    const json_t *contests, *parties;
    size_t choices_max; /* a table */
};

static const char *party_name(const struct naming *naming, const json_t *of)
{
    const json_t *party = by_id(naming->parties, text(of, "party"));
    return party ? text(party, "name") : text(of, "party");
}

static const json_t *line_of(const json_t *result, const char *choice)
{
    const json_t *line;
    size_t i;
    json_array_foreach(json_object_get(result, "choices"), i, line)
    {
        if (!strcmp(text(line, "choice"), choice))
            return line;
    }
    return NULL;
}

/* A candidate; with several lines each below. */
static void add_entry(struct psp_table *table, const json_t *entry, const json_t *result,
                      const json_t *contest, const struct naming *naming)
{
    const json_t *lines = json_object_get(entry, "choices"), *line;
    const uint64_t valid = count(result, "valid");
    size_t i;
    add_row(table, PLACE_ENTRY, text(entry, "name"),
            json_array_size(lines) > 1 ? "" : party_name(naming, entry), count(entry, "votes"),
            valid);
    if (json_array_size(lines) < 2)
        return;
    json_array_foreach(lines, i, line)
    {
        const char *id = json_string_value(line);
        const json_t *choice = by_id(json_object_get(contest, "choices"), id);
        add_row(table, PLACE_LINE, text(choice, "name"), party_name(naming, choice),
                count(line_of(result, id), "votes"), valid);
    }
}

/* A candidate's lines in the table: with several of them, one each and one for the sum. */
static size_t rows_of(const json_t *entry)
{
    const size_t lines = json_array_size(json_object_get(entry, "choices"));
    return lines > 1 ? lines + 1 : 1;
}

/* How many candidates have room in `rows_max` lines, the last for all others; who leads
 * always has. */
static size_t shown_of(const json_t *entries, size_t rows_max)
{
    const json_t *entry;
    size_t i, rows = 0, fit = 0;
    json_array_foreach(entries, i, entry)
    {
        rows += rows_of(entry);
        fit += i == 0 || rows < rows_max;
    }
    return rows <= rows_max ? json_array_size(entries) : fit;
}

/* Lines that name nobody: write-ins and others have a share, blank and spoiled ones none. */
static void add_lines_aside(struct psp_table *table, const json_t *result, const json_t *contest)
{
    const json_t *line;
    size_t i;
    json_array_foreach(json_object_get(result, "choices"), i, line)
    {
        const json_t *choice = by_id(json_object_get(contest, "choices"), text(line, "choice"));
        const char *kind = text(choice, "kind");
        const bool valid = !strcmp(kind, "write_in") || !strcmp(kind, "other");
        if (valid || !strcmp(kind, "blank") || !strcmp(kind, "spoiled"))
            add_row(table, valid ? PLACE_ENTRY : PLACE_ASIDE, text(choice, "name"), "",
                    count(line, "votes"), count(result, "valid"));
    }
}

/* NULL: it is held. */
static struct psp_table *choices_of(const json_t *result, const json_t *contest,
                                    const struct naming *naming)
{
    static const char *const headings[] = {"choice", "party", "votes", "of valid"};
    if (psp_standing_held(result))
        return NULL;
    const json_t *list = json_object_get(result, "candidates"), *entry;
    const size_t n = json_array_size(list), shown = shown_of(list, naming->choices_max);
    struct psp_table *table = psp_table_create("llrr", headings);
    uint64_t rest = 0;
    size_t i;
    json_array_foreach(list, i, entry)
    {
        if (i < shown)
            add_entry(table, entry, result, contest, naming);
        else
            rest += count(entry, "votes");
    }
    if (shown < n) {
        char name[32];
        snprintf(name, sizeof name, "(%zu other%s)", n - shown, n - shown > 1 ? "s" : "");
        add_row(table, PLACE_ENTRY, name, "", rest, count(result, "valid"));
    }
    add_lines_aside(table, result, contest);
    if (count(result, "undervotes"))
        add_row(table, PLACE_ASIDE, "(undervotes)", "", count(result, "undervotes"), 0);
    if (count(result, "overvotes"))
        add_row(table, PLACE_ASIDE, "(overvotes)", "", count(result, "overvotes"), 0);
    return table;
}

/* "margin 1,234", "tied", of the last of several seats; nothing where there is no margin. */
static void print_margin(const json_t *result, const json_t *contest, FILE *file)
{
    char margin[PSP_COUNT_TEXT_BYTES];
    const bool last_seat = !strcmp(text(result, "margin_of"), "last_seat");
    if (!json_is_integer(json_object_get(result, "margin")))
        return;
    if (json_is_true(json_object_get(result, "tied")))
        fputs("tied", file);
    else
        fprintf(file, "margin %s", psp_count_text(count(result, "margin"), margin));
    if (last_seat)
        fprintf(file, " for the last of %" PRIu64 " seats", count(contest, "seats"));
    fputc('\n', file);
}

/* "370,968 ballots", "1,200 of 1,234 ballots shown" or that they are held; the caller
 * frees. */
static char *ballots_text(const json_t *result)
{
    const uint64_t shown = count(result, "ballots"), counted = count(result, "ballots_counted");
    const bool told = json_is_integer(json_object_get(result, "ballots_counted"));
    char shown_text[PSP_COUNT_TEXT_BYTES], counted_text[PSP_COUNT_TEXT_BYTES];
    psp_count_text(shown, shown_text);
    psp_count_text(counted, counted_text);
    if (psp_standing_held(result))
        return psp_memory_print(
            "%s%s%s%s",
            psp_standing_too_few(result) ? "reported, too few to show" : "not reported yet",
            told ? ", " : "", told ? counted_text : "", told ? " ballots counted" : "");
    if (told && counted != shown)
        return psp_memory_print("%s of %s ballots shown", shown_text, counted_text);
    return psp_memory_print("%s ballots", shown_text);
}

/* "Governor, Vermont: 370,968 ballots, …", in two lines when one has no room for it. */
static void print_title(const json_t *result, const char *contest, FILE *file)
{
    const size_t room = psp_table_room(file);
    const char *method = text(result, "method");
    char partial[40] = "", *ballots = ballots_text(result);
    if (count(result, "units_partial"))
        snprintf(partial, sizeof partial, ", %" PRIu64 " partial", count(result, "units_partial"));
    char *about = psp_memory_print("%s, %s%s%s", contest, text(result, "unit_name"),
                                   *method ? ", " : "", method);
    char *counts =
        psp_memory_print("%s, %" PRIu64 " of %" PRIu64 " units reporting%s", ballots,
                         count(result, "units_reporting"), count(result, "units_total"), partial);
    const bool one = psp_table_width(about) + psp_table_width(counts) + 2 <= room;
    char *first = psp_table_shortened(about, one ? SIZE_MAX : room - (room > 0));
    char *second = psp_table_shortened(counts, one ? SIZE_MAX : room);
    fprintf(file, "%s:%s%s\n", first, one ? " " : "\n", second);
    free(second);
    free(first);
    free(counts);
    free(about);
    free(ballots);
}

/* One contest's results, as of its units: headings stand above the first. */
static void print_contest(const json_t *results, size_t first, size_t end,
                          const struct naming *naming, FILE *file)
{
    const char *id = text(json_array_get(results, first), "contest");
    const json_t *contest = by_id(naming->contests, id);
    struct psp_table **tables = psp_memory_array(end - first, sizeof *tables);
    bool headings = true;
    for (size_t i = first; i < end; i++)
        tables[i - first] = choices_of(json_array_get(results, i), contest, naming);
    psp_table_align(tables, end - first);
    for (size_t i = first; i < end; i++) {
        const json_t *result = json_array_get(results, i);
        struct psp_table **table = &tables[i - first];
        if (i)
            fputc('\n', file);
        print_title(result, contest ? text(contest, "name") : id, file);
        if (*table && headings)
            psp_table_print(*table, file);
        else if (*table)
            psp_table_print_rows(*table, file);
        headings &= !*table;
        psp_table_destroy(table);
        print_margin(result, contest, file);
    }
    free(tables);
}

void psp_results_table_print(const json_t *results, const json_t *contests, const json_t *parties,
                             size_t lines_max, FILE *file)
{
    /* Title (two), headings, undervotes, overvotes and an empty line. */
    enum { LINES_BESIDES = 6, CHOICES_MIN = 3 };
    struct naming naming = {.contests = contests, .parties = parties, .choices_max = SIZE_MAX};
    const size_t tables = json_array_size(results);
    if (lines_max && tables) {
        const size_t each = lines_max / tables;
        naming.choices_max =
            each > LINES_BESIDES + CHOICES_MIN ? each - LINES_BESIDES : CHOICES_MIN;
    }
    for (size_t first = 0, end; first < tables; first = end) {
        const char *id = text(json_array_get(results, first), "contest");
        for (end = first; end < tables; end++)
            if (strcmp(text(json_array_get(results, end), "contest"), id) != 0)
                break;
        print_contest(results, first, end, &naming, file);
    }
}

/* Its number and whether it is final; two empty fields of none. */
static void put_report(const json_t *report, char number[24], struct psp_csv_field fields[2])
{
    const bool there = json_is_object(report);
    const char *final = !there                                           ? ""
                        : json_is_true(json_object_get(report, "final")) ? "true"
                                                                         : "false";
    const int n = there ? snprintf(number, 24, "%" PRIu64, count(report, "number")) : 0;
    fields[0] = (struct psp_csv_field){there ? number : "", (size_t)n};
    fields[1] = (struct psp_csv_field){final, strlen(final)};
}

void psp_results_table_csv(const json_t *results, const json_t *contests, bool test, FILE *file)
{
    enum { TEXTS = 8, NUMBERS = 7, ENDS = 2, COLUMNS = TEXTS + NUMBERS + ENDS };
    fprintf(file,
            "%scontest,unit,unit_name,level,method,choice,choice_name,party,votes,ballots,"
            "undervotes,overvotes,units_reporting,units_partial,units_total,report,final\n",
            psp_mode_csv_heading(test));
    const json_t *result, *entry;
    size_t i, k;
    json_array_foreach(results, i, result)
    {
        const json_t *contest = by_id(contests, text(result, "contest"));
        json_array_foreach(json_object_get(result, "choices"), k, entry)
        {
            const char *id = text(entry, "choice");
            const json_t *choice = by_id(json_object_get(contest, "choices"), id);
            const char *const texts[TEXTS] = {text(result, "contest"),   text(result, "unit"),
                                              text(result, "unit_name"), text(result, "level"),
                                              text(result, "method"),    id,
                                              text(choice, "name"),      text(choice, "party")};
            const uint64_t numbers[NUMBERS] = {count(entry, "votes"),
                                               count(result, "ballots"),
                                               count(result, "undervotes"),
                                               count(result, "overvotes"),
                                               count(result, "units_reporting"),
                                               count(result, "units_partial"),
                                               count(result, "units_total")};
            char digits[NUMBERS][24];
            struct psp_csv_field fields[COLUMNS];
            for (int c = 0; c < TEXTS; c++)
                fields[c] = (struct psp_csv_field){texts[c], strlen(texts[c])};
            for (int c = 0; c < NUMBERS; c++) {
                const int n = snprintf(digits[c], sizeof digits[c], "%" PRIu64, numbers[c]);
                fields[TEXTS + c] = (struct psp_csv_field){digits[c], (size_t)n};
            }
            char number[24];
            put_report(json_object_get(result, "report"), number, &fields[TEXTS + NUMBERS]);
            fputs(psp_mode_csv_field(test), file);
            psp_csv_write(file, fields, COLUMNS);
        }
    }
}
