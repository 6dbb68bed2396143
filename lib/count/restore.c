/* Back from the store, record by record, each checked against what came before. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/grow.h"
#include "count/genesis.h"
#include "count/inner.h"
#include "election/digest.h"

enum { COUNTED_BYTES = 4 + PSP_TAG_BYTES, PREFETCH_AHEAD = 16 };

static_assert(COUNTED_BYTES == 12, "as a delta has them");

static enum psp_status restoring_create(struct psp_count *count)
{
    assert(count->last_index == 0); /* before any apply */
    assert(!count->has_genesis);
    assert(psp_refusals_count(count->refusals) == 0);
    assert(psp_ledger_count(count->stations) == 0);
    assert(psp_reports_number(count->reports) == 0);
    struct psp_count_restoring *restoring = calloc(1, sizeof *restoring);
    if (!restoring)
        return PSP_ENOMEM;
    restoring->leaf_counted = calloc(count->definition->leaf_count, sizeof(uint64_t));
    count->restoring = restoring;
    return restoring->leaf_counted ? PSP_OK : PSP_ENOMEM;
}

void psp_count_restoring_destroy(struct psp_count *count)
{
    struct psp_count_restoring *restoring = count->restoring;
    if (!restoring)
        return;
    free(restoring->queue_digests);
    free(restoring->queue_units);
    free(restoring->leaf_counted);
    free(restoring->forgotten);
    free(restoring);
    count->restoring = NULL;
}

static uint32_t leaf_of(const struct psp_count *count, uint32_t unit)
{
    return unit < count->definition->unit_count ? count->definition->leaf_of_unit[unit] : PSP_NONE;
}

static bool owns_slot(const struct psp_count *count, const uint8_t *digest)
{
    const uint32_t slot = psp_digest_slot(digest);
    assert(count->has_genesis);
    return slot >= count->genesis.slot_first && slot < count->genesis.slot_end;
}

static bool publication_known(enum psp_publication publication)
{
    return publication == PSP_PUBLICATION_IMMEDIATE || publication == PSP_PUBLICATION_REPORTS;
}

static enum psp_status restore_genesis(struct psp_count *count, const struct psp_count_delta *delta)
{
    if (!delta->has_genesis)
        return PSP_OK;
    if (count->has_genesis || delta->genesis.slot_first >= delta->genesis.slot_end ||
        delta->genesis.slot_end > PSP_SLOT_COUNT ||
        (delta->genesis.rules >= 2 && !psp_mode_known(delta->genesis.mode)) ||
        !publication_known(delta->genesis.publication) ||
        !publication_known(delta->genesis.turnout))
        return PSP_ECORRUPT;
    const enum psp_status status = psp_count_set_genesis(count, &delta->genesis);
    if (status != PSP_OK || count->has_roll)
        return status;
    return psp_count_reserve(count, count->voters_expected);
}

/* ---- voters ---- */

/* The stored roll must be the roll that was given at create, row by row. */
static enum psp_status compare_roll(struct psp_count *count, const struct psp_count_delta *delta)
{
    struct psp_count_restoring *restoring = count->restoring;
    assert(count->roll_digests != NULL);
    assert(restoring->voter_n <= count->roll_n);
    if (delta->voter_n > count->roll_n - restoring->voter_n)
        return PSP_EMISMATCH;
    if (memcmp(count->roll_digests + restoring->voter_n * PSP_DIGEST_BYTES, delta->voter_digests,
               delta->voter_n * PSP_DIGEST_BYTES) != 0)
        return PSP_EMISMATCH;
    for (uint64_t i = 0; i < delta->voter_n; i++)
        if (count->roll_units[restoring->voter_n + i] != psp_get32(delta->voter_units + 4 * i))
            return PSP_EMISMATCH;
    restoring->voter_n += delta->voter_n;
    return PSP_OK;
}

/* Without a roll voters wait here for their counted records, which follow in
 * the same order. */
static enum psp_status queue_voters(struct psp_count *count, const struct psp_count_delta *delta)
{
    struct psp_count_restoring *restoring = count->restoring;
    assert(!count->has_roll);
    const uint64_t n = restoring->queue_n + delta->voter_n;
    if (n > restoring->queue_capacity) {
        const uint64_t capacity = n + n / 2;
        uint8_t *digests = realloc(restoring->queue_digests, capacity * PSP_DIGEST_BYTES);
        if (!digests)
            return PSP_ENOMEM;
        restoring->queue_digests = digests;
        uint8_t *units = realloc(restoring->queue_units, capacity * 4);
        if (!units)
            return PSP_ENOMEM;
        restoring->queue_units = units;
        restoring->queue_capacity = capacity;
    }
    memcpy(restoring->queue_digests + restoring->queue_n * PSP_DIGEST_BYTES, delta->voter_digests,
           delta->voter_n * PSP_DIGEST_BYTES);
    memcpy(restoring->queue_units + restoring->queue_n * 4, delta->voter_units, delta->voter_n * 4);
    restoring->queue_n = n;
    restoring->voter_n += delta->voter_n;
    assert(restoring->queue_n <= restoring->queue_capacity);
    assert(restoring->voter_n == restoring->queue_n + restoring->counted_n);
    return PSP_OK;
}

static enum psp_status restore_voters(struct psp_count *count, const struct psp_count_delta *delta)
{
    if (delta->voter_n == 0)
        return PSP_OK;
    if (!count->has_genesis || delta->voter_first != count->restoring->voter_n)
        return PSP_ECORRUPT;
    return count->has_roll ? compare_roll(count, delta) : queue_voters(count, delta);
}

/* ---- counted ---- */

/* Notes where a counted ballot is, for the sum over its leaf. */
static bool note_counted(struct psp_count *count, const uint8_t *digest, uint32_t unit)
{
    const uint32_t leaf = leaf_of(count, unit);
    if (leaf == PSP_NONE || !owns_slot(count, digest))
        return false;
    count->restoring->leaf_counted[leaf]++;
    count->restoring->counted_n++;
    return true;
}

/* The voter's number leads to digest and unit, the digest to table and entry:
 * each is asked for before the next is. */
static void prefetch_roll(const struct psp_count *count, const struct psp_count_delta *delta,
                          uint64_t i)
{
    for (uint32_t step = 1; step <= 3; step++) {
        const uint64_t ahead = i + (uint64_t)step * PREFETCH_AHEAD;
        if (ahead >= delta->counted_n)
            return;
        const uint32_t number = psp_get32(delta->counted + ahead * COUNTED_BYTES);
        if (number >= count->roll_n)
            continue;
        const uint8_t *digest = count->roll_digests + (uint64_t)number * PSP_DIGEST_BYTES;
        if (step == 1) {
            psp_index_prefetch(count->index, digest);
        } else if (step == 2) {
            psp_index_prefetch_table(count->index, digest);
        } else {
            __builtin_prefetch(digest);
            __builtin_prefetch(&count->roll_units[number]);
        }
    }
}

static enum psp_status restore_counted_roll(struct psp_count *count,
                                            const struct psp_count_delta *delta)
{
    for (uint64_t i = 0; i < delta->counted_n; i++) {
        const uint8_t *record = delta->counted + i * COUNTED_BYTES;
        const uint32_t number = psp_get32(record);
        prefetch_roll(count, delta, i);
        if (number >= count->restoring->voter_n)
            return PSP_ECORRUPT;
        const uint8_t *digest = count->roll_digests + (uint64_t)number * PSP_DIGEST_BYTES;
        struct psp_index_place place;
        psp_index_find(count->index, digest, &place);
        assert(place.known); /* all of the roll is */
        assert(place.number == number);
        if (place.counted || !note_counted(count, digest, count->roll_units[number]))
            return PSP_ECORRUPT; /* a voter twice, or of another shard */
        psp_index_mark(count->index, &place, record + 4);
        memcpy(count->last_voter, digest, PSP_DIGEST_BYTES);
    }
    return PSP_OK;
}

/* Drops the queue's first `n`, all of it when the store reads in step. */
static void dequeue(struct psp_count_restoring *restoring, uint64_t n)
{
    assert(n <= restoring->queue_n);
    const uint64_t rest = restoring->queue_n - n;
    restoring->queue_n = rest;
    if (rest == 0)
        return;
    memmove(restoring->queue_digests, restoring->queue_digests + n * PSP_DIGEST_BYTES,
            rest * PSP_DIGEST_BYTES);
    memmove(restoring->queue_units, restoring->queue_units + n * 4, rest * 4);
}

static enum psp_status restore_counted_new(struct psp_count *count,
                                           const struct psp_count_delta *delta)
{
    struct psp_count_restoring *restoring = count->restoring;
    if (delta->counted_n > restoring->queue_n ||
        restoring->counted_n + delta->counted_n > PSP_INDEX_VOTERS_MAX)
        return PSP_ECORRUPT;
    for (uint64_t i = 0; i < delta->counted_n; i++) {
        const uint8_t *digest = restoring->queue_digests + i * PSP_DIGEST_BYTES;
        const uint8_t *record = delta->counted + i * COUNTED_BYTES;
        if (psp_get32(record) != restoring->counted_n)
            return PSP_ECORRUPT; /* voters are numbered as they were counted */
        const uint32_t number = (uint32_t)restoring->counted_n;
        if (!note_counted(count, digest, psp_get32(restoring->queue_units + i * 4)))
            return PSP_ECORRUPT;
        const enum psp_status status = psp_index_append(count->index, digest, number, record + 4);
        if (status != PSP_OK)
            return status;
        memcpy(count->last_voter, digest, PSP_DIGEST_BYTES);
    }
    dequeue(restoring, delta->counted_n);
    assert(restoring->voter_n == restoring->queue_n + restoring->counted_n);
    return PSP_OK;
}

static enum psp_status restore_counted(struct psp_count *count, const struct psp_count_delta *delta)
{
    if (delta->counted_n == 0)
        return PSP_OK;
    if (!count->has_genesis || delta->counted_first != count->restoring->counted_n)
        return PSP_ECORRUPT;
    return count->has_roll ? restore_counted_roll(count, delta) : restore_counted_new(count, delta);
}

/* ---- refusals and stations ---- */

/* By station, how many of its rows were read and are forgotten again. */
static enum psp_status reach_forgotten(struct psp_count_restoring *restoring, uint32_t station)
{
    const size_t before = restoring->forgotten_capacity;
    assert(station <= PSP_STATIONS_MAX);
    if (!PSP_GROW(restoring->forgotten, restoring->forgotten_capacity, (size_t)station + 1))
        return PSP_ENOMEM;
    memset(restoring->forgotten + before, 0,
           (restoring->forgotten_capacity - before) * sizeof *restoring->forgotten);
    return PSP_OK;
}

/* A station's first rows that are not closed are the forgotten ones, as many as its
 * books say. Here those that were read before the books that say so. */
static void forget_read(struct psp_count *count, uint32_t station, uint64_t forgotten)
{
    struct psp_count_restoring *restoring = count->restoring;
    assert(station < restoring->forgotten_capacity);
    for (; restoring->forgotten[station] < forgotten; restoring->forgotten[station]++) {
        if (psp_refusals_remembered(count->refusals, station) == 0)
            return; /* they are still to come */
        psp_refusals_forget(count->refusals, station);
    }
}

static enum psp_status restore_stations(struct psp_count *count,
                                        const struct psp_count_delta *delta)
{
    if (delta->station_n > 0 && !psp_count_rules_2(count))
        return PSP_ECORRUPT;
    for (uint32_t i = 0; i < delta->station_n; i++) {
        const uint32_t number = delta->station_numbers[i];
        const struct psp_station_books *books = &delta->station_books[i];
        if (number > PSP_STATIONS_MAX || !psp_station_books_balanced(books))
            return PSP_ECORRUPT;
        const struct psp_station_books *before = psp_ledger_of(count->stations, number);
        if (before && before->forgotten > books->forgotten)
            return PSP_ECORRUPT;
        enum psp_status status = psp_ledger_reach(count->stations, number);
        if (status == PSP_OK)
            status = reach_forgotten(count->restoring, number);
        if (status != PSP_OK)
            return status;
        /* Not when they changed, but no earlier: readers are sent them once more. */
        psp_ledger_restore(count->stations, number, delta->index, books);
        forget_read(count, number, books->forgotten);
    }
    return PSP_OK;
}

/* Whether the row, the station's next that is not closed, is one of the forgotten. */
static bool is_forgotten(const struct psp_count *count, const struct psp_refusal *refusal)
{
    const struct psp_station_books *books = psp_ledger_of(count->stations, refusal->station);
    assert(!books || refusal->station < count->restoring->forgotten_capacity);
    return books && refusal->disposition != PSP_CLOSED &&
           count->restoring->forgotten[refusal->station] < books->forgotten;
}

static enum psp_status restore_refusal(struct psp_count *count, const uint8_t *row)
{
    struct psp_refusal refusal;
    if (!psp_refusal_unpack(row, &refusal) || !owns_slot(count, refusal.digest))
        return PSP_ECORRUPT;
    if (is_forgotten(count, &refusal)) {
        count->restoring->forgotten[refusal.station]++;
        return PSP_OK;
    }
    if (psp_refusals_find(count->refusals, refusal.digest, refusal.tag) != 0)
        return PSP_ECORRUPT; /* twice, and both remembered */
    return psp_refusals_add(count->refusals, &refusal);
}

static enum psp_status restore_refused(struct psp_count *count, const struct psp_count_delta *delta)
{
    if (delta->refused_n == 0)
        return PSP_OK;
    if (!count->has_genesis || delta->refused_first != count->restoring->refused_n)
        return PSP_ECORRUPT;
    for (uint64_t i = 0; i < delta->refused_n; i++) {
        const enum psp_status status =
            restore_refusal(count, delta->refused + i * PSP_REFUSAL_BYTES);
        if (status != PSP_OK)
            return status;
    }
    count->restoring->refused_n += delta->refused_n;
    return PSP_OK;
}

/* ---- the rest ---- */

static enum psp_status restore_rows(struct psp_count *count, const struct psp_count_delta *delta)
{
    struct psp_totals *totals = count->totals;
    const uint64_t *cells = delta->cells;
    for (uint32_t i = 0; i < delta->row_n; i++) {
        const uint32_t row = delta->rows[i];
        if (row >= totals->row_count)
            return PSP_ECORRUPT;
        const uint64_t n = totals->row_first[row + 1] - totals->row_first[row];
        if (delta->row_cells[i] != n)
            return PSP_ECORRUPT;
        memcpy(totals->cells + totals->row_first[row], cells, n * sizeof *cells);
        /* Not when it changed, but no earlier: readers are sent it once more. */
        totals->row_index[row] = delta->index;
        cells += n;
    }
    return PSP_OK;
}

static enum psp_status restore_position(struct psp_count *count,
                                        const struct psp_count_delta *delta)
{
    if (!psp_election_state_known(delta->election_state))
        return PSP_ECORRUPT;
    if (delta->close_at_ms != 0 && delta->election_state == PSP_ELECTION_NEW)
        return PSP_ECORRUPT; /* none that was never opened closes */
    if (delta->close_at_ms != 0 && delta->election_state == PSP_ELECTION_OPEN &&
        delta->time_ms >= delta->close_at_ms)
        return PSP_ECORRUPT; /* open past its time */
    count->last_index = delta->index;
    count->time_ms = delta->time_ms;
    count->election_state = delta->election_state;
    count->close_at_ms = delta->close_at_ms;
    count->books = delta->books;
    memcpy(count->state_hash, delta->state_hash, PSP_STATE_HASH_BYTES);
    return PSP_OK;
}

enum psp_status psp_count_restore(struct psp_count *count, const struct psp_count_delta *delta)
{
    enum psp_status status = PSP_OK;
    if (!count->restoring)
        status = restoring_create(count);
    if (status == PSP_OK && delta->index < count->last_index)
        status = PSP_ECORRUPT;
    if (status == PSP_OK)
        status = restore_genesis(count, delta);
    if (status == PSP_OK)
        status = restore_voters(count, delta);
    if (status == PSP_OK)
        status = restore_counted(count, delta);
    if (status == PSP_OK)
        status = restore_stations(count, delta); /* before the rows that they speak of */
    if (status == PSP_OK)
        status = restore_refused(count, delta);
    if (status == PSP_OK)
        status = restore_rows(count, delta);
    if (status == PSP_OK)
        status = psp_reports_restore(count->reports, delta);
    return status == PSP_OK ? restore_position(count, delta) : status;
}

/* ---- the whole ---- */

/* Every refusal has its row; the stations say which rows are forgotten. */
static bool refusals_add_up(const struct psp_count *count)
{
    const struct psp_books *books = &count->books;
    const struct psp_count_restoring *restoring = count->restoring;
    const uint64_t refused = psp_count_refused(books);
    if (restoring->refused_n != refused)
        return false;
    if (!psp_count_rules_2(count))
        return psp_refusals_count(count->refusals) == refused;
    for (uint32_t k = 0; k < psp_ledger_count(count->stations); k++) {
        uint32_t number;
        const struct psp_station_books *station = psp_ledger_at(count->stations, k, &number);
        assert(number < restoring->forgotten_capacity);
        if (restoring->forgotten[number] != station->forgotten)
            return false;
    }
    return psp_count_stations_hold(count);
}

/* promise 3, over what was read: records, books and totals tell the same. */
static bool adds_up(const struct psp_count *count)
{
    const struct psp_count_restoring *restoring = count->restoring;
    const struct psp_books *books = &count->books;
    const struct psp_totals *totals = count->totals;
    if (!psp_books_balanced(books) || restoring->counted_n != books->voters_counted ||
        restoring->queue_n != 0 || !refusals_add_up(count))
        return false;
    if (count->has_genesis && count->has_roll && restoring->voter_n != count->roll_n)
        return false;
    if (psp_totals_unbalanced_row(totals) != PSP_NONE)
        return false;
    assert(psp_totals_row(totals, count->definition->leaf_count, 0, 0) == totals->row_count);
    for (uint32_t leaf = 0; leaf < count->definition->leaf_count; leaf++) {
        uint64_t ballots = 0;
        const uint32_t end = psp_totals_row(totals, leaf + 1, 0, 0);
        for (uint32_t row = psp_totals_row(totals, leaf, 0, 0); row < end; row++)
            ballots += totals->cells[totals->row_first[row]];
        if (ballots != restoring->leaf_counted[leaf])
            return false;
    }
    return true;
}

enum psp_status psp_count_restore_end(struct psp_count *count)
{
    if (!count->restoring)
        return PSP_OK; /* nothing was stored */
    if (!count->has_roll) {
        const enum psp_status status = psp_index_order(count->index);
        if (status != PSP_OK)
            return status == PSP_EEXIST ? PSP_ECORRUPT : status; /* a voter twice */
    }
    if (!adds_up(count) || !psp_reports_hold_together(count->reports, count->totals))
        return PSP_ECORRUPT;
    psp_reports_settle(count->reports, count->last_index);
    count->pending.refused_first = count->restoring->refused_n;
    psp_count_restoring_destroy(count);
    if (count->has_genesis) {
        free(count->roll_digests); /* the store has them */
        count->roll_digests = NULL;
    }
    psp_count_check(count);
    psp_count_check_tables(count);
    assert(psp_count_delta_bytes(count) == 0); /* what was stored is not new */
    return PSP_OK;
}
