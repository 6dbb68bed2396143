/*
 * version - the document that says what a bridge's indices hold, and lets one writer at a
 * time go ahead.
 *
 * A bridge claims a version before it writes the first document of it, and says when all of
 * them are there. Both go by the document's sequence number, so of two bridges at once one
 * is told that it came second; it reads what the other claimed, and goes on only with what is
 * as new, or newer. Documents themselves are guarded by their versions (bulk.h), so a bridge
 * that was stopped after its claim and wakes up late replaces nothing newer.
 *
 * {"cluster", "shards": […], "number", "as_of", "written": true, "bridge"}
 *
 * Threads: one owner.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_VERSION_H
#define PSP_BRIDGE_OPENSEARCH_VERSION_H

#include <jansson.h>

#include "base/reason.h"
#include "bridge/core/vector.h"
#include "bridge/opensearch/http.h"

struct psp_search_version { /* as it was read or written last */
    struct psp_bridge_vector held;
    bool is_there, is_written;
    int64_t sequence, term;
};

/* PSP_EINVAL: the document is none of a bridge; others as of http.h. */
enum psp_status psp_search_version_read(struct psp_search_http *http, const char *prefix,
                                        struct psp_search_version *ret_version,
                                        struct psp_reason *reterr_reason);

/* `end`: the last line of an answer; `version` as it was read, and as it stands afterwards.
 * PSP_STALE: somebody wrote it in between, nothing was written. */
enum psp_status psp_search_version_write(struct psp_search_http *http, const char *prefix,
                                         const char *bridge, const json_t *end, bool written,
                                         struct psp_search_version *version,
                                         struct psp_reason *reterr_reason);

#endif
