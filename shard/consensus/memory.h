/*
 * memory - what the consensus wrapper remembers beside libraft: the
 * appends on their way to the disk, the configuration entries of the log, and
 * the messages of one call.
 *
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_MEMORY_H
#define PSP_CONSENSUS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "shard/consensus/consensus.h"
#include "wire/message/message.h"

struct psp_append {
    uint64_t number, first, last; /* entries [first, last] */
};

/* A queue; zero-initialise, with next_number 1. */
struct psp_appends {
    uint64_t next_number;
    struct psp_append *items; /* [first, end) */
    size_t first, end, capacity;
};

/* Takes the next number. PSP_ENOMEM. */
enum psp_status psp_appends_push(struct psp_appends *appends, uint64_t first, uint64_t last);
/* Takes out all up to `number`; returns the highest index that is durable and
 * not about to be replaced by a later one, 0 for none. */
uint64_t psp_appends_done(struct psp_appends *appends, uint64_t number);
void psp_appends_clear(struct psp_appends *appends); /* numbers go on */
void psp_appends_free(struct psp_appends *appends);

struct psp_configuration {
    uint64_t index;
    uint8_t *bytes;
    size_t length;
    bool applied;
};

/* By index, ascending; zero-initialise. */
struct psp_configurations {
    struct psp_configuration *items;
    size_t count, capacity;
};

/* Copies the bytes. PSP_ENOMEM. */
enum psp_status psp_configurations_keep(struct psp_configurations *configurations, uint64_t index,
                                        const void *bytes, size_t length, bool applied);
/* Those of the durable state; `first`: the bootstrap. PSP_ENOMEM. */
enum psp_status psp_configurations_start(struct psp_configurations *configurations,
                                         const struct psp_consensus_start *start,
                                         const struct psp_record *first);
/* Forgets those at `from` and after. */
void psp_configurations_cut(struct psp_configurations *configurations, uint64_t from);
/* The newest at or below `index`, NULL for none. */
const struct psp_configuration *psp_configurations_at(
    const struct psp_configurations *configurations, uint64_t index);
/* The first that is not applied though committed, NULL for none. */
struct psp_configuration *psp_configurations_unapplied(struct psp_configurations *configurations,
                                                       uint64_t commit_index);
void psp_configurations_free(struct psp_configurations *configurations);

/* Grows *array to at least n elements; false: out of memory. */
bool psp_reserve(void **array, size_t *capacity, size_t n, size_t element_bytes);

enum { PSP_FIELDS_MAX = 7 };

/* Where a number of 1 to 8 bytes is in a message as libraft has it, and its
 * bound. A layout
 * ends at PSP_FIELDS_MAX or with a field of no bytes. */
struct psp_field {
    size_t offset, bytes;
    uint64_t max;
};

/* Messages to send; zero-initialise, set count to 0 to begin anew. */
struct psp_outbox {
    struct psp_raft_message *messages;
    uint64_t *to;
    uint64_t (*fields)[PSP_FIELDS_MAX];
    size_t count, capacity, to_capacity, field_capacity;
};

/* Adds a message, its fields read by the layout. PSP_ENOMEM. */
enum psp_status psp_outbox_push(struct psp_outbox *outbox, uint64_t to, uint32_t type,
                                uint32_t entry_count, const struct psp_field *layout,
                                const void *message);
void psp_outbox_free(struct psp_outbox *outbox);

/* Writes the fields into the message. False: not as many as the layout has, or
 * one over its bound. */
bool psp_fields_store(const struct psp_field *layout, const uint64_t *fields, uint32_t n,
                      void *message);

#endif
