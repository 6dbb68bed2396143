/*
 * writer - the one writer of a bridge's topics: librdkafka's producer, in transactions.
 *
 * transactional.id is the bridge's name. Who opens a writer ends what an older one of that
 * name left half done, and shuts it out: a process that was stopped and wakes up cannot
 * commit any more (PSP_EPERM, which ends it with words). All other errors end the
 * transaction; where the library calls them fatal (its idempotent producer may lose its
 * count of what was sent) the writer is to be opened anew, which says `is_broken`.
 *
 * Nothing blocks for more than a second without looking whether the process is to end.
 *
 * Ownership: owns its client.   Threads: one owner.
 * Memory:    librdkafka's queue, 1 GB at most (queue.buffering.max.kbytes in settings).
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_WRITER_H
#define PSP_BRIDGE_KAFKA_OUT_WRITER_H

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/local/stop.h"

struct psp_kafka_writer;

struct psp_kafka_message {
    const char *topic;
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by the key */
    const char *key;
    size_t key_bytes;
    const void *value; /* NULL: a tombstone */
    size_t value_bytes;
    int64_t *first_offset; /* NULL, or lowered to where it stands, once committed; the caller's
                              until then, INT64_MAX at first */
};

/* Called from the second second on that no broker answers, several times. */
struct psp_kafka_trying {
    void (*call)(void *context);
    void *context;
};

/* Statuses of all that follow. PSP_EAGAIN: may be tried again, after closing where is_broken;
 * PSP_EPERM: shut out by another bridge of this name, or without the rights; PSP_EINVAL:
 * settings that librdkafka does not take. With a reason each. */
enum psp_status psp_kafka_writer_open(const json_t *settings, const char *name,
                                      const struct psp_kafka_trying *trying,
                                      struct psp_bridge_stop *stop,
                                      struct psp_kafka_writer **ret_writer,
                                      struct psp_reason *reterr_reason);
void psp_kafka_writer_close(struct psp_kafka_writer **writer);
bool psp_kafka_writer_is_broken(const struct psp_kafka_writer *writer);
/* For what is asked of brokers beside writing. */
rd_kafka_t *psp_kafka_writer_client(const struct psp_kafka_writer *writer);

/* Nothing is sent before; ended by commit or abort. */
enum psp_status psp_kafka_writer_begin(struct psp_kafka_writer *writer,
                                       struct psp_reason *reterr_reason);
/* Copies. */
enum psp_status psp_kafka_writer_send(struct psp_kafka_writer *writer,
                                      const struct psp_kafka_message *message,
                                      struct psp_reason *reterr_reason);
/* All of it or nothing. After a failure nothing is under way; whether it was committed is
 * known when a writer has been opened anew. */
enum psp_status psp_kafka_writer_commit(struct psp_kafka_writer *writer,
                                        struct psp_reason *reterr_reason);
/* Nothing of it; without a word. */
void psp_kafka_writer_abort(struct psp_kafka_writer *writer);

#endif
