/*
 * bulk - documents on their way to a node, a `_bulk` at a time.
 *
 * Each goes with its version and version_type external_gte, so that a node keeps the newer of
 * two, whoever sends it: 409 on a document says that a newer one is there, and is done. What
 * the node has no room for (429, 5xx of a document, or of all) is sent again after a while,
 * and only that. A bulk that is too large for the node (413) goes in halves, from then on.
 *
 * Ownership: owns its text.   Threads: one owner.
 * Memory:    a bulk: 4 MiB and a document.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_BULK_H
#define PSP_BRIDGE_OPENSEARCH_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/text/text.h"
#include "bridge/local/stats.h"
#include "bridge/opensearch/http.h"

enum {
    PSP_SEARCH_BULK_BYTES = 4 << 20, /* and documents: then it leaves */
    PSP_SEARCH_BULK_DOCUMENTS = 2000,
    PSP_SEARCH_TRIES = 8, /* in a row without a document; then the answer is tried later */
};

struct psp_search_document { /* places in `text`: its two lines */
    size_t at, bytes;
};

struct psp_search_bulk { /* psp_search_bulk_start */
    struct psp_search_http *http;
    struct psp_bridge_stop *stop;
    struct psp_bridge_stats *stats; /* NULL: nothing is counted */
    struct psp_text text;
    struct psp_search_document *documents;
    size_t count, capacity;
    size_t bytes_max; /* of a request; halved by 413 */
};

/* Empty; all of these must outlive it. */
void psp_search_bulk_start(struct psp_search_bulk *bulk, struct psp_search_http *http,
                           struct psp_bridge_stop *stop, struct psp_bridge_stats *stats);
/* What is not sent is forgotten; start it anew. */
void psp_search_bulk_free(struct psp_search_bulk *bulk);
/* The same, and its memory is kept. */
void psp_search_bulk_clear(struct psp_search_bulk *bulk);

/* `source`: an object as JSON in one line. Sends what is there when it is enough.
 * PSP_EINVAL: the node will never take a document; PSP_EPERM; PSP_EUNREACHABLE, PSP_EAGAIN:
 * later, PSP_ENOMEM. */
enum psp_status psp_search_bulk_add(struct psp_search_bulk *bulk, const char *index, const char *id,
                                    size_t id_bytes, uint64_t version,
                                    const struct psp_text *source,
                                    struct psp_reason *reterr_reason);
/* All that is left. */
enum psp_status psp_search_bulk_flush(struct psp_search_bulk *bulk,
                                      struct psp_reason *reterr_reason);

#endif
