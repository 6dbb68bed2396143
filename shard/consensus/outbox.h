/*
 * outbox - the messages of one call, as they go to the wire.
 *
 * Ownership: owns what it points at; valid until the next call.
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_OUTBOX_H
#define PSP_CONSENSUS_OUTBOX_H

#include <raft.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "shard/consensus/fields.h"
#include "wire/message/message.h"

/* Zero-initialise, set count to 0 to begin anew. */
struct psp_outbox {
    struct psp_raft_message *messages;
    uint64_t *to; /* raft IDs */
    uint64_t (*fields)[PSP_FIELDS_MAX];
    size_t count, capacity, to_capacity, field_capacity;
};

/* Adds a message, without its entries. PSP_ENOMEM. */
enum psp_status psp_outbox_push(struct psp_outbox *outbox, const struct raft_message *message);
void psp_outbox_free(struct psp_outbox *outbox);

#endif
