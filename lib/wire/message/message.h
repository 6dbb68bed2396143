/*
 * message - every message as plain data, and its bytes.
 *
 * Cores speak these structs and never see protobuf. Decoding checks what can
 * be checked without knowing the election: version, lengths, column counts,
 * limits, marks (lib/election/ballot.h). Pointers in a decoded message point into
 * the arena.
 *
 * Encoding writes into a growing buffer that the caller keeps and reuses.
 *
 * Ownership: what is decoded lives as long as the arena.
 * Threads: any, one arena and buffer each.
 */
#ifndef PSP_MESSAGE_H
#define PSP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/memory/arena.h"
#include "base/status.h"
#include "election/ballot.h"
#include "election/books.h"
#include "election/definition/definition.h"
#include "wire/message/codes.h"
#include "wire/message/fence.h"
#include "wire/message/process_state.h"

enum {
    PSP_PROTOCOL = 1,                 /* between station and router */
    PSP_CLUSTER_PROTOCOL = 2,         /* inside a cluster */
    PSP_RULES = 2,                    /* by which new elections are judged */
    PSP_FEATURE_NOT_ALLOWED_ROWS = 1, /* a client knows the code of that name */
    PSP_RAFT_FIELDS_MAX = 64,         /* numbers in one raft message beside its entries */
};

struct psp_buffer { /* zero-initialise; free with psp_buffer_free */
    uint8_t *data;
    size_t length, capacity;
};
void psp_buffer_free(struct psp_buffer *buffer);

/* ---- between station and router: proto/client.proto ---- */

struct psp_row_mark {
    struct psp_bytes contest, *choices;
    uint32_t choice_count;
};
struct psp_row {
    struct psp_bytes voter_id, ballot_id, unit, method;
    struct psp_bytes style; /* empty: not named */
    uint64_t cast_at_ms;
    bool resent; /* sent before */
    const struct psp_row_mark *marks;
    uint32_t mark_count;
};

enum psp_client_type {
    PSP_CLIENT_HELLO,
    PSP_CLIENT_ROWS,
    PSP_CLIENT_COLUMNS,
    PSP_CLIENT_WELCOME,
    PSP_CLIENT_VERDICTS,
    PSP_CLIENT_REFUSAL,
};

struct psp_client_message {
    enum psp_client_type type;
    uint64_t batch_id;                       /* not of HELLO, WELCOME */
    uint32_t features;                       /* of requests: bits PSP_FEATURE_... */
    uint8_t definition_hash[PSP_HASH_BYTES]; /* ROWS, COLUMNS, WELCOME */
    const struct psp_row *rows;              /* ROWS: checked for lengths and limits */
    uint32_t row_count;
    struct psp_client_columns columns; /* COLUMNS: checked */
    struct {
        uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
        uint32_t batch_rows_max, message_bytes_max;
        const char *election_id;
    } welcome;
    uint32_t shard; /* VERDICTS */
    uint64_t index;
    const uint8_t *row_numbers; /* VERDICTS, REFUSAL: 2 n bytes */
    const uint8_t *verdicts;    /* VERDICTS: n bytes */
    uint32_t n;                 /* REFUSAL: 0 = the whole batch */
    enum psp_refusal_code code; /* REFUSAL */
    const char *text;
};

/* PSP_EINVAL (*ret_reason: static text, or in the arena), PSP_EVERSION, PSP_ENOMEM (budget).
 * On failure ret_message->batch_id is the batch ID if it could be read, else 0. */
enum psp_status psp_client_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                          size_t length, struct psp_client_message *ret_message,
                                          const char **ret_reason);
/* The batch ID of a station's message, read from its first bytes: nothing else is looked
 * at. 0: it does not stand there. */
uint64_t psp_client_message_batch_id(const uint8_t *bytes, size_t length);
/* Replaces the buffer's content. PSP_ENOMEM, also over PSP_MESSAGE_BYTES_MAX:
 * so for the other two below. */
enum psp_status psp_client_message_encode(const struct psp_client_message *message,
                                          struct psp_buffer *ret_buffer);

/* One Ballot by itself, as a queue may hold it. Without a ballot_id (length 0) its taker
 * gives it one. PSP_EINVAL (*ret_reason: static text), PSP_ENOMEM (budget). */
enum psp_status psp_ballot_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                          size_t length, struct psp_row *ret_row,
                                          const char **ret_reason);

/* ---- inside the cluster: proto/cluster.proto ---- */

struct psp_head {          /* of a shard's state; cluster/head.h says what is signed */
    uint64_t epoch, index; /* 0: there is none */
    uint8_t state_hash[PSP_HASH_BYTES];
    uint8_t signature[PSP_SIGNATURE_BYTES];
};

struct psp_scrub { /* see proto/cluster.proto */
    uint64_t bytes, passed_ms, damaged, mended;
    uint32_t sync_ms;
};

struct psp_partial { /* see proto/cluster.proto */
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard, replica;
    uint64_t epoch, index, time_ms, base_index, registered;
    uint8_t state_hash[PSP_HASH_BYTES];
    enum psp_election_state election_state;
    struct psp_bytes rows; /* psp_totals_encode_since */
    struct psp_books books;
    struct psp_bytes registered_leaves;     /* 4 bytes a leaf, or empty */
    struct psp_bytes stations;              /* books by station, or empty */
    struct psp_bytes reports, leaf_ballots; /* lib/wire/message/report.h, or empty */
    uint32_t part, parts; /* lib/wire/message/partial_parts.h; 0 and 0 or 1: whole */
    uint32_t leader;      /* replica + 1; 0: not known */
    enum psp_mode mode;
    uint8_t signature[PSP_SIGNATURE_BYTES]; /* of its head */
    struct psp_bytes held_hash;             /* PSP_HASH_BYTES of psp_count_held_hash, or empty */
    uint64_t log_last, raft_id, wall_ms;    /* of the replica */
    struct psp_scrub scrub;                 /* likewise */
    struct psp_bytes base_hash; /* PSP_HASH_BYTES, its state at the base asked, or empty */
};

struct psp_status_reply {
    enum psp_process_role role;
    enum psp_process_state state;
    const char *version;
    uint32_t id, replica;
    uint64_t pid, index, log_last, checkpoint_index, term, epoch;
    enum psp_election_state election_state;
    struct psp_books books;
    uint64_t inflight, busy;
    uint8_t state_hash[PSP_HASH_BYTES];
    uint32_t leader;            /* replica + 1; 0 not known */
    uint64_t wall_ms;           /* its clock */
    uint64_t close_at_ms;       /* of a shard: when it closes or closed; 0 none */
    enum psp_admits admits;     /* of a router: the station asked after */
    const char *stations_fault; /* of a router: why its list is an old one; or "" */
    uint32_t probing;           /* of a shard: stations past their budget (election/probes.h) */
    struct psp_bytes keys;      /* of a router: those that went over their budget: key_counters.h */
    const char *divergence;     /* of a collector: of replicas that disagree; or "" */
    int64_t clock_ahead_ms;     /* of a shard: of the median of its replicas' clocks */
};

struct psp_raft_entry {
    uint64_t term;
    uint32_t type;
    struct psp_bytes payload;
};
struct psp_raft_message {
    uint32_t shard, type;
    uint64_t from_id, to_id, wall_ms;
    const uint64_t *fields;
    uint32_t field_count, entry_count;
    const struct psp_raft_entry *entries;
};

struct psp_seal_request { /* see proto/cluster.proto */
    uint64_t session, first, last;
    uint32_t part;
    struct psp_bytes records_hash; /* PSP_HASH_BYTES, or empty */
};

/* What a replica has applied: as far as a backup of its shard goes. */
struct psp_seal_position {
    uint64_t epoch, index, term, received, counted;
    enum psp_mode mode;
    uint8_t state_hash[PSP_HASH_BYTES];
};
struct psp_sealed {
    uint64_t first, last;
    uint32_t part;
    bool final, same;
    struct psp_bytes bytes;
    struct psp_bytes records_hash, signature; /* PSP_HASH_BYTES, PSP_SIGNATURE_BYTES; or empty */
    struct psp_seal_position position;        /* with first 0 */
};

struct psp_health { /* see proto/cluster.proto */
    uint32_t shard, passes, sync_ms;
    uint64_t raft_id, damaged, scrubbed;
};

enum psp_cluster_type {
    PSP_CLUSTER_COUNT_BATCH,
    PSP_CLUSTER_COUNT_VERDICTS,
    PSP_CLUSTER_COUNT_REFUSAL,
    PSP_CLUSTER_WATCH,
    PSP_CLUSTER_PARTIAL,
    PSP_CLUSTER_OPERATE,
    PSP_CLUSTER_OPERATED,
    PSP_CLUSTER_STATUS_REQUEST,
    PSP_CLUSTER_STATUS_REPLY,
    PSP_CLUSTER_RAFT,
    PSP_CLUSTER_JOURNAL_REQUEST,
    PSP_CLUSTER_JOURNAL,
    PSP_CLUSTER_REPORT_REQUEST,
    PSP_CLUSTER_REPORT_REPLY,
    PSP_CLUSTER_SEAL_REQUEST,
    PSP_CLUSTER_SEALED,
    PSP_CLUSTER_HEALTH,
};

struct psp_cluster_message {
    enum psp_cluster_type type;
    uint64_t id; /* batch_id, watch_id or request_id */
    union {
        struct {
            struct psp_fence fence;
            struct psp_count_columns columns; /* checked */
            bool only_known;                  /* judged only if they were before */
        } count_batch;
        struct {
            uint32_t shard;
            uint64_t index;
            const uint8_t *verdicts;
            uint32_t n;
        } count_verdicts;
        struct {
            enum psp_count_refusal code;
            uint32_t leader; /* or PSP_NONE */
            const char *text;
        } count_refusal;
        struct {
            uint64_t after_index, base_index, base_epoch;
            uint32_t wait_ms;
            bool held;            /* tell held_hash */
            struct psp_head head; /* of what the collector holds */
        } watch;
        struct psp_partial partial;
        struct {
            enum psp_operation operation;
            uint32_t replica;        /* MOVE_LEADER */
            uint64_t raft_id;        /* REPLACE_REPLICA */
            uint64_t close_at_ms;    /* CLOSE; 0: from its entry on */
            struct psp_bytes report; /* REPORT: its bytes, checked */
        } operate;
        struct {
            enum psp_operate_status status;
            bool temporary; /* of REFUSED: later it may be done */
            uint64_t index;
            uint32_t leader; /* or PSP_NONE */
            const char *text;
        } operated;
        struct {
            uint32_t station; /* of a router: whether it admits this one; 0: not asked */
        } status_request;
        struct psp_status_reply status;
        struct psp_raft_message raft;
        struct {
            uint64_t first;
        } journal_request;
        struct {
            uint64_t first;
            uint32_t entry_count;
            const struct psp_raft_entry *entries;
            bool damaged; /* none: it is damaged there, too */
        } journal;
        struct psp_health health;
        struct {
            struct psp_bytes report; /* checked; empty: none */
            uint64_t index, epoch;   /* of its entry; of the shard */
        } report_reply;
        struct psp_seal_request seal_request;
        struct psp_sealed sealed;
    };
};

/* As psp_client_message_decode, without a batch ID. */
enum psp_status psp_cluster_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                           size_t length, struct psp_cluster_message *ret_message,
                                           const char **ret_reason);
enum psp_status psp_cluster_message_encode(const struct psp_cluster_message *message,
                                           struct psp_buffer *ret_buffer);

/* ---- in the log: proto/log.proto ---- */

/* of a decoded entry */
enum psp_entry_type {
    PSP_ENTRY_GENESIS,
    PSP_ENTRY_BALLOTS,
    PSP_ENTRY_OPEN,
    PSP_ENTRY_CLOSE,
    PSP_ENTRY_UNIT_COMPLETE,
    PSP_ENTRY_REPORT,
};

struct psp_genesis {
    struct psp_fence fence;
    uint32_t shard, slot_first, slot_end;
    uint8_t shard_roll_hash[PSP_HASH_BYTES];
    uint64_t epoch;
    uint32_t rules;                            /* 1 or 2: docs/protocol.md */
    enum psp_mode mode;                        /* of format 1: live */
    enum psp_publication publication, turnout; /* as in election.json; of format 1: immediate */
    uint64_t report_min;                       /* of format 1: 0 */
};

/* From now on the rows of these leaves may be shown, as they are. */
struct psp_report {
    uint64_t number;
    struct psp_bytes leaves; /* lib/wire/message/report.h */
    enum psp_report_final final;
    bool again; /* what was reported before a restore, anew */
};

struct psp_entry {
    enum psp_entry_type type;
    uint64_t time_ms;
    union {
        struct psp_genesis genesis;
        struct {
            struct psp_count_columns columns; /* n may be 0 where there are replays */
            uint8_t fence_hash[PSP_HASH_BYTES];
            struct psp_bytes replays; /* a varint station, a varint number, and so on, ascending */
        } ballots;
        uint64_t close_at_ms; /* CLOSE; 0: from this entry on */
        uint32_t unit;        /* UNIT_COMPLETE, of format 1 */
        struct psp_report report;
    };
};

/* Likewise, of a record's payload. */
enum psp_status psp_entry_decode(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                 struct psp_entry *ret_entry, const char **ret_reason);
/* As above, of what psp_entry_encode wrote in this process from decoded columns:
 * their marks have been checked and are not walked again. */
enum psp_status psp_entry_decode_own(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                     struct psp_entry *ret_entry, const char **ret_reason);
enum psp_status psp_entry_encode(const struct psp_entry *entry, struct psp_buffer *ret_buffer);
/* Whether a record's payload is a genesis, of either format; nothing else of it is read. */
bool psp_entry_is_genesis(const uint8_t *bytes, size_t length);

#endif
