/* What a checkpoint needs, gathered while counting, so that taking it costs what
 * changed and not what there is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/grow.h"
#include "count/inner.h"

enum { COUNTED_BYTES = 4 + PSP_TAG_BYTES, ROLL_BYTES = PSP_DIGEST_BYTES + 4 };

static_assert(COUNTED_BYTES == 12, "count.h; and a store has them so");
static_assert(ROLL_BYTES == 20, "likewise");

enum psp_status psp_count_pending_create(struct psp_count *count)
{
    struct psp_count_pending *pending = &count->pending;
    const uint32_t rows = count->totals->row_count;
    pending->row_changed = calloc(rows ? rows : 1, sizeof *pending->row_changed);
    pending->rows = malloc((rows ? rows : 1) * sizeof *pending->rows);
    return pending->row_changed && pending->rows ? PSP_OK : PSP_ENOMEM;
}

static void drop_buffers(struct psp_count_pending *pending)
{
    pending->voter_digests = pending->voter_units = pending->counted = NULL;
    pending->voter_n = pending->counted_n = pending->capacity = 0;
    pending->refused = NULL;
    pending->refused_n = pending->refused_capacity = 0;
}

void psp_count_pending_destroy(struct psp_count *count)
{
    struct psp_count_pending *pending = &count->pending;
    free(pending->voter_digests);
    free(pending->voter_units);
    free(pending->counted);
    free(pending->refused);
    free(pending->row_changed);
    free(pending->rows);
    drop_buffers(pending);
}

static bool grow(uint8_t **bytes, uint64_t size)
{
    uint8_t *bigger = realloc(*bytes, size);
    if (bigger)
        *bytes = bigger;
    return bigger != NULL;
}

enum psp_status psp_count_pending_reserve(struct psp_count *count, uint32_t n)
{
    struct psp_count_pending *pending = &count->pending;
    assert(n <= PSP_BATCH_ROWS_MAX);
    assert(pending->counted_n <= pending->capacity);
    if (pending->counted_n + n <= pending->capacity)
        return PSP_OK;
    uint64_t capacity = pending->capacity ? pending->capacity * 2 : PSP_BATCH_ROWS_MAX;
    if (capacity < pending->counted_n + n)
        capacity = pending->counted_n + n;
    if (!grow(&pending->counted, capacity * COUNTED_BYTES))
        return PSP_ENOMEM;
    if (!count->has_roll && (!grow(&pending->voter_digests, capacity * PSP_DIGEST_BYTES) ||
                             !grow(&pending->voter_units, capacity * 4)))
        return PSP_ENOMEM;
    pending->capacity = capacity;
    return PSP_OK;
}

void psp_count_pending_counted(struct psp_count *count, const struct psp_count_row *row,
                               uint32_t number, bool new_voter)
{
    struct psp_count_pending *pending = &count->pending;
    assert(pending->counted_n < pending->capacity);
    if (new_voter) {
        assert(!count->has_roll);
        memcpy(pending->voter_digests + pending->voter_n * PSP_DIGEST_BYTES, row->digest,
               PSP_DIGEST_BYTES);
        psp_put32(pending->voter_units + pending->voter_n * 4, row->unit);
        pending->voter_n++;
    }
    uint8_t *counted = pending->counted + pending->counted_n * COUNTED_BYTES;
    psp_put32(counted, number);
    memcpy(counted + 4, row->tag, PSP_TAG_BYTES);
    pending->counted_n++;

    const uint32_t total_row = row->ballot.row;
    assert(total_row < count->totals->row_count);
    if (!pending->row_changed[total_row]) {
        assert(pending->row_n < count->totals->row_count);
        pending->row_changed[total_row] = 1;
        pending->rows[pending->row_n++] = total_row;
        pending->row_cells +=
            count->totals->row_first[total_row + 1] - count->totals->row_first[total_row];
    }
}

enum psp_status psp_count_pending_refused(struct psp_count *count,
                                          const struct psp_refusal *refusal)
{
    struct psp_count_pending *pending = &count->pending;
    const size_t used = pending->refused_n * PSP_REFUSAL_BYTES;
    if (!PSP_GROW(pending->refused, pending->refused_capacity, used + PSP_REFUSAL_BYTES))
        return PSP_ENOMEM;
    psp_refusal_pack(refusal, pending->refused + used);
    if (PSP_CHECKED) {
        struct psp_refusal again;
        assert(psp_refusal_unpack(pending->refused + used, &again));
        assert(again.station == refusal->station && again.disposition == refusal->disposition);
    }
    pending->refused_n++;
    return PSP_OK;
}

/* The whole roll goes with the genesis. */
static bool roll_is_pending(const struct psp_count *count)
{
    return count->pending.genesis && count->has_roll;
}

uint64_t psp_count_delta_bytes(const struct psp_count *count)
{
    const struct psp_count_pending *pending = &count->pending;
    const uint64_t voters = pending->voter_n + (roll_is_pending(count) ? count->roll_n : 0);
    return voters * ROLL_BYTES + pending->counted_n * COUNTED_BYTES +
           pending->refused_n * PSP_REFUSAL_BYTES;
}

static enum psp_status copy_stations(const struct psp_count *count, struct psp_count_delta *delta)
{
    const uint32_t *numbers = psp_ledger_changed(count->stations, &delta->station_n);
    delta->station_numbers = malloc((uint64_t)delta->station_n * sizeof *numbers + 1);
    delta->station_books = malloc((uint64_t)delta->station_n * sizeof *delta->station_books + 1);
    if (!delta->station_numbers || !delta->station_books)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < delta->station_n; i++) {
        const struct psp_station_books *books = psp_ledger_of(count->stations, numbers[i]);
        assert(psp_station_books_balanced(books)); /* as when it is restored */
        delta->station_numbers[i] = numbers[i];
        delta->station_books[i] = *books;
    }
    return PSP_OK;
}

/* Copies of what the count keeps: changed rows, units of the roll. */
static enum psp_status copy_kept(const struct psp_count *count, struct psp_count_delta *delta)
{
    const struct psp_count_pending *pending = &count->pending;
    const struct psp_totals *totals = count->totals;
    delta->row_n = pending->row_n;
    /* + 1: no zero sizes */
    delta->rows = malloc((uint64_t)delta->row_n * sizeof *delta->rows + 1);
    delta->row_cells = malloc((uint64_t)delta->row_n * sizeof *delta->row_cells + 1);
    delta->cells = malloc(pending->row_cells * sizeof *delta->cells + 1);
    if (!delta->rows || !delta->row_cells || !delta->cells)
        return PSP_ENOMEM;
    uint64_t *cells = delta->cells;
    for (uint32_t i = 0; i < delta->row_n; i++) {
        const uint32_t row = pending->rows[i];
        const uint64_t n = totals->row_first[row + 1] - totals->row_first[row];
        assert(pending->row_changed[row] == 1);
        assert(totals->row_index[row] > 0);
        assert(totals->row_index[row] <= count->last_index);
        delta->rows[i] = row;
        delta->row_cells[i] = (uint32_t)n;
        memcpy(cells, totals->cells + totals->row_first[row], n * sizeof *cells);
        cells += n;
    }
    assert(cells == delta->cells + pending->row_cells);
    if (!roll_is_pending(count))
        return PSP_OK;
    delta->voter_units = malloc(count->roll_n * 4 + 1);
    if (!delta->voter_units)
        return PSP_ENOMEM;
    for (uint64_t voter = 0; voter < count->roll_n; voter++)
        psp_put32(delta->voter_units + voter * 4, count->roll_units[voter]);
    return PSP_OK;
}

/* Hands buffers over instead of copying them; cannot fail. */
static void move_new(struct psp_count *count, struct psp_count_delta *delta)
{
    struct psp_count_pending *pending = &count->pending;
    if (roll_is_pending(count)) {
        assert(count->roll_digests != NULL); /* they go into one delta */
        delta->voter_n = count->roll_n;
        delta->voter_digests = count->roll_digests;
        count->roll_digests = NULL;
    } else {
        delta->voter_first = psp_index_voters(count->index) - pending->voter_n;
        delta->voter_n = pending->voter_n;
        delta->voter_digests = pending->voter_digests;
        delta->voter_units = pending->voter_units;
    }
    delta->counted_first = count->books.voters_counted - pending->counted_n;
    delta->counted_n = pending->counted_n;
    delta->counted = pending->counted;
    delta->refused_first = pending->refused_first;
    delta->refused_n = pending->refused_n;
    delta->refused = pending->refused;
    pending->refused_first += pending->refused_n;
    assert(delta->counted_first + delta->counted_n == count->books.voters_counted);
    assert(pending->refused_first == psp_count_refused(&count->books));
    drop_buffers(pending);
    psp_ledger_settle(count->stations);
    psp_reports_settle(count->reports, count->last_index);
    for (uint32_t i = 0; i < pending->row_n; i++)
        pending->row_changed[pending->rows[i]] = 0;
    pending->row_n = 0;
    pending->row_cells = 0;
    pending->genesis = false;
}

enum psp_status psp_count_take_delta(struct psp_count *count, struct psp_count_delta **ret_delta)
{
    psp_count_check(count);
    psp_count_check_tables(count);
    struct psp_count_delta *delta = calloc(1, sizeof *delta);
    if (!delta)
        return PSP_ENOMEM;
    enum psp_status status = copy_kept(count, delta);
    if (status == PSP_OK)
        status = copy_stations(count, delta);
    if (status == PSP_OK)
        status = psp_reports_copy(count->reports, delta);
    if (status != PSP_OK) {
        psp_count_delta_destroy(&delta);
        return status;
    }
    delta->index = count->last_index;
    delta->time_ms = count->time_ms;
    delta->election_state = count->election_state;
    delta->close_at_ms = count->close_at_ms;
    delta->books = count->books;
    psp_count_state_hash(count, delta->state_hash);
    delta->has_genesis = count->pending.genesis;
    if (delta->has_genesis)
        delta->genesis = count->genesis;
    move_new(count, delta);
    assert(psp_count_delta_bytes(count) == 0);
    *ret_delta = delta;
    return PSP_OK;
}

void psp_count_delta_destroy(struct psp_count_delta **delta)
{
    if (!*delta)
        return;
    free((*delta)->voter_digests);
    free((*delta)->voter_units);
    free((*delta)->counted);
    free((*delta)->refused);
    free((*delta)->station_numbers);
    free((*delta)->station_books);
    free((*delta)->rows);
    free((*delta)->row_cells);
    free((*delta)->cells);
    free((*delta)->report);
    free((*delta)->leaf_report_leaves);
    free((*delta)->leaf_reports);
    free((*delta)->reported_rows);
    free((*delta)->reported_row_cells);
    free((*delta)->reported_indexes);
    free((*delta)->reported_cells);
    free((*delta)->configuration);
    free(*delta);
    *delta = NULL;
}
