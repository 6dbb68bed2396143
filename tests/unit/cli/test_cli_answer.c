/* What an answer to an operator's request means, and what the operator is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/operate/answer.h"

static struct psp_cluster_message operated(enum psp_operate_status status, const char *text)
{
    return (struct psp_cluster_message){
        .type = PSP_CLUSTER_OPERATED,
        .operated = {.status = status, .index = 7, .leader = 1, .text = text}};
}

static void what_is_done_is_done(void **state)
{
    (void)state;
    const struct psp_cluster_message answers[] = {
        operated(PSP_OPERATED, ""),
        operated(PSP_OPERATED, "the election is open already"),
        {.type = PSP_CLUSTER_PARTIAL},
        {.type = PSP_CLUSTER_REPORT_REPLY}};
    for (size_t i = 0; i < 4; i++) {
        struct psp_reason reason = {.text = "as before"};
        uint32_t leader = 5;
        assert_int_equal(psp_answer_judge(&answers[i], 0, &leader, &reason), PSP_ANSWER_DONE);
        assert_string_equal(reason.text, "as before");
        assert_true(leader == PSP_NONE);
    }
}

static void a_refusal_for_good_is_told_in_the_replicas_words(void **state)
{
    (void)state;
    const struct psp_cluster_message answer =
        operated(PSP_OPERATE_REFUSED, "the election has no such unit");
    struct psp_reason reason = {0};
    uint32_t leader = 5;
    assert_int_equal(psp_answer_judge(&answer, 2, &leader, &reason), PSP_ANSWER_REFUSED);
    assert_string_equal(reason.text, "replica 2 refuses: the election has no such unit");
    assert_true(leader == PSP_NONE);
}

static void what_passes_is_asked_again_and_told(void **state)
{
    (void)state;
    static const struct {
        enum psp_operate_status status;
        const char *text, *told;
    } cases[] = {
        {PSP_OPERATE_REFUSED, "another replica is being replaced",
         "replica 0 says: another replica is being replaced"},
        {PSP_OPERATE_LOST, "this replica no longer leads: the outcome is unknown, send again",
         "replica 0 says: this replica no longer leads: the outcome is unknown, send again"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct psp_cluster_message answer = operated(cases[i].status, cases[i].text);
        answer.operated.temporary = cases[i].status == PSP_OPERATE_REFUSED;
        struct psp_reason reason = {0};
        uint32_t leader = 5;
        assert_int_equal(psp_answer_judge(&answer, 0, &leader, &reason), PSP_ANSWER_AGAIN);
        assert_string_equal(reason.text, cases[i].told);
        assert_true(leader == PSP_NONE); /* all are asked who leads */
    }
}

static void who_does_not_lead_names_who_does(void **state)
{
    (void)state;
    struct psp_cluster_message answer =
        operated(PSP_OPERATE_NOT_LEADER, "another replica leads this shard");
    struct psp_reason reason = {0};
    uint32_t leader = 5;
    assert_int_equal(psp_answer_judge(&answer, 0, &leader, &reason), PSP_ANSWER_AGAIN);
    assert_int_equal(leader, 1);
    assert_string_equal(reason.text, "replica 0 says: another replica leads this shard");
    answer.operated.leader = PSP_NONE;
    assert_int_equal(psp_answer_judge(&answer, 0, &leader, &reason), PSP_ANSWER_AGAIN);
    assert_true(leader == PSP_NONE);
}

static void silence_is_told(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    uint32_t leader = 5;
    assert_int_equal(psp_answer_judge(NULL, 1, &leader, &reason), PSP_ANSWER_AGAIN);
    assert_string_equal(reason.text, "replica 1, which leads, does not answer");
    assert_true(leader == PSP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_is_done),
        cmocka_unit_test(a_refusal_for_good_is_told_in_the_replicas_words),
        cmocka_unit_test(what_passes_is_asked_again_and_told),
        cmocka_unit_test(who_does_not_lead_names_who_does),
        cmocka_unit_test(silence_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
