/*
 * demos_people - candidates and voters as the Kafka demos have them, from a seed.
 *
 * In their demo a web service makes these people up, one request each. Here a voter
 * depends on seed and number only, so that any number of them is made without keeping
 * any, and made again. Candidates and voters have the columns of the demos' tables; nobody
 * exists.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PREPARE_DEMOS_PEOPLE_H
#define PSP_PREPARE_DEMOS_PEOPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text/text.h"
#include "election/synthetic/synthetic.h"

enum { PSP_DEMO_CANDIDATES = 3, PSP_DEMO_CANDIDATE_COLUMNS = 6, PSP_DEMO_VOTER_COLUMNS = 16 };
enum { PSP_DEMO_TEXT_BYTES = 512 };

/* Of their tables, in their order. */
extern const char *const psp_demo_candidate_columns[PSP_DEMO_CANDIDATE_COLUMNS];
extern const char *const psp_demo_voter_columns[PSP_DEMO_VOTER_COLUMNS];

struct psp_demo_candidate {
    const char *texts[PSP_DEMO_CANDIDATE_COLUMNS];
    char id[PSP_SYNTHETIC_FIELD_BYTES], name[PSP_SYNTHETIC_FIELD_BYTES];
    char photo[PSP_DEMO_TEXT_BYTES];
};

struct psp_demo_voter {
    const char *texts[PSP_DEMO_VOTER_COLUMNS];
    struct psp_synthetic_voter voter; /* what they point at */
};

/* `number`: below PSP_DEMO_CANDIDATES. */
void psp_demo_candidate(uint64_t seed, uint32_t number, struct psp_demo_candidate *ret_candidate);
void psp_demo_voter(uint64_t seed, uint64_t number, struct psp_demo_voter *ret_voter);

/* The message of `voters_topic`; its key is the voter's ID. Writes over the text. */
void psp_demo_voter_message(const struct psp_demo_voter *voter, struct psp_text *text);

#endif
