/*
 * judge - the order in which a ballot's disposition is found.
 *
 *     replayed -> invalid -> not_eligible -> double_vote -> closed -> counted
 *
 * The first that applies stands. It decides from what is known and changes
 * nothing; count.c acts on the verdict.
 *
 * Threads: any; pure.
 */
#ifndef PSP_JUDGE_H
#define PSP_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "election/verdict.h"

/* What marks, index, refusals and roll say of the ballot and its voter. */
struct psp_judge_known {
    uint8_t first;      /* the first disposition of this (digest, tag); 0 none */
    bool valid;         /* psp_totals_read */
    bool voter_counted; /* the voter has a ballot counted */
    bool eligible;      /* no roll, or on it and in this unit */
};

/* The verdict, a byte as in lib/election/verdict.h. */
uint8_t psp_judge(bool election_open, const struct psp_judge_known *known);

#endif
