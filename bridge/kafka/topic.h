/*
 * topic - how a topic is set up: what a door must know before it trusts it.
 *
 * Asked for with _ask, which does not wait, and read out of the event that answers.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_KAFKA_TOPIC_H
#define PSP_BRIDGE_KAFKA_TOPIC_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "base/reason.h"

/* The answer comes into the queue within `timeout_ms`, as an event: rd_kafka_queue_poll. */
void psp_bridge_kafka_topic_ask(rd_kafka_t *client, const char *topic, int timeout_ms,
                                rd_kafka_queue_t *queue);
/* A setting of the topic ("cleanup.policy") as the brokers have it. PSP_ENOENT: no such topic
 * or setting; PSP_EPERM: not for this user; PSP_EUNREACHABLE: no answer in time, or a broker
 * that cannot say. Each with a reason. */
enum psp_status psp_bridge_kafka_topic_answer(rd_kafka_event_t *event, const char *topic,
                                              const char *name, char *ret_value, size_t size,
                                              struct psp_reason *reterr_reason);

#endif
