/* The voter roll: reading it, refusing it, and what synthetic voters look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/roll/roll.h"
#include "election/synthetic/synthetic.h"
#include "tests/unit/fixture/primary.h"

static const char election[] =
    "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"
    "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"}],"
    "\"units\":[{\"id\":\"root\",\"name\":\"R\",\"level\":\"nation\"},"
    "{\"id\":\"a\",\"name\":\"A\",\"level\":\"county\",\"parent\":\"root\",\"ballot_style\":\"s\"},"
    "{\"id\":\"b\",\"name\":\"B\",\"level\":\"county\",\"parent\":\"root\",\"ballot_style\":\"s\"}]"
    ","
    "\"contests\":[{\"id\":\"x\",\"name\":\"X\",\"office\":\"X\",\"unit\":\"root\","
    "\"choices\":[{\"id\":\"p\",\"name\":\"P\",\"kind\":\"yes\"}]}],"
    "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"x\"}]}]}";

static int setup(void **state)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason;
    if (psp_definition_parse(election, sizeof election - 1, &definition, &reason) != PSP_OK)
        return -1;
    *state = definition;
    return 0;
}

static int teardown(void **state)
{
    struct psp_definition *definition = *state;
    psp_definition_destroy(&definition);
    return 0;
}

static FILE *file_of(const char *text)
{
    FILE *file = text[0] != '\0' ? fmemopen((void *)(uintptr_t)text, strlen(text), "r")
                                 : fopen("/dev/null", "r");
    assert_non_null(file);
    return file;
}

static void refused(void **state, const char *text, uint64_t line, uint32_t column,
                    const char *reason)
{
    struct psp_roll *roll = NULL;
    struct psp_reason fault = {0};
    struct psp_roll_voter voter;
    FILE *file = file_of(text);
    enum psp_status status = psp_roll_open(file, *state, &roll, &fault);
    while (status == PSP_OK)
        status = psp_roll_next(roll, &voter, &fault);
    assert_int_equal(status, PSP_EINVAL);
    if (strstr(fault.text, reason) == NULL)
        fail_msg("reason: %s", fault.text);
    assert_int_equal(fault.line, line);
    assert_int_equal(fault.column, column);
    psp_roll_close(&roll);
    fclose(file);
}

static void case_of_the_header_and_empty_lines_do_not_matter(void **state)
{
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    FILE *file = file_of("VOTER_ID, Unit \nv1,a\n\nv2,b\n\n");
    assert_int_equal(psp_roll_open(file, *state, &roll, &reason), PSP_OK);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_int_equal(voter.line, 4);
    assert_memory_equal(voter.voter_id, "v2", 2);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_ENOENT);
    psp_roll_close(&roll);
    fclose(file);
}

static void columns_are_found_by_their_header(void **state)
{
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    FILE *file = file_of("unit,gender,voter_id,email\nb,female,\"v,1\",\na,,v2,x@example.org\n");
    assert_int_equal(psp_roll_open(file, *state, &roll, &reason), PSP_OK);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_string_equal(voter.voter_id, "v,1");
    assert_int_equal(voter.voter_id_bytes, 3);
    assert_int_equal(voter.unit, 2);
    assert_int_equal(voter.line, 2);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_string_equal(voter.voter_id, "v2");
    assert_int_equal(voter.unit, 1);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_ENOENT);
    psp_roll_close(&roll);
    psp_roll_close(&roll);
    fclose(file);
}

static void headers_are_checked(void **state)
{
    refused(state, "", 0, 0, "empty");
    refused(state, "unit,voter_name\n", 1, 0, "\"voter_id\" is missing");
    refused(state, "voter_id\n", 1, 0, "\"unit\" is missing");
    refused(state, "voter_id,Units\n", 1, 2, "no column of this name: \"Units\"");
    refused(state, "id,voter_id,Units,x\n", 1, 1, "\"id\", \"Units\", \"x\"; the column \"unit\"");
    refused(state, "voter_name\n", 1, 0, "\"voter_id\" and \"unit\" are missing");
    refused(state, "voter_id\tunit\nv1\ta\n", 1, 1, "tabs stand between its columns");
    refused(state, "voter_id;unit\nv1;a\n", 1, 1, "semicolons stand between its columns");
    refused(state, "voter_id,unit,unit\n", 1, 3, "twice: \"unit\"");
    refused(state, "voter_id,\"unit\n", 1, 2, "never closed");
}

static void rows_are_checked(void **state)
{
    refused(state, "voter_id,unit\nv1,a\nv2\n", 3, 0, "1 fields, and the header has 2");
    refused(state, "voter_id,unit\n,a\n", 2, 1, "0 bytes: 1 to 255");
    refused(state, "voter_id,unit\nv1,c\n", 2, 2, "no unit of this ID: \"c\"");
    refused(state, "voter_id,unit\nv1,B\n", 2, 2, "a unit's name, \"B\": a roll has its ID, \"b\"");
    refused(state, "voter_id,unit\nv1 ,a\n", 2, 1, "begins or ends with a blank");
    refused(state, "voter_id,unit\n v1,a\n", 2, 1, "begins or ends with a blank");
    refused(state, "unit,voter_id\nroot,v1\n", 2, 1, "other units lie in this one");
    refused(state, "voter_id,unit\nv1,a\nv2,\xFF\n", 3, 2, "not UTF-8");
    char text[600];
    snprintf(text, sizeof text, "voter_id,unit\n%0255d,a\n%0256d,a\n", 1, 1);
    refused(state, text, 3, 1, "256 bytes");
}

static void all_faults_are_told_at_once(void **state)
{
    static const char text[] =
        "voter_id,unit\nv1,a\n,c\nv1,b\nv2\nv3,\xFF\nv4,B\n\"v5,b\nv6,b\nv6,b\n";
    static const struct {
        enum psp_report_kind kind;
        uint64_t n, line;
    } expected[] = {{PSP_REPORT_VOTER_ID, 1, 3},    {PSP_REPORT_VOTER_UNIT, 2, 3},
                    {PSP_REPORT_VOTER_TWICE, 2, 4}, {PSP_REPORT_FIELDS, 1, 5},
                    {PSP_REPORT_ENCODING, 1, 6},    {PSP_REPORT_RECORD, 1, 8}};
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    struct psp_report report = {0};
    FILE *file = file_of(text);
    assert_int_equal(psp_roll_open(file, *state, &roll, &reason), PSP_OK);
    psp_roll_tell(roll, &report, "x/roll.csv");
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_EINVAL);
    assert_int_equal(reason.line, 3);
    assert_non_null(strstr(reason.text, "0 bytes"));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct psp_report_group *group = &report.groups[expected[i].kind];
        assert_int_equal(group->n, expected[i].n);
        assert_int_equal(group->first[0].line, expected[i].line);
        assert_string_equal(group->first[0].file, "roll.csv");
    }
    assert_int_equal(psp_report_status(&report), PSP_EINVAL);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_ENOENT);
    psp_report_free(&report);
    psp_roll_close(&roll);
    fclose(file);
}

static struct psp_definition *primary(void)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_definition_parse(primary_json, strlen(primary_json), &definition, &reason),
                     PSP_OK);
    return definition;
}

static void a_roll_may_tell_the_ballot_style(void **state)
{
    (void)state;
    struct psp_definition *definition = primary();
    static const struct {
        const char *voter_id;
        uint32_t unit, style;
    } expected[] = {{"v1", PRIMARY_X, 2}, {"v2", PRIMARY_Y, 1}, {"v3", PRIMARY_Z, 1}};
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    FILE *file = file_of("style,voter_id,unit\nrep,v1,x\nrep,v2,y\nnp,v3,z\n");
    assert_int_equal(psp_roll_open(file, definition, &roll, &reason), PSP_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
        assert_string_equal(voter.voter_id, expected[i].voter_id);
        assert_int_equal(voter.unit, expected[i].unit);
        assert_int_equal(voter.style, expected[i].style);
    }
    psp_roll_close(&roll);
    fclose(file);
    file = file_of("voter_id,unit\nv1,x\n");
    assert_int_equal(psp_roll_open(file, definition, &roll, &reason), PSP_OK);
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_OK);
    assert_int_equal(voter.style, 0);
    psp_roll_close(&roll);
    fclose(file);
    psp_definition_destroy(&definition);
}

static void a_style_that_the_unit_has_not_is_refused(void **state)
{
    (void)state;
    struct psp_definition *definition = primary();
    void *context = definition;
    refused(&context, "voter_id,unit,style\nv1,x,np\nv2,y,np\n", 3, 3,
            "unit \"y\" has no ballot style of this ID: \"np\"");
    refused(&context, "voter_id,style,unit\nv1,grn,x\n", 2, 2, "\"grn\"");
    refused(&context, "voter_id,unit,style\nv1,x,\n", 2, 3, "no ballot style of this ID: \"\"");
    refused(&context, "voter_id,unit,style,style\nv1,x,np,np\n", 1, 4, "twice: \"style\"");
    refused(&context, "voter_id,unit,Styles\nv1,x,np\n", 1, 3, "no column of this name");
    psp_definition_destroy(&definition);
}

static void a_voter_twice_is_refused_with_both_lines(void **state)
{
    refused(state, "voter_id,unit\nv1,a\nv2,b\nv1,b\n", 4, 1,
            "\"v1\" is on the roll already, in line 2");
}

/* The table of voters grows several times meanwhile: whoever was in it before is found after. */
static void a_second_voter_among_many_is_found(void **state)
{
    enum { VOTERS = 20000, SECONDS = 24 };
    for (int k = 0; k < SECONDS; k++) {
        const int twice = k * 1237 % VOTERS;
        char *text = NULL, where[32];
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);
        fputs("voter_id,unit\n", out);
        for (int i = 0; i < VOTERS; i++)
            fprintf(out, "voter-%d,%s\n", i, i % 2 ? "a" : "b");
        fprintf(out, "voter-%d,a\n", twice);
        fclose(out);
        snprintf(where, sizeof where, "in line %d", twice + 2);
        refused(state, text, VOTERS + 2, 1, where);
        free(text);
    }
}

static void a_file_that_cannot_be_read_is_an_io_error(void **state)
{
    FILE *folder = fopen("/", "r");
    struct psp_roll *roll = NULL;
    struct psp_reason reason;
    assert_int_equal(psp_roll_open(folder, *state, &roll, &reason), PSP_EIO);
    assert_null(roll);
    fclose(folder);
}

/* Writes a roll of made-up voters and reads it back. */
static void synthetic_roll_is_read_back(void **state)
{
    const struct psp_definition *definition = *state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    struct psp_csv_field header[PSP_ROLL_COLUMNS];
    for (int i = 0; i < PSP_ROLL_COLUMNS; i++)
        header[i] = (struct psp_csv_field){psp_roll_columns[i], strlen(psp_roll_columns[i])};
    psp_csv_write(file, header, PSP_ROLL_COLUMNS);
    enum { VOTERS = 5000 };
    for (uint64_t i = 0; i < VOTERS; i++) {
        const struct psp_synthetic_place place = psp_synthetic_place(definition, i % 2);
        struct psp_synthetic_voter voter = {0};
        psp_synthetic_voter(7, i, &place, &voter);
        psp_csv_write(file, voter.fields, PSP_ROLL_COLUMNS);
    }
    fclose(file);
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    file = file_of(text);
    assert_int_equal(psp_roll_open(file, definition, &roll, &reason), PSP_OK);
    for (int i = 0; i < VOTERS; i++) {
        if (psp_roll_next(roll, &voter, &reason) != PSP_OK) /* no voter ID twice */
            fail_msg("line %d: %s", (int)reason.line, reason.text);
        assert_int_equal(voter.unit, 1 + i % 2);
        assert_int_equal(voter.voter_id_bytes, 36);
    }
    assert_int_equal(psp_roll_next(roll, &voter, &reason), PSP_ENOENT);
    psp_roll_close(&roll);
    fclose(file);
    free(text);
}

static void synthetic_voters_follow_from_seed_and_number(void **state)
{
    const struct psp_synthetic_place place = psp_synthetic_place(*state, 0);
    struct psp_synthetic_voter voter = {0}, again = {0}, other = {0};
    psp_synthetic_voter(1, 41, &place, &voter);
    psp_synthetic_voter(1, 41, &place, &again);
    psp_synthetic_voter(2, 41, &place, &other);
    for (int i = 0; i < PSP_ROLL_COLUMNS; i++)
        assert_string_equal(voter.fields[i].text, again.fields[i].text);
    assert_string_not_equal(voter.fields[0].text, other.fields[0].text);
    assert_string_equal(voter.fields[PSP_ROLL_COLUMNS - 1].text, "a");
    assert_string_equal(place.city, "A");
    assert_string_equal(place.country, "R");
    assert_string_equal(place.state, "");
    for (uint64_t i = 0; i < 2000; i++) {
        psp_synthetic_voter(3, i, &place, &voter);
        const char *id = voter.fields[0].text, *born = voter.fields[2].text;
        assert_true(id[14] == '4' && strchr("89ab", id[19]) != NULL);
        assert_true(strcmp(born, "1926-01-01") > 0 && strcmp(born, "2006-11-05") <= 0);
    }
}

static void synthetic_election_registers_exactly_the_voters(void **state)
{
    (void)state;
    const uint64_t sizes[] = {1, 17, 5000, 1234567};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = NULL;
        size_t bytes = 0;
        struct psp_definition *definition = NULL;
        struct psp_reason reason = {0};
        assert_int_equal(
            psp_synthetic_election(1, sizes[i], &(struct psp_publication_plan){0}, &text, &bytes),
            PSP_OK);
        if (psp_definition_parse(text, bytes, &definition, &reason) != PSP_OK)
            fail_msg("%s: %s", reason.pointer, reason.text);
        uint64_t registered = 0;
        for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
            registered += definition->units[definition->leaves[leaf]].registered;
        assert_int_equal(registered, sizes[i]);
        assert_int_equal(definition->contest_count, 3);
        assert_non_null(definition->candidates[0].biography);
        assert_non_null(definition->parties[0].color);
        psp_definition_destroy(&definition);
        free(text);
    }
}

static void synthetic_election_says_when_it_is_shown(void **state)
{
    (void)state;
    const struct psp_publication_plan plan = {
        .choices = PSP_PUBLICATION_REPORTS, .turnout = PSP_PUBLICATION_REPORTS, .report_min = 3};
    char *text = NULL;
    size_t bytes = 0;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_synthetic_election(1, 20, &plan, &text, &bytes), PSP_OK);
    assert_int_equal(psp_definition_parse(text, bytes, &definition, &reason), PSP_OK);
    assert_int_equal(definition->publication, PSP_PUBLICATION_REPORTS);
    assert_int_equal(definition->turnout, PSP_PUBLICATION_REPORTS);
    assert_int_equal(definition->report_min, 3);
    psp_definition_destroy(&definition);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_are_found_by_their_header),
        TEST(case_of_the_header_and_empty_lines_do_not_matter),
        TEST(headers_are_checked),
        TEST(rows_are_checked),
        TEST(all_faults_are_told_at_once),
        TEST(a_roll_may_tell_the_ballot_style),
        TEST(a_style_that_the_unit_has_not_is_refused),
        TEST(a_voter_twice_is_refused_with_both_lines),
        TEST(a_second_voter_among_many_is_found),
        TEST(a_file_that_cannot_be_read_is_an_io_error),
        TEST(synthetic_roll_is_read_back),
        TEST(synthetic_voters_follow_from_seed_and_number),
        TEST(synthetic_election_registers_exactly_the_voters),
        TEST(synthetic_election_says_when_it_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
