#include "election/totals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "election/ballot.h"

enum { VARINT64_BYTES_MAX = 10 };

static const struct psp_style *style_of_row(const struct psp_totals *totals, uint32_t row)
{
    const struct psp_definition *definition = totals->definition;
    const uint32_t leaf = row / definition->method_count;
    return &definition->styles[definition->units[definition->leaves[leaf]].style];
}

enum psp_status psp_totals_create(const struct psp_definition *definition,
                                  struct psp_totals **ret_totals)
{
    struct psp_totals *totals = calloc(1, sizeof *totals);
    if (totals == NULL)
        return PSP_ENOMEM;
    totals->definition = definition;
    totals->row_count = definition->leaf_count * definition->method_count;
    totals->row_first = calloc((size_t)totals->row_count + 1, sizeof *totals->row_first);
    totals->row_index = calloc(totals->row_count, sizeof *totals->row_index);
    if (totals->row_first == NULL || totals->row_index == NULL)
        goto no_memory;
    for (uint32_t row = 0; row < totals->row_count; row++) {
        totals->row_first[row] = totals->cell_count;
        totals->cell_count += style_of_row(totals, row)->row_cells;
    }
    totals->row_first[totals->row_count] = totals->cell_count;
    totals->cells = calloc(totals->cell_count, sizeof *totals->cells);
    if (totals->cells == NULL)
        goto no_memory;
    *ret_totals = totals;
    return PSP_OK;
no_memory:
    psp_totals_destroy(&totals);
    return PSP_ENOMEM;
}

void psp_totals_destroy(struct psp_totals **totals)
{
    if (*totals == NULL)
        return;
    free((*totals)->cells);
    free((*totals)->row_first);
    free((*totals)->row_index);
    free(*totals);
    *totals = NULL;
}

/* Reads a varint of marks that passed psp_*_columns_check: no bounds to check,
 * and nearly always one byte. */
static inline uint32_t next(const uint8_t **marks)
{
    const uint8_t *at = *marks;
    uint32_t value = *at++;
    if (value & 0x80) {
        value &= 0x7F;
        for (unsigned shift = 7;; shift += 7) {
            const uint8_t byte = *at++;
            value |= (uint32_t)(byte & 0x7F) << shift;
            if (!(byte & 0x80))
                break;
        }
    }
    *marks = at;
    return value;
}

/* Marks and the style's contests are both ascending, so that one walk over the
 * two finds each contest, and a repeat stands next to the first. */
bool psp_totals_valid(const struct psp_totals *totals, uint32_t unit, uint8_t method,
                      const uint8_t *marks)
{
    const struct psp_definition *definition = totals->definition;
    if (unit >= definition->unit_count || method >= definition->method_count)
        return false;
    const uint32_t style_position = definition->units[unit].style;
    if (style_position == PSP_NONE)
        return false;
    const struct psp_style *style = &definition->styles[style_position];
    const struct psp_style_contest *entry = style->contests;
    const struct psp_style_contest *end = entry + style->contest_count;
    for (uint32_t contests = next(&marks); contests > 0; contests--) {
        const uint32_t contest = next(&marks);
        while (entry < end && entry->contest < contest)
            entry++;
        if (entry == end || entry->contest != contest)
            return false;
        uint32_t previous = PSP_NONE;
        for (uint32_t n = next(&marks); n > 0; n--) {
            const uint32_t choice = next(&marks);
            if (choice == previous || choice >= entry->slot_count ||
                entry->slot_of_choice[choice] < 0)
                return false;
            previous = choice;
        }
        entry++; /* a contest repeated finds its entry used up */
    }
    return true;
}

void psp_totals_add(struct psp_totals *totals, uint32_t unit, uint8_t method, const uint8_t *marks,
                    uint64_t index)
{
    const struct psp_definition *definition = totals->definition;
    const uint32_t row = psp_totals_row(totals, definition->leaf_of_unit[unit], method);
    const struct psp_style *style = &definition->styles[definition->units[unit].style];
    uint64_t *cells = totals->cells + totals->row_first[row];
    totals->row_index[row] = index;
    cells[0]++;
    uint32_t contests = next(&marks);
    uint32_t contest = contests > 0 ? next(&marks) : PSP_NONE;
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_style_contest *entry = &style->contests[i];
        uint64_t *under = cells + entry->cell + entry->choice_count;
        if (entry->contest != contest) {
            *under += entry->votes_allowed;
            continue;
        }
        const uint32_t n = next(&marks);
        const bool over = n > entry->votes_allowed;
        for (uint32_t j = 0; j < n; j++) {
            const uint32_t choice = next(&marks);
            cells[entry->cell + (uint32_t)entry->slot_of_choice[choice]] += !over;
        }
        if (over)
            under[1] += entry->votes_allowed;
        else
            under[0] += entry->votes_allowed - n;
        contest = --contests > 0 ? next(&marks) : PSP_NONE;
    }
    assert(contests == 0);
}

/* Writes what fits and counts what is needed. */
struct out {
    uint8_t *bytes;
    size_t size, length;
};

static void put(struct out *out, uint64_t value)
{
    do {
        const uint8_t byte = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        if (out->length < out->size)
            out->bytes[out->length] = byte;
        out->length++;
        value >>= 7;
    } while (value > 0);
}

size_t psp_totals_encode_since(const struct psp_totals *totals, uint64_t base, uint8_t *ret_bytes,
                               size_t size)
{
    struct out out = {ret_bytes, size, 0};
    uint32_t unwritten = 0; /* first row after the last one written */
    for (uint32_t row = 0; row < totals->row_count; row++) {
        if (totals->row_index[row] <= base)
            continue;
        put(&out, row - unwritten);
        unwritten = row + 1;
        for (uint64_t cell = totals->row_first[row]; cell < totals->row_first[row + 1]; cell++)
            put(&out, totals->cells[cell]);
    }
    return out.length;
}

/* Returns the bytes used, 0 when truncated, over 64 bits or not the shortest. */
static size_t read_varint64(const uint8_t *at, size_t available, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < VARINT64_BYTES_MAX && i < available; i++) {
        if (i == VARINT64_BYTES_MAX - 1 && at[i] > 1)
            return 0;
        value |= (uint64_t)(at[i] & 0x7F) << (7 * i);
        if (!(at[i] & 0x80)) {
            *ret_value = value;
            return i > 0 && at[i] == 0 ? 0 : i + 1;
        }
    }
    return 0;
}

/* One walk over the encoding: checks only, or (write) replaces as it goes. */
static bool walk(struct psp_totals *totals, const uint8_t *bytes, size_t length, uint64_t index,
                 bool write)
{
    uint64_t row = 0;
    for (size_t at = 0; at < length; row++) {
        uint64_t value;
        size_t used = read_varint64(bytes + at, length - at, &value);
        if (used == 0 || value >= totals->row_count - row)
            return false;
        at += used, row += value;
        for (uint64_t cell = totals->row_first[row]; cell < totals->row_first[row + 1]; cell++) {
            used = read_varint64(bytes + at, length - at, &value);
            if (used == 0)
                return false;
            at += used;
            if (write)
                totals->cells[cell] = value;
        }
        if (write)
            totals->row_index[row] = index;
    }
    return true;
}

enum psp_status psp_totals_replace(struct psp_totals *totals, const uint8_t *bytes, size_t length,
                                   uint64_t index)
{
    if (!walk(totals, bytes, length, index, false))
        return PSP_EINVAL;
    const bool written = walk(totals, bytes, length, index, true);
    assert(written);
    return PSP_OK;
}

static bool row_balances(const struct psp_style *style, const uint64_t *cells)
{
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_style_contest *entry = &style->contests[i];
        uint64_t sum = 0;
        for (uint32_t j = 0; j < entry->choice_count + 2; j++)
            sum += cells[entry->cell + j];
        if (sum != entry->votes_allowed * cells[0])
            return false;
    }
    return true;
}

/* promise 3: what the ballots allowed is what was marked or left out */
uint32_t psp_totals_unbalanced_row(const struct psp_totals *totals)
{
    for (uint32_t row = 0; row < totals->row_count; row++)
        if (!row_balances(style_of_row(totals, row), totals->cells + totals->row_first[row]))
            return row;
    return PSP_NONE;
}
