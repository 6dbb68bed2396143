/* Read byte by byte, as docs/storage.md and proto/cluster.proto have it. */
#include "tests/sim/check/reports.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/count.h"
#include "tests/sim/world/world.h"

enum { TEXT_BYTES = 200, LEAVES = SIM_UNITS - 1, HELD_GAP_MS = 950 };

/* Of unit 1 and those after it, in their order. */
static uint32_t unit_of_leaf(uint64_t leaf)
{
    return (uint32_t)leaf + 1;
}

bool sim_reports_hold(const struct sim_election *election)
{
    return election->publishing.publication == PSP_PUBLICATION_REPORTS;
}

/* ---- numbers ---- */

struct reader {
    const uint8_t *at, *end;
    bool good;
};

static uint64_t next_number(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; reader->at < reader->end && shift < 64; shift += 7) {
        const uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->good = false;
    return 0;
}

static size_t put_number(uint8_t *at, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        at[n++] = (uint8_t)value | 0x80;
    at[n++] = (uint8_t)value;
    return n;
}

/* ---- the log ---- */

static bool names_leaves(struct psp_bytes leaves, bool ret_named[SIM_UNITS])
{
    struct reader reader = {leaves.data, leaves.data + leaves.length, true};
    uint64_t leaf = 0;
    memset(ret_named, 0, SIM_UNITS * sizeof(*ret_named));
    for (; reader.at < reader.end && reader.good; leaf++) {
        leaf += next_number(&reader);
        if (leaf >= LEAVES)
            return false;
        ret_named[unit_of_leaf(leaf)] = true;
    }
    return reader.good && leaves.length > 0;
}

static size_t bytes_of(const struct psp_report *report, uint8_t *ret_bytes)
{
    size_t n = 0;
    ret_bytes[n++] = 0x08;
    n += put_number(ret_bytes + n, report->number);
    ret_bytes[n++] = 0x12;
    n += put_number(ret_bytes + n, report->leaves.length);
    memcpy(ret_bytes + n, report->leaves.data, report->leaves.length);
    n += report->leaves.length;
    ret_bytes[n++] = 0x18;
    ret_bytes[n++] = (uint8_t)report->final;
    if (report->again) {
        ret_bytes[n++] = 0x20;
        ret_bytes[n++] = 1;
    }
    return n;
}

static void copy_unit(struct sim_reported *to, uint32_t unit, const struct sim_cells *cells)
{
    for (uint32_t style = 0; style < SIM_STYLES; style++)
        for (uint32_t method = 0; method < SIM_METHODS; method++) {
            const size_t bytes = sizeof(cells->votes[unit][style][method]);
            uint64_t *ballots = &to->cells.ballots[unit][style][method];
            void *votes = to->cells.votes[unit][style][method];
            if (*ballots == cells->ballots[unit][style][method] &&
                memcmp(votes, cells->votes[unit][style][method], bytes) == 0)
                continue;
            *ballots = cells->ballots[unit][style][method];
            memcpy(votes, cells->votes[unit][style][method], bytes);
            to->changed[unit][style][method] = to->index;
        }
}

static struct sim_reported *add(struct sim_reports *reports)
{
    if (reports->count == reports->capacity) {
        reports->capacity = reports->capacity * 2 + 8;
        reports->list = realloc(reports->list, reports->capacity * sizeof(*reports->list));
        assert(reports->list != NULL);
    }
    struct sim_reported *place = &reports->list[reports->count++];
    memset(place, 0, sizeof(*place));
    if (reports->count > 1)
        *place = place[-1];
    return place;
}

void sim_reports_take(struct sim_reports *reports, uint64_t index, uint64_t time_ms,
                      const struct psp_report *report, const struct sim_cells *cells)
{
    bool named[SIM_UNITS];
    uint8_t bytes[SIM_REPORT_BYTES_MAX];
    const struct sim_reported *last = sim_reports_at(reports, index);
    const bool good = report->number > 0 && names_leaves(report->leaves, named);
    const size_t length = good ? bytes_of(report, bytes) : 0;
    if (!good || report->number <= last->number) {
        const bool same = good && report->number == last->number && length == last->length &&
                          memcmp(bytes, last->bytes, length) == 0;
        *(same ? &reports->done : &reports->refused) += 1;
        return;
    }
    struct sim_reported *reported = add(reports);
    reported->index = index;
    reported->number = report->number;
    memcpy(reported->bytes, bytes, length);
    reported->length = length;
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++) {
        if (!named[unit])
            continue;
        struct sim_leaf *leaf = &reported->leaves[unit];
        const bool final =
            report->final == PSP_FINAL_UNCHANGED ? leaf->final : report->final == PSP_FINAL_YES;
        *leaf = (struct sim_leaf){report->number, index, time_ms, final};
        if (sim_reports_hold(reports->election))
            copy_unit(reported, unit, cells);
    }
}

void sim_reports_free(struct sim_reports *reports)
{
    free(reports->list);
    *reports = (struct sim_reports){.election = reports->election};
}

const struct sim_reported *sim_reports_at(const struct sim_reports *reports, uint64_t index)
{
    static const struct sim_reported none;
    uint32_t at = reports->count;
    while (at > 0 && reports->list[at - 1].index > index)
        at--;
    return at == 0 ? &none : &reports->list[at - 1];
}

uint64_t sim_reports_counted(const struct sim_judge *judge, uint32_t unit, uint64_t index,
                             uint64_t *ret_changed)
{
    uint64_t n = 0;
    *ret_changed = 0;
    for (uint32_t i = 0; i < judge->row_count && judge->rows[i].index <= index; i++) {
        if (judge->rows[i].verdict != PSP_COUNTED || judge->rows[i].unit != unit)
            continue;
        n++;
        *ret_changed = judge->rows[i].index;
    }
    return n;
}

/* ---- what is held ---- */

static size_t put_cell(uint8_t *bytes, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    return 8;
}

void sim_reports_hashed(const struct sim_shard *shard, struct sim_entry *entry)
{
    const struct sim_judge *judge = &shard->judge;
    uint8_t bytes[SIM_ROWS * SIM_ROW_CELLS_MAX * 8];
    size_t length = 0;
    for (uint32_t row = 0; row < SIM_ROWS; row++) {
        const struct sim_row at = sim_cells_row(row);
        length += put_cell(bytes + length, judge->cells.ballots[at.unit][at.style][at.method]);
        for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++)
            for (uint32_t choice = 0; choice < SIM_CHOICES_MAX + 2; choice++) {
                const uint32_t choices = sim_choices[at.style][contest];
                const bool there = choice >= SIM_CHOICES_MAX || (choices >> choice & 1) != 0;
                if (choices != 0 && there)
                    length +=
                        put_cell(bytes + length,
                                 judge->cells.votes[at.unit][at.style][at.method][contest][choice]);
            }
    }
    crypto_generichash(entry->held_hash, PSP_HASH_BYTES, bytes, length, judge->last_voter,
                       PSP_DIGEST_BYTES);
}

/* ---- all shards' logs ---- */

static bool same_report(const struct sim_reported *a, const struct sim_reported *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void check_order(struct sim_world *world, uint32_t s, const struct sim_reports *reports)
{
    const struct sim_reported *taken = &reports->list[reports->count - 1];
    const struct sim_reports *first = &world->shards[0].judge.reports;
    if (s > 0 && !same_report(taken, sim_reports_at(first, UINT64_MAX)))
        sim_violation(world, "shard %u takes report %" PRIu64 ", which is not the last of shard 0",
                      s, taken->number);
    for (uint32_t other = 0; other < world->plan.election.shards && s == 0; other++)
        if (sim_reports_at(&world->shards[other].past.judge.reports, UINT64_MAX)->number >=
            taken->number)
            sim_violation(world, "shard %u had a report %" PRIu64 " or later before the restore",
                          other, taken->number);
    if (s > 0 || reports->count < 2)
        return;
    for (uint32_t other = 1; other < world->plan.election.shards; other++)
        if (sim_reports_at(&world->shards[other].judge.reports, UINT64_MAX)->number <
            taken[-1].number)
            sim_violation(world,
                          "report %" PRIu64 " is begun and shard %u lacks report %" PRIu64
                          " before it",
                          taken->number, other, taken[-1].number);
}

void sim_reports_committed(struct sim_world *world, struct sim_shard *shard)
{
    const struct sim_reports *reports = &shard->judge.reports;
    const uint32_t s = (uint32_t)(shard - world->shards);
    world->faults.counts[SIM_FAULT_REPORT_DONE] += reports->done - shard->reports_done;
    world->faults.counts[SIM_FAULT_REPORT_REFUSED] += reports->refused - shard->reports_refused;
    shard->reports_done = reports->done;
    shard->reports_refused = reports->refused;
    if (reports->count == shard->reports_taken)
        return;
    shard->reports_taken = reports->count;
    world->faults.counts[SIM_FAULT_REPORTED]++;
    check_order(world, s, reports);
}

/* ---- what a replica holds ---- */

static bool same_leaf(const struct sim_leaf *wanted, const struct psp_leaf_report *report)
{
    return wanted->number == report->number && wanted->index == report->index &&
           wanted->time_ms == report->time_ms && wanted->final == report->final;
}

static void check_rows_held(struct sim_world *world, const struct sim_replica *replica,
                            const struct sim_reported *wanted)
{
    const struct psp_totals *rows = psp_count_reported(replica->count);
    const char *name = sim_actor_name(&replica->actor);
    const uint64_t index = psp_count_index(replica->count);
    char text[TEXT_BYTES] = "";
    if ((rows != NULL) !=
        (sim_reports_hold(&world->election) && psp_count_genesis(replica->count) != NULL))
        sim_violation(world, "%s holds rows back, or does not", name);
    if (rows == NULL)
        return;
    if (!sim_cells_match(&wanted->cells, rows, text, sizeof(text)))
        sim_violation(world, "%s at index %" PRIu64 " has other rows as reported: %s", name, index,
                      text);
    for (uint32_t row = 0; row < SIM_ROWS; row++) {
        const struct sim_row at = sim_cells_row(row);
        const uint64_t changed = wanted->changed[at.unit][at.style][at.method];
        if (rows->row_index[row] != changed)
            sim_violation(world,
                          "%s at index %" PRIu64 " has row %u as of report entry %" PRIu64
                          ", not %" PRIu64,
                          name, index, row, rows->row_index[row], changed);
    }
}

/* promise 4 */
void sim_reports_held(struct sim_world *world, const struct sim_replica *replica)
{
    const struct psp_count *count = replica->count;
    const struct sim_judge *judge = &world->shards[replica->shard].judge;
    const char *name = sim_actor_name(&replica->actor);
    const uint64_t index = psp_count_index(count);
    if (index > judge->index)
        return; /* on a disk that was damaged; what it applies is compared */
    const struct sim_reported *wanted = sim_reports_at(&judge->reports, index);
    uint64_t last = 0;
    const struct psp_bytes bytes = psp_count_report_bytes(count, &last);
    if (psp_count_report_number(count) != wanted->number || last != wanted->index ||
        bytes.length != wanted->length ||
        (bytes.length > 0 && memcmp(bytes.data, wanted->bytes, bytes.length) != 0))
        sim_violation(world, "%s at index %" PRIu64 " has report %" PRIu64 " last, not %" PRIu64,
                      name, index, psp_count_report_number(count), wanted->number);
    for (uint32_t leaf = 0; leaf < LEAVES; leaf++) {
        static const struct psp_leaf_report none;
        const struct psp_leaf_report *report = psp_count_leaf_report(count, leaf);
        if (!same_leaf(&wanted->leaves[unit_of_leaf(leaf)], report == NULL ? &none : report))
            sim_violation(world, "%s at index %" PRIu64 " has another report of leaf %u", name,
                          index, leaf);
    }
    check_rows_held(world, replica, wanted);
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_held_hash(count, hash);
    if (index > 0 && memcmp(hash, world->shards[replica->shard].entries[index - 1].held_hash,
                            PSP_HASH_BYTES) != 0)
        sim_violation(world, "%s at index %" PRIu64 " has another hash of what is held", name,
                      index);
}

/* ---- what leaves it ---- */

static void gather(struct sim_world *world, const char *name, struct psp_bytes piece,
                   uint8_t *bytes, size_t *length)
{
    if (piece.length > SIM_GATHER_BYTES_MAX - *length) {
        sim_violation(world, "%s sends more than there is", name);
        return;
    }
    if (piece.length > 0)
        memcpy(bytes + *length, piece.data, piece.length);
    *length += piece.length;
}

/* promise 5: just the rows that reports changed since the base. */
static void check_rows_sent(struct sim_world *world, const char *name, struct reader reader,
                            const struct sim_reported *wanted, const struct psp_partial *partial)
{
    char text[TEXT_BYTES] = "";
    uint64_t next = 0;
    for (uint32_t row = 0; row < SIM_ROWS && !world->violated; row++) {
        const struct sim_row at = sim_cells_row(row);
        if (wanted->changed[at.unit][at.style][at.method] <= partial->base_index)
            continue;
        uint64_t cells[SIM_ROW_CELLS_MAX];
        next += next_number(&reader);
        const uint64_t revision = next_number(&reader);
        for (uint32_t i = 0; i < sim_cells_row_cells(at.style); i++)
            cells[i] = next_number(&reader);
        if (!reader.good || next != row || revision != 0)
            sim_violation(world,
                          "%s tells at index %" PRIu64 " since %" PRIu64 " of row %" PRIu64
                          ", and row %u was due",
                          name, partial->index, partial->base_index, next, row);
        else if (!sim_cells_row_match(&wanted->cells, at.unit, at.style, at.method, cells, text,
                                      sizeof(text)))
            sim_violation(world, "%s tells at index %" PRIu64 " what is not reported: %s", name,
                          partial->index, text);
        next++;
    }
    if (reader.at != reader.end)
        sim_violation(world, "%s tells at index %" PRIu64 " of rows that no report has changed",
                      name, partial->index);
}

static void check_leaves_sent(struct sim_world *world, const char *name, struct reader reader,
                              const struct sim_reported *wanted, const struct psp_partial *partial)
{
    uint64_t next = 0;
    for (uint32_t leaf = 0; leaf < LEAVES; leaf++) {
        const struct sim_leaf *due = &wanted->leaves[unit_of_leaf(leaf)];
        if (due->index <= partial->base_index)
            continue;
        next += next_number(&reader);
        struct psp_leaf_report report = {.number = next_number(&reader)};
        report.index = next_number(&reader);
        report.time_ms = next_number(&reader);
        report.final = next_number(&reader) == 1;
        if (!reader.good || next != leaf || !same_leaf(due, &report))
            sim_violation(world, "%s tells at index %" PRIu64 " another report of leaf %u", name,
                          partial->index, leaf);
        next++;
    }
    if (reader.at != reader.end)
        sim_violation(world, "%s tells at index %" PRIu64 " of reports that were not due", name,
                      partial->index);
}

/* Of a leaf that did not change it may tell, too: after a load that is not known. */
static void check_ballots_sent(struct sim_world *world, const struct sim_replica *replica,
                               struct reader reader, const struct psp_partial *partial)
{
    const struct sim_judge *judge = &world->shards[replica->shard].judge;
    const char *name = sim_actor_name(&replica->actor);
    const bool told = sim_reports_hold(&world->election) &&
                      world->election.publishing.turnout != PSP_PUBLICATION_REPORTS;
    uint64_t next = 0;
    if (!told && reader.at != reader.end)
        sim_violation(world, "%s tells of turnout, which is held back", name);
    bool listed[SIM_UNITS] = {false};
    while (told && reader.at < reader.end && reader.good && !world->violated) {
        uint64_t changed;
        next += next_number(&reader);
        const uint64_t ballots = next_number(&reader);
        if (!reader.good || next >= LEAVES ||
            sim_reports_counted(judge, unit_of_leaf(next), partial->index, &changed) != ballots) {
            sim_violation(world,
                          "%s tells at index %" PRIu64 " of %" PRIu64 " ballots of leaf %" PRIu64,
                          name, partial->index, ballots, next);
            return;
        }
        listed[unit_of_leaf(next++)] = true;
    }
    for (uint32_t unit = 1; unit < SIM_UNITS && told; unit++) {
        uint64_t changed;
        sim_reports_counted(judge, unit, partial->index, &changed);
        if (changed > partial->base_index && !listed[unit])
            sim_violation(world, "%s at index %" PRIu64 " leaves out the ballots of unit %u", name,
                          partial->index, unit);
    }
}

/* promise 5: to an operator, and seldom. */
static void check_hash_sent(struct sim_world *world, struct sim_replica *replica,
                            const struct sim_actor *to, const struct psp_partial *partial)
{
    const struct sim_entry *entry = &world->shards[replica->shard].entries[partial->index - 1];
    const uint64_t now_ms = sim_time(world, &replica->actor).steady_ms;
    const char *name = sim_actor_name(&replica->actor);
    if (partial->held_hash.length == 0)
        return;
    if (!sim_reports_hold(&world->election) ||
        (to->kind != SIM_OPERATOR && to->kind != SIM_REPORTER))
        sim_violation(world, "%s tells %s of what is held", name, sim_actor_name(to));
    if (partial->held_hash.length != PSP_HASH_BYTES ||
        memcmp(partial->held_hash.data, entry->held_hash, PSP_HASH_BYTES) != 0)
        sim_violation(world, "%s tells at index %" PRIu64 " a hash of something else", name,
                      partial->index);
    if (replica->held_told_ms != 0 && now_ms < replica->held_told_ms + HELD_GAP_MS)
        sim_violation(world, "%s tells of what is held twice a second", name);
    replica->held_told_ms = now_ms;
    world->faults.counts[SIM_FAULT_HELD_TOLD]++;
}

static struct reader reader_of(const uint8_t *bytes, size_t length)
{
    return (struct reader){bytes, bytes + length, true};
}

void sim_reports_sent(struct sim_world *world, struct sim_replica *replica,
                      const struct sim_actor *to, const struct psp_partial *partial)
{
    struct sim_gather *gathered = &replica->gathered;
    const struct sim_shard *shard = &world->shards[replica->shard];
    const char *name = sim_actor_name(&replica->actor);
    if (partial->part == 0)
        gathered->rows_length = gathered->reports_length = gathered->ballots_length = 0;
    gather(world, name, partial->rows, gathered->rows, &gathered->rows_length);
    gather(world, name, partial->reports, gathered->reports, &gathered->reports_length);
    gather(world, name, partial->leaf_ballots, gathered->ballots, &gathered->ballots_length);
    if (partial->index == 0 || partial->index > shard->entry_count)
        return; /* its disk is dead, and nobody saw what it applied */
    if (partial->part == 0)
        check_hash_sent(world, replica, to, partial);
    if (partial->part + 1 < partial->parts)
        return;
    const struct sim_reported *wanted = sim_reports_at(&shard->judge.reports, partial->index);
    if (sim_reports_hold(&world->election))
        check_rows_sent(world, name, reader_of(gathered->rows, gathered->rows_length), wanted,
                        partial);
    check_leaves_sent(world, name, reader_of(gathered->reports, gathered->reports_length), wanted,
                      partial);
    check_ballots_sent(world, replica, reader_of(gathered->ballots, gathered->ballots_length),
                       partial);
    world->faults.counts[SIM_FAULT_PARTIALS_HELD] += sim_reports_hold(&world->election);
}
