/* What a majority of logs hold is decided here by their terms, and checked byte by
 * byte: two replicas that name the same term may still have been damaged apart. */
#include "cli/audit/logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

void psp_logs_open(const struct psp_local *local, const struct psp_cluster_shard *shard,
                   struct psp_logs *ret_logs)
{
    *ret_logs = (struct psp_logs){.replicas = shard->replica_count, .shard = shard->shard};
    for (uint32_t r = 0; r < shard->replica_count; r++) {
        struct psp_reason reason = {0};
        char *path = psp_local_path(local, "data/shard-%u-%u/log", shard->shard, r);
        struct psp_journal_options options = {
            .directory = path, .shard = shard->shard, .read_only = true, .format_1_too = true};
        memcpy(options.cluster_id, local->cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
        const enum psp_status status = psp_journal_open(&options, &ret_logs->logs[r], &reason);
        ret_logs->paths[r] = path;
        if (status != PSP_OK)
            ret_logs->unreadable[r] = psp_memory_copy(psp_reason_text(&reason, status));
    }
}

void psp_logs_close(struct psp_logs *logs)
{
    for (uint32_t r = 0; r < PSP_REPLICAS_MAX; r++) {
        if (logs->logs[r])
            psp_journal_close(&logs->logs[r]);
        free(logs->paths[r]);
        free(logs->unreadable[r]);
    }
    *logs = (struct psp_logs){0};
}

/* How many logs hold `index` with the term that this replica's has. */
static uint32_t holders(const struct psp_logs *logs, uint32_t replica, uint64_t index)
{
    uint64_t term = 0, other = 0;
    uint32_t n = 0;
    if (!logs->logs[replica] || psp_journal_term(logs->logs[replica], index, &term) != PSP_OK)
        return 0;
    for (uint32_t r = 0; r < logs->replicas; r++)
        n += logs->logs[r] && psp_journal_term(logs->logs[r], index, &other) == PSP_OK &&
             other == term;
    return n;
}

enum psp_status psp_logs_agreed(const struct psp_logs *logs, uint64_t *ret_index,
                                uint32_t *ret_replica, struct psp_reason *reterr_reason)
{
    const uint32_t majority = logs->replicas / 2 + 1;
    uint64_t index = 0;
    for (uint32_t r = 0; r < logs->replicas; r++)
        if (logs->logs[r] && psp_journal_last(logs->logs[r]) > index)
            index = psp_journal_last(logs->logs[r]);
    for (; index > 0; index--)
        for (uint32_t r = 0; r < logs->replicas; r++)
            if (holders(logs, r, index) >= majority) {
                *ret_index = index;
                *ret_replica = r;
                return PSP_OK;
            }
    const char *why = NULL;
    for (uint32_t r = 0; r < logs->replicas && !why; r++)
        why = logs->unreadable[r];
    psp_reason_set(reterr_reason, "no index is held by %" PRIu32 " of %" PRIu32 " logs%s%s",
                   majority, logs->replicas, why ? ": " : "", why ? why : "");
    return PSP_ENOENT;
}

/* True: both hold the record, byte by byte. */
static bool same(const struct psp_journal *a, const struct psp_journal *b, uint64_t index,
                 uint8_t *buffers[2], size_t sizes[2])
{
    struct psp_record left, right;
    return psp_journal_read(a, index, &buffers[0], &sizes[0], &left) == PSP_OK &&
           psp_journal_read(b, index, &buffers[1], &sizes[1], &right) == PSP_OK &&
           left.term == right.term && left.type == right.type &&
           left.payload_bytes == right.payload_bytes &&
           (left.payload_bytes == 0 ||
            memcmp(left.payload, right.payload, left.payload_bytes) == 0);
}

uint64_t psp_logs_difference(const struct psp_logs *logs, uint32_t reference, uint32_t replica,
                             uint64_t index)
{
    uint8_t *buffers[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    const uint64_t last = psp_journal_last(logs->logs[replica]);
    uint64_t i = psp_journal_first(logs->logs[replica]);
    while (i <= index && i <= last &&
           same(logs->logs[reference], logs->logs[replica], i, buffers, sizes))
        i++;
    free(buffers[0]);
    free(buffers[1]);
    return i <= index && i <= last ? i : 0;
}
