/* As docs/protocol.md says what a ballot adds, contest by contest. */
#include "tests/sim/check/cells.h"

#include <inttypes.h>
#include <stdio.h>

struct sim_row sim_cells_row(uint32_t row)
{
    uint32_t unit = 1;
    for (; row >= sim_unit_styles[unit].n * SIM_METHODS; unit++)
        row -= sim_unit_styles[unit].n * SIM_METHODS;
    return (struct sim_row){unit, sim_unit_styles[unit].styles[row / SIM_METHODS],
                            row % SIM_METHODS};
}

uint32_t sim_cells_row_cells(uint32_t style)
{
    uint32_t n = 1;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        const uint32_t choices = sim_choices[style][contest];
        for (uint32_t choice = 0; choice < SIM_CHOICES_MAX; choice++)
            n += choices >> choice & 1;
        n += choices == 0 ? 0 : 2;
    }
    return n;
}

void sim_cells_add(struct sim_cells *cells, uint32_t unit, uint32_t style, uint32_t method,
                   const struct psp_mark *pairs, uint32_t n)
{
    cells->ballots[unit][style][method]++;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        if (sim_choices[style][contest] == 0)
            continue;
        uint64_t *votes = cells->votes[unit][style][method][contest];
        const uint32_t allowed = sim_votes_allowed[contest];
        uint32_t marked = 0;
        for (uint32_t i = 0; i < n; i++)
            marked += pairs[i].contest == contest;
        if (marked > allowed) {
            votes[SIM_CHOICES_MAX + 1] += allowed;
            continue;
        }
        votes[SIM_CHOICES_MAX] += allowed - marked;
        for (uint32_t i = 0; i < n; i++)
            if (pairs[i].contest == contest)
                votes[pairs[i].choice]++;
    }
}

bool sim_cells_row_match(const struct sim_cells *cells, uint32_t unit, uint32_t style,
                         uint32_t method, const uint64_t *at, char *ret_text, size_t size)
{
    if (*at != cells->ballots[unit][style][method]) {
        snprintf(ret_text, size,
                 "unit %u style %u method %u: %" PRIu64 " ballots, the judge has %" PRIu64, unit,
                 style, method, *at, cells->ballots[unit][style][method]);
        return false;
    }
    at++;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        if (sim_choices[style][contest] == 0)
            continue;
        for (uint32_t choice = 0; choice < SIM_CHOICES_MAX + 2; choice++) {
            if (choice < SIM_CHOICES_MAX && (sim_choices[style][contest] & 1U << choice) == 0)
                continue;
            const uint64_t votes = cells->votes[unit][style][method][contest][choice];
            if (*at++ == votes)
                continue;
            snprintf(ret_text, size,
                     "unit %u style %u method %u contest %u choice %u: %" PRIu64
                     ", the judge has %" PRIu64,
                     unit, style, method, contest, choice, at[-1], votes);
            return false;
        }
    }
    return true;
}

bool sim_cells_match(const struct sim_cells *cells, const struct psp_totals *totals, char *ret_text,
                     size_t size)
{
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
        for (uint32_t place = 0; place < sim_unit_styles[unit].n; place++)
            for (uint32_t method = 0; method < SIM_METHODS; method++)
                if (!sim_cells_row_match(
                        cells, unit, sim_unit_styles[unit].styles[place], method,
                        totals->cells +
                            totals->row_first[psp_totals_row(
                                totals, totals->definition->leaf_of_unit[unit], place, method)],
                        ret_text, size))
                    return false;
    return true;
}
