/*
 * people - `import --candidates --voters`, `import --postgres`: what the Kafka demos have,
 * as an election.
 *
 * One contest of all candidates, in which every voter has one vote; a unit a state, below
 * the voters' country; a roll with each voter's unit. `up --roll` and
 * `cast --format votes-topic` work with both.
 *
 * Threads: one owner.
 */
#ifndef PSP_PEOPLE_H
#define PSP_PEOPLE_H

#include <stdbool.h>

#include "cli/prepare/people_read.h"
#include "election/definition/text.h"

struct psp_people_call {
    const char *command; /* for messages: "psephos import" */
    struct psp_people_from from;
    const char *out;              /* folder, made when it is not there */
    const char *id, *name, *date; /* NULL: election, Election, today */
    const char *root;             /* NULL: the voters' country */
    bool drop, strict, dry_run, json;
    struct psp_publication_plan publication;
};

/* Writes OUT/election.json and OUT/roll.csv, over what is there, and prints what they have.
 * An exit code. */
int psp_people_import(const struct psp_people_call *call);

#endif
