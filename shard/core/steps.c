/* What is told to consensus, and what it wants then: nothing else steps it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shard/core/inner.h"

/* ---- what it wants ---- */

/* The memory of an entry to append: what was just submitted, else a copy. */
static struct psp_window_bytes *bytes_of(struct psp_core *core, const struct psp_record *record)
{
    struct psp_window_bytes *bytes = core->proposing;
    if (bytes != NULL && record->payload == bytes->buffer.data) {
        assert(record->payload_bytes == bytes->buffer.length);
        core->proposing = NULL;
        return bytes;
    }
    bytes = psp_window_take(&core->window);
    if (bytes == NULL)
        return NULL;
    if (bytes->buffer.capacity < record->payload_bytes) {
        uint8_t *data = realloc(bytes->buffer.data, record->payload_bytes);
        if (data == NULL) {
            psp_window_spare(&core->window, bytes);
            return NULL;
        }
        bytes->buffer.data = data;
        bytes->buffer.capacity = record->payload_bytes;
    }
    memcpy(bytes->buffer.data, record->payload, record->payload_bytes);
    bytes->buffer.length = record->payload_bytes;
    return bytes;
}

static void append(struct psp_core *core, const struct psp_consensus_actions *actions)
{
    assert(actions->append_count > 0);
    assert(actions->append_index > core->commit_index); /* promise 1: what is committed stays */
    assert(actions->append_number > core->written_number);
    psp_window_cut(&core->window, actions->append_index);
    struct psp_record *records = psp_core_scratch(core, actions->append_count * sizeof(*records));
    if (records == NULL)
        return;
    for (uint32_t i = 0; i < actions->append_count; i++) {
        records[i] = actions->append[i];
        assert(records[i].index == core->window.first + core->window.count);
        struct psp_window_bytes *bytes = NULL;
        if (records[i].payload_bytes > 0) {
            bytes = bytes_of(core, &records[i]);
            if (bytes == NULL) {
                psp_core_stop(core, "out of memory for a log entry");
                return;
            }
            bytes->append_number = actions->append_number;
            records[i].payload = bytes->buffer.data;
        }
        if (psp_window_push(&core->window, records[i].term, records[i].type, bytes) != PSP_OK) {
            psp_core_stop(core, "out of memory for a log entry");
            return;
        }
    }
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_APPEND);
    if (action == NULL)
        return;
    action->append.number = actions->append_number;
    action->append.records = records;
    action->append.n = actions->append_count;
    if (core->appended_number == core->written_number)
        core->pending_ms = core->now.steady_ms;
    core->appended_number = actions->append_number;
}

/* The message with `n` entries, which may be fewer than consensus thinks: it sends the rest
 * when it hears what has arrived. */
static void send_entries(struct psp_core *core, uint32_t replica, uint64_t raft_id,
                         const struct psp_raft_message *message,
                         const struct psp_raft_entry *entries, uint32_t n)
{
    assert(n == 0 || entries != NULL);
    assert(n <= message->entry_count);
    assert(raft_id != core->raft_id);
    uint64_t *fields = psp_core_scratch(core, (message->field_count + 1) * sizeof(*fields));
    struct psp_cluster_message *sent =
        fields == NULL ? NULL : psp_core_tell(core, replica, PSP_CLUSTER_RAFT);
    if (sent == NULL)
        return;
    memcpy(fields, message->fields, message->field_count * sizeof(*fields));
    sent->raft = *message;
    sent->raft.shard = core->genesis.shard;
    sent->raft.from_id = core->raft_id;
    sent->raft.to_id = raft_id;
    sent->raft.wall_ms = core->now.wall_ms;
    sent->raft.fields = fields;
    sent->raft.entries = entries;
    sent->raft.entry_count = n;
}

/* Entries that are no longer in memory are read by others; meanwhile the follower
 * gets the message without any, so that it hears of its leader. */
static void wish_entries(struct psp_core *core, uint32_t replica, uint64_t raft_id,
                         const struct psp_raft_message *message, uint64_t first, uint64_t last)
{
    send_entries(core, replica, raft_id, message, NULL, 0);
    if (psp_reads_has(&core->reads, PSP_READ_FOLLOWER, replica))
        return;
    struct psp_read *read = psp_core_wish(core, PSP_READ_FOLLOWER, first, last);
    if (read == NULL)
        return;
    assert(message->field_count <= PSP_RAFT_FIELDS_MAX);
    read->replica = replica;
    read->id = raft_id;
    read->term = psp_consensus_term(core->consensus);
    read->message = *message;
    memcpy(read->fields, message->fields, message->field_count * sizeof *read->fields);
}

static void send_raft(struct psp_core *core, uint64_t raft_id,
                      const struct psp_raft_message *message)
{
    const uint32_t replica = psp_raft_id_replica(raft_id);
    if (replica >= core->member_count || replica == core->replica)
        return;
    uint64_t first = 0;
    const uint32_t n = psp_consensus_entries_of(message, &first);
    struct psp_raft_entry *entries = psp_core_scratch(core, (n + 1) * sizeof(*entries));
    if (entries == NULL)
        return;
    uint32_t filled = 0;
    size_t bytes = 0;
    for (; filled < n && (bytes <= PSP_CORE_RAFT_BYTES || filled == 0); filled++) {
        const struct psp_window_entry *entry = psp_window_at(&core->window, first + filled);
        if (entry == NULL) {
            wish_entries(core, replica, raft_id, message, first, first + n - 1);
            return;
        }
        entries[filled] =
            (struct psp_raft_entry){.term = entry->term, .type = (uint32_t)entry->type};
        if (entry->bytes != NULL)
            entries[filled].payload =
                (struct psp_bytes){entry->bytes->buffer.data, entry->bytes->buffer.length};
        bytes += entries[filled].payload.length;
    }
    send_entries(core, replica, raft_id, message, entries, filled);
}

/* Only while it leads in the same term: no leader cuts its own log, so what was read
 * is what the message is about. */
void psp_core_send_read(struct psp_core *core, const struct psp_read *read,
                        const struct psp_record *records, uint32_t n)
{
    assert(read->kind == PSP_READ_FOLLOWER);
    if (n == 0 || psp_consensus_state(core->consensus) != PSP_LEADER ||
        psp_consensus_term(core->consensus) != read->term)
        return;
    const struct psp_raft_entry *entries = psp_core_entries(core, records, n);
    if (entries != NULL)
        send_entries(core, read->replica, read->id, &read->message, entries, n);
}

static void check_status(struct psp_core *core, enum psp_status status)
{
    if (status == PSP_OK || status == PSP_ENOTLEADER || status == PSP_EINVAL)
        return;
    const char *error = psp_consensus_error(core->consensus);
    psp_core_stop(core, "consensus cannot go on: %s%s%s", psp_status_text(status),
                  error[0] == 0 ? "" : ": ", error);
}

static void carry(struct psp_core *core, enum psp_status status,
                  const struct psp_consensus_actions *actions)
{
    check_status(core, status);
    if (!core->stopped && actions->too_old)
        psp_core_stop(core, "this replica's log is too old for the leader to complete it; replace "
                            "the replica");
    if (core->stopped)
        return;
    if (actions->vote) {
        struct psp_core_action *action = psp_core_act(core, PSP_CORE_VOTE);
        if (action == NULL)
            return;
        assert(actions->term >= core->leading_term);
        action->vote.term = actions->term;
        action->vote.voted_for = actions->voted_for;
    }
    if (actions->append_index != 0)
        append(core, actions);
    for (uint32_t i = 0; i < actions->message_count && !core->stopped; i++)
        send_raft(core, actions->message_to[i], &actions->messages[i]);
    assert(actions->commit_index >= core->commit_index);
    core->commit_index = actions->commit_index;
    const bool leading = psp_consensus_state(core->consensus) == PSP_LEADER;
    const uint64_t term = psp_consensus_term(core->consensus);
    assert(term >= core->leading_term);
    if (core->leading && !(leading && term == core->leading_term))
        psp_core_lose(core);
    if (leading && !(core->leading && term == core->leading_term))
        core->inherited_index = psp_consensus_last_index(core->consensus);
    core->leading = leading;
    core->leading_term = term;
}

/* ---- what it is told ---- */

/* Gives the bytes to consensus; owns them in any case. False: not leading. */
static bool submit(struct psp_core *core, struct psp_window_bytes *bytes, uint64_t *ret_index,
                   uint64_t *ret_term)
{
    const struct psp_bytes payload = {bytes->buffer.data, bytes->buffer.length};
    struct psp_consensus_actions actions;
    assert(core->proposing == NULL);
    assert(payload.length > 0);
    core->proposing = bytes;
    const enum psp_status status =
        psp_consensus_submit(core->consensus, core->now.steady_ms, &payload, 1, &actions);
    const bool proposed = status == PSP_OK && actions.append_index != 0;
    if (proposed) {
        *ret_index = actions.append_index;
        *ret_term = actions.append[0].term;
        assert(actions.append_count == 1);
        assert(actions.append[0].index == actions.append_index);
    }
    carry(core, status, &actions);
    psp_window_spare(&core->window, core->proposing);
    core->proposing = NULL;
    return proposed;
}

bool psp_core_has_room(const struct psp_core *core)
{
    return core->move_to == 0 && core->waiting_count < PSP_CORE_UNAPPLIED_MAX &&
           core->window.payload_bytes < PSP_CORE_UNAPPLIED_BYTES_MAX;
}

/* promise 4: the time is the leader's, written down, and never goes back; so one that is far
 * ahead of all others' would stay, and close an election too early for ever. */
uint64_t psp_core_time_ms(const struct psp_core *core)
{
    const int64_t ahead_ms =
        psp_clocks_ahead(&core->clocks, core->now.steady_ms, core->now.wall_ms);
    uint64_t time_ms = core->now.wall_ms;
    if (ahead_ms > PSP_CORE_CLOCK_MAX_MS)
        time_ms -= (uint64_t)ahead_ms - PSP_CORE_CLOCK_MAX_MS;
    if (time_ms < core->last_time_ms)
        time_ms = core->last_time_ms;
    return time_ms < psp_count_time_ms(core->count) ? psp_count_time_ms(core->count) : time_ms;
}

bool psp_core_propose(struct psp_core *core, struct psp_entry *entry,
                      const struct psp_waiting *waiting)
{
    assert(core->waiting_count < PSP_CORE_UNAPPLIED_MAX);
    assert(core->move_to == 0); /* nothing is proposed while the leadership moves */
    entry->time_ms = psp_core_time_ms(core);
    assert(entry->time_ms >= core->last_time_ms); /* promise 4 */
    assert(entry->time_ms >= psp_count_time_ms(core->count));
    struct psp_window_bytes *bytes = psp_window_take(&core->window);
    if (bytes == NULL || psp_entry_encode(entry, &bytes->buffer) != PSP_OK) {
        psp_window_spare(&core->window, bytes);
        psp_core_stop(core, "out of memory for a log entry");
        return false;
    }
    bytes->own = true;
    struct psp_waiting placed = *waiting;
    if (!submit(core, bytes, &placed.index, &placed.term))
        return false;
    assert(core->leading || core->stopped);
    core->last_time_ms = entry->time_ms;
    psp_core_wait(core, &placed);
    return true;
}

void psp_core_transfer(struct psp_core *core, uint64_t raft_id)
{
    assert(raft_id != core->raft_id);
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_transfer(core->consensus, core->now.steady_ms, raft_id, &actions);
    carry(core, status, &actions);
}

void psp_core_change(struct psp_core *core, const struct psp_consensus_member *members, uint32_t n)
{
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_change(core->consensus, core->now.steady_ms, members, n, &actions);
    carry(core, status, &actions);
}

void psp_core_step_start(struct psp_core *core, const struct psp_consensus_start *start)
{
    assert(core->window.count == 0);
    psp_window_cut(&core->window, start->first_index + start->record_count);
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_start(core->consensus, core->now.steady_ms, start, &actions);
    carry(core, status, &actions);
}

void psp_core_step_message(struct psp_core *core, const struct psp_raft_message *message)
{
    /* As if lost on the way: the leader sends them again. */
    if (message->entry_count > 0 && psp_window_is_full(&core->window))
        return;
    struct psp_consensus_actions actions;
    const enum psp_status status = psp_consensus_receive(core->consensus, core->now.steady_ms,
                                                         message->from_id, message, &actions);
    carry(core, status, &actions);
}

void psp_core_step_persisted(struct psp_core *core, uint64_t append_number)
{
    assert(append_number >= core->written_number);
    core->written_number = append_number;
    core->pending_ms = core->now.steady_ms;
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_persisted(core->consensus, core->now.steady_ms, append_number, &actions);
    carry(core, status, &actions);
}

void psp_core_step_checkpointed(struct psp_core *core, uint64_t index, uint64_t term)
{
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_checkpointed(core->consensus, core->now.steady_ms, index, term, &actions);
    carry(core, status, &actions);
}

void psp_core_step_time(struct psp_core *core)
{
    if (core->now.steady_ms < psp_consensus_deadline(core->consensus))
        return;
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_timeout(core->consensus, core->now.steady_ms, &actions);
    carry(core, status, &actions);
}
