/*
 * cells - what was counted, unit by unit, over plain tables.
 */
#ifndef SIM_CELLS_H
#define SIM_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "election/totals.h"
#include "tests/sim/world/election.h"

struct sim_cells { /* [unit][style][method][contest]: choices, then under- and overvotes */
    uint64_t ballots[SIM_UNITS][SIM_STYLES][SIM_METHODS];
    uint64_t votes[SIM_UNITS][SIM_STYLES][SIM_METHODS][SIM_CONTESTS][SIM_CHOICES_MAX + 2];
};

/* A row as it stands in totals: leaf by leaf, the styles of its unit, method by method. */
struct sim_row {
    uint32_t unit, style, method;
};
enum { SIM_ROWS = 8, SIM_ROW_CELLS_MAX = 1 + SIM_CONTESTS * (SIM_CHOICES_MAX + 2) };
struct sim_row sim_cells_row(uint32_t row);
/* Numbers in a row of a style: ballots, and of its contests the choices that it has, undervotes
 * and overvotes. */
uint32_t sim_cells_row_cells(uint32_t style);

/* Adds a counted ballot of a style (position), from (contest, choice) pairs. */
void sim_cells_add(struct sim_cells *cells, uint32_t unit, uint32_t style, uint32_t method,
                   const struct psp_mark *pairs, uint32_t n);
/* The same counts in a row, whose cells stand one after the other? Else `ret_text` says where
 * they differ. */
bool sim_cells_row_match(const struct sim_cells *cells, uint32_t unit, uint32_t style,
                         uint32_t method, const uint64_t *at, char *ret_text, size_t size);
/* The same counts? Else `ret_text` says where they differ. */
bool sim_cells_match(const struct sim_cells *cells, const struct psp_totals *totals, char *ret_text,
                     size_t size);

#endif
