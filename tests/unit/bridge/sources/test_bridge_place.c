/* Where a partition begins, and which of these a person must hear of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "bridge/kafka_in/group/place.h"

static int64_t place(int64_t committed, int64_t low, int64_t high, char alarm[400])
{
    const struct psp_bridge_place_facts facts = {
        .topic = "votes", .partition = 3, .committed = committed, .low = low, .high = high};
    return psp_bridge_place(&facts, alarm, 400);
}

static void what_was_committed_goes_on_without_a_word(void **state)
{
    (void)state;
    char alarm[400] = "?";
    assert_int_equal(place(7, 0, 10, alarm), 7);
    assert_string_equal(alarm, "");
    assert_int_equal(place(7, 7, 10, alarm), 7);
    assert_string_equal(alarm, "");
    assert_int_equal(place(10, 7, 10, alarm), 10);
    assert_string_equal(alarm, "");
}

static void a_first_read_begins_with_the_first_message(void **state)
{
    (void)state;
    char alarm[400] = "?";
    assert_int_equal(place(-1001, 0, 10, alarm), 0);
    assert_string_equal(alarm, "");
}

static void messages_that_are_gone_are_an_alarm(void **state)
{
    (void)state;
    char alarm[400] = "";
    assert_int_equal(place(-1001, 5, 10, alarm), 5);
    assert_non_null(strstr(alarm, "votes [3] begins at offset 5, and this group has read nothing"));
    assert_int_equal(place(2, 5, 10, alarm), 5);
    assert_non_null(strstr(alarm, "begins at offset 5, and this group had come to 2:"));
}

static void a_topic_that_was_made_anew_is_read_from_its_beginning(void **state)
{
    (void)state;
    char alarm[400] = "";
    assert_int_equal(place(11, 0, 10, alarm), 0);
    assert_non_null(strstr(alarm, "ends at offset 10, and this group had come to 11:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_goes_on_without_a_word),
        cmocka_unit_test(a_first_read_begins_with_the_first_message),
        cmocka_unit_test(messages_that_are_gone_are_an_alarm),
        cmocka_unit_test(a_topic_that_was_made_anew_is_read_from_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
