/* The log entries in memory: what is kept, what goes, and the bound on them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <stdlib.h>

#include "shard/entries/window.h"

enum { MIB = 1 << 20 };

/* Entries are said to hold a MiB each; nobody reads them. Number i is written
 * with append number i. */
static void push(struct psp_window *window, uint64_t append_number)
{
    struct psp_window_bytes *bytes = psp_window_take(window);
    assert_non_null(bytes);
    bytes->buffer.length = MIB;
    bytes->append_number = append_number;
    assert_int_equal(psp_window_push(window, 1, PSP_RECORD_COMMAND, bytes), PSP_OK);
}

static void fill(struct psp_window *window, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        push(window, window->first + window->count);
}

static void applied_entries_go_but_for_the_newest(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 10);
    psp_window_release(&window, 8, 10, 4, 100 * MIB);
    assert_int_equal(window.first, 7);
    psp_window_release(&window, 10, 10, 4, 2 * MIB);
    assert_int_equal(window.first, 9);
    assert_int_equal(window.payload_bytes, 2 * MIB);
    assert_null(psp_window_at(&window, 8));
    assert_non_null(psp_window_at(&window, 9));
    psp_window_free(&window);
}

static void memory_used_again_is_not_ones_own(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    struct psp_window_bytes *bytes = psp_window_take(&window);
    bytes->own = true;
    psp_window_spare(&window, bytes);
    assert_ptr_equal(psp_window_take(&window), bytes);
    assert_false(bytes->own);
    psp_window_spare(&window, bytes);
    psp_window_free(&window);
}

static void what_is_not_written_stays(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 10);
    psp_window_release(&window, 10, 3, 0, 0);
    assert_int_equal(window.first, 4);
    assert_int_equal(window.count, 7);
    psp_window_free(&window);
}

static void written_entries_go_unapplied_when_they_are_too_much(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 200);
    psp_window_release(&window, 0, 150, 256, 32 * MIB);
    assert_int_equal(window.first, 73); /* 128 MiB are left */
    assert_int_equal(window.count, 128);
    fill(&window, 100); /* 201 to 300 */
    psp_window_release(&window, 0, 150, 256, 32 * MIB);
    assert_int_equal(window.first, 151); /* the rest is on its way to the disk */
    assert_false(psp_window_is_full(&window));
    psp_window_free(&window);
}

static void a_window_full_of_unwritten_entries_says_so_until_they_are_written(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 255);
    assert_false(psp_window_is_full(&window));
    fill(&window, 1);
    assert_true(psp_window_is_full(&window));
    psp_window_release(&window, 0, 0, 256, 32 * MIB);
    assert_true(psp_window_is_full(&window));
    psp_window_release(&window, 0, 1, 256, 32 * MIB);
    assert_false(psp_window_is_full(&window));
    psp_window_free(&window);
}

static void a_cut_before_what_is_held_goes_on_there(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 200);
    psp_window_release(&window, 0, 200, 256, 32 * MIB);
    assert_int_equal(window.first, 73);
    psp_window_cut(&window, 50); /* another leader's entries from 50 on */
    assert_int_equal(window.first, 50);
    assert_int_equal(window.count, 0);
    assert_int_equal(window.payload_bytes, 0);
    push(&window, 201);
    assert_non_null(psp_window_at(&window, 50));
    psp_window_free(&window);
}

/* How a child that checks the window ends. */
static int end_of_check(const struct psp_window *window)
{
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        psp_window_check(window);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_window_that_does_not_hang_together_ends_the_process(void **state)
{
    (void)state;
    struct psp_window window = {.first = 1};
    fill(&window, 2);
    assert_int_equal(end_of_check(&window), 0);
    const size_t count = window.count;
    window.count = window.capacity + 1;
    const int status = end_of_check(&window);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    window.count = count;
    psp_window_free(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applied_entries_go_but_for_the_newest),
        cmocka_unit_test(memory_used_again_is_not_ones_own),
        cmocka_unit_test(what_is_not_written_stays),
        cmocka_unit_test(written_entries_go_unapplied_when_they_are_too_much),
        cmocka_unit_test(a_window_full_of_unwritten_entries_says_so_until_they_are_written),
        cmocka_unit_test(a_cut_before_what_is_held_goes_on_there),
        cmocka_unit_test(a_window_that_does_not_hang_together_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
