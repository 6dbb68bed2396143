/* One step of libraft, and what becomes of its update: the only caller of
 * raft_step. */
#include <assert.h>
#include <raft.h>
#include <stdio.h>

#include "base/checked.h"
#include "base/memory/grow.h"
#include "shard/consensus/inner.h"

static enum psp_status refused(struct psp_consensus *consensus, const char *event, int error)
{
    assert(error != 0);
    snprintf(consensus->error, sizeof(consensus->error), "libraft refuses %s: %s: %s", event,
             raft_strerror(error), raft_errmsg(&consensus->raft));
    if (error == RAFT_NOTLEADER)
        return PSP_ENOTLEADER;
    return error == RAFT_NOMEM ? PSP_ENOMEM : PSP_EIO;
}

static enum psp_status collect_messages(struct psp_consensus *consensus,
                                        const struct raft_update *update,
                                        struct psp_consensus_actions *actions)
{
    for (unsigned i = 0; i < update->messages.n; i++) {
        const enum psp_status status =
            psp_outbox_push(&consensus->outbox, &update->messages.batch[i]);
        if (status != PSP_OK)
            return status;
    }
    assert(consensus->outbox.count >= update->messages.n);
    assert(consensus->outbox.count <= UINT32_MAX);
    actions->message_count = (uint32_t)consensus->outbox.count;
    actions->messages = consensus->outbox.messages;
    actions->message_to = consensus->outbox.to;
    return PSP_OK;
}

static enum psp_status collect_entries(struct psp_consensus *consensus,
                                       const struct raft_update *update,
                                       struct psp_consensus_actions *actions)
{
    const uint64_t first = update->entries.index;
    const unsigned n = update->entries.n;
    assert(n > 0);
    assert(first > consensus->commit_index); /* promise 1: what is committed stays */
    assert(first > 0 && first <= consensus->last_index + 1); /* no hole */
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
    assert(actions->append_index + actions->append_count == consensus->last_index + 1);
    if (!PSP_GROW(consensus->records, consensus->record_capacity, actions->append_count))
        return PSP_ENOMEM;
    actions->append = consensus->records;
    struct psp_record *records = consensus->records + (first - actions->append_index);
    for (unsigned i = 0; i < n; i++) {
        const struct raft_entry *entry = &update->entries.batch[i];
        assert(entry->batch == update->entries.batch[0].batch); /* one to free */
        assert(entry->term > 0);
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
    assert(raft_current_term(&consensus->raft) >= term_before);
    psp_mend_replies(&consensus->raft, event, term_before, &update);
    enum psp_status status = PSP_OK;
    if ((update.flags & (RAFT_UPDATE_ENTRIES)) != 0)
        status = collect_entries(consensus, &update, actions);
    if ((update.flags & (RAFT_UPDATE_SNAPSHOT)) != 0)
        actions->too_old = true;
    if (status == PSP_OK && (update.flags & (RAFT_UPDATE_MESSAGES)) != 0)
        status = collect_messages(consensus, &update, actions);
    return status;
}

/* W6: of a lone voter the library's commit index can step back. */
static void raise_commit(struct psp_consensus *consensus)
{
    const uint64_t index = raft_commit_index(&consensus->raft);
    if (index > consensus->commit_index)
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
        assert(configuration->index <= consensus->commit_index);
        struct raft_event event = {.type = RAFT_CONFIGURATION};
        event.configuration.index = configuration->index;
        raft_index index;
        enum psp_status status = psp_configuration_decode(consensus, configuration->index,
                                                          &event.configuration.conf, &index);
        assert(status != PSP_OK || index == configuration->index);
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
    assert(consensus->clock_ms >= now_ms);
    *ret_actions = (struct psp_consensus_actions){0};
    consensus->outbox.count = 0;
}

/* What libraft holds and what was handed out of it are the same. */
static void check(struct psp_consensus *consensus)
{
    const struct psp_appends *appends = &consensus->appends;
    const struct psp_configurations *configurations = &consensus->configurations;
    const size_t n = configurations->count;
    assert(consensus->last_index == raft_last_index(&consensus->raft));
    assert(consensus->persisted == consensus->raft.last_stored);
    assert(consensus->commit_index >= raft_commit_index(&consensus->raft));
    assert(consensus->persisted <= consensus->last_index);
    assert(consensus->commit_index <= consensus->last_index);
    assert(consensus->snapshot_index <= consensus->commit_index);
    assert(consensus->snapshot_index <= consensus->persisted); /* promise 1 */
    /* what is not on its way to the disk is there */
    assert((appends->first == appends->end) == (consensus->persisted == consensus->last_index));
    assert(n == 0 || configurations->items[n - 1].index <= consensus->last_index);
    if (PSP_CHECKED)
        assert(!psp_configurations_unapplied(&consensus->configurations, consensus->commit_index));
    psp_appends_check(appends);
    psp_configurations_check(configurations);
}

enum psp_status psp_consensus_finish(struct psp_consensus *consensus, enum psp_status status,
                                     struct psp_consensus_actions *actions)
{
    if (actions->too_old) /* the library's indexes are of a state that nobody installs */
        return status;
    raise_commit(consensus);
    if (status == PSP_OK)
        status = apply_configurations(consensus, actions);
    if (status == PSP_OK && actions->append_index != 0)
        status =
            psp_appends_push(&consensus->appends, actions->append_index, consensus->last_index);
    const uint64_t term = raft_current_term(&consensus->raft);
    const uint64_t voted_for = raft_voted_for(&consensus->raft);
    assert(term >= consensus->vote_term);
    if (term != consensus->vote_term || voted_for != consensus->voted_for) {
        assert(term > consensus->vote_term || consensus->voted_for == 0); /* one vote a term */
        actions->vote = true;
        consensus->vote_term = term;
        consensus->voted_for = voted_for;
    }
    actions->term = term;
    actions->voted_for = voted_for;
    actions->commit_index = consensus->commit_index;
    if (status == PSP_OK) /* after a failure the replica ends */
        check(consensus);
    return status;
}
