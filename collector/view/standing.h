/*
 * standing - who stands where in one tally: a contest's entries, most votes first.
 *
 * An entry is what can win: a candidate with all lines, a party's list, an answer of a
 * referendum. A candidate on two party lines wins with their sum, so lines alone say
 * nothing of who leads. Lines that name nobody (blank, spoiled, write-in, other) are no
 * entries. Entries with equal votes stand in the definition's order.
 *
 * An entry is known by its first line in the contest: one position for a candidate
 * wherever it is asked, also where that line is not on the ballot.
 *
 * Ownership: plain data of the caller.   Threads: any; pure.
 */
#ifndef PSP_VIEW_STANDING_H
#define PSP_VIEW_STANDING_H

#include "collector/view/tally.h"

struct psp_standing_entry {
    uint32_t first; /* its first line: position within the contest */
    uint64_t votes; /* of its lines on the ballots added up */
};

struct psp_standing {
    uint64_t valid;  /* votes for all lines but blank and spoiled ones */
    uint64_t margin; /* PSP_UNSTATED: held, no entry with a vote, no more entries than seats */
    bool last_seat;  /* margin: of the last that has a seat and the first that has none;
                        else of the first and the second */
    bool tied;       /* margin is 0, and those two have votes */
    uint32_t count;  /* of entries on the ballots added up; 0 while held */
    struct psp_standing_entry entries[PSP_CHOICES_MAX];
};

/* With no entries while the tally is held. */
void psp_standing_rank(const struct psp_catalog *catalog, uint32_t contest,
                       const struct psp_tally *tally, struct psp_standing *ret_standing);

/* Whose an entry is, known by its first line: the candidate's party, else the line's. */
uint32_t psp_standing_party(const struct psp_definition *definition, const struct psp_choice *line);

/* Votes for the lines of the entry that a choice is a line of; for that choice alone when
 * it names nobody. */
uint64_t psp_standing_votes(const struct psp_catalog *catalog, uint32_t contest, uint32_t choice,
                            const struct psp_tally *tally);

#endif
