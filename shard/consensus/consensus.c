#include "shard/consensus/consensus.h"

#include <assert.h>
#include <inttypes.h>
#include <raft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "shard/consensus/inner.h"

enum {
    INSTALL_SNAPSHOT_TIMEOUT_MS = 2000,
    INFLIGHT_ENTRIES_MAX = 4096,
    TRAILING_ENTRIES = INT32_MAX, /* all: costs memory per term, not per entry */
};

_Static_assert((int)RAFT_COMMAND == PSP_RECORD_COMMAND && (int)RAFT_BARRIER == PSP_RECORD_BARRIER &&
                   (int)RAFT_CHANGE == PSP_RECORD_CONFIGURATION,
               "types are on disk and on the wire");

static enum psp_status refused(struct psp_consensus *consensus, const char *event, int error)
{
    snprintf(consensus->error, sizeof(consensus->error), "libraft refuses %s: %s: %s", event,
             raft_strerror(error), raft_errmsg(&consensus->raft));
    if (error == RAFT_NOTLEADER)
        return PSP_ENOTLEADER;
    return error == RAFT_NOMEM ? PSP_ENOMEM : PSP_EIO;
}

enum psp_status psp_consensus_create(const struct psp_consensus_options *options,
                                     struct psp_consensus **ret_consensus)
{
    assert(options->raft_id != 0);
    struct psp_consensus *consensus = calloc(1, sizeof(*consensus));
    if (consensus == NULL)
        return PSP_ENOMEM;
    consensus->appends.next_number = 1;
    consensus->joiner = true;
    for (uint32_t i = 0; i < options->member_count; i++)
        consensus->joiner = consensus->joiner && options->members[i].raft_id != options->raft_id;
    snprintf(consensus->address, sizeof(consensus->address), "%" PRIu64, options->raft_id);
    if (!psp_consensus_encode(options->members, options->member_count,
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
    return (struct psp_record){1, 1, PSP_RECORD_CONFIGURATION, first->base, (uint32_t)first->len};
}

/* The newest at or below `index`, decoded; what raft is given it then owns. A
 * joiner has none until its log brings one. */
static enum psp_status configuration_at(const struct psp_consensus *consensus, uint64_t index,
                                        struct raft_configuration *ret_configuration,
                                        raft_index *ret_index)
{
    const struct psp_configuration *found =
        psp_configurations_at(&consensus->configurations, index);
    struct raft_buffer buffer = consensus->first_configuration;
    if (found == NULL && consensus->joiner) {
        raft_configuration_init(ret_configuration);
        *ret_index = 0;
        return PSP_OK;
    }
    if (found != NULL)
        buffer = (struct raft_buffer){found->bytes, found->length};
    *ret_index = found == NULL ? 1 : found->index;
    return raft_configuration_decode(&buffer, ret_configuration) == 0 ? PSP_OK : PSP_ECORRUPT;
}

/* Where the fields of a message type are, in the order of the wire. An
 * InstallSnapshot carries neither configuration nor data (W7): the state itself
 * travels on its own socket. */
/* clang-format off */
#define AT(kind, name, max) /* NOLINTNEXTLINE(bugprone-macro-parentheses): member names */ \
    {offsetof(struct raft_message, kind.name), sizeof(((struct raft_message *)NULL)->kind.name), max}
#define INDEX_MAX (UINT64_MAX / 2) /* so that sums do not wrap */
enum { BOOL_MAX = 1 };
static const struct psp_field message_fields[RAFT_TIMEOUT_NOW + 1][PSP_FIELDS_MAX] = {
#define A(name) AT(append_entries, name, UINT64_MAX)
    [RAFT_APPEND_ENTRIES] = {A(version), A(term), AT(append_entries, prev_log_index, INDEX_MAX),
                             A(prev_log_term), A(leader_commit)},
#define R(name) AT(append_entries_result, name, UINT64_MAX)
    [RAFT_APPEND_ENTRIES_RESULT] = {R(version), R(term), R(rejected), R(last_log_index),
                                    R(features), R(capacity)},
#define V(name) AT(request_vote, name, UINT64_MAX)
    [RAFT_REQUEST_VOTE] = {V(version), V(term), V(candidate_id), V(last_log_index),
                           V(last_log_term), AT(request_vote, disrupt_leader, BOOL_MAX),
                           AT(request_vote, pre_vote, BOOL_MAX)},
#define W(name) AT(request_vote_result, name, UINT64_MAX)
    [RAFT_REQUEST_VOTE_RESULT] = {W(version), W(term),
                                  AT(request_vote_result, vote_granted, BOOL_MAX),
                                  AT(request_vote_result, pre_vote, BOOL_MAX), W(features),
                                  W(capacity)},
#define I(name) AT(install_snapshot, name, UINT64_MAX)
    [RAFT_INSTALL_SNAPSHOT] = {I(version), I(term), I(last_index), I(last_term), I(conf_index)},
#define T(name) AT(timeout_now, name, UINT64_MAX)
    [RAFT_TIMEOUT_NOW] = {T(version), T(term), T(last_log_index), T(last_log_term)},
};
/* clang-format on */

/* False: not a message that another replica could have sent. */
static bool message_of_fields(const struct psp_raft_message *plain, struct raft_message *message)
{
    if (plain->type < RAFT_APPEND_ENTRIES || plain->type > RAFT_TIMEOUT_NOW ||
        (plain->entry_count > 0 && plain->type != RAFT_APPEND_ENTRIES))
        return false;
    message->type = (enum raft_message_type)plain->type;
    if (!psp_fields_store(message_fields[plain->type], plain->fields, plain->field_count, message))
        return false;
    return message->type != RAFT_REQUEST_VOTE ||
           message->request_vote.candidate_id == message->server_id;
}

static enum psp_status collect_messages(struct psp_consensus *consensus,
                                        const struct raft_update *update,
                                        struct psp_consensus_actions *actions)
{
    for (unsigned i = 0; i < update->messages.n; i++) {
        const struct raft_message *message = &update->messages.batch[i];
        const uint32_t entry_count =
            message->type == RAFT_APPEND_ENTRIES ? message->append_entries.n_entries : 0;
        const enum psp_status status =
            psp_outbox_push(&consensus->outbox, message->server_id, (uint32_t)message->type,
                            entry_count, message_fields[message->type], message);
        if (status != PSP_OK)
            return status;
    }
    actions->message_count = (uint32_t)consensus->outbox.count;
    actions->messages = consensus->outbox.messages;
    actions->message_to = consensus->outbox.to;
    return PSP_OK;
}

/* ---- one step ---- */

static enum psp_status collect_entries(struct psp_consensus *consensus,
                                       const struct raft_update *update,
                                       struct psp_consensus_actions *actions)
{
    const uint64_t first = update->entries.index;
    const unsigned n = update->entries.n;
    if (first <= consensus->last_index)
        psp_configurations_cut(&consensus->configurations, first);
    if (consensus->persisted >= first)
        consensus->persisted = first - 1;
    consensus->last_index = first + n - 1;
    if (actions->append_index == 0) {
        actions->append_index = first;
        actions->append_number = consensus->appends.next_number;
    }
    assert(first >= actions->append_index);
    assert(first <= actions->append_index + actions->append_count);
    actions->append_count = (uint32_t)(first - actions->append_index) + n;
    if (!psp_reserve((void **)&consensus->records, &consensus->record_capacity,
                     actions->append_count, sizeof(*consensus->records)))
        return PSP_ENOMEM;
    actions->append = consensus->records;
    struct psp_record *records = consensus->records + (first - actions->append_index);
    for (unsigned i = 0; i < n; i++) {
        const struct raft_entry *entry = &update->entries.batch[i];
        const bool empty = entry->type == RAFT_BARRIER; /* what it points at is the library's */
        records[i] = (struct psp_record){first + i, entry->term, (enum psp_record_type)entry->type,
                                         empty ? NULL : entry->buf.base,
                                         empty ? 0 : (uint32_t)entry->buf.len};
        if (entry->type != RAFT_CHANGE)
            continue;
        const enum psp_status status = psp_configurations_keep(
            &consensus->configurations, first + i, entry->buf.base, entry->buf.len, false);
        if (status != PSP_OK)
            return status;
    }
    raft_free(update->entries.batch[0].batch); /* ours once the step has handed it out */
    return PSP_OK;
}

enum psp_status psp_consensus_step_once(struct psp_consensus *consensus, struct raft_event *event,
                                        const char *name, struct psp_consensus_actions *actions)
{
    struct raft_update update = {0};
    const uint64_t term_before = raft_current_term(&consensus->raft);
    event->time = consensus->clock_ms;
    const int error = raft_step(&consensus->raft, event, &update);
    if (error != 0)
        return refused(consensus, name, error);
    psp_mend_replies(&consensus->raft, event, term_before, &update);
    enum psp_status status = PSP_OK;
    if ((update.flags & (RAFT_UPDATE_ENTRIES)) != 0)
        status = collect_entries(consensus, &update, actions);
    if (status == PSP_OK && (update.flags & (RAFT_UPDATE_SNAPSHOT)) != 0) {
        consensus->installing = true;
        psp_appends_clear(&consensus->appends); /* their writes are never reported */
        consensus->last_index = consensus->persisted = update.snapshot.metadata.index;
        actions->install = true;
        actions->install_index = update.snapshot.metadata.index;
        actions->install_term = update.snapshot.metadata.term;
    }
    if (status == PSP_OK && (update.flags & (RAFT_UPDATE_MESSAGES)) != 0)
        status = collect_messages(consensus, &update, actions);
    return status;
}

/* W6: the library's commit index can step back, and moves during an install. */
static void raise_commit(struct psp_consensus *consensus)
{
    const uint64_t index = raft_commit_index(&consensus->raft);
    if (!consensus->installing && index > consensus->commit_index)
        consensus->commit_index = index;
}

/* Tells the library of configuration entries that are committed by now. */
static enum psp_status apply_configurations(struct psp_consensus *consensus,
                                            struct psp_consensus_actions *actions)
{
    struct psp_configuration *configuration;
    while ((configuration = psp_configurations_unapplied(&consensus->configurations,
                                                         consensus->commit_index)) != NULL) {
        configuration->applied = true;
        struct raft_event event = {.type = RAFT_CONFIGURATION};
        event.configuration.index = configuration->index;
        raft_index index;
        enum psp_status status =
            configuration_at(consensus, configuration->index, &event.configuration.conf, &index);
        if (status == PSP_OK)
            status =
                psp_consensus_step_once(consensus, &event, "a committed configuration", actions);
        if (status != PSP_OK)
            return status;
        raise_commit(consensus);
    }
    return PSP_OK;
}

void psp_consensus_begin(struct psp_consensus *consensus, uint64_t now_ms,
                         struct psp_consensus_actions *ret_actions)
{
    if (now_ms > consensus->clock_ms) /* event time never goes back */
        consensus->clock_ms = now_ms;
    *ret_actions = (struct psp_consensus_actions){0};
    consensus->outbox.count = 0;
}

/* What holds after one or more steps. */
enum psp_status psp_consensus_finish(struct psp_consensus *consensus, enum psp_status status,
                                     struct psp_consensus_actions *actions)
{
    raise_commit(consensus);
    if (status == PSP_OK)
        status = apply_configurations(consensus, actions);
    if (status == PSP_OK && actions->append_index != 0)
        status =
            psp_appends_push(&consensus->appends, actions->append_index, consensus->last_index);
    const uint64_t term = raft_current_term(&consensus->raft);
    const uint64_t voted_for = raft_voted_for(&consensus->raft);
    if (term != consensus->vote_term || voted_for != consensus->voted_for) {
        actions->vote = true;
        consensus->vote_term = term;
        consensus->voted_for = voted_for;
    }
    actions->term = term;
    actions->voted_for = voted_for;
    actions->commit_index = consensus->commit_index;
    return status;
}

/* ---- events ---- */

static bool lone_voter(const struct raft_configuration *configuration, raft_id self)
{
    unsigned voters = 0, own = 0;
    for (unsigned i = 0; i < configuration->n; i++) {
        voters += configuration->servers[i].role == RAFT_VOTER;
        own += configuration->servers[i].role == RAFT_VOTER && configuration->servers[i].id == self;
    }
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
    const enum psp_status status = configuration_at(consensus, UINT64_MAX, &configuration, &index);
    if (status != PSP_OK)
        return status;
    uint64_t term = start->term > start->snapshot_term ? start->term : start->snapshot_term;
    if (start->record_count > 0 && start->records[start->record_count - 1].term > term)
        term = start->records[start->record_count - 1].term;
    const bool empty = start->record_count == 0 && start->snapshot_index == 0;
    if (!empty && lone_voter(&configuration, consensus->raft.id))
        term++;
    raft_configuration_close(&configuration);
    *ret_term = term;
    return PSP_OK;
}

static struct raft_entry entry_of(uint64_t term, uint32_t type, struct psp_bytes payload,
                                  void *token)
{
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
    assert(start->first_index >= 1 && start->first_index <= start->snapshot_index + 1);
    psp_consensus_begin(consensus, now_ms, ret_actions);
    consensus->vote_term = start->term;
    consensus->voted_for = start->voted_for;
    uint64_t term = 0;
    if (consensus->joiner && start->snapshot_index > 0 && start->snapshot_configuration.length == 0)
        return PSP_ECORRUPT;
    const struct psp_record first = psp_consensus_bootstrap(consensus);
    enum psp_status status = psp_configurations_start(&consensus->configurations, start, &first);
    if (status == PSP_OK)
        status = start_term(consensus, start, &term);
    struct raft_snapshot_metadata metadata = {.index = start->snapshot_index,
                                              .term = start->snapshot_term};
    if (status == PSP_OK && start->snapshot_index > 0)
        status = configuration_at(consensus, start->snapshot_index, &metadata.configuration,
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
    const uint64_t end = start->first_index + start->record_count - 1;
    consensus->last_index = end > start->snapshot_index ? end : start->snapshot_index;
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
    if (!psp_reserve((void **)&consensus->entries, &consensus->entry_capacity, n,
                     sizeof(*consensus->entries)))
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
    const uint32_t n = actions->message_count;
    return n > 0 && actions->messages[n - 1].type == RAFT_APPEND_ENTRIES_RESULT &&
           actions->messages[n - 1].fields[2] != 0;
}

static enum psp_status receive_append(struct psp_consensus *consensus, struct raft_message *message,
                                      const struct psp_raft_message *plain,
                                      struct psp_consensus_actions *actions)
{
    struct raft_append_entries *append = &message->append_entries;
    const struct psp_raft_entry *entries = plain->entries;
    uint32_t n = plain->entry_count;
    /* W2: what lies below our snapshot is committed, so it matches. */
    if (append->prev_log_index < consensus->snapshot_index && !consensus->installing &&
        append->term >= raft_current_term(&consensus->raft)) {
        const uint64_t below = consensus->snapshot_index - append->prev_log_index;
        const uint32_t dropped = below >= n ? n : (uint32_t)below;
        entries += dropped;
        n -= dropped;
        append->prev_log_index = consensus->snapshot_index;
        append->prev_log_term = consensus->snapshot_term;
    }
    enum psp_status status;
    do { /* W8: a configuration entry comes first in its AppendEntries */
        uint32_t part = n > 0 ? 1 : 0;
        while (part < n && entries[part].type != RAFT_CHANGE)
            part++;
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

static bool entries_valid(const struct psp_raft_message *message)
{
    uint64_t term = 1;
    for (uint32_t i = 0; i < message->entry_count; i++) {
        const struct psp_raft_entry *entry = &message->entries[i];
        if (entry->type < RAFT_COMMAND || entry->type > RAFT_CHANGE || entry->term < term)
            return false;
        term = entry->term;
        if (entry->type != RAFT_CHANGE)
            continue;
        struct raft_configuration configuration;
        const struct raft_buffer buffer = entry_of(0, RAFT_CHANGE, entry->payload, NULL).buf;
        if (raft_configuration_decode(&buffer, &configuration) != 0)
            return false;
        raft_configuration_close(&configuration);
    }
    return true;
}

enum psp_status psp_consensus_receive(struct psp_consensus *consensus, uint64_t now_ms,
                                      uint64_t from_raft_id, const struct psp_raft_message *plain,
                                      struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    char address[PSP_ADDRESS_BYTES]; /* replies point at it, and are read within the call */
    snprintf(address, sizeof(address), "%" PRIu64, from_raft_id);
    struct raft_message message = {.server_id = from_raft_id, .server_address = address};
    if (!message_of_fields(plain, &message) || !entries_valid(plain))
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
    if (index <= consensus->snapshot_index || index > consensus->persisted ||
        index > consensus->commit_index || consensus->installing)
        return psp_consensus_finish(consensus, PSP_OK, ret_actions);
    struct raft_event event = {.type = RAFT_SNAPSHOT};
    event.snapshot.metadata.index = index;
    event.snapshot.metadata.term = term;
    event.snapshot.trailing = TRAILING_ENTRIES;
    enum psp_status status =
        configuration_at(consensus, index, &event.snapshot.metadata.configuration,
                         &event.snapshot.metadata.configuration_index);
    if (status == PSP_OK)
        status = psp_consensus_step_once(consensus, &event, "a checkpoint", ret_actions);
    if (status == PSP_OK) {
        consensus->snapshot_index = index;
        consensus->snapshot_term = term;
    }
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
    return states[raft_state(raft_of(consensus))];
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
