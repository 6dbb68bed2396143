/* States of processes, and the words that stand for them on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/message/process_state.h"

static const struct {
    enum psp_process_state state;
    const char *name;
} words[] = {
    {PSP_STATE_JOINING, "joining"},     {PSP_STATE_STARTING, "starting"},
    {PSP_STATE_LEADER, "leader"},       {PSP_STATE_FOLLOWER, "follower"},
    {PSP_STATE_CANDIDATE, "candidate"}, {PSP_STATE_READY, "ready"},
    {PSP_STATE_STALE, "stale"},
};

static void each_state_has_the_word_that_0_1_0_sends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_string_equal(psp_process_state_name(words[i].state), words[i].name);
        assert_int_equal(psp_process_state_of(words[i].name), words[i].state);
    }
}

static void a_word_of_another_version_is_no_known_state(void **state)
{
    (void)state;
    assert_int_equal(psp_process_state_of("leading"), PSP_STATE_UNKNOWN);
    assert_int_equal(psp_process_state_of("Leader"), PSP_STATE_UNKNOWN);
    assert_int_equal(psp_process_state_of(""), PSP_STATE_UNKNOWN);
    assert_string_equal(psp_process_state_name(PSP_STATE_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_the_word_that_0_1_0_sends),
        cmocka_unit_test(a_word_of_another_version_is_no_known_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
