/*
 * kafka_out - the target that a sink writes into Kafka: what changed, and the sets that the
 * voting demos' pages read.
 *
 * An answer of /changes is one transaction: its results with their version, both sets whole
 * where they changed, and the record that says what the topics hold now (held.h). Once it is
 * committed, what is older in the sets' topics is deleted. Killed in between, the next one
 * writes the newest whole and deletes again.
 *
 * Ownership: borrows configuration, definition and stop.   Threads: one owner.
 * Memory:    one answer (rows.h) and librdkafka's queue.
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_H
#define PSP_BRIDGE_KAFKA_OUT_H

#include "bridge/config/config.h"
#include "bridge/local/stats.h"
#include "bridge/local/stop.h"
#include "bridge/sink/target.h"

/* Nothing is connected yet. PSP_ENOMEM. */
enum psp_status psp_kafka_out_create(const struct psp_bridge_config *config,
                                     struct psp_bridge_stop *stop, struct psp_bridge_stats *stats,
                                     struct psp_bridge_target *ret_target);
/* Closed before, or not. */
void psp_kafka_out_destroy(struct psp_bridge_target *target);

#endif
