/*
 * names - which station a number is: what clients.json says, beside the books.
 *
 * The file is read again when it changes, as routers do. A collector may be without
 * it: then stations are shown by their numbers. A file that cannot be read leaves
 * what was known.
 *
 * Ownership: counted references to a list that never changes.
 * Threads:   one updates; any number take and release.
 */
#ifndef PSP_NAMES_H
#define PSP_NAMES_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "base/reason.h"
#include "cluster/stations.h"

struct psp_names_list; /* counted */

struct psp_names {
    pthread_mutex_t lock; /* of `current` */
    struct psp_names_list *current;
    struct timespec modified; /* of the file read last, with inode and size: whether to read */
    ino_t inode;
    off_t bytes;
};

/* Nothing is known; clear gives back what it holds. */
void psp_names_init(struct psp_names *names);
void psp_names_clear(struct psp_names *names);

/* Reads the file when it is not the one read last. PSP_STALE: it is; PSP_ENOENT: there
 * is none. Otherwise, unless PSP_OK, reterr_reason says what is wrong, once a change. */
enum psp_status psp_names_update(struct psp_names *names, const char *path,
                                 const struct psp_definition *definition,
                                 struct psp_reason *reterr_reason);

/* The newest list, a reference; NULL: nothing is known, also of `names` NULL. */
struct psp_names_list *psp_names_take(struct psp_names *names);
void psp_names_release(struct psp_names_list **list);

/* The station of a number; NULL: not in the list, or no list. */
const struct psp_station *psp_names_find(const struct psp_names_list *list, uint32_t number);

#endif
