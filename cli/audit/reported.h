/*
 * reported - of an election published by reports, what journals alone can tell of what
 * is shown.
 *
 * A row changes where it is shown when it moved by report_min ballots, so of a leaf that
 * is reported and not final it depends on what was shown before, which no journal has.
 * Where every shard holds the same last report of a leaf and it is final, the rows as
 * reported are what is shown. All else is left out, and every unit above it.
 *
 * Ownership: psp_reported_end frees.   Threads: one owner.
 * Memory:    16 bytes a leaf, 1 a unit.
 */
#ifndef PSP_AUDIT_REPORTED_H
#define PSP_AUDIT_REPORTED_H

#include <stdbool.h>
#include <stdint.h>

#include "count/count.h"
#include "election/definition/definition.h"

struct psp_reported {
    const struct psp_definition *definition; /* not owned */
    uint64_t *numbers;                       /* [leaf_count] of the last report */
    bool *left_out;                          /* [unit_count] */
    uint32_t shards, left_out_n;
};

/* Nothing added yet. */
void psp_reported_begin(struct psp_reported *reported, const struct psp_definition *definition);
/* A shard's, published by reports; every shard once. */
void psp_reported_add(struct psp_reported *reported, const struct psp_count *count);
void psp_reported_end(struct psp_reported *reported);

#endif
