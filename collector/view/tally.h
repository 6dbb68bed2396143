/*
 * tally - one contest added up over a run of leaves.
 *
 * Choices that no style of these leaves lists are marked absent: below a unit a
 * result shows the choices that stood there, zeros included, and no others.
 *
 * Ownership: plain data of the caller; the arrays have room for
 *            PSP_CHOICES_MAX choices.
 * Threads:   any.
 */
#ifndef PSP_TALLY_H
#define PSP_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/view/view.h"

struct psp_tally {
    uint64_t ballots; /* shown where the contest is on the ballot */
    uint64_t counted; /* there, shown or not; PSP_UNSTATED: not told, or not of the method
                         or of the styles with the contest alone */
    uint64_t undervotes, overvotes;
    uint32_t units_total;     /* leaves that vote on the contest */
    uint32_t units_reporting; /* of them, with a final report */
    uint32_t units_partial;   /* of them, with one that is not final */
    uint32_t units_started;   /* of them, with a ballot shown */
    bool held; /* of its rows none was ever shown; never with publication immediate */
    uint64_t votes[PSP_CHOICES_MAX]; /* by position within the contest */
    bool present[PSP_CHOICES_MAX];
};

/* Adds up leaves [leaf_first, leaf_end). `method`: PSP_NONE for all. */
void psp_tally_run(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                   uint32_t leaf_end, uint32_t method, struct psp_tally *ret_tally);

/* One number of the tally alone, for sorting many units: ballots where the
 * contest is on the ballot, or the votes of one choice. */
uint64_t psp_tally_ballots(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                           uint32_t leaf_end, uint32_t method);
uint64_t psp_tally_votes(const struct psp_view *view, uint32_t contest, uint32_t choice,
                         uint32_t leaf_first, uint32_t leaf_end, uint32_t method);

#endif
