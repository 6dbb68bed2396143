/*
 * rest - what a collector says, as JSON values.
 *
 * A list comes in pages; between two pages the board may move on. Pages of
 * different versions are never joined: the walk starts again.
 *
 * Ownership: the caller owns returned values.   Threads: one owner.
 * Memory:    one answer, and one list while it is put together.
 */
#ifndef PSP_REST_H
#define PSP_REST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"
#include "cli/show/http_client.h"
#include "cluster/cluster.h"

struct psp_rest;

/* `url`: of a collector. PSP_ENOMEM. */
enum psp_status psp_rest_create(const char *url, struct psp_rest **ret_rest);
void psp_rest_destroy(struct psp_rest **rest);

/* The collector at `url`, or, without one, the first of the cluster in
 * `directory`. False: said why on stderr, in the name of `call`. */
bool psp_rest_open(const char *call, const char *url, const char *directory,
                   struct psp_rest **ret_rest);
/* The same at the collector's address for operators. */
bool psp_rest_open_local(const char *call, const char *url, const char *directory,
                         struct psp_rest **ret_rest);

/* A collector's URL; the caller frees. An address that means "all
 * interfaces" is asked on this host. */
char *psp_rest_url(const struct psp_cluster *cluster, uint32_t collector);

/* One document. PSP_EUNREACHABLE; PSP_EINVAL: refused (psp_rest_error has the
 * collector's words) or not JSON. */
enum psp_status psp_rest_get(struct psp_rest *rest, const char *path, json_t **ret_value);
/* PSP_STALE: still the version of *etag (256 bytes, updated). */
enum psp_status psp_rest_get_newer(struct psp_rest *rest, const char *path, char *etag,
                                   json_t **ret_value);
/* All pages of the list `member`, of one version: the first page's object with
 * the whole list. PSP_EAGAIN: the board moved on each time. */
enum psp_status psp_rest_list(struct psp_rest *rest, const char *path, const char *member,
                              json_t **ret_value);
/* A body that is not ours to parse; lives until the next request. */
enum psp_status psp_rest_text(struct psp_rest *rest, const char *path, const char **ret_text,
                              size_t *ret_bytes);

/* Lines of JSON of any number, as they come; the value lives until `take` returns, and what it
 * answers, unless it is PSP_OK, ends it and comes back. PSP_EAGAIN: 410, begin again. */
typedef enum psp_status psp_rest_take(void *context, const json_t *value);
enum psp_status psp_rest_lines(struct psp_rest *rest, const char *path, psp_rest_take *take,
                               void *context);

/* The collector's URL, as it was opened. */
const char *psp_rest_address(const struct psp_rest *rest);
const char *psp_rest_error(const struct psp_rest *rest);

#endif
