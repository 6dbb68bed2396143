/* Each call becomes one event of libraft's step function; step.c turns what comes out
 * into actions. */
#include "shard/consensus/consensus.h"

#include <assert.h>
#include <inttypes.h>
#include <raft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/grow.h"
#include "shard/consensus/inner.h"

enum {
    INSTALL_SNAPSHOT_TIMEOUT_MS = 2000,
    INFLIGHT_ENTRIES_MAX = 4096,
    TRAILING_ENTRIES = INT32_MAX, /* all: costs memory per term, not per entry */
};

static_assert((int)RAFT_COMMAND == PSP_RECORD_COMMAND, "types are on disk and on the wire");
static_assert((int)RAFT_BARRIER == PSP_RECORD_BARRIER, "types are on disk and on the wire");
static_assert((int)RAFT_CHANGE == PSP_RECORD_CONFIGURATION, "types are on disk and on the wire");
static_assert(sizeof(raft_id) == sizeof(uint64_t), "IDs are of 64 bits");
static_assert(sizeof(raft_index) == sizeof(uint64_t), "so are indexes");
static_assert(sizeof(raft_term) == sizeof(uint64_t), "and terms");

enum psp_status psp_consensus_create(const struct psp_consensus_options *options,
                                     struct psp_consensus **ret_consensus)
{
    assert(options->raft_id != 0);
    assert(options->member_count <= PSP_MEMBERS_MAX);
    assert(options->heartbeat_ms < options->election_timeout_ms);
    struct psp_consensus *consensus = calloc(1, sizeof(*consensus));
    if (consensus == NULL)
        return PSP_ENOMEM;
    consensus->appends.next_number = 1;
    consensus->joiner = true;
    for (uint32_t i = 0; i < options->member_count; i++)
        consensus->joiner = consensus->joiner && options->members[i].raft_id != options->raft_id;
    snprintf(consensus->address, sizeof(consensus->address), "%" PRIu64, options->raft_id);
    if (!psp_configuration_encode(options->members, options->member_count,
                                  &consensus->first_configuration)) {
        free(consensus);
        return PSP_ENOMEM;
    }
    if (raft_init(&consensus->raft, NULL, NULL, options->raft_id, consensus->address) != 0) {
        raft_free(consensus->first_configuration.base);
        free(consensus);
        return PSP_ENOMEM;
    }
    raft_seed(&consensus->raft, options->seed);
    raft_set_election_timeout(&consensus->raft, options->election_timeout_ms);
    raft_set_heartbeat_timeout(&consensus->raft, options->heartbeat_ms);
    raft_set_install_snapshot_timeout(&consensus->raft, INSTALL_SNAPSHOT_TIMEOUT_MS);
    raft_set_pre_vote(&consensus->raft, true);
    raft_set_max_inflight_entries(&consensus->raft, INFLIGHT_ENTRIES_MAX);
    *ret_consensus = consensus;
    return PSP_OK;
}

void psp_consensus_destroy(struct psp_consensus **consensus_at)
{
    struct psp_consensus *consensus = *consensus_at;
    if (consensus == NULL)
        return;
    raft_close(&consensus->raft, NULL);
    raft_free(consensus->first_configuration.base);
    raft_free(consensus->proposed.base);
    psp_configurations_free(&consensus->configurations);
    psp_appends_free(&consensus->appends);
    free(consensus->records);
    psp_outbox_free(&consensus->outbox);
    free(consensus->entries);
    free(consensus);
    *consensus_at = NULL;
}

struct psp_record psp_consensus_bootstrap(struct psp_consensus *consensus)
{
    const struct raft_buffer *first = &consensus->first_configuration;
    assert(first->len <= UINT32_MAX);
    return (struct psp_record){1, 1, PSP_RECORD_CONFIGURATION, first->base, (uint32_t)first->len};
}

/* ---- events ---- */

static bool lone_voter(const struct raft_configuration *configuration, raft_id self)
{
    unsigned voters = 0, own = 0;
    for (unsigned i = 0; i < configuration->n; i++) {
        voters += configuration->servers[i].role == RAFT_VOTER;
        own += configuration->servers[i].role == RAFT_VOTER && configuration->servers[i].id == self;
    }
    assert(own <= voters);
    return voters == 1 && own == 1;
}

/* The term to start in: never below what log and snapshot show, and for a lone
 * voter one more (W5: the library would lead the same term a second time). The
 * caller makes it durable before anything else, since actions say `vote`. */
static enum psp_status start_term(const struct psp_consensus *consensus,
                                  const struct psp_consensus_start *start, uint64_t *ret_term)
{
    struct raft_configuration configuration;
    raft_index index;
    const enum psp_status status =
        psp_configuration_decode(consensus, UINT64_MAX, &configuration, &index);
    if (status != PSP_OK)
        return status;
    uint64_t term = start->term > start->snapshot_term ? start->term : start->snapshot_term;
    if (start->record_count > 0 && start->records[start->record_count - 1].term > term)
        term = start->records[start->record_count - 1].term;
    const bool empty = start->record_count == 0 && start->snapshot_index == 0;
    if (!empty && lone_voter(&configuration, consensus->raft.id))
        term++;
    raft_configuration_close(&configuration);
    assert(term >= start->term);
    *ret_term = term;
    return PSP_OK;
}

static struct raft_entry entry_of(uint64_t term, uint32_t type, struct psp_bytes payload,
                                  void *token)
{
    assert(payload.length == 0 || payload.data != NULL);
    struct raft_entry entry = {.term = term,
                               .type = (enum raft_entry_type)type,
                               .buf.len = payload.length,
                               .batch = token};
    memcpy(&entry.buf.base, &payload.data, sizeof(void *)); /* raft does not write to it */
    return entry;
}

static struct raft_entry *start_entries(const struct psp_consensus_start *start)
{
    struct raft_entry *entries = raft_calloc(start->record_count + 1, sizeof(*entries));
    for (uint64_t i = 0; entries != NULL && i < start->record_count; i++) {
        const struct psp_record *record = &start->records[i];
        assert(record->index == start->first_index + i);
        const bool needed = record->type == PSP_RECORD_CONFIGURATION;
        const struct psp_bytes payload = {record->payload, record->payload_bytes};
        entries[i] = entry_of(record->term, record->type,
                              needed ? payload : (struct psp_bytes){NULL, 0}, NULL);
    }
    return entries;
}

enum psp_status psp_consensus_start(struct psp_consensus *consensus, uint64_t now_ms,
                                    const struct psp_consensus_start *start,
                                    struct psp_consensus_actions *ret_actions)
{
    assert(start->first_index >= 1);
    assert(start->first_index <= start->snapshot_index + 1);
    assert(start->first_index + start->record_count > start->snapshot_index);
    assert((start->snapshot_index == 0) == (start->snapshot_term == 0));
    assert(start->record_count <= UINT32_MAX);
    assert(consensus->last_index == 0 && consensus->vote_term == 0); /* once */
    psp_consensus_begin(consensus, now_ms, ret_actions);
    consensus->vote_term = start->term;
    consensus->voted_for = start->voted_for;
    uint64_t term = 0;
    const bool given = start->snapshot_configuration.length > 0;
    if (consensus->joiner && start->snapshot_index > 0 && !given)
        return PSP_ECORRUPT;
    if (given && (start->snapshot_configuration_index == 0 ||
                  start->snapshot_configuration_index > start->snapshot_index))
        return PSP_ECORRUPT;
    const struct psp_record first = psp_consensus_bootstrap(consensus);
    enum psp_status status = psp_configurations_start(&consensus->configurations, start, &first);
    if (status == PSP_OK)
        status = start_term(consensus, start, &term);
    struct raft_snapshot_metadata metadata = {.index = start->snapshot_index,
                                              .term = start->snapshot_term};
    if (status == PSP_OK && start->snapshot_index > 0)
        status = psp_configuration_decode(consensus, start->snapshot_index, &metadata.configuration,
                                          &metadata.configuration_index);
    if (status != PSP_OK)
        return status;
    struct raft_event event = {.type = RAFT_START};
    event.start.term = term;
    event.start.voted_for = term == start->term ? start->voted_for : 0;
    event.start.metadata = start->snapshot_index > 0 ? &metadata : NULL;
    event.start.start_index = start->first_index;
    event.start.n_entries = (unsigned)start->record_count;
    struct raft_entry *entries = event.start.entries = start_entries(start);
    if (entries == NULL)
        return PSP_ENOMEM;
    consensus->last_index = start->first_index + start->record_count - 1;
    consensus->persisted = consensus->last_index;
    consensus->commit_index = consensus->snapshot_index = start->snapshot_index;
    consensus->snapshot_term = start->snapshot_term;
    status = psp_consensus_step_once(consensus, &event, "the start", ret_actions);
    if (status != PSP_OK) /* raft has freed the entries */
        return status;
    raft_free(entries);
    return psp_consensus_finish(consensus, status, ret_actions);
}

/* Room for n entries, and a token that stands for their batch: payloads stay
 * the caller's. NULL: out of memory. */
static void *reserve_entries(struct psp_consensus *consensus, size_t n)
{
    assert(n > 0);
    if (!PSP_GROW(consensus->entries, consensus->entry_capacity, n))
        return NULL;
    return raft_malloc(1);
}

enum psp_status psp_consensus_submit(struct psp_consensus *consensus, uint64_t now_ms,
                                     const struct psp_bytes *payloads, uint32_t n,
                                     struct psp_consensus_actions *ret_actions)
{
    assert(n > 0);
    psp_consensus_begin(consensus, now_ms, ret_actions);
    if (raft_state(&consensus->raft) != RAFT_LEADER)
        return psp_consensus_finish(consensus, PSP_ENOTLEADER, ret_actions);
    void *token = reserve_entries(consensus, n);
    if (token == NULL)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        consensus->entries[i] =
            entry_of(raft_current_term(&consensus->raft), RAFT_COMMAND, payloads[i], token);
    struct raft_event event = {.type = RAFT_SUBMIT};
    event.submit.entries = consensus->entries;
    event.submit.n = n;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "a proposal", ret_actions);
    if (status != PSP_OK && ret_actions->append_index == 0)
        raft_free(token);
    assert(status != PSP_OK || ret_actions->append_count == n);
    return psp_consensus_finish(consensus, status, ret_actions);
}

/* Steps an AppendEntries of the message's entries [first, end). */
static enum psp_status receive_entries(struct psp_consensus *consensus,
                                       struct raft_message *message,
                                       const struct psp_raft_entry *entries, uint32_t n,
                                       struct psp_consensus_actions *actions)
{
    message->append_entries.entries = NULL;
    message->append_entries.n_entries = n;
    /* W6: the library would go back to what these entries reach. */
    const uint64_t reached = message->append_entries.prev_log_index + n;
    if (message->append_entries.leader_commit > reached)
        message->append_entries.leader_commit = reached;
    if (n > 0) {
        void *token = reserve_entries(consensus, n);
        if (token == NULL)
            return PSP_ENOMEM;
        for (uint32_t i = 0; i < n; i++)
            consensus->entries[i] =
                entry_of(entries[i].term, entries[i].type, entries[i].payload, token);
        message->append_entries.entries = consensus->entries;
    }
    struct raft_event event = {.type = RAFT_RECEIVE};
    event.receive.message = message;
    return psp_consensus_step_once(consensus, &event, "an AppendEntries", actions);
}

static bool last_reply_rejects(const struct psp_consensus_actions *actions)
{
    enum { REJECTED = 2 }; /* as the layout has it */
    const uint32_t n = actions->message_count;
    if (n == 0 || actions->messages[n - 1].type != RAFT_APPEND_ENTRIES_RESULT)
        return false;
    assert(actions->messages[n - 1].field_count > REJECTED);
    return actions->messages[n - 1].fields[REJECTED] != 0;
}

static enum psp_status receive_append(struct psp_consensus *consensus, struct raft_message *message,
                                      const struct psp_raft_message *plain,
                                      struct psp_consensus_actions *actions)
{
    struct raft_append_entries *append = &message->append_entries;
    const struct psp_raft_entry *entries = plain->entries;
    uint32_t n = plain->entry_count;
    /* W2: what lies below our snapshot is committed, so it matches. */
    if (append->prev_log_index < consensus->snapshot_index &&
        append->term >= raft_current_term(&consensus->raft)) {
        const uint64_t below = consensus->snapshot_index - append->prev_log_index;
        const uint32_t dropped = below >= n ? n : (uint32_t)below;
        entries += dropped;
        n -= dropped;
        append->prev_log_index = consensus->snapshot_index;
        append->prev_log_term = consensus->snapshot_term;
        assert(n == plain->entry_count - dropped);
        if (n > 0 && entries[0].term < append->prev_log_term)
            return PSP_EINVAL;
    }
    enum psp_status status;
    do { /* W8: a configuration entry comes first in its AppendEntries */
        uint32_t part = n > 0 ? 1 : 0;
        while (part < n && entries[part].type != RAFT_CHANGE)
            part++;
        assert(part <= n && (part > 0 || n == 0)); /* it comes to an end */
        struct raft_message one = *message;
        status = receive_entries(consensus, &one, entries, part, actions);
        if (part > 0) {
            append->prev_log_index += part;
            append->prev_log_term = entries[part - 1].term;
            entries += part;
            n -= part;
        }
    } while (status == PSP_OK && n > 0 && !last_reply_rejects(actions));
    return status;
}

/* The terms of a log never fall, and none is newer than that of who leads. */
static bool entries_valid(const struct psp_raft_message *message,
                          const struct raft_append_entries *append)
{
    uint64_t term = 1;
    if (message->entry_count > 0 && append->prev_log_term > term)
        term = append->prev_log_term;
    for (uint32_t i = 0; i < message->entry_count; i++) {
        const struct psp_raft_entry *entry = &message->entries[i];
        if (entry->type < RAFT_COMMAND || entry->type > RAFT_CHANGE || entry->term < term ||
            entry->term > append->term)
            return false;
        term = entry->term;
        if (entry->type == RAFT_CHANGE && !psp_configuration_valid(entry->payload))
            return false;
    }
    return true;
}

enum psp_status psp_consensus_receive(struct psp_consensus *consensus, uint64_t now_ms,
                                      uint64_t from_raft_id, const struct psp_raft_message *plain,
                                      struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    assert(from_raft_id != 0);
    char address[PSP_ADDRESS_BYTES]; /* replies point at it, and are read within the call */
    snprintf(address, sizeof(address), "%" PRIu64, from_raft_id);
    struct raft_message message = {.server_id = from_raft_id, .server_address = address};
    if (!psp_fields_store(plain, &message) || !entries_valid(plain, &message.append_entries) ||
        !psp_mend_may_lead(&consensus->raft, &message))
        return psp_consensus_finish(consensus, PSP_EINVAL, ret_actions);
    enum psp_status status = PSP_OK;
    if (message.type == RAFT_APPEND_ENTRIES) {
        status = receive_append(consensus, &message, plain, ret_actions);
    } else if (psp_mend_received(&consensus->raft, &consensus->doubts, consensus->clock_ms,
                                 &message)) {
        struct raft_event event = {.type = RAFT_RECEIVE};
        event.receive.message = &message;
        status = psp_consensus_step_once(consensus, &event, "a message", ret_actions);
    }
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_persisted(struct psp_consensus *consensus, uint64_t now_ms,
                                        uint64_t append_number,
                                        struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    const uint64_t upto = psp_appends_done(&consensus->appends, append_number);
    assert(upto <= consensus->last_index);
    if (upto <= consensus->persisted)
        return psp_consensus_finish(consensus, PSP_OK, ret_actions);
    consensus->persisted = upto;
    struct raft_event event = {.type = RAFT_PERSISTED_ENTRIES};
    event.persisted_entries.index = upto;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "what was persisted", ret_actions);
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_checkpointed(struct psp_consensus *consensus, uint64_t now_ms,
                                           uint64_t index, uint64_t term,
                                           struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    assert((index == 0) == (term == 0));
    if (index <= consensus->snapshot_index || index > consensus->persisted ||
        index > consensus->commit_index)
        return psp_consensus_finish(consensus, PSP_OK, ret_actions);
    struct raft_event event = {.type = RAFT_SNAPSHOT};
    event.snapshot.metadata.index = index;
    event.snapshot.metadata.term = term;
    event.snapshot.trailing = TRAILING_ENTRIES;
    enum psp_status status =
        psp_configuration_decode(consensus, index, &event.snapshot.metadata.configuration,
                                 &event.snapshot.metadata.configuration_index);
    if (status == PSP_OK)
        status = psp_consensus_step_once(consensus, &event, "a checkpoint", ret_actions);
    if (status == PSP_OK) {
        assert(event.snapshot.metadata.configuration_index <= index);
        assert(term >= consensus->snapshot_term);
        consensus->snapshot_index = index;
        consensus->snapshot_term = term;
    }
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_change(struct psp_consensus *consensus, uint64_t now_ms,
                                     const struct psp_consensus_member *members, uint32_t n,
                                     struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    assert(n > 0);
    if (raft_state(&consensus->raft) != RAFT_LEADER || raft_transferee(&consensus->raft) != 0)
        return psp_consensus_finish(consensus, PSP_ENOTLEADER, ret_actions);
    if (psp_consensus_changing(consensus))
        return psp_consensus_finish(consensus, PSP_EINVAL, ret_actions);
    raft_free(consensus->proposed.base);
    consensus->proposed = (struct raft_buffer){0};
    void *token = raft_malloc(1); /* stands for the batch: the payload stays ours */
    if (token == NULL || !psp_configuration_encode(members, n, &consensus->proposed)) {
        raft_free(token);
        return PSP_ENOMEM;
    }
    struct raft_entry entry = {.term = raft_current_term(&consensus->raft),
                               .type = RAFT_CHANGE,
                               .buf = consensus->proposed,
                               .batch = token};
    struct raft_event event = {.type = RAFT_SUBMIT};
    event.submit.entries = &entry;
    event.submit.n = 1;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "other members", ret_actions);
    if (status != PSP_OK && ret_actions->append_index == 0)
        raft_free(token);
    assert(status != PSP_OK || ret_actions->append_count == 1);
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_transfer(struct psp_consensus *consensus, uint64_t now_ms,
                                       uint64_t raft_id, struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    if (raft_state(&consensus->raft) != RAFT_LEADER)
        return psp_consensus_finish(consensus, PSP_ENOTLEADER, ret_actions);
    if (!psp_consensus_votes(consensus, raft_id) || raft_id == consensus->raft.id ||
        raft_transferee(&consensus->raft) != 0)
        return psp_consensus_finish(consensus, PSP_EINVAL, ret_actions);
    struct raft_event event = {.type = RAFT_TRANSFER};
    event.transfer.server_id = raft_id;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "a hand-over", ret_actions);
    assert(status != PSP_OK || raft_transferee(&consensus->raft) == raft_id);
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_timeout(struct psp_consensus *consensus, uint64_t now_ms,
                                      struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    enum psp_status status = PSP_OK;
    if (consensus->clock_ms >= raft_timeout(&consensus->raft)) { /* too often aborts pipelines */
        struct raft_event event = {.type = RAFT_TIMEOUT};
        status = psp_consensus_step_once(consensus, &event, "a timeout", ret_actions);
    }
    return psp_consensus_finish(consensus, status, ret_actions);
}

uint64_t psp_consensus_deadline(const struct psp_consensus *consensus)
{
    return raft_timeout(&consensus->raft);
}

/* libraft takes these without const though it only reads. */
static struct raft *raft_of(const struct psp_consensus *consensus)
{
    return &((struct psp_consensus *)(uintptr_t)consensus)->raft;
}

enum psp_consensus_state psp_consensus_state(const struct psp_consensus *consensus)
{
    static const enum psp_consensus_state states[] = {[RAFT_UNAVAILABLE] = PSP_UNAVAILABLE,
                                                      [RAFT_FOLLOWER] = PSP_FOLLOWER,
                                                      [RAFT_CANDIDATE] = PSP_CANDIDATE,
                                                      [RAFT_LEADER] = PSP_LEADER};
    const enum raft_state state = raft_state(raft_of(consensus));
    assert(state < sizeof states / sizeof states[0]);
    return states[state];
}

uint64_t psp_consensus_term(const struct psp_consensus *consensus)
{
    return raft_current_term(&consensus->raft);
}

uint64_t psp_consensus_leader(const struct psp_consensus *consensus)
{
    raft_id id = 0;
    const char *address;
    raft_leader(raft_of(consensus), &id, &address);
    return id;
}

uint64_t psp_consensus_last_index(const struct psp_consensus *consensus)
{
    return consensus->last_index;
}

const char *psp_consensus_error(const struct psp_consensus *consensus)
{
    return consensus->error;
}

uint64_t psp_consensus_persisted_index(const struct psp_consensus *consensus)
{
    return consensus->persisted;
}
