/*
 * topics - the topics that a bridge writes, as brokers have them.
 *
 * Made where they are not there. One that is there and cannot do what is promised of it is
 * refused, with what to change: the pages' topics need cleanup.policy=delete and one
 * partition, since older records are deleted by offset; psephos.results needs
 * cleanup.policy=compact alone, since the newest record of a key must stay.
 *
 * Threads: one owner. Each call waits for brokers, at most a second at a time.
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_TOPICS_H
#define PSP_BRIDGE_KAFKA_OUT_TOPICS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/local/stop.h"

/* PSP_EPERM: it is not as it must be, or may not be looked at; PSP_EAGAIN: no answer. */
enum psp_status psp_kafka_topic_ready(rd_kafka_t *client, const char *topic, bool compacted,
                                      struct psp_bridge_stop *stop,
                                      struct psp_reason *reterr_reason);

/* DeleteRecords in the only partition: all before `offset`, or, with RD_KAFKA_OFFSET_END, all
 * there is. PSP_EPERM: no right to; PSP_EAGAIN. */
enum psp_status psp_kafka_topic_trim(rd_kafka_t *client, const char *topic, int64_t offset,
                                     struct psp_bridge_stop *stop,
                                     struct psp_reason *reterr_reason);

#endif
