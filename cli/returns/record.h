/*
 * record - import.json: how the files of an election were read.
 *
 * Stands beside election.json, and `up` carries it into DIR: `cast --returns` reads
 * by it without being told, `import --like` reads the next county or snapshot by it.
 * Nothing that counts depends on it.
 *
 * Threads: any.
 */
#ifndef PSP_RETURNS_RECORD_H
#define PSP_RETURNS_RECORD_H

#include <jansson.h>

#include "base/reason.h"
#include "election/import/import.h"
#include "election/import/meaning/meaning.h"
#include "election/import/reading/options.h"
#include "election/returns/returns.h"

enum { PSP_RETURNS_SEATS_MAX = 64 };

struct psp_returns_options { /* zero-initialise */
    struct psp_reading_options reading;
    struct psp_meaning_options meaning;
    bool primary;
    bool primary_told; /* else the files' names may say it */
    char root[256];    /* "": the United States */
    unsigned seats_n;
    struct psp_import_seats seats[PSP_RETURNS_SEATS_MAX];
};

/* "DIR/import.json" beside any file of DIR; the caller frees. */
char *psp_record_beside(const char *path);

/* PSP_EIO and whatever stands in the way of writing. */
enum psp_status psp_record_write(const char *path, const struct psp_returns_options *options,
                                 const struct psp_returns *returns,
                                 struct psp_reason *reterr_reason);
/* PSP_ENOENT, PSP_EIO, PSP_EINVAL; the reason names the file. */
enum psp_status psp_record_load(const char *path, struct psp_returns_options *ret_options,
                                struct psp_reason *reterr_reason);

/* How the rows were read, without what only the making of a definition needs; and the
 * names of the files. The caller's, json_decref. */
json_t *psp_record_reading(const struct psp_returns_options *options,
                           const struct psp_returns *returns);
json_t *psp_record_files(const struct psp_returns *returns);

/* Copies the one beside `from` to DIR, if there is one. PSP_EIO, ... with a reason. */
enum psp_status psp_record_carry(const char *from, const char *directory,
                                 struct psp_reason *reterr_reason);

#endif
