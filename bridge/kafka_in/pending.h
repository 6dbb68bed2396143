/*
 * pending - messages whose ballots have no verdict yet, by the cookie of their ballot.
 *
 * Ownership: owns what it keeps of a message.   Threads: one owner.
 * Memory:    64 bytes a message and, when whole, the message.
 */
#ifndef PSP_BRIDGE_PENDING_H
#define PSP_BRIDGE_PENDING_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "bridge/kafka_in/group/reader.h"

struct psp_bridge_pending {
    struct psp_bridge_ticket ticket;
    const char *topic; /* of bridge.json; NULL: the record is free */
    int32_t partition;
    int64_t offset, time_ms;
    rd_kafka_message_t *message; /* NULL unless whole */
    char *doubt;                 /* NULL: none, or not whole */
    uint32_t next;               /* of those that are free */
};

struct psp_bridge_pendings { /* zero-initialise */
    struct psp_bridge_pending *records;
    uint32_t count, used, free;
};

/* PSP_ENOMEM. */
enum psp_status psp_bridge_pendings_init(struct psp_bridge_pendings *pendings, uint32_t count);
void psp_bridge_pendings_free(struct psp_bridge_pendings *pendings);

/* No more can be added. */
static inline bool psp_bridge_pendings_full(const struct psp_bridge_pendings *pendings)
{
    return pendings->used == pendings->count;
}

/* There is room. Returns the cookie. The message is kept when `whole`, else destroyed by
 * its owner. PSP_NONE: out of memory. */
uint32_t psp_bridge_pendings_add(struct psp_bridge_pendings *pendings,
                                 struct psp_bridge_ticket ticket, const char *topic,
                                 rd_kafka_message_t *message, bool whole, const char *doubt);
struct psp_bridge_pending *psp_bridge_pendings_at(struct psp_bridge_pendings *pendings,
                                                  uint64_t cookie);
void psp_bridge_pendings_remove(struct psp_bridge_pendings *pendings, uint64_t cookie);

#endif
