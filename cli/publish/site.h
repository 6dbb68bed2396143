/*
 * site - the folder that a web server shows: immutable files and one small file that moves.
 *
 *     DIR/v/HASH.json, .csv, .jpg …  named by what is in them, never changed
 *     DIR/latest.json                which of them the newest version is
 *     DIR/latest/CONTEST.csv         the newest of a contest under a name that stays
 *     DIR/.lock, DIR/v/.new-…        ours
 *
 * Everything is written beside and renamed, latest.json last and after all else is on the
 * disk: whoever reads it finds every file that it leads to, whole, whenever this process or
 * the machine stops. What did not change is not written again. A file that no version needs
 * any more goes when it has not been needed for a while: readers may still be at it.
 *
 * Ownership: owns its folder until closed (lock.h).   Threads: one owner.
 * Memory:    the names of its files.
 */
#ifndef PSP_SITE_H
#define PSP_SITE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

enum { PSP_SITE_PATH_BYTES = 64 };

struct psp_site;

/* Of one edition, since psp_site_begin. */
struct psp_site_counts {
    uint64_t files, bytes;           /* that it needs, latest.json and latest/ left out */
    uint64_t written, bytes_written; /* of them, new on the disk */
    uint64_t linked;                 /* of latest/ */
    uint64_t removed;                /* that nothing needed any more */
};

/* Makes the folder where there is none. PSP_EBUSY: another publisher has it; PSP_ECORRUPT:
 * what stands there is not of `psephos publish`; PSP_EEXIST: the folder holds
 * other files and no earlier publication; PSP_EACCES, PSP_ENOSPC, PSP_EIO. */
enum psp_status psp_site_open(const char *path, struct psp_site **ret_site,
                              struct psp_reason *reterr_reason);
void psp_site_close(struct psp_site **site);

/* latest.json as it stands; NULL: nothing was published yet. */
const json_t *psp_site_latest(const struct psp_site *site);

/* Another edition begins: what the one before put is not needed by it. */
void psp_site_begin(struct psp_site *site);
/* Writes the file, unless it is there. ret_path: "v/HASH.ending", as the page asks for it. */
enum psp_status psp_site_put(struct psp_site *site, const void *bytes, size_t length,
                             const char *ending, char ret_path[PSP_SITE_PATH_BYTES],
                             struct psp_reason *reterr_reason);
/* The same of a value as compact JSON. */
enum psp_status psp_site_put_json(struct psp_site *site, const json_t *value,
                                  char ret_path[PSP_SITE_PATH_BYTES],
                                  struct psp_reason *reterr_reason);
/* A file that an edition before has put: this one needs it, too. */
void psp_site_keep(struct psp_site *site, const char *path);

/* `latest` becomes latest.json, after everything that was put is on the disk; `csv`: contest
 * -> path of its CSV, for latest/. The edition is then the one that is shown. */
enum psp_status psp_site_publish(struct psp_site *site, const json_t *latest, const json_t *csv,
                                 struct psp_reason *reterr_reason);
/* latest.json again, of the same edition. */
enum psp_status psp_site_touch(struct psp_site *site, const json_t *latest,
                               struct psp_reason *reterr_reason);

/* Removes what has not been needed for `keep_s`. What cannot be removed stays. */
void psp_site_sweep(struct psp_site *site, uint64_t keep_s);

/* What has happened since psp_site_begin. */
struct psp_site_counts psp_site_counts(const struct psp_site *site);

/* A file beside all that, written when it is another one: the page's. `name` has no ".." */
enum psp_status psp_site_write(struct psp_site *site, const char *name, const void *bytes,
                               size_t length, struct psp_reason *reterr_reason);

#endif
