/* One thread, one queue: everything that waits is written, synced once and told. */
#include "journal/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory/grow.h"
#include "base/system/clock.h"

/* Appends in the order they came; their records one after another. */
struct batch {
    struct psp_record *records;
    size_t count, capacity;
    uint64_t number; /* of the last append in it */
};

struct psp_journal_writer {
    struct psp_journal *log;
    void (*wake)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* of queued and ending */
    pthread_cond_t changed;
    struct batch queued, writing;
    uint32_t took_ms[PSP_WRITER_TOOK_MAX], took_n;
    bool ending;
    _Atomic uint64_t done;
    _Atomic int failure;
};

/* promise 1: nothing is reported before it is on the disk.
 * Records follow on, or a later append goes back and replaces. */
static enum psp_status write_batch(struct psp_journal *log, const struct batch *batch)
{
    enum psp_status status = PSP_OK;
    for (size_t first = 0; first < batch->count && status == PSP_OK;) {
        size_t end = first + 1;
        while (end < batch->count && batch->records[end].index == batch->records[end - 1].index + 1)
            end++;
        assert(batch->records[first].index > 0);
        assert(batch->records[first].index <= psp_journal_last(log) + 1); /* no hole */
        if (batch->records[first].index <= psp_journal_last(log))
            status = psp_journal_truncate(log, batch->records[first].index);
        if (status == PSP_OK)
            status = psp_journal_append(log, batch->records + first, end - first);
        assert(status != PSP_OK || psp_journal_last(log) == batch->records[end - 1].index);
        first = end;
    }
    return status == PSP_OK ? psp_journal_sync(log) : status;
}

static bool wait_for_work(struct psp_journal_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->queued.count == 0 && !writer->ending)
        pthread_cond_wait(&writer->changed, &writer->mutex);
    assert(writer->queued.count == 0 || writer->queued.number > writer->writing.number);
    const struct batch empty = writer->writing;
    writer->writing = writer->queued;
    writer->queued = empty;
    writer->queued.count = 0;
    const bool ending = writer->ending;
    pthread_mutex_unlock(&writer->mutex);
    return !ending;
}

static void remember(struct psp_journal_writer *writer, uint64_t took_ms)
{
    pthread_mutex_lock(&writer->mutex);
    if (writer->took_n < PSP_WRITER_TOOK_MAX)
        writer->took_ms[writer->took_n++] = took_ms < UINT32_MAX ? (uint32_t)took_ms : UINT32_MAX;
    pthread_mutex_unlock(&writer->mutex);
}

uint32_t psp_journal_writer_took(struct psp_journal_writer *writer,
                                 uint32_t ret_ms[PSP_WRITER_TOOK_MAX])
{
    pthread_mutex_lock(&writer->mutex);
    const uint32_t n = writer->took_n;
    assert(n <= PSP_WRITER_TOOK_MAX);
    for (uint32_t i = 0; i < n; i++)
        ret_ms[i] = writer->took_ms[i];
    writer->took_n = 0;
    pthread_mutex_unlock(&writer->mutex);
    return n;
}

static void *run(void *context)
{
    struct psp_journal_writer *writer = context;
    while (wait_for_work(writer)) {
        const uint64_t begun_ms = psp_clock_ms();
        const enum psp_status status = write_batch(writer->log, &writer->writing);
        remember(writer, psp_clock_ms() - begun_ms);
        assert(writer->writing.number > atomic_load(&writer->done));
        if (status != PSP_OK)
            atomic_store(&writer->failure, (int)status);
        else
            atomic_store(&writer->done, writer->writing.number);
        writer->wake(writer->context);
        if (status != PSP_OK)
            break;
    }
    return NULL;
}

enum psp_status psp_journal_writer_create(struct psp_journal *log, void (*wake)(void *context),
                                          void *context, struct psp_journal_writer **ret_writer)
{
    struct psp_journal_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return PSP_ENOMEM;
    assert(log != NULL && wake != NULL);
    writer->log = log;
    writer->wake = wake;
    writer->context = context;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        pthread_mutex_destroy(&writer->mutex);
        pthread_cond_destroy(&writer->changed);
        free(writer);
        return PSP_ENOMEM;
    }
    *ret_writer = writer;
    return PSP_OK;
}

void psp_journal_writer_destroy(struct psp_journal_writer **writer_at)
{
    struct psp_journal_writer *writer = *writer_at;
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->ending = true;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->changed);
    free(writer->queued.records);
    free(writer->writing.records);
    free(writer);
    *writer_at = NULL;
}

enum psp_status psp_journal_writer_push(struct psp_journal_writer *writer, uint64_t number,
                                        const struct psp_record *records, uint32_t n)
{
    pthread_mutex_lock(&writer->mutex);
    struct batch *batch = &writer->queued;
    assert(n > 0);
    assert(number > batch->number);
    assert(!writer->ending);
    if (!PSP_GROW(batch->records, batch->capacity, batch->count + n)) {
        pthread_mutex_unlock(&writer->mutex);
        return PSP_ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++)
        batch->records[batch->count++] = records[i];
    batch->number = number;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    return PSP_OK;
}

uint64_t psp_journal_writer_done(struct psp_journal_writer *writer)
{
    return atomic_load(&writer->done);
}

enum psp_status psp_journal_writer_failure(struct psp_journal_writer *writer)
{
    return (enum psp_status)atomic_load(&writer->failure);
}
