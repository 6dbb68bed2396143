/*
 * core - what a router decides: which shard, when to send, what to answer.
 *
 *     station's batch -> check, digest, slot -> the shard's open batch
 *                                                     | full, or flush
 *                                                     v
 *     verdicts by span <- shard's answer <----- on the way (bounded, 2 s)
 *
 * A station's batch is split over the shards; each part is answered as soon
 * as its shard answers, so that a shard without a leader delays its own rows
 * only. Rows on the way are bounded by shard and by station (quota.h). Over a
 * bound the answer is BUSY, at once. Rows of stations that cast little go in batches
 * of their own, and of the others' only so much is on the way to any shard that these need
 * not wait long (bulk_waits: the shell leaves the rest in its queues, budget.h). So it is with
 * what was judged before and comes again; but of that the rest is BUSY.
 *
 * Rows outside of what the station may cast (bounds.h) are refused, and no shard
 * hears of them. But one that the station sent before may have been judged, when its
 * key still might: such a row, marked as resent, goes to the shard in a batch that
 * asks for known ballots only. Its verdict comes back, or the same refusal.
 *
 * A gateway's key casts for stations that it names, row by row: each row is looked at,
 * and held against the bounds, quota and books, of the station that it names. Such a
 * message has spans of one station each.
 *
 * Nothing is sent twice that a shard may have proposed: after NOT_LEADER the
 * router asks another replica, after silence it answers UNKNOWN and leaves
 * the resend to the station.
 *
 * Each event replaces the list of actions; what actions point to lives until
 * the next event, or as long as the message that the event was given.
 *
 * Ownership: cluster, definition and key stay the caller's.
 * Threads:   one owner. No socket, file, clock or random in here.
 * Memory:    bounded by the constants below; a row costs no allocation.
 */
#ifndef PSP_ROUTER_CORE_H
#define PSP_ROUTER_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "election/definition/definition.h"
#include "election/digest.h"
#include "router/core/bounds.h"
#include "wire/message/message.h"
#include "wire/socket/socket.h"

enum {
    PSP_ROUTER_INFLIGHT_ROWS_MAX = 262144,
    PSP_ROUTER_INFLIGHT_BATCHES_MAX = 4096, /* to all shards; a power of two */
    PSP_ROUTER_INFLIGHT_TIMEOUT_MS = 2000,
    PSP_ROUTER_RETRY_PAUSE_MS = 50, /* when no replica says that it leads */
    /* With this many batches on the way to a shard, rows wait in the open
     * batch until it is full or one is answered: batches grow under load. */
    PSP_ROUTER_WINDOW_BATCHES = 16,
    PSP_ROUTER_MODEST_ROWS = 2000, /* a second, of one station */
    /* While such stations cast, and for so long afterwards, the others have as many rows on
     * the way to a shard as it answers within SHARED_WAIT_MS; more wait before they are decoded. */
    PSP_ROUTER_SHARED_MS = 1000,
    PSP_ROUTER_SHARED_WAIT_MS = 8,
    PSP_ROUTER_SHARED_ROWS = 8192,    /* at first; at least an eighth of it */
    PSP_ROUTER_SILENT_MS = 250,       /* without an answer: nobody waits for this shard */
    PSP_ROUTER_SHARED_REPLAYS = 8192, /* of stations that send replays; the rest is BUSY */
    /* Of those that ask for known ballots only: they take no other's place. */
    PSP_ROUTER_WINDOW_KNOWN_BATCHES = 1,
    /* Of those of stations that send replays; likewise. */
    PSP_ROUTER_WINDOW_REPLAYS_BATCHES = 4,
    PSP_ROUTER_WATCHED_ANSWERS = 64,   /* without a replay, until a station is trusted again */
    PSP_ROUTER_MEMORY_MAX = 512 << 20, /* of all batches */
};

struct psp_router_options {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition;
    const struct psp_digest_key *key;
    uint32_t inflight_rows_max; /* 0: PSP_ROUTER_INFLIGHT_ROWS_MAX */
    size_t memory_max;          /* 0: PSP_ROUTER_MEMORY_MAX */
    uint64_t batch_id_first;    /* other than that of an earlier run */
};

/* Ballots unless said otherwise, since start. */
struct psp_router_counters {
    uint64_t decoded;        /* of well-formed messages of this election */
    uint64_t forwarded;      /* put into a shard's batch */
    uint64_t judged;         /* answered with a verdict */
    uint64_t busy;           /* refused: definitely not submitted */
    uint64_t unknown;        /* lost on the way to a shard or there */
    uint64_t configuration;  /* refused by a shard's fence */
    uint64_t outside;        /* refused: not what the station may cast */
    uint64_t undecodable;    /* messages */
    uint64_t wrong_election; /* messages */
    uint64_t not_allowed;    /* messages */
    uint64_t over;           /* messages: over the budget of their key */
    uint64_t batches_sent;   /* to shards, repeats included */
    uint64_t batches_resent; /* after NOT_LEADER or when a replica was not reachable */
    uint64_t late;           /* shards' answers that no batch waits for */
};

enum psp_router_action_type {
    PSP_ROUTER_WELCOME,
    PSP_ROUTER_VERDICTS,
    PSP_ROUTER_REFUSE,
    PSP_ROUTER_COUNT, /* to a shard's replica */
};

struct psp_router_batch;
struct psp_router_action {
    enum psp_router_action_type type;
    struct psp_peer peer;       /* of an answer */
    enum psp_refusal_code code; /* REFUSE */
    uint32_t shard, replica;    /* COUNT: positions; VERDICTS: the shard's number */
    uint32_t n;                 /* rows; REFUSE 0: the whole batch */
    uint64_t batch_id;          /* of the station; COUNT: of the router */
    uint64_t index;             /* VERDICTS */
    const uint8_t *row_numbers, *verdicts;
    const char *text;                     /* REFUSE */
    const struct psp_router_batch *batch; /* COUNT */
};

struct psp_router_core;

/* PSP_ENOMEM. */
enum psp_status psp_router_core_create(const struct psp_router_options *options,
                                       struct psp_router_core **ret_core);
void psp_router_core_destroy(struct psp_router_core **core);

/* A station's message, whatever the number of its connections; `station` is not
 * looked at afterwards. `wall_ms`: until when a station may cast is a time of day. */
void psp_router_core_client(struct psp_router_core *core, const struct psp_peer *peer,
                            const struct psp_router_station *station,
                            const struct psp_client_message *message, uint64_t now_ms,
                            uint64_t wall_ms);
/* The same of a gateway; `stations`: all that may cast, [count], by number. */
void psp_router_core_gateway(struct psp_router_core *core, const struct psp_peer *peer,
                             const struct psp_router_station *stations, uint32_t count,
                             const struct psp_client_message *message, uint64_t now_ms,
                             uint64_t wall_ms);
/* A message that did not decode (status and reason of the decoder), or that
 * its sender's role may not send (PSP_EPERM). */
void psp_router_core_undecodable(struct psp_router_core *core, const struct psp_peer *peer,
                                 enum psp_status status, uint64_t batch_id, const char *reason);
/* A message that was not taken because its key is over its budget (budget.h). Without a
 * batch ID (0) nothing is answered. */
void psp_router_core_over(struct psp_router_core *core, const struct psp_peer *peer,
                          uint64_t batch_id);
/* An answer of a shard's replica (positions in the cluster). */
void psp_router_core_shard(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                           const struct psp_cluster_message *message, uint64_t now_ms);
/* A COUNT action could not be sent: `gone`: the replica is not connected,
 * else its queue is full. The replica definitely does not have the batch. */
void psp_router_core_unsent(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                            uint64_t batch_id, bool gone, uint64_t now_ms);
/* The sockets are drained: what is open goes out, as far as windows allow. */
void psp_router_core_flush(struct psp_router_core *core, uint64_t now_ms);
/* Time passes: timeouts, repeats. At least every PSP_ROUTER_RETRY_PAUSE_MS. */
void psp_router_core_tick(struct psp_router_core *core, uint64_t now_ms);

/* Of the last call, until the next one. */
const struct psp_router_action *psp_router_core_actions(const struct psp_router_core *core,
                                                        size_t *ret_n);
/* The message of an action: WELCOME, VERDICTS, REFUSE. */
void psp_router_action_answer(const struct psp_router_core *core,
                              const struct psp_router_action *action,
                              struct psp_client_message *ret_message);
/* The message of an action: COUNT. */
void psp_router_action_count(const struct psp_router_core *core,
                             const struct psp_router_action *action,
                             struct psp_cluster_message *ret_message);

/* As they are now. */
void psp_router_core_counters(const struct psp_router_core *core,
                              struct psp_router_counters *ret_counters);
/* Stations that cast little did so lately: the others leave room for them. */
bool psp_router_core_is_shared(const struct psp_router_core *core, uint64_t now_ms);
/* Of stations that cast much nothing more should come now: others would wait for it. Ask
 * after a flush. */
bool psp_router_core_bulk_waits(const struct psp_router_core *core, uint64_t now_ms);
/* Ballots in open batches and on the way. */
uint64_t psp_router_core_inflight(const struct psp_router_core *core);

#endif
