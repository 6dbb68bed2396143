/* Why something failed: filled, cut, and as one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/reason.h"

static void each_way_of_filling_it_leaves_nothing_of_the_last_one(void **state)
{
    (void)state;
    struct psp_reason reason;
    psp_reason_set_pointer(&reason, "/units/3", "has %d parents", 2);
    assert_string_equal(reason.pointer, "/units/3");
    assert_string_equal(reason.text, "has 2 parents");
    assert_int_equal(reason.line, 0);
    psp_reason_set_line(&reason, 7, 4, "no number");
    assert_string_equal(reason.pointer, "");
    assert_int_equal(reason.line, 7);
    assert_int_equal(reason.column, 4);
    psp_reason_set(&reason, "gone");
    assert_int_equal(reason.line, 0);
    assert_int_equal(reason.column, 0);
    assert_string_equal(reason.text, "gone");
}

static void the_status_speaks_when_nothing_was_said(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    assert_string_equal(psp_reason_text(&reason, PSP_ENOSPC), "disk full");
    assert_int_equal(psp_reason_set_status(&reason, "/a/b", PSP_ENOSPC), PSP_ENOSPC);
    assert_string_equal(psp_reason_text(&reason, PSP_EIO), "/a/b: disk full");
}

static void a_reason_in_a_file_becomes_one_line(void **state)
{
    (void)state;
    struct psp_reason reason = {.pointer = "/units/3", .line = 12, .text = "has no parent"};
    assert_int_equal(psp_reason_set_file(&reason, "election.json", PSP_EINVAL), PSP_EINVAL);
    assert_string_equal(reason.text, "election.json:12: /units/3: has no parent");
    assert_string_equal(reason.pointer, "");
    assert_int_equal(reason.line, 0);

    reason = (struct psp_reason){.line = 2, .column = 5, .text = "no number"};
    psp_reason_set_file(&reason, "roll.csv", PSP_EINVAL);
    assert_string_equal(reason.text, "roll.csv:2: no number");

    reason = (struct psp_reason){0};
    psp_reason_set_file(&reason, "roll.csv", PSP_ENOSPC);
    assert_string_equal(reason.text, "roll.csv: disk full");
}

static void its_own_text_may_be_an_argument(void **state)
{
    (void)state;
    struct psp_reason reason = {.pointer = "/a", .text = "is missing"};
    psp_reason_set_pointer(&reason, reason.pointer, "%s %s", reason.pointer, reason.text);
    assert_string_equal(reason.pointer, "/a");
    assert_string_equal(reason.text, "/a is missing");
}

/* "ü" is two bytes: an odd number of bytes before the bound ends inside one. */
static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    char text[2 * PSP_REASON_TEXT_BYTES] = "";
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "ü", 3);
    struct psp_reason reason;
    psp_reason_set_line(&reason, 3, 4, "%s", text);
    assert_int_equal(reason.line, 3);
    assert_int_equal(reason.column, 4);
    assert_int_equal(strlen(reason.text), PSP_REASON_TEXT_BYTES - 2);
    psp_reason_set_line(&reason, 3, 4, "x%s", text);
    assert_int_equal(strlen(reason.text) % 2, 1);
    assert_true(strlen(reason.text) >= PSP_REASON_TEXT_BYTES - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_of_filling_it_leaves_nothing_of_the_last_one),
        cmocka_unit_test(the_status_speaks_when_nothing_was_said),
        cmocka_unit_test(a_reason_in_a_file_becomes_one_line),
        cmocka_unit_test(its_own_text_may_be_an_argument),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
