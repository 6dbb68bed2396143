/* What processes say to each other. */

#define DESK_MESSAGE struct psp_cluster_message
#include "base/bytes/bytes.h"
#include "election/definition/definition.h"
#include "tests/unit/fixture/message_desk.h"
#include "tests/unit/fixture/message_parts.h"

static enum psp_status decode(struct desk *d, const uint8_t *bytes, size_t length)
{
    psp_arena_reset(d->arena);
    return psp_cluster_message_decode(d->arena, bytes, length, &d->got, &d->reason);
}

static void encode_and_decode(struct desk *d, const struct psp_cluster_message *message)
{
    assert_int_equal(psp_cluster_message_encode(message, &d->buffer), PSP_OK);
    assert_int_equal(decode(d, d->buffer.data, d->buffer.length), PSP_OK);
    assert_int_equal(d->got.type, message->type);
    assert_true(d->got.id == message->id);
}

static enum psp_status decode_body(struct desk *d, unsigned field)
{
    wrap_body(d, 2, field);
    return decode(d, d->top.bytes, d->top.length);
}

static const struct psp_books some_books = {
    .received = 21,
    .disposed = {[PSP_COUNTED] = 1,
                 [PSP_REPLAYED] = 2,
                 [PSP_DOUBLE_VOTE] = 3,
                 [PSP_NOT_ELIGIBLE] = 4,
                 [PSP_INVALID] = 5,
                 [PSP_CLOSED] = 6},
    .added_ballots = 7,
    .voters_counted = UINT64_MAX,
};

static void assert_some_books(const struct psp_books *got)
{
    assert_true(got->received == 21);
    for (uint64_t i = 1; i < PSP_DISPOSITIONS_END; i++)
        assert_true(got->disposed[i] == i);
    assert_true(got->disposed[0] == 0);
    assert_true(got->added_ballots == 7);
    assert_true(got->voters_counted == UINT64_MAX);
}

/* ---- every type there and back ---- */

static void batch_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const struct psp_cluster_message message = {
        .type = PSP_CLUSTER_COUNT_BATCH,
        .id = 1ull << 60,
        .count_batch = {.fence = some_fence(), .columns = two_ballots(), .only_known = true},
    };
    encode_and_decode(d, &message);
    assert_true(d->got.count_batch.only_known);
    assert_some_fence(&d->got.count_batch.fence);
    assert_two_ballots(&d->got.count_batch.columns);
}

static void verdicts_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    const uint8_t verdicts[] = {0x01, 0x12, 0x06};
    const struct psp_cluster_message message = {
        .type = PSP_CLUSTER_COUNT_VERDICTS,
        .id = 5,
        .count_verdicts = {.shard = 255, .index = 1ull << 40, .verdicts = verdicts, .n = 3},
    };
    encode_and_decode(d, &message);
    assert_int_equal(d->got.count_verdicts.shard, 255);
    assert_true(d->got.count_verdicts.index == 1ull << 40);
    assert_int_equal(d->got.count_verdicts.n, 3);
    assert_memory_equal(d->got.count_verdicts.verdicts, verdicts, 3);
}

static void refusal_keeps_replica_0_apart_from_no_leader(void **state)
{
    struct desk *d = *state;
    struct psp_cluster_message message = {
        .type = PSP_CLUSTER_COUNT_REFUSAL,
        .id = 5,
        .count_refusal = {.code = PSP_COUNT_NOT_LEADER, .leader = 0, .text = "ask replica 0"},
    };
    encode_and_decode(d, &message);
    assert_int_equal(d->got.count_refusal.code, PSP_COUNT_NOT_LEADER);
    assert_int_equal(d->got.count_refusal.leader, 0);
    assert_string_equal(d->got.count_refusal.text, "ask replica 0");
    message.count_refusal.leader = PSP_NONE;
    encode_and_decode(d, &message);
    assert_true(d->got.count_refusal.leader == PSP_NONE);
}

static void watch_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const struct psp_cluster_message message = {
        .type = PSP_CLUSTER_WATCH,
        .id = 4,
        .watch =
            {.after_index = 10, .base_index = 9, .base_epoch = 2, .wait_ms = 1000, .held = true},
    };
    encode_and_decode(d, &message);
    assert_int_equal(d->got.watch.head.index, 0);
    assert_int_equal(d->got.watch.after_index, 10);
    assert_int_equal(d->got.watch.base_index, 9);
    assert_int_equal(d->got.watch.base_epoch, 2);
    assert_int_equal(d->got.watch.wait_ms, 1000);
    assert_true(d->got.watch.held);
}

static void a_watchs_head_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = 4};
    struct psp_head *head = &message.watch.head;
    head->epoch = 3;
    head->index = UINT64_MAX;
    memset(head->state_hash, 7, sizeof head->state_hash);
    memset(head->signature, 8, sizeof head->signature);
    encode_and_decode(d, &message);
    assert_int_equal(d->got.watch.head.epoch, 3);
    assert_true(d->got.watch.head.index == UINT64_MAX);
    assert_memory_equal(d->got.watch.head.state_hash, head->state_hash, PSP_HASH_BYTES);
    assert_memory_equal(d->got.watch.head.signature, head->signature, PSP_SIGNATURE_BYTES);
}

/* A Watch whose head has a hash and a signature of so many bytes. */
static enum psp_status decode_head(struct desk *d, size_t hash, size_t signature)
{
    d->body.length = d->inner.length = 0;
    proto_number(&d->inner, 2, 9);
    proto_filled(&d->inner, 3, 0, hash);
    proto_filled(&d->inner, 4, 0, signature);
    proto_message(&d->body, 7, &d->inner);
    return decode_body(d, 5);
}

static void a_head_with_a_wrong_part_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_head(d, 32, 64), PSP_OK);
    assert_int_equal(decode_head(d, 31, 64), PSP_EINVAL);
    assert_int_equal(decode_head(d, 0, 64), PSP_EINVAL);
    assert_int_equal(decode_head(d, 32, 65), PSP_EINVAL);
    assert_int_equal(decode_head(d, 32, 0), PSP_EINVAL);
}

static void partial_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    static const uint8_t rows[] = {0, 1, 1}, units[] = {9, 0, 0, 0},
                         leaves[] = {1, 0, 0, 0, 2, 0, 0, 0}, held[PSP_HASH_BYTES] = {0x4E};
    struct psp_cluster_message message = {
        .type = PSP_CLUSTER_PARTIAL,
        .id = 6,
        .partial = {.shard = 2,
                    .replica = 1,
                    .epoch = 3,
                    .index = 400,
                    .time_ms = 1604448000123,
                    .base_index = 300,
                    .part = 2,
                    .leader = 2,
                    .mode = PSP_MODE_TEST,
                    .parts = 3,
                    .registered = 620000,
                    .election_state = PSP_ELECTION_CLOSED,
                    .rows = {rows, sizeof rows},
                    .books = some_books,
                    .registered_leaves = {leaves, sizeof leaves},
                    .reports = {rows, 2},
                    .leaf_ballots = {units, 1},
                    .held_hash = {held, sizeof held},
                    .log_last = 99,
                    .raft_id = 257,
                    .wall_ms = 1700000000002,
                    .base_hash = {held, sizeof held}},
    };
    memset(message.partial.cluster_id, 8, PSP_CLUSTER_ID_BYTES);
    memset(message.partial.state_hash, 9, PSP_HASH_BYTES);
    memset(message.partial.signature, 10, PSP_SIGNATURE_BYTES);
    const struct psp_partial *got = (encode_and_decode(d, &message), &d->got.partial);
    assert_int_equal(got->shard, 2);
    assert_int_equal(got->replica, 1);
    assert_int_equal(got->epoch, 3);
    assert_int_equal(got->index, 400);
    assert_true(got->time_ms == 1604448000123);
    assert_int_equal(got->base_index, 300);
    assert_int_equal(got->part, 2);
    assert_int_equal(got->leader, 2);
    assert_int_equal(got->mode, PSP_MODE_TEST);
    assert_int_equal(got->parts, 3);
    assert_int_equal(got->registered, 620000);
    assert_int_equal(got->election_state, PSP_ELECTION_CLOSED);
    assert_int_equal(got->rows.length, sizeof rows);
    assert_memory_equal(got->rows.data, rows, sizeof rows);
    assert_some_books(&got->books);
    assert_int_equal(got->registered_leaves.length, sizeof leaves);
    assert_int_equal(got->reports.length, 2);
    assert_memory_equal(got->reports.data, rows, 2);
    assert_int_equal(got->leaf_ballots.length, 1);
    assert_int_equal(got->leaf_ballots.data[0], 9);
    assert_int_equal(got->held_hash.length + got->base_hash.length, 2 * sizeof held);
    assert_memory_equal(got->held_hash.data, held, sizeof held);
    assert_int_equal(got->log_last + got->raft_id + got->wall_ms, 99 + 257 + 1700000000002);
    assert_memory_equal(got->base_hash.data, held, sizeof held);
    assert_memory_equal(got->cluster_id, message.partial.cluster_id, PSP_CLUSTER_ID_BYTES);
    assert_memory_equal(got->state_hash, message.partial.state_hash, PSP_HASH_BYTES);
    assert_memory_equal(got->signature, message.partial.signature, PSP_SIGNATURE_BYTES);
}

static void operations_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    const struct psp_cluster_message operate = {
        .type = PSP_CLUSTER_OPERATE,
        .id = 1,
        .operate = {.operation = PSP_OPERATE_CLOSE, .close_at_ms = 77},
    };
    encode_and_decode(d, &operate);
    assert_int_equal(d->got.operate.operation, PSP_OPERATE_CLOSE);
    assert_int_equal(d->got.operate.close_at_ms, 77);
    const struct psp_cluster_message order = {
        .type = PSP_CLUSTER_OPERATE,
        .operate = {.operation = PSP_OPERATE_MOVE_LEADER, .replica = 2, .raft_id = 259},
    };
    encode_and_decode(d, &order);
    assert_int_equal(d->got.operate.replica, 2);
    assert_int_equal(d->got.operate.raft_id, 259);
    const struct psp_cluster_message operated = {
        .type = PSP_CLUSTER_OPERATED,
        .id = 1,
        .operated = {.status = PSP_OPERATE_REFUSED,
                     .temporary = true,
                     .index = 7,
                     .leader = 2,
                     .text = "12"},
    };
    encode_and_decode(d, &operated);
    assert_int_equal(d->got.operated.status, PSP_OPERATE_REFUSED);
    assert_true(d->got.operated.temporary);
    assert_int_equal(d->got.operated.index, 7);
    assert_int_equal(d->got.operated.leader, 2);
    assert_string_equal(d->got.operated.text, "12");
}

static void status_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST, .id = 99};
    encode_and_decode(d, &request);
    struct psp_cluster_message reply = {
        .type = PSP_CLUSTER_STATUS_REPLY,
        .id = 99,
        .status = {.role = PSP_PROCESS_SHARD,
                   .state = PSP_STATE_LEADER,
                   .version = "0.1.0",
                   .id = 3,
                   .replica = 2,
                   .pid = 4321,
                   .index = 10,
                   .log_last = 11,
                   .checkpoint_index = 8,
                   .term = 5,
                   .epoch = 1,
                   .election_state = PSP_ELECTION_OPEN,
                   .books = some_books,
                   .inflight = 12,
                   .busy = 13,
                   .leader = 3,
                   .wall_ms = 1700000000001,
                   .divergence = "two",
                   .clock_ahead_ms = -61000,
                   .close_at_ms = 1700000002001,
                   .probing = 3,
                   .admits = PSP_ADMITS_NO,
                   .stations_fault = "damaged",
                   .keys = text("bytes")},
    };
    memset(reply.status.state_hash, 0x77, PSP_HASH_BYTES);
    encode_and_decode(d, &reply);
    const struct psp_status_reply *got = &d->got.status;
    assert_int_equal(got->role, PSP_PROCESS_SHARD);
    assert_int_equal(got->state, PSP_STATE_LEADER);
    assert_string_equal(got->version, "0.1.0");
    assert_int_equal(got->id, 3);
    assert_int_equal(got->replica, 2);
    assert_int_equal(got->pid, 4321);
    assert_int_equal(got->index, 10);
    assert_int_equal(got->log_last, 11);
    assert_int_equal(got->checkpoint_index, 8);
    assert_int_equal(got->term, 5);
    assert_int_equal(got->epoch, 1);
    assert_int_equal(got->election_state, PSP_ELECTION_OPEN);
    assert_some_books(&got->books);
    assert_int_equal(got->inflight, 12);
    assert_int_equal(got->busy, 13);
    assert_int_equal(got->leader, 3);
    assert_int_equal(got->wall_ms, 1700000000001);
    assert_string_equal(got->divergence, "two");
    assert_int_equal(got->clock_ahead_ms, -61000);
    assert_int_equal(got->close_at_ms, 1700000002001);
    assert_int_equal(got->probing, 3);
    assert_int_equal(got->admits, PSP_ADMITS_NO);
    assert_string_equal(got->stations_fault, "damaged");
    assert_bytes(got->keys, "bytes");
    assert_memory_equal(got->state_hash, reply.status.state_hash, PSP_HASH_BYTES);
}

static void raft_message_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    static const uint64_t fields[] = {0, UINT64_MAX, 42};
    const struct psp_raft_entry entries[] = {
        {.term = 4, .type = 1, .payload = {(const uint8_t *)"one", 3}},
        {.term = 5, .type = 2},
    };
    struct psp_cluster_message message = {
        .type = PSP_CLUSTER_RAFT,
        .raft = {.shard = 1,
                 .type = 3,
                 .fields = fields,
                 .field_count = 3,
                 .entry_count = 2,
                 .entries = entries},
    };
    encode_and_decode(d, &message);
    const struct psp_raft_message *got = &d->got.raft;
    assert_int_equal(got->shard, 1);
    assert_int_equal(got->type, 3);
    assert_int_equal(got->field_count, 3);
    assert_true(got->fields[1] == UINT64_MAX && got->fields[2] == 42);
    assert_int_equal(got->entry_count, 2);
    assert_int_equal(got->entries[0].term, 4);
    assert_int_equal(got->entries[0].payload.length, 3);
    assert_memory_equal(got->entries[0].payload.data, "one", 3);
    assert_int_equal(got->entries[1].type, 2);
    assert_int_equal(got->entries[1].payload.length, 0);
    message.raft = (struct psp_raft_message){.type = 1};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.raft.field_count, 0);
    assert_int_equal(d->got.raft.entry_count, 0);
}

/* ---- what is refused ---- */

static void unknown_version_and_missing_body_are_refused(void **state)
{
    struct desk *d = *state;
    const uint8_t later[] = {0x08, 0x03, 0x4A, 0x00}, no_body[] = {0x08, 0x02};
    const uint8_t earlier[] = {0x08, 0x01, 0x4A, 0x00};
    assert_int_equal(decode(d, earlier, sizeof earlier), PSP_EVERSION);
    assert_int_equal(decode(d, later, sizeof later), PSP_EVERSION);
    assert_int_equal(decode(d, no_body, sizeof no_body), PSP_EINVAL);
    assert_int_equal(decode(d, (const uint8_t *)"\xff\xff", 2), PSP_EINVAL);
}

/* A batch of n ballots; column `wrong` (1 is n itself, absent) is one byte too
 * long, fence part `wrong_fence` one too short. */
static enum psp_status decode_batch(struct desk *d, uint32_t n, unsigned wrong,
                                    unsigned wrong_fence)
{
    const size_t widths[] = {[2] = 16, [3] = 8, [4] = 4, [5] = 1, [6] = 1};
    d->body.length = d->inner.length = 0;
    proto_number(&d->body, 1, 3);
    for (unsigned field = 1; field <= 5; field++)
        proto_filled(&d->inner, field, 0, (field == 1 ? 16u : 32u) - (field == wrong_fence));
    proto_message(&d->body, 2, &d->inner);
    d->inner.length = 0;
    proto_number(&d->inner, 1, n);
    for (unsigned field = 2; field <= 6; field++)
        proto_filled(&d->inner, field, 0, n * widths[field] + (field == wrong));
    for (unsigned field = 7; field <= 8; field++)
        proto_runs(&d->inner, field, n + (field == wrong));
    proto_message(&d->body, 3, &d->inner);
    return decode_body(d, 2);
}

static void batch_whose_lengths_do_not_fit_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_batch(d, 4, 0, 0), PSP_OK);
    assert_int_equal(decode_batch(d, 8192, 0, 0), PSP_OK);
    assert_int_equal(decode_batch(d, 8193, 0, 0), PSP_EINVAL);
    assert_int_equal(decode_batch(d, 0, 0, 0), PSP_EINVAL);
    for (unsigned field = 2; field <= 8; field++) {
        assert_int_equal(decode_batch(d, 4, field, 0), PSP_EINVAL);
        assert_int_equal(d->got.id, 3);
        assert_true(strlen(d->reason) > 0);
    }
    for (unsigned part = 1; part <= 5; part++)
        assert_int_equal(decode_batch(d, 4, 0, part), PSP_EINVAL);
}

static void batch_without_fence_or_columns_is_refused(void **state)
{
    struct desk *d = *state;
    proto_number(&d->body, 1, 3);
    assert_int_equal(decode_body(d, 2), PSP_EINVAL);
    for (unsigned field = 1; field <= 5; field++)
        proto_filled(&d->inner, field, 0, field == 1 ? 16 : 32);
    proto_message(&d->body, 2, &d->inner);
    assert_int_equal(decode_body(d, 2), PSP_EINVAL);
    assert_string_equal(d->reason, "a batch without fence or columns");
}

static void verdicts_must_be_some_and_known(void **state)
{
    struct desk *d = *state;
    proto_filled(&d->body, 4, 0x01, 0);
    assert_int_equal(decode_body(d, 3), PSP_EINVAL);
    d->body.length = 0;
    proto_filled(&d->body, 4, 0x01, 8193);
    assert_int_equal(decode_body(d, 3), PSP_EINVAL);
    d->body.length = 0;
    proto_filled(&d->body, 4, 0x0E, 1);
    assert_int_equal(decode_body(d, 3), PSP_EINVAL);
    d->body.length = 0;
    proto_filled(&d->body, 4, PSP_NOT_KNOWN, 1);
    assert_int_equal(decode_body(d, 3), PSP_OK);
    d->body.length = 0;
    proto_filled(&d->body, 4, PSP_NOT_JUDGED, 3);
    assert_int_equal(decode_body(d, 3), PSP_OK);
}

static enum psp_status decode_number(struct desk *d, unsigned body, unsigned field, uint64_t value)
{
    d->body.length = 0;
    proto_number(&d->body, field, value);
    return decode_body(d, body);
}

static void numbers_outside_their_enum_are_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_number(d, 4, 2, 0), PSP_EINVAL); /* CountRefusal.code */
    assert_int_equal(decode_number(d, 4, 2, 5), PSP_OK);
    assert_int_equal(decode_number(d, 4, 2, 6), PSP_EINVAL);
    assert_int_equal(decode_number(d, 7, 2, 0), PSP_EINVAL); /* Operate.operation */
    assert_int_equal(decode_number(d, 7, 2, 5), PSP_OK);
    assert_int_equal(decode_number(d, 7, 2, 6), PSP_EINVAL);
    assert_int_equal(decode_number(d, 7, 2, UINT64_MAX), PSP_EINVAL);
    assert_int_equal(decode_number(d, 8, 2, 3), PSP_OK); /* Operated.status */
    assert_int_equal(decode_number(d, 8, 2, 4), PSP_EINVAL);
}

/* A partial; part 2, 8, 9, 12, 15, 22, 23 or 24 is made wrong. */
static enum psp_status decode_partial(struct desk *d, unsigned wrong)
{
    d->body.length = 0;
    proto_filled(&d->body, 2, 0, wrong == 2 ? 15 : 16);
    proto_filled(&d->body, 8, 0, wrong == 8 ? 33 : 32);
    proto_number(&d->body, 9, wrong == 9 ? 3 : 2);
    if (wrong != 12)
        proto_bytes(&d->body, 12, NULL, 0);
    proto_filled(&d->body, 15, 0, wrong == 15 ? 3 : 4);
    proto_number(&d->body, 22, wrong == 22 ? 3 : 1);
    proto_filled(&d->body, 23, 0, wrong == 23 ? 31 : 32);
    proto_filled(&d->body, 24, 0, wrong == 24 ? 63 : 64);
    proto_filled(&d->body, 28, 0, wrong == 28 ? 31 : 32);
    return decode_body(d, 6);
}

static void partial_with_a_wrong_part_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_partial(d, 0), PSP_OK);
    for (unsigned part = 1; part <= 28; part++)
        assert_int_equal(decode_partial(d, part),
                         strchr("\2\10\11\14\17\26\27\30\34", (int)part) ? PSP_EINVAL : PSP_OK);
}

static enum psp_status decode_status(struct desk *d, unsigned wrong)
{
    d->body.length = 0;
    proto_number(&d->body, 12, wrong == 12 ? 3 : 2);
    if (wrong != 13)
        proto_bytes(&d->body, 13, NULL, 0);
    proto_filled(&d->body, 17, 0, wrong == 17 ? 0 : 32);
    return decode_body(d, 10);
}

static void status_with_a_wrong_part_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_status(d, 0), PSP_OK);
    assert_int_equal(decode_status(d, 12), PSP_EINVAL);
    assert_int_equal(decode_status(d, 13), PSP_EINVAL);
    assert_int_equal(decode_status(d, 17), PSP_EINVAL);
}

static void journal_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const struct psp_raft_entry entries[] = {
        {.term = 1, .type = 3, .payload = {(const uint8_t *)"members", 7}},
        {.term = 2, .type = 2},
    };
    struct psp_cluster_message message = {
        .type = PSP_CLUSTER_JOURNAL_REQUEST, .id = 11, .journal_request.first = UINT64_MAX};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.id, 11);
    assert_true(d->got.journal_request.first == UINT64_MAX);
    message = (struct psp_cluster_message){
        .type = PSP_CLUSTER_JOURNAL, .id = 12, .journal = {7, 2, entries, false}};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.id, 12);
    assert_int_equal(d->got.journal.first, 7);
    assert_int_equal(d->got.journal.entry_count, 2);
    assert_int_equal(d->got.journal.entries[0].term, 1);
    assert_memory_equal(d->got.journal.entries[0].payload.data, "members", 7);
    assert_int_equal(d->got.journal.entries[1].type, 2);
    assert_int_equal(d->got.journal.entries[1].payload.length, 0);
    message.journal.entry_count = 0;
    encode_and_decode(d, &message);
    assert_int_equal(d->got.journal.entry_count, 0);
}

static void what_is_sealed_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    const uint8_t hash[PSP_HASH_BYTES] = {1, 2, 3}, signature[PSP_SIGNATURE_BYTES] = {4, 5, 6};
    struct psp_cluster_message message = {.type = PSP_CLUSTER_SEAL_REQUEST, .id = 21};
    message.seal_request = (struct psp_seal_request){99, 1025, 2048, 3, {hash, sizeof hash}};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.id, 21);
    assert_int_equal(d->got.seal_request.session, 99);
    assert_true(d->got.seal_request.first == 1025 && d->got.seal_request.last == 2048);
    assert_int_equal(d->got.seal_request.part, 3);
    assert_memory_equal(d->got.seal_request.records_hash.data, hash, sizeof hash);
    message = (struct psp_cluster_message){.type = PSP_CLUSTER_SEALED, .id = 22};
    message.sealed = (struct psp_sealed){.first = 1025,
                                         .last = 2048,
                                         .part = 7,
                                         .final = true,
                                         .bytes = {(const uint8_t *)"sealed", 6},
                                         .records_hash = {hash, sizeof hash},
                                         .signature = {signature, sizeof signature}};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.sealed.part, 7);
    assert_true(d->got.sealed.final && !d->got.sealed.same);
    assert_memory_equal(d->got.sealed.bytes.data, "sealed", 6);
    assert_memory_equal(d->got.sealed.records_hash.data, hash, sizeof hash);
    assert_memory_equal(d->got.sealed.signature.data, signature, sizeof signature);
    message.sealed = (struct psp_sealed){.signature = {signature, sizeof signature},
                                         .position = {2, 3, 4, 5, 6, PSP_MODE_TEST, {7}}};
    encode_and_decode(d, &message);
    assert_memory_equal(&d->got.sealed.position, &message.sealed.position,
                        sizeof message.sealed.position);
    message.sealed = (struct psp_sealed){.first = 1, .last = 9, .same = true};
    encode_and_decode(d, &message);
    assert_true(d->got.sealed.same && d->got.sealed.signature.length == 0);
}

static enum psp_status decode_sealed(struct desk *d, const struct psp_sealed *sealed)
{
    const struct psp_cluster_message message = {.type = PSP_CLUSTER_SEALED, .sealed = *sealed};
    const char *reason = NULL;
    assert_int_equal(psp_cluster_message_encode(&message, &d->buffer), PSP_OK);
    psp_arena_reset(d->arena);
    return psp_cluster_message_decode(d->arena, d->buffer.data, d->buffer.length, &d->got, &reason);
}

static void what_is_sealed_and_lacks_its_signature_is_refused(void **state)
{
    struct desk *d = *state;
    static const uint8_t bytes[PSP_SIGNATURE_BYTES];
    const struct psp_bytes hash = {bytes, PSP_HASH_BYTES}, signature = {bytes, sizeof bytes};
    const struct psp_sealed bad[] = {
        {.first = 1, .last = 2, .final = true},
        {.first = 1, .last = 2, .final = true, .records_hash = hash},
        {.first = 1, .last = 2, .final = true, .signature = signature},
        {.first = 1, .last = 2, .records_hash = hash, .signature = signature},
        {.first = 1, .last = 2, .final = true, .records_hash = {bytes, 31}, .signature = signature},
        {.first = 1, .last = 2, .final = true, .records_hash = hash, .signature = {bytes, 63}},
        {.position.mode = PSP_MODE_LIVE},
        {.signature = signature}, /* no mode */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(decode_sealed(d, &bad[i]), PSP_EINVAL);
    const struct psp_sealed good = {.signature = signature, .position.mode = PSP_MODE_LIVE};
    assert_int_equal(decode_sealed(d, &good), PSP_OK);
}

/* Number 3, leaf 0, final. */
static const uint8_t report_bytes[] = {0x08, 3, 0x12, 1, 0, 0x18, 1};

static void reports_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    const struct psp_bytes report = {report_bytes, sizeof report_bytes};
    struct psp_cluster_message message = {
        .type = PSP_CLUSTER_OPERATE,
        .id = 13,
        .operate = {.operation = PSP_OPERATE_REPORT, .report = report}};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.operate.operation, PSP_OPERATE_REPORT);
    assert_int_equal(d->got.operate.report.length, sizeof report_bytes);
    assert_memory_equal(d->got.operate.report.data, report_bytes, sizeof report_bytes);
    message = (struct psp_cluster_message){.type = PSP_CLUSTER_REPORT_REQUEST, .id = 14};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.id, 14);
    message = (struct psp_cluster_message){
        .type = PSP_CLUSTER_REPORT_REPLY, .id = 15, .report_reply = {report, 99, 4}};
    encode_and_decode(d, &message);
    assert_int_equal(d->got.id, 15);
    assert_int_equal(d->got.report_reply.index, 99);
    assert_int_equal(d->got.report_reply.epoch, 4);
    assert_memory_equal(d->got.report_reply.report.data, report_bytes, sizeof report_bytes);
    message.report_reply.report.length = 0; /* there was none */
    encode_and_decode(d, &message);
    assert_int_equal(d->got.report_reply.report.length, 0);
}

static enum psp_status decode_report(struct desk *d, unsigned body, unsigned field, size_t bytes)
{
    d->body.length = 0;
    if (body == 7)
        proto_number(&d->body, 2, 6); /* REPORT */
    proto_bytes(&d->body, field, report_bytes, bytes);
    return decode_body(d, body);
}

static void bytes_that_are_no_report_are_refused(void **state)
{
    struct desk *d = *state;
    const size_t all = sizeof report_bytes;
    assert_int_equal(decode_report(d, 7, 7, all), PSP_OK);
    assert_int_equal(decode_report(d, 7, 7, all - 1), PSP_EINVAL);
    assert_int_equal(decode_report(d, 7, 7, 0), PSP_EINVAL); /* a wish without its report */
    assert_int_equal(decode_report(d, 15, 2, all), PSP_OK);
    assert_int_equal(decode_report(d, 15, 2, all - 1), PSP_EINVAL);
    assert_int_equal(decode_report(d, 15, 2, 0), PSP_OK);
}

static void raft_message_has_at_most_64_fields(void **state)
{
    struct desk *d = *state;
    for (int i = 0; i < 64; i++)
        proto_number(&d->body, 3, 1);
    assert_int_equal(decode_body(d, 11), PSP_OK);
    proto_number(&d->body, 3, 1);
    assert_int_equal(decode_body(d, 11), PSP_EINVAL);
}

static void a_message_too_large_to_be_sent_is_not_made(void **state)
{
    (void)state;
    const size_t bytes = PSP_MESSAGE_BYTES_MAX;
    uint8_t *rows = calloc(1, bytes);
    assert_non_null(rows);
    struct psp_buffer buffer = {0};
    struct psp_cluster_message message = {.type = PSP_CLUSTER_PARTIAL};
    message.partial.rows = (struct psp_bytes){rows, bytes};
    assert_int_equal(psp_cluster_message_encode(&message, &buffer), PSP_ENOMEM);
    message.partial.rows.length = bytes - 1024;
    assert_int_equal(psp_cluster_message_encode(&message, &buffer), PSP_OK);
    assert_true(buffer.length <= PSP_MESSAGE_BYTES_MAX);
    psp_buffer_free(&buffer);
    free(rows);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        FACT(batch_comes_back_as_it_went),
        FACT(verdicts_come_back_as_they_went),
        FACT(refusal_keeps_replica_0_apart_from_no_leader),
        FACT(watch_comes_back_as_it_went),
        FACT(a_watchs_head_comes_back_as_it_went),
        FACT(a_head_with_a_wrong_part_is_refused),
        FACT(partial_comes_back_as_it_went),
        FACT(operations_come_back_as_they_went),
        FACT(status_comes_back_as_it_went),
        FACT(raft_message_comes_back_as_it_went),
        FACT(journal_comes_back_as_it_went),
        FACT(what_is_sealed_comes_back_as_it_went),
        FACT(what_is_sealed_and_lacks_its_signature_is_refused),
        FACT(reports_come_back_as_they_went),
        FACT(bytes_that_are_no_report_are_refused),
        FACT(unknown_version_and_missing_body_are_refused),
        FACT(batch_whose_lengths_do_not_fit_is_refused),
        FACT(batch_without_fence_or_columns_is_refused),
        FACT(verdicts_must_be_some_and_known),
        FACT(numbers_outside_their_enum_are_refused),
        FACT(partial_with_a_wrong_part_is_refused),
        FACT(status_with_a_wrong_part_is_refused),
        FACT(raft_message_has_at_most_64_fields),
        FACT(a_message_too_large_to_be_sent_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
