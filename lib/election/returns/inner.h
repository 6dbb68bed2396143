/*
 * inner - what returns allocate; users see `shown`, its first member.
 *
 * Ownership: all of it goes with psp_returns_destroy.   Threads: as returns.h says.
 */
#ifndef PSP_RETURNS_INNER_H
#define PSP_RETURNS_INNER_H

#include "base/limits.h"
#include "base/memory/pool.h"
#include "election/returns/returns.h"

struct psp_returns_whole {
    struct psp_returns shown;
    struct psp_pool pool; /* the texts */
    struct psp_returns_row *rows;
    const char *methods[PSP_METHODS_MAX];
    const char **files;
    struct psp_returns_seats *seats;
};

#endif
