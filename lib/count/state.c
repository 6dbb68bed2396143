/* What a count holds, shown; and what its genesis makes of it. */
#include <assert.h>
#include <string.h>

#include "count/genesis.h"
#include "count/inner.h"
#include "election/probes.h"

/* ---- genesis ---- */

enum psp_status psp_count_reserve(struct psp_count *count, uint64_t voters)
{
    assert(count->has_genesis);
    const uint64_t slots = count->genesis.slot_end - count->genesis.slot_first;
    assert(slots > 0);
    assert(slots <= PSP_SLOT_COUNT);
    /* Slots differ by chance; those above the mean just grow once more. */
    const uint64_t share = (voters + slots - 1) / slots;
    for (uint32_t slot = count->genesis.slot_first; slot < count->genesis.slot_end; slot++) {
        const enum psp_status status = psp_index_reserve(count->index, slot, share);
        if (status != PSP_OK)
            return status;
    }
    return PSP_OK;
}

enum psp_status psp_count_set_genesis(struct psp_count *count, const struct psp_genesis *genesis)
{
    assert(!count->has_genesis);
    assert(genesis->slot_first < genesis->slot_end);
    assert(genesis->slot_end <= PSP_SLOT_COUNT);
    assert(genesis->publication == PSP_PUBLICATION_IMMEDIATE ||
           genesis->publication == PSP_PUBLICATION_REPORTS);
    if (genesis->rules > PSP_RULES)
        return PSP_EVERSION;
    assert(genesis->rules < 2 || psp_mode_known(genesis->mode));
    if (psp_genesis_has_roll(genesis) != count->has_roll)
        return PSP_EMISMATCH;
    if (genesis->publication == PSP_PUBLICATION_REPORTS &&
        psp_reports_hold(count->reports) != PSP_OK)
        return PSP_ENOMEM;
    count->genesis = *genesis;
    psp_fence_hash(&genesis->fence, count->fence_hash);
    count->has_genesis = true;
    return PSP_OK;
}

bool psp_count_rules_2(const struct psp_count *count)
{
    return count->has_genesis && count->genesis.rules >= 2;
}

uint64_t psp_count_refused(const struct psp_books *books)
{
    return books->disposed[PSP_DOUBLE_VOTE] + books->disposed[PSP_NOT_ELIGIBLE] +
           books->disposed[PSP_INVALID] + books->disposed[PSP_CLOSED];
}

bool psp_count_stations_hold(const struct psp_count *count)
{
    struct psp_station_books sum = {0};
    uint64_t refused = 0;
    for (uint32_t k = 0; k < psp_ledger_count(count->stations); k++) {
        uint32_t number;
        const struct psp_station_books *books = psp_ledger_at(count->stations, k, &number);
        if (!psp_station_books_balanced(books) ||
            psp_refusals_remembered(count->refusals, number) !=
                psp_station_books_forgettable(books) - books->forgotten ||
            psp_refusals_closed(count->refusals, number) != books->disposed[PSP_CLOSED] ||
            !psp_refusals_within_limits(count->refusals, number))
            return false;
        refused += psp_station_books_forgettable(books) - books->forgotten;
        refused += books->disposed[PSP_CLOSED];
        psp_station_books_add(&sum, books);
    }
    return psp_station_books_agree(&sum, &count->books) &&
           psp_refusals_count(count->refusals) == refused;
}

/* ---- what must hold ---- */

static void check_election(const struct psp_count *count)
{
    const bool open = count->election_state == PSP_ELECTION_OPEN;
    assert(psp_election_state_known(count->election_state));
    assert(count->close_at_ms == 0 || count->election_state != PSP_ELECTION_NEW);
    assert(!open || count->close_at_ms == 0 || count->time_ms < count->close_at_ms);
    assert(count->has_genesis || !count->pending.genesis);
    assert(!count->has_genesis || count->has_roll == psp_genesis_has_roll(&count->genesis));
    assert((psp_reports_rows(count->reports) != NULL) ==
           (count->has_genesis && count->genesis.publication == PSP_PUBLICATION_REPORTS));
    assert(count->units_complete == NULL || !psp_count_rules_2(count));
}

/* promise 3: who is known, what is remembered and the stations' books say what the books say. */
static void check_books(const struct psp_count *count)
{
    const struct psp_books *books = &count->books;
    const struct psp_station_books *sum = psp_ledger_sum(count->stations);
    assert(psp_books_balanced(books));
    assert(psp_index_voters(count->index) ==
           (count->has_roll ? count->roll_n : books->voters_counted));
    assert(books->voters_counted <= psp_index_voters(count->index));
    assert(psp_refusals_count(count->refusals) + sum->forgotten == psp_count_refused(books));
    if (!psp_count_rules_2(count)) {
        assert(psp_ledger_count(count->stations) == 0);
        return;
    }
    assert(psp_station_books_agree(sum, books));
    if (PSP_CHECKED)
        assert(psp_count_stations_hold(count));
}

/* What is new since the last delta is part of what there is. */
static void check_pending(const struct psp_count *count)
{
    const struct psp_count_pending *pending = &count->pending;
    assert(pending->counted_n <= pending->capacity);
    assert(pending->counted_n <= count->books.voters_counted);
    assert(pending->voter_n == (count->has_roll ? 0 : pending->counted_n));
    assert(pending->refused_first + pending->refused_n == psp_count_refused(&count->books));
    assert(pending->refused_n * PSP_REFUSAL_BYTES <= pending->refused_capacity);
    assert(pending->row_n <= count->totals->row_count);
    assert(pending->row_n <= pending->counted_n);
    assert(pending->row_n <= pending->row_cells);
    assert((pending->row_n > 0) == (pending->counted_n > 0));
}

void psp_count_check(const struct psp_count *count)
{
    assert(count->restoring == NULL);
    check_election(count);
    check_books(count);
    check_pending(count);
    psp_ledger_check(count->stations);
}

void psp_count_check_tables(const struct psp_count *count)
{
    psp_index_check(count->index);
    psp_refusals_check(count->refusals);
    psp_reports_check(count->reports, count->totals);
    if (PSP_CHECKED)
        assert(psp_totals_unbalanced_row(count->totals) == PSP_NONE); /* promise 3 */
}

/* ---- what it shows ---- */

uint64_t psp_count_index(const struct psp_count *count)
{
    return count->last_index;
}

uint64_t psp_count_time_ms(const struct psp_count *count)
{
    return count->time_ms;
}

const struct psp_genesis *psp_count_genesis(const struct psp_count *count)
{
    return count->has_genesis ? &count->genesis : NULL;
}

enum psp_election_state psp_count_election_state(const struct psp_count *count)
{
    return count->election_state;
}

uint64_t psp_count_close_at_ms(const struct psp_count *count)
{
    return count->close_at_ms;
}

bool psp_count_accepts(const struct psp_count *count, uint64_t time_ms)
{
    const uint64_t clamped = time_ms > count->time_ms ? time_ms : count->time_ms;
    return count->election_state == PSP_ELECTION_OPEN &&
           (count->close_at_ms == 0 || clamped < count->close_at_ms);
}

bool psp_count_probes_over(const struct psp_count *count, uint32_t station)
{
    const struct psp_station_books *books = psp_ledger_of(count->stations, station);
    return books != NULL && psp_probes_over(books);
}

uint32_t psp_count_probing(const struct psp_count *count)
{
    const uint32_t n = psp_ledger_count(count->stations);
    uint32_t number, probing = 0;
    for (uint32_t k = 0; k < n; k++)
        probing += psp_probes_over(psp_ledger_at(count->stations, k, &number));
    return probing;
}

bool psp_count_closed_room(const struct psp_count *count, uint32_t station)
{
    return psp_refusals_closed_room(count->refusals, station);
}

size_t psp_count_stations_since(const struct psp_count *count, uint64_t base, uint8_t *ret_bytes,
                                size_t size)
{
    return psp_ledger_encode_since(count->stations, base, ret_bytes, size);
}

const struct psp_books *psp_count_books(const struct psp_count *count)
{
    return &count->books;
}

const struct psp_totals *psp_count_totals(const struct psp_count *count)
{
    return count->totals;
}

uint64_t psp_count_registered(const struct psp_count *count)
{
    return count->roll_n;
}

const uint32_t *psp_count_registered_leaves(const struct psp_count *count, uint32_t *ret_n)
{
    *ret_n = count->has_roll ? count->definition->leaf_count : 0;
    assert(count->has_roll == (count->registered_leaves != NULL));
    return count->registered_leaves;
}

void psp_count_state_hash(const struct psp_count *count, uint8_t ret_hash[PSP_HASH_BYTES])
{
    memset(ret_hash, 0, PSP_HASH_BYTES);
    memcpy(ret_hash, count->state_hash, PSP_STATE_HASH_BYTES);
}

/* ---- reports ---- */

uint64_t psp_count_report_number(const struct psp_count *count)
{
    return psp_reports_number(count->reports);
}

struct psp_bytes psp_count_report_bytes(const struct psp_count *count, uint64_t *ret_index)
{
    return psp_reports_bytes(count->reports, ret_index);
}

const struct psp_leaf_report *psp_count_leaf_report(const struct psp_count *count, uint32_t leaf)
{
    return psp_reports_leaf(count->reports, leaf);
}

const struct psp_totals *psp_count_reported(const struct psp_count *count)
{
    return psp_reports_rows(count->reports);
}

size_t psp_count_leaf_reports_since(const struct psp_count *count, uint64_t base,
                                    uint8_t *ret_bytes, size_t size)
{
    return psp_reports_since(count->reports, base, ret_bytes, size);
}

size_t psp_count_leaf_ballots_since(const struct psp_count *count, uint64_t base,
                                    uint8_t *ret_bytes, size_t size)
{
    const struct psp_totals *totals = count->totals;
    size_t length = 0;
    uint32_t row = 0;
    for (uint32_t leaf = 0, next = 0; leaf < count->definition->leaf_count; leaf++) {
        const uint32_t first = row, end = psp_totals_row(totals, leaf + 1, 0, 0);
        assert(first < end); /* a leaf has a style, and there is a method */
        bool changed = false;
        for (; row < end; row++)
            changed |= totals->row_index[row] > base;
        if (!changed)
            continue;
        uint64_t ballots = 0;
        for (uint32_t at = first; at < end; at++)
            ballots += totals->cells[totals->row_first[at]];
        uint8_t bytes[PSP_LEAF_BALLOTS_BYTES_MAX];
        const size_t n = psp_leaf_ballots_put(next, leaf, ballots, bytes);
        if (length + n <= size)
            memcpy(ret_bytes + length, bytes, n);
        length += n;
        next = leaf + 1;
    }
    assert(row == totals->row_count);
    return length;
}

/* ---- memory ---- */

bool psp_count_warm(struct psp_count *count)
{
    return psp_index_warm(count->index);
}

uint64_t psp_count_memory_bytes(const struct psp_count *count)
{
    return psp_index_memory_bytes(count->index) + psp_refusals_memory_bytes(count->refusals) +
           psp_ledger_memory_bytes(count->stations) + psp_reports_memory_bytes(count->reports) +
           count->roll_n *
               (sizeof *count->roll_units + (count->roll_styles ? sizeof *count->roll_styles : 0) +
                (count->roll_digests ? PSP_DIGEST_BYTES : 0));
}
