/* What rows mean: figures, totals and kinds of lines; each decision is in the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "election/import/meaning/normal.h"
#include "tests/unit/import/read.h"

#define HEADER "county,precinct,office,party,candidate,votes\n"

struct meant {
    struct psp_meaning_options options;
    struct psp_report report;
    struct psp_returns *returns;
};

static void release(struct meant *meant)
{
    psp_returns_destroy(&meant->returns);
    psp_report_free(&meant->report);
}

static enum psp_status mean(struct meant *meant, const char *text, size_t bytes)
{
    static const struct psp_reading_options options;
    return fixture_read_with(text, bytes, "a.csv", &options, &meant->options, &meant->report,
                             &meant->returns);
}

/* "precinct candidate votes kind;" of every row that is left, kind as a letter. */
static void leaves(struct meant *meant, const char *text, const char *expected)
{
    static const char letters[] = "LOUBR";
    char out[1024] = "";
    size_t at = 0;
    assert_int_equal(mean(meant, text, strlen(text)), PSP_OK);
    for (size_t i = 0; i < meant->returns->n; i++) {
        const struct psp_returns_row *row = &meant->returns->rows[i];
        at += (size_t)snprintf(out + at, sizeof out - at, "%s %s %d %c;",
                               row->text[PSP_COLUMN_PRECINCT], row->text[PSP_COLUMN_CANDIDATE],
                               (int)row->votes, letters[row->kind]);
    }
    assert_string_equal(out, expected);
}

static void told(const struct meant *meant, enum psp_report_kind kind, uint64_t n, uint64_t line,
                 const char *says)
{
    const struct psp_report_group *group = &meant->report.groups[kind];
    assert_int_equal(group->n, n);
    assert_int_equal(group->first[0].line, line);
    if (strstr(group->first[0].text, says) == NULL)
        fail_msg("it says: %s", group->first[0].text);
}

static void statistics_are_the_units(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           HEADER "A,One,Registered Voters,,,500\nA,One,Ballots Cast,,,100\n"
                  "A,One,Ballots Cast - Blank,,,3\nA,One,Registered Voters,DEM,,200\n"
                  "A,One,President,DEM,Ann,60\nA,One,President,,Times Counted,99\n"
                  "A,One,President,,Over Votes,1\nA,One,President,NON,Under Votes,4\n"
                  "A,One,President,,Voter Turnout,20\nA,Two,Registered Voters,,,7\n"
                  "A,One,Sheriff,,Under Votes,2\n",
           "One  500 R;One  100 B;One Ann 60 L;One Times Counted 99 B;One Over Votes 1 O;"
           "One Under Votes 4 U;");
    told(&meant, PSP_REPORT_REGISTERED, 1, 2, "Registered Voters: 500");
    told(&meant, PSP_REPORT_BALLOTS, 2, 3, "Ballots Cast: 100");
    told(&meant, PSP_REPORT_OVERVOTES, 1, 8, "President, Over Votes: 1");
    told(&meant, PSP_REPORT_UNDERVOTES, 1, 9, "Under Votes: 4");
    told(&meant, PSP_REPORT_STATISTIC, 5, 4, "Ballots Cast - Blank: 3");
    release(&meant);
}

static void totals_among_the_lines_are_left_out_and_checked(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           HEADER "A,One,President,,Ann,60\nA,One,President,,Bob,40\nA,One,President,,Blanks,5\n"
                  "A,One,President,,Total Votes Cast,105\nA,One,Governor,,Ann,60\n"
                  "A,One,Governor,,Blanks,5\nA,One,Governor,,Total,60\nA,One,Mayor,,Ann,6\n"
                  "A,One,Governor,,Over Votes,2\n"
                  "A,One,Mayor,,TOTAL VOTES,8\n",
           "One Ann 60 L;One Bob 40 L;One Blanks 5 L;One Ann 60 L;One Blanks 5 L;One Ann 6 L;"
           "One Over Votes 2 O;");
    told(&meant, PSP_REPORT_TOTAL_LINE, 2, 5, "President, Total Votes Cast: 105");
    told(&meant, PSP_REPORT_TOTAL_LINE_DIFFERS, 1, 11, "TOTAL VOTES: 8, the lines have 6");
    release(&meant);
}

static void totals_beside_the_methods_are_left_out(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           "precinct,office,candidate,mode,votes\nOne,P,Ann,ELECTION DAY,6\nOne,P,Ann,MAIL,4\n"
           "One,P,Ann,TOTAL,10\nOne,P,Bob,TOTAL,3\nOne,P,Cy,MAIL,4\nOne,P,Cy,TOTAL,5\n",
           "One Ann 6 L;One Ann 4 L;One Bob 3 L;One Cy 4 L;");
    told(&meant, PSP_REPORT_TOTAL_METHOD, 1, 4, "P, Ann: 10, by method 10");
    told(&meant, PSP_REPORT_TOTAL_METHOD_DIFFERS, 1, 7, "P, Cy: 5, by method 4");
    release(&meant);
    /* Alone it is all there is. */
    leaves(&meant, "precinct,office,candidate,mode,votes\nOne,P,Ann,TOTAL,10\n", "One Ann 10 L;");
    assert_true(meant.report.groups[PSP_REPORT_TOTAL_METHOD].n == 0);
    release(&meant);
}

static void units_named_total_are_left_out_and_compared(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           HEADER "A,One,President,,Ann,60\nA,Two,President,,Ann,10\nA,TOTAL,President,,Ann,70\n"
                  "B,One,President,,Ann,60\nB,Two,President,,Ann,10\n"
                  "B,County Total,President,,Ann,71\n"
                  "C,Total,President,,Ann,5\n",
           "One Ann 60 L;Two Ann 10 L;One Ann 60 L;Two Ann 10 L;Total Ann 5 L;");
    told(&meant, PSP_REPORT_TOTAL_UNIT, 1, 4, "A, TOTAL: 1 rows");
    told(&meant, PSP_REPORT_TOTAL_UNIT_DIFFERS, 1, 7, "President, Ann: 71, its parts have 70");
    release(&meant);
}

static void rows_without_a_precinct_are_the_countys(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           HEADER "A,One,President,,Ann,60\nA,,President,,Ann,60\nA,,Sheriff,,Cy,50\n"
                  "A,,Registered Voters,,,99\nB,,President,,Ann,3\n",
           "One Ann 60 L; Cy 50 L; Ann 3 L;");
    told(&meant, PSP_REPORT_TOTAL_UNIT, 1, 3, "A: 2 rows");
    told(&meant, PSP_REPORT_COUNTY_ONLY, 1, 4, "A: Sheriff");
    release(&meant);
}

/* Countywide is the sum of two others in both contests; Absentee in one only; of Part
 * two others begin with its name. */
static void units_that_equal_the_sum_of_the_others_are_totals(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant,
           HEADER "A,One,P,,Ann,60\nA,One,P,,Bob,1\nA,One,G,,Cy,5\n"
                  "A,Two,P,,Ann,10\nA,Two,P,,Bob,2\nA,Two,G,,Cy,6\n"
                  "A,Countywide,P,,Ann,70\nA,Countywide,P,,Bob,3\nA,Countywide,G,,Cy,11\n"
                  "B,One,P,,Ann,1\nB,Two,P,,Ann,2\nB,Absentee,P,,Ann,3\nB,Absentee,G,,Cy,8\n"
                  "B,Two,G,,Cy,8\n"
                  "C,Part,P,,Ann,5\nC,Part 1,P,,Ann,2\nC,Part 2,P,,Ann,3\nC,Other,P,,Ann,9\n"
                  "D,One,P,,Ann,4\nD,Two,P,,Ann,4\n",
           "One Ann 60 L;One Bob 1 L;One Cy 5 L;Two Ann 10 L;Two Bob 2 L;Two Cy 6 L;"
           "One Ann 1 L;Two Ann 2 L;Absentee Ann 3 L;Absentee Cy 8 L;Two Cy 8 L;"
           "Part Ann 5 L;Part 1 Ann 2 L;Part 2 Ann 3 L;Other Ann 9 L;One Ann 4 L;Two Ann 4 L;");
    told(&meant, PSP_REPORT_TOTAL_UNIT, 1, 8, "A, Countywide: 3 rows");
    told(&meant, PSP_REPORT_FITS_PARTLY, 1, 13, "B, Absentee: in 1 of 2 contests");
    told(&meant, PSP_REPORT_PARTS, 1, 16, "Part: 2 others");
    release(&meant);
}

static void with_keep_all_every_row_is_a_line(void **state)
{
    (void)state;
    struct meant meant = {.options.keep_all = true};
    leaves(&meant,
           HEADER "A,One,President,,Ann,60\nA,TOTAL,President,,Ann,60\nA,One,Ballots Cast,,,61\n"
                  "A,One,President,,Under Votes,1\n",
           "One Ann 60 L;TOTAL Ann 60 L;One  61 L;One Under Votes 1 L;");
    assert_true(psp_report_empty(&meant.report));
    assert_int_equal(meant.returns->rows[3].choice_kind, PSP_CHOICE_BLANK);
    release(&meant);
}

static void a_file_of_figures_only_is_refused(void **state)
{
    (void)state;
    struct meant meant = {0};
    static const char text[] = HEADER "A,One,Registered Voters,,,500\n";
    assert_int_equal(mean(&meant, text, strlen(text)), PSP_EINVAL);
    told(&meant, PSP_REPORT_FILE, 1, 0, "not one line");
    release(&meant);
}

static void is(const struct psp_kinds *kinds, const char *text, enum psp_line_kind expected)
{
    enum psp_line_kind kind = PSP_LINE_KINDS_END;
    assert_int_equal(psp_kinds_of(kinds, text, &kind), PSP_OK);
    if (kind != expected)
        fail_msg("\"%s\" is %s", text, psp_line_kind_name(kind));
}

static void kinds_of_lines_have_words_in_five_languages(void **state)
{
    (void)state;
    static const struct {
        enum psp_line_kind kind;
        const char *texts[16];
    } cases[] = {
        {PSP_LINE_BLANK,
         {"Blanks", "BLANK VOTES", "Blank/Void", "Voids/Blanks", "Ballots Cast Blank", "Blancs",
          "VOTO BRANCO", "Votos en Blanco", "leere Stimmen", "Under /Over Votes"}},
        {PSP_LINE_SPOILED,
         {"Spoiled Votes", "Void", "Nuls", "VOTO NULO", "Ungültige", "Votos nulos"}},
        {PSP_LINE_WRITE_IN,
         {"Write-ins", "WRITE-IN TOTALS", "Unqualified Write-Ins", "Write In",
          "Candidatos no registrados", "Candidato/a no registrado/a", "Write-in 40",
          "WRITE-IN: SCATTERED", "Not Assigned", "Nominación Directa"}},
        {PSP_LINE_OTHER,
         {"Scattering", "NOTA", "None of the Above", "Sonstige", "Autres", "NO CANDIDATE FILED"}},
        {PSP_LINE_OVERVOTES, {"Over Votes", "overvotes", "Over-Votes"}},
        {PSP_LINE_UNDERVOTES, {"Under votes", "UNDERVOTES"}},
        {PSP_LINE_TOTAL,
         {"Total", "Total Votes Cast", "Votos válidos", "Exprimés", "Gültige Zweitstimmen"}},
        {PSP_LINE_REGISTERED, {"Registered Voters", "Inscrits", "Wahlberechtigte", "Eleitores"}},
        {PSP_LINE_BALLOTS, {"Ballots Cast - Total", "Public Counter", "Votants", "Wähler"}},
        {PSP_LINE_STATISTIC,
         {"Registered Voters - DEM", "Number of Precincts Reporting", "Manually Counted Emergency",
          "Absentee / Military", "PAPER BALLOTS CAST BLANK", "Machine Turnout",
          "PERCENT OF REGISTERED VOTERS THAT VOTED", "Boletas sobrantes"}},
        {PSP_LINE_YES, {"yes", "Oui", "Sí", "YES/SI", "FOR THE LEVY", "IN FAVOR OF"}},
        {PSP_LINE_NO, {"No", "Nein", "Não", "AGAINST THE LEVIES"}},
        {PSP_LINE_CANDIDATE,
         {"Blanka Sanchez", "Total Recall", "أحمد", "", "Overton", "Ann", "Write-In: Kate Lennen",
          "Jesse Blank", "John Early", "For the People",
          "Shall the ballots cast by mail be counted before the polls close"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < 16 && cases[i].texts[j] != NULL; j++)
            is(NULL, cases[i].texts[j], cases[i].kind);
}

static void added_kinds_win(void **state)
{
    (void)state;
    struct psp_kinds kinds = {0};
    struct psp_reason reason = {0};
    assert_int_equal(psp_kinds_add(&kinds, "Hvide stemmer", "blank", &reason), PSP_OK);
    assert_int_equal(psp_kinds_add(&kinds, "Void", "candidate", &reason), PSP_OK);
    assert_int_equal(psp_kinds_add(&kinds, "无效", "spoiled", &reason), PSP_OK);
    assert_int_equal(psp_kinds_add(&kinds, "x", "nonsense", &reason), PSP_EINVAL);
    is(&kinds, "HVIDE STEMMER", PSP_LINE_BLANK);
    is(&kinds, "Void", PSP_LINE_CANDIDATE);
    is(&kinds, "无效", PSP_LINE_SPOILED);
    is(&kinds, "有效", PSP_LINE_CANDIDATE);
}

/* Neither candidate nor party: nobody's, so it cannot lead; and it is told. */
static void a_line_without_a_name_is_nobodys(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant, HEADER "A,One,P,,,9\nA,One,P,REP,,8\nA,One,Affidavit,,,7\n",
           "One  9 L;One  8 L;");
    assert_int_equal(meant.returns->rows[0].choice_kind, PSP_CHOICE_OTHER);
    assert_int_equal(meant.returns->rows[1].choice_kind, PSP_CHOICE_CANDIDATE);
    told(&meant, PSP_REPORT_NAMELESS, 1, 2, "P: 9");
    release(&meant);
}

/* An office that is called as a figure is one all the same, when parties stand for it. */
static void candidates_of_parties_make_an_office(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant, HEADER "A,One,Federal,REP,Ann,9\nA,One,Federal,,,8\n", "One Ann 9 L;");
    release(&meant);
}

/* "Nonpartisan", or the answer once more, is no party of an answer. */
static void answers_with_no_party_are_answers(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant, HEADER "A,One,P,NONPARTISAN,Yes,9\nA,One,P,NO,No,8\n",
           "One Yes 9 L;One No 8 L;");
    assert_int_equal(meant.returns->rows[0].choice_kind, PSP_CHOICE_YES);
    assert_int_equal(meant.returns->rows[1].choice_kind, PSP_CHOICE_NO);
    release(&meant);
}

/* A party on such a line makes it no candidate; but "No" with one is a name. */
static void a_partys_line_is_of_its_kind_all_the_same(void **state)
{
    (void)state;
    struct meant meant = {0};
    leaves(&meant, HEADER "A,One,P,NP,Write-Ins,9\nA,One,P,REP,No,8\nA,One,P,,No,7\n",
           "One Write-Ins 9 L;One No 8 L;One No 7 L;");
    assert_int_equal(meant.returns->rows[0].choice_kind, PSP_CHOICE_WRITE_IN);
    assert_int_equal(meant.returns->rows[1].choice_kind, PSP_CHOICE_CANDIDATE);
    assert_int_equal(meant.returns->rows[2].choice_kind, PSP_CHOICE_NO);
    release(&meant);
}

#define VARIANTS                                                                                   \
    "state,county,county_fips,precinct,office,district,party,candidate,votes\n"                    \
    "PA,Alpha,1001,One,President,,DEM,Ann Able,50\n"                                               \
    "PA,ALPHA,01001,Two,President,,DEM,ANN  ABLE ,30\n"                                            \
    "PA,Alpha,01001,Two,President,,Democratic,Ann Able,3\n"                                        \
    "PA,Alpha,01001,Three,President,,REP,Bob Best,20\n"                                            \
    "PA,Alpha,01001,Three,President,1.0,DEM,Ann Able,7\n"                                          \
    "PA,Alpha,01001,Three,Senate,1.0,REP,Cy Cole,20\n"                                             \
    "PA,Alpha,01001,Two,Senate,01,REP,Cy Cole,21\n"

static void spellings_of_one_name_are_told(void **state)
{
    (void)state;
    struct meant meant = {0};
    assert_int_equal(mean(&meant, VARIANTS, sizeof VARIANTS - 1), PSP_OK);
    told(&meant, PSP_REPORT_NAMES, 6, 3, "county \"ALPHA\" (1), \"Alpha\" (6)");
    assert_string_equal(meant.returns->rows[1].text[PSP_COLUMN_COUNTY], "ALPHA");
    release(&meant);
}

static void spellings_of_one_name_are_merged_when_that_is_said(void **state)
{
    (void)state;
    struct meant meant = {.options.merge_names = true};
    assert_int_equal(mean(&meant, VARIANTS, sizeof VARIANTS - 1), PSP_OK);
    assert_int_equal(meant.returns->n, 7);
    for (size_t i = 0; i < 5; i++) {
        const struct psp_returns_row *row = &meant.returns->rows[i];
        assert_string_equal(row->text[PSP_COLUMN_COUNTY], "Alpha");
        assert_string_equal(row->text[PSP_COLUMN_COUNTY_FIPS], "01001");
        assert_string_equal(row->text[PSP_COLUMN_DISTRICT], "");
        assert_string_equal(row->text[PSP_COLUMN_PARTY], i == 3 ? "REP" : "DEM");
        assert_string_equal(row->text[PSP_COLUMN_CANDIDATE], i == 3 ? "Bob Best" : "Ann Able");
    }
    /* Of two spellings with as many rows the first stays; the Senate has its districts. */
    assert_string_equal(meant.returns->rows[6].text[PSP_COLUMN_DISTRICT], "1.0");
    told(&meant, PSP_REPORT_MERGED, 6, 3, "county");
    release(&meant);
}

static void normal_forms_are_of_columns(void **state)
{
    (void)state;
    static const struct {
        enum psp_returns_column column;
        const char *text, *normal;
    } cases[] = {
        {PSP_COLUMN_CANDIDATE, "  ANN  \tAble ", "ann able"},
        {PSP_COLUMN_CANDIDATE, "ÉMILE Ñu", "émile ñu"},
        {PSP_COLUMN_PARTY, "Dem", "democratic"},
        {PSP_COLUMN_PARTY, "Workers", "workers"},
        {PSP_COLUMN_COUNTY_FIPS, "01001", "1001"},
        {PSP_COLUMN_COUNTY_FIPS, "1001.0", "1001"},
        {PSP_COLUMN_DISTRICT, "007", "7"},
        {PSP_COLUMN_DISTRICT, "1.0", "1"},
        {PSP_COLUMN_DISTRICT, "0", "0"},
        {PSP_COLUMN_DISTRICT, "1.5", "1.5"},
        {PSP_COLUMN_PRECINCT, "1.0", "1"},
        {PSP_COLUMN_PRECINCT, "01", "01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char normal[PSP_NORMAL_BYTES];
        const size_t bytes = psp_normal_of(cases[i].column, cases[i].text, normal);
        assert_string_equal(normal, cases[i].normal);
        assert_int_equal(bytes, strlen(normal));
    }
}

static void counties_that_a_name_does_not_tell_apart_are_told(void **state)
{
    (void)state;
    struct meant meant = {0};
    static const char text[] = "state,county,county_fips,precinct,office,candidate,votes\n"
                               "VA,Richmond,,101,P,Ann,1\nVA,Richmond,,505,P,Ann,2\n"
                               "VA,Franklin,51067,1,P,Ann,3\nVA,Franklin,51620,2,P,Ann,4\n"
                               "NY,Richmond,,1,P,Ann,5\n";
    assert_int_equal(mean(&meant, text, sizeof text - 1), PSP_OK);
    told(&meant, PSP_REPORT_SHARED_NAME, 1, 2, "Richmond, VA");
    told(&meant, PSP_REPORT_TWO_CODES, 1, 5, "Franklin: 51067 and 51620");
    release(&meant);
}

/* Published files without totals lose nothing; of India two names are written twice. */
static void real_returns_are_taken_whole(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t rows, names;
    } files[] = {{"../shared/data/vt-2020-general-precinct.csv", 21450, 0},
                 {"../shared/data/us-2024-president-county.csv", 9480, 0},
                 {"../shared/data/in-2024-lok-sabha.csv", 8901, 2}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = NULL;
        size_t bytes;
        if (psp_file_read(files[i].path, 1 << 30, &text, &bytes) != PSP_OK) {
            print_message("skipped: %s is not there\n", files[i].path);
            skip();
        }
        struct meant meant = {0};
        assert_int_equal(mean(&meant, text, bytes), PSP_OK);
        assert_int_equal(meant.returns->n, files[i].rows);
        for (int kind = 0; kind < PSP_REPORT_KINDS_END; kind++)
            assert_int_equal(meant.report.groups[kind].n,
                             kind == PSP_REPORT_NAMES ? files[i].names : 0);
        release(&meant);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_the_units),
        cmocka_unit_test(totals_among_the_lines_are_left_out_and_checked),
        cmocka_unit_test(totals_beside_the_methods_are_left_out),
        cmocka_unit_test(units_named_total_are_left_out_and_compared),
        cmocka_unit_test(rows_without_a_precinct_are_the_countys),
        cmocka_unit_test(units_that_equal_the_sum_of_the_others_are_totals),
        cmocka_unit_test(with_keep_all_every_row_is_a_line),
        cmocka_unit_test(a_file_of_figures_only_is_refused),
        cmocka_unit_test(kinds_of_lines_have_words_in_five_languages),
        cmocka_unit_test(added_kinds_win),
        cmocka_unit_test(a_line_without_a_name_is_nobodys),
        cmocka_unit_test(candidates_of_parties_make_an_office),
        cmocka_unit_test(answers_with_no_party_are_answers),
        cmocka_unit_test(a_partys_line_is_of_its_kind_all_the_same),
        cmocka_unit_test(spellings_of_one_name_are_told),
        cmocka_unit_test(spellings_of_one_name_are_merged_when_that_is_said),
        cmocka_unit_test(normal_forms_are_of_columns),
        cmocka_unit_test(counties_that_a_name_does_not_tell_apart_are_told),
        cmocka_unit_test(real_returns_are_taken_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
