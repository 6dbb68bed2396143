/*
 * guess - what to call an election whose file says only its rows.
 *
 * "data/vt-2020-general-precinct.csv" is "vt-2020-general-precinct", held on
 * the Tuesday after the first Monday of November 2020, the day of American
 * general elections. Always the same for the same file name: the definition's
 * hash is part of the configuration fence.
 *
 * Threads: any; pure.
 */
#ifndef PSP_IMPORT_GUESS_H
#define PSP_IMPORT_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

struct psp_import_guess {
    char id[PSP_ID_BYTES_MAX + 1];
    char name[PSP_NAME_BYTES_MAX + 1];
    char date[11];
    bool year_known; /* else the date is 1970-01-01 */
};

/* From the path alone; the file is not opened. */
struct psp_import_guess psp_import_guess(const char *path);

/* "Town Council (Vote for 3)" is 3, "Vote for not more than two" is 2; 1 when an office
 * does not say, or more than a ballot may mark. */
uint32_t psp_import_guess_votes(const char *office);

/* An office that a whole nation elects, in any words: "President", "US PRESIDENT", "President
 * and Vice President of the United States". "Borough President" and "Vice President" are not. */
bool psp_import_guess_national(const char *office);

/* A party's name that says there is none: "NP", "Nonpartisan", "Non-Partisan", "NPA". */
bool psp_import_guess_nonpartisan(const char *party);

#endif
