/*
 * words - what a person has to do when PostgreSQL says no.
 *
 * By SQLSTATE, which is the same in every language that a server speaks.
 *
 * Ownership: words point into the message.   Threads: any; pure.
 */
#ifndef PSP_PG_WORDS_H
#define PSP_PG_WORDS_H

#include "base/reason.h"
#include "base/status.h"

enum { PSP_PG_SQLSTATE_BYTES = 6 };

struct psp_pg_fault {
    const char *sqlstate; /* "" when the server did not come to say one */
    const char *message;  /* its own words; those after the first line are left out */
    const char *host, *database, *user, *schema; /* "" when not known */
};

/* PSP_EUNREACHABLE: not there, or not now; again later, nobody has to act.
 * PSP_EACCES, PSP_ENOENT, PSP_ENOSPC, PSP_EIO: somebody has to act, and then again.
 * PSP_EINVAL: it never will be done with this bridge.json. */
enum psp_status psp_pg_words(const struct psp_pg_fault *fault, struct psp_reason *reterr_reason);

/* The SQLSTATE in a message of libpq that is verbose ("FATAL:  28P01: password …"), and where
 * the server's words begin; "" and all of it: there is none. */
void psp_pg_words_sqlstate(const char *message, char ret_sqlstate[PSP_PG_SQLSTATE_BYTES],
                           const char **ret_words);

#endif
