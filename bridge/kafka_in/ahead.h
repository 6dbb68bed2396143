/*
 * ahead - messages as ballots, read by threads of their own.
 *
 * A message's JSON and the hash that is its ballot ID cost more than all that is left to do for
 * it: so they are done beside that, on whatever core is free. The owner adds messages to a block
 * and hands it over; one of the threads reads it; the owner gets the messages back, read, in the
 * order in which it added them. While every thread is busy a block that is not full grows on.
 *
 * Ownership: of messages from `add` to `pop` or `clear`; borrows the definition.
 * Threads:   one owner.
 * Memory:    PSP_BRIDGE_AHEAD_BLOCKS blocks of PSP_BRIDGE_AHEAD_MESSAGES ballots, and the
 *            messages.
 */
#ifndef PSP_BRIDGE_AHEAD_H
#define PSP_BRIDGE_AHEAD_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "bridge/kafka_in/message.h"

enum {
    PSP_BRIDGE_AHEAD_THREADS = 2,
    PSP_BRIDGE_AHEAD_BLOCKS = 8,
    PSP_BRIDGE_AHEAD_MESSAGES = 512, /* of a block */
};

struct psp_bridge_ahead;

struct psp_bridge_ahead_options {
    const struct psp_definition *definition;
    enum psp_bridge_message_format format;
    const uint8_t *secret; /* PSP_BALLOT_SECRET_BYTES; copied */
    int wake_fd;           /* an eventfd, written to when a block is read */
};

struct psp_bridge_read { /* its texts and the ballot's bytes: until it is popped */
    rd_kafka_message_t *message;
    uint32_t round;         /* as it was added with */
    enum psp_status status; /* PSP_OK: a ballot; PSP_ENOENT: a tombstone; PSP_EINVAL: neither,
                               and `text` says why; PSP_ENOMEM */
    const char *text;       /* of a ballot: what the definition says against it, or "" */
    struct psp_ballot ballot;
};

/* PSP_ENOMEM; PSP_EAGAIN: no thread can be had. */
enum psp_status psp_bridge_ahead_create(const struct psp_bridge_ahead_options *options,
                                        struct psp_bridge_ahead **ret_ahead);
void psp_bridge_ahead_destroy(struct psp_bridge_ahead **ahead);

/* A message can be added. */
bool psp_bridge_ahead_has_room(const struct psp_bridge_ahead *ahead);
void psp_bridge_ahead_add(struct psp_bridge_ahead *ahead, rd_kafka_message_t *message,
                          uint32_t round);
/* What was added is read, now or as soon as a thread is idle: then call it again. */
void psp_bridge_ahead_hand(struct psp_bridge_ahead *ahead);

/* The next message, when it has been read: the same until it is popped. */
bool psp_bridge_ahead_first(struct psp_bridge_ahead *ahead, struct psp_bridge_read *ret_read);
/* The message is the caller's now. */
void psp_bridge_ahead_pop(struct psp_bridge_ahead *ahead);

/* Destroys all messages, once nobody reads. */
void psp_bridge_ahead_clear(struct psp_bridge_ahead *ahead);

#endif
