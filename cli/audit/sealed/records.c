/* One of two: a log that is asked for an index, or chunks that are read one after another. */
#include "cli/audit/sealed/records.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"
#include "seal/opener.h"

struct psp_records {
    uint64_t next;
    /* of a log */
    struct psp_journal *log;
    uint8_t *buffer;
    size_t size;
    /* of a backup */
    struct psp_sealed_shard sealed;
    uint8_t public_key[PSP_KEY_BYTES], secret_key[PSP_KEY_BYTES];
    size_t chunk; /* the one that is open, or is next */
    FILE *file;   /* NULL: none is open */
    struct psp_opener *opener;
};

enum psp_status psp_records_of_log(const struct psp_journal_options *options,
                                   struct psp_records **ret_records,
                                   struct psp_reason *reterr_reason)
{
    struct psp_records *records = psp_memory_array(1, sizeof *records);
    const enum psp_status status = psp_journal_open(options, &records->log, reterr_reason);
    records->next = 1;
    if (status == PSP_OK)
        *ret_records = records;
    else
        free(records);
    return status;
}

enum psp_status psp_records_of_sealed(const struct psp_sealed_shard *sealed,
                                      struct psp_records **ret_records,
                                      struct psp_reason *reterr_reason)
{
    struct psp_records *records = psp_memory_array(1, sizeof *records);
    records->next = 1;
    records->sealed = *sealed;
    if (psp_key_bytes(sealed->auditor->public_z85, records->public_key) != PSP_OK ||
        psp_key_bytes(sealed->auditor->secret_z85, records->secret_key) != PSP_OK) {
        psp_reason_set(reterr_reason, "the auditor's key is none");
        psp_records_close(&records);
        return PSP_EINVAL;
    }
    *ret_records = records;
    return PSP_OK;
}

static void close_chunk(struct psp_records *records)
{
    psp_opener_destroy(&records->opener);
    if (records->file)
        fclose(records->file);
    records->file = NULL;
}

void psp_records_close(struct psp_records **records_at)
{
    struct psp_records *records = *records_at;
    if (!records)
        return;
    psp_journal_close(&records->log);
    close_chunk(records);
    explicit_bzero(records->secret_key, sizeof records->secret_key);
    free(records->buffer);
    free(records);
    *records_at = NULL;
}

uint64_t psp_records_first(const struct psp_records *records)
{
    return records->log ? psp_journal_first(records->log) : 1;
}

uint64_t psp_records_last(const struct psp_records *records)
{
    if (records->log)
        return psp_journal_last(records->log);
    const struct psp_backup_shard *shard = records->sealed.shard;
    return shard->chunk_count == 0 ? 0 : shard->chunks[shard->chunk_count - 1].last;
}

static void explain(const struct psp_records *records, const struct psp_backup_chunk *chunk,
                    enum psp_status status, struct psp_reason *reterr_reason)
{
    const struct psp_sealed_shard *sealed = &records->sealed;
    char *path = psp_chunk_path(sealed->folder, sealed->shard->shard, chunk->first, chunk->last);
    if (status == PSP_EPERM)
        psp_reason_set(reterr_reason,
                       "%s was not sealed for this auditor's key; the key of another auditor in "
                       "cluster.json opens it",
                       path);
    else if (status == PSP_ECORRUPT)
        psp_reason_set(reterr_reason, "%s: what is sealed in it is damaged, or not whole", path);
    else if (status == PSP_EMISMATCH)
        psp_reason_set(reterr_reason, "%s holds other records than its name says", path);
    else
        psp_reason_set_status(reterr_reason, path, status);
    free(path);
}

static enum psp_status open_chunk(struct psp_records *records, const struct psp_backup_chunk *chunk,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_opener_options options = {.range = psp_sealed_range(&records->sealed, chunk),
                                               .public_key = records->public_key,
                                               .secret_key = records->secret_key};
    enum psp_status status = psp_chunk_open(&records->sealed, chunk, &records->file, reterr_reason);
    if (status != PSP_OK)
        return status;
    status = psp_opener_create(records->file, &options, &records->opener);
    if (status != PSP_OK)
        explain(records, chunk, status, reterr_reason);
    return status;
}

static enum psp_status next_sealed(struct psp_records *records, struct psp_record *ret_record,
                                   struct psp_reason *reterr_reason)
{
    const struct psp_backup_shard *shard = records->sealed.shard;
    while (records->chunk < shard->chunk_count) {
        const struct psp_backup_chunk *chunk = &shard->chunks[records->chunk];
        enum psp_status status = PSP_OK;
        if (!records->opener)
            status = open_chunk(records, chunk, reterr_reason);
        if (status != PSP_OK)
            return status;
        status = psp_opener_next(records->opener, ret_record);
        if (status == PSP_OK)
            return PSP_OK;
        if (status != PSP_ENOENT) {
            explain(records, chunk, status, reterr_reason);
            return status;
        }
        close_chunk(records);
        records->chunk++;
    }
    psp_reason_set(reterr_reason, "the backup ends before index %" PRIu64, records->next);
    return PSP_ENOENT;
}

enum psp_status psp_records_next(struct psp_records *records, struct psp_record *ret_record,
                                 struct psp_reason *reterr_reason)
{
    enum psp_status status;
    if (records->log) {
        status = psp_journal_read(records->log, records->next, &records->buffer, &records->size,
                                  ret_record);
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "the journal at index %" PRIu64 ": %s", records->next,
                           psp_status_text(status));
    } else {
        status = next_sealed(records, ret_record, reterr_reason);
    }
    if (status == PSP_OK)
        records->next++;
    return status;
}
