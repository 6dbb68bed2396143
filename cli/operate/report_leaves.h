/*
 * report_leaves - which leaves a report is about, marked one by one, and their bytes.
 *
 * Ownership: the marks are the caller's.
 * Threads:   any.
 */
#ifndef PSP_REPORT_LEAVES_H
#define PSP_REPORT_LEAVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "cli/operate/operate.h"
#include "election/definition/definition.h"

/* The unit, or all leaves below it. `marks`: leaf_count of them. */
void psp_report_leaves_of_unit(const struct psp_definition *definition, uint32_t unit, bool *marks);

/* Of a leaf: in how many shards it was ever reported, and is final. */
struct psp_report_leaf {
    uint32_t reported, final;
};

/* Adds what a shard was ever told a report of, from all that it has. `leaves`: leaf_count
 * of them. PSP_ECORRUPT: it tells something else; otherwise as psp_operate_shard. */
enum psp_status psp_report_leaves_of_shard(struct psp_operate *operate, uint32_t shard,
                                           uint64_t timeout_ms, uint32_t leaf_count,
                                           struct psp_report_leaf *leaves,
                                           struct psp_reason *reterr_reason);

/* As a report has them (wire/message/report.h); malloc'ed, the caller's. */
uint8_t *psp_report_leaves_bytes(const bool *marks, uint32_t leaf_count, size_t *ret_length,
                                 uint32_t *ret_n);

#endif
