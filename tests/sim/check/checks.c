/* Compares what replicas, routers and collectors did with the independent judge. */
#include "tests/sim/check/checks.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/check/durable.h"

enum { HASH_BYTES = 16, TEXT_BYTES = 256 };

/* ---- what is applied ---- */

static bool decode(struct sim_world *world, const struct sim_entry *entry,
                   struct psp_entry *ret_entry)
{
    const char *reason = "";
    psp_arena_reset(world->arena);
    if (psp_entry_decode(world->arena, entry->payload, entry->payload_bytes, ret_entry, &reason) ==
        PSP_OK)
        return true;
    sim_violation(world, "a committed entry cannot be decoded: %s", reason);
    return false;
}

static void compare_verdicts(struct sim_world *world, const struct sim_shard *shard, uint32_t first,
                             const uint8_t *verdicts, uint64_t index)
{
    for (uint32_t i = first; i < shard->judge.row_count; i++)
        if (shard->judge.rows[i].verdict != verdicts[i - first])
            sim_violation(world, "index %" PRIu64 " row %u: verdict %u, the judge says %u", index,
                          i - first, verdicts[i - first], shard->judge.rows[i].verdict);
}

/* Judges a newly committed entry, and applies it to the reference. */
static void commit(struct sim_world *world, struct sim_shard *shard, struct sim_entry *entry,
                   uint64_t index)
{
    struct psp_entry decoded;
    const bool command = entry->type == PSP_RECORD_COMMAND;
    const uint32_t first = shard->judge.row_count;
    if (command && !decode(world, entry, &decoded))
        return;
    sim_judge_entry(&shard->judge, index, command ? &decoded : NULL);
    if (shard->judge.fault[0] != 0)
        sim_violation(world, "%s", shard->judge.fault);
    if (command) {
        static uint8_t verdicts[PSP_BATCH_ROWS_MAX];
        enum psp_apply_result result = PSP_APPLIED;
        const char *text = "";
        if (psp_count_apply(shard->reference, index, &decoded, &result, verdicts, &text) != PSP_OK)
            sim_violation(world, "the reference cannot apply index %" PRIu64, index);
        else if (decoded.type == PSP_ENTRY_BALLOTS && result == PSP_APPLIED)
            compare_verdicts(world, shard, first, verdicts, index);
        else if (shard->judge.row_count != first)
            sim_violation(world, "index %" PRIu64 " is refused: %s", index, text);
    } else {
        psp_count_skip(shard->reference, index);
    }
    psp_count_state_hash(shard->reference, entry->state_hash);
    const struct psp_books *books = psp_count_books(shard->reference);
    if (memcmp(books, &shard->judge.books, sizeof(*books)) != 0 || !psp_books_balanced(books))
        sim_violation(world, "the books at index %" PRIu64 " are not the judge's", index);
}

static struct sim_entry *entry_at(struct sim_world *world, struct sim_shard *shard, uint64_t index)
{
    if (shard->entry_count == shard->entry_capacity) {
        shard->entry_capacity = shard->entry_capacity * 2 + 128;
        shard->entries = realloc(shard->entries, shard->entry_capacity * sizeof(*shard->entries));
        assert(shard->entries != NULL);
    }
    (void)world;
    assert(index == shard->entry_count + 1);
    struct sim_entry *entry = &shard->entries[shard->entry_count++];
    *entry = (struct sim_entry){0};
    return entry;
}

static void compare_entry(struct sim_world *world, struct sim_replica *replica,
                          const struct psp_record *record)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    if (record->index > shard->entry_count) {
        struct sim_entry *entry = entry_at(world, shard, record->index);
        entry->term = record->term;
        entry->seen_term = psp_core_term(replica->core);
        entry->type = record->type;
        entry->payload_bytes = record->payload_bytes;
        entry->payload = malloc(record->payload_bytes + 1);
        assert(entry->payload != NULL);
        if (record->payload_bytes > 0)
            memcpy(entry->payload, record->payload, record->payload_bytes);
        commit(world, shard, entry, record->index);
        sim_durable_committed(world, shard, record->index, record->term);
        SIM_TRACE(world, "shard %u: index %" PRIu64 " of term %" PRIu64 " is committed (%s)",
                  replica->shard, record->index, record->term, sim_actor_name(&replica->actor));
        return;
    }
    const struct sim_entry *entry = &shard->entries[record->index - 1];
    if (entry->term != record->term || entry->type != record->type ||
        entry->payload_bytes != record->payload_bytes ||
        memcmp(entry->payload, record->payload, record->payload_bytes) != 0)
        sim_violation(world,
                      "%s has another entry at the committed index %" PRIu64 ": term %" PRIu64
                      ", not %" PRIu64,
                      sim_actor_name(&replica->actor), record->index, record->term, entry->term);
}

/* The entries (from, to] of its log. */
static void compare_log(struct sim_world *world, struct sim_replica *replica, uint64_t from,
                        uint64_t to)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    for (uint64_t index = from + 1; index <= to && !world->violated; index++) {
        static const uint8_t none[1];
        struct psp_record record;
        const enum psp_status status =
            psp_journal_read(replica->log, index, &buffer, &size, &record);
        if (status != PSP_OK && (replica->disk.dead || replica->rotten))
            break;
        if (record.payload == NULL)
            record.payload = none;
        if (status != PSP_OK)
            sim_violation(world, "%s has applied index %" PRIu64 " and cannot read it: %s",
                          sim_actor_name(&replica->actor), index, psp_status_text(status));
        else
            compare_entry(world, replica, &record);
    }
    free(buffer);
}

/* promise 4 */
void sim_checks_applied(struct sim_world *world, struct sim_replica *replica)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    const uint64_t applied = psp_core_applied(replica->core);
    if (applied == replica->checked || replica->disk.dead)
        return;
    compare_log(world, replica, replica->checked, applied);
    if (world->violated)
        return;
    replica->checked = applied;
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(replica->count, hash);
    if (applied > shard->entry_count ||
        memcmp(hash, shard->entries[applied - 1].state_hash, HASH_BYTES) != 0)
        sim_violation(world, "%s has another state hash at index %" PRIu64,
                      sim_actor_name(&replica->actor), applied);
    if (replica->damaged && applied >= replica->damaged_last) {
        SIM_TRACE(world, "%s is whole again", sim_actor_name(&replica->actor));
        replica->damaged = shard->calm = false;
        if (replica->rotten)
            world->faults.counts[SIM_FAULT_ROT_REPAIRED]++;
    }
}

/* ---- what clients are told ---- */

/* promise 1, 2 */
void sim_checks_receipt(struct sim_world *world, const struct sim_client *client,
                        const struct sim_paper *paper)
{
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    const struct psp_receipt *receipt = &paper->receipt;
    SIM_TRACE(world, "%s: ballot %u of voter %u: verdict %u at %u/%" PRIu64,
              sim_actor_name(&client->actor), paper->ballot, ballot->voter, receipt->verdict,
              receipt->shard, receipt->index);
    if (receipt->shard >= world->plan.election.shards) {
        sim_violation(world, "a verdict of shard %u", receipt->shard);
        return;
    }
    struct sim_judge *judge = &world->shards[receipt->shard].judge;
    const struct sim_judged *first = sim_judge_first(judge, ballot->digest, ballot->tag);
    if (!sim_judge_said(judge, receipt->index, ballot->digest, ballot->tag, receipt->verdict))
        sim_violation(world,
                      "ballot %u was given verdict %u at shard %u index %" PRIu64
                      ", where the log has no such verdict",
                      paper->ballot, receipt->verdict, receipt->shard, receipt->index);
    else if (psp_verdict_first(receipt->verdict) != first->verdict && !first->forgotten)
        sim_violation(world, "ballot %u was given verdict %u, the first was %u", paper->ballot,
                      receipt->verdict, first->verdict);
}

/* ---- what is published ---- */

static void advance(struct sim_world *world, struct sim_judge *shown, const struct sim_shard *shard,
                    uint64_t index)
{
    while (shown->index < index) {
        struct psp_entry decoded;
        const struct sim_entry *entry = &shard->entries[shown->index];
        const bool command = entry->type == PSP_RECORD_COMMAND;
        if (command && !decode(world, entry, &decoded))
            return;
        sim_judge_entry(shown, shown->index + 1, command ? &decoded : NULL);
    }
}

static bool stations_add_up(const struct psp_board_stations *stations,
                            const struct psp_books *books)
{
    struct psp_station_books sum = {0};
    for (uint32_t number = 0; number < stations->end; number++)
        psp_station_books_add(&sum, &stations->list[number].books);
    return psp_station_books_agree(&sum, books);
}

static void check_shown(struct sim_world *world, struct sim_collector *collector, uint32_t s)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    const struct psp_board_shard *shown = psp_board_shard(board, s);
    const struct sim_shard *shard = &world->shards[s];
    struct sim_judge *judge = &collector->shown[s];
    char text[TEXT_BYTES] = "";
    if (shown->epoch < collector->shown_epoch[s] || shown->index < judge->index) {
        sim_violation(world, "the board of shard %u goes back from %" PRIu64 " to %" PRIu64, s,
                      judge->index, shown->index);
        return;
    }
    if (shown->index > shard->entry_count) {
        sim_violation(world, "the board shows shard %u at %" PRIu64 ", committed is %" PRIu64, s,
                      shown->index, shard->entry_count);
        return;
    }
    collector->shown_epoch[s] = shown->epoch;
    advance(world, judge, shard, shown->index);
    if (!sim_cells_match(&judge->cells, psp_board_shard_totals(board, s), text, sizeof(text)))
        sim_violation(world, "the board of shard %u at %" PRIu64 " is wrong: %s", s, shown->index,
                      text);
    if (memcmp(&shown->books, &judge->books, sizeof(judge->books)) != 0)
        sim_violation(world, "the board's books of shard %u at %" PRIu64 " are wrong", s,
                      shown->index);
    if (!stations_add_up(psp_board_shard_stations(board, s), &judge->books))
        sim_violation(world, "the board's stations of shard %u at %" PRIu64 " do not add up", s,
                      shown->index);
}

/* promise 3, 5 */
void sim_checks_published(struct sim_world *world, struct sim_collector *collector)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    struct sim_cells sum = {0};
    char text[TEXT_BYTES] = "";
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++) {
        check_shown(world, collector, s);
        const uint64_t *from = (const uint64_t *)(const void *)&collector->shown[s].cells;
        for (size_t i = 0; i < sizeof(sum) / sizeof(uint64_t); i++)
            ((uint64_t *)(void *)&sum)[i] += from[i];
    }
    if (!world->violated && !sim_cells_match(&sum, psp_board_merged(board), text, sizeof(text)))
        sim_violation(world, "the merged board is not the sum of its shards: %s", text);
    if (!world->violated && psp_totals_unbalanced_row(psp_board_merged(board)) != PSP_NONE)
        sim_violation(world, "the published totals do not balance");
}

/* ---- the end ---- */

static const char *missing(const struct sim_world *world)
{
    if (!world->healed)
        return "faults go on";
    for (uint32_t i = 0; i < world->plan.clients; i++)
        if (world->clients[i].receipts < world->clients[i].paper_count)
            return "a client waits for verdicts";
    if (!sim_operator_done(world))
        return "the operator waits";
    for (uint32_t s = 0; s < world->plan.election.shards; s++) {
        const struct sim_shard *shard = &world->shards[s];
        for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
            const struct sim_replica *replica = &shard->replicas[r];
            if (!replica->refused && (!replica->actor.up || replica->checked < shard->entry_count))
                return "a replica lags behind";
        }
        for (uint32_t c = 0; c < world->plan.collectors; c++)
            if (world->collectors[c].shown[s].index < shard->entry_count)
                return "a board lags behind";
    }
    return NULL;
}

bool sim_checks_done(const struct sim_world *world)
{
    return missing(world) == NULL;
}

void sim_checks_explain(struct sim_world *world)
{
    uint32_t waiting = 0, example = 0;
    for (uint32_t i = 0; i < world->plan.clients; i++)
        for (uint32_t p = 0; p < world->clients[i].paper_count; p++)
            if (!world->clients[i].papers[p].has_receipt) {
                waiting++;
                example = world->clients[i].papers[p].ballot;
            }
    sim_violation(world, "no progress: %s (%u ballots without a verdict, e.g. %u of shard %u)",
                  missing(world), waiting, example, world->election.ballots[example].shard);
}

/* promise 2 */
static void check_voters(struct sim_world *world)
{
    uint32_t counted[SIM_VOTERS_MAX] = {0};
    bool seen[SIM_VOTERS_MAX] = {false};
    for (uint32_t b = 0; b < world->election.ballot_count; b++) {
        const struct sim_ballot *ballot = &world->election.ballots[b];
        if (seen[ballot->voter])
            continue;
        seen[ballot->voter] = true;
        for (uint32_t s = 0; s < world->plan.election.shards; s++)
            counted[ballot->voter] +=
                sim_judge_counted(&world->shards[s].judge, ballot->digest) +
                sim_judge_counted(&world->shards[s].judge, ballot->other_digest);
        if (counted[ballot->voter] > 1)
            sim_violation(world, "voter %u is counted %u times", ballot->voter,
                          counted[ballot->voter]);
    }
}

/* Adds up the counted ballots as the stations hold them. */
static void check_papers(struct sim_world *world)
{
    struct sim_cells sum[SIM_SHARDS_MAX] = {0};
    bool added[SIM_BALLOTS_MAX] = {false};
    for (uint32_t i = 0; i < world->plan.clients; i++) {
        const struct sim_client *client = &world->clients[i];
        for (uint32_t p = 0; p < client->paper_count && !world->violated; p++) {
            const struct sim_paper *paper = &client->papers[p];
            const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
            sim_checks_receipt(world, client, paper);
            if (added[paper->ballot] || psp_verdict_first(paper->receipt.verdict) != PSP_COUNTED)
                continue;
            added[paper->ballot] = true;
            if (ballot->unit >= SIM_UNITS || ballot->method >= SIM_METHODS)
                sim_violation(world, "ballot %u cannot have been counted", paper->ballot);
            else
                sim_cells_add(&sum[paper->receipt.shard], ballot->unit, ballot->method,
                              ballot->pairs, ballot->pair_count);
        }
    }
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++)
        if (memcmp(&sum[s], &world->shards[s].judge.cells, sizeof(sum[s])) != 0)
            sim_violation(world, "shard %u counted other ballots than those with a receipt", s);
}

/* Books by station, those that came. */
static bool same_stations(const struct psp_count *count, const struct sim_judge *judge)
{
    uint8_t bytes[SIM_STATIONS * PSP_STATION_ENCODED_MAX];
    struct psp_bytes rest = {bytes, psp_count_stations_since(count, 0, bytes, sizeof(bytes))};
    struct psp_station_books shown[SIM_STATIONS] = {0};
    if (rest.length > sizeof(bytes))
        return false;
    for (uint32_t number, next = 0; rest.length > 0;) {
        struct psp_station_books books;
        if (!psp_station_books_decode(&rest, &next, SIM_STATIONS - 1, &number, &books))
            return false;
        shown[number] = books;
    }
    return memcmp(shown, judge->stations, sizeof(shown)) == 0;
}

static void check_replica(struct sim_world *world, struct sim_replica *replica)
{
    const struct sim_shard *shard = &world->shards[replica->shard];
    const struct sim_judge *judge = &shard->judge;
    const char *name = sim_actor_name(&replica->actor);
    char text[TEXT_BYTES] = "";
    if (!sim_cells_match(&judge->cells, psp_count_totals(replica->count), text, sizeof(text)))
        sim_violation(world, "%s counted wrong: %s", name, text);
    if (memcmp(psp_count_books(replica->count), &judge->books, sizeof(judge->books)) != 0)
        sim_violation(world, "%s has other books than the judge", name);
    if (!same_stations(replica->count, judge))
        sim_violation(world, "%s has other books by station than the judge", name);
    if (psp_totals_unbalanced_row(psp_count_totals(replica->count)) != PSP_NONE)
        sim_violation(world, "%s: the totals do not balance", name);
    if (psp_count_election_state(replica->count) != judge->state)
        sim_violation(world, "%s: the election is in another state", name);
    if (psp_count_close_at_ms(replica->count) != judge->close_at_ms)
        sim_violation(world, "%s: the election closes at another time", name);
    uint32_t n = 0, wanted = 0;
    psp_count_units_complete(replica->count, &n);
    for (uint32_t i = 0; i < SIM_UNITS; i++)
        wanted += judge->complete[i];
    if (n != wanted)
        sim_violation(world, "%s: %u units are complete, not %u", name, n, wanted);
    compare_log(world, replica, psp_journal_first(replica->log) - 1, replica->checked);
}

void sim_checks_end(struct sim_world *world)
{
    check_papers(world);
    check_voters(world);
    for (uint32_t s = 0; s < world->plan.election.shards && !world->violated; s++) {
        const struct sim_judge *judge = &world->shards[s].judge;
        /* The time to close need not have come when the world ends. */
        const bool closes = judge->state == PSP_ELECTION_CLOSED || judge->close_at_ms != 0;
        if (judge->state == PSP_ELECTION_NEW || closes != world->plan.closes || !judge->complete[1])
            sim_violation(world, "shard %u lost what the operator was told is done", s);
        for (uint32_t r = 0; r < world->plan.election.replicas && !world->violated; r++)
            if (world->shards[s].replicas[r].actor.up)
                check_replica(world, &world->shards[s].replicas[r]);
    }
}
