/*
 * shard_fixture - shard cores on an in-memory disk and network, for tests.
 *
 * A node's appends wait in a queue until they are synced; what the core sends
 * to peers is kept, in order; raft messages go through their real encoding.
 */
#ifndef PSP_SHARD_FIXTURE_H
#define PSP_SHARD_FIXTURE_H

#include "count_fixture.h"

#include <stdlib.h>

#include "cluster/cluster.h"
#include "shard/core/core.h"

enum { NODES_MAX = 3, LOG_MAX = 4096, ANSWERS_MAX = 512, POSTS_MAX = 4096 };

struct stored {
    struct psp_record record;
    uint8_t *payload;
};

struct pending_append {
    uint64_t number;
    uint32_t n;
    struct stored records[64];
};

struct answer {
    struct psp_peer peer;
    struct psp_cluster_message message;
    uint8_t verdicts[512];
    char text[256];
};

struct node {
    bool up;
    uint32_t replica;
    uint64_t raft_id; /* 0: replica + 1 */
    struct psp_core *core;
    struct psp_count *count;
    struct stored log[LOG_MAX]; /* durable; [0] is index 1 */
    uint64_t log_n;
    uint64_t term, voted_for;
    struct pending_append queue[256];
    size_t queue_n;
    struct psp_count_delta *delta; /* checkpoint under way */
    char stop[512];
    struct answer answers[ANSWERS_MAX];
    size_t answer_n;
    uint8_t rows[1024]; /* of the parts of the last partial, one after the other */
    size_t rows_n;
    size_t too_large_bytes;
};

struct post {
    uint32_t from, to;
    uint64_t due_ms;
    uint8_t *bytes;
    size_t length;
};

struct group {
    struct psp_definition *definition;
    struct node nodes[NODES_MAX];
    uint32_t n;
    uint64_t now_ms;
    bool cut[NODES_MAX][NODES_MAX];
    bool held[NODES_MAX]; /* its syncs wait */
    struct post posts[POSTS_MAX];
    size_t post_n;
    struct psp_genesis genesis;
    size_t part_bytes; /* 0: as in the program */
    uint32_t parts_max;
};

static inline struct psp_core_time at(const struct group *group)
{
    return (struct psp_core_time){group->now_ms, 1700000000000 + group->now_ms};
}

static inline void copy_record(struct stored *to, const struct psp_record *from)
{
    to->record = *from;
    to->payload = malloc(from->payload_bytes + 1);
    if (from->payload_bytes > 0)
        memcpy(to->payload, from->payload, from->payload_bytes);
    to->record.payload = to->payload;
}

static inline void keep_rows(struct node *node, const struct psp_partial *partial)
{
    if (partial->part == 0)
        node->rows_n = 0;
    assert_true(node->rows_n + partial->rows.length <= sizeof node->rows);
    memcpy(node->rows + node->rows_n, partial->rows.data, partial->rows.length);
    node->rows_n += partial->rows.length;
}

static inline void keep_answer(struct node *node, const struct psp_core_action *action)
{
    assert_true(node->answer_n < ANSWERS_MAX);
    struct answer *answer = &node->answers[node->answer_n++];
    answer->peer = action->send.peer;
    answer->message = action->send.message;
    if (answer->message.type == PSP_CLUSTER_PARTIAL)
        keep_rows(node, &answer->message.partial);
    if (answer->message.type == PSP_CLUSTER_COUNT_VERDICTS)
        memcpy(answer->verdicts, answer->message.count_verdicts.verdicts,
               answer->message.count_verdicts.n);
    if (answer->message.type == PSP_CLUSTER_COUNT_REFUSAL)
        snprintf(answer->text, sizeof answer->text, "%s", answer->message.count_refusal.text);
}

static inline void post(struct group *group, uint32_t from, const struct psp_core_action *action)
{
    const uint32_t to = action->raft.replica;
    for (uint32_t i = 0; i < action->raft.from_log; i++) {
        struct psp_raft_entry *entry = &action->raft.entries[i];
        if (entry->type != 0)
            continue;
        const struct stored *stored = &group->nodes[from].log[action->raft.first + i - 1];
        assert_true(action->raft.first + i <= group->nodes[from].log_n);
        entry->term = stored->record.term;
        entry->type = (uint32_t)stored->record.type;
        entry->payload = (struct psp_bytes){stored->payload, stored->record.payload_bytes};
    }
    if (group->cut[from][to])
        return;
    struct psp_buffer buffer = {0};
    assert_int_equal(psp_cluster_message_encode(&action->raft.message, &buffer), PSP_OK);
    assert_true(group->post_n < POSTS_MAX);
    group->posts[group->post_n++] =
        (struct post){from, to, group->now_ms + 5, buffer.data, buffer.length};
}

static inline void load_records(struct group *group, struct node *node, uint64_t first,
                                uint64_t last);

static inline void carry_out(struct group *group, struct node *node)
{
    size_t n;
    uint64_t load_first = 0, load_last = 0;
    const struct psp_core_action *actions = psp_core_actions(node->core, &n);
    for (size_t i = 0; i < n; i++) {
        const struct psp_core_action *action = &actions[i];
        switch (action->type) {
        case PSP_CORE_VOTE:
            node->term = action->vote.term;
            node->voted_for = action->vote.voted_for;
            break;
        case PSP_CORE_APPEND: {
            assert_true(node->queue_n < 256);
            struct pending_append *append = &node->queue[node->queue_n++];
            append->number = action->append.number;
            append->n = action->append.n;
            assert_true(append->n <= 64);
            for (uint32_t k = 0; k < append->n; k++)
                copy_record(&append->records[k], &action->append.records[k]);
            break;
        }
        case PSP_CORE_SEND:
            keep_answer(node, action);
            break;
        case PSP_CORE_TOO_LARGE:
            node->too_large_bytes = action->too_large_bytes;
            break;
        case PSP_CORE_RAFT:
            post(group, node->replica, action);
            break;
        case PSP_CORE_LOAD:
            load_first = action->load.first, load_last = action->load.last;
            break;
        case PSP_CORE_CHECKPOINT:
            assert_null(node->delta);
            node->delta = action->checkpoint;
            break;
        case PSP_CORE_STOP:
            snprintf(node->stop, sizeof node->stop, "%s", action->stop);
            break;
        }
    }
    if (load_first != 0)
        load_records(group, node, load_first, load_last);
}

static inline void load_records(struct group *group, struct node *node, uint64_t first,
                                uint64_t last)
{
    struct psp_record records[64];
    size_t n = 0;
    for (uint64_t index = first; index <= last && n < 64; index++) {
        assert_true(index <= node->log_n);
        records[n++] = node->log[index - 1].record;
    }
    psp_core_loaded(node->core, at(group), records, n);
    carry_out(group, node);
}

static inline void cut_log(struct node *node, uint64_t from)
{
    while (node->log_n >= from)
        free(node->log[--node->log_n].payload);
}

/* Makes the oldest queued append durable and says so. */
static inline void sync_one(struct group *group, struct node *node)
{
    assert_true(node->queue_n > 0);
    const struct pending_append append = node->queue[0];
    memmove(node->queue, node->queue + 1, --node->queue_n * sizeof node->queue[0]);
    cut_log(node, append.records[0].record.index);
    for (uint32_t k = 0; k < append.n; k++) {
        assert_int_equal(append.records[k].record.index, node->log_n + 1);
        assert_true(node->log_n < LOG_MAX);
        node->log[node->log_n++] = append.records[k];
    }
    psp_core_persisted(node->core, at(group), append.number);
    carry_out(group, node);
}

static inline void tick(struct group *group, struct node *node)
{
    psp_core_tick(node->core, at(group));
    carry_out(group, node);
}

static inline void create_core(struct group *group, struct node *node)
{
    const struct psp_core_options options = {
        .genesis = group->genesis,
        .replica = node->replica,
        .member_count = group->n,
        .raft_id = node->raft_id == 0 ? node->replica + 1 : node->raft_id,
        .definition = group->definition,
        .count = node->count,
        .pid = 4711,
        .seed = node->replica + 1,
        .part_bytes = group->part_bytes,
        .parts_max = group->parts_max,
    };
    assert_int_equal(psp_core_create(&options, &node->core), PSP_OK);
}

/* From what is durable: log and vote; `count` is fresh or restored. */
static inline void start_node(struct group *group, uint32_t i, struct psp_count *count,
                              uint64_t store_term)
{
    struct node *node = &group->nodes[i];
    node->replica = i;
    node->count = count;
    node->stop[0] = 0;
    create_core(group, node);
    struct psp_record first;
    if (node->log_n == 0 && psp_core_bootstrap(node->core, &first)) {
        copy_record(&node->log[node->log_n++], &first);
        node->term = 1;
    }
    const uint64_t store_index = psp_count_index(count);
    struct psp_record *records = calloc(node->log_n + 1, sizeof *records);
    const uint64_t skip = group->n == 1 ? store_index : 0;
    for (uint64_t k = skip; k < node->log_n; k++)
        records[k - skip] = node->log[k].record;
    const struct psp_core_start start = {
        .term = node->term,
        .voted_for = node->voted_for,
        .store_index = store_index,
        .store_term = store_term,
        .first_index = skip + 1,
        .records = records,
        .record_count = node->log_n - skip,
    };
    psp_core_start(node->core, at(group), &start);
    free(records);
    node->up = true;
    carry_out(group, node);
}

/* Stores the checkpoint under way and tells the core. */
static inline void finish_checkpoint(struct group *group, struct node *node,
                                     struct psp_count_delta **ret_delta)
{
    assert_non_null(node->delta);
    *ret_delta = node->delta;
    node->delta = NULL;
    psp_core_checkpointed(node->core, at(group), (*ret_delta)->index, (*ret_delta)->term);
    carry_out(group, node);
}

/* What was not synced is lost. */
static inline void stop_node(struct group *group, uint32_t i)
{
    struct node *node = &group->nodes[i];
    psp_core_destroy(&node->core);
    psp_count_destroy(&node->count);
    psp_count_delta_destroy(&node->delta);
    for (size_t k = 0; k < node->queue_n; k++)
        for (uint32_t r = 0; r < node->queue[k].n; r++)
            free(node->queue[k].records[r].payload);
    node->queue_n = 0;
    node->answer_n = 0;
    node->up = false;
}

static inline struct group *create_group_cut(uint32_t n, size_t part_bytes, uint32_t parts_max)
{
    struct group *group = calloc(1, sizeof *group);
    assert_non_null(group);
    group->definition = fixture_definition();
    group->n = n;
    group->now_ms = 1000;
    group->genesis = fixture_genesis(false);
    group->part_bytes = part_bytes;
    group->parts_max = parts_max;
    for (uint32_t i = 0; i < n; i++)
        start_node(group, i, fixture_count(group->definition, NULL, 1000), 0);
    return group;
}

static inline struct group *create_group(uint32_t n)
{
    return create_group_cut(n, 0, 0);
}

static inline void destroy_group(struct group *group)
{
    for (uint32_t i = 0; i < group->n; i++) {
        if (group->nodes[i].up)
            stop_node(group, i);
        cut_log(&group->nodes[i], 1);
    }
    for (size_t i = 0; i < group->post_n; i++)
        free(group->posts[i].bytes);
    psp_definition_destroy(&group->definition);
    free(group);
}

static inline void deliver(struct group *group)
{
    struct psp_arena *arena = NULL;
    assert_int_equal(psp_arena_create(16 << 20, &arena), PSP_OK);
    for (size_t i = 0; i < group->post_n;) {
        const struct post mail = group->posts[i];
        if (mail.due_ms > group->now_ms) {
            i++;
            continue;
        }
        memmove(&group->posts[i], &group->posts[i + 1], (--group->post_n - i) * sizeof mail);
        struct node *node = &group->nodes[mail.to];
        if (node->up && !group->cut[mail.from][mail.to]) {
            struct psp_cluster_message message;
            const char *reason;
            psp_arena_reset(arena);
            assert_int_equal(
                psp_cluster_message_decode(arena, mail.bytes, mail.length, &message, &reason),
                PSP_OK);
            const struct psp_core_sender sender = {.role = PSP_ROLE_SHARD,
                                                   .id = group->genesis.shard << 8 | mail.from};
            psp_core_message(node->core, at(group), &sender, &message);
            carry_out(group, node);
        }
        free(mail.bytes);
    }
    psp_arena_destroy(&arena);
}

static inline void step(struct group *group)
{
    group->now_ms++;
    deliver(group);
    for (uint32_t i = 0; i < group->n; i++) {
        struct node *node = &group->nodes[i];
        if (!node->up)
            continue;
        while (node->queue_n > 0 && !group->held[i])
            sync_one(group, node);
        if (psp_core_deadline(node->core) <= group->now_ms)
            tick(group, node);
    }
}

static inline void run(struct group *group, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i++)
        step(group);
}

/* The replica that serves, NODES_MAX for none. */
static inline uint32_t serving(const struct group *group)
{
    for (uint32_t i = 0; i < group->n; i++)
        if (group->nodes[i].up && psp_core_role(group->nodes[i].core) == PSP_CORE_LEADER)
            return i;
    return NODES_MAX;
}

static inline uint32_t run_until_serving(struct group *group)
{
    for (int ms = 0; ms < 5000; ms++) {
        const uint32_t i = serving(group);
        if (i != NODES_MAX && psp_count_genesis(group->nodes[i].count) != NULL)
            return i;
        step(group);
    }
    fail_msg("no leader after five seconds");
    return NODES_MAX;
}

static inline void tell(struct group *group, uint32_t i, enum psp_role role, uint32_t id,
                        const struct psp_cluster_message *message)
{
    const struct psp_core_sender sender = {
        .peer = {.id = {(uint8_t)role}, .length = 1}, .role = role, .id = id};
    psp_core_message(group->nodes[i].core, at(group), &sender, message);
    carry_out(group, &group->nodes[i]);
}

static inline void send_batch(struct group *group, uint32_t i, uint64_t batch_id,
                              const struct batch *batch)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = batch_id};
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.columns = batch_entry(batch, false).ballots.columns;
    tell(group, i, PSP_ROLE_ROUTER, 0, &message);
}

static inline void send_operation(struct group *group, uint32_t i, uint64_t request_id,
                                  enum psp_operation operation, uint32_t unit)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = request_id};
    message.operate.operation = operation;
    message.operate.unit = unit;
    tell(group, i, PSP_ROLE_OPERATOR, 0, &message);
}

/* The last answer with this type and ID, NULL for none. */
static inline const struct answer *answer_to(const struct node *node, enum psp_cluster_type type,
                                             uint64_t id)
{
    for (size_t i = node->answer_n; i > 0; i--)
        if (node->answers[i - 1].message.type == type && node->answers[i - 1].message.id == id)
            return &node->answers[i - 1];
    return NULL;
}

/* `n` ballots for ann, of voters from first_voter on. */
static inline struct batch ballots(uint32_t first_voter, uint32_t n)
{
    struct batch batch = {0};
    for (uint32_t i = 0; i < n; i++)
        add(&batch, first_voter + i, 1000 + first_voter + i, P1, BOOTH, ANN);
    return batch;
}

static struct group *open_group_cut(uint32_t n, size_t part_bytes, uint32_t parts_max)
{
    struct group *group = create_group_cut(n, part_bytes, parts_max);
    const uint32_t leader = run_until_serving(group);
    send_operation(group, leader, 1, PSP_OPERATE_OPEN, 0);
    run(group, 200);
    const struct answer *answer = answer_to(&group->nodes[leader], PSP_CLUSTER_OPERATED, 1);
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, PSP_OPERATED);
    return group;
}

/* A leader serves and the election is open. */
static inline struct group *open_group(uint32_t n)
{
    return open_group_cut(n, 0, 0);
}

#endif
