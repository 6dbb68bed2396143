/*
 * source - ballots out of Kafka, each exactly once: reader, libpsephos, dead letters.
 *
 *     reader -> message -> libpsephos -> verdict -.-> counted ------------> final
 *                  |                              '-> refused  -> letter -> acknowledged: final
 *                  |-> unreadable ------------------------------^
 *                  '-> tombstone ------------------------------------------> final
 *
 * What is final moves its partition's mark, and only the mark is stored as the group's
 * offset. Killed at any moment, or its partitions given to another, whoever goes on reads
 * some messages again; their ballots have the same IDs and are `replayed`.
 *
 * The group's name ends in the sum of the shards' epochs: after a restore from a backup all
 * of the topic is read again, by a group in which nobody has an older place.
 *
 * Ballots of one partition that are of one voter leave in their order; of two partitions
 * they have none. They are shuffled by PSP_BRIDGE_SOURCE_POOL, as libpsephos does.
 *
 * Ownership: borrows its options.   Threads: create and destroy from one, run in any one.
 * Memory:    PSP_BRIDGE_SOURCE_INFLIGHT ballots (with "whole": their messages, too), marks,
 *            letters, and what librdkafka fetches ahead (its settings).
 */
#ifndef PSP_BRIDGE_SOURCE_H
#define PSP_BRIDGE_SOURCE_H

#include <stdint.h>

#include "base/reason.h"
#include "bridge/config/config.h"
#include "bridge/kafka_in/ask.h"
#include "bridge/local/stats.h"
#include "bridge/local/stop.h"
#include "election/definition/definition.h"

enum {
    PSP_BRIDGE_SOURCE_INFLIGHT = 1 << 16, /* ballots without a verdict */
    PSP_BRIDGE_SOURCE_POOL = 4096,        /* ballots that leave in an order of chance */
    PSP_BRIDGE_SOURCE_POOL_MS = 200,      /* the longest that one waits for it */
};

struct psp_bridge_source;

struct psp_bridge_source_options {
    const struct psp_bridge_kafka_in_config *config;
    const char *cluster_path;
    const uint8_t *cluster_id; /* PSP_CLUSTER_ID_BYTES */
    const struct psp_definition *definition;
    struct psp_bridge_collectors collectors;
    struct psp_bridge_stats *stats;
    struct psp_bridge_stop *stop;
    uint64_t seed;
};

/* Reads secrets and settings; connects nowhere. Each failure has a reason that says what to do:
 * of psp_secret_load (a missing file of the ballot IDs is never made), psp_bridge_kafka_make. */
enum psp_status psp_bridge_source_create(const struct psp_bridge_source_options *options,
                                         struct psp_bridge_source **ret_source,
                                         struct psp_reason *reterr_reason);
void psp_bridge_source_destroy(struct psp_bridge_source **source);

/* Until the stop is asked for: PSP_OK, with what is on the way made final as far as
 * PSP_BRIDGE_INTAKE_END_MS allow, stored and committed. Any other: it cannot go on, and why. */
enum psp_status psp_bridge_source_run(struct psp_bridge_source *source,
                                      struct psp_reason *reterr_reason);

#endif
