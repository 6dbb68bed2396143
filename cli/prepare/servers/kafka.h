/*
 * kafka - one topic: which keys are in it, and more messages into it.
 *
 * What is sent is idempotent for the broker and acknowledged by all replicas in sync; it
 * is in the topic when psp_kafka_flush says so, and not before.
 *
 * Ownership: owns its connections; keys and values stay the caller's.
 * Threads: one owner; librdkafka has its own.
 * Memory:  at most PSP_KAFKA_QUEUE messages that are not acknowledged.
 */
#ifndef PSP_PREPARE_SERVERS_KAFKA_H
#define PSP_PREPARE_SERVERS_KAFKA_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"

#define PSP_KAFKA_QUEUE 10000
#define PSP_KAFKA_WAIT_MS 15000

struct psp_kafka;

/* `brokers`: "host:port,host:port". A topic that is not there is made by the brokers, where
 * they do that. Waits PSP_KAFKA_WAIT_MS at most. PSP_EINVAL: no such brokers; PSP_EIO: they
 * do not answer, or there is no such topic. */
enum psp_status psp_kafka_open(const char *brokers, const char *topic, struct psp_kafka **ret_kafka,
                               struct psp_reason *reterr_reason);
/* What was not flushed may or may not arrive. Takes NULL, too. */
void psp_kafka_close(struct psp_kafka **kafka);

/* Hands over the key of every message that is in the topic now; NULL, 0 where it has none.
 * PSP_EIO. */
enum psp_status psp_kafka_keys(struct psp_kafka *kafka,
                               void (*take)(void *context, const char *key, size_t bytes),
                               void *context, struct psp_reason *reterr_reason);

/* Copies both. Waits while the queue is full. PSP_EIO: a message did not arrive. */
enum psp_status psp_kafka_send(struct psp_kafka *kafka, const char *key, const char *value,
                               size_t value_bytes, struct psp_reason *reterr_reason);
/* Until all that was sent is acknowledged. PSP_EIO. */
enum psp_status psp_kafka_flush(struct psp_kafka *kafka, struct psp_reason *reterr_reason);

#endif
