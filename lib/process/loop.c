/* libuv's handles, one a watcher; prepare runs the turn's end. */
#include "process/loop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "base/system/descriptors.h"
#include "process/notify.h"

struct psp_loop_watcher {
    uv_poll_t poll;
    psp_loop_callback callback;
    void *context;
    struct psp_loop_watcher *next;
};

struct psp_loop_timer {
    uv_timer_t timer;
    psp_loop_callback callback;
    void *context;
    struct psp_loop_timer *next;
};

struct psp_loop {
    uv_loop_t uv;
    uv_prepare_t after;
    uv_async_t wake;
    uv_signal_t terminate, interrupt;
    uv_timer_t alive;
    psp_loop_callback on_after;
    void *after_context;
    atomic_bool stopping;
    struct psp_loop_watcher *watchers;
    struct psp_loop_timer *timers;
};

static void after_fired(uv_prepare_t *prepare)
{
    struct psp_loop *loop = prepare->data;
    if (loop->on_after)
        loop->on_after(loop->after_context);
    if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

/* The turn that it began is all that was asked for. */
static void wake_fired(uv_async_t *async)
{
    (void)async;
}

static void signal_fired(uv_signal_t *handle, int number)
{
    (void)number;
    psp_loop_stop(handle->data);
}

static void alive_fired(uv_timer_t *handle)
{
    (void)handle;
    psp_notify_alive();
}

static void poll_fired(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events; /* the reader finds out what is wrong with its descriptor */
    struct psp_loop_watcher *watcher = poll->data;
    watcher->callback(watcher->context);
}

static void timer_fired(uv_timer_t *handle)
{
    struct psp_loop_timer *timer = handle->data;
    timer->callback(timer->context);
}

enum psp_status psp_loop_create(struct psp_loop **ret_loop)
{
    struct psp_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return PSP_ENOMEM;
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return PSP_EIO;
    }
    signal(SIGPIPE, SIG_IGN);
    psp_descriptors_keep();
    loop->after.data = loop->wake.data = loop->terminate.data = loop->interrupt.data = loop;
    if (uv_prepare_init(&loop->uv, &loop->after) != 0 ||
        uv_prepare_start(&loop->after, after_fired) != 0 ||
        uv_async_init(&loop->uv, &loop->wake, wake_fired) != 0 ||
        uv_timer_init(&loop->uv, &loop->alive) != 0 ||
        uv_signal_init(&loop->uv, &loop->terminate) != 0 ||
        uv_signal_start(&loop->terminate, signal_fired, SIGTERM) != 0 ||
        uv_signal_init(&loop->uv, &loop->interrupt) != 0 ||
        uv_signal_start(&loop->interrupt, signal_fired, SIGINT) != 0) {
        psp_loop_destroy(&loop);
        return PSP_EIO;
    }
    *ret_loop = loop;
    return PSP_OK;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void psp_loop_destroy(struct psp_loop **loop)
{
    struct psp_loop *gone = *loop;
    if (!gone)
        return;
    uv_walk(&gone->uv, close_handle, NULL);
    uv_run(&gone->uv, UV_RUN_DEFAULT);
    uv_loop_close(&gone->uv);
    while (gone->watchers) {
        struct psp_loop_watcher *next = gone->watchers->next;
        free(gone->watchers);
        gone->watchers = next;
    }
    while (gone->timers) {
        struct psp_loop_timer *next = gone->timers->next;
        free(gone->timers);
        gone->timers = next;
    }
    free(gone);
    *loop = NULL;
}

enum psp_status psp_loop_watch(struct psp_loop *loop, int fd, psp_loop_callback callback,
                               void *context)
{
    struct psp_loop_watcher *watcher = calloc(1, sizeof *watcher);
    if (!watcher)
        return PSP_ENOMEM;
    if (uv_poll_init(&loop->uv, &watcher->poll, fd) != 0) {
        free(watcher);
        return PSP_EIO;
    }
    watcher->poll.data = watcher;
    watcher->callback = callback;
    watcher->context = context;
    watcher->next = loop->watchers;
    loop->watchers = watcher;
    return uv_poll_start(&watcher->poll, UV_READABLE, poll_fired) == 0 ? PSP_OK : PSP_EIO;
}

enum psp_status psp_loop_timer_create(struct psp_loop *loop, psp_loop_callback callback,
                                      void *context, struct psp_loop_timer **ret_timer)
{
    struct psp_loop_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return PSP_ENOMEM;
    if (uv_timer_init(&loop->uv, &timer->timer) != 0) {
        free(timer);
        return PSP_EIO;
    }
    timer->timer.data = timer;
    timer->callback = callback;
    timer->context = context;
    timer->next = loop->timers;
    loop->timers = timer;
    *ret_timer = timer;
    return PSP_OK;
}

void psp_loop_timer_set(struct psp_loop_timer *timer, uint64_t delay_ms)
{
    uv_update_time(timer->timer.loop);
    uv_timer_start(&timer->timer, timer_fired, delay_ms, 0);
}

void psp_loop_after(struct psp_loop *loop, psp_loop_callback callback, void *context)
{
    loop->on_after = callback;
    loop->after_context = context;
}

void psp_loop_wake(struct psp_loop *loop)
{
    uv_async_send(&loop->wake);
}

void psp_loop_run(struct psp_loop *loop)
{
    const uint64_t alive_ms = psp_notify_alive_ms();
    if (alive_ms > 0)
        uv_timer_start(&loop->alive, alive_fired, alive_ms, alive_ms);
    while (!atomic_load(&loop->stopping))
        uv_run(&loop->uv, UV_RUN_ONCE);
}

void psp_loop_stop(struct psp_loop *loop)
{
    atomic_store(&loop->stopping, true);
    uv_async_send(&loop->wake);
}
