/*
 * consensus_fixture - a group of consensus cores on an in-memory disk and
 * network whose faults follow from a seed, with an oracle that knows what was
 * committed.
 */
#ifndef PSP_CONSENSUS_FIXTURE_H
#define PSP_CONSENSUS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shard/consensus/consensus.h"

enum { MEMBERS_MAX = 5, ENTRIES_MAX = 20000, WRITES_MAX = 512, MAIL_MAX = 8192, TERMS_MAX = 4096 };

struct entry {
    uint64_t term;
    enum psp_record_type type;
    uint64_t value; /* of a command */
};

struct write_op {
    uint64_t number, first, due_ms;
    uint32_t n;
    struct entry *entries;
};

struct member {
    bool up;
    struct psp_consensus *consensus;
    struct entry *log; /* in memory; [0] is index 1 */
    uint64_t log_n;
    struct entry *disk;
    uint64_t disk_n, term, voted_for;
    struct write_op writes[WRITES_MAX];
    size_t write_n;
    uint64_t applied, commit, snapshot;
    uint64_t restart_ms;
};

struct mail {
    uint32_t from, to;
    uint64_t due_ms;
    struct psp_raft_message message;
    uint64_t fields[8];
    struct psp_raft_entry *entries;
    uint64_t *values;
};

struct faults {
    uint32_t loss_percent, twice_percent, late_percent, trim_percent;
    uint32_t delay_ms, write_ms;
};

struct cluster {
    uint32_t n;
    uint64_t random, now_ms, seed;
    struct member members[MEMBERS_MAX];
    struct mail *mails;
    size_t mail_n;
    bool cut[MEMBERS_MAX][MEMBERS_MAX];
    bool mute[MEMBERS_MAX]; /* its requests for votes are dropped */
    bool one_entry;         /* a message has room for no more */
    struct faults faults;
    struct entry *committed; /* the oracle: [0] is index 1 */
    uint64_t committed_n, next_value;
    uint32_t leader_of[TERMS_MAX]; /* member + 1 */
    uint8_t configuration[512];
    uint32_t configuration_bytes;
};

static inline uint64_t draw(struct cluster *cluster)
{
    uint64_t z = cluster->random += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

static inline uint64_t between(struct cluster *cluster, uint64_t low, uint64_t high)
{
    return low + draw(cluster) % (high - low + 1);
}

static inline bool chance(struct cluster *cluster, uint32_t percent)
{
    return draw(cluster) % 100 < percent;
}

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("seed %lu at %lu ms: ", cluster->seed, cluster->now_ms);                   \
            print_error(__VA_ARGS__);                                                              \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static inline bool durable_on(const struct member *member, uint64_t index,
                              const struct entry *entry)
{
    return index <= member->disk_n && member->disk[index - 1].term == entry->term &&
           member->disk[index - 1].value == entry->value;
}

static inline void commit_one(struct cluster *cluster, uint32_t i, uint64_t index)
{
    const struct member *member = &cluster->members[i];
    CHECK(index <= member->log_n, "member %u commits %lu, its log ends at %lu\n", i, index,
          member->log_n);
    const struct entry *entry = &member->log[index - 1];
    if (index <= cluster->committed_n) {
        const struct entry *known = &cluster->committed[index - 1];
        CHECK(known->term == entry->term && known->value == entry->value,
              "member %u: committed entry %lu differs\n", i, index);
        return;
    }
    CHECK(index == cluster->committed_n + 1, "a gap before %lu\n", index);
    CHECK(index < ENTRIES_MAX, "too long\n");
    uint32_t holders = 0;
    for (uint32_t k = 0; k < cluster->n; k++)
        holders += durable_on(&cluster->members[k], index, entry);
    CHECK(holders > cluster->n / 2, "entry %lu committed but durable on %u of %u\n", index, holders,
          cluster->n);
    cluster->committed[cluster->committed_n++] = *entry;
}

static inline void post_message(struct cluster *cluster, uint32_t from, uint64_t to_id,
                                const struct psp_raft_message *message)
{
    const uint32_t to = (uint32_t)to_id - 1;
    const uint32_t copies = 1 + chance(cluster, cluster->faults.twice_percent);
    const struct member *sender = &cluster->members[from];
    enum { REQUEST_VOTE_TYPE = 3 };
    if (cluster->mute[from] && message->type == REQUEST_VOTE_TYPE)
        return;
    for (uint32_t c = 0; c < copies; c++) {
        if (cluster->cut[from][to] || chance(cluster, cluster->faults.loss_percent))
            continue;
        assert_true(cluster->mail_n < MAIL_MAX);
        struct mail *mail = &cluster->mails[cluster->mail_n++];
        *mail = (struct mail){.from = from, .to = to, .message = *message};
        mail->due_ms = cluster->now_ms + between(cluster, 1, cluster->faults.delay_ms);
        if (chance(cluster, cluster->faults.late_percent))
            mail->due_ms += between(cluster, 100, 3000);
        memcpy(mail->fields, message->fields, message->field_count * sizeof *mail->fields);
        uint64_t first = 0;
        uint32_t n = psp_consensus_entries_of(message, &first);
        if (n > 1 && chance(cluster, cluster->faults.trim_percent)) /* too large for a message */
            mail->message.entry_count = n = (uint32_t)between(cluster, 1, n);
        if (n > 1 && cluster->one_entry)
            mail->message.entry_count = n = 1;
        mail->entries = calloc(n + 1, sizeof *mail->entries);
        mail->values = calloc(n + 1, sizeof *mail->values);
        for (uint32_t k = 0; k < n; k++) {
            CHECK(first + k <= sender->log_n, "asked to send %lu, the log ends at %lu\n", first + k,
                  sender->log_n);
            const struct entry *entry = &sender->log[first + k - 1];
            mail->values[k] = entry->value;
            mail->entries[k] = (struct psp_raft_entry){entry->term, entry->type, {NULL, 0}};
        }
    }
}

static inline void queue_write(struct cluster *cluster, struct member *member,
                               const struct psp_consensus_actions *actions)
{
    CHECK(actions->append_index <= member->log_n + 1, "a hole in the log\n");
    CHECK(actions->append_index > member->applied, "applied entry %lu replaced\n",
          actions->append_index);
    assert_true(member->write_n < WRITES_MAX);
    struct write_op *op = &member->writes[member->write_n++];
    *op = (struct write_op){.number = actions->append_number,
                            .first = actions->append_index,
                            .n = actions->append_count,
                            .entries = calloc(actions->append_count, sizeof *op->entries)};
    op->due_ms = cluster->now_ms + between(cluster, 0, cluster->faults.write_ms);
    member->log_n = actions->append_index - 1;
    for (uint32_t k = 0; k < actions->append_count; k++) {
        const struct psp_record *record = &actions->append[k];
        struct entry entry = {record->term, record->type, 0};
        if (record->type == PSP_RECORD_COMMAND)
            memcpy(&entry.value, record->payload, sizeof entry.value);
        assert_true(member->log_n < ENTRIES_MAX);
        member->log[member->log_n++] = op->entries[k] = entry;
    }
}

static inline void carry(struct cluster *cluster, uint32_t i, enum psp_status status,
                         const struct psp_consensus_actions *actions)
{
    struct member *member = &cluster->members[i];
    CHECK(status == PSP_OK || status == PSP_ENOTLEADER || status == PSP_EINVAL, "%s\n",
          psp_consensus_error(member->consensus));
    if (actions->vote) {
        CHECK(actions->term >= member->term, "the term goes back\n");
        CHECK(actions->term > member->term || member->voted_for == 0 ||
                  actions->voted_for == member->voted_for,
              "two votes in one term\n");
        member->term = actions->term;
        member->voted_for = actions->voted_for;
    }
    if (actions->append_index != 0)
        queue_write(cluster, member, actions);
    for (uint32_t k = 0; k < actions->message_count; k++)
        post_message(cluster, i, actions->message_to[k], &actions->messages[k]);
    CHECK(!actions->install, "a snapshot though every log is whole\n");
    if (psp_consensus_state(member->consensus) == PSP_LEADER) {
        const uint64_t term = psp_consensus_term(member->consensus);
        assert_true(term < TERMS_MAX);
        CHECK(cluster->leader_of[term] == 0 || cluster->leader_of[term] == i + 1,
              "two leaders in term %lu\n", term);
        cluster->leader_of[term] = i + 1;
    }
    CHECK(actions->commit_index >= member->commit, "the commit index goes back\n");
    member->commit = actions->commit_index;
    while (member->applied < member->commit)
        commit_one(cluster, i, ++member->applied);
}

static inline void start_member(struct cluster *cluster, uint32_t i)
{
    struct member *member = &cluster->members[i];
    struct psp_consensus_member all[MEMBERS_MAX];
    for (uint32_t k = 0; k < cluster->n; k++)
        all[k] = (struct psp_consensus_member){k + 1, true};
    const struct psp_consensus_options options = {.raft_id = i + 1,
                                                  .members = all,
                                                  .member_count = cluster->n,
                                                  .election_timeout_ms = 300,
                                                  .heartbeat_ms = 60,
                                                  .seed = (uint32_t)draw(cluster)};
    assert_int_equal(psp_consensus_create(&options, &member->consensus), PSP_OK);
    const struct psp_record first = psp_consensus_bootstrap(member->consensus);
    assert_true(first.payload_bytes <= sizeof cluster->configuration);
    memcpy(cluster->configuration, first.payload, first.payload_bytes);
    cluster->configuration_bytes = first.payload_bytes;
    if (member->disk_n == 0) {
        member->disk[member->disk_n++] = (struct entry){1, PSP_RECORD_CONFIGURATION, 0};
        member->term = 1;
    }
    memcpy(member->log, member->disk, member->disk_n * sizeof *member->log);
    member->log_n = member->disk_n;
    struct psp_record *records = calloc(member->log_n + 1, sizeof *records);
    const uint64_t skip = member->snapshot;
    for (uint64_t k = skip; k < member->log_n; k++)
        records[k - skip] = (struct psp_record){k + 1, member->log[k].term, member->log[k].type,
                                                k == 0 ? cluster->configuration : NULL,
                                                k == 0 ? cluster->configuration_bytes : 0};
    const struct psp_consensus_start start = {
        .term = member->term,
        .voted_for = member->voted_for,
        .snapshot_index = skip,
        .snapshot_term = skip == 0 ? 0 : member->log[skip - 1].term,
        .first_index = skip + 1,
        .records = records,
        .record_count = member->log_n - skip,
    };
    member->up = true;
    member->applied = member->commit = skip;
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_start(member->consensus, cluster->now_ms, &start, &actions);
    free(records);
    carry(cluster, i, status, &actions);
}

static inline void apply_write(struct member *member, const struct write_op *op, uint32_t n)
{
    if (n == 0)
        return;
    assert_true(op->first <= member->disk_n + 1);
    member->disk_n = op->first - 1;
    for (uint32_t k = 0; k < n; k++)
        member->disk[member->disk_n++] = op->entries[k];
}

/* Some of the queued writes have reached the disk, one of them in part. */
static inline void crash_member(struct cluster *cluster, uint32_t i)
{
    struct member *member = &cluster->members[i];
    psp_consensus_destroy(&member->consensus);
    const size_t whole = between(cluster, 0, member->write_n);
    for (size_t k = 0; k < member->write_n; k++) {
        const struct write_op *op = &member->writes[k];
        if (k <= whole)
            apply_write(member, op, k < whole ? op->n : (uint32_t)between(cluster, 0, op->n));
        free(op->entries);
    }
    member->write_n = 0;
    member->up = false;
    member->restart_ms = cluster->now_ms + between(cluster, 20, 1500);
}

static inline void sync_member(struct cluster *cluster, uint32_t i)
{
    struct member *member = &cluster->members[i];
    while (member->up && member->write_n > 0 && member->writes[0].due_ms <= cluster->now_ms) {
        const struct write_op op = member->writes[0];
        memmove(member->writes, member->writes + 1, --member->write_n * sizeof op);
        apply_write(member, &op, op.n);
        free(op.entries);
        struct psp_consensus_actions actions;
        carry(cluster, i,
              psp_consensus_persisted(member->consensus, cluster->now_ms, op.number, &actions),
              &actions);
    }
}

static inline void deliver_mail(struct cluster *cluster)
{
    for (size_t k = 0; k < cluster->mail_n;) {
        struct mail mail = cluster->mails[k];
        if (mail.due_ms > cluster->now_ms) {
            k++;
            continue;
        }
        cluster->mails[k] = cluster->mails[--cluster->mail_n];
        cluster->mails[cluster->mail_n] = (struct mail){0};
        struct member *member = &cluster->members[mail.to];
        if (member->up && !cluster->cut[mail.from][mail.to]) {
            mail.message.fields = mail.fields;
            mail.message.entries = mail.entries;
            for (uint32_t e = 0; e < mail.message.entry_count; e++) {
                struct psp_raft_entry *entry = &mail.entries[e];
                if (entry->type == PSP_RECORD_COMMAND)
                    entry->payload =
                        (struct psp_bytes){(const uint8_t *)&mail.values[e], sizeof *mail.values};
                else if (entry->type == PSP_RECORD_CONFIGURATION)
                    entry->payload =
                        (struct psp_bytes){cluster->configuration, cluster->configuration_bytes};
            }
            struct psp_consensus_actions actions;
            carry(cluster, mail.to,
                  psp_consensus_receive(member->consensus, cluster->now_ms, mail.from + 1,
                                        &mail.message, &actions),
                  &actions);
        }
        free(mail.entries);
        free(mail.values);
    }
}

static inline void step_cluster(struct cluster *cluster)
{
    cluster->now_ms++;
    deliver_mail(cluster);
    for (uint32_t i = 0; i < cluster->n; i++) {
        struct member *member = &cluster->members[i];
        sync_member(cluster, i);
        if (!member->up || psp_consensus_deadline(member->consensus) > cluster->now_ms)
            continue;
        struct psp_consensus_actions actions;
        carry(cluster, i, psp_consensus_timeout(member->consensus, cluster->now_ms, &actions),
              &actions);
    }
}

static inline void run_cluster(struct cluster *cluster, uint32_t ms)
{
    for (uint32_t k = 0; k < ms; k++)
        step_cluster(cluster);
}

/* The leader of the highest term, MEMBERS_MAX for none. */
static inline uint32_t leader_now(const struct cluster *cluster)
{
    uint32_t leader = MEMBERS_MAX;
    uint64_t term = 0;
    for (uint32_t i = 0; i < cluster->n; i++) {
        const struct member *member = &cluster->members[i];
        if (member->up && psp_consensus_state(member->consensus) == PSP_LEADER &&
            psp_consensus_term(member->consensus) >= term) {
            leader = i;
            term = psp_consensus_term(member->consensus);
        }
    }
    return leader;
}

/* Proposes n commands; the index of the last, 0: not leading. */
static inline uint64_t propose(struct cluster *cluster, uint32_t i, uint32_t n)
{
    uint64_t values[16];
    struct psp_bytes payloads[16];
    assert_true(n <= 16);
    for (uint32_t k = 0; k < n; k++) {
        values[k] = ++cluster->next_value;
        payloads[k] = (struct psp_bytes){(const uint8_t *)&values[k], sizeof values[k]};
    }
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_submit(cluster->members[i].consensus, cluster->now_ms, payloads, n, &actions);
    carry(cluster, i, status, &actions);
    return status == PSP_OK ? actions.append_index + n - 1 : 0;
}

static inline struct cluster *create_cluster(uint32_t n, uint64_t seed)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    cluster->n = n;
    cluster->seed = seed;
    cluster->random = seed * 7919 + 13;
    cluster->now_ms = 1000;
    cluster->faults = (struct faults){.delay_ms = 2, .write_ms = 1};
    cluster->mails = calloc(MAIL_MAX, sizeof *cluster->mails);
    cluster->committed = calloc(ENTRIES_MAX, sizeof *cluster->committed);
    for (uint32_t i = 0; i < n; i++) {
        cluster->members[i].log = calloc(ENTRIES_MAX, sizeof(struct entry));
        cluster->members[i].disk = calloc(ENTRIES_MAX, sizeof(struct entry));
    }
    for (uint32_t i = 0; i < n; i++) /* each holds the configuration before anybody starts */
        cluster->members[i].disk[cluster->members[i].disk_n++] =
            (struct entry){1, PSP_RECORD_CONFIGURATION, 0};
    for (uint32_t i = 0; i < n; i++)
        cluster->members[i].term = 1;
    for (uint32_t i = 0; i < n; i++)
        start_member(cluster, i);
    return cluster;
}

static inline void destroy_cluster(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->n; i++) {
        struct member *member = &cluster->members[i];
        psp_consensus_destroy(&member->consensus);
        for (size_t k = 0; k < member->write_n; k++)
            free(member->writes[k].entries);
        free(member->log);
        free(member->disk);
    }
    for (size_t k = 0; k < cluster->mail_n; k++) {
        free(cluster->mails[k].entries);
        free(cluster->mails[k].values);
    }
    free(cluster->mails);
    free(cluster->committed);
    free(cluster);
}

static inline void cut_pair(struct cluster *cluster, uint32_t a, uint32_t b, bool off)
{
    cluster->cut[a][b] = cluster->cut[b][a] = off;
}

#endif
