/* Steps of the model, and the hash by which equal states are known. */
#include "tests/sim/small/model.h"

#include <assert.h>
#include <raft.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "shard/consensus/consensus.h"

enum { NOW_MS = 1000, CONFIGURATION_MAX = 256, RESULT_TERM = 1 };

static struct psp_consensus *cores[SMALL_NODES]; /* always at the same place */
static uint8_t configuration[CONFIGURATION_MAX];
static uint32_t configuration_bytes;
static const uint8_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};
static char violation[256];

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition) && violation[0] == 0)                                                     \
            snprintf(violation, sizeof(violation), __VA_ARGS__);                                   \
    } while (0)

const char *small_violation(void)
{
    return violation;
}

/* The core begins with libraft's structure. */
static struct raft *raft_of(uint32_t node)
{
    return (struct raft *)(void *)cores[node];
}

/* ---- the network ---- */

static void add_message(struct small_world *world, const struct small_message *message)
{
    uint32_t at = 0;
    while (at < world->message_count && memcmp(&world->messages[at], message, sizeof(*message)) < 0)
        at++;
    if (at < world->message_count && memcmp(&world->messages[at], message, sizeof(*message)) == 0)
        return;
    assert(world->message_count < SMALL_MESSAGES_MAX);
    memmove(&world->messages[at + 1], &world->messages[at],
            (world->message_count++ - at) * sizeof(*message));
    world->messages[at] = *message;
}

static void send_message(struct small_world *world, uint32_t from, uint64_t to,
                         const struct psp_raft_message *raft_message)
{
    struct small_message message;
    memset(&message, 0, sizeof(message));
    message.from = (uint8_t)from;
    message.to = (uint8_t)(to - 1);
    message.type = (uint8_t)raft_message->type;
    message.field_count = (uint8_t)raft_message->field_count;
    for (uint32_t i = 0; i < raft_message->field_count; i++) {
        assert(raft_message->fields[i] <= UINT8_MAX);
        message.fields[i] = (uint8_t)raft_message->fields[i];
    }
    uint64_t first = 0;
    const uint32_t n = psp_consensus_entries_of(raft_message, &first);
    assert(n <= SMALL_LOG_MAX && (n == 0 || first + n - 1 <= world->nodes[from].log_n));
    message.entry_count = (uint8_t)n;
    for (uint32_t i = 0; i < n; i++)
        message.entries[i] = world->nodes[from].log[first - 1 + i];
    add_message(world, &message);
}

/* ---- what a node does ---- */

static void append(struct small_node *node, const struct psp_consensus_actions *actions)
{
    const uint64_t first = actions->append_index;
    CHECK(first <= (uint64_t)node->log_n + 1, "a hole in the log");
    CHECK(first > node->commit, "a committed entry is replaced");
    assert(node->write_n < SMALL_WRITES_MAX);
    struct small_write *write = &node->writes[node->write_n++];
    memset(write, 0, sizeof(*write));
    write->number = actions->append_number;
    write->first = (uint8_t)first;
    write->n = (uint8_t)actions->append_count;
    memset(&node->log[first - 1], 0, (SMALL_LOG_MAX - (first - 1)) * sizeof(*node->log));
    node->log_n = (uint8_t)(first - 1);
    for (uint32_t i = 0; i < actions->append_count; i++) {
        const struct psp_record *record = &actions->append[i];
        assert(node->log_n < SMALL_LOG_MAX);
        struct small_entry entry = {(uint8_t)record->term, (uint8_t)record->type, 0};
        if (record->type == PSP_RECORD_COMMAND)
            entry.value = record->payload[0];
        node->log[node->log_n++] = write->entries[i] = entry;
    }
}

static bool same(const struct small_entry *a, const struct small_entry *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void commit(struct small_world *world, uint32_t i, uint64_t to)
{
    struct small_node *node = &world->nodes[i];
    CHECK(to >= node->commit, "the commit index of node %u goes back", i);
    CHECK(to <= node->log_n, "node %u commits %u, its log ends at %u", i, (unsigned)to,
          node->log_n);
    for (uint32_t at = node->commit; at < to && violation[0] == 0; at++) {
        const struct small_entry *entry = &node->log[at];
        if (at < world->committed_n) {
            CHECK(same(entry, &world->committed[at]), "index %u was committed with term %u, now %u",
                  at + 1, world->committed[at].term, entry->term);
            continue;
        }
        uint32_t holders = 0;
        for (uint32_t k = 0; k < SMALL_NODES; k++)
            holders += at < world->nodes[k].disk_n && same(entry, &world->nodes[k].disk[at]);
        CHECK(holders >= 2, "index %u is committed, and durable on %u nodes", at + 1, holders);
        world->committed[at] = *entry;
        world->committed_by[at] = (uint8_t)psp_consensus_term(cores[i]);
        world->committed_n = (uint8_t)(at + 1);
    }
    node->commit = (uint8_t)to;
}

static void lead(struct small_world *world, uint32_t i)
{
    const uint64_t term = psp_consensus_term(cores[i]);
    assert(term < sizeof(world->leaders));
    CHECK(world->leaders[term] == 0 || world->leaders[term] == i + 1, "term %u has two leaders",
          (unsigned)term);
    if (world->leaders[term] != 0)
        return;
    world->leaders[term] = (uint8_t)(i + 1);
    for (uint32_t at = 0; at < world->committed_n; at++)
        if (world->committed_by[at] < term)
            CHECK(
                at < world->nodes[i].log_n && same(&world->nodes[i].log[at], &world->committed[at]),
                "node %u leads term %u without the committed index %u", i, (unsigned)term, at + 1);
}

/* Equal terms at an index: equal logs up to there. */
static void match_logs(const struct small_world *world, uint32_t i)
{
    const struct small_node *node = &world->nodes[i];
    for (uint32_t k = 0; k < SMALL_NODES; k++) {
        const struct small_node *other = &world->nodes[k];
        uint32_t at = node->log_n < other->log_n ? node->log_n : other->log_n;
        while (at > 0 && node->log[at - 1].term != other->log[at - 1].term)
            at--;
        CHECK(memcmp(node->log, other->log, at * sizeof(*node->log)) == 0,
              "the logs of %u and %u have the same term at %u, and differ", i, k, at);
    }
}

static void carry_out(struct small_world *world, uint32_t i, enum psp_status status,
                      const struct psp_consensus_actions *actions)
{
    struct small_node *node = &world->nodes[i];
    CHECK(status == PSP_OK || status == PSP_ENOTLEADER, "node %u fails: %s", i,
          psp_consensus_error(cores[i]));
    if (violation[0] != 0)
        return;
    if (actions->vote) {
        CHECK(actions->term >= node->term, "the term of node %u goes back", i);
        CHECK(actions->term > node->term || node->voted_for == 0 ||
                  node->voted_for == actions->voted_for,
              "node %u votes twice in term %u", i, (unsigned)node->term);
        node->term = actions->term;
        node->voted_for = actions->voted_for;
    }
    if (actions->append_index != 0) {
        append(node, actions);
        match_logs(world, i);
    }
    for (uint32_t k = 0; k < actions->message_count; k++)
        send_message(world, i, actions->message_to[k], &actions->messages[k]);
    CHECK(!actions->too_old, "a snapshot is offered though every log is whole");
    if (psp_consensus_state(cores[i]) == PSP_LEADER)
        lead(world, i);
    commit(world, i, actions->commit_index);
}

static void start(struct small_world *world, uint32_t i)
{
    struct small_node *node = &world->nodes[i];
    struct psp_consensus_member members[SMALL_NODES];
    for (uint32_t k = 0; k < SMALL_NODES; k++)
        members[k] = (struct psp_consensus_member){k + 1, true};
    const struct psp_consensus_options options = {.raft_id = i + 1,
                                                  .members = members,
                                                  .member_count = SMALL_NODES,
                                                  .election_timeout_ms = 300,
                                                  .heartbeat_ms = 60,
                                                  .seed = 1};
    small_heap_of(i);
    small_heap_clear(i);
    struct psp_consensus *core = NULL;
    if (psp_consensus_create(&options, &core) != PSP_OK)
        assert(!"out of memory");
    assert(cores[i] == NULL || cores[i] == core); /* else a restore would not do */
    cores[i] = core;
    const struct psp_record first = psp_consensus_bootstrap(core);
    assert(first.payload_bytes <= sizeof(configuration));
    memcpy(configuration, first.payload, first.payload_bytes);
    configuration_bytes = first.payload_bytes;
    memset(node->log, 0, sizeof(node->log));
    memcpy(node->log, node->disk, node->disk_n * sizeof(*node->log));
    node->log_n = node->disk_n;
    node->commit = node->write_n = 0;
    struct psp_record records[SMALL_LOG_MAX];
    for (uint32_t k = 0; k < node->log_n; k++)
        records[k] =
            (struct psp_record){k + 1, node->log[k].term, node->log[k].type,
                                k == 0 ? configuration : NULL, k == 0 ? configuration_bytes : 0};
    const struct psp_consensus_start begin = {.term = node->term,
                                              .voted_for = node->voted_for,
                                              .first_index = 1,
                                              .records = records,
                                              .record_count = node->log_n};
    struct psp_consensus_actions actions;
    const enum psp_status status = psp_consensus_start(core, NOW_MS, &begin, &actions);
    carry_out(world, i, status, &actions);
}

void small_world_init(struct small_world *world, struct small_budget budget, bool trims)
{
    memset(world, 0, sizeof(*world));
    violation[0] = 0;
    world->left = budget;
    world->trims = trims;
    world->committed_n = 1; /* all bootstrap with it */
    world->committed[0] = (struct small_entry){1, PSP_RECORD_CONFIGURATION, 0};
    for (uint32_t i = 0; i < SMALL_NODES; i++) {
        world->nodes[i].term = 1;
        world->nodes[i].disk[world->nodes[i].disk_n++] = world->committed[0];
    }
    for (uint32_t i = 0; i < SMALL_NODES; i++)
        start(world, i);
}

/* ---- messages that can no longer do anything ---- */

/* A leader takes results of its own term and of later ones; nobody else takes any,
 * and who does not lead its term now never will. */
static bool is_spent(const struct small_message *message)
{
    const uint64_t term = psp_consensus_term(cores[message->to]);
    return message->type == RAFT_APPEND_ENTRIES_RESULT &&
           (message->fields[RESULT_TERM] < term ||
            (message->fields[RESULT_TERM] == term && raft_of(message->to)->state != RAFT_LEADER));
}

static void forget_spent(struct small_world *world)
{
    uint32_t kept = 0;
    for (uint32_t m = 0; m < world->message_count; m++)
        if (!is_spent(&world->messages[m]))
            world->messages[kept++] = world->messages[m];
    memset(&world->messages[kept], 0, (world->message_count - kept) * sizeof(*world->messages));
    world->message_count = kept;
}

/* ---- what can happen ---- */

static bool leads(uint32_t i)
{
    return psp_consensus_state(cores[i]) == PSP_LEADER;
}

static void add(struct small_event *events, uint32_t *n, enum small_kind kind, uint32_t node,
                uint32_t at, uint32_t part)
{
    assert(*n < SMALL_EVENTS_MAX);
    events[(*n)++] = (struct small_event){kind, (uint8_t)node, (uint8_t)at, (uint8_t)part};
}

static void node_events(const struct small_world *world, uint32_t i, struct small_event *events,
                        uint32_t *n)
{
    const struct small_node *node = &world->nodes[i];
    const struct small_budget *left = &world->left;
    if (node->write_n > 0)
        add(events, n, SMALL_PERSIST, i, 0, 0);
    if (leads(i) && left->entries > 0)
        add(events, n, SMALL_SUBMIT, i, 0, 0);
    if (leads(i) && left->beats > 0)
        add(events, n, SMALL_BEAT, i, 0, 0);
    if (left->timeouts > 0 && (world->started || i == 0))
        add(events, n, leads(i) ? SMALL_SILENCE : SMALL_TIMEOUT, i, 0, 0);
    if (left->crashes == 0 || !world->started)
        return;
    for (uint32_t w = 0; w <= node->write_n; w++)
        for (uint32_t part = 0; part < (w < node->write_n ? node->writes[w].n : 1); part++)
            add(events, n, SMALL_CRASH, i, w, part);
}

uint32_t small_events(const struct small_world *world, struct small_event *ret_events)
{
    uint32_t n = 0;
    for (uint32_t m = 0; m < world->message_count; m++) {
        const struct small_message *message = &world->messages[m];
        add(ret_events, &n, SMALL_DELIVER, message->to, m, message->entry_count);
        for (uint32_t part = 1; part < message->entry_count && world->trims; part++)
            add(ret_events, &n, SMALL_DELIVER, message->to, m, part);
    }
    for (uint32_t i = 0; i < SMALL_NODES; i++)
        node_events(world, i, ret_events, &n);
    return n;
}

static void write_out(struct small_node *node, const struct small_write *write, uint32_t n)
{
    memset(&node->disk[write->first - 1], 0,
           (SMALL_LOG_MAX - (write->first - 1U)) * sizeof(*node->disk));
    memcpy(&node->disk[write->first - 1], write->entries, n * sizeof(*node->disk));
    node->disk_n = (uint8_t)(write->first - 1 + n);
}

static void deliver(struct small_world *world, const struct small_event *event)
{
    const struct small_message message = world->messages[event->at];
    memmove(&world->messages[event->at], &world->messages[event->at + 1],
            (--world->message_count - event->at) * sizeof(message));
    memset(&world->messages[world->message_count], 0, sizeof(message));
    uint64_t fields[SMALL_FIELDS];
    struct psp_raft_entry entries[SMALL_LOG_MAX];
    for (uint32_t i = 0; i < message.field_count; i++)
        fields[i] = message.fields[i];
    for (uint32_t i = 0; i < event->part; i++) {
        const struct small_entry *entry = &message.entries[i];
        entries[i] = (struct psp_raft_entry){entry->term, entry->type, {NULL, 0}};
        if (entry->type == PSP_RECORD_COMMAND)
            entries[i].payload = (struct psp_bytes){&values[entry->value], 1};
        else if (entry->type == PSP_RECORD_CONFIGURATION)
            entries[i].payload = (struct psp_bytes){configuration, configuration_bytes};
    }
    const struct psp_raft_message raft_message = {.type = message.type,
                                                  .fields = fields,
                                                  .field_count = message.field_count,
                                                  .entries = entries,
                                                  .entry_count = event->part};
    struct psp_consensus_actions actions;
    const enum psp_status status = psp_consensus_receive(
        cores[message.to], NOW_MS, message.from + 1U, &raft_message, &actions);
    carry_out(world, message.to, status, &actions);
}

static void crash(struct small_world *world, const struct small_event *event)
{
    struct small_node *node = &world->nodes[event->node];
    for (uint32_t w = 0; w < event->at; w++)
        write_out(node, &node->writes[w], node->writes[w].n);
    if (event->at < node->write_n && event->part > 0)
        write_out(node, &node->writes[event->at], event->part);
    memset(node->writes, 0, sizeof(node->writes));
    world->left.crashes--;
    start(world, event->node);
}

/* The timer in question is due now, and only now. */
static void time_out(struct small_world *world, const struct small_event *event)
{
    struct raft *raft = raft_of(event->node);
    const unsigned heartbeat = raft->heartbeat_timeout;
    if (event->kind == SMALL_BEAT)
        raft->heartbeat_timeout = 0;
    else
        raft->election_timer_start = 0;
    struct psp_consensus_actions actions;
    const enum psp_status status = psp_consensus_timeout(cores[event->node], NOW_MS, &actions);
    raft->heartbeat_timeout = heartbeat;
    raft->election_timer_start = NOW_MS;
    carry_out(world, event->node, status, &actions);
}

static void submit(struct small_world *world, uint32_t i)
{
    struct psp_consensus_actions actions;
    const struct psp_bytes payload = {&values[++world->next_value], 1};
    const enum psp_status status = psp_consensus_submit(cores[i], NOW_MS, &payload, 1, &actions);
    world->left.entries--;
    carry_out(world, i, status, &actions);
}

static void persist(struct small_world *world, uint32_t i)
{
    struct small_node *node = &world->nodes[i];
    struct psp_consensus_actions actions;
    const struct small_write write = node->writes[0];
    memmove(node->writes, node->writes + 1, --node->write_n * sizeof(write));
    memset(&node->writes[node->write_n], 0, sizeof(write));
    write_out(node, &write, write.n);
    const enum psp_status status =
        psp_consensus_persisted(cores[i], NOW_MS, write.number, &actions);
    carry_out(world, i, status, &actions);
}

void small_step(struct small_world *world, const struct small_event *event)
{
    small_heap_of(event->node);
    switch (event->kind) {
    case SMALL_DELIVER:
        deliver(world, event);
        break;
    case SMALL_PERSIST:
        persist(world, event->node);
        break;
    case SMALL_CRASH:
        crash(world, event);
        break;
    case SMALL_TIMEOUT:
    case SMALL_SILENCE:
        world->left.timeouts--;
        world->started = true;
        time_out(world, event);
        break;
    case SMALL_BEAT:
        world->left.beats--;
        time_out(world, event);
        break;
    case SMALL_SUBMIT:
        submit(world, event->node);
        break;
    }
    forget_spent(world);
}

/* Writes and messages at once, nothing lost, until nothing is under way. */
static void settle(struct small_world *world)
{
    struct small_event events[SMALL_EVENTS_MAX];
    for (uint32_t n = small_events(world, events), i = 0; i < n && violation[0] == 0; i++) {
        if (events[i].kind != SMALL_DELIVER && events[i].kind != SMALL_PERSIST)
            continue;
        if (events[i].kind == SMALL_DELIVER &&
            events[i].part < world->messages[events[i].at].entry_count)
            continue;
        small_step(world, &events[i]);
        n = small_events(world, events);
        i = UINT32_MAX;
    }
}

void small_elect(struct small_world *world)
{
    world->left.timeouts++;
    small_step(world, &(struct small_event){.kind = SMALL_TIMEOUT, .node = 0});
    settle(world);
    CHECK(leads(0), "node 0 was not elected");
}

/* ---- the state as a number ---- */

static void mix(uint64_t hash[2], const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    for (; n > 0; at += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
        uint64_t word = 0;
        memcpy(&word, at, n < 8 ? n : 8);
        hash[0] = (hash[0] ^ word) * 0x9E3779B97F4A7C15U;
        hash[0] ^= hash[0] >> 29;
        hash[1] = (hash[1] + word) * 0xD6E8FEB86659FD93U;
        hash[1] ^= hash[1] >> 32;
    }
}

static void mix_number(uint64_t hash[2], uint64_t number)
{
    mix(hash, &number, sizeof(number));
}

static void mix_core(uint64_t hash[2], uint32_t i)
{
    const struct raft *raft = raft_of(i);
    mix_number(hash, raft->current_term << 32 | raft->voted_for << 8 | raft->state);
    mix_number(hash, raft->commit_index << 48 | raft->last_stored << 32 |
                         raft->configuration_committed_index << 16 |
                         raft->configuration_uncommitted_index);
    mix_number(hash, psp_consensus_persisted_index(cores[i]));
    switch (raft->state) {
    case RAFT_FOLLOWER:
        mix_number(hash, raft->follower_state.current_leader.id << 32 | raft->follower_state.match);
        return;
    case RAFT_CANDIDATE:
        mix_number(hash, (uint64_t)raft->candidate_state.disrupt_leader << 1 |
                             raft->candidate_state.in_pre_vote);
        mix(hash, raft->candidate_state.votes, small_heap_size(raft->candidate_state.votes));
        return;
    default:
        mix_number(hash, raft->leader_state.transferee);
        mix(hash, raft->leader_state.progress, small_heap_size(raft->leader_state.progress));
        return;
    }
}

void small_hash(const struct small_world *world, uint64_t ret_hash[2])
{
    uint64_t *hash = ret_hash;
    hash[0] = 1, hash[1] = 2;
    for (uint32_t i = 0; i < SMALL_NODES; i++) {
        const struct small_node *node = &world->nodes[i];
        mix_core(hash, i);
        mix_number(hash, node->term << 32 | node->voted_for << 24 | (uint64_t)node->log_n << 16 |
                             (uint64_t)node->disk_n << 8 | node->commit);
        mix(hash, node->log, node->log_n * sizeof(*node->log));
        mix(hash, node->disk, node->disk_n * sizeof(*node->disk));
        mix_number(hash, node->write_n);
        for (uint32_t w = 0; w < node->write_n; w++) {
            mix_number(hash, (uint64_t)node->writes[w].first << 8 | node->writes[w].n);
            mix(hash, node->writes[w].entries, node->writes[w].n * sizeof(struct small_entry));
        }
    }
    mix_number(hash, world->message_count);
    mix(hash, world->messages, world->message_count * sizeof(*world->messages));
    mix(hash, &world->left, sizeof(world->left));
    mix_number(hash, (uint64_t)world->started << 16 | (uint64_t)world->next_value << 8 |
                         world->committed_n);
    mix(hash, world->committed, world->committed_n * sizeof(*world->committed));
    mix(hash, world->committed_by, world->committed_n);
    mix(hash, world->leaders, sizeof(world->leaders));
}

void small_describe(const struct small_world *world, const struct small_event *event)
{
    static const char *const kinds[] = {"deliver", "persist", "crash", "timeout",
                                        "silence", "beat",    "submit"};
    printf("  %s at node %u", kinds[event->kind], event->node);
    if (event->kind == SMALL_CRASH)
        printf(", %u writes and %u entries stay", event->at, event->part);
    if (event->kind == SMALL_DELIVER) {
        const struct small_message *message = &world->messages[event->at];
        printf(" from %u, type %u:", message->from, message->type);
        for (uint32_t i = 0; i < message->field_count; i++)
            printf(" %u", message->fields[i]);
        for (uint32_t i = 0; i < event->part; i++)
            printf(" [%u:%u]", message->entries[i].term, message->entries[i].value);
    }
    printf("\n");
}
