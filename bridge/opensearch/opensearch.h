/*
 * opensearch - the target that a sink writes into OpenSearch or Elasticsearch.
 *
 * No transaction: a reader between two bulks sees rows of two versions, each with its own
 * `version`. But each row is whole and never goes backwards, and PREFIX-version says when all
 * of a version is there (version.h). After a whole answer the rows that did not come are
 * written as held.
 *
 * Ownership: borrows configuration, definition, stop and stats.   Threads: one owner.
 * Memory:    one answer (bridge/sink/rows.h) and a bulk.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_H
#define PSP_BRIDGE_OPENSEARCH_H

#include "bridge/config/config.h"
#include "bridge/local/stats.h"
#include "bridge/local/stop.h"
#include "bridge/sink/target.h"

/* Nothing is connected yet. PSP_ENOMEM. */
enum psp_status psp_opensearch_create(const struct psp_bridge_config *config,
                                      struct psp_bridge_stop *stop, struct psp_bridge_stats *stats,
                                      struct psp_bridge_target *ret_target);
void psp_opensearch_destroy(struct psp_bridge_target *target);

#endif
