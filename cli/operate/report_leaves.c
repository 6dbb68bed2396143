/* A mark a leaf: units may be given twice, or with one above them. */
#include "cli/operate/report_leaves.h"

#include "cli/say/memory.h"
#include "wire/message/report.h"

void psp_report_leaves_of_unit(const struct psp_definition *definition, uint32_t unit, bool *marks)
{
    for (uint32_t leaf = definition->units[unit].leaf_first;
         leaf < definition->units[unit].leaf_end; leaf++)
        marks[leaf] = true;
}

enum psp_status psp_report_leaves_of_shard(struct psp_operate *operate, uint32_t shard,
                                           uint64_t timeout_ms, uint32_t leaf_count,
                                           struct psp_report_leaf *leaves,
                                           struct psp_reason *reterr_reason)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_WATCH};
    const struct psp_cluster_message *answer = NULL;
    struct psp_leaf_report report;
    uint32_t process = 0;
    const enum psp_status status =
        psp_operate_shard(operate, shard, &request, timeout_ms, &answer, &process, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_bytes bytes = answer->partial.reports;
    for (uint32_t next = 0, leaf; bytes.length > 0;) {
        if (!psp_leaf_report_next(&bytes, &next, leaf_count, &leaf, &report))
            return psp_reason_set_status(reterr_reason, "what it tells of its reports",
                                         PSP_ECORRUPT);
        leaves[leaf].reported++;
        leaves[leaf].final += report.final;
    }
    return PSP_OK;
}

uint8_t *psp_report_leaves_bytes(const bool *marks, uint32_t leaf_count, size_t *ret_length,
                                 uint32_t *ret_n)
{
    uint8_t *bytes = psp_memory_array((size_t)leaf_count + 1, PSP_VARINT32_BYTES_MAX);
    size_t length = 0;
    uint32_t n = 0, next = 0;
    for (uint32_t leaf = 0; leaf < leaf_count; leaf++) {
        if (!marks[leaf])
            continue;
        length += psp_leaf_put(next, leaf, bytes + length);
        next = leaf + 1;
        n++;
    }
    *ret_length = length;
    *ret_n = n;
    return bytes;
}
