/* The lines that daemons write on stderr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <cmocka.h>

#include "process/say.h"

/* Runs one call with stderr going into a file; gives what was written. */
#define WRITTEN(text, call)                                                                        \
    do {                                                                                           \
        FILE *file_ = tmpfile();                                                                   \
        const int saved_ = dup(STDERR_FILENO);                                                     \
        assert_non_null(file_);                                                                    \
        assert_true(dup2(fileno(file_), STDERR_FILENO) >= 0);                                      \
        call;                                                                                      \
        dup2(saved_, STDERR_FILENO);                                                               \
        close(saved_);                                                                             \
        rewind(file_);                                                                             \
        (text)[fread((text), 1, sizeof(text) - 1, file_)] = '\0';                                  \
        fclose(file_);                                                                             \
    } while (0)

static char text[16384];

static int plain(void **state)
{
    (void)state;
    unsetenv("PSP_LOG");
    unsetenv("JOURNAL_STREAM");
    psp_say_name("shard-0-0");
    return 0;
}

static void line_has_time_level_process_event_and_message(void **state)
{
    (void)state;
    int year, month, day, hour, minute, second, ms, rest = 0;
    WRITTEN(text, psp_say(PSP_SAY_INFO, "opened", "%d slots", 4096));
    assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day, &hour,
                            &minute, &second, &ms, &rest),
                     7);
    assert_int_equal(rest, 24);
    assert_string_equal(text + rest, " info shard-0-0 opened: 4096 slots\n");
}

static void event_stays_one_line(void **state)
{
    (void)state;
    WRITTEN(text, psp_say(PSP_SAY_WARNING, "refused", "%s", "name\nwith\tbreaks\r"));
    assert_string_equal(strstr(text, " warning"),
                        " warning shard-0-0 refused: name with breaks \n");
    WRITTEN(text,
            psp_say(PSP_SAY_WARNING, "refused", "%s", "a\x1b[2J\xc2\x9b\x7f\xe2\x80\xae.b\xff"));
    assert_string_equal(strstr(text, " warning"), " warning shard-0-0 refused: a [2J???.b?\n");
}

static void journal_gets_a_priority_and_no_time(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    WRITTEN(text, psp_say(PSP_SAY_ERROR, "disk", "full"));
    assert_string_equal(text, "<3>shard-0-0 disk: full\n");
    unsetenv("JOURNAL_STREAM");
}

static void json_is_json_whatever_the_message(void **state)
{
    (void)state;
    setenv("PSP_LOG", "json", 1);
    WRITTEN(text, psp_say(PSP_SAY_INFO, "read", "\"quoted\" back\\slash\x01"));
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "process")), "shard-0-0");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "read");
    assert_string_equal(json_string_value(json_object_get(line, "message")),
                        "\"quoted\" back\\slash ");
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
    json_decref(line);
    unsetenv("PSP_LOG");
}

static void longest_message_is_cut_but_ends_the_line(void **state)
{
    (void)state;
    static char message[10000];
    memset(message, '"', sizeof message - 1);
    setenv("PSP_LOG", "json", 1);
    WRITTEN(text, psp_say(PSP_SAY_INFO, "long", "%s", message));
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_true(json_string_length(json_object_get(line, "message")) >= 2000);
    json_decref(line);
    unsetenv("PSP_LOG");
}

static void repeated_warning_comes_once_an_interval(void **state)
{
    (void)state;
    struct psp_say_limit limit = {0};
    uint64_t swallowed = 99;
    assert_true(psp_say_allowed(&limit, 5000, 1000, &swallowed));
    assert_int_equal(swallowed, 0);
    assert_false(psp_say_allowed(&limit, 5001, 1000, &swallowed));
    assert_false(psp_say_allowed(&limit, 5999, 1000, &swallowed));
    assert_true(psp_say_allowed(&limit, 6000, 1000, &swallowed));
    assert_int_equal(swallowed, 2);
    assert_true(psp_say_allowed(&limit, 9000, 1000, &swallowed));
    assert_int_equal(swallowed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_level_process_event_and_message),
        cmocka_unit_test(event_stays_one_line),
        cmocka_unit_test(journal_gets_a_priority_and_no_time),
        cmocka_unit_test(json_is_json_whatever_the_message),
        cmocka_unit_test(longest_message_is_cut_but_ends_the_line),
        cmocka_unit_test(repeated_warning_comes_once_an_interval),
    };
    return cmocka_run_group_tests(tests, plain, NULL);
}
