/* Votes decide the order within a contest; names come from the lists of contests and parties. */
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

static int most_votes_first(const void *left, const void *right)
{
    const uint64_t a = count(*(json_t *const *)left, "votes");
    const uint64_t b = count(*(json_t *const *)right, "votes");
    return a < b ? 1 : a > b ? -1 : 0;
}

static void add_line(struct psp_table *table, const char *name, const char *party, uint64_t votes,
                     uint64_t of)
{
    char votes_text[PSP_COUNT_TEXT_BYTES], share[16] = "";
    if (of)
        snprintf(share, sizeof share, "%.2f %%", 100.0 * (double)votes / (double)of);
    const char *const cells[] = {name, party, psp_count_text(votes, votes_text), share};
    psp_table_add(table, cells);
}

/* What a result's table says besides its choices. */
struct naming {
    const json_t *contests, *parties;
    size_t choices_max; /* a table */
};

static void add_choice(struct psp_table *table, const json_t *entry, const json_t *contest,
                       const struct naming *naming, uint64_t all)
{
    const char *id = text(entry, "choice");
    const json_t *choice = by_id(json_object_get(contest, "choices"), id);
    const json_t *party = by_id(naming->parties, text(choice, "party"));
    add_line(table, choice ? text(choice, "name") : id,
             party ? text(party, "name") : text(choice, "party"), count(entry, "votes"), all);
}

static void print_choices(const json_t *result, const json_t *contest, const struct naming *naming,
                          FILE *file)
{
    static const char *const headings[] = {"choice", "party", "votes", "share"};
    const json_t *list = json_object_get(result, "choices");
    const size_t n = json_array_size(list);
    const size_t shown = n > naming->choices_max ? naming->choices_max - 1 : n;
    const json_t **order = psp_memory_array(n, sizeof *order);
    struct psp_table *table = psp_table_create("llrr", headings);
    uint64_t all = count(result, "undervotes") + count(result, "overvotes"), rest = 0;
    for (size_t i = 0; i < n; i++) {
        order[i] = json_array_get(list, i);
        all += count(order[i], "votes");
    }
    qsort(order, n, sizeof *order, most_votes_first);
    for (size_t i = 0; i < n; i++) {
        if (i < shown)
            add_choice(table, order[i], contest, naming, all);
        else
            rest += count(order[i], "votes");
    }
    if (shown < n) {
        char name[32];
        snprintf(name, sizeof name, "(%zu others)", n - shown);
        add_line(table, name, "", rest, all);
    }
    if (count(result, "undervotes"))
        add_line(table, "(undervotes)", "", count(result, "undervotes"), all);
    if (count(result, "overvotes"))
        add_line(table, "(overvotes)", "", count(result, "overvotes"), all);
    psp_table_print(table, file);
    psp_table_destroy(&table);
    free(order);
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
        return psp_memory_print("not reported yet%s%s%s", told ? ", " : "",
                                told ? counted_text : "", told ? " ballots counted" : "");
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
    const json_t *result;
    size_t i;
    json_array_foreach(results, i, result)
    {
        const json_t *contest = by_id(contests, text(result, "contest"));
        const char *name = contest ? text(contest, "name") : text(result, "contest");
        if (i)
            fputc('\n', file);
        print_title(result, name, file);
        if (!psp_standing_held(result))
            print_choices(result, contest, &naming, file);
    }
}

void psp_results_table_csv(const json_t *results, const json_t *contests, bool test, FILE *file)
{
    enum { COLUMNS = 9 };
    fprintf(file, "%scontest,unit,unit_name,level,method,choice,choice_name,party,votes\n",
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
            char votes[24];
            snprintf(votes, sizeof votes, "%" PRIu64, count(entry, "votes"));
            const char *const texts[COLUMNS] = {
                text(result, "contest"), text(result, "unit"),   text(result, "unit_name"),
                text(result, "level"),   text(result, "method"), id,
                text(choice, "name"),    text(choice, "party"),  votes};
            struct psp_csv_field fields[COLUMNS];
            for (int c = 0; c < COLUMNS; c++)
                fields[c] = (struct psp_csv_field){texts[c], strlen(texts[c])};
            fputs(psp_mode_csv_field(test), file);
            psp_csv_write(file, fields, COLUMNS);
        }
    }
}
