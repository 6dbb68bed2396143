/* A signature is of a file's hash, so the file is read whole first. */
#include "cli/audit/sealed/chunks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"
#include "cluster/sign.h"
#include "seal/opener.h"
#include "seal/position.h"

enum { NAME_BYTES = 16 + 1 + 16 };

static const char ending[] = ".sealed";

char *psp_chunk_path(const char *folder, uint32_t shard, uint64_t first, uint64_t last)
{
    return psp_memory_print("%s/shard-%" PRIu32 "/%016" PRIx64 "-%016" PRIx64 "%s", folder, shard,
                            first, last, ending);
}

bool psp_chunk_name_read(const char *name, uint64_t *ret_first, uint64_t *ret_last)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(name) != NAME_BYTES + sizeof ending - 1 || strcmp(name + NAME_BYTES, ending) != 0 ||
        strspn(name, digits) != 16 || name[16] != '-' || strspn(name + 17, digits) != 16)
        return false;
    *ret_first = strtoull(name, NULL, 16);
    *ret_last = strtoull(name + 17, NULL, 16);
    return true;
}

struct psp_chunk_range psp_sealed_range(const struct psp_sealed_shard *sealed,
                                        const struct psp_backup_chunk *chunk)
{
    struct psp_chunk_range range = {.shard = sealed->shard->shard,
                                    .epoch = sealed->backup->epoch,
                                    .first = chunk->first,
                                    .last = chunk->last};
    memcpy(range.cluster_id, sealed->backup->cluster_id, PSP_CLUSTER_ID_BYTES);
    return range;
}

enum psp_status psp_sealed_check(const struct psp_sealed_shard *sealed,
                                 struct psp_reason *reterr_reason)
{
    const struct psp_backup_shard *shard = sealed->shard;
    uint8_t statement[PSP_POSITION_STATEMENT_BYTES];
    struct psp_seal_position position = {.epoch = sealed->backup->epoch,
                                         .index = shard->index,
                                         .term = shard->term,
                                         .received = shard->received,
                                         .counted = shard->counted,
                                         .mode = sealed->backup->mode};
    memcpy(position.state_hash, shard->state_hash, PSP_HASH_BYTES);
    psp_position_statement(sealed->backup->cluster_id, shard->shard, &position, statement);
    if (psp_sign_verify(sealed->signing_key, PSP_POSITION_CONTEXT, statement, sizeof statement,
                        shard->signature))
        return PSP_OK;
    psp_reason_set(reterr_reason,
                   "%s/backup.json: what it says of shard %" PRIu32
                   " was not signed by the shard (signing_key in cluster.json): it was changed, or "
                   "is of another cluster",
                   sealed->folder, shard->shard);
    return PSP_EMISMATCH;
}

static enum psp_status check_file(const struct psp_sealed_shard *sealed,
                                  const struct psp_backup_chunk *chunk, FILE *file)
{
    uint8_t hash[PSP_HASH_BYTES], statement[PSP_CHUNK_STATEMENT_BYTES];
    const struct psp_chunk_range range = psp_sealed_range(sealed, chunk);
    const enum psp_status status = psp_opener_hash(file, hash);
    if (status != PSP_OK)
        return status;
    psp_chunk_statement(&range, chunk->records_hash, hash, statement);
    return psp_sign_verify(sealed->signing_key, PSP_CHUNK_CONTEXT, statement, sizeof statement,
                           chunk->signature)
               ? PSP_OK
               : PSP_EMISMATCH;
}

enum psp_status psp_chunk_open(const struct psp_sealed_shard *sealed,
                               const struct psp_backup_chunk *chunk, FILE **ret_file,
                               struct psp_reason *reterr_reason)
{
    char *path = psp_chunk_path(sealed->folder, sealed->shard->shard, chunk->first, chunk->last);
    FILE *file = fopen(path, "rb");
    enum psp_status status = file ? check_file(sealed, chunk, file) : PSP_EIO;
    if (!file) {
        status = errno == ENOENT ? PSP_ENOENT : PSP_EIO;
        psp_reason_set(reterr_reason, "%s: %s", path, strerror(errno));
    } else if (status == PSP_EMISMATCH) {
        psp_reason_set(reterr_reason,
                       "%s is not what shard %" PRIu32 " signed: it was changed, cut short, or is "
                       "another one's",
                       path, sealed->shard->shard);
    } else if (status != PSP_OK) {
        psp_reason_set_status(reterr_reason, path, status);
    }
    free(path);
    if (status == PSP_OK)
        *ret_file = file;
    else if (file)
        fclose(file);
    return status;
}
