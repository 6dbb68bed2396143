/* Returns to definition and back: every row, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "election/import/import.h"
#include "tests/unit/import/read.h"

static const struct psp_import_options options = {
    .id = "test", .name = "Test", .date = "2020-11-03"};

struct imported {
    struct psp_returns *returns;
    char *text;
    size_t bytes;
    struct psp_definition *definition;
    struct psp_returns_binding *binding;
};

static void import_returns(struct psp_returns *returns, struct imported *ret_imported)
{
    struct imported imported = {.returns = returns};
    struct psp_reason reason = {0};
    struct psp_reason csv_fault = {0};
    assert_int_equal(psp_import(returns, &options, &imported.text, &imported.bytes, &(size_t){0}),
                     PSP_OK);
    if (psp_definition_parse(imported.text, imported.bytes, &imported.definition, &reason) !=
        PSP_OK)
        fail_msg("%s: line %d: %s", reason.pointer, (int)reason.line, reason.text);
    if (psp_returns_bind(returns, imported.definition, &imported.binding, &csv_fault) != PSP_OK)
        fail_msg("line %d: %s", (int)csv_fault.line, csv_fault.text);
    *ret_imported = imported;
}

static void import_text(const char *text, size_t bytes, struct imported *ret_imported)
{
    struct psp_returns *returns = fixture_read(text, bytes);
    assert_non_null(returns);
    import_returns(returns, ret_imported);
}

static void release(struct imported *imported)
{
    psp_returns_binding_destroy(&imported->binding);
    psp_definition_destroy(&imported->definition);
    psp_returns_destroy(&imported->returns);
    free(imported->text);
}

static const struct psp_unit *unit(const struct imported *imported, const char *id)
{
    const uint32_t position = psp_definition_unit(imported->definition, id, strlen(id));
    if (position == PSP_NONE)
        fail_msg("no unit \"%s\"", id);
    return &imported->definition->units[position];
}

static const struct psp_contest *contest(const struct imported *imported, const char *id)
{
    const uint32_t position = psp_definition_contest(imported->definition, id, strlen(id));
    if (position == PSP_NONE)
        fail_msg("no contest \"%s\"", id);
    return &imported->definition->contests[position];
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Splits into records at the line ends outside quotes; sorts. Independent of
 * the CSV reader. */
static char **sorted_records(char *text, size_t *ret_n)
{
    size_t n = 0, room = 16;
    char **records = malloc(room * sizeof *records);
    bool quoted = false;
    char *begin = text;
    for (char *at = text; *at != '\0'; at++) {
        quoted ^= *at == '"';
        if (*at != '\n' || quoted)
            continue;
        *at = '\0';
        if (n == room) {
            char **larger = realloc(records, (room *= 2) * sizeof *records);
            assert_non_null(larger);
            records = larger;
        }
        records[n++] = begin;
        begin = at + 1;
    }
    assert_string_equal(begin, "");
    qsort(records, n, sizeof *records, compare_lines);
    *ret_n = n;
    return records;
}

/* Prints every cell that the definition has, as the command would. */
static char *print_all(const struct imported *imported)
{
    const struct psp_definition *definition = imported->definition;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    uint64_t *votes = calloc((size_t)definition->choice_count * definition->leaf_count, 8);
    for (size_t i = 0; i < imported->returns->n; i++) {
        const struct psp_returns_place *place = &imported->binding->places[i];
        const uint32_t choice = definition->contests[place->contest].choice_first + place->choice;
        votes[(size_t)place->leaf * definition->choice_count + choice] =
            imported->returns->rows[i].votes;
    }
    fputs("state,county,county_fips,precinct,office,district,party,candidate,votes\n", file);
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        const struct psp_style *style =
            &definition->styles[definition->units[definition->leaves[leaf]].styles[0]];
        for (uint32_t i = 0; i < style->contest_count; i++)
            for (uint32_t j = 0; j < style->contests[i].choice_count; j++) {
                const uint32_t c = style->contests[i].contest, k = style->contests[i].choices[j];
                struct psp_returns_row row;
                psp_returns_columns(definition, leaf, c, k, &row);
                struct psp_csv_field fields[PSP_RETURNS_COLUMNS];
                for (int f = 0; f < PSP_RETURNS_TEXTS; f++)
                    fields[f] = (struct psp_csv_field){row.text[f], strlen(row.text[f])};
                char number[24];
                const size_t cell = (size_t)leaf * definition->choice_count +
                                    definition->contests[c].choice_first + k;
                snprintf(number, sizeof number, "%llu", (unsigned long long)votes[cell]);
                fields[PSP_COLUMN_VOTES] = (struct psp_csv_field){number, strlen(number)};
                assert_int_equal(psp_csv_write(file, fields, PSP_RETURNS_COLUMNS), PSP_OK);
            }
    }
    fclose(file);
    free(votes);
    return text;
}

static void round_trip(const char *path, size_t rows)
{
    char *text = NULL;
    size_t bytes;
    if (psp_file_read(path, 1 << 30, &text, &bytes) == PSP_ENOENT) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    struct imported imported;
    import_text(text, bytes, &imported);
    char *printed = print_all(&imported);
    size_t n, printed_n;
    char **lines = sorted_records(text, &n), **printed_lines = sorted_records(printed, &printed_n);
    assert_int_equal(n, rows + 1);
    assert_int_equal(printed_n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(lines[i], printed_lines[i]);
    free(lines);
    free(printed_lines);
    free(printed);
    free(text);
    release(&imported);
}

static void sparse_fixture_comes_back_to_the_byte(void **state)
{
    (void)state;
    round_trip("tests/fixtures/sparse.csv", 28);
}

static void vermont_2020_comes_back_to_the_byte(void **state)
{
    (void)state;
    round_trip("../shared/data/vt-2020-general-precinct.csv", 21450);
}

static void national_2024_comes_back_to_the_byte(void **state)
{
    (void)state;
    round_trip("../shared/data/us-2024-president-county.csv", 9480);
}

static void load(const char *path, struct imported *ret_imported)
{
    char *text = NULL;
    size_t bytes;
    if (psp_file_read(path, 1 << 30, &text, &bytes) == PSP_ENOENT) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    import_text(text, bytes, ret_imported);
    free(text);
}

static void sparse_units_have_their_places(void **state)
{
    (void)state;
    struct imported imported;
    load("tests/fixtures/sparse.csv", &imported);
    const struct psp_definition *definition = imported.definition;
    assert_string_equal(definition->units[definition->root].id, "us");
    assert_string_equal(unit(&imported, "vt")->name, "Vermont");
    assert_string_equal(unit(&imported, "vt")->code, "VT");
    assert_string_equal(unit(&imported, "vt-addison")->code, "50001");
    assert_int_equal(unit(&imported, "vt-addison")->level, PSP_COUNTY);
    assert_int_equal(unit(&imported, "vt-addison")->style_count, 0);
    const struct psp_unit *north = unit(&imported, "vt-addison-ferrisburgh-north-add-3");
    assert_string_equal(north->name, "Ferrisburgh, North (ADD-3)");
    assert_int_equal(north->level, PSP_PRECINCT);
    /* President 445 + 379 + 3 = 827; State House 200 + 57 + 0 = 257. */
    assert_int_equal(north->ballots_expected, 827);
    /* Rows of the county beside its precincts: 12 + 7. */
    const struct psp_unit *rest = unit(&imported, "vt-addison-rest");
    assert_string_equal(rest->name, "");
    assert_int_equal(rest->ballots_expected, 19);
    /* A county without precincts is a leaf itself: 61 + 64 = 125 > 118. */
    assert_int_equal(unit(&imported, "wy")->style_count, 1);
    assert_int_equal(unit(&imported, "wy")->ballots_expected, 9);
    assert_int_equal(unit(&imported, "vt-overseas")->level, PSP_PRECINCT);
    assert_string_equal(unit(&imported, "vt-50095")->name, "");
    assert_string_equal(unit(&imported, "vt-50095-town-of-no-county")->name, "Town of No County");
    /* Leaves: North, Orwell, rest, Doña Ana, Dona Ana, Overseas, No County, two wards, WY. */
    assert_int_equal(definition->leaf_count, 10);
    /* 827 + 340 + 19 + 125 + 1 + 33 + 31 + 1197 + 5 + 9. */
    assert_int_equal(imported.binding->ballots, 2587);
    release(&imported);
}

static void sparse_choices_are_listed_only_where_they_stood(void **state)
{
    (void)state;
    struct imported imported;
    load("tests/fixtures/sparse.csv", &imported);
    const struct psp_contest *president = contest(&imported, "president");
    assert_int_equal(president->unit, imported.definition->root);
    /* Biden D, Trump R, Blanks, Jorgensen L, Biden WF, Trump C. */
    assert_int_equal(president->choice_count, 6);
    const uint32_t number = psp_definition_contest(imported.definition, "president", 9);
    const struct psp_style *orwell =
        &imported.definition->styles[unit(&imported, "vt-addison-orwell")->styles[0]];
    assert_int_equal(psp_style_entry(orwell, number)->choice_count, 3);
    assert_null(psp_style_entry(
        orwell, psp_definition_contest(imported.definition, "vt-state-house-3", 16)));
    /* The contests for governor of two states are two. */
    assert_int_equal(contest(&imported, "vt-governor")->choice_count, 2);
    assert_int_equal(contest(&imported, "ny-governor")->choice_count, 1);
    assert_string_equal(contest(&imported, "vt-state-house-3")->name, "State House, district 3");
    assert_string_equal(contest(&imported, "vt-state-house-3")->district, "3");
    const struct psp_contest *question = contest(&imported, "vt-question-1");
    assert_int_equal(question->choices[0].kind, PSP_CHOICE_YES);
    assert_int_equal(question->choices[1].kind, PSP_CHOICE_NO);
    assert_int_equal(question->choices[1].candidate, PSP_NONE);
    release(&imported);
}

static void candidate_of_two_parties_is_one_candidate(void **state)
{
    (void)state;
    struct imported imported;
    load("tests/fixtures/sparse.csv", &imported);
    const struct psp_definition *definition = imported.definition;
    const struct psp_contest *president = contest(&imported, "president");
    const uint32_t first = psp_definition_choice(
        definition, (uint32_t)(president - definition->contests), "democratic-joseph-biden", 23);
    const uint32_t second =
        psp_definition_choice(definition, (uint32_t)(president - definition->contests),
                              "working-families-joseph-biden", 29);
    assert_true(first != PSP_NONE && second != PSP_NONE && first != second);
    const uint32_t candidate = president->choices[first].candidate;
    assert_int_equal(president->choices[second].candidate, candidate);
    assert_string_equal(definition->candidates[candidate].id, "president-joseph-biden");
    /* 1,553 votes as a Democrat, 77 for the Working Families. */
    assert_string_equal(definition->parties[definition->candidates[candidate].party].name,
                        "Democratic");
    const uint32_t bob =
        psp_definition_candidate(definition, "vt-state-house-3-robert-bob-oneill", 34);
    assert_string_equal(definition->candidates[bob].name, "Robert \"Bob\" O'Neill");
    release(&imported);
}

/* A candidate of two parties whose lines brought as much: the party is the one whose name sorts
 * first, in whatever order the lines stand, and whatever the lines are called. */
static void of_two_parties_that_tie_the_name_decides(void **state)
{
    static const char *const orders[] = {
        "VT,A,50001,One,Mayor,,Zebra,Ann Ash,5\nVT,A,50001,One,Mayor,,Aloe,Ann Ash,5\n",
        "VT,A,50001,One,Mayor,,Aloe,Ann Ash,5\nVT,A,50001,One,Mayor,,Zebra,Ann Ash,5\n",
        "VT,A,50001,One,Mayor,,Zebra,Ann Ash,6\nVT,A,50001,One,Mayor,,Aloe,Ann Ash,5\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct imported imported;
        char text[512];
        const int n = snprintf(text, sizeof text,
                               "state,county,county_fips,precinct,office,district,party,candidate,"
                               "votes\n%s",
                               orders[i]);
        import_text(text, (size_t)n, &imported);
        const struct psp_definition *definition = imported.definition;
        assert_int_equal(definition->candidate_count, 1);
        assert_string_equal(definition->parties[definition->candidates[0].party].name,
                            i < 2 ? "Aloe" : "Zebra");
        release(&imported);
    }
}

/* "Vote for 2": nine votes are five papers, but seven of them are for one. */
static void no_line_has_more_votes_than_a_unit_expects_ballots(void **state)
{
    static const char text[] =
        "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
        "VT,A,50001,One,Council (Vote for 2),,,Ann Ash,7\n"
        "VT,A,50001,One,Council (Vote for 2),,,Bob Birch,2\n";
    (void)state;
    struct imported imported;
    import_text(text, sizeof text - 1, &imported);
    assert_int_equal(imported.definition->contests[0].votes_allowed, 2);
    assert_int_equal(unit(&imported, "vt-a-one")->ballots_expected, 7);
    assert_int_equal(imported.binding->leaf_ballots[0], 7);
    release(&imported);
}

/* Names that differ in accents or signs only get digits of a hash; reversing the rows
 * must not change any ID. */
static void ids_do_not_depend_on_the_order_of_rows(void **state)
{
    (void)state;
    struct imported forward, backward;
    load("tests/fixtures/sparse.csv", &forward);
    char *text = NULL;
    size_t bytes, n;
    assert_int_equal(psp_file_read("tests/fixtures/sparse.csv", 1 << 20, &text, &bytes), PSP_OK);
    char **records = sorted_records(text, &n);
    char *reversed = NULL;
    FILE *file = open_memstream(&reversed, &bytes);
    fputs("state,county,county_fips,precinct,office,district,party,candidate,votes\n", file);
    for (size_t i = n; i-- > 0;)
        if (strncmp(records[i], "state,", 6) != 0)
            fprintf(file, "%s\n", records[i]);
    fclose(file);
    import_text(reversed, bytes, &backward);
    assert_int_equal(backward.definition->unit_count, forward.definition->unit_count);
    for (uint32_t i = 0; i < forward.definition->unit_count; i++)
        assert_string_equal(unit(&backward, forward.definition->units[i].id)->name,
                            forward.definition->units[i].name);
    assert_int_equal(backward.definition->candidate_count, forward.definition->candidate_count);
    for (uint32_t i = 0; i < forward.definition->candidate_count; i++) {
        const char *id = forward.definition->candidates[i].id;
        assert_true(psp_definition_candidate(backward.definition, id, strlen(id)) != PSP_NONE);
    }
    assert_int_equal(psp_definition_unit(forward.definition, "vt-dona-ana", 11), PSP_NONE);
    release(&forward);
    release(&backward);
    free(reversed);
    free(records);
    free(text);
}

static void vermont_2020_has_its_published_sums(void **state)
{
    (void)state;
    struct imported imported;
    load("../shared/data/vt-2020-general-precinct.csv", &imported);
    /* The data set's README: 275 units, 14 counties, 8 contests, 370,968 ballots. */
    assert_int_equal(imported.definition->leaf_count, 275);
    assert_int_equal(imported.definition->unit_count, 275 + 14 + 2);
    assert_int_equal(imported.definition->contest_count, 8);
    assert_int_equal(imported.binding->ballots, 370968);
    assert_string_equal(unit(&imported, "vt-addison-addison-add-3")->name, "Addison (ADD-3)");
    release(&imported);
}

static void binding_lists_rows_by_leaf_contest_and_choice(void **state)
{
    (void)state;
    struct imported imported;
    load("tests/fixtures/sparse.csv", &imported);
    const struct psp_returns_binding *binding = imported.binding;
    assert_int_equal(binding->n, 28);
    assert_int_equal(binding->group_first[0], 0);
    assert_int_equal(binding->group_first[imported.definition->leaf_count], 28);
    for (uint32_t leaf = 0; leaf < imported.definition->leaf_count; leaf++)
        for (uint32_t i = binding->group_first[leaf]; i < binding->group_first[leaf + 1]; i++) {
            const struct psp_returns_place *place = &binding->places[binding->order[i]];
            assert_int_equal(place->leaf, leaf);
            if (i == binding->group_first[leaf])
                continue;
            const struct psp_returns_place *before = &binding->places[binding->order[i - 1]];
            assert_true(before->contest < place->contest ||
                        (before->contest == place->contest && before->choice < place->choice));
        }
    release(&imported);
}

static void foreign_row_is_refused(const char *line, uint32_t column, const char *reason)
{
    struct imported imported;
    load("tests/fixtures/sparse.csv", &imported);
    char text[512];
    const int bytes = snprintf(text, sizeof text,
                               "state,county,county_fips,precinct,office,district,party,candidate,"
                               "votes\nWY,,,,President,,Republican,Donald Trump,9\n%s\n",
                               line);
    struct psp_returns *returns = fixture_read(text, (size_t)bytes);
    struct psp_returns_binding *binding = NULL;
    struct psp_reason fault = {0};
    assert_non_null(returns);
    assert_int_equal(psp_returns_bind(returns, imported.definition, &binding, &fault), PSP_EINVAL);
    assert_null(binding);
    assert_int_equal(fault.line, 3);
    assert_int_equal(fault.column, column);
    assert_non_null(strstr(fault.text, reason));
    psp_returns_destroy(&returns);
    release(&imported);
}

static void rows_of_another_election_are_refused(void **state)
{
    (void)state;
    foreign_row_is_refused("TX,,,,President,,Republican,Donald Trump,9", 4,
                           "no unit of the definition");
    foreign_row_is_refused("WY,,,,Governor,,Republican,Donald Trump,9", 5,
                           "unit \"wy\" has no contest");
    foreign_row_is_refused("WY,,,,President,,Democratic,Joseph Biden,9", 7 + 1,
                           "has no choice in unit \"wy\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_fixture_comes_back_to_the_byte),
        cmocka_unit_test(vermont_2020_comes_back_to_the_byte),
        cmocka_unit_test(national_2024_comes_back_to_the_byte),
        cmocka_unit_test(sparse_units_have_their_places),
        cmocka_unit_test(sparse_choices_are_listed_only_where_they_stood),
        cmocka_unit_test(candidate_of_two_parties_is_one_candidate),
        cmocka_unit_test(of_two_parties_that_tie_the_name_decides),
        cmocka_unit_test(no_line_has_more_votes_than_a_unit_expects_ballots),
        cmocka_unit_test(ids_do_not_depend_on_the_order_of_rows),
        cmocka_unit_test(vermont_2020_has_its_published_sums),
        cmocka_unit_test(binding_lists_rows_by_leaf_contest_and_choice),
        cmocka_unit_test(rows_of_another_election_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
