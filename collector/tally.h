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

#include "collector/view.h"

struct psp_tally {
    uint64_t ballots; /* counted where the contest is on the ballot */
    uint64_t undervotes, overvotes;
    uint32_t units_total;            /* leaves that vote on the contest */
    uint32_t units_reporting;        /* of them, declared complete */
    uint32_t units_started;          /* of them, with a ballot counted */
    uint64_t votes[PSP_CHOICES_MAX]; /* by position within the contest */
    bool present[PSP_CHOICES_MAX];
};

/* Adds up leaves [leaf_first, leaf_end). `method`: PSP_NONE for all. */
void psp_tally_run(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                   uint32_t leaf_end, uint32_t method, struct psp_tally *ret_tally);

/* The leaves of a unit. */
void psp_tally_unit(const struct psp_view *view, uint32_t contest, uint32_t unit, uint32_t method,
                    struct psp_tally *ret_tally);

#endif
