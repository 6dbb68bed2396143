/*
 * reader - the partitions that a group gives to this bridge, and how far each is done.
 *
 *     IDLE --assigned--> PLACING --every start is known--> READING --revoked--> GIVING_UP --.
 *      ^ ^                  | lost                            | lost                        |
 *      | `------------------+---------------------------------'                             |
 *      `------------------------------------------------- given up: stored, committed ------'
 *
 * Where a partition begins is said by the bridge, never by auto.offset.reset: at what the
 * group has committed; at the earliest offset when it has committed nothing, or what it has
 * is not there any more. The last, and an earliest offset above 0 where nothing was
 * committed, means messages that nobody has read: an alarm, before the first message.
 *
 * What is stored (and committed by librdkafka within a second, and when a partition is given
 * up) is the mark of bridge/core/marks.h. auto.offset.store is off.
 *
 * librdkafka 2.0.2 has faults in consume_batch, seek_partitions and cooperative
 * assignment: none is used here. Messages are polled one by one, partitions are given back
 * whole, and another place to read from is another assign().
 *
 * Ownership: a message is the caller's, rd_kafka_message_destroy.
 * Threads:   one owner; calls block for a second at most.
 * Memory:    64 messages, marks, and what librdkafka fetches ahead.
 */
#ifndef PSP_BRIDGE_READER_H
#define PSP_BRIDGE_READER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/config/config.h"
#include "bridge/local/stats.h"

enum {
    PSP_BRIDGE_READER_CALL_MS = 1000,
    PSP_BRIDGE_READER_STORE_MS = 100,  /* between two stores of the marks */
    PSP_BRIDGE_READER_CLOSE_MS = 3000, /* of leaving the group */
    PSP_BRIDGE_PARTITIONS_MAX = 4096,
    PSP_BRIDGE_READER_TEXT_BYTES = 400,
};

/* Names a message that was taken. */
struct psp_bridge_ticket {
    uint32_t partition, generation;
    uint64_t sequence;
};

struct psp_bridge_reader;

struct psp_bridge_reader_options {
    const struct psp_bridge_kafka_in_config *config;
    const char *group; /* whole name */
    int wake_fd;       /* an eventfd that is written to when there is something to read */
    struct psp_bridge_stats *stats;
    uint32_t *generation; /* counts partitions' assignments, over all readers of a process */
};

/* Joins the group. Statuses of psp_bridge_kafka_make and _open, with the reason; PSP_ENOMEM. */
enum psp_status psp_bridge_reader_create(const struct psp_bridge_reader_options *options,
                                         struct psp_bridge_reader **ret_reader,
                                         struct psp_reason *reterr_reason);
/* Leaves it, with all marks stored. */
void psp_bridge_reader_destroy(struct psp_bridge_reader **reader);

/* Whatever is to be done beside reading: places, stores. */
void psp_bridge_reader_turn(struct psp_bridge_reader *reader, uint64_t now_ms);

/* The next message, whose err is none; NULL: none now. `wanted` false: only the group is
 * served, and partitions that still send are paused. */
rd_kafka_message_t *psp_bridge_reader_next(struct psp_bridge_reader *reader, bool wanted);
/* Rises when partitions are placed anew: what was given out before must not be taken any more,
 * for what lies before it may not have been. */
uint32_t psp_bridge_reader_round(const struct psp_bridge_reader *reader);

/* Promises to say when it is final. PSP_EBUSY: too many of its partition are open; PSP_STALE:
 * its partition was given up meanwhile; PSP_ENOMEM. */
enum psp_status psp_bridge_reader_take(struct psp_bridge_reader *reader,
                                       const rd_kafka_message_t *message,
                                       struct psp_bridge_ticket *ret_ticket);
/* Of a partition that was given up: nothing happens. */
void psp_bridge_reader_final(struct psp_bridge_reader *reader, struct psp_bridge_ticket ticket);

/* Partitions are to be given up: when what is open has become final, or it takes too long,
 * psp_bridge_reader_give_up. */
bool psp_bridge_reader_giving_up(const struct psp_bridge_reader *reader);
void psp_bridge_reader_give_up(struct psp_bridge_reader *reader);
/* Messages taken and not final (or behind one that is not). */
uint64_t psp_bridge_reader_open(const struct psp_bridge_reader *reader);

/* Messages of this bridge's partitions that are not behind their marks, as last known. */
uint64_t psp_bridge_reader_lag(const struct psp_bridge_reader *reader);
bool psp_bridge_reader_reading(const struct psp_bridge_reader *reader);
/* What is wrong now; "": nothing. `alarm`: what was lost, for good. */
const char *psp_bridge_reader_trouble(const struct psp_bridge_reader *reader);
const char *psp_bridge_reader_alarm(const struct psp_bridge_reader *reader);

#endif
