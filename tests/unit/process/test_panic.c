/* What a process says of itself when an assertion fails. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/panic.h"

static void describe(const void *context, char *ret_text, size_t size)
{
    const int *number = context;
    snprintf(ret_text, size, "the number is %d\n", *number);
}

/* What a child that ends by abort() writes on stderr, and how it ended. */
static int end_of_child(bool described, bool taken_back, char *ret_text, size_t size)
{
    int pipe_of[2], status = 0;
    assert_int_equal(pipe(pipe_of), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const int number = 42;
        dup2(pipe_of[1], STDERR_FILENO);
        if (described)
            psp_panic_describe_with(describe, &number);
        if (taken_back)
            psp_panic_describe_with(NULL, NULL);
        abort();
    }
    close(pipe_of[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(pipe_of[0], ret_text + length, size - 1 - length)) > 0;)
        length += (size_t)n;
    ret_text[length] = '\0';
    close(pipe_of[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void state_is_told_and_the_process_ends_by_the_signal(void **state)
{
    (void)state;
    char text[1024];
    const int status = end_of_child(true, false, text, sizeof text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "the number is 42\n"));
    assert_non_null(strstr(text, "docs/operations.md"));
}

static void nothing_is_told_where_nobody_describes(void **state)
{
    (void)state;
    char text[1024];
    int status = end_of_child(false, false, text, sizeof text);
    assert_true(WIFSIGNALED(status));
    assert_string_equal(text, "");
    status = end_of_child(true, true, text, sizeof text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_told_and_the_process_ends_by_the_signal),
        cmocka_unit_test(nothing_is_told_where_nobody_describes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
