/*
 * world - a whole cluster in one process, on a virtual clock, from one seed.
 *
 *     stations (client core) -- routers (router core) -- replicas of shards
 *     operators               collectors (collector core)  (shard core, log, count)
 *
 * Real: the cores, the encoding of every message, the log on a simulated disk,
 * libraft through shard/consensus, the count. Simulated: sockets, disks,
 * clocks, the shard's two threads, and both LMDB stores. A shard's store keeps
 * what checkpoints carry (struct psp_count_delta) and feeds it back through
 * psp_count_restore; each becomes durable at once at a time from the seed, or
 * is lost. LMDB itself is not simulated; tests/cluster runs it.
 *
 * An actor is one process and its machine. Everything that happens is an event
 * at a time in microseconds; equal times go by the order of their making. The
 * trace hash covers every event, so that two runs can be compared.
 *
 * Checked while it runs: check/checks.h.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "client/core/core.h"
#include "collector/core.h"
#include "collector/view/catalog.h"
#include "router/core/core.h"
#include "shard/core/core.h"
#include "tests/sim/check/judge.h"
#include "tests/sim/check/shown.h"
#include "tests/sim/world/disk.h"
#include "tests/sim/world/election.h"
#include "tests/sim/world/faults.h"
#include "tests/sim/world/random.h"

enum {
    SIM_ROUTERS_MAX = 2,
    SIM_CLIENTS_MAX = SIM_STATIONS,
    SIM_COLLECTORS_MAX = 2,
    SIM_REPORTERS_MAX = 2,
    SIM_ORDERS_MAX = 7,
    SIM_ASK_MAX = 8,
    SIM_ASKS_MAX = 64,
    SIM_ACTORS_MAX = SIM_SHARDS_MAX * SIM_REPLICAS_MAX + SIM_ROUTERS_MAX + SIM_CLIENTS_MAX +
                     SIM_COLLECTORS_MAX + SIM_REPORTERS_MAX + 1,
    SIM_MS = 1000, /* microseconds */
};
#define SIM_WALL_MS UINT64_C(1700000000000) /* at the beginning */

enum sim_kind { SIM_REPLICA, SIM_ROUTER, SIM_CLIENT, SIM_COLLECTOR, SIM_OPERATOR, SIM_REPORTER };

/* What a seed decides before anything happens. Chances are in 10,000. */
struct sim_plan {
    struct sim_election_plan election;
    uint32_t routers, clients, collectors;
    uint32_t reporters, reports;    /* operators who report, and how often each */
    uint32_t cut_report;            /* of reports: something is killed in the middle */
    uint64_t restore_us;            /* from a backup; 0: not in this run */
    uint64_t silent_us;             /* from then on one replica is silent; 0: not in this run */
    bool rows;                      /* stations send rows */
    bool closes;                    /* the polls close while ballots come */
    bool reopens, recloses;         /* and are opened again, and closed once more */
    uint64_t close_ahead_ms;        /* at a time so much later; 0: from the entry on */
    uint32_t other_close;           /* calls again that name another time */
    uint32_t known;                 /* of routers: that ask for known ballots only */
    uint32_t greedy;                /* of a station: that sends again what has its verdict */
    uint32_t drop, duplicate, late; /* of messages */
    uint32_t trimmed;               /* of raft's: not all entries fit */
    uint32_t cut_new;               /* of leaders hardly elected: cut off */
    uint64_t latency_us, sync_us;   /* usual */
    uint64_t segment_bytes;
    uint64_t faults_until_us, fault_gap_us;
    uint32_t weights[SIM_FAULTS]; /* of faults that are planned, 0: not in this run */
};

struct sim_actor {
    enum sim_kind kind;
    uint32_t id, number;
    bool up;
    uint32_t incarnation; /* of the process */
    uint64_t paused_until_us;
    uint64_t restart_us;      /* when down: comes up then; 0: never by itself */
    uint64_t wake_us, ticket; /* of the newest wake event; 0 none */
    uint32_t rate;            /* of its clock: 1024 is true */
    int64_t wall_ms;          /* error of its wall clock */
    uint64_t steady_ms;       /* its steady clock at the start of the world */
};

struct sim_append {
    uint64_t number;
    uint32_t n;
    struct psp_record *records;
};

/* durable.h */
struct sim_durable {
    uint64_t *terms; /* terms[i] of index i + 1; those before the log's first are not known */
    uint64_t last, capacity;
    uint64_t term, voted_for;
    uint64_t granted_term, granted_to; /* the newest vote that it sent */
};

struct sim_store {
    struct psp_count_delta **deltas;
    uint32_t count, capacity;
    uint64_t index, term;
};

enum sim_writer_state { SIM_WRITER_IDLE, SIM_WRITER_WRITES, SIM_WRITER_SYNCS, SIM_WRITER_TELLS };

/* A batch that a replica has not answered. */
struct sim_brought {
    uint64_t id;
    struct psp_peer from;
    uint32_t n;
    uint8_t *stations; /* of each row: which of the election's */
    bool only_known;
    uint64_t wants; /* then: nothing may be said of an index before this one */
};

struct sim_replica {
    struct sim_actor actor;
    uint32_t shard, replica;
    struct sim_disk disk;
    struct sim_store store;
    struct sim_durable durable;
    struct psp_journal *log;
    struct psp_count *count;
    struct psp_core *core;
    bool failed;      /* the process must end after this event */
    uint64_t down_us; /* for so long */
    bool power_lost;
    bool rotten;           /* its disk was damaged once */
    bool rotten_old, sick; /* in a sealed segment; its disk takes seconds while it is slow */
    bool damaged;          /* and it has not caught up yet */
    bool joining;          /* under a new ID, and it does not vote yet */
    bool wiped, refused;
    uint64_t damaged_last; /* what it had to have again to be whole */
    uint64_t checked;      /* applied entries compared with the others' */
    struct sim_append *appends;
    uint32_t append_count, append_capacity, writing;
    enum sim_writer_state writer;
    uint64_t write_us;                    /* when it began to write */
    uint64_t slow_seen_us, slow_moved_us; /* a write took over a second; it handed over for that */
    struct psp_count_delta *checkpoint;
    bool checkpoint_durable;
    uint64_t checkpoint_index, checkpoint_term;
    struct sim_wish *wishes; /* reader.c: what the log's threads are asked */
    uint32_t wish_count, wish_capacity;
    uint64_t wish_number;
    bool waiting; /* to start: what the log needs for that is being mended */
    uint64_t started_us, slow_until_us, full_until_us;
    bool store_fails;
    struct sim_brought *brought;
    uint32_t brought_count, brought_capacity;
    struct sim_gather gathered; /* what it tells, in parts */
    uint64_t held_told_ms;      /* when it told the hash of what is held; 0: not yet */
    uint8_t remembered[256];    /* of a deliberate defect */
};

/* What is known of a shard from outside. */
struct sim_entry {
    uint64_t term;
    uint64_t seen_term; /* of the replica that was the first to apply it */
    enum psp_record_type type;
    uint8_t *payload;
    uint32_t payload_bytes;
    uint8_t state_hash[PSP_HASH_BYTES];
    uint64_t stations_hash, close_at_ms; /* of the reference, as the state */
    uint8_t held_hash[PSP_HASH_BYTES];   /* of the judge */
    enum psp_election_state state;
};

struct sim_shard {
    struct sim_replica replicas[SIM_REPLICAS_MAX];
    struct sim_entry *entries; /* committed: entries[i] is index i + 1 */
    uint64_t entry_count, entry_capacity;
    struct { /* of the epoch before, after a restore */
        struct sim_entry *entries;
        uint64_t entry_count;
        struct sim_judge judge;
    } past;
    struct psp_count *reference; /* never restarted */
    struct sim_judge judge;
    struct sim_judge_events events; /* of the judge's, those that were counted */
    uint64_t reports_taken, reports_done, reports_refused; /* likewise */
    uint64_t brought[SIM_STATIONS + 1]; /* rows of each station that batches brought */
    uint32_t *leaders;                  /* of each term: replica + 1 */
    uint64_t leader_capacity;
    bool spoilt; /* one disk was damaged: no second one */
    bool calm;   /* a replica with a damaged disk catches up: no other faults */
};

/* Ballots that a shard was asked for, if known. */
struct sim_ask {
    uint64_t id;
    uint32_t shard, station, n;
    uint32_t ballots[SIM_ASK_MAX];
    uint64_t committed; /* when it was asked */
};

struct sim_router {
    struct sim_actor actor;
    struct sim_ask asks[SIM_ASKS_MAX]; /* a ring by ID */
    uint64_t asked;
    struct psp_router_core *core;
    struct psp_budget *budget; /* what stations sent and it has not looked at */
    uint32_t waiting;          /* so many, by its own count */
    bool old_map, other_key;
    uint64_t wrong_since_us;
};

/* A ballot as a station knows it. */
struct sim_paper {
    uint32_t ballot; /* in the election's list */
    uint64_t due_us;
    bool has_receipt;           /* its outcome is known */
    uint32_t sends;             /* submissions, of this process and earlier ones */
    struct psp_receipt receipt; /* the newest verdict; or that it was never allowed */
};

struct sim_client {
    struct sim_actor actor;
    struct psp_client_core *core;
    struct sim_random pool_random;
    bool ordered; /* a voter's ballots wait for each other */
    bool patient; /* leaves its pool to fill up, or to wait to its end */
    bool greedy;
    struct sim_paper *papers;
    uint32_t paper_count, next, receipts;
};

enum sim_stage { SIM_OPEN, SIM_CLOSE, SIM_REOPEN, SIM_RECLOSE, SIM_STAGES };

struct sim_operator {
    struct sim_actor actor;
    uint64_t stage_us[SIM_STAGES];
    uint32_t stages; /* to be done */
    uint32_t stage[SIM_SHARDS_MAX];
    uint64_t close_at_ms[SIM_STAGES]; /* what it first says */
    uint64_t again_us[SIM_SHARDS_MAX];
    uint64_t moved_us[SIM_SHARDS_MAX]; /* asked for a move; 0: no move is watched */
    uint32_t move_to[SIM_SHARDS_MAX];
};

/* A call of `psephos report`; called again until it is done. */
struct sim_order {
    uint64_t due_us;
    bool units[SIM_UNITS];
    enum psp_report_final final;
    bool again; /* all that was ever reported */
};

struct psp_reporting;

struct sim_reporter {
    struct sim_actor actor;
    struct sim_order orders[SIM_ORDERS_MAX];
    uint32_t order_count, next;
    struct psp_reporting *reporting; /* the call under way; NULL: none */
    uint64_t not_before_us;
    struct sim_report_shard { /* what it is asked or told */
        uint64_t id, since_us, again_us;
    } shards[SIM_SHARDS_MAX];
    uint64_t ids;
};

struct sim_collector {
    struct sim_actor actor;
    struct psp_collector_core *core;
    struct sim_shown showing, stored_showing; /* what it may show; as it has published */
    struct psp_catalog *catalog;
    struct psp_board_shown *stored_shown;      /* what it showed; NULL: nothing yet */
    struct psp_partial stored[SIM_SHARDS_MAX]; /* its database: rows etc. owned */
    bool has_stored[SIM_SHARDS_MAX];
    struct sim_judge shown[SIM_SHARDS_MAX]; /* the log up to what it has published */
    uint64_t shown_epoch[SIM_SHARDS_MAX];
};

enum sim_event_type {
    SIM_EVENT_MESSAGE,
    SIM_EVENT_WAKE,
    SIM_EVENT_WRITER,
    SIM_EVENT_CHECKPOINT,
    SIM_EVENT_READER,
    SIM_EVENT_GONE, /* a client notices that a router's connection broke */
    SIM_EVENT_RESTART,
    SIM_EVENT_HEAL,  /* of one partition */
    SIM_EVENT_FAULT, /* time for another */
};

struct sim_event {
    uint64_t at_us, order, ticket;
    enum sim_event_type type;
    uint32_t to, to_incarnation, from, from_incarnation;
    uint8_t *bytes;
    size_t length;
};

/* The newest connection from one actor to another on which parts of an answer went. */
struct sim_line {
    uint32_t from_incarnation, to_incarnation;
    uint64_t part_us; /* arrival of the last part */
};

struct sim_world {
    uint64_t seed, now_us, order, events;
    uint64_t hash; /* of the trace */
    FILE *trace;   /* NULL: none is printed */
    struct sim_random random;
    struct sim_faults faults;
    struct sim_plan plan;
    struct sim_election election;
    struct sim_event *queue;
    size_t queue_count, queue_capacity;
    struct sim_shard shards[SIM_SHARDS_MAX];
    struct sim_router routers[SIM_ROUTERS_MAX];
    struct sim_client clients[SIM_CLIENTS_MAX];
    struct sim_collector collectors[SIM_COLLECTORS_MAX];
    struct sim_operator operator;
    struct sim_reporter reporters[SIM_REPORTERS_MAX];
    struct sim_actor *actors[SIM_ACTORS_MAX];
    uint32_t actor_count;
    uint8_t cut[SIM_ACTORS_MAX][SIM_ACTORS_MAX];     /* how many partitions cut from -> to */
    uint64_t newest[SIM_ACTORS_MAX][SIM_ACTORS_MAX]; /* arrival of the last message */
    struct sim_line lines[SIM_ACTORS_MAX][SIM_ACTORS_MAX];
    bool healed;
    const struct sim_actor *silent; /* all is mended, but this one hears nobody; NULL: none */
    uint64_t healed_us, ended_us;
    uint32_t verdicts; /* receipts handed out */
    struct psp_buffer buffer;
    struct psp_arena *arena;
    bool violated;
    char violation[1024];
};

struct sim_world *sim_world_create(uint64_t seed, FILE *trace);
/* Runs to the end: everything counted, or a violation. */
void sim_world_run(struct sim_world *world);
void sim_world_destroy(struct sim_world **world);

/* The first one stands. */
void sim_violation(struct sim_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void sim_mix(struct sim_world *world, uint64_t value)
{
    world->hash = (world->hash ^ value) * 0x9E3779B97F4A7C15u;
    world->hash ^= world->hash >> 29;
}

#define SIM_TRACE(world, ...)                                                                      \
    do {                                                                                           \
        if ((world)->trace != NULL) {                                                              \
            fprintf((world)->trace, "%10.3f ", (double)(world)->now_us / 1000.0);                  \
            fprintf((world)->trace, __VA_ARGS__);                                                  \
            fputc('\n', (world)->trace);                                                           \
        }                                                                                          \
    } while (0)

const char *sim_actor_name(const struct sim_actor *actor);
struct psp_core_time sim_time(const struct sim_world *world, const struct sim_actor *actor);
/* The actor's next look at its deadline, a steady time of its own clock. */
void sim_wake_at(struct sim_world *world, struct sim_actor *actor, uint64_t steady_ms);

struct sim_event *sim_event_add(struct sim_world *world, enum sim_event_type type, uint64_t at_us,
                                const struct sim_actor *to);

/* The process ends; it comes up again after `down_us`, unless 0. */
void sim_actor_down(struct sim_world *world, struct sim_actor *actor, uint64_t down_us);

#endif
