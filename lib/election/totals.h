/*
 * totals - dense counts, one row a (leaf, ballot style, method).
 *
 * A row holds, for its ballot style, as uint64_t cells:
 *
 *     [0] ballots counted, then for each contest of the style, in order:
 *     one cell a choice of the style, undervotes, overvotes
 *
 * Rows go leaf by leaf, within a leaf by its styles in the definition's order, within
 * a style by method: with one style everywhere, row = leaf * methods + method. What a
 * unit has is the sum over its rows; a contest is in the rows of styles that have it,
 * and there only: who votes another party's paper leaves nothing out here.
 *
 * Each row remembers the log index
 * that changed it last, so that any reader can be sent just what changed since
 * the version it has.
 *
 * A ballot's marks are walked once: psp_totals_read finds where they end,
 * whether the ballot is valid and what it adds, cell by cell.
 *
 * Ownership: owns its cells; the definition outlives it.
 * Threads: one owner.   Memory: all at create.
 */
#ifndef PSP_TOTALS_H
#define PSP_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "election/definition/definition.h"

struct psp_totals_change {
    uint32_t cell, add; /* cell: within the row */
};

struct psp_totals {
    const struct psp_definition *definition; /* not owned */
    uint32_t row_count;
    uint64_t cell_count;
    uint64_t *cells;
    uint64_t *row_first;               /* [row_count + 1]: first cell of a row */
    uint64_t *row_index;               /* [row_count]: log index of its last change, 0 never */
    struct psp_totals_change *changes; /* of the ballot read last; room for the longest row */
};

/* A ballot as psp_totals_read found it; good until the next reading. */
struct psp_totals_ballot {
    const uint8_t *end; /* of its marks, valid or not */
    bool valid;
    uint32_t row, change_count; /* valid ones: what to add, once each cell */
};

/* All zero. PSP_ENOMEM. */
enum psp_status psp_totals_create(const struct psp_definition *definition,
                                  struct psp_totals **ret_totals);
void psp_totals_destroy(struct psp_totals **totals);

/* The number of a row. `style`: place among the leaf's styles, from 0. */
static inline uint32_t psp_totals_row(const struct psp_totals *totals, uint32_t leaf,
                                      uint32_t style, uint32_t method)
{
    const struct psp_definition *definition = totals->definition;
    return (definition->leaf_style_first[leaf] + style) * definition->method_count + method;
}

/* The row's ballot style: what its cells are. */
static inline const struct psp_style *psp_totals_row_style(const struct psp_totals *totals,
                                                           uint32_t row)
{
    const struct psp_definition *definition = totals->definition;
    return &definition->styles[definition->leaf_styles[row / definition->method_count]];
}

/* What a row counts; back to its number: psp_totals_row. */
struct psp_totals_place {
    uint32_t leaf, style, method; /* style: place among the leaf's */
};
struct psp_totals_place psp_totals_row_place(const struct psp_totals *totals, uint32_t row);

/* Not valid when `unit` is not a leaf, `style` not the value of one of its styles (1 the
 * first; 0: none was named), `method` unknown, or the marks break the style: unknown or
 * foreign contest or choice, a repeat. The disposition `invalid` is just this test.
 * Overvoted contest: its votes allowed to overvotes, nothing to choices. Missing votes:
 * undervotes. Marks must have passed psp_*_columns_check. */
struct psp_totals_ballot psp_totals_read(struct psp_totals *totals, uint32_t unit, uint32_t style,
                                         uint8_t method, const uint8_t *marks);

/* Adds the ballot read last, a valid one. */
void psp_totals_add(struct psp_totals *totals, const struct psp_totals_ballot *ballot,
                    uint64_t index);

/* Rows changed after `base`, as bytes (election/rows.h), of revision 0. Writes at
 * most `size`; returns the length needed. */
size_t psp_totals_encode_since(const struct psp_totals *totals, uint64_t base, uint8_t *ret_bytes,
                               size_t size);

/* Replaces the rows in `bytes`, setting their row_index to `index`; revisions are
 * read over. Checks all before changing anything. PSP_EINVAL: not such an encoding; unchanged. */
enum psp_status psp_totals_replace(struct psp_totals *totals, const uint8_t *bytes, size_t length,
                                   uint64_t index);

/* The books' second and third line: in every row, for every contest, choices +
 * undervotes + overvotes = votes allowed * ballots; returns the first row that
 * does not balance, PSP_NONE when all do. */
uint32_t psp_totals_unbalanced_row(const struct psp_totals *totals);

#endif
