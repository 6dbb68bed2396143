/* Between the processes of a cluster: proto/cluster.proto. */
#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "cluster.pb-c.h"
#include "election/definition/definition.h"
#include "wire/message/columns.h"
#include "wire/message/message.h"
#include "wire/message/pack.h"
#include "wire/message/report.h"
#include "wire/message/sealed.h"
#include "wire/message/watch.h"

static bool take_fence(const Psephos__V1__Fence *from, struct psp_fence *ret_fence)
{
#define X(NAME, field, bytes, text, place)                                                         \
    if (!psp_pack_take(&from->field, ret_fence->parts[PSP_FENCE_##NAME], bytes))                   \
        return false;
    PSP_FENCE(X)
#undef X
    return true;
}

static Psephos__V1__Fence build_fence(const struct psp_fence *from)
{
    Psephos__V1__Fence fence = PSEPHOS__V1__FENCE__INIT;
#define X(NAME, field, bytes, text, place)                                                         \
    fence.field = psp_pack_data(from->parts[PSP_FENCE_##NAME], bytes);
    PSP_FENCE(X)
#undef X
    return fence;
}

/* On the wire a replica + 1, 0: not known. */
static_assert(PSP_NONE == UINT32_MAX, "one more is 0");

static uint32_t leader_of(uint32_t number)
{
    return number == 0 ? PSP_NONE : number - 1;
}

static uint32_t leader_number(uint32_t leader)
{
    return leader == PSP_NONE ? 0 : leader + 1;
}

/* ---- decoding, a function a type ---- */

static enum psp_status decode_count_batch(const Psephos__V1__CountBatch *body,
                                          struct psp_cluster_message *ret_message,
                                          const char **ret_reason)
{
    const Psephos__V1__Columns *columns = body->columns;
    ret_message->type = PSP_CLUSTER_COUNT_BATCH;
    ret_message->id = body->batch_id;
    if (!body->fence || !columns)
        return psp_pack_refuse(ret_reason, "a batch without fence or columns");
    if (!take_fence(body->fence, &ret_message->count_batch.fence))
        return psp_pack_refuse(ret_reason, "a part of the fence has a wrong length");
    ret_message->count_batch.only_known = body->only_known;
    const enum psp_status status =
        psp_columns_unpack(columns, &ret_message->count_batch.columns, ret_reason);
    if (status == PSP_OK && (columns->stations.len == 0 || columns->styles.len == 0))
        return psp_pack_refuse(ret_reason, "a batch without stations or styles");
    return status == PSP_OK ? psp_count_columns_check(&ret_message->count_batch.columns, ret_reason)
                            : status;
}

static enum psp_status decode_count_verdicts(const Psephos__V1__CountVerdicts *body,
                                             struct psp_cluster_message *ret_message,
                                             const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_COUNT_VERDICTS;
    ret_message->id = body->batch_id;
    if (body->verdicts.len == 0 || body->verdicts.len > PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason, "not 1 to " PSP_TEXT(PSP_BATCH_ROWS_MAX) " verdicts");
    if (!psp_pack_verdicts_valid(body->verdicts.data, body->verdicts.len, true))
        return psp_pack_refuse(ret_reason, "an unknown verdict");
    assert(body->verdicts.len <= PSP_BATCH_ROWS_MAX);
    ret_message->count_verdicts.shard = body->shard;
    ret_message->count_verdicts.index = body->index;
    ret_message->count_verdicts.verdicts = body->verdicts.data;
    ret_message->count_verdicts.n = (uint32_t)body->verdicts.len;
    return PSP_OK;
}

static enum psp_status decode_count_refusal(const Psephos__V1__CountRefusal *body,
                                            struct psp_cluster_message *ret_message,
                                            const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_COUNT_REFUSAL;
    ret_message->id = body->batch_id;
    if (!psp_count_refusal_known(body->code))
        return psp_pack_refuse(ret_reason, "an unknown refusal code");
    ret_message->count_refusal.code = (enum psp_count_refusal)body->code;
    ret_message->count_refusal.leader = leader_of(body->leader);
    ret_message->count_refusal.text = body->text;
    return PSP_OK;
}

/* The bytes of a report, or none where there may be none. */
static enum psp_status take_report(const ProtobufCBinaryData *from, bool needed,
                                   struct psp_bytes *ret_report, const char **ret_reason)
{
    struct psp_report report;
    *ret_report = psp_pack_bytes(from);
    const char *fault = from->len == 0 && !needed ? NULL : psp_report_decode(*ret_report, &report);
    return fault ? psp_pack_refuse(ret_reason, fault) : PSP_OK;
}

static enum psp_status decode_operate(const Psephos__V1__Operate *body,
                                      struct psp_cluster_message *ret_message,
                                      const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_OPERATE;
    ret_message->id = body->request_id;
    if (!psp_operation_known((uint64_t)body->operation))
        return psp_pack_refuse(ret_reason, "an unknown operation");
    ret_message->operate.operation = (enum psp_operation)body->operation;
    ret_message->operate.replica = body->replica;
    ret_message->operate.raft_id = body->raft_id;
    ret_message->operate.close_at_ms = body->close_at_ms;
    return take_report(&body->report, body->operation == PSEPHOS__V1__OPERATION__REPORT,
                       &ret_message->operate.report, ret_reason);
}

static enum psp_status decode_operated(const Psephos__V1__Operated *body,
                                       struct psp_cluster_message *ret_message,
                                       const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_OPERATED;
    ret_message->id = body->request_id;
    if (!psp_operate_status_known(body->status))
        return psp_pack_refuse(ret_reason, "an unknown status of an operation");
    ret_message->operated.status = (enum psp_operate_status)body->status;
    ret_message->operated.index = body->index;
    ret_message->operated.leader = leader_of(body->leader);
    ret_message->operated.temporary = body->temporary;
    ret_message->operated.text = body->text;
    return PSP_OK;
}

static enum psp_status decode_status(const Psephos__V1__StatusReply *body,
                                     struct psp_cluster_message *ret_message,
                                     const char **ret_reason)
{
    struct psp_status_reply *status = &ret_message->status;
    ret_message->type = PSP_CLUSTER_STATUS_REPLY;
    ret_message->id = body->request_id;
    if (!psp_election_state_known(body->election_state))
        return psp_pack_refuse(ret_reason, "an unknown election state");
    if (!body->books)
        return psp_pack_refuse(ret_reason, "a status without books");
    if (!psp_pack_take(&body->state_hash, status->state_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason, "state_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    status->role = psp_process_role_of(body->role);
    status->state = psp_process_state_of(body->state);
    status->version = body->version;
    status->id = body->id;
    status->replica = body->replica;
    status->pid = body->pid;
    status->index = body->index;
    status->log_last = body->log_last;
    status->checkpoint_index = body->checkpoint_index;
    status->term = body->term;
    status->epoch = body->epoch;
    status->election_state = (enum psp_election_state)body->election_state;
    status->books = psp_message_books_of(body->books);
    status->inflight = body->inflight;
    status->busy = body->busy;
    status->leader = body->leader;
    status->wall_ms = body->wall_ms;
    status->close_at_ms = body->close_at_ms;
    status->admits =
        psp_admits_known(body->admits) ? (enum psp_admits)body->admits : PSP_ADMITS_NOT_SAID;
    status->stations_fault = body->stations_fault;
    status->keys = psp_pack_bytes(&body->keys);
    status->probing = body->probing;
    status->divergence = body->divergence;
    status->clock_ahead_ms = body->clock_ahead_ms;
    return PSP_OK;
}

/* NULL: out of memory. */
static const struct psp_raft_entry *entries_of(struct psp_arena *arena,
                                               Psephos__V1__RaftEntry *const *from, size_t n)
{
    assert(n <= PSP_MESSAGE_BYTES_MAX); /* each takes some */
    struct psp_raft_entry *entries = psp_arena_alloc(arena, n * sizeof *entries);
    for (size_t i = 0; entries && i < n; i++)
        entries[i] = (struct psp_raft_entry){
            .term = from[i]->term,
            .type = from[i]->type,
            .payload = psp_pack_bytes(&from[i]->payload),
        };
    return entries;
}

static enum psp_status decode_raft(struct psp_arena *arena, const Psephos__V1__RaftMessage *body,
                                   struct psp_cluster_message *ret_message, const char **ret_reason)
{
    struct psp_raft_message *raft = &ret_message->raft;
    ret_message->type = PSP_CLUSTER_RAFT;
    if (body->n_fields > PSP_RAFT_FIELDS_MAX)
        return psp_pack_refuse(ret_reason, "too many fields in a raft message");
    const struct psp_raft_entry *entries = entries_of(arena, body->entries, body->n_entries);
    if (!entries)
        return PSP_ENOMEM;
    raft->shard = body->shard;
    raft->type = body->type;
    raft->from_id = body->from_id;
    raft->to_id = body->to_id;
    raft->wall_ms = body->wall_ms;
    raft->fields = body->fields;
    assert(body->n_fields <= PSP_RAFT_FIELDS_MAX);
    raft->field_count = (uint32_t)body->n_fields;
    raft->entries = entries;
    raft->entry_count = (uint32_t)body->n_entries;
    return PSP_OK;
}

static enum psp_status decode_journal(struct psp_arena *arena, const Psephos__V1__Journal *body,
                                      struct psp_cluster_message *ret_message)
{
    ret_message->type = PSP_CLUSTER_JOURNAL;
    ret_message->id = body->request_id;
    ret_message->journal.first = body->first;
    ret_message->journal.entry_count = (uint32_t)body->n_entries;
    ret_message->journal.entries = entries_of(arena, body->entries, body->n_entries);
    ret_message->journal.damaged = body->damaged;
    return ret_message->journal.entries ? PSP_OK : PSP_ENOMEM;
}

static enum psp_status decode_health(const Psephos__V1__Health *body,
                                     struct psp_cluster_message *ret_message)
{
    ret_message->type = PSP_CLUSTER_HEALTH;
    ret_message->health = (struct psp_health){.shard = body->shard,
                                              .raft_id = body->raft_id,
                                              .passes = body->passes,
                                              .damaged = body->damaged,
                                              .scrubbed = body->scrubbed,
                                              .sync_ms = body->sync_ms};
    return PSP_OK;
}

static enum psp_status decode_report_reply(const Psephos__V1__ReportReply *body,
                                           struct psp_cluster_message *ret_message,
                                           const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_REPORT_REPLY;
    ret_message->id = body->request_id;
    ret_message->report_reply.index = body->index;
    ret_message->report_reply.epoch = body->epoch;
    return take_report(&body->report, false, &ret_message->report_reply.report, ret_reason);
}

static enum psp_status decode_body(struct psp_arena *arena,
                                   const Psephos__V1__ClusterMessage *message,
                                   struct psp_cluster_message *ret_message, const char **ret_reason)
{
    switch (message->body_case) {
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_BATCH:
        return decode_count_batch(message->count_batch, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_VERDICTS:
        return decode_count_verdicts(message->count_verdicts, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_REFUSAL:
        return decode_count_refusal(message->count_refusal, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_WATCH:
        return psp_message_decode_watch(message->watch, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_PARTIAL:
        return psp_message_decode_partial(message->partial, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_OPERATE:
        return decode_operate(message->operate, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_OPERATED:
        return decode_operated(message->operated, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_STATUS_REQUEST:
        ret_message->type = PSP_CLUSTER_STATUS_REQUEST;
        ret_message->id = message->status_request->request_id;
        ret_message->status_request.station = message->status_request->station;
        return PSP_OK;
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_STATUS_REPLY:
        return decode_status(message->status_reply, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_RAFT:
        return decode_raft(arena, message->raft, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_JOURNAL_REQUEST:
        ret_message->type = PSP_CLUSTER_JOURNAL_REQUEST;
        ret_message->id = message->journal_request->request_id;
        ret_message->journal_request.first = message->journal_request->first;
        return PSP_OK;
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_JOURNAL:
        return decode_journal(arena, message->journal, ret_message);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_REPORT_REQUEST:
        ret_message->type = PSP_CLUSTER_REPORT_REQUEST;
        ret_message->id = message->report_request->request_id;
        return PSP_OK;
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_REPORT_REPLY:
        return decode_report_reply(message->report_reply, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_SEAL_REQUEST:
        return psp_message_decode_seal_request(message->seal_request, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_SEALED:
        return psp_message_decode_sealed(message->sealed, ret_message, ret_reason);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY_HEALTH:
        return decode_health(message->health, ret_message);
    case PSEPHOS__V1__CLUSTER_MESSAGE__BODY__NOT_SET:
    case _PSEPHOS__V1__CLUSTER_MESSAGE__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return psp_pack_refuse(ret_reason, "a message without a body");
}

enum psp_status psp_cluster_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                           size_t length, struct psp_cluster_message *ret_message,
                                           const char **ret_reason)
{
    *ret_message = (struct psp_cluster_message){0};
    *ret_reason = "out of memory for one message";
    ProtobufCMessage *unpacked = NULL;
    const enum psp_status status =
        psp_unpack(&psephos__v1__cluster_message__descriptor, PSP_CLUSTER_PROTOCOL, arena, bytes,
                   length, &unpacked, ret_reason);
    if (status != PSP_OK)
        return status;
    const Psephos__V1__ClusterMessage *message = (const Psephos__V1__ClusterMessage *)unpacked;
    if (message->protocol != PSP_CLUSTER_PROTOCOL) {
        *ret_reason = "unknown protocol version";
        return PSP_EVERSION;
    }
    return decode_body(arena, message, ret_message, ret_reason);
}

/* ---- encoding ---- */

static enum psp_status encode_count_batch(const struct psp_cluster_message *from,
                                          Psephos__V1__ClusterMessage *message,
                                          struct psp_buffer *ret_buffer)
{
    const struct psp_count_columns *ballots = &from->count_batch.columns;
    assert(ballots->n > 0); /* as decode_count_batch wants it */
    assert(ballots->stations.length > 0 && ballots->styles.length > 0);
    Psephos__V1__Fence fence = build_fence(&from->count_batch.fence);
    Psephos__V1__Columns columns = psp_columns_pack(ballots);
    Psephos__V1__CountBatch body = PSEPHOS__V1__COUNT_BATCH__INIT;
    body.batch_id = from->id;
    body.fence = &fence;
    body.columns = &columns;
    body.only_known = from->count_batch.only_known;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_BATCH;
    message->count_batch = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_count_verdicts(const struct psp_cluster_message *from,
                                             Psephos__V1__ClusterMessage *message,
                                             struct psp_buffer *ret_buffer)
{
    const uint32_t n = from->count_verdicts.n;
    assert(n > 0 && n <= PSP_BATCH_ROWS_MAX);
    assert(!PSP_CHECKED || psp_pack_verdicts_valid(from->count_verdicts.verdicts, n, true));
    Psephos__V1__CountVerdicts body = PSEPHOS__V1__COUNT_VERDICTS__INIT;
    body.batch_id = from->id;
    body.shard = from->count_verdicts.shard;
    body.index = from->count_verdicts.index;
    body.verdicts = psp_pack_data(from->count_verdicts.verdicts, n);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_VERDICTS;
    message->count_verdicts = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_count_refusal(const struct psp_cluster_message *from,
                                            Psephos__V1__ClusterMessage *message,
                                            struct psp_buffer *ret_buffer)
{
    assert(psp_count_refusal_known((uint64_t)from->count_refusal.code));
    Psephos__V1__CountRefusal body = PSEPHOS__V1__COUNT_REFUSAL__INIT;
    body.batch_id = from->id;
    body.code = (uint32_t)from->count_refusal.code;
    body.leader = leader_number(from->count_refusal.leader);
    body.text = psp_pack_text(from->count_refusal.text);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_COUNT_REFUSAL;
    message->count_refusal = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_operate(const struct psp_cluster_message *from,
                                      Psephos__V1__ClusterMessage *message,
                                      struct psp_buffer *ret_buffer)
{
    assert(psp_operation_known((uint64_t)from->operate.operation));
    assert(from->operate.operation != PSP_OPERATE_REPORT || from->operate.report.length > 0);
    Psephos__V1__Operate body = PSEPHOS__V1__OPERATE__INIT;
    body.request_id = from->id;
    body.operation = (Psephos__V1__Operation)from->operate.operation;
    body.replica = from->operate.replica;
    body.raft_id = from->operate.raft_id;
    body.close_at_ms = from->operate.close_at_ms;
    body.report = psp_pack_data(from->operate.report.data, from->operate.report.length);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_OPERATE;
    message->operate = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_operated(const struct psp_cluster_message *from,
                                       Psephos__V1__ClusterMessage *message,
                                       struct psp_buffer *ret_buffer)
{
    assert(psp_operate_status_known((uint64_t)from->operated.status));
    Psephos__V1__Operated body = PSEPHOS__V1__OPERATED__INIT;
    body.request_id = from->id;
    body.status = (uint32_t)from->operated.status;
    body.index = from->operated.index;
    body.leader = leader_number(from->operated.leader);
    body.temporary = from->operated.temporary;
    body.text = psp_pack_text(from->operated.text);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_OPERATED;
    message->operated = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_status_request(const struct psp_cluster_message *from,
                                             Psephos__V1__ClusterMessage *message,
                                             struct psp_buffer *ret_buffer)
{
    Psephos__V1__StatusRequest body = PSEPHOS__V1__STATUS_REQUEST__INIT;
    body.request_id = from->id;
    body.station = from->status_request.station;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_STATUS_REQUEST;
    message->status_request = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_status(const struct psp_cluster_message *from,
                                     Psephos__V1__ClusterMessage *message,
                                     struct psp_buffer *ret_buffer)
{
    const struct psp_status_reply *status = &from->status;
    assert(psp_election_state_known((uint64_t)status->election_state));
    assert(psp_admits_known((uint64_t)status->admits));
    assert(psp_process_state_of((uint32_t)status->state) == status->state);
    Psephos__V1__Books books = psp_message_books(&status->books);
    Psephos__V1__StatusReply body = PSEPHOS__V1__STATUS_REPLY__INIT;
    body.request_id = from->id;
    body.role = (uint32_t)status->role;
    body.id = status->id;
    body.replica = status->replica;
    body.pid = status->pid;
    body.state = (uint32_t)status->state;
    body.index = status->index;
    body.log_last = status->log_last;
    body.checkpoint_index = status->checkpoint_index;
    body.term = status->term;
    body.epoch = status->epoch;
    body.election_state = (uint32_t)status->election_state;
    body.books = &books;
    body.inflight = status->inflight;
    body.busy = status->busy;
    body.version = psp_pack_text(status->version);
    body.state_hash = psp_pack_data(status->state_hash, PSP_HASH_BYTES);
    body.leader = status->leader;
    body.wall_ms = status->wall_ms;
    body.close_at_ms = status->close_at_ms;
    body.admits = (uint32_t)status->admits;
    body.stations_fault = psp_pack_text(status->stations_fault);
    body.keys = psp_pack_data(status->keys.data, status->keys.length);
    body.probing = status->probing;
    body.divergence = psp_pack_text(status->divergence);
    body.clock_ahead_ms = status->clock_ahead_ms;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_STATUS_REPLY;
    message->status_reply = &body;
    return psp_pack(&message->base, ret_buffer);
}

/* The pointers that protobuf-c wants, and behind them what they point at; the
 * caller frees. NULL: out of memory. */
static Psephos__V1__RaftEntry **build_entries(const struct psp_raft_entry *from, size_t n)
{
    assert(n == 0 || from != NULL);
    Psephos__V1__RaftEntry **pointers = malloc((n + 1) * (sizeof *pointers + sizeof **pointers));
    if (!pointers)
        return NULL;
    Psephos__V1__RaftEntry *entries = (Psephos__V1__RaftEntry *)(void *)(pointers + n + 1);
    for (size_t i = 0; i < n; i++) {
        psephos__v1__raft_entry__init(&entries[i]);
        entries[i].term = from[i].term;
        entries[i].type = from[i].type;
        entries[i].payload = psp_pack_data(from[i].payload.data, from[i].payload.length);
        pointers[i] = &entries[i];
    }
    return pointers;
}

static enum psp_status encode_raft(const struct psp_cluster_message *from,
                                   Psephos__V1__ClusterMessage *message,
                                   struct psp_buffer *ret_buffer)
{
    const struct psp_raft_message *raft = &from->raft;
    assert(raft->field_count <= PSP_RAFT_FIELDS_MAX);
    assert(raft->field_count == 0 || raft->fields != NULL);
    Psephos__V1__RaftEntry **entries = build_entries(raft->entries, raft->entry_count);
    if (!entries)
        return PSP_ENOMEM;
    Psephos__V1__RaftMessage body = PSEPHOS__V1__RAFT_MESSAGE__INIT;
    body.shard = raft->shard;
    body.type = raft->type;
    body.from_id = raft->from_id;
    body.to_id = raft->to_id;
    body.wall_ms = raft->wall_ms;
    body.n_fields = raft->field_count;
    body.fields = (uint64_t *)(uintptr_t)raft->fields;
    body.n_entries = raft->entry_count;
    body.entries = entries;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_RAFT;
    message->raft = &body;
    const enum psp_status status = psp_pack(&message->base, ret_buffer);
    free(entries);
    return status;
}

static enum psp_status encode_journal_request(const struct psp_cluster_message *from,
                                              Psephos__V1__ClusterMessage *message,
                                              struct psp_buffer *ret_buffer)
{
    Psephos__V1__JournalRequest body = PSEPHOS__V1__JOURNAL_REQUEST__INIT;
    body.request_id = from->id;
    body.first = from->journal_request.first;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_JOURNAL_REQUEST;
    message->journal_request = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_journal(const struct psp_cluster_message *from,
                                      Psephos__V1__ClusterMessage *message,
                                      struct psp_buffer *ret_buffer)
{
    Psephos__V1__RaftEntry **entries =
        build_entries(from->journal.entries, from->journal.entry_count);
    if (!entries)
        return PSP_ENOMEM;
    Psephos__V1__Journal body = PSEPHOS__V1__JOURNAL__INIT;
    body.request_id = from->id;
    body.first = from->journal.first;
    body.damaged = from->journal.damaged;
    body.n_entries = from->journal.entry_count;
    body.entries = entries;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_JOURNAL;
    message->journal = &body;
    const enum psp_status status = psp_pack(&message->base, ret_buffer);
    free(entries);
    return status;
}

static enum psp_status encode_report_request(const struct psp_cluster_message *from,
                                             Psephos__V1__ClusterMessage *message,
                                             struct psp_buffer *ret_buffer)
{
    Psephos__V1__ReportRequest body = PSEPHOS__V1__REPORT_REQUEST__INIT;
    body.request_id = from->id;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_REPORT_REQUEST;
    message->report_request = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_report_reply(const struct psp_cluster_message *from,
                                           Psephos__V1__ClusterMessage *message,
                                           struct psp_buffer *ret_buffer)
{
    const struct psp_bytes report = from->report_reply.report;
    Psephos__V1__ReportReply body = PSEPHOS__V1__REPORT_REPLY__INIT;
    body.request_id = from->id;
    body.report = psp_pack_data(report.data, report.length);
    body.index = from->report_reply.index;
    body.epoch = from->report_reply.epoch;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_REPORT_REPLY;
    message->report_reply = &body;
    return psp_pack(&message->base, ret_buffer);
}

static enum psp_status encode_health(const struct psp_health *health,
                                     Psephos__V1__ClusterMessage *message,
                                     struct psp_buffer *ret_buffer)
{
    Psephos__V1__Health body = PSEPHOS__V1__HEALTH__INIT;
    body.shard = health->shard;
    body.raft_id = health->raft_id;
    body.passes = health->passes;
    body.damaged = health->damaged;
    body.scrubbed = health->scrubbed;
    body.sync_ms = health->sync_ms;
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_HEALTH;
    message->health = &body;
    return psp_pack(&message->base, ret_buffer);
}

enum psp_status psp_cluster_message_encode(const struct psp_cluster_message *from,
                                           struct psp_buffer *ret_buffer)
{
    Psephos__V1__ClusterMessage message = PSEPHOS__V1__CLUSTER_MESSAGE__INIT;
    message.protocol = PSP_CLUSTER_PROTOCOL;
    switch (from->type) {
    case PSP_CLUSTER_COUNT_BATCH:
        return encode_count_batch(from, &message, ret_buffer);
    case PSP_CLUSTER_COUNT_VERDICTS:
        return encode_count_verdicts(from, &message, ret_buffer);
    case PSP_CLUSTER_COUNT_REFUSAL:
        return encode_count_refusal(from, &message, ret_buffer);
    case PSP_CLUSTER_WATCH:
        return psp_message_encode_watch(from, &message, ret_buffer);
    case PSP_CLUSTER_PARTIAL:
        return psp_message_encode_partial(from, &message, ret_buffer);
    case PSP_CLUSTER_OPERATE:
        return encode_operate(from, &message, ret_buffer);
    case PSP_CLUSTER_OPERATED:
        return encode_operated(from, &message, ret_buffer);
    case PSP_CLUSTER_STATUS_REQUEST:
        return encode_status_request(from, &message, ret_buffer);
    case PSP_CLUSTER_STATUS_REPLY:
        return encode_status(from, &message, ret_buffer);
    case PSP_CLUSTER_RAFT:
        return encode_raft(from, &message, ret_buffer);
    case PSP_CLUSTER_JOURNAL_REQUEST:
        return encode_journal_request(from, &message, ret_buffer);
    case PSP_CLUSTER_JOURNAL:
        return encode_journal(from, &message, ret_buffer);
    case PSP_CLUSTER_REPORT_REQUEST:
        return encode_report_request(from, &message, ret_buffer);
    case PSP_CLUSTER_REPORT_REPLY:
        return encode_report_reply(from, &message, ret_buffer);
    case PSP_CLUSTER_SEAL_REQUEST:
        return psp_message_encode_seal_request(from, &message, ret_buffer);
    case PSP_CLUSTER_SEALED:
        return psp_message_encode_sealed(from, &message, ret_buffer);
    case PSP_CLUSTER_HEALTH:
        return encode_health(&from->health, &message, ret_buffer);
    }
    assert(!"a cluster message type");
    return PSP_EINVAL;
}
