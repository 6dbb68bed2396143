/* Tables for people stay within the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/say/table.h"
#include "cli/say/when.h"

enum { COLUMNS = 4 };

static char *printed(const char *alignment, const char *const *rows, size_t n, size_t width)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    struct psp_table *table = psp_table_create(alignment, rows);
    for (size_t i = 1; i < n; i++)
        psp_table_add(table, rows + i * strlen(alignment));
    psp_table_print_within(table, width, file);
    psp_table_destroy(&table);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void prints(const char *alignment, const char *const *rows, size_t n, size_t width,
                   const char *wanted)
{
    char *text = printed(alignment, rows, n, width);
    assert_string_equal(text, wanted);
    free(text);
}

static const char *const books[2 * COLUMNS] = {"shard", "double vote", "not eligible", "balanced",
                                               "total", "12",          "3,456",        "yes"};

static void what_fits_is_one_line_of_headings(void **state)
{
    (void)state;
    prints("lrrl", books, 2, 42,
           "shard  double vote  not eligible  balanced\n"
           "total           12         3,456  yes\n");
}

static void headings_take_two_lines_before_a_cell_is_cut(void **state)
{
    (void)state;
    prints("lrrl", books, 2, 34,
           "       double       not\n"
           "shard    vote  eligible  balanced\n"
           "total      12     3,456  yes\n");
}

static void the_widest_text_loses_its_middle(void **state)
{
    static const char *const rows[] = {
        "choice", "party", "votes",  "share", "Proposition 12, as amended by the council",
        "River",  "1,234", "56.78 %"};
    (void)state;
    prints("llrr", rows, 2, 40,
           "choice             party  votes    share\n"
           "Proposit… council  River  1,234  56.78 %\n");
}

static void numbers_that_are_too_wide_become_lines(void **state)
{
    static const char *const rows[] = {"shard", "received",    "counted",     "late",
                                       "0",     "154,863,739", "154,863,739", "0",
                                       "total", "154,863,739", "154,863,739", "0"};
    (void)state;
    prints("lrrr", rows, 3, 24,
           "shard     0\n"
           "received  154,863,739\n"
           "counted   154,863,739\n"
           "late      0\n"
           "\n"
           "shard     total\n"
           "received  154,863,739\n"
           "counted   154,863,739\n"
           "late      0\n");
}

static void nothing_reaches_beyond_any_width(void **state)
{
    static const char *const rows[] = {"unit of the contest",
                                       "party",
                                       "votes",
                                       "address",
                                       "Σώμα ψηφοφόρων του Δήμου Αθηναίων, 5ο διαμέρισμα",
                                       "Ελιά",
                                       "1,234,567",
                                       "tcp://127.0.0.1:12345"};
    (void)state;
    for (size_t width = 24; width < 120; width++) {
        char *text = printed("llrl", rows, 2, width);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            assert_true(psp_table_width(line) <= width);
        free(text);
    }
}

static void a_line_ends_with_its_last_word(void **state)
{
    static const char *const rows[] = {"choice", "votes", "share", "No", "0", ""};
    (void)state;
    prints("lrr", rows, 2, SIZE_MAX, "choice  votes  share\nNo          0\n");
}

static void a_short_text_is_whole(void **state)
{
    (void)state;
    char *whole = psp_table_shortened("Ådaläng", 7);
    char *cut = psp_table_shortened("Ådaläng", 4);
    char *one = psp_table_shortened("Ådaläng", 1);
    assert_string_equal(whole, "Ådaläng");
    assert_string_equal(cut, "Åd…g");
    assert_string_equal(one, "…");
    free(whole);
    free(cut);
    free(one);
}

static void columns_says_how_wide_the_terminal_is(void **state)
{
    (void)state;
    setenv("COLUMNS", "80", 1);
    assert_int_equal(psp_table_room(stdout), 80);
    setenv("COLUMNS", "wide", 1);
    FILE *file = fopen("/dev/null", "w");
    assert_non_null(file);
    assert_true(psp_table_room(file) == SIZE_MAX);
    fclose(file);
    unsetenv("COLUMNS");
}

static void a_time_names_its_zone(void **state)
{
    char text[PSP_WHEN_BYTES];
    (void)state;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    assert_string_equal(psp_when_text("2026-11-03T21:30:00.123Z", text), "2026-11-03 16:30:00 EST");
    assert_string_equal(psp_when_text("2026-07-03T21:30:00.123Z", text), "2026-07-03 17:30:00 EDT");
    setenv("TZ", "UTC0", 1); /* an empty one is "Universal" where tzdata has no such file */
    tzset();
    assert_string_equal(psp_when_text("2026-11-03T21:30:00Z", text), "2026-11-03 21:30:00 UTC");
    assert_string_equal(psp_when_text("soon", text), "soon");
}

/* The election's zone wins over the reader's, and is named; the last one stays. */
static void a_time_is_of_the_elections_zone(void **state)
{
    static const char election[] =
        "{\"format\": 2, \"name\": \"time_zone\", \"id\": \"\\\"time_zone\\\"\","
        "\n \"time_zone\" :\n \"Asia/Kolkata\", \"x\": \"time_zone\"}";
    char text[PSP_WHEN_BYTES];
    (void)state;
    psp_when_zone(NULL);
    psp_when_zone("../../etc/passwd");
    psp_when_zone("");
    psp_when_zone_in("{\"name\": \"time_zone\"}", 21);
    assert_string_equal(psp_when_text("2024-06-04T12:00:00Z", text), "2024-06-04 12:00:00 UTC");
    setenv("TZDIR", "/nowhere", 1);
    psp_when_zone("Europe/Paris");
    assert_string_equal(psp_when_text("2024-06-04T12:00:00Z", text),
                        "2024-06-04 12:00:00 UTC (Europe/Paris is not known to this machine)");
    unsetenv("TZDIR");
    if (access("/usr/share/zoneinfo/Asia/Kolkata", R_OK) != 0) {
        print_message("skipped: tzdata is not installed\n");
        skip();
    }
    psp_when_zone_in(election, sizeof election - 1);
    assert_string_equal(psp_when_text("2024-06-04T12:00:00Z", text),
                        "2024-06-04 17:30:00 IST (Asia/Kolkata)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_one_line_of_headings),
        cmocka_unit_test(headings_take_two_lines_before_a_cell_is_cut),
        cmocka_unit_test(the_widest_text_loses_its_middle),
        cmocka_unit_test(numbers_that_are_too_wide_become_lines),
        cmocka_unit_test(nothing_reaches_beyond_any_width),
        cmocka_unit_test(a_line_ends_with_its_last_word),
        cmocka_unit_test(a_short_text_is_whole),
        cmocka_unit_test(columns_says_how_wide_the_terminal_is),
        cmocka_unit_test(a_time_names_its_zone),
        cmocka_unit_test(a_time_is_of_the_elections_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
