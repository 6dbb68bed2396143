/*
 * conninfo - what may be said of a conninfo of PostgreSQL that libpq does not take.
 *
 * libpq quotes the part that it stumbles over, or all of it; that may be a password, and what
 * is said goes to logs and to whoever asks for a bridge's state.
 *
 * Threads: any; pure.
 */
#ifndef PSP_SQL_CONNINFO_H
#define PSP_SQL_CONNINFO_H

/* `words`: libpq's own. Returns them, or, where the conninfo may hold a password, what to do
 * without them. */
const char *psp_conninfo_words(const char *conninfo, const char *words);

#endif
