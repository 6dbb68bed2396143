/* Tables of published returns: what is read, and what is told of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/import/read.h"

#define HEADER "state,county,county_fips,precinct,office,district,party,candidate,votes\n"

struct read {
    struct psp_reading_options options;
    struct psp_report report;
    struct psp_returns *returns;
};

static void release(struct read *read)
{
    psp_returns_destroy(&read->returns);
    psp_report_free(&read->report);
}

/* Reads and prints "method:state|county|fips|precinct|office|district|party|candidate|votes;". */
static void reads_named(struct read *read, const char *text, size_t bytes, const char *name,
                        const char *expected)
{
    if (fixture_read_as(text, bytes, name, &read->options, &read->report, &read->returns) !=
        PSP_OK) {
        for (int i = 0; i < PSP_REPORT_KINDS_END; i++)
            if (read->report.groups[i].first_n > 0)
                print_message("%s: line %d: %s\n", psp_report_word((enum psp_report_kind)i),
                              (int)read->report.groups[i].first[0].line,
                              read->report.groups[i].first[0].text);
        fail_msg("refused: %s", text);
    }
    char out[1024];
    size_t at = 0;
    for (size_t i = 0; i < read->returns->n; i++) {
        const struct psp_returns_row *row = &read->returns->rows[i];
        at +=
            (size_t)snprintf(out + at, sizeof out - at, "%s:", read->returns->methods[row->method]);
        for (int t = 0; t < PSP_RETURNS_TEXTS; t++)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s|", row->text[t]);
        at += (size_t)snprintf(out + at, sizeof out - at, "%lld;", (long long)row->votes);
    }
    assert_string_equal(out, expected);
}

static void reads(const char *text, const char *expected)
{
    struct read read = {0};
    reads_named(&read, text, strlen(text), "returns.csv", expected);
    assert_true(psp_report_empty(&read.report));
    release(&read);
}

/* Refused, and this is the first word of it. */
static void refuses(const char *text, size_t bytes, enum psp_report_kind kind, uint64_t line,
                    const char *says)
{
    struct read read = {0};
    assert_int_equal(
        fixture_read_as(text, bytes, "returns.csv", &read.options, &read.report, &read.returns),
        PSP_EINVAL);
    assert_null(read.returns);
    const struct psp_report_group *group = &read.report.groups[kind];
    if (group->n == 0)
        fail_msg("nothing of the kind %s", psp_report_word(kind));
    assert_int_equal(group->first[0].line, line);
    if (strstr(group->first[0].text, says) == NULL)
        fail_msg("it says: %s", group->first[0].text);
    release(&read);
}

static void told(const char *text, enum psp_report_kind kind, uint64_t line, const char *says)
{
    refuses(text, strlen(text), kind, line, says);
}

#define ANN "VT,A,,One,Governor,,DEM,Ann,10\n"
#define READ_ANN ":VT|A||One|Governor||DEM|Ann|10;"

static void harmless_ways_of_writing_a_table_are_read(void **state)
{
    (void)state;
    reads(HEADER ANN, READ_ANN);
    reads("\xEF\xBB\xBF" HEADER ANN, READ_ANN);
    reads(HEADER ANN "\n", READ_ANN);
    reads(HEADER "\n\n" ANN, READ_ANN);
    reads(HEADER ANN ",,,,,,,,\n", READ_ANN);
    reads("State,COUNTY, county_fips ,Precinct,Office,District,Party,Candidate,Votes\n" ANN,
          READ_ANN);
    reads("votes,state,office,candidate,party,county,precinct\n10,VT,Governor,Ann,DEM,A,One\n",
          READ_ANN);
    reads("state,county,county_fips,precinct,office,district,party,candidate,votes,,\n"
          "VT,A,,One,Governor,,DEM,Ann,10,,\n",
          READ_ANN);
    reads("state,county,county_fips,precinct,office,district,party,candidate,votes\r"
          "VT,A,,One,Governor,,DEM,Ann,10\r",
          READ_ANN);
    reads("sep=;\nstate;county;precinct;office;party;candidate;votes\n"
          "VT;A;One;Governor;DEM;Ann;10\n",
          READ_ANN);
    reads("sep=,\n" HEADER ANN, READ_ANN);
}

static void numbers_are_read_as_people_write_them(void **state)
{
    (void)state;
    reads(HEADER "VT,,,,G,,,Ann,10.0\nVT,,,,G,,,Bob,\"1,176\"\nVT,,,,G,,,Cy, 7 \n"
                 "VT,,,,G,,,Di,\"12,345,678.00\"\nVT,,,,G,,,Ed,0\n",
          ":VT||||G|||Ann|10;:VT||||G|||Bob|1176;:VT||||G|||Cy|7;:VT||||G|||Di|12345678;"
          ":VT||||G|||Ed|0;");
    static const char *const none[] = {"12a",  "1.5",      "+1",  "1.",
                                       "1,23", "1234,567", "0x1", "\"1 \xC2\xA0 2\""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char text[256];
        snprintf(text, sizeof text, HEADER ANN "VT,A,,One,G,,,Bob,%s%s%s\n",
                 none[i][0] == '"' ? "" : "\"", none[i], none[i][0] == '"' ? "" : "\"");
        told(text, PSP_REPORT_VOTES, 3, "no whole number");
    }
    told(HEADER "VT,,,,P,,D,Ann,-1\n", PSP_REPORT_VOTES, 2, "\"-1\": below 0");
    told(HEADER "VT,,,,P,,D,Ann,1000000000001\n", PSP_REPORT_VOTES, 2, "over the limit");
    told(HEADER "VT,,,,P,,D,Ann,99999999999999999999999999\n", PSP_REPORT_VOTES, 2,
         "over the limit");
    reads(HEADER "VT,,,,P,,D,Ann,1000000000000\n", ":VT||||P||D|Ann|1000000000000;");
}

static void columns_are_found_by_the_names_that_are_given(void **state)
{
    (void)state;
    struct read read = {0};
    struct psp_reason reason = {0};
    assert_int_equal(psp_reading_columns(&read.options, "votes=Total,county=Parish Name", &reason),
                     PSP_OK);
    static const char text[] =
        "parish_name,Precinct,Office,Candidate,TOTAL,Winner\nX,1,Mayor,Ann,3,yes\n";
    reads_named(&read, text, strlen(text), "a.csv", ":|X||1|Mayor|||Ann|3;");
    assert_int_equal(read.report.groups[PSP_REPORT_COLUMN].n, 1);
    assert_string_equal(read.report.groups[PSP_REPORT_COLUMN].first[0].text, "\"Winner\"");
    release(&read);
    assert_int_equal(psp_reading_columns(&read.options, "vote=Total", &reason), PSP_EINVAL);
    assert_int_equal(psp_reading_columns(&read.options, "votes", &reason), PSP_EINVAL);
    assert_int_equal(psp_reading_columns(&read.options, "votes=", &reason), PSP_EINVAL);
    struct read missing = {0};
    assert_int_equal(psp_reading_columns(&missing.options, "votes=Sum", &reason), PSP_OK);
    assert_int_equal(fixture_read_as(HEADER ANN, strlen(HEADER ANN), "a.csv", &missing.options,
                                     &missing.report, &missing.returns),
                     PSP_EINVAL);
    assert_string_equal(missing.report.groups[PSP_REPORT_HEADER].first[0].text,
                        "no column is called \"Sum\"");
    release(&missing);
}

static void headers_that_do_not_fit_say_what_would_read_them(void **state)
{
    (void)state;
    told("", PSP_REPORT_FILE, 0, "empty");
    told(HEADER, PSP_REPORT_FILE, 0, "no rows");
    told("\"office\"\t\"candidate\"\t\"votes\"\n", PSP_REPORT_RECORD, 1,
         "--delimiter tab reads it");
    told("\"office\";\"candidate\";\"votes\"\n", PSP_REPORT_RECORD, 1,
         "--delimiter semicolon reads it");
    told("state;county;office;candidate;votes\nVT;A;G;Ann;1\n", PSP_REPORT_HEADER, 1,
         "--delimiter semicolon");
    told("state\tcounty\toffice\tcandidate\tvotes\nVT\tA\tG\tAnn\t1\n", PSP_REPORT_HEADER, 1,
         "--delimiter tab");
    told("state,county,office,candidate,sum\nVT,A,G,Ann,1\n", PSP_REPORT_HEADER, 1,
         "no column for votes (--columns OURS=THEIRS names one); there are state, county, office, "
         "candidate, sum");
    told("mode," HEADER "test," ANN, PSP_REPORT_HEADER, 1, "of a test");
    told("state,office,office,candidate,votes\nVT,G,G,Ann,1\n", PSP_REPORT_HEADER, 1,
         "two columns are called \"office\"");
    struct read read = {0};
    struct psp_reason reason = {0};
    assert_int_equal(psp_reading_delimiter(&read.options, "tab", &reason), PSP_OK);
    static const char tabs[] = "office\tcandidate\tvotes\nGovernor\tAble, Ann\t1\n";
    reads_named(&read, tabs, strlen(tabs), "a.tsv", ":||||Governor|||Able, Ann|1;");
    release(&read);
    assert_int_equal(psp_reading_delimiter(&read.options, "x", &reason), PSP_EINVAL);
    assert_int_equal(psp_reading_delimiter(&read.options, "\"", &reason), PSP_EINVAL);
}

static void text_that_is_not_utf8_names_the_option_that_may_read_it(void **state)
{
    (void)state;
    told(HEADER "NM,Do\xF1"
                "a Ana,,One,Governor,,DEM,Ann,10\n",
         PSP_REPORT_ENCODING, 2, "--encoding latin-1");
}

/* Everything that is wrong, at once. */
static void all_faults_are_told_by_kind_with_their_lines(void **state)
{
    (void)state;
    static const char text[] =
        HEADER "VT,A,,One,Governor,,DEM,Ann,x\n"
               "VT,A,,One,Governor,,DEM,Ann \"A\",1\n"
               "VT,A,,One,Governor,,DEM,Able, Ann,1\n"
               "VT,A,,One,Governor,,DEM,Ann\n"
               "VT,A,,One,,,DEM,Ann,1\n"
               "VT,A,,One,Governor,,DEM,Bob,*\n" ANN "VT,A,,One,Governor,,DEM,Ann,11\n"
               "VT,A,,One,Governor,,DEM,Cy,y\n";
    struct read read = {0};
    assert_int_equal(
        fixture_read_as(text, strlen(text), "a.csv", &read.options, &read.report, &read.returns),
        PSP_EINVAL);
    static const struct {
        enum psp_report_kind kind;
        uint64_t n, line;
        const char *says;
    } expected[] = {
        {PSP_REPORT_VOTES, 2, 2, "\"x\": no whole number"},
        {PSP_REPORT_RECORD, 1, 3, "a quote inside a field"},
        {PSP_REPORT_FIELDS, 2, 4, "10 fields, and the header has 9"},
        {PSP_REPORT_OFFICE, 1, 6, "candidate \"Ann\""},
        {PSP_REPORT_HIDDEN, 1, 7, "\"*\": kept back"},
        {PSP_REPORT_TWICE, 1, 9, "as line 8: Governor, Ann, 10 and then 11"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct psp_report_group *group = &read.report.groups[expected[i].kind];
        assert_int_equal(group->n, expected[i].n);
        assert_int_equal(group->first[0].line, expected[i].line);
        assert_string_equal(group->first[0].file, "a.csv");
        if (strstr(group->first[0].text, expected[i].says) == NULL)
            fail_msg("it says: %s", group->first[0].text);
    }
    assert_int_equal(read.report.groups[PSP_REPORT_VOTES].first[1].line, 10);
    release(&read);
    /* With leave, what can be read is read; of a row with two counts neither is. */
    read.options.drop_faulty = true;
    static const char with_a_good_one[] = HEADER ANN "VT,A,,One,Governor,,DEM,Ann,11\nbroken\n"
                                                     "VT,A,,One,Governor,,REP,Bob,5\n";
    reads_named(&read, with_a_good_one, strlen(with_a_good_one), "a.csv",
                ":VT|A||One|Governor||REP|Bob|5;");
    release(&read);
}

static void only_the_first_of_a_kind_are_kept(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    fputs(HEADER, file);
    for (int i = 0; i < 50; i++)
        fprintf(file, "VT,,,,P,,D,Ann %d,x\n", i);
    fclose(file);
    struct read read = {0};
    assert_int_equal(
        fixture_read_as(text, bytes, "a.csv", &read.options, &read.report, &read.returns),
        PSP_EINVAL);
    assert_int_equal(read.report.groups[PSP_REPORT_VOTES].n, 50);
    assert_int_equal(read.report.groups[PSP_REPORT_VOTES].first_n, PSP_REPORT_FIRST);
    assert_int_equal(read.report.groups[PSP_REPORT_VOTES].first[19].line, 21);
    release(&read);
    free(text);
}

static void a_row_again_with_the_same_votes_is_taken_once(void **state)
{
    (void)state;
    struct read read = {0};
    reads_named(&read, HEADER ANN ANN, strlen(HEADER ANN ANN), "a.csv", READ_ANN);
    assert_int_equal(read.report.groups[PSP_REPORT_AGAIN].n, 1);
    assert_int_equal(read.report.groups[PSP_REPORT_AGAIN].first[0].line, 3);
    release(&read);
}

static void suppressed_votes_are_left_out_or_0_when_that_is_said(void **state)
{
    (void)state;
    static const char text[] = HEADER "VT,,,,G,,,Ann,*\nVT,,,,G,,,Bob,-\nVT,,,,G,,,Cy,n/a\n"
                                      "VT,,,,G,,,Di,\nVT,,,,G,,,Ed,<10\nVT,,,,G,,,Flo,5\n";
    struct read read = {0};
    read.options.suppressed = PSP_SUPPRESSED_DROP;
    reads_named(&read, text, strlen(text), "a.csv", ":VT||||G|||Flo|5;");
    assert_int_equal(read.report.groups[PSP_REPORT_DROPPED].n, 5);
    release(&read);
    read.options.suppressed = PSP_SUPPRESSED_ZERO;
    reads_named(&read, text, strlen(text), "a.csv",
                ":VT||||G|||Ann|0;:VT||||G|||Bob|0;:VT||||G|||Cy|0;:VT||||G|||Di|0;"
                ":VT||||G|||Ed|0;:VT||||G|||Flo|5;");
    assert_int_equal(read.report.groups[PSP_REPORT_ZEROED].n, 5);
    release(&read);
    told(text, PSP_REPORT_HIDDEN, 2, "kept back");
}

static void openelections_columns_of_methods_are_methods(void **state)
{
    (void)state;
    static const char text[] =
        "county,precinct,office,district,party,candidate,votes,election_day,early_voting,mail\n"
        "A,One,Governor,,DEM,Ann,10,4,6,\n"
        "A,One,Governor,,REP,Bob,0,0,0,0\n"
        "A,One,Governor,,LIB,Cy,7,1,2,3\n"
        "A,One,Governor,,GRN,Di,,2,,1\n";
    struct read read = {0};
    reads_named(
        &read, text, strlen(text), "20201103__ga__general__a__precinct.csv",
        "Election day:GA|A||One|Governor||DEM|Ann|4;Early voting:GA|A||One|Governor||DEM|Ann|6;"
        "Election day:GA|A||One|Governor||REP|Bob|0;"
        "Election day:GA|A||One|Governor||LIB|Cy|1;Early voting:GA|A||One|Governor||LIB|Cy|2;"
        "Mail:GA|A||One|Governor||LIB|Cy|3;:GA|A||One|Governor||LIB|Cy|1;"
        "Election day:GA|A||One|Governor||GRN|Di|2;Mail:GA|A||One|Governor||GRN|Di|1;");
    assert_int_equal(read.report.groups[PSP_REPORT_REST].n, 1);
    assert_int_equal(read.report.groups[PSP_REPORT_REST].first[0].line, 4);
    assert_string_equal(read.returns->date, "2020-11-03");
    release(&read);
    told("office,candidate,votes,mail\nG,Ann,3,4\n", PSP_REPORT_METHODS, 2, "3 votes, 4 by method");
}

/* Wards of one number in every town. */
static void columns_are_put_together(void **state)
{
    (void)state;
    static const char text[] = "town,ward,office,candidate,votes\nAvon,1,P,Ann,4\nBath,1,P,Ann,6\n"
                               "Bath,,P,Ann,1\n";
    struct read read = {0};
    struct psp_reason reason = {0};
    assert_int_equal(psp_reading_columns(&read.options, "precinct=town+ward", &reason), PSP_OK);
    reads_named(&read, text, strlen(text), "wards.csv",
                ":|||Avon 1|P|||Ann|4;:|||Bath 1|P|||Ann|6;:|||Bath|P|||Ann|1;");
    release(&read);
    struct read missing = {0};
    assert_int_equal(psp_reading_columns(&missing.options, "precinct=town+quarter", &reason),
                     PSP_OK);
    assert_int_equal(fixture_read_as(text, strlen(text), "wards.csv", &missing.options,
                                     &missing.report, &missing.returns),
                     PSP_EINVAL);
    assert_string_equal(missing.report.groups[PSP_REPORT_HEADER].first[0].text,
                        "no column is called \"quarter\"");
    release(&missing);
}

/* Two contests of one office and district; and a column says how many seats there are. */
static void special_elections_and_seats_are_read(void **state)
{
    (void)state;
    static const char text[] = "state_po,precinct,office,candidate,special,magnitude,votes\n"
                               "OK,One,US SENATE,ANN,FALSE,1,4\nOK,One,US SENATE,BOB,TRUE,1,6\n"
                               "OK,One,SPECIAL JUDGE,CY,TRUE,,2\nOK,One,COUNCIL,DI,FALSE,3,1\n"
                               "OK,One,COUNCIL,EV,FALSE,3.0,1\n";
    struct read read = {0};
    reads_named(&read, text, strlen(text), "ok.csv",
                ":OK|||One|US SENATE|||ANN|4;:OK|||One|US SENATE (special)|||BOB|6;"
                ":OK|||One|SPECIAL JUDGE|||CY|2;:OK|||One|COUNCIL|||DI|1;"
                ":OK|||One|COUNCIL|||EV|1;");
    assert_int_equal(read.report.groups[PSP_REPORT_SPECIAL].n, 1);
    assert_int_equal(read.report.groups[PSP_REPORT_SEATS].n, 1);
    assert_string_equal(read.report.groups[PSP_REPORT_SEATS].first[0].text, "COUNCIL: 3");
    assert_int_equal(psp_returns_seats_of(read.returns, &read.returns->rows[4]), 3);
    assert_int_equal(psp_returns_seats_of(read.returns, &read.returns->rows[0]), 1);
    release(&read);
}

static void medsl_columns_are_known(void **state)
{
    (void)state;
    static const char text[] =
        "\"precinct\",\"office\",\"party_detailed\",\"party_simplified\",\"mode\",\"votes\","
        "\"county_name\",\"county_fips\",\"jurisdiction_name\",\"jurisdiction_fips\",\"candidate\","
        "\"district\",\"dataverse\",\"year\",\"stage\",\"state\",\"special\",\"writein\","
        "\"state_po\",\"state_fips\",\"state_cen\",\"state_ic\",\"date\",\"readme_check\","
        "\"magnitude\"\n"
        "One,US SENATE,DEMOCRAT,DEMOCRAT,ELECTION DAY,4,ADAMS,42001,ADAMS,42001,ANN ABLE,STATEWIDE,"
        "STATE,2020,GEN,PENNSYLVANIA,FALSE,FALSE,PA,42,23,14,2020-11-03,FALSE,1\n"
        "One,US SENATE,DEMOCRAT,DEMOCRAT,MAIL,6,ADAMS,42001,ADAMS,42001,ANN ABLE,STATEWIDE,"
        "STATE,2020,GEN,PENNSYLVANIA,FALSE,FALSE,PA,42,23,14,2020-11-03,FALSE,1\n";
    struct read read = {0};
    reads_named(&read, text, strlen(text), "pa.csv",
                "ELECTION DAY:PA|ADAMS|42001|One|US SENATE|STATEWIDE|DEMOCRAT|ANN ABLE|4;"
                "MAIL:PA|ADAMS|42001|One|US SENATE|STATEWIDE|DEMOCRAT|ANN ABLE|6;");
    assert_true(psp_report_empty(&read.report));
    assert_string_equal(read.returns->date, "2020-11-03");
    release(&read);
}

static void what_columns_do_not_say_is_taken_from_the_name(void **state)
{
    (void)state;
    static const char text[] = "precinct,office,candidate,votes\nOne,Governor,Ann,1\n";
    static const struct {
        const char *name, *row, *date;
    } cases[] = {
        {"x/20220517__pa__primary__st_clair__precinct.csv", ":PA|St Clair||One|Governor|||Ann|1;",
         "2022-05-17"},
        {"20220517__pa__democratic__primary__precinct.csv", ":PA|||One|Governor||Democratic|Ann|1;",
         "2022-05-17"},
        {"20220517__pa__primary__governor.csv", ":PA|||One|Governor|||Ann|1;", "2022-05-17"},
        {"20180724__ga__primary_runoff__barrow__precinct.csv", ":GA|Barrow||One|Governor|||Ann|1;",
         "2018-07-24"},
        {"20180724__ga__primary_runoff.csv", ":GA|||One|Governor|||Ann|1;", "2018-07-24"},
        {"20221317__pa__primary.csv", ":|||One|Governor|||Ann|1;", ""},
        {"2022__pa__primary.csv", ":|||One|Governor|||Ann|1;", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct read read = {0};
        reads_named(&read, text, strlen(text), cases[i].name, cases[i].row);
        assert_string_equal(read.returns->date, cases[i].date);
        release(&read);
    }
    /* A column wins, also where it is empty; what another file's name said comes last. */
    struct read read = {0};
    static const char with_state[] = "state,office,candidate,votes\n,Governor,Ann,1\n";
    reads_named(&read, with_state, strlen(with_state), "20220517__pa__primary.csv",
                ":||||Governor|||Ann|1;");
    release(&read);
    strcpy(read.options.otherwise.state, "OH");
    reads_named(&read, text, strlen(text), "next.csv", ":OH|||One|Governor|||Ann|1;");
    release(&read);
}

static void limits_are_kept(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    fputs(HEADER, file);
    for (int i = 0; i < 9008; i++) /* 9,008 times 10^12 is just over 2^53 */
        fprintf(file, "VT,,,,P,,D,Ann %d,1000000000000\n", i);
    fclose(file);
    told(text, PSP_REPORT_LIMIT, 9009, "votes");
    free(text);
    text = malloc(2000);
    sprintf(text, HEADER "VT,,,%01025d,P,,D,Ann,1\n", 0);
    told(text, PSP_REPORT_TEXT, 2, "precinct of 1025 bytes, at most 1024");
    file = fmemopen(text, 2000, "w");
    fputs("mode,office,candidate,votes\n", file);
    for (int i = 0; i <= PSP_METHODS_MAX; i++)
        fprintf(file, "m%d,P,Ann,1\n", i);
    fclose(file);
    told(text, PSP_REPORT_LIMIT, 34, "more than 32 methods");
    free(text);
}

#define ALL "level," HEADER

/* psephos export openelections writes all levels: those above are sums. */
static void rows_of_levels_above_others_are_sums_of_them(void **state)
{
    (void)state;
    static const char text[] = ALL "nation,,,,,President,,,Ann,17\n"
                                   "state,VT,,,,President,,,Ann,17\n"
                                   "county,VT,Addison,50001,,President,,,Ann,5\n"
                                   "county,VT,Essex,50009,,President,,,Ann,11\n"
                                   "precinct,VT,Addison,50001,A,President,,,Ann,3\n"
                                   "precinct,VT,Addison,50001,,President,,,Ann,2\n"
                                   "precinct,VT,Essex,50009,B,President,,,Ann,12\n";
    struct read read = {0};
    reads_named(&read, text, strlen(text), "returns.csv",
                ":VT|Addison|50001|A|President|||Ann|3;:VT|Addison|50001||President|||Ann|2;"
                ":VT|Essex|50009|B|President|||Ann|12;");
    const struct psp_report_group *sums = &read.report.groups[PSP_REPORT_TOTAL_UNIT];
    const struct psp_report_group *differ = &read.report.groups[PSP_REPORT_TOTAL_UNIT_DIFFERS];
    assert_int_equal(sums->n, 3);
    assert_string_equal(sums->first[0].text, "nation: 1 rows");
    assert_int_equal(differ->n, 1);
    assert_int_equal(differ->first[0].line, 5);
    assert_string_equal(differ->first[0].text,
                        "county Essex: 1 rows; President, Ann: 11, its parts have 12");
    assert_int_equal(read.report.groups[PSP_REPORT_COLUMN].n, 0);
    release(&read);
}

/* A county that nothing lies in is of the lowest level there; and of a level of one's own. */
static void a_unit_without_units_in_it_is_no_sum(void **state)
{
    (void)state;
    static const char text[] = ALL "nation,,,,,President,,,Ann,8\n"
                                   "region,,,,North,President,,,Ann,8\n"
                                   "county,VT,Addison,,,President,,,Ann,3\n"
                                   "county,VT,Essex,,,President,,,Ann,5\n"
                                   "precinct,VT,Essex,,A,President,,,Ann,5\n";
    struct read read = {0};
    reads_named(&read, text, strlen(text), "returns.csv",
                ":VT|Addison|||President|||Ann|3;:VT|Essex||A|President|||Ann|5;");
    assert_int_equal(read.report.groups[PSP_REPORT_TOTAL_UNIT].n, 3);
    assert_int_equal(read.report.groups[PSP_REPORT_TOTAL_UNIT_DIFFERS].n, 0);
    release(&read);
}

static void all_levels_are_kept_when_that_is_said(void **state)
{
    (void)state;
    static const char text[] = ALL "state,VT,,,,President,,,Ann,5\n"
                                   "county,VT,Addison,,,President,,,Ann,5\n";
    struct read read = {.options.all_levels = true};
    reads_named(&read, text, strlen(text), "returns.csv",
                ":VT||||President|||Ann|5;:VT|Addison|||President|||Ann|5;");
    release(&read);
    /* Another file's "level" may be of the office. */
    static const char office[] = "level,county,office,candidate,votes\n"
                                 "state,Addison,Governor,Ann,1\nlocal,Addison,Mayor,Bob,2\n";
    struct read other = {0};
    reads_named(&other, office, strlen(office), "returns.csv",
                ":|Addison|||Governor|||Ann|1;:|Addison|||Mayor|||Bob|2;");
    assert_int_equal(other.report.groups[PSP_REPORT_COLUMN].n, 1);
    release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_levels_above_others_are_sums_of_them),
        cmocka_unit_test(a_unit_without_units_in_it_is_no_sum),
        cmocka_unit_test(all_levels_are_kept_when_that_is_said),
        cmocka_unit_test(harmless_ways_of_writing_a_table_are_read),
        cmocka_unit_test(numbers_are_read_as_people_write_them),
        cmocka_unit_test(columns_are_found_by_the_names_that_are_given),
        cmocka_unit_test(headers_that_do_not_fit_say_what_would_read_them),
        cmocka_unit_test(text_that_is_not_utf8_names_the_option_that_may_read_it),
        cmocka_unit_test(all_faults_are_told_by_kind_with_their_lines),
        cmocka_unit_test(only_the_first_of_a_kind_are_kept),
        cmocka_unit_test(a_row_again_with_the_same_votes_is_taken_once),
        cmocka_unit_test(suppressed_votes_are_left_out_or_0_when_that_is_said),
        cmocka_unit_test(openelections_columns_of_methods_are_methods),
        cmocka_unit_test(columns_are_put_together),
        cmocka_unit_test(special_elections_and_seats_are_read),
        cmocka_unit_test(medsl_columns_are_known),
        cmocka_unit_test(what_columns_do_not_say_is_taken_from_the_name),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
