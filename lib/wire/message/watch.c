/* A collector's question, and a shard's whole count as the answer. */
#include "wire/message/watch.h"

#include <assert.h>

#include "base/limits.h"
#include "wire/message/pack.h"

struct psp_books psp_message_books_of(const Psephos__V1__Books *from)
{
    struct psp_books books = {0};
#define OWN(name) books.name = from->name;
#define DISPOSED(NAME, word, value) books.disposed[PSP_##NAME] = from->word;
    PSP_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
    return books;
}

Psephos__V1__Books psp_message_books(const struct psp_books *from)
{
    Psephos__V1__Books books = PSEPHOS__V1__BOOKS__INIT;
#define OWN(name) books.name = from->name;
#define DISPOSED(NAME, word, value) books.word = from->disposed[PSP_##NAME];
    PSP_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
    return books;
}

static enum psp_status decode_head(const Psephos__V1__Head *body, struct psp_head *ret_head,
                                   const char **ret_reason)
{
    if (!psp_pack_take(&body->state_hash, ret_head->state_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason, "state_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (!psp_pack_take(&body->signature, ret_head->signature, PSP_SIGNATURE_BYTES))
        return psp_pack_refuse(ret_reason,
                               "signature is not " PSP_TEXT(PSP_SIGNATURE_BYTES) " bytes");
    ret_head->epoch = body->epoch;
    ret_head->index = body->index;
    return PSP_OK;
}

enum psp_status psp_message_decode_watch(const Psephos__V1__Watch *body,
                                         struct psp_cluster_message *ret_message,
                                         const char **ret_reason)
{
    ret_message->type = PSP_CLUSTER_WATCH;
    ret_message->id = body->watch_id;
    ret_message->watch.after_index = body->after_index;
    ret_message->watch.base_index = body->base_index;
    ret_message->watch.base_epoch = body->base_epoch;
    ret_message->watch.wait_ms = body->wait_ms;
    ret_message->watch.held = body->held;
    ret_message->watch.head = (struct psp_head){0};
    return body->head ? decode_head(body->head, &ret_message->watch.head, ret_reason) : PSP_OK;
}

enum psp_status psp_message_decode_partial(const Psephos__V1__Partial *body,
                                           struct psp_cluster_message *ret_message,
                                           const char **ret_reason)
{
    struct psp_partial *partial = &ret_message->partial;
    ret_message->type = PSP_CLUSTER_PARTIAL;
    ret_message->id = body->watch_id;
    if (!psp_pack_take(&body->cluster_id, partial->cluster_id, PSP_CLUSTER_ID_BYTES))
        return psp_pack_refuse(ret_reason,
                               "cluster_id is not " PSP_TEXT(PSP_CLUSTER_ID_BYTES) " bytes");
    if (!psp_pack_take(&body->state_hash, partial->state_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason, "state_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (!psp_pack_take(&body->signature, partial->signature, PSP_SIGNATURE_BYTES))
        return psp_pack_refuse(ret_reason,
                               "signature is not " PSP_TEXT(PSP_SIGNATURE_BYTES) " bytes");
    if (body->held_hash.len != 0 && body->held_hash.len != PSP_HASH_BYTES)
        return psp_pack_refuse(ret_reason, "held_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (body->base_hash.len != 0 && body->base_hash.len != PSP_HASH_BYTES)
        return psp_pack_refuse(ret_reason, "base_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (!psp_election_state_known(body->election_state))
        return psp_pack_refuse(ret_reason, "an unknown election state");
    if (!psp_mode_known(body->mode))
        return psp_pack_refuse(ret_reason, "a mode that is neither live nor test");
    if (!body->books)
        return psp_pack_refuse(ret_reason, "a partial without books");
    if (body->registered_leaves.len % 4 != 0)
        return psp_pack_refuse(ret_reason, "a list of 4-byte numbers has a wrong length");
    if (body->parts > PSP_PARTIAL_PARTS_MAX || (body->part > 0 && body->part >= body->parts))
        return psp_pack_refuse(ret_reason, "a part that cannot be");
    partial->shard = body->shard;
    partial->replica = body->replica;
    partial->epoch = body->epoch;
    partial->index = body->index;
    partial->time_ms = body->time_ms;
    partial->base_index = body->base_index;
    partial->registered = body->registered;
    partial->election_state = (enum psp_election_state)body->election_state;
    partial->rows = psp_pack_bytes(&body->rows);
    partial->books = psp_message_books_of(body->books);
    partial->registered_leaves = psp_pack_bytes(&body->registered_leaves);
    partial->part = body->part;
    partial->parts = body->parts;
    partial->leader = body->leader;
    partial->mode = (enum psp_mode)body->mode;
    partial->stations = psp_pack_bytes(&body->stations);
    partial->reports = psp_pack_bytes(&body->reports);
    partial->leaf_ballots = psp_pack_bytes(&body->leaf_ballots);
    partial->held_hash = psp_pack_bytes(&body->held_hash);
    partial->log_last = body->log_last;
    partial->raft_id = body->raft_id;
    if (body->scrub)
        partial->scrub =
            (struct psp_scrub){body->scrub->bytes, body->scrub->passed_ms, body->scrub->damaged,
                               body->scrub->mended, body->scrub->sync_ms};
    partial->wall_ms = body->wall_ms;
    partial->base_hash = psp_pack_bytes(&body->base_hash);
    return PSP_OK;
}

enum psp_status psp_message_encode_watch(const struct psp_cluster_message *from,
                                         Psephos__V1__ClusterMessage *message,
                                         struct psp_buffer *ret_buffer)
{
    Psephos__V1__Watch body = PSEPHOS__V1__WATCH__INIT;
    body.watch_id = from->id;
    body.after_index = from->watch.after_index;
    body.base_index = from->watch.base_index;
    body.base_epoch = from->watch.base_epoch;
    body.wait_ms = from->watch.wait_ms;
    body.held = from->watch.held;
    const struct psp_head *head = &from->watch.head;
    Psephos__V1__Head head_body = PSEPHOS__V1__HEAD__INIT;
    if (head->index > 0) {
        head_body.epoch = head->epoch;
        head_body.index = head->index;
        head_body.state_hash = psp_pack_data(head->state_hash, PSP_HASH_BYTES);
        head_body.signature = psp_pack_data(head->signature, PSP_SIGNATURE_BYTES);
        body.head = &head_body;
    }
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_WATCH;
    message->watch = &body;
    return psp_pack(&message->base, ret_buffer);
}

enum psp_status psp_message_encode_partial(const struct psp_cluster_message *from,
                                           Psephos__V1__ClusterMessage *message,
                                           struct psp_buffer *ret_buffer)
{
    const struct psp_partial *partial = &from->partial;
    assert(psp_election_state_known((uint64_t)partial->election_state)); /* as it is read */
    assert(partial->held_hash.length == 0 || partial->held_hash.length == PSP_HASH_BYTES);
    assert(partial->base_hash.length == 0 || partial->base_hash.length == PSP_HASH_BYTES);
    assert(partial->registered_leaves.length % 4 == 0);
    assert(partial->parts <= PSP_PARTIAL_PARTS_MAX);
    assert(partial->part == 0 || partial->part < partial->parts);
    Psephos__V1__Books books = psp_message_books(&partial->books);
    Psephos__V1__Partial body = PSEPHOS__V1__PARTIAL__INIT;
    body.watch_id = from->id;
    body.cluster_id = psp_pack_data(partial->cluster_id, PSP_CLUSTER_ID_BYTES);
    body.shard = partial->shard;
    body.replica = partial->replica;
    body.epoch = partial->epoch;
    body.index = partial->index;
    body.time_ms = partial->time_ms;
    body.state_hash = psp_pack_data(partial->state_hash, PSP_HASH_BYTES);
    body.election_state = (uint32_t)partial->election_state;
    body.base_index = partial->base_index;
    body.rows = psp_pack_data(partial->rows.data, partial->rows.length);
    body.books = &books;
    body.registered = partial->registered;
    body.registered_leaves =
        psp_pack_data(partial->registered_leaves.data, partial->registered_leaves.length);
    body.part = partial->part;
    body.parts = partial->parts;
    body.leader = partial->leader;
    body.mode = (uint32_t)partial->mode;
    body.stations = psp_pack_data(partial->stations.data, partial->stations.length);
    body.reports = psp_pack_data(partial->reports.data, partial->reports.length);
    body.leaf_ballots = psp_pack_data(partial->leaf_ballots.data, partial->leaf_ballots.length);
    body.signature = psp_pack_data(partial->signature, PSP_SIGNATURE_BYTES);
    body.held_hash = psp_pack_data(partial->held_hash.data, partial->held_hash.length);
    body.log_last = partial->log_last;
    body.raft_id = partial->raft_id;
    Psephos__V1__Scrub scrub = PSEPHOS__V1__SCRUB__INIT;
    scrub.bytes = partial->scrub.bytes;
    scrub.passed_ms = partial->scrub.passed_ms;
    scrub.damaged = partial->scrub.damaged;
    scrub.mended = partial->scrub.mended;
    scrub.sync_ms = partial->scrub.sync_ms;
    body.scrub = &scrub;
    body.wall_ms = partial->wall_ms;
    body.base_hash = psp_pack_data(partial->base_hash.data, partial->base_hash.length);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_PARTIAL;
    message->partial = &body;
    return psp_pack(&message->base, ret_buffer);
}
