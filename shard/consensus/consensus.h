/*
 * consensus - libraft's pure core behind an interface of our own.
 *
 * Event in, plain actions out: no I/O, no clock, no thread. Only the
 * files of this room include raft.h; they hide the library's defects W1..W11
 * (docs/decisions/0001-raft-step.md) and its ownership rules.
 *
 * The caller carries the actions out in this order, always:
 *
 *   1. vote:      make (term, voted_for) durable
 *   2. append:    truncate the log at entries[0].index if needed, append
 *   3. messages:  send (an AppendEntries without entries: the caller fills
 *                 prev + 1 ... prev + n from its log, at once)
 *   4. committed: apply up to `commit_index`
 *
 * and then calls psp_consensus_persisted when appended entries are durable.
 *
 * Ownership: actions are valid until the next call on the same consensus;
 *            payloads in `append` for as long as what was submitted or received.
 * Failure:   PSP_ENOMEM, or PSP_EIO (the library refuses an event that it must
 *            take): the replica must end; psp_consensus_error says why.
 * Threads:   one owner.
 * Memory:    libraft's, and arrays that grow to the largest call.
 */
#ifndef PSP_CONSENSUS_H
#define PSP_CONSENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/status.h"
#include "journal/journal.h"
#include "wire/message/message.h"

struct psp_consensus;

enum psp_consensus_state { PSP_FOLLOWER, PSP_CANDIDATE, PSP_LEADER, PSP_UNAVAILABLE };

struct psp_consensus_member {
    uint64_t raft_id;
    bool voter;
};

struct psp_consensus_options {
    uint64_t raft_id;
    const struct psp_consensus_member *members; /* the first configuration; without raft_id: */
    uint32_t member_count;                      /* a joiner, which waits to be made a member */
    uint32_t election_timeout_ms, heartbeat_ms; /* 300, 60 */
    uint32_t seed;                              /* of randomised timeouts */
};

/* What to start from: the durable state. */
struct psp_consensus_start {
    uint64_t term, voted_for;                /* of the vote file */
    uint64_t snapshot_index, snapshot_term;  /* durable in the store; 0 none */
    struct psp_bytes snapshot_configuration; /* as of snapshot_index; empty: the first one */
    uint64_t snapshot_configuration_index;
    uint64_t first_index;             /* of the records given; at most snapshot_index + 1 */
    const struct psp_record *records; /* term and type; payload of CONFIGURATION only */
    uint64_t record_count;
};

struct psp_consensus_actions {
    bool vote;
    uint64_t term, voted_for;
    uint64_t append_index;           /* first index to append, 0 none */
    uint64_t append_number;          /* of this append: 1, 2, ... */
    const struct psp_record *append; /* COMMAND payloads point at what was submitted/received */
    uint32_t append_count;
    const struct psp_raft_message *messages; /* to message_to[i] (raft IDs) */
    const uint64_t *message_to;
    uint32_t message_count;
    uint64_t commit_index; /* never goes back */
    bool too_old;          /* the leader has no longer what follows on this log: the replica
                              must end, and nothing else here counts */
};

/* PSP_ENOMEM. */
enum psp_status psp_consensus_create(const struct psp_consensus_options *options,
                                     struct psp_consensus **ret_consensus);
void psp_consensus_destroy(struct psp_consensus **consensus);

/* A fresh replica's first log record: the configuration all members start from,
 * index 1, term 1. The caller appends and syncs it before psp_consensus_start
 * when its log and store are empty. Valid until destroy. */
struct psp_record psp_consensus_bootstrap(struct psp_consensus *consensus);

/* Once, before any other event. PSP_ECORRUPT: no members as of the snapshot. */
enum psp_status psp_consensus_start(struct psp_consensus *consensus, uint64_t now_ms,
                                    const struct psp_consensus_start *start,
                                    struct psp_consensus_actions *ret_actions);

/* Proposes commands; payloads stay the caller's and must live until applied or
 * truncated. PSP_ENOTLEADER; PSP_OK with actions (append_index is where). */
enum psp_status psp_consensus_submit(struct psp_consensus *consensus, uint64_t now_ms,
                                     const struct psp_bytes *payloads, uint32_t n,
                                     struct psp_consensus_actions *ret_actions);
enum psp_status psp_consensus_receive(struct psp_consensus *consensus, uint64_t now_ms,
                                      uint64_t from_raft_id, const struct psp_raft_message *message,
                                      struct psp_consensus_actions *ret_actions);
/* All appends up to number `append_number` are durable. A number and not an
 * index: a later append may replace what an earlier one wrote. */
enum psp_status psp_consensus_persisted(struct psp_consensus *consensus, uint64_t now_ms,
                                        uint64_t append_number,
                                        struct psp_consensus_actions *ret_actions);
/* The store's checkpoint reached `index` (durable). Ignored unless that is
 * newer than the last one and in the durable log. */
enum psp_status psp_consensus_checkpointed(struct psp_consensus *consensus, uint64_t now_ms,
                                           uint64_t index, uint64_t term,
                                           struct psp_consensus_actions *ret_actions);
/* ---- members: one change at a time, each an entry of the log ---- */

enum { PSP_MEMBERS_MAX = 2 * PSP_REPLICAS_MAX };

/* As of the newest configuration in the log, committed or not; returns how many. */
uint32_t psp_consensus_members(const struct psp_consensus *consensus,
                               struct psp_consensus_member ret_members[PSP_MEMBERS_MAX]);
bool psp_consensus_votes(const struct psp_consensus *consensus, uint64_t raft_id);
/* The newest configuration is not committed yet. */
bool psp_consensus_changing(const struct psp_consensus *consensus);
/* A leader: the member has all of the log but at most `within` entries, and that
 * which made it a member. */
bool psp_consensus_level(const struct psp_consensus *consensus, uint64_t raft_id, uint64_t within);
/* Of the log at `index`, encoded, and where it stands; empty: the first one, or
 * none. Valid until the next call. */
struct psp_bytes psp_consensus_configuration(const struct psp_consensus *consensus, uint64_t index,
                                             uint64_t *ret_index);
/* Proposes other members. The caller sees to it that at most one voter differs
 * and that an entry of this term is committed. PSP_ENOTLEADER; PSP_EINVAL: a
 * change is under way. */
enum psp_status psp_consensus_change(struct psp_consensus *consensus, uint64_t now_ms,
                                     const struct psp_consensus_member *members, uint32_t n,
                                     struct psp_consensus_actions *ret_actions);
/* Hands leadership over to a voter: it is told to stand for election at once when
 * it has the whole log. PSP_ENOTLEADER; PSP_EINVAL: not a voter, itself, or a
 * hand-over is under way already. It lapses after an election timeout. */
enum psp_status psp_consensus_transfer(struct psp_consensus *consensus, uint64_t now_ms,
                                       uint64_t raft_id, struct psp_consensus_actions *ret_actions);
/* Call when now >= psp_consensus_deadline. */
enum psp_status psp_consensus_timeout(struct psp_consensus *consensus, uint64_t now_ms,
                                      struct psp_consensus_actions *ret_actions);
uint64_t psp_consensus_deadline(const struct psp_consensus *consensus);

/* As of the last event. */
enum psp_consensus_state psp_consensus_state(const struct psp_consensus *consensus);
uint64_t psp_consensus_term(const struct psp_consensus *consensus);
uint64_t psp_consensus_leader(const struct psp_consensus *consensus); /* raft ID, 0 unknown */
uint64_t psp_consensus_last_index(const struct psp_consensus *consensus);
/* Durable here, as far as told. */
uint64_t psp_consensus_persisted_index(const struct psp_consensus *consensus);
const char *psp_consensus_error(const struct psp_consensus *consensus); /* of the last failure */

/* The entries that the caller fills into a message: [*ret_first, *ret_first +
 * n); returns n, 0 for messages without entries. */
uint32_t psp_consensus_entries_of(const struct psp_raft_message *message, uint64_t *ret_first);

#endif
