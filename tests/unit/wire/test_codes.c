/* The closed sets of numbers: what is known, and under which word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/message/codes.h"

/* first to last are known, their neighbours and what a cast would shorten are not. */
static void only(bool (*known)(uint64_t), uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        assert_true(known(number));
        assert_false(known(number + ((uint64_t)1 << 32)));
    }
    assert_false(known(first - 1));
    assert_false(known(last + 1));
}

static void numbers_outside_a_set_are_not_known(void **state)
{
    (void)state;
    only(psp_refusal_known, 1, 8);
    only(psp_count_refusal_known, 1, 5);
    for (uint64_t number = 0; number < 9; number++) /* 3 was, of before there were reports */
        assert_int_equal(psp_operation_known(number), number >= 1 && number <= 6 && number != 3);
    only(psp_operate_status_known, 0, 3);
    only(psp_mode_known, 1, 2);
    only(psp_report_final_known, 1, 3);
    only(psp_election_state_known, 0, 2);
}

static void election_states_have_the_words_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(psp_election_state_name(PSP_ELECTION_NEW), "new");
    assert_string_equal(psp_election_state_name(PSP_ELECTION_OPEN), "open");
    assert_string_equal(psp_election_state_name(PSP_ELECTION_CLOSED), "closed");
    assert_null(psp_election_state_name((enum psp_election_state)3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_outside_a_set_are_not_known),
        cmocka_unit_test(election_states_have_the_words_of_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
