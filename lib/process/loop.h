/*
 * loop - the event loop of a daemon, over libuv.
 *
 * One callback a turn's end (`psp_loop_after`) lets a shell drain edge-triggered
 * sockets and carry out what its core decided, once per wake-up, however many
 * watchers fired.
 *
 * Ownership: the loop owns its watchers; all end with psp_loop_destroy.
 * Threads:   one, but psp_loop_wake and psp_loop_stop from any.
 * Memory:    a handle a watcher.
 */
#ifndef PSP_LOOP_H
#define PSP_LOOP_H

#include <stdint.h>

#include "base/status.h"

struct psp_loop;
struct psp_loop_timer;
typedef void (*psp_loop_callback)(void *context);

/* Stops on SIGTERM and SIGINT; ignores SIGPIPE; raises the limit of open files
 * as far as the system allows. */
enum psp_status psp_loop_create(struct psp_loop **ret_loop);
void psp_loop_destroy(struct psp_loop **loop);

/* Calls back whenever `fd` is readable. */
enum psp_status psp_loop_watch(struct psp_loop *loop, int fd, psp_loop_callback callback,
                               void *context);
/* A timer that is not set yet. */
enum psp_status psp_loop_timer_create(struct psp_loop *loop, psp_loop_callback callback,
                                      void *context, struct psp_loop_timer **ret_timer);
/* Fires once, after `delay_ms`; replaces what was set before. */
void psp_loop_timer_set(struct psp_loop_timer *timer, uint64_t delay_ms);
/* Called at the end of every turn, before the loop may sleep. One only. */
void psp_loop_after(struct psp_loop *loop, psp_loop_callback callback, void *context);
/* Another turn begins soon, and with it psp_loop_after's callback is due. */
void psp_loop_wake(struct psp_loop *loop);

/* Returns after psp_loop_stop or a signal. Tells the service manager's watchdog, if
 * there is one, that it turns (lib/process/notify.h). */
void psp_loop_run(struct psp_loop *loop);
void psp_loop_stop(struct psp_loop *loop);

#endif
