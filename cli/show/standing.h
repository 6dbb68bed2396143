/*
 * standing - how the election stands, in words: whether it is open, and what is held.
 *
 * Where votes are shown by report, the collector's answers hold back the results that
 * were not reported: their choices are null, which is not the same as no votes.
 *
 * Threads: any; pure.
 */
#ifndef PSP_STANDING_H
#define PSP_STANDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "wire/message/codes.h"

/* "the election is open", ... */
const char *psp_standing_text(enum psp_election_state state);
/* The same of the answer of /api/v1/election. */
const char *psp_standing_of(const json_t *election);

/* Whether a result of the API is held. */
bool psp_standing_held(const json_t *result);
/* It was reported, of so few ballots that they are not shown. */
bool psp_standing_too_few(const json_t *result);
/* Says on `file`, in the name of `call`, how many of the results are left out because
 * they are held, and how many are not final; nothing when none is. */
void psp_standing_say_held(const char *call, const json_t *results, FILE *file);

#endif
