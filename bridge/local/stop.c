/* A condition with a monotonic clock: a set wall clock neither cuts a wait nor prolongs it. */
#include "bridge/local/stop.h"

#include <errno.h>
#include <time.h>

void psp_bridge_stop_start(struct psp_bridge_stop *stop)
{
    pthread_condattr_t attributes;
    atomic_init(&stop->asked, false);
    pthread_mutex_init(&stop->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&stop->news, &attributes);
    pthread_condattr_destroy(&attributes);
}

void psp_bridge_stop_end(struct psp_bridge_stop *stop)
{
    pthread_cond_destroy(&stop->news);
    pthread_mutex_destroy(&stop->lock);
}

void psp_bridge_stop_ask(struct psp_bridge_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    atomic_store(&stop->asked, true);
    pthread_cond_broadcast(&stop->news);
    pthread_mutex_unlock(&stop->lock);
}

bool psp_bridge_stop_wait(struct psp_bridge_stop *stop, uint64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&stop->lock);
    int waited = 0;
    while (!atomic_load(&stop->asked) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&stop->news, &stop->lock, &until);
    pthread_mutex_unlock(&stop->lock);
    return !atomic_load(&stop->asked);
}
