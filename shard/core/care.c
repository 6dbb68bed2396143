/* Care for the log's files: all of it is read in the background, what is damaged is asked of the
 * other replicas and written again, and they are told how this one does.
 *
 *     scrubbed -> damage -> asked -> a majority says the same -> written -> mended
 *
 * A replica that has something damaged goes on, for nothing else is; one that nobody can
 * help ends, and says where. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shard/core/inner.h"

/* ---- mending ---- */

static void stop_damaged(struct psp_core *core, const char *why)
{
    assert(core->care.mending.index != 0);
    psp_core_stop(core,
                  "%s is damaged (index %" PRIu64 "), and %s; restore this replica's data folder "
                  "from a backup, or replace the replica",
                  core->care.place, core->care.mending.index, why);
}

void psp_core_damage(struct psp_core *core, struct psp_core_time now,
                     const struct psp_core_damage *damage)
{
    struct psp_care *care = &core->care;
    psp_core_begin(core, now);
    assert((damage->known == 0) == (damage->index == 0));
    if (damage->known > care->damaged)
        care->found += damage->known - care->damaged;
    care->damaged = damage->known;
    if (damage->known == 0) {
        psp_mending_begin(&care->mending, 0);
        core->unreadable = false;
        return;
    }
    snprintf(care->place, sizeof care->place, "%s", damage->place);
    if (care->mending.index != damage->index) {
        psp_mending_begin(&care->mending, damage->index);
        care->differs = 0;
        care->ask_ms = now.steady_ms;
        care->health_ms = now.steady_ms; /* nobody is to rely on this log */
    }
    if (core->member_count == 1)
        stop_damaged(core, "the shard has no other replica that could have it");
}

static void ask(struct psp_core *core)
{
    struct psp_care *care = &core->care;
    assert(care->mending.index != 0);
    assert(core->member_count > 1);
    care->ask_ms = core->now.steady_ms + PSP_CORE_MEND_GAP_MS;
    for (uint32_t r = 0; r < core->member_count; r++) {
        if (r == core->replica || care->mending.of[r].answer == PSP_MENDING_RECORD)
            continue;
        struct psp_cluster_message *message = psp_core_tell(core, r, PSP_CLUSTER_JOURNAL_REQUEST);
        if (message == NULL)
            return;
        message->id = care->mending.index;
        message->journal_request.first = care->mending.index;
    }
}

static void go_on(struct psp_core *core)
{
    struct psp_care *care = &core->care;
    struct psp_record record;
    assert(care->mending.index != 0);
    assert(!care->mends);
    switch (psp_mending_state(&care->mending, core->member_count, core->replica, &record)) {
    case PSP_MENDING_WAITS:
        return;
    case PSP_MENDING_LOST:
        stop_damaged(core, "so it is on so many other replicas that no majority has it");
        return;
    case PSP_MENDING_DIFFERS: /* what is not committed may still be replaced there */
        if (++care->differs == PSP_CORE_MEND_DIFFERS_MAX)
            stop_damaged(core, "the other replicas do not agree on what was there");
        else
            psp_mending_begin(&care->mending, care->mending.index);
        return;
    case PSP_MENDING_AGREED: {
        assert(record.index == care->mending.index);
        struct psp_core_action *action = psp_core_act(core, PSP_CORE_MEND);
        if (action == NULL)
            return;
        action->mend.record = record;
        action->mend.may_cut = !core->started && record.index > psp_count_index(core->count);
        care->mends = record.index;
        return;
    }
    }
}

static void hear(struct psp_core *core, uint32_t replica, const struct psp_cluster_message *message)
{
    struct psp_care *care = &core->care;
    const uint64_t index = care->mending.index;
    if (index == 0 || care->mends || message->journal.first != index || message->id != index)
        return;
    enum psp_mending_answer answer =
        message->journal.damaged ? PSP_MENDING_DAMAGED : PSP_MENDING_NONE;
    struct psp_record record = {.index = index};
    if (message->journal.entry_count > 0) {
        const struct psp_raft_entry *entry = &message->journal.entries[0];
        if (entry->type < PSP_RECORD_COMMAND || entry->type > PSP_RECORD_CONFIGURATION ||
            entry->payload.length > UINT32_MAX)
            return;
        answer = PSP_MENDING_RECORD;
        record.term = entry->term;
        record.type = (enum psp_record_type)entry->type;
        record.payload = entry->payload.data;
        record.payload_bytes = (uint32_t)entry->payload.length;
    }
    if (psp_mending_hear(&care->mending, replica, answer, &record) != PSP_OK)
        psp_core_stop(core, "out of memory for a log entry");
    else
        go_on(core);
}

void psp_core_mended(struct psp_core *core, struct psp_core_time now, enum psp_status status)
{
    struct psp_care *care = &core->care;
    psp_core_begin(core, now);
    assert(care->mends != 0);
    const uint64_t index = care->mends;
    care->mends = 0;
    if (status == PSP_OK)
        care->mended++;
    if (care->mending.index != index)
        return; /* it was cut meanwhile; what else is damaged is asked for by itself */
    /* What was never committed is cut by the leader in time, and the damage with it. */
    if (status == PSP_EINVAL && core->started && care->mending.index > core->commit_index) {
        psp_mending_begin(&care->mending, care->mending.index);
        care->ask_ms = now.steady_ms + PSP_CORE_MEND_GAP_MS;
        return;
    }
    if (status != PSP_OK) {
        stop_damaged(core, "what the other replicas have there is another record than was here");
        return;
    }
    psp_mending_begin(&care->mending, 0); /* what else is damaged is told next */
}

/* ---- mending others ---- */

/* What is durable here. */
static void take_mend_request(struct psp_core *core, uint32_t replica,
                              const struct psp_cluster_message *request)
{
    const uint64_t index = request->journal_request.first;
    const struct psp_read none = {.replica = replica, .id = request->id, .first = index};
    if (index == 0)
        return;
    if (core->started && index > psp_consensus_persisted_index(core->consensus)) {
        psp_core_answer_mend(core, &none, NULL, 0, PSP_ENOENT);
        return;
    }
    struct psp_read *read = psp_core_wish(core, PSP_READ_MEND, index, index);
    if (read == NULL)
        return; /* it asks again */
    read->replica = replica;
    read->id = request->id;
}

void psp_core_answer_mend(struct psp_core *core, const struct psp_read *read,
                          const struct psp_record *records, uint32_t n, enum psp_status status)
{
    const struct psp_raft_entry *entries = psp_core_entries(core, records, n);
    struct psp_cluster_message *message =
        entries == NULL ? NULL : psp_core_tell(core, read->replica, PSP_CLUSTER_JOURNAL);
    if (message == NULL)
        return;
    message->id = read->id;
    message->journal.first = read->first;
    message->journal.entries = entries;
    message->journal.entry_count = n;
    message->journal.damaged = n == 0 && (status == PSP_ECORRUPT || status == PSP_EIO);
}

/* ---- scrubbing ---- */

static void scrub(struct psp_core *core)
{
    struct psp_care *care = &core->care;
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_SCRUB);
    if (action == NULL)
        return;
    assert(!care->scrubbing);
    if (care->scrub_next == 0)
        care->scrub_next = 1;
    action->scrub.index = care->scrub_next;
    action->scrub.bytes_a_second =
        care->passes == 0 ? PSP_CORE_SCRUB_FIRST_BYTES : PSP_CORE_SCRUB_BYTES;
    care->scrubbing = true;
}

void psp_core_scrubbed(struct psp_core *core, struct psp_core_time now, uint64_t next,
                       uint64_t bytes)
{
    struct psp_care *care = &core->care;
    psp_core_begin(core, now);
    assert(care->scrubbing);
    assert(next == 0 || next > care->scrub_next);
    care->scrubbing = false;
    care->scrubbed_bytes += bytes;
    care->scrub_next = next;
    care->scrub_ms = now.steady_ms;
    if (next != 0)
        return;
    care->passes++;
    care->passed_ms = now.wall_ms;
    care->scrub_ms = now.steady_ms + PSP_CORE_SCRUB_GAP_MS;
    care->health_ms = now.steady_ms;
}

/* ---- how the replicas do ---- */

uint32_t psp_core_sync_ms(const struct psp_core *core)
{
    const uint32_t p99_ms = psp_latency_p99(&core->latency, core->now.steady_ms);
    assert(core->written_number <= core->appended_number);
    assert(core->pending_ms <= core->now.steady_ms);
    if (core->appended_number == core->written_number)
        return p99_ms;
    const uint64_t waits_ms = core->now.steady_ms - core->pending_ms;
    return waits_ms > PSP_CORE_SLOW_PATIENCE_MS && waits_ms > p99_ms ? (uint32_t)waits_ms : p99_ms;
}

const struct psp_health *psp_core_health_of(const struct psp_core *core, uint32_t replica)
{
    assert(replica < core->member_count);
    const uint64_t heard_ms = core->care.others[replica].heard_ms;
    return heard_ms != 0 && heard_ms + PSP_CORE_HEALTH_OLD_MS > core->now.steady_ms
               ? &core->care.others[replica].health
               : NULL;
}

static void tell_health(struct psp_core *core)
{
    struct psp_care *care = &core->care;
    care->health_ms = core->now.steady_ms + PSP_CORE_HEALTH_MS;
    for (uint32_t r = 0; r < core->member_count; r++) {
        if (r == core->replica)
            continue;
        struct psp_cluster_message *message = psp_core_tell(core, r, PSP_CLUSTER_HEALTH);
        if (message == NULL)
            return;
        message->health = (struct psp_health){.shard = core->genesis.shard,
                                              .raft_id = core->raft_id,
                                              .passes = care->passes,
                                              .damaged = care->damaged,
                                              .scrubbed = care->scrub_next,
                                              .sync_ms = psp_core_sync_ms(core)};
    }
}

const char *psp_core_not_relied_on(struct psp_core *core, uint32_t replica)
{
    const struct psp_care *care = &core->care;
    assert(replica < core->member_count);
    const bool self = replica == core->replica;
    const struct psp_health *health = self ? NULL : psp_core_health_of(core, replica);
    const bool heard = self || health != NULL;
    const uint64_t damaged = self ? care->damaged : heard ? health->damaged : 0;
    const uint32_t passes = self ? care->passes : heard ? health->passes : 0;
    const uint64_t scrubbed = self ? care->scrub_next : heard ? health->scrubbed : 0;
    if (heard && damaged == 0 && passes > 0)
        return NULL;
    enum { TEXT_BYTES = 160 };
    char *text = psp_core_scratch(core, TEXT_BYTES);
    if (text == NULL)
        return "out of memory";
    if (!heard)
        snprintf(text, TEXT_BYTES, "replica %" PRIu32 " does not say how its log is", replica);
    else if (damaged > 0)
        snprintf(text, TEXT_BYTES,
                 "the log of replica %" PRIu32 " has %" PRIu64 " damaged records; they are being "
                 "mended",
                 replica, damaged);
    else
        snprintf(text, TEXT_BYTES,
                 "the log of replica %" PRIu32 " is being scrubbed since its start, and is to be "
                 "whole before another one is replaced: at index %" PRIu64,
                 replica, scrubbed);
    return text;
}

void psp_core_care_message(struct psp_core *core, uint32_t replica,
                           const struct psp_cluster_message *message)
{
    assert(replica < core->member_count && replica != core->replica);
    if (message->type == PSP_CLUSTER_JOURNAL_REQUEST)
        take_mend_request(core, replica, message);
    if (message->type == PSP_CLUSTER_JOURNAL)
        hear(core, replica, message);
    if (message->type == PSP_CLUSTER_HEALTH && message->health.shard == core->genesis.shard) {
        core->care.others[replica].health = message->health;
        core->care.others[replica].heard_ms = core->now.steady_ms + 1;
    }
}

/* ---- a turn ---- */

static bool asks(const struct psp_care *care)
{
    return care->mending.index != 0 && !care->mends;
}

/* What is damaged is mended first. */
static bool scrubs(const struct psp_core *core)
{
    return core->started && !core->care.scrubbing && core->care.damaged == 0;
}

void psp_core_care_on(struct psp_core *core)
{
    struct psp_care *care = &core->care;
    if (asks(care) && core->now.steady_ms >= care->ask_ms)
        ask(core);
    if (scrubs(core) && core->now.steady_ms >= care->scrub_ms)
        scrub(core);
    if (core->member_count > 1 && core->now.steady_ms >= care->health_ms)
        tell_health(core);
}

uint64_t psp_core_care_deadline(const struct psp_core *core)
{
    const struct psp_care *care = &core->care;
    uint64_t deadline = core->member_count > 1 ? care->health_ms : UINT64_MAX;
    if (asks(care) && care->ask_ms < deadline)
        deadline = care->ask_ms;
    if (scrubs(core) && care->scrub_ms < deadline)
        deadline = care->scrub_ms;
    return deadline;
}
