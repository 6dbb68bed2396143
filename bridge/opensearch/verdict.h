/*
 * verdict - what a node said of each document of a bulk. Pure.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_VERDICT_H
#define PSP_BRIDGE_OPENSEARCH_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reason.h"

/* A document is done with 2xx, and with 409: a newer one is there. 429, 5xx and 403 (an index
 * that is blocked for writing) are to be sent again; all others are refused for good.
 *
 * `body`: of a 200 to a `_bulk` of `count` documents. again[i]: document i is to be sent once
 * more. PSP_EINVAL: one is refused for good, and why; PSP_EUNREACHABLE: the body is no answer
 * to it. */
enum psp_status psp_search_read_bulk(const char *body, size_t bytes, size_t count, bool *again,
                                     size_t *ret_again, struct psp_reason *reterr_reason);

#endif
