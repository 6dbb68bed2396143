/*
 * model - three consensus nodes, their disks and the network, small enough to
 * look at every state.
 *
 * Real: shard/consensus and libraft. Modelled: what the shell does with actions
 * (vote durable at once; appends written in order, later; messages sent), and
 * what can happen next, one event at a time:
 *
 *   deliver   any message on its way, in any order (one that is never delivered
 *             is lost). Of entries a first part may arrive, when `trims`.
 *   persist   the oldest write of a node becomes durable
 *   crash     a node restarts with any first part of its pending writes
 *   timeout   a node that does not lead stands for election
 *   silence   a leader's election timeout is over: it steps down if it heard from
 *             no majority since the last time
 *   beat      a leader's heartbeat
 *   submit    a leader is given an entry
 *
 * Time stands still: timers are events, so no timing is left out. Equal messages
 * on their way at the same time are one. Events but deliveries and writes have a
 * budget. By symmetry the first timeout is node 0's.
 *
 * Checked in every state: one leader a term; logs match; a leader has what was
 * committed in earlier terms; what is committed is durable on two, and stays; no
 * vote twice; the commit index of a node does not go back.
 */
#ifndef SMALL_MODEL_H
#define SMALL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/small/heap.h"

enum { SMALL_LOG_MAX = 14, SMALL_WRITES_MAX = 8, SMALL_MESSAGES_MAX = 64, SMALL_FIELDS = 7 };

struct small_entry {
    uint8_t term, type, value;
};

struct small_write {
    uint64_t number;
    uint8_t first, n;
    struct small_entry entries[SMALL_LOG_MAX];
};

struct small_node {
    uint64_t term, voted_for; /* durable */
    uint8_t log_n, disk_n, commit, write_n;
    struct small_entry log[SMALL_LOG_MAX], disk[SMALL_LOG_MAX]; /* [0] is index 1 */
    struct small_write writes[SMALL_WRITES_MAX];
};

struct small_message { /* compared as bytes */
    uint8_t from, to, type, field_count, entry_count;
    uint8_t fields[SMALL_FIELDS];
    struct small_entry entries[SMALL_LOG_MAX];
};

struct small_budget {
    uint8_t timeouts, beats, crashes, entries;
};

struct small_world {
    struct small_node nodes[SMALL_NODES];
    struct small_message messages[SMALL_MESSAGES_MAX]; /* sorted, all different */
    uint32_t message_count;
    struct small_budget left;
    bool trims, started;
    uint8_t next_value;
    /* what has been seen */
    uint8_t committed_n;
    struct small_entry committed[SMALL_LOG_MAX];
    uint8_t committed_by[SMALL_LOG_MAX]; /* term of the first that knew */
    uint8_t leaders[32];                 /* of each term: node + 1 */
};

enum small_kind {
    SMALL_DELIVER,
    SMALL_PERSIST,
    SMALL_CRASH,
    SMALL_TIMEOUT,
    SMALL_SILENCE,
    SMALL_BEAT,
    SMALL_SUBMIT,
};

struct small_event {
    enum small_kind kind;
    uint8_t node;
    uint8_t at, part; /* message and entries of it; crash: writes that stay, and part of the next */
};

enum { SMALL_EVENTS_MAX = 256 };

void small_world_init(struct small_world *world, struct small_budget budget, bool trims);
/* Everything that can happen next; at most SMALL_EVENTS_MAX. */
uint32_t small_events(const struct small_world *world, struct small_event *ret_events);
/* Node 0 is elected, and knows that everybody has its first entry; then anything. */
void small_elect(struct small_world *world);
void small_step(struct small_world *world, const struct small_event *event);
/* Of the whole state. */
void small_hash(const struct small_world *world, uint64_t ret_hash[2]);
/* "" or what is wrong. */
const char *small_violation(void);
void small_describe(const struct small_world *world, const struct small_event *event);

#endif
