/*
 * source - a collector that is asked for all of one version.
 *
 * The first answer says which version it is, and every later one must be of the same: it is
 * asked for by its ID where the collector gives one (version.id), and compared in any case.
 * A collector of before that is read, too, as long as the board stands still meanwhile.
 *
 * Ownership: the caller owns returned values.   Threads: one owner.
 * Memory:    one answer, and what is made of it.
 */
#ifndef PSP_SOURCE_H
#define PSP_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct psp_source;

/* `url`: of a collector. PSP_ENOMEM. */
enum psp_status psp_source_create(const char *url, struct psp_source **ret_source);
void psp_source_destroy(struct psp_source **source);

/* Asks for the newest version: /api/v1/election. PSP_STALE: still the one that was asked for
 * last, fresh or stale as it was (the ETag says so). PSP_EUNREACHABLE; PSP_EINVAL: refused,
 * or nothing of ours. */
enum psp_status psp_source_begin(struct psp_source *source, json_t **ret_election);
/* The next begin answers in any case. */
void psp_source_forget(struct psp_source *source);

/* One document of the version. PSP_EAGAIN: the version is gone, begin anew; PSP_ENOENT: there
 * is no such path (404); else as begin. */
enum psp_status psp_source_get(struct psp_source *source, const char *path, json_t **ret_value);
/* One that has no version, such as /shards. */
enum psp_status psp_source_get_any(struct psp_source *source, const char *path, json_t **ret_value);

/* Calls `visit` with every item of the list `member`, page by page. `of_version`: of the
 * version; else what is asked for is in all versions the same. */
typedef void psp_source_visit(void *context, json_t *item);
enum psp_status psp_source_each(struct psp_source *source, const char *path, const char *member,
                                bool of_version, psp_source_visit *visit, void *context);

/* Calls `visit` with every row of the version, as lines of /api/v1/changes with standing=1:
 * one answer of any length, for which the collector keeps the version however long it is read.
 * PSP_ENOENT: this collector gives no such answer, nothing was visited. PSP_EAGAIN: the version
 * is gone, or the answer was cut short: what was visited is void. */
enum psp_status psp_source_rows(struct psp_source *source, psp_source_visit *visit, void *context);

/* A body as it is; lives until the next request. `of_version`: of the version. */
enum psp_status psp_source_bytes(struct psp_source *source, const char *path, bool of_version,
                                 const char **ret_bytes, size_t *ret_length);

/* Whether the collector gives versions an ID, and so keeps them. Without, what has no version
 * in its body (CSV) is only known to be of it when begin still answers PSP_STALE. */
bool psp_source_is_pinned(const struct psp_source *source);
/* What went wrong, and what to do, for a person. */
const char *psp_source_error(const struct psp_source *source);
uint64_t psp_source_requests(const struct psp_source *source);

#endif
