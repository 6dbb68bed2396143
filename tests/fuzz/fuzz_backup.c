/* Any bytes as backup.json: refused with words, or chunks that follow on, and written again the
 * same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/sealed/backup_folder.h"
#include "seal/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/psp-fuzz-backup-XXXXXX";
static char path[sizeof folder + 16];

static void end(void)
{
    remove(path);
    remove(folder);
}

static void begin(void)
{
    if (path[0] != '\0')
        return;
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/backup.json", folder);
    atexit(end);
}

static void check_shard(const struct psp_backup_shard *shard)
{
    uint64_t next = 1;
    for (size_t i = 0; i < shard->chunk_count; i++) {
        assert(shard->chunks[i].first == next && psp_chunk_range_good(next, shard->chunks[i].last));
        next = shard->chunks[i].last + 1;
    }
    assert(shard->index < next);
}

static bool same(const struct psp_backup_shard *a, const struct psp_backup_shard *b)
{
    return a->index == b->index && a->chunk_count == b->chunk_count &&
           memcmp(a->signature, b->signature, sizeof a->signature) == 0 &&
           (a->chunk_count == 0 ||
            memcmp(a->chunks, b->chunks, a->chunk_count * sizeof *a->chunks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct psp_backup backup, again;
    struct psp_reason reason = {0};
    begin();
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    if (psp_backup_load(folder, &backup, &reason) != PSP_OK) {
        assert(reason.text[0] != '\0' && backup.shards == NULL);
        return 0;
    }
    if (backup.format == PSP_BACKUP_FORMAT) {
        for (uint32_t i = 0; i < backup.shard_count; i++)
            check_shard(&backup.shards[i]);
        if (psp_backup_store(&backup, folder, &reason) != PSP_OK ||
            psp_backup_load(folder, &again, &reason) != PSP_OK)
            abort();
        assert(again.shard_count == backup.shard_count);
        for (uint32_t i = 0; i < backup.shard_count; i++)
            assert(same(&backup.shards[i], &again.shards[i]));
        psp_backup_free(&again);
    }
    psp_backup_free(&backup);
    return 0;
}
