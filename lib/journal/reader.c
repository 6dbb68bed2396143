/* One thread, two queues: wishes in, results out, in one order. */
#include "journal/reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct wish {
    struct psp_journal_wish wish;
    struct psp_record mend; /* with its payload copied */
};

struct psp_journal_reader {
    struct psp_journal *log;
    void (*wake)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    struct wish wishes[PSP_READER_WISHES_MAX]; /* rings */
    uint32_t wish_first, wish_count;
    struct psp_journal_result results[PSP_READER_WISHES_MAX];
    uint32_t result_first, result_count;
    bool ending;
};

/* ---- the thread ---- */

/* Adds a record's payload to the result's bytes; their places are set at the end. */
static enum psp_status keep(struct psp_journal_result *result, size_t *length,
                            const struct psp_record *record)
{
    if (record->payload_bytes > 0) {
        uint8_t *grown = realloc(result->bytes, *length + record->payload_bytes);
        if (grown == NULL)
            return PSP_ENOMEM;
        memcpy(grown + *length, record->payload, record->payload_bytes);
        result->bytes = grown;
        *length += record->payload_bytes;
    }
    assert(result->n == 0 || result->records[result->n - 1].index + 1 == record->index);
    result->records[result->n++] = *record;
    return PSP_OK;
}

static void read_records(struct psp_journal *log, const struct psp_journal_wish *wish,
                         struct psp_journal_result *result)
{
    uint8_t *buffer = NULL;
    size_t size = 0, length = 0;
    const uint64_t wanted = wish->last - wish->first + 1;
    const uint32_t max = wanted < wish->records_max ? (uint32_t)wanted : wish->records_max;
    result->records = calloc(max + 1, sizeof *result->records);
    if (result->records == NULL)
        result->status = PSP_ENOMEM;
    while (result->status == PSP_OK && result->n < max) {
        struct psp_record record;
        result->status = psp_journal_read(log, wish->first + result->n, &buffer, &size, &record);
        if (result->status != PSP_OK ||
            (result->n > 0 && length + record.payload_bytes > wish->bytes_max))
            break;
        result->status = keep(result, &length, &record);
    }
    free(buffer);
    if (result->status == PSP_ECORRUPT || result->status == PSP_EIO)
        result->damage_known = psp_journal_examine(log, wish->first + result->n) == PSP_OK;
    const uint8_t *at = result->bytes;
    for (uint32_t i = 0; i < result->n; i++) {
        result->records[i].payload = at;
        at += result->records[i].payload_bytes;
    }
    assert(result->n <= max);
    assert(result->bytes == NULL || at == result->bytes + length);
}

static enum psp_status mend(struct psp_journal *log, const struct wish *wish)
{
    const enum psp_status status = psp_journal_mend(log, &wish->mend);
    return status == PSP_EINVAL && wish->wish.may_cut ? psp_journal_truncate(log, wish->mend.index)
                                                      : status;
}

static struct psp_journal_result carry_out(struct psp_journal *log, const struct wish *wish)
{
    struct psp_journal_result result = {.number = wish->wish.number,
                                        .mended = wish->wish.mend != NULL};
    if (result.mended)
        result.status = mend(log, wish);
    else
        read_records(log, &wish->wish, &result);
    return result;
}

static bool wait_for_work(struct psp_journal_reader *reader, struct wish *ret_wish)
{
    pthread_mutex_lock(&reader->mutex);
    while (!reader->ending && (reader->wish_count == 0))
        pthread_cond_wait(&reader->changed, &reader->mutex);
    const bool works = !reader->ending;
    if (works)
        *ret_wish = reader->wishes[reader->wish_first];
    pthread_mutex_unlock(&reader->mutex);
    return works;
}

static void *run(void *context)
{
    struct psp_journal_reader *reader = context;
    struct wish wish;
    while (wait_for_work(reader, &wish)) {
        const struct psp_journal_result result = carry_out(reader->log, &wish);
        pthread_mutex_lock(&reader->mutex);
        free((void *)(uintptr_t)wish.mend.payload);
        assert(reader->wish_count > 0);
        assert(reader->wish_count + reader->result_count <= PSP_READER_WISHES_MAX);
        reader->wish_first = (reader->wish_first + 1) % PSP_READER_WISHES_MAX;
        reader->wish_count--;
        /* A wish keeps the place of its result: there is room. */
        reader->results[(reader->result_first + reader->result_count++) % PSP_READER_WISHES_MAX] =
            result;
        pthread_mutex_unlock(&reader->mutex);
        reader->wake(reader->context);
    }
    return NULL;
}

/* ---- for the caller ---- */

enum psp_status psp_journal_reader_create(struct psp_journal *log, void (*wake)(void *context),
                                          void *context, struct psp_journal_reader **ret_reader)
{
    struct psp_journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return PSP_ENOMEM;
    assert(log != NULL && wake != NULL);
    reader->log = log;
    reader->wake = wake;
    reader->context = context;
    pthread_mutex_init(&reader->mutex, NULL);
    pthread_cond_init(&reader->changed, NULL);
    if (pthread_create(&reader->thread, NULL, run, reader) != 0) {
        pthread_mutex_destroy(&reader->mutex);
        pthread_cond_destroy(&reader->changed);
        free(reader);
        return PSP_ENOMEM;
    }
    *ret_reader = reader;
    return PSP_OK;
}

void psp_journal_reader_destroy(struct psp_journal_reader **reader_at)
{
    struct psp_journal_reader *reader = *reader_at;
    if (reader == NULL)
        return;
    pthread_mutex_lock(&reader->mutex);
    reader->ending = true;
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->mutex);
    pthread_join(reader->thread, NULL);
    for (uint32_t i = 0; i < reader->wish_count; i++)
        free((void *)(uintptr_t)reader->wishes[(reader->wish_first + i) % PSP_READER_WISHES_MAX]
                 .mend.payload);
    for (uint32_t i = 0; i < reader->result_count; i++)
        psp_journal_result_release(
            &reader->results[(reader->result_first + i) % PSP_READER_WISHES_MAX]);
    pthread_mutex_destroy(&reader->mutex);
    pthread_cond_destroy(&reader->changed);
    free(reader);
    *reader_at = NULL;
}

enum psp_status psp_journal_reader_push(struct psp_journal_reader *reader,
                                        const struct psp_journal_wish *wish)
{
    struct wish kept = {.wish = *wish};
    if (wish->mend != NULL) {
        assert(wish->mend->index > 0);
        uint8_t *copy = malloc(wish->mend->payload_bytes + 1);
        if (copy == NULL)
            return PSP_ENOMEM;
        if (wish->mend->payload_bytes > 0)
            memcpy(copy, wish->mend->payload, wish->mend->payload_bytes);
        kept.mend = *wish->mend;
        kept.mend.payload = copy;
    } else {
        assert(wish->last >= wish->first && wish->first > 0);
        assert(wish->records_max > 0 && wish->records_max <= PSP_READER_RECORDS_MAX);
    }
    pthread_mutex_lock(&reader->mutex);
    const bool room = reader->wish_count + reader->result_count < PSP_READER_WISHES_MAX;
    if (room) {
        reader->wishes[(reader->wish_first + reader->wish_count++) % PSP_READER_WISHES_MAX] = kept;
        pthread_cond_signal(&reader->changed);
    }
    pthread_mutex_unlock(&reader->mutex);
    if (!room)
        free((void *)(uintptr_t)kept.mend.payload);
    return room ? PSP_OK : PSP_EBUSY;
}

bool psp_journal_reader_take(struct psp_journal_reader *reader,
                             struct psp_journal_result *ret_result)
{
    pthread_mutex_lock(&reader->mutex);
    const bool has = reader->result_count > 0;
    if (has) {
        *ret_result = reader->results[reader->result_first];
        reader->result_first = (reader->result_first + 1) % PSP_READER_WISHES_MAX;
        reader->result_count--;
        assert(ret_result->mended || ret_result->n == 0 || ret_result->records != NULL);
    }
    pthread_mutex_unlock(&reader->mutex);
    return has;
}

void psp_journal_result_release(struct psp_journal_result *result)
{
    free(result->records);
    free(result->bytes);
    *result = (struct psp_journal_result){0};
}
