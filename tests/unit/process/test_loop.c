/* The event loop of the daemons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/system/clock.h"
#include "process/loop.h"

struct seen {
    struct psp_loop *loop;
    struct psp_loop_timer *timer, *limit;
    int pipe[2];
    int readable, fired, turns;
    uint64_t fired_ms;
};

/* A test that would hang ends here, and fails by what it has not seen. */
static void too_late(void *context)
{
    psp_loop_stop(((struct seen *)context)->loop);
}

static int make_loop(void **state)
{
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_int_equal(psp_loop_create(&s->loop), PSP_OK);
    assert_int_equal(pipe(s->pipe), 0);
    assert_int_equal(psp_loop_timer_create(s->loop, too_late, s, &s->limit), PSP_OK);
    psp_loop_timer_set(s->limit, 5000);
    *state = s;
    return 0;
}

static int end_loop(void **state)
{
    struct seen *s = *state;
    psp_loop_destroy(&s->loop);
    assert_null(s->loop);
    close(s->pipe[0]);
    close(s->pipe[1]);
    free(s);
    return 0;
}

static void read_and_stop(void *context)
{
    struct seen *s = context;
    char byte;
    assert_int_equal(read(s->pipe[0], &byte, 1), 1);
    if (++s->readable == 2)
        psp_loop_stop(s->loop);
}

static void readable_descriptor_calls_back_each_time(void **state)
{
    struct seen *s = *state;
    assert_int_equal(psp_loop_watch(s->loop, s->pipe[0], read_and_stop, s), PSP_OK);
    assert_int_equal(write(s->pipe[1], "ab", 2), 2);
    psp_loop_run(s->loop);
    assert_int_equal(s->readable, 2);
}

static void note_and_stop(void *context)
{
    struct seen *s = context;
    s->fired++;
    s->fired_ms = psp_clock_ms();
    psp_loop_stop(s->loop);
}

static void timer_fires_once_and_not_early(void **state)
{
    struct seen *s = *state;
    assert_int_equal(psp_loop_timer_create(s->loop, note_and_stop, s, &s->timer), PSP_OK);
    const uint64_t start = psp_clock_ms();
    psp_loop_timer_set(s->timer, 500);
    psp_loop_timer_set(s->timer, 40); /* replaces the first */
    psp_loop_run(s->loop);
    assert_int_equal(s->fired, 1);
    assert_true(s->fired_ms - start >= 39 && s->fired_ms - start < 490);
}

/* The first turn comes by itself, and the loop sleeps at its end. */
static void stop_at_second_turn(void *context)
{
    struct seen *s = context;
    if (++s->turns == 2)
        psp_loop_stop(s->loop);
}

static void *wake_from_outside(void *context)
{
    psp_loop_wake(((struct seen *)context)->loop);
    return NULL;
}

static void other_thread_wakes_the_loop(void **state)
{
    struct seen *s = *state;
    pthread_t thread;
    psp_loop_after(s->loop, stop_at_second_turn, s);
    assert_int_equal(pthread_create(&thread, NULL, wake_from_outside, s), 0);
    psp_loop_run(s->loop);
    pthread_join(thread, NULL);
    assert_int_equal(s->turns, 2);
}

static void count_turn(void *context)
{
    ((struct seen *)context)->turns++;
}

static void turn_ends_with_its_callback_before_sleeping(void **state)
{
    struct seen *s = *state;
    psp_loop_after(s->loop, count_turn, s);
    psp_loop_timer_set(s->limit, 30);
    psp_loop_run(s->loop);
    assert_true(s->turns >= 1 && s->turns < 10); /* it slept in between */
}

static void signal_ends_the_loop(void **state)
{
    struct seen *s = *state;
    const uint64_t start = psp_clock_ms();
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    psp_loop_run(s->loop);
    assert_true(psp_clock_ms() - start < 4000);
}

static void broken_pipe_does_not_end_the_process(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
}

/* Stands for systemd: $NOTIFY_SOCKET. */
static int listen_as_manager(char path[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    snprintf(path, 64, "/tmp/psp-test-loop-%ld", (long)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
    return manager;
}

static void a_watchdog_hears_that_the_loop_turns(void **state)
{
    struct seen *s = *state;
    char path[64], number[24], said[64];
    const int manager = listen_as_manager(path);
    snprintf(number, sizeof number, "%ld", (long)getpid());
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "40000", 1);
    setenv("WATCHDOG_PID", number, 1);
    assert_int_equal(psp_loop_timer_create(s->loop, too_late, s, &s->timer), PSP_OK);
    psp_loop_timer_set(s->timer, 200);
    psp_loop_run(s->loop);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    for (int i = 0; i < 2; i++) {
        const ssize_t n = recv(manager, said, sizeof said, 0);
        assert_int_equal(n, strlen("WATCHDOG=1"));
        assert_memory_equal(said, "WATCHDOG=1", (size_t)n);
    }
    close(manager);
    unlink(path);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_loop, end_loop)
    const struct CMUnitTest tests[] = {
        FACT(readable_descriptor_calls_back_each_time),
        FACT(timer_fires_once_and_not_early),
        FACT(other_thread_wakes_the_loop),
        FACT(turn_ends_with_its_callback_before_sleeping),
        FACT(signal_ends_the_loop),
        FACT(broken_pipe_does_not_end_the_process),
        FACT(a_watchdog_hears_that_the_loop_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
