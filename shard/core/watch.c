/* Collectors that wait for news: whoever knows less than the count is answered, in
 * parts when it is much. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cluster/head.h"
#include "election/ballot.h"
#include "election/totals.h"
#include "shard/core/inner.h"

static struct psp_watcher *place_for(struct psp_core *core, uint32_t collector)
{
    struct psp_watcher *oldest = &core->watchers[0];
    for (size_t i = 0; i < PSP_CORE_WATCHERS_MAX; i++) {
        struct psp_watcher *watcher = &core->watchers[i];
        if (watcher->used && watcher->collector == collector)
            return watcher;
        if (oldest->used && (!watcher->used || watcher->answered_ms < oldest->answered_ms))
            oldest = watcher;
    }
    *oldest = (struct psp_watcher){.used = true, .collector = collector};
    return oldest;
}

/* Somebody's own work, or of a key that is not what it was: told now and then. */
static void tell_strange(struct psp_core *core, struct psp_watcher *watcher, uint32_t collector,
                         uint64_t index)
{
    if (core->now.steady_ms < watcher->head_say_ms)
        return;
    watcher->head_say_ms = core->now.steady_ms + PSP_CORE_HEAD_SAID_MS;
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_HEAD_STRANGE);
    if (action == NULL)
        return;
    action->head_strange.collector = collector;
    action->head_strange.index = index;
    action->head_strange.last = psp_consensus_last_index(core->consensus);
}

/* A shard signs what was committed, and a lone replica has committed nothing but its own
 * log: if a head that it signed is past that, acknowledged entries are gone, which the
 * replica itself cannot tell from a torn write. With more replicas it proves nothing: others
 * may lead by now. What the shard did not sign proves nothing either: the collector's key
 * alone stops nobody. Looked at only so often: a signature costs more than a message. */
static bool lost_its_tail(struct psp_core *core, const struct psp_core_sender *sender,
                          struct psp_watcher *watcher, const struct psp_head *head)
{
    if (sender->role != PSP_ROLE_COLLECTOR || core->member_count != 1 ||
        head->epoch != core->genesis.epoch ||
        head->index <= psp_consensus_last_index(core->consensus) ||
        core->now.steady_ms < watcher->head_from_ms)
        return false;
    watcher->head_from_ms = core->now.steady_ms + PSP_CORE_WATCH_GAP_MS;
    if (psp_head_verify(core->signing_key->public_key, core->genesis.fence.parts[PSP_FENCE_CLUSTER],
                        core->genesis.shard, head))
        return true;
    tell_strange(core, watcher, sender->id, head->index);
    return false;
}

void psp_core_watch(struct psp_core *core, const struct psp_core_sender *sender,
                    const struct psp_cluster_message *message)
{
    /* An operator watches too, to compare with a recount. */
    struct psp_watcher *watcher = place_for(core, (uint32_t)sender->role << 16 | sender->id);
    if (lost_its_tail(core, sender, watcher, &message->watch.head)) {
        psp_core_stop(core,
                      "collector %" PRIu32 " has seen index %" PRIu64 " of this shard, signed by "
                      "the shard, but its log ends at %" PRIu64 ": acknowledged ballots were lost; "
                      "restore this replica's data folder from a backup, or replace the replica",
                      sender->id, message->watch.head.index,
                      psp_consensus_last_index(core->consensus));
        return;
    }
    const uint64_t wait_ms = message->watch.wait_ms < PSP_CORE_WATCH_WAIT_MAX_MS
                                 ? message->watch.wait_ms
                                 : PSP_CORE_WATCH_WAIT_MAX_MS;
    assert(watcher->used);
    assert(wait_ms <= PSP_CORE_WATCH_WAIT_MAX_MS);
    watcher->waiting = true;
    watcher->peer = sender->peer;
    watcher->watch_id = message->id;
    watcher->after_index = message->watch.after_index;
    watcher->base_index = message->watch.base_index;
    watcher->base_epoch = message->watch.base_epoch;
    watcher->held = message->watch.held;
    watcher->due_ms = core->now.steady_ms + (watcher->held ? 0 : wait_ms);
}

/* When the watcher's answer may leave: at once for news, but not too soon
 * after the last one. */
static uint64_t answer_ms(const struct psp_core *core, const struct psp_watcher *watcher)
{
    if (!watcher->waiting)
        return UINT64_MAX;
    const uint64_t soonest = watcher->answered_ms + PSP_CORE_WATCH_GAP_MS;
    if (psp_count_index(core->count) > watcher->after_index)
        return soonest;
    return watcher->due_ms > soonest ? watcher->due_ms : soonest;
}

/* What of the count changed since a base, as bytes; the number needed, as
 * psp_totals_encode_since. */
enum changes { ROWS, REPORTS, LEAF_BALLOTS };
enum { CHANGES = LEAF_BALLOTS + 1 };

/* promise 5: of an election that is published by reports no row leaves but as reported, and
 * of turnout nothing, when that is, too. */
static size_t changes_since(const struct psp_core *core, enum changes changes, uint64_t base,
                            uint8_t *ret_bytes, size_t size)
{
    const struct psp_count *count = core->count;
    const struct psp_genesis *genesis = psp_count_genesis(count);
    const struct psp_totals *reported = psp_count_reported(count);
    switch (changes) {
    case ROWS:
        return psp_totals_encode_since(reported ? reported : psp_count_totals(count), base,
                                       ret_bytes, size);
    case REPORTS:
        return psp_count_leaf_reports_since(count, base, ret_bytes, size);
    case LEAF_BALLOTS:
        break;
    }
    if (!reported || genesis->turnout == PSP_PUBLICATION_REPORTS)
        return 0;
    return psp_count_leaf_ballots_since(count, base, ret_bytes, size);
}

static bool pack_changes(struct psp_core *core, enum changes changes, uint64_t base, size_t bytes,
                         struct psp_bytes *ret_bytes)
{
    if (bytes == 0)
        return true;
    uint8_t *at = psp_core_scratch(core, bytes);
    if (at == NULL)
        return false;
    const size_t packed = changes_since(core, changes, base, at, bytes);
    assert(packed == bytes); /* as announced */
    *ret_bytes = (struct psp_bytes){at, bytes};
    return true;
}

static bool pack_numbers(struct psp_core *core, const uint32_t *numbers, uint32_t n,
                         struct psp_bytes *ret_bytes)
{
    if (n == 0)
        return true;
    uint8_t *bytes = psp_core_scratch(core, 4 * (size_t)n);
    if (bytes == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        psp_put32(bytes + 4 * (size_t)i, numbers[i]);
    *ret_bytes = (struct psp_bytes){bytes, 4 * (size_t)n};
    return true;
}

static bool pack_stations(struct psp_core *core, uint64_t base, struct psp_bytes *ret_bytes)
{
    const size_t length = psp_count_stations_since(core->count, base, NULL, 0);
    if (length == 0)
        return true;
    uint8_t *bytes = psp_core_scratch(core, length);
    if (bytes == NULL)
        return false;
    const size_t packed = psp_count_stations_since(core->count, base, bytes, length);
    assert(packed == length);
    *ret_bytes = (struct psp_bytes){bytes, length};
    return true;
}

static bool pack_held_hash(struct psp_core *core, struct psp_bytes *ret_bytes)
{
    uint8_t *bytes = psp_core_scratch(core, PSP_HASH_BYTES);
    if (bytes == NULL)
        return false;
    assert(psp_count_reported(core->count) != NULL);
    psp_count_held_hash(core->count, bytes);
    *ret_bytes = (struct psp_bytes){bytes, PSP_HASH_BYTES};
    return true;
}

/* What changed since the base that the watcher holds; 0: all. */
static uint64_t base_of(const struct psp_core *core, const struct psp_watcher *watcher)
{
    const bool known = watcher->base_epoch == core->genesis.epoch &&
                       watcher->base_index <= psp_count_index(core->count);
    return known ? watcher->base_index : 0;
}

/* Who leads, + 1; 0 when that is not known, or is this replica and it has not applied
 * yet what the log held before: until then its count may be older than what was shown. */
static uint32_t leader_to_tell(const struct psp_core *core)
{
    const uint32_t leader = psp_core_leader(core);
    return leader == PSP_NONE || (leader == core->replica && !psp_core_serves(core)) ? 0
                                                                                     : leader + 1;
}

/* One signature a state, however many are told of it. */
static void sign_head(struct psp_core *core, struct psp_partial *partial)
{
    struct psp_head *head = &core->head;
    if (head->index != partial->index || head->epoch != partial->epoch ||
        memcmp(head->state_hash, partial->state_hash, PSP_HASH_BYTES) != 0) {
        head->epoch = partial->epoch;
        head->index = partial->index;
        memcpy(head->state_hash, partial->state_hash, PSP_HASH_BYTES);
        psp_head_sign(core->signing_key, partial->cluster_id, partial->shard, head);
    }
    memcpy(partial->signature, head->signature, PSP_SIGNATURE_BYTES);
}

/* Who asks compares it with what he holds: two histories of one length differ in it, though
 * the counts may not. */
static bool pack_base_hash(struct psp_core *core, const struct psp_watcher *watcher,
                           struct psp_bytes *ret_bytes)
{
    const uint8_t *hash = psp_core_hash_at(core, watcher->base_index);
    if (hash == NULL || watcher->base_index == 0 || watcher->base_epoch != core->genesis.epoch)
        return true;
    uint8_t *bytes = psp_core_scratch(core, PSP_HASH_BYTES);
    if (bytes == NULL)
        return false;
    memcpy(bytes, hash, PSP_HASH_BYTES);
    *ret_bytes = (struct psp_bytes){bytes, PSP_HASH_BYTES};
    return true;
}

static bool fill_partial(struct psp_core *core, uint64_t base, const size_t bytes[CHANGES],
                         struct psp_partial *partial)
{
    *partial = (struct psp_partial){
        .shard = core->genesis.shard,
        .replica = core->replica,
        .epoch = core->genesis.epoch,
        .index = psp_count_index(core->count),
        .time_ms = psp_count_time_ms(core->count),
        .base_index = base,
        .registered = psp_count_registered(core->count),
        .election_state = psp_count_election_state(core->count),
        .books = *psp_count_books(core->count),
        .leader = leader_to_tell(core),
        .mode = core->genesis.mode,
        .log_last = psp_consensus_last_index(core->consensus),
        .raft_id = core->raft_id,
        .scrub = {.bytes = core->care.scrubbed_bytes,
                  .passed_ms = core->care.passed_ms,
                  .damaged = core->care.damaged,
                  .mended = core->care.mended,
                  .sync_ms = psp_core_sync_ms(core)},
        .wall_ms = core->now.wall_ms,
    };
    memcpy(partial->cluster_id, core->genesis.fence.parts[PSP_FENCE_CLUSTER], PSP_CLUSTER_ID_BYTES);
    psp_count_state_hash(core->count, partial->state_hash);
    assert(psp_books_balanced(&partial->books)); /* promise 3: nothing else is shown */
    assert(partial->index <= core->commit_index);
    sign_head(core, partial);
    uint32_t leaf_n = 0;
    const uint32_t *leaves = psp_count_registered_leaves(core->count, &leaf_n);
    if (partial->base_index != 0)
        leaf_n = 0; /* they never change */
    return pack_changes(core, ROWS, base, bytes[ROWS], &partial->rows) &&
           pack_changes(core, REPORTS, base, bytes[REPORTS], &partial->reports) &&
           pack_changes(core, LEAF_BALLOTS, base, bytes[LEAF_BALLOTS], &partial->leaf_ballots) &&
           pack_numbers(core, leaves, leaf_n, &partial->registered_leaves) &&
           pack_stations(core, base, &partial->stations);
}

/* The next bytes of the whole's, at most *room. */
static struct psp_bytes cut(struct psp_bytes *left, size_t *room)
{
    const struct psp_bytes piece = {left->data, left->length < *room ? left->length : *room};
    if (piece.length > 0)
        left->data += piece.length;
    assert(piece.length <= left->length);
    assert(piece.length <= *room);
    left->length -= piece.length;
    *room -= piece.length;
    return piece;
}

/* One message, or several of the same index: lib/wire/message/partial_parts.h. */
static bool send_parts(struct psp_core *core, const struct psp_watcher *watcher,
                       const struct psp_partial *whole, uint32_t parts)
{
    struct psp_bytes rows = whole->rows, reports = whole->reports, ballots = whole->leaf_ballots;
    for (uint32_t part = 0; part < parts; part++) {
        struct psp_core_action *action = psp_core_act(core, PSP_CORE_SEND);
        if (action == NULL)
            return false;
        size_t room = core->part_bytes;
        struct psp_partial *partial = &action->send.message.partial;
        action->send.peer = watcher->peer;
        action->send.message.type = PSP_CLUSTER_PARTIAL;
        action->send.message.id = watcher->watch_id;
        *partial = *whole;
        partial->part = part;
        partial->parts = parts;
        partial->rows = cut(&rows, &room);
        partial->reports = cut(&reports, &room);
        partial->leaf_ballots = cut(&ballots, &room);
        if (part + 1 < parts)
            partial->registered_leaves = partial->stations = (struct psp_bytes){0};
    }
    assert(rows.length == 0); /* all of it is in one of the parts */
    assert(reports.length == 0);
    assert(ballots.length == 0);
    return true;
}

/* What comes with the last part has a message of its own when it is long: with rows
 * before it, it might not fit one. */
static size_t parts_of(const struct psp_core *core, size_t rows_bytes, size_t tail_bytes)
{
    assert(core->part_bytes > 0);
    const size_t parts = (rows_bytes + core->part_bytes - 1) / core->part_bytes;
    return (parts == 0 ? 1 : parts) + (tail_bytes > core->part_bytes);
}

/* Who was told, may have held totals that he tried: the log says so. False: out of memory,
 * the core has stopped. */
static bool tell_held(struct psp_core *core)
{
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_HELD_TOLD);
    if (action != NULL)
        action->held_index = psp_count_index(core->count);
    return action != NULL;
}

/* False: out of memory, the core has stopped. */
static bool tell_too_large(struct psp_core *core, size_t bytes)
{
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_TOO_LARGE);
    if (action != NULL)
        action->too_large_bytes = bytes;
    return action != NULL;
}

/* False: out of memory, the core has stopped. */
static bool answer_watcher(struct psp_core *core, struct psp_watcher *watcher, size_t *ret_bytes)
{
    const uint64_t base = base_of(core, watcher);
    assert(watcher->used && watcher->waiting);
    assert(base <= psp_count_index(core->count));
    size_t bytes[CHANGES], length = 0;
    for (int i = 0; i < CHANGES; i++) {
        bytes[i] = changes_since(core, (enum changes)i, base, NULL, 0);
        length += bytes[i];
    }
    watcher->waiting = false;
    watcher->answered_ms = core->now.steady_ms;
    if (parts_of(core, length, 0) > core->parts_max)
        return tell_too_large(core, length);
    struct psp_partial partial;
    if (!fill_partial(core, base, bytes, &partial) ||
        !pack_base_hash(core, watcher, &partial.base_hash) ||
        (watcher->held && !pack_held_hash(core, &partial.held_hash)))
        return false;
    const size_t tail = partial.registered_leaves.length + partial.stations.length;
    const size_t parts = parts_of(core, length, tail);
    if (parts > core->parts_max)
        return tell_too_large(core, length + tail);
    *ret_bytes += length + tail;
    return send_parts(core, watcher, &partial, (uint32_t)parts) &&
           (!watcher->held || tell_held(core));
}

void psp_core_answer_watchers(struct psp_core *core)
{
    size_t bytes = 0; /* the rest waits for the next tick: together they would not fit memory */
    for (size_t i = 0; i < PSP_CORE_WATCHERS_MAX && !core->stopped && bytes < PSP_MESSAGE_BYTES_MAX;
         i++) {
        if (answer_ms(core, &core->watchers[i]) <= core->now.steady_ms &&
            !answer_watcher(core, &core->watchers[i], &bytes))
            return;
    }
}

uint64_t psp_core_watch_deadline(const struct psp_core *core)
{
    uint64_t deadline = UINT64_MAX;
    for (size_t i = 0; i < PSP_CORE_WATCHERS_MAX; i++) {
        const uint64_t at = answer_ms(core, &core->watchers[i]);
        if (at < deadline)
            deadline = at;
    }
    return deadline;
}
