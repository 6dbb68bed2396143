/* One wish, one thread; after each piece it waits as long as the rate says. */
#include "journal/scrubber.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct psp_journal_scrubber {
    struct psp_journal *log;
    void (*wake)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    uint64_t index, bytes_a_second; /* 0: no wish */
    bool done, ending;
    struct psp_journal_scrubbed scrubbed;
};

/* False: the process ends. */
static bool pause_after(void *context, size_t bytes)
{
    struct psp_journal_scrubber *scrubber = context;
    struct timespec until;
    pthread_mutex_lock(&scrubber->mutex);
    assert(scrubber->bytes_a_second > 0);
    assert(scrubber->index != 0);
    const uint64_t ns = (uint64_t)bytes * 1000000000U / scrubber->bytes_a_second;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)((ns + (uint64_t)until.tv_nsec) / 1000000000U);
    until.tv_nsec = (long)((ns + (uint64_t)until.tv_nsec) % 1000000000U);
    while (!scrubber->ending &&
           pthread_cond_timedwait(&scrubber->changed, &scrubber->mutex, &until) != ETIMEDOUT) {
    }
    const bool goes_on = !scrubber->ending;
    pthread_mutex_unlock(&scrubber->mutex);
    return goes_on;
}

static uint64_t wait_for_work(struct psp_journal_scrubber *scrubber)
{
    pthread_mutex_lock(&scrubber->mutex);
    while (!scrubber->ending && (scrubber->index == 0 || scrubber->done))
        pthread_cond_wait(&scrubber->changed, &scrubber->mutex);
    const uint64_t index = scrubber->ending ? 0 : scrubber->index;
    pthread_mutex_unlock(&scrubber->mutex);
    return index;
}

static void *run(void *context)
{
    struct psp_journal_scrubber *scrubber = context;
    uint64_t index;
    while ((index = wait_for_work(scrubber)) != 0) {
        struct psp_journal_scrubbed scrubbed;
        scrubbed.status =
            psp_journal_check(scrubber->log, index, pause_after, scrubber, &scrubbed.checked);
        pthread_mutex_lock(&scrubber->mutex);
        assert(!scrubber->done);
        assert(scrubber->index == index);
        scrubber->scrubbed = scrubbed;
        scrubber->done = true;
        pthread_mutex_unlock(&scrubber->mutex);
        scrubber->wake(scrubber->context);
    }
    return NULL;
}

static void free_parts(struct psp_journal_scrubber *scrubber)
{
    pthread_mutex_destroy(&scrubber->mutex);
    pthread_cond_destroy(&scrubber->changed);
    free(scrubber);
}

enum psp_status psp_journal_scrubber_create(struct psp_journal *log, void (*wake)(void *context),
                                            void *context,
                                            struct psp_journal_scrubber **ret_scrubber)
{
    struct psp_journal_scrubber *scrubber = calloc(1, sizeof *scrubber);
    if (scrubber == NULL)
        return PSP_ENOMEM;
    assert(log != NULL && wake != NULL);
    scrubber->log = log;
    scrubber->wake = wake;
    scrubber->context = context;
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&scrubber->mutex, NULL);
    pthread_cond_init(&scrubber->changed, &steady);
    pthread_condattr_destroy(&steady);
    if (pthread_create(&scrubber->thread, NULL, run, scrubber) != 0) {
        free_parts(scrubber);
        return PSP_ENOMEM;
    }
    *ret_scrubber = scrubber;
    return PSP_OK;
}

void psp_journal_scrubber_destroy(struct psp_journal_scrubber **scrubber_at)
{
    struct psp_journal_scrubber *scrubber = *scrubber_at;
    if (scrubber == NULL)
        return;
    pthread_mutex_lock(&scrubber->mutex);
    scrubber->ending = true;
    pthread_cond_signal(&scrubber->changed);
    pthread_mutex_unlock(&scrubber->mutex);
    pthread_join(scrubber->thread, NULL);
    free_parts(scrubber);
    *scrubber_at = NULL;
}

void psp_journal_scrubber_push(struct psp_journal_scrubber *scrubber, uint64_t index,
                               uint64_t bytes_a_second)
{
    assert(index > 0 && bytes_a_second > 0);
    pthread_mutex_lock(&scrubber->mutex);
    assert(scrubber->index == 0);
    scrubber->index = index;
    scrubber->bytes_a_second = bytes_a_second;
    pthread_cond_signal(&scrubber->changed);
    pthread_mutex_unlock(&scrubber->mutex);
}

bool psp_journal_scrubber_take(struct psp_journal_scrubber *scrubber,
                               struct psp_journal_scrubbed *ret_scrubbed)
{
    pthread_mutex_lock(&scrubber->mutex);
    const bool done = scrubber->done;
    if (done) {
        *ret_scrubbed = scrubber->scrubbed;
        assert(scrubber->index != 0);
        scrubber->index = 0;
        scrubber->done = false;
    }
    pthread_mutex_unlock(&scrubber->mutex);
    return done;
}
