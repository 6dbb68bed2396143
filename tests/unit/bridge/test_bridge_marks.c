/* The mark of a partition: by hand, and against a list in histories of chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/marks.h"

static uint64_t take(struct psp_bridge_marks *marks, int64_t offset)
{
    uint64_t sequence = UINT64_MAX;
    assert_int_equal(psp_bridge_marks_take(marks, offset, &sequence), PSP_OK);
    return sequence;
}

static void the_mark_waits_for_the_oldest_message_that_is_open(void **state)
{
    (void)state;
    struct psp_bridge_marks marks = {0};
    psp_bridge_marks_start(&marks, 10);
    const uint64_t first = take(&marks, 10), second = take(&marks, 11), third = take(&marks, 12);
    assert_int_equal(marks.position, 13);
    assert_false(psp_bridge_marks_final(&marks, third));
    assert_false(psp_bridge_marks_final(&marks, second));
    assert_int_equal(marks.low, 10);
    assert_int_equal(psp_bridge_marks_open(&marks), 3);
    assert_true(psp_bridge_marks_final(&marks, first));
    assert_int_equal(marks.low, 13);
    assert_int_equal(psp_bridge_marks_open(&marks), 0);
    psp_bridge_marks_free(&marks);
}

/* The first room is for 1,024 messages: what is final before it grows stays so. */
static void what_is_final_stays_so_when_there_is_more_room(void **state)
{
    (void)state;
    enum { FIRST = 1024 };
    struct psp_bridge_marks marks = {0};
    psp_bridge_marks_start(&marks, 0);
    const uint64_t oldest = take(&marks, 0);
    for (int64_t i = 1; i < FIRST; i++)
        assert_false(psp_bridge_marks_final(&marks, take(&marks, i)));
    const uint64_t next = take(&marks, FIRST);
    assert_int_equal(psp_bridge_marks_open(&marks), FIRST + 1);
    assert_true(psp_bridge_marks_final(&marks, oldest));
    assert_int_equal(marks.low, FIRST);
    assert_true(psp_bridge_marks_final(&marks, next));
    assert_int_equal(marks.low, FIRST + 1);
    psp_bridge_marks_free(&marks);
}

/* Of a compacted topic, and of transactions, offsets are missing. */
static void a_gap_belongs_to_the_message_behind_it(void **state)
{
    (void)state;
    struct psp_bridge_marks marks = {0};
    psp_bridge_marks_start(&marks, 0);
    const uint64_t first = take(&marks, 4), second = take(&marks, 90);
    assert_int_equal(marks.low, 0);
    assert_true(psp_bridge_marks_final(&marks, first));
    assert_int_equal(marks.low, 5);
    assert_true(psp_bridge_marks_final(&marks, second));
    assert_int_equal(marks.low, 91);
    psp_bridge_marks_free(&marks);
}

static void past_its_bound_nothing_is_taken_until_the_mark_moves(void **state)
{
    (void)state;
    struct psp_bridge_marks marks = {0};
    uint64_t sequence = 77;
    psp_bridge_marks_start(&marks, 0);
    for (int64_t i = 0; i < PSP_BRIDGE_MARKS_OPEN_MAX; i++)
        assert_int_equal(take(&marks, i), i);
    assert_int_equal(psp_bridge_marks_take(&marks, PSP_BRIDGE_MARKS_OPEN_MAX, &sequence),
                     PSP_EBUSY);
    assert_int_equal(sequence, 77);
    assert_false(psp_bridge_marks_final(&marks, 5)); /* the oldest holds all of them */
    assert_int_equal(psp_bridge_marks_take(&marks, PSP_BRIDGE_MARKS_OPEN_MAX, &sequence),
                     PSP_EBUSY);
    assert_true(psp_bridge_marks_final(&marks, 0));
    assert_int_equal(take(&marks, PSP_BRIDGE_MARKS_OPEN_MAX), PSP_BRIDGE_MARKS_OPEN_MAX);
    psp_bridge_marks_free(&marks);
}

static void a_start_forgets_what_was_open(void **state)
{
    (void)state;
    struct psp_bridge_marks marks = {0};
    psp_bridge_marks_start(&marks, 0);
    take(&marks, 3);
    psp_bridge_marks_start(&marks, 2); /* the partition came back */
    assert_int_equal(marks.low, 2);
    assert_int_equal(marks.position, 2);
    assert_int_equal(psp_bridge_marks_open(&marks), 0);
    assert_true(psp_bridge_marks_final(&marks, take(&marks, 2)));
    assert_int_equal(marks.low, 3);
    psp_bridge_marks_free(&marks);
}

enum { MESSAGES = 3000 };

struct model {
    int64_t offsets[MESSAGES];
    bool final[MESSAGES];
    uint32_t taken;
};

/* Behind the last message before which none is open. */
static int64_t expected(const struct model *model, int64_t start)
{
    int64_t low = start;
    for (uint32_t i = 0; i < model->taken && model->final[i]; i++)
        low = model->offsets[i] + 1;
    return low;
}

static void history(unsigned seed)
{
    static struct model model;
    struct psp_bridge_marks marks = {0};
    memset(&model, 0, sizeof model);
    srand(seed);
    const int64_t start = rand() % 1000;
    const int window = 1 + rand() % 400;
    int64_t next = start;
    uint32_t open = 0, done = 0;
    psp_bridge_marks_start(&marks, start);
    while (done < MESSAGES) {
        if (model.taken < MESSAGES && (open == 0 || (rand() % 2 && open < (uint32_t)window))) {
            next += rand() % 8 == 0 ? rand() % 5 : 0;
            model.offsets[model.taken] = next;
            assert_int_equal(take(&marks, next++), model.taken++);
            open++;
        } else {
            uint32_t at = (uint32_t)rand() % model.taken;
            while (model.final[at])
                at = (at + 1) % model.taken;
            const int64_t before = marks.low;
            model.final[at] = true;
            assert_int_equal(psp_bridge_marks_final(&marks, at), expected(&model, start) != before);
            open--, done++;
        }
        assert_int_equal(marks.low, expected(&model, start));
    }
    assert_int_equal(marks.low, next);
    psp_bridge_marks_free(&marks);
}

static void in_histories_of_chance_the_mark_is_what_a_list_says(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        print_message("seed %u\n", seed);
        history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mark_waits_for_the_oldest_message_that_is_open),
        cmocka_unit_test(what_is_final_stays_so_when_there_is_more_room),
        cmocka_unit_test(a_gap_belongs_to_the_message_behind_it),
        cmocka_unit_test(past_its_bound_nothing_is_taken_until_the_mark_moves),
        cmocka_unit_test(a_start_forgets_what_was_open),
        cmocka_unit_test(in_histories_of_chance_the_mark_is_what_a_list_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
