/*
 * stop - that the process is to end, for a thread that waits.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_STOP_H
#define PSP_BRIDGE_STOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct psp_bridge_stop { /* psp_bridge_stop_start */
    atomic_bool asked;
    pthread_mutex_t lock;
    pthread_cond_t news;
};

/* Not asked yet; and its end. */
void psp_bridge_stop_start(struct psp_bridge_stop *stop);
void psp_bridge_stop_end(struct psp_bridge_stop *stop);

/* Who waits wakes; it stays asked. */
void psp_bridge_stop_ask(struct psp_bridge_stop *stop);
static inline bool psp_bridge_stop_asked(const struct psp_bridge_stop *stop)
{
    return atomic_load(&stop->asked);
}
/* Sleeps for so long, or until it is asked: then false, at once. */
bool psp_bridge_stop_wait(struct psp_bridge_stop *stop, uint64_t ms);

#endif
