/*
 * page - the files of the page, held in memory.
 *
 * Read once at the start: a request can name only what was found then, so no
 * path of a request ever reaches the file system. Hidden files and links that
 * lead out are passed over.
 *
 * Ownership: owns everything.   Threads: immutable after load.
 * Memory:    at most PSP_PAGE_BYTES_MAX, and the compressed copies.
 */
#ifndef PSP_PAGE_H
#define PSP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    PSP_PAGE_FILES_MAX = 4096,
    PSP_PAGE_DEPTH_MAX = 8,
    PSP_PAGE_BYTES_MAX = 64 << 20,
};

struct psp_page_file {
    char *path;               /* as in a URL: "/index.html" */
    const char *content_type; /* static */
    char *data, *packed;      /* packed: gzip, NULL when it would not be smaller */
    size_t bytes, packed_bytes;
    char etag[24];
};

struct psp_page;

/* PSP_ENOENT: no such folder; PSP_EINVAL: over a limit; PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_page_load(const char *directory, struct psp_page **ret_page);
/* One without files. PSP_ENOMEM. */
enum psp_status psp_page_create(struct psp_page **ret_page);
/* One file more; its type goes by the ending of `path`. Statuses of load. */
enum psp_status psp_page_add(struct psp_page *page, const char *path, const char *url);
void psp_page_destroy(struct psp_page **page);

/* "/" is "/index.html". NULL: no such file. */
const struct psp_page_file *psp_page_find(const struct psp_page *page, const char *path);

/* What "/" shows when there is no page: what the API has. Static. */
const char *psp_page_fallback(void);

#endif
