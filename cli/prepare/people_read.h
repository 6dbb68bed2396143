/*
 * people_read - candidates, voters and the places that they live in, from files or tables.
 *
 * A place is the state of a voter's address: votes of the demos say no more of where
 * they belong. Blanks around its name and the case of its letters do not matter, as they
 * do not when votes are cast; its name is the spelling of most voters.
 *
 * A voter or candidate whose lines are there twice and say the same, as when a producer
 * sent them again, is taken once.
 *
 * Ownership: psp_people_free.   Threads: one owner.
 * Memory:    of a voter the ID, 16 bytes, and up to 36 of an index.
 */
#ifndef PSP_PEOPLE_READ_H
#define PSP_PEOPLE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory/id_index.h"

enum psp_person_text {
    PSP_PERSON_ID,
    PSP_PERSON_NAME,
    PSP_PERSON_PARTY,
    PSP_PERSON_BIOGRAPHY,
    PSP_PERSON_PLATFORM,
    PSP_PERSON_PHOTO,
    PSP_PERSON_TEXTS,
};

struct psp_person { /* a candidate */
    char *text[PSP_PERSON_TEXTS];
};

struct psp_people_place {
    char *key;  /* lower case, without blanks around it */
    char *name; /* the spelling of most of its voters */
    char *country;
    uint64_t voters;
};

struct psp_people_voter {
    char *id;
    uint32_t place;
};

struct psp_people { /* zero-initialise */
    struct psp_person *candidates;
    uint32_t candidate_n;
    struct psp_people_place *places; /* by key */
    uint32_t place_n;
    struct psp_people_voter *voters; /* in the order of their file, or of their IDs */
    uint32_t voter_n;
    uint64_t again;   /* lines that said what another one had said */
    uint64_t dropped; /* that could not be taken, and were left out */
};

/* Where they are read: two files, or the tables candidates and voters of a database. */
struct psp_people_from {
    const char *candidates, *voters; /* paths */
    const char *postgres;            /* a conninfo, and no paths; NULL: none */
};

/* Reads both; what cannot be taken is told on stderr, the first lines of it, in
 * the name of `command`. `drop`: such lines are left out. False: refused, or one file has
 * nobody in it. Free it either way. */
bool psp_people_read(const char *command, const struct psp_people_from *from, bool drop,
                     struct psp_people *ret_people);
void psp_people_free(struct psp_people *people);

#endif
