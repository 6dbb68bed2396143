/*
 * admission - whether the routers still admit a station.
 *
 * A router reads clients.json within a second, but its own: on another host the file
 * must be copied there, and one that cannot be read leaves the old list in force. So
 * who takes a key away asks every router until it says that it no longer admits it.
 * (A gateway looks before every request, and its ballots pass a router.)
 *
 * Ownership: the list is the caller's to free; addresses are the cluster's.
 * Threads:   one owner.
 */
#ifndef PSP_ADMISSION_H
#define PSP_ADMISSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/folder/local.h"
#include "wire/message/codes.h"

enum { PSP_ADMISSION_WAIT_MS = 5000 };

struct psp_admission { /* of one router */
    uint32_t router;
    const char *address;
    bool answered;
    enum psp_admits admits;
    char fault[PSP_REASON_TEXT_BYTES]; /* why its list is an old one; "" */
};

/* Asks all routers after the station of this number until each has said that it does not
 * admit it, at most PSP_ADMISSION_WAIT_MS. PSP_OK: ret_list is theirs (free it), whatever
 * they say. Else as psp_operate_create, about the operator's key. */
enum psp_status psp_admission_ask(const struct psp_local *local, uint32_t station,
                                  struct psp_admission **ret_list, uint32_t *ret_n,
                                  struct psp_reason *reterr_reason);

/* How many have not said that they no longer admit it. */
uint32_t psp_admission_open(const struct psp_admission *list, uint32_t n);

/* On stderr, a line for each of those: which, why, and what to run. */
void psp_admission_say(const struct psp_local *local, const struct psp_admission *list, uint32_t n,
                       const char *name);
/* `router`, `address`, `admits` (null: it did not say), `fault` (null: none). */
json_t *psp_admission_json(const struct psp_admission *list, uint32_t n);

#endif
