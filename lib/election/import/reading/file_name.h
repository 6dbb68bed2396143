/*
 * file_name - what the name of a file of returns says.
 *
 * OpenElections write "20220517__pa__primary__allegheny__precinct.csv": date,
 * state, perhaps a party, the kind of election, perhaps a county, the level. What
 * the columns do not say is taken from there.
 *
 * Threads: any; pure.
 */
#ifndef PSP_FILE_NAME_H
#define PSP_FILE_NAME_H

#include <stdbool.h>

struct psp_file_facts { /* "" where the name does not say */
    char date[sizeof "YYYY-MM-DD"];
    char state[3]; /* its postal code, in capitals */
    char party[64], county[64];
    bool primary; /* it says that it is one */
};

/* "2022-05-17", a day of the calendar. */
bool psp_file_date_good(const char *date);

/* From the last part of the path; the file is not opened. */
struct psp_file_facts psp_file_facts(const char *path);

#endif
