/* Roles and states of processes: their numbers on the wire, and the words for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/message/process_state.h"

static const struct {
    enum psp_process_state state;
    uint32_t number;
    const char *name;
} states[] = {
    {PSP_STATE_UNKNOWN, 0, "unknown"},   {PSP_STATE_JOINING, 1, "joining"},
    {PSP_STATE_STARTING, 2, "starting"}, {PSP_STATE_LEADER, 3, "leader"},
    {PSP_STATE_FOLLOWER, 4, "follower"}, {PSP_STATE_CANDIDATE, 5, "candidate"},
    {PSP_STATE_READY, 6, "ready"},       {PSP_STATE_STALE, 7, "stale"},
};

static void each_state_has_its_number_and_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        assert_int_equal(states[i].state, states[i].number);
        assert_int_equal(psp_process_state_of(states[i].number), states[i].state);
        assert_string_equal(psp_process_state_name(states[i].state), states[i].name);
    }
}

static void a_number_of_another_version_is_nothing_known(void **state)
{
    (void)state;
    assert_int_equal(psp_process_state_of(8), PSP_STATE_UNKNOWN);
    assert_int_equal(psp_process_state_of(UINT32_MAX), PSP_STATE_UNKNOWN);
    assert_int_equal(psp_process_role_of(3), PSP_PROCESS_COLLECTOR);
    assert_int_equal(psp_process_role_of(4), PSP_PROCESS_UNKNOWN);
    assert_int_equal(psp_process_role_of(UINT32_MAX), PSP_PROCESS_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_number_and_word),
        cmocka_unit_test(a_number_of_another_version_is_nothing_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
