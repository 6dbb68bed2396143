/* Decoded station by station, with the code that a board decodes them with. */
#include "tests/sim/check/books.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "election/runs.h"

enum { STATIONS_BYTES = (SIM_JUDGE_STATIONS + 1) * PSP_STATION_ENCODED_MAX };

/* ---- what batches brought ---- */

static uint32_t station_at(const struct sim_world *world, uint32_t number)
{
    for (uint32_t i = 0; i < SIM_STATIONS; i++)
        if (world->election.stations[i] == number)
            return i;
    return SIM_STATIONS;
}

void sim_books_brought(struct sim_world *world, struct sim_replica *replica,
                       const struct psp_peer *from, const struct psp_cluster_message *batch)
{
    if (batch->type != PSP_CLUSTER_COUNT_BATCH)
        return;
    if (replica->brought_count == replica->brought_capacity) {
        replica->brought_capacity = replica->brought_capacity * 2 + 16;
        replica->brought =
            realloc(replica->brought, replica->brought_capacity * sizeof(*replica->brought));
        assert(replica->brought != NULL);
    }
    const struct psp_count_columns *columns = &batch->count_batch.columns;
    struct sim_brought *brought = &replica->brought[replica->brought_count++];
    *brought = (struct sim_brought){.id = batch->id, .from = *from, .n = columns->n};
    brought->only_known = batch->count_batch.only_known;
    brought->wants = world->shards[replica->shard].entry_count;
    brought->stations = malloc(columns->n + 1);
    assert(brought->stations != NULL);
    struct psp_runs_cursor runs = psp_runs_begin(columns->stations, 0);
    for (uint32_t row = 0; row < columns->n; row++) {
        const uint32_t number = psp_runs_next(&runs), station = station_at(world, number);
        if (station == SIM_STATIONS)
            sim_violation(world, "a batch has ballots of station %u", number);
        brought->stations[row] = (uint8_t)station;
        world->shards[replica->shard].brought[station]++;
    }
}

/* What is not known was looked up when all was applied that was committed when it was asked,
 * whoever leads by now. */
static void check_looked(struct sim_world *world, const struct sim_replica *replica,
                         const struct sim_brought *brought,
                         const struct psp_cluster_message *answer)
{
    bool unknown = false;
    for (uint32_t row = 0; row < brought->n; row++)
        unknown = unknown || answer->count_verdicts.verdicts[row] == PSP_NOT_KNOWN;
    if (unknown && answer->count_verdicts.index < brought->wants)
        sim_violation(world, "%s says at index %" PRIu64 " what is not known, asked at %" PRIu64,
                      sim_actor_name(&replica->actor), answer->count_verdicts.index,
                      brought->wants);
}

/* Of the answers only these say that the rows are not in the log, and will not be. */
static bool not_submitted(const struct psp_cluster_message *answer, uint32_t row)
{
    if (answer->type == PSP_CLUSTER_COUNT_REFUSAL)
        return answer->count_refusal.code == PSP_COUNT_NOT_LEADER ||
               answer->count_refusal.code == PSP_COUNT_BUSY ||
               answer->count_refusal.code == PSP_COUNT_FENCE ||
               answer->count_refusal.code == PSP_COUNT_UNDECODABLE;
    const uint8_t verdict = answer->count_verdicts.verdicts[row];
    return verdict == PSP_NOT_JUDGED || verdict == PSP_NOT_KNOWN;
}

static bool is_same_peer(const struct psp_peer *a, const struct psp_peer *b)
{
    return a->length == b->length && memcmp(a->id, b->id, a->length) == 0;
}

void sim_books_answered(struct sim_world *world, struct sim_replica *replica,
                        const struct psp_peer *to, const struct psp_cluster_message *answer)
{
    if (answer->type != PSP_CLUSTER_COUNT_VERDICTS && answer->type != PSP_CLUSTER_COUNT_REFUSAL)
        return;
    uint32_t at = 0;
    while (at < replica->brought_count &&
           (replica->brought[at].id != answer->id || !is_same_peer(&replica->brought[at].from, to)))
        at++;
    if (at == replica->brought_count) {
        sim_violation(world, "%s answers a batch that it does not have",
                      sim_actor_name(&replica->actor));
        return;
    }
    struct sim_brought *brought = &replica->brought[at];
    if (answer->type == PSP_CLUSTER_COUNT_VERDICTS && answer->count_verdicts.n != brought->n)
        sim_violation(world, "%s has %u verdicts for %u ballots", sim_actor_name(&replica->actor),
                      answer->count_verdicts.n, brought->n);
    const bool verdicts = answer->type == PSP_CLUSTER_COUNT_VERDICTS;
    if (verdicts && !world->violated && brought->only_known)
        check_looked(world, replica, brought, answer);
    for (uint32_t row = 0; row < brought->n && !world->violated; row++) {
        world->shards[replica->shard].brought[brought->stations[row]] -= not_submitted(answer, row);
        world->faults.counts[SIM_FAULT_CLOSED_FULL] +=
            verdicts && answer->count_verdicts.verdicts[row] == PSP_NOT_JUDGED;
    }
    free(brought->stations);
    *brought = replica->brought[--replica->brought_count];
}

void sim_books_stop(struct sim_replica *replica)
{
    for (uint32_t i = 0; i < replica->brought_count; i++)
        free(replica->brought[i].stations);
    replica->brought_count = 0;
}

/* ---- by station ---- */

static bool same_books(const struct psp_station_books *a, const struct psp_station_books *b)
{
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        if (psp_station_books_get(a, i) != psp_station_books_get(b, i))
            return false;
    return true;
}

static void compare_stations(struct sim_world *world, const struct sim_judge *judge,
                             struct psp_bytes bytes)
{
    uint32_t next = 0, n = 0;
    while (bytes.length > 0) {
        uint32_t number;
        struct psp_station_books books;
        if (!psp_station_books_decode(&bytes, &next, PSP_STATIONS_MAX, &number, &books)) {
            sim_violation(world, "the books by station cannot be read");
            return;
        }
        const struct sim_station *station = sim_judge_station(judge, number);
        if (station == NULL || !same_books(&station->books, &books))
            sim_violation(world, "the books of station %u at index %" PRIu64 " are not the judge's",
                          number, judge->index);
        n++;
    }
    if (n != judge->station_count)
        sim_violation(world, "%u stations have books, not %u", n, judge->station_count);
}

static uint64_t hash_of(const uint8_t *bytes, size_t length)
{
    uint64_t hash = length;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static size_t stations_of(struct sim_world *world, const struct psp_count *count,
                          uint8_t bytes[STATIONS_BYTES])
{
    const size_t length = psp_count_stations_since(count, 0, bytes, STATIONS_BYTES);
    if (length > STATIONS_BYTES)
        sim_violation(world, "there are books of stations that do not exist");
    return length <= STATIONS_BYTES ? length : 0;
}

/* ---- an entry ---- */

static void count_events(struct sim_world *world, struct sim_shard *shard)
{
    const struct sim_judge_events *now = &shard->judge.events;
    struct sim_judge_events *seen = &shard->events;
    uint64_t *counts = world->faults.counts;
    counts[SIM_FAULT_FORGOTTEN] += now->forgotten - seen->forgotten;
    counts[SIM_FAULT_FORGOTTEN_AGAIN] += now->forgotten_again - seen->forgotten_again;
    counts[SIM_FAULT_UNJUDGED] += now->unjudged - seen->unjudged;
    counts[SIM_FAULT_REPLAYS] += now->replays - seen->replays;
    counts[SIM_FAULT_ONLY_REPLAYS] += now->only_replays - seen->only_replays;
    counts[SIM_FAULT_WRONG_STYLE] += now->wrong_style - seen->wrong_style;
    counts[SIM_FAULT_ROLL_STYLE] += now->roll_style - seen->roll_style;
    counts[SIM_FAULT_CLOSE_AHEAD] += now->closes_ahead - seen->closes_ahead;
    counts[SIM_FAULT_CLOSED_IN_TIME] += now->closed_in_time - seen->closed_in_time;
    counts[SIM_FAULT_CLOSED_BY_LEADER] += now->closed_by_leader - seen->closed_by_leader;
    counts[SIM_FAULT_OTHER_TIME] += now->other_time - seen->other_time;
    counts[SIM_FAULT_REOPENED] += now->reopened - seen->reopened;
    *seen = *now;
}

void sim_books_committed(struct sim_world *world, struct sim_shard *shard, struct sim_entry *entry)
{
    const struct sim_judge *judge = &shard->judge;
    uint8_t bytes[STATIONS_BYTES];
    const size_t length = stations_of(world, shard->reference, bytes);
    compare_stations(world, judge, (struct psp_bytes){bytes, length});
    entry->stations_hash = hash_of(bytes, length);
    entry->state = psp_count_election_state(shard->reference);
    entry->close_at_ms = psp_count_close_at_ms(shard->reference);
    if (entry->state != judge->state)
        sim_violation(world, "at index %" PRIu64 " the election is %u, the judge says %u",
                      judge->index, entry->state, judge->state);
    if (entry->close_at_ms != judge->close_at_ms)
        sim_violation(world,
                      "at index %" PRIu64 " it closes at %" PRIu64 ", the judge says %" PRIu64,
                      judge->index, entry->close_at_ms, judge->close_at_ms);
    for (uint32_t i = 0; i < judge->station_count; i++) {
        const uint32_t at = station_at(world, judge->stations[i].number);
        const uint64_t received = judge->stations[i].books.received;
        if (at == SIM_STATIONS || received > shard->brought[at])
            sim_violation(world,
                          "station %u has %" PRIu64 " ballots in the books at index %" PRIu64
                          ", batches brought %" PRIu64,
                          judge->stations[i].number, received, judge->index,
                          at == SIM_STATIONS ? 0 : shard->brought[at]);
    }
    count_events(world, shard);
}

void sim_books_applied(struct sim_world *world, struct sim_replica *replica,
                       const struct sim_entry *entry)
{
    uint8_t bytes[STATIONS_BYTES];
    const char *name = sim_actor_name(&replica->actor);
    const uint64_t index = psp_count_index(replica->count);
    const size_t length = stations_of(world, replica->count, bytes);
    if (hash_of(bytes, length) != entry->stations_hash)
        sim_violation(world, "%s has other books by station at index %" PRIu64, name, index);
    if (psp_count_election_state(replica->count) != entry->state ||
        psp_count_close_at_ms(replica->count) != entry->close_at_ms)
        sim_violation(world, "%s has the election in another state at index %" PRIu64, name, index);
}

void sim_books_shown(struct sim_world *world, const struct sim_judge *judge,
                     const struct psp_board_stations *shown)
{
    for (uint32_t i = 0; i < judge->station_count; i++) {
        const struct sim_station *station = &judge->stations[i];
        if (station->number >= shown->end ||
            !same_books(&station->books, &shown->list[station->number].books))
            sim_violation(world, "the board's books of station %u at %" PRIu64 " are wrong",
                          station->number, judge->index);
    }
}

/* promise 2 */
void sim_books_remembers(struct sim_world *world, const struct sim_replica *replica)
{
    const struct sim_judge *judge = &world->shards[replica->shard].judge;
    const uint64_t index = psp_count_index(replica->count);
    if (index > judge->index)
        return; /* on a disk that was damaged; what it applies is compared */
    for (uint32_t i = 0; i < judge->row_count && !world->violated; i++) {
        const struct sim_judged *row = &judge->rows[i];
        const uint8_t wanted = sim_judge_known(judge, row->digest, row->tag, index);
        const uint8_t known = psp_count_known(replica->count, row->digest, row->tag);
        if (known != wanted)
            sim_violation(world,
                          "%s at index %" PRIu64 " knows %u of a ballot of index %" PRIu64
                          ", the judge says %u",
                          sim_actor_name(&replica->actor), index, known, row->index, wanted);
    }
}
