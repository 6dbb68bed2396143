/*
 * judge - the order in which a ballot's disposition is found.
 *
 *     rules 1: replayed -> invalid -> not_eligible -> double_vote -> closed -> counted
 *     rules 2: replayed -> invalid -> closed -> not_eligible -> double_vote -> counted
 *
 * The first that applies stands. Which rules hold is said by the genesis, for
 * all of a log; 0.1.0 judged by rules 1, which told whoever asked after the
 * close who had voted. It decides from what is known and changes nothing;
 * ballots.c acts on the verdict.
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
    bool eligible;      /* no roll, or on it for this paper; not looked at by rules 2 unless
                         * accepting */
};

/* The verdict, a byte as in lib/election/verdict.h. */
uint8_t psp_judge_rules_1(bool accepting, const struct psp_judge_known *known);
uint8_t psp_judge_rules_2(bool accepting, const struct psp_judge_known *known);

#endif
