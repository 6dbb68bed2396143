/*
 * core - what a shard's replica decides: plain data in, plain data out.
 *
 *     batch -> entry -> append -> persisted -> commit -> apply -> verdicts
 *                                                          `-> checkpoint
 *
 * Nothing is decided before commit: every verdict is computed while a
 * committed entry is applied, the same on every replica. The leader answers
 * who sent the batch; a replica that stops leading answers LOST.
 *
 * A station that resends is looked up first: what the applied state knows is left
 * out of the entry, which carries how many such replays there were by station. A
 * batch of nothing else is parked until an entry does, so that what was answered
 * is in the books whoever leads then.
 *
 * The caller (shell or simulator) tells events and the time, and after each
 * call carries out psp_core_actions in their order. It calls psp_core_tick at
 * the end of every turn, and again when psp_core_deadline has come: applying,
 * watches and checkpoints happen there, a bounded slice a call, so that no
 * heartbeat waits for a long replay.
 *
 * Start: psp_core_create, psp_core_bootstrap (into an empty log), then
 * psp_core_start with what is durable. A log in which something is damaged that the
 * start needs is mended before: until then the core speaks with the other replicas about
 * that alone.
 *
 * The log is read by others than the loop: the core asks (PSP_CORE_READ, _LOAD) and
 * hears later. It says which segment is to be scrubbed, and what is to be written in the
 * place of a damaged record once a majority of the other replicas has told the same.
 *
 * Bounds: PSP_CORE_UNAPPLIED_MAX entries and PSP_CORE_UNAPPLIED_BYTES_MAX bytes
 * proposed and not yet applied, and PSP_CORE_PARKED_MAX parked batches, then BUSY;
 * PSP_CORE_WATCHERS_MAX watchers, the longest silent one gives way.
 *
 * Ownership: owns neither count nor definition. What actions point at is valid
 *            until the next call; payloads of PSP_CORE_APPEND until
 *            psp_core_persisted has been told that append's number.
 * Threads:   one owner.
 * Memory:    the window's (window.h), verdicts of a slice, and what waits.
 */
#ifndef PSP_CORE_H
#define PSP_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/status.h"
#include "cluster/sign.h"
#include "count/count.h"
#include "journal/journal.h"
#include "shard/consensus/consensus.h"
#include "wire/message/message.h"
#include "wire/socket/socket.h"

enum {
    PSP_CORE_UNAPPLIED_MAX = 64,
    PSP_CORE_UNAPPLIED_BYTES_MAX = 64 << 20,
    PSP_CORE_PARKED_MAX = 64, /* batches without a row in the log, then BUSY */
    PSP_CORE_PARKED_MS = 20,  /* they wait so long for an entry of others */
    PSP_CORE_WATCHERS_MAX = 16,
    PSP_CORE_RAFT_BYTES = 1 << 20, /* of entries in one message, if more than one */
    PSP_CORE_BATCH_BYTES_MAX = PSP_MESSAGE_BYTES_MAX - 8192, /* so that an entry fits a message */
    PSP_CORE_APPLY_ROWS = 16384,                             /* a tick */
    PSP_CORE_LOAD_BYTES = 1 << 20, /* about as much is loaded from the log at a time */
    PSP_CORE_WATCH_GAP_MS = 50,    /* between two answers to a watcher, two looks at its head */
    PSP_CORE_HEAD_SAID_MS = 60000, /* between two lines on heads of one that are not ours */
    PSP_CORE_WATCH_WAIT_MAX_MS = 10000,
    PSP_CORE_HELD_GAP_MS = 1000,              /* between two questions for held_hash */
    PSP_CORE_PART_BYTES = 4 << 20,            /* rows in one message of a partial */
    PSP_CORE_CHECKPOINT_BYTES = 1 << 20,      /* take one at this size: small, because a log
                                                 write waits behind it on the disk; */
    PSP_CORE_CHECKPOINT_MS = 1000,            /* or this long after the last */
    PSP_CORE_CHECKPOINT_BYTES_MAX = 64 << 20, /* applying waits for the checkpoint under way */
    PSP_CORE_MOVE_MS = 2000,                  /* a move of the leadership lapses */
    PSP_CORE_CLOCK_MAX_MS = 60000,            /* from the median of the replicas' clocks: who leads
                                                 hands over, and proposes no later time */
    PSP_CORE_CLOCK_GAP_MS = 10000,            /* between two tries to hand over for that */
    PSP_CORE_HASHES = 4096,                   /* indexes whose state hash is remembered */
    PSP_CORE_SLOW_MS = 1000,      /* of 99 of 100 fsyncs: who leads with a slower disk hands over */
    PSP_CORE_SLOW_LED_MS = 5000,  /* but not sooner after it began to lead, */
    PSP_CORE_SLOW_GAP_MS = 60000, /* nor again after it did or could not */
    PSP_CORE_SLOW_MOVE_MS = 10000, /* such a move lapses: what waits for the disk is waited for */
    PSP_CORE_SLOW_PATIENCE_MS = 3000,      /* so long */
    PSP_CORE_READ_RECORDS = 1024,          /* read from the log for others at a time */
    PSP_CORE_SCRUB_FIRST_BYTES = 64 << 20, /* a second, until all was read once since the start */
    PSP_CORE_SCRUB_BYTES = 8 << 20,        /* a second, then */
    PSP_CORE_SCRUB_GAP_MS = 600000,        /* between two scrubs of the whole log */
    PSP_CORE_MEND_GAP_MS = 500,            /* between two questions for a damaged record */
    PSP_CORE_MEND_DIFFERS_MAX = 40,        /* answers that differ: then it ends */
    PSP_CORE_HEALTH_MS = 1000,             /* the other replicas are told how this one does */
    PSP_CORE_HEALTH_OLD_MS = 5000,         /* what was heard is no longer relied on */
    PSP_CORE_ELECTION_MS = 300,
    PSP_CORE_HEARTBEAT_MS = 60,
};

struct psp_core;

struct psp_core_options {
    struct psp_genesis genesis; /* what cluster.json says: proposed, or compared */
    uint32_t replica;           /* this one, of 0 ... member_count - 1 */
    uint32_t member_count;      /* of this shard */
    uint64_t raft_id; /* cluster/raft_id.h: of a replaced replica it waits to be a member */
    const struct psp_definition *definition; /* not owned */
    struct psp_count *count;                 /* restored from the store; not owned */
    uint64_t pid;                            /* shown in status */
    /* 0: PSP_CORE_PART_BYTES, PSP_PARTIAL_PARTS_MAX; tests cut smaller. */
    size_t part_bytes;
    uint32_t parts_max;
    uint32_t seed;
    const struct psp_sign_key *signing_key; /* of the shard; not owned */
};

/* Two clocks, told by the caller: steady for timeouts, wall for entries. */
struct psp_core_time {
    uint64_t steady_ms, wall_ms;
};

/* PSP_ENOMEM. */
enum psp_status psp_core_create(const struct psp_core_options *options, struct psp_core **ret_core);
void psp_core_destroy(struct psp_core **core);

/* The first record of a fresh replica: when log and store are both empty, make
 * its term durable as a vote for nobody, append it and sync, before start.
 * False: there is none, because this one joins a shard that counts already. */
bool psp_core_bootstrap(struct psp_core *core, struct psp_record *ret_record);

struct psp_core_start {
    uint64_t term, voted_for;         /* of the vote file */
    uint64_t store_index, store_term; /* of the store's last checkpoint */
    struct psp_bytes configuration;   /* as the checkpoint carried it */
    uint64_t configuration_index;
    /* The end of the log: term and type, payload of configurations only. From
     * first_index <= store_index + 1 on: older ones are for followers that lag
     * behind the store; without them such a follower cannot catch up. */
    uint64_t first_index;
    const struct psp_record *records;
    uint64_t record_count;
};
void psp_core_start(struct psp_core *core, struct psp_core_time now,
                    const struct psp_core_start *start);

/* Who sent a message, from the authenticated key. */
struct psp_core_sender {
    struct psp_peer peer;
    enum psp_role role;
    uint32_t id;
};
/* A decoded message. What the sender's role does not allow is dropped. */
void psp_core_message(struct psp_core *core, struct psp_core_time now,
                      const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message);
/* A message that could not be decoded: answered, when it was a batch. */
void psp_core_undecodable(struct psp_core *core, struct psp_core_time now,
                          const struct psp_core_sender *sender, uint64_t batch_id,
                          const char *reason);
/* All appends up to this number are durable. */
void psp_core_persisted(struct psp_core *core, struct psp_core_time now, uint64_t append_number);
/* The disk took so long to write and sync. Nothing is decided by it at once: no actions. */
void psp_core_synced(struct psp_core *core, struct psp_core_time now, uint64_t took_ms);
/* The records asked for with PSP_CORE_LOAD, or the first of them; copied or
 * applied within the call. */
void psp_core_loaded(struct psp_core *core, struct psp_core_time now,
                     const struct psp_record *records, size_t n);
/* One of the records asked for with PSP_CORE_LOAD cannot be read: it waits until that is mended. */
void psp_core_unreadable(struct psp_core *core, struct psp_core_time now);
/* The records asked for with PSP_CORE_READ, or the first of them; PSP_OK, or why there is no other
 * (PSP_ECORRUPT: damaged). Actions point into them: valid until the next call. */
void psp_core_read(struct psp_core *core, struct psp_core_time now, uint64_t number,
                   const struct psp_record *records, uint32_t n, enum psp_status status);

/* What is known to be damaged in the log, whenever that may have changed. */
struct psp_core_damage {
    uint64_t known;    /* records; 0: none */
    uint64_t index;    /* the first one */
    const char *place; /* file and byte, for a person */
};
void psp_core_damage(struct psp_core *core, struct psp_core_time now,
                     const struct psp_core_damage *damage);
/* The record of PSP_CORE_MEND is durable, or the log is cut; PSP_EINVAL: it is not the one that was
 * there. */
void psp_core_mended(struct psp_core *core, struct psp_core_time now, enum psp_status status);
/* The segment of PSP_CORE_SCRUB was read. `next`: the index behind it; 0: it was the newest, and
 * the whole log is read. */
void psp_core_scrubbed(struct psp_core *core, struct psp_core_time now, uint64_t next,
                       uint64_t bytes);

/* The checkpoint handed out is durable. */
void psp_core_checkpointed(struct psp_core *core, struct psp_core_time now, uint64_t index,
                           uint64_t term);
void psp_core_tick(struct psp_core *core, struct psp_core_time now);
/* Steady time at which tick has something to do. */
uint64_t psp_core_deadline(const struct psp_core *core);

enum psp_core_action_type {
    PSP_CORE_VOTE,         /* make durable before anything that follows */
    PSP_CORE_APPEND,       /* cut the log before records[0], append, sync, tell persisted */
    PSP_CORE_SEND,         /* to a peer of the socket */
    PSP_CORE_HELD_TOLD,    /* the operator was told held_hash: for the log */
    PSP_CORE_CLOCK_OFF,    /* the leader's clock is far from the others': for the log */
    PSP_CORE_SLOW_DISK,    /* the leader's disk is slow: for the log */
    PSP_CORE_HEAD_STRANGE, /* a head past the log that this shard did not sign: for the log */
    PSP_CORE_TOO_LARGE,    /* a partial needs more parts than there may be: tell somebody */
    PSP_CORE_RAFT,         /* to another replica */
    PSP_CORE_LOAD,         /* read records, tell loaded or unreadable */
    PSP_CORE_READ,         /* read records, tell read */
    PSP_CORE_SCRUB,        /* check the sealed segment of an index, tell scrubbed */
    PSP_CORE_MEND,         /* write the record in the place of the damaged one, tell mended */
    PSP_CORE_CHECKPOINT,   /* store the delta (owned by the caller then), tell checkpointed */
    PSP_CORE_SEAL,         /* seal what the operator asks for, and answer: shard/sealing.h */
    PSP_CORE_STOP,         /* end the process; nothing follows */
};

/* A request for what leaves this replica's log, and what it may be. */
struct psp_core_seal {
    struct psp_peer peer;
    uint64_t id;
    struct psp_seal_request request;   /* its records_hash: within the call */
    struct psp_seal_position position; /* as of now: what is applied stays as it is */
};

struct psp_core_action {
    enum psp_core_action_type type;
    union {
        struct {
            uint64_t term, voted_for;
        } vote;
        struct {
            uint64_t number;
            const struct psp_record *records;
            uint32_t n;
        } append;
        struct {
            struct psp_peer peer;
            struct psp_cluster_message message;
        } send;
        struct { /* of consensus, or about records and health */
            uint32_t replica;
            struct psp_cluster_message message;
        } raft;
        struct {
            uint64_t first, last;
        } load;
        struct psp_core_seal seal;
        struct {
            uint64_t number, first, last;
            uint32_t records_max;
            size_t bytes_max;
        } read;
        struct {
            uint64_t index, bytes_a_second;
        } scrub;
        struct {
            struct psp_record record; /* until the next call */
            bool may_cut; /* if another one stood there, it and what follows was never committed:
                             the log is cut before it */
        } mend;
        struct psp_count_delta *checkpoint;
        uint64_t held_index; /* of the partial */
        struct {
            int64_t ahead_ms; /* of the median */
            uint32_t to;      /* the replica that is to lead; PSP_NONE: none has a better clock */
        } clock_off;
        struct {
            uint32_t sync_ms;
            uint32_t to; /* likewise; PSP_NONE: all others are slow, too, or not heard */
        } slow_disk;
        size_t too_large_bytes; /* its rows */
        struct {
            uint32_t collector;
            uint64_t index, last; /* of the head; the end of the log */
        } head_strange;
        const char *stop; /* what happened and what to do */
    };
};

/* Actions of the last call, in the order to carry them out. */
const struct psp_core_action *psp_core_actions(const struct psp_core *core, size_t *ret_n);

/* One of a replica's. */
enum psp_process_state psp_core_state(const struct psp_core *core);
uint64_t psp_core_applied(const struct psp_core *core);
uint64_t psp_core_last(const struct psp_core *core);
uint64_t psp_core_term(const struct psp_core *core);

/* Asserts all that holds between two events; psp_core_actions does it, so that nothing leaves
 * of a core in which something does not. */
void psp_core_check(const struct psp_core *core);
/* Where it stands, a screen of text: for process/panic.h. */
void psp_core_describe(const struct psp_core *core, char *ret_text, size_t size);

#endif
