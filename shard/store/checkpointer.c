/* One thread and one place: the next delta waits until this one is written. */
#include "shard/store/checkpointer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct psp_checkpointer {
    struct psp_store *store;
    void (*wake)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    struct psp_count_delta *delta;
    bool ending, done;
    uint64_t index, term;
    enum psp_status failure;
};

static struct psp_count_delta *wait_for_work(struct psp_checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->delta == NULL && !checkpointer->ending)
        pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    struct psp_count_delta *delta = checkpointer->delta;
    checkpointer->delta = NULL;
    assert(delta != NULL || checkpointer->ending);
    pthread_mutex_unlock(&checkpointer->mutex);
    return delta;
}

static void *run(void *context)
{
    struct psp_checkpointer *checkpointer = context;
    enum psp_status status = PSP_OK;
    struct psp_count_delta *delta;
    while (status == PSP_OK && (delta = wait_for_work(checkpointer)) != NULL) {
        status = psp_store_checkpoint(checkpointer->store, delta);
        pthread_mutex_lock(&checkpointer->mutex);
        assert(checkpointer->delta == NULL && !checkpointer->done); /* one at a time */
        assert(delta->index > checkpointer->index);
        assert(delta->term >= checkpointer->term);
        checkpointer->failure = status;
        checkpointer->done = status == PSP_OK;
        checkpointer->index = delta->index;
        checkpointer->term = delta->term;
        pthread_mutex_unlock(&checkpointer->mutex);
        psp_count_delta_destroy(&delta);
        checkpointer->wake(checkpointer->context);
    }
    return NULL;
}

enum psp_status psp_checkpointer_create(struct psp_store *store, void (*wake)(void *context),
                                        void *context, struct psp_checkpointer **ret_checkpointer)
{
    assert(store != NULL && wake != NULL);
    struct psp_checkpointer *checkpointer = calloc(1, sizeof(*checkpointer));
    if (checkpointer == NULL)
        return PSP_ENOMEM;
    checkpointer->store = store;
    checkpointer->wake = wake;
    checkpointer->context = context;
    pthread_mutex_init(&checkpointer->mutex, NULL);
    pthread_cond_init(&checkpointer->changed, NULL);
    if (pthread_create(&checkpointer->thread, NULL, run, checkpointer) != 0) {
        pthread_mutex_destroy(&checkpointer->mutex);
        pthread_cond_destroy(&checkpointer->changed);
        free(checkpointer);
        return PSP_ENOMEM;
    }
    *ret_checkpointer = checkpointer;
    return PSP_OK;
}

void psp_checkpointer_destroy(struct psp_checkpointer **checkpointer_at)
{
    struct psp_checkpointer *checkpointer = *checkpointer_at;
    if (checkpointer == NULL)
        return;
    pthread_mutex_lock(&checkpointer->mutex);
    assert(!checkpointer->ending);
    checkpointer->ending = true;
    pthread_cond_signal(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->mutex);
    pthread_join(checkpointer->thread, NULL);
    psp_count_delta_destroy(&checkpointer->delta);
    pthread_mutex_destroy(&checkpointer->mutex);
    pthread_cond_destroy(&checkpointer->changed);
    free(checkpointer);
    *checkpointer_at = NULL;
}

void psp_checkpointer_push(struct psp_checkpointer *checkpointer, struct psp_count_delta *delta)
{
    pthread_mutex_lock(&checkpointer->mutex);
    assert(delta != NULL);
    assert(checkpointer->delta == NULL && !checkpointer->done);
    assert(checkpointer->failure == PSP_OK); /* it is final */
    assert(!checkpointer->ending);
    checkpointer->delta = delta;
    pthread_cond_signal(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->mutex);
}

bool psp_checkpointer_done(struct psp_checkpointer *checkpointer, uint64_t *ret_index,
                           uint64_t *ret_term)
{
    pthread_mutex_lock(&checkpointer->mutex);
    const bool done = checkpointer->done;
    checkpointer->done = false;
    if (done) {
        assert(checkpointer->failure == PSP_OK);
        assert(checkpointer->index > 0 && checkpointer->term > 0);
        *ret_index = checkpointer->index;
        *ret_term = checkpointer->term;
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    return done;
}

enum psp_status psp_checkpointer_failure(struct psp_checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->mutex);
    const enum psp_status failure = checkpointer->failure;
    pthread_mutex_unlock(&checkpointer->mutex);
    return failure;
}
