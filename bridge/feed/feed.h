/*
 * feed - a client of the collectors' REST API.
 *
 * No key: it sees what everybody sees. No proxy and no redirect. A collector that waits
 * for something to tell is asked with a deadline of its own; a stop ends any request
 * within a second.
 *
 * Ownership: borrows URLs and stop until destroy.   Threads: one owner.
 * Memory:    an answer other than /changes up to PSP_BRIDGE_ANSWER_BYTES_MAX.
 */
#ifndef PSP_BRIDGE_FEED_H
#define PSP_BRIDGE_FEED_H

#include <jansson.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/feed/spool.h"
#include "bridge/local/stop.h"

#define PSP_BRIDGE_ANSWER_BYTES_MAX ((size_t)256 << 20)
enum {
    PSP_BRIDGE_FEED_CONNECT_S = 5,
    PSP_BRIDGE_FEED_SILENT_S = 20, /* beside the wait that was asked for */
};

struct psp_bridge_feed;

/* `urls`: as in bridge.json, n of them, 1 or more. PSP_ENOMEM. */
enum psp_status psp_bridge_feed_create(const char *const *urls, uint32_t n,
                                       struct psp_bridge_stop *stop,
                                       struct psp_bridge_feed **ret_feed);
void psp_bridge_feed_destroy(struct psp_bridge_feed **feed);

/* Which of them is asked from now on; the first, before. And its URL. */
void psp_bridge_feed_turn(struct psp_bridge_feed *feed, uint32_t api);
const char *psp_bridge_feed_url(const struct psp_bridge_feed *feed);

/* What has changed since `since` (NULL: everything), all lines but the
 * last into the spool; *ret_end, a reference, is the last. `standing`: results with margins.
 * PSP_ENOENT: 410, `since` is not known. PSP_EAGAIN: busy, or it has nothing yet.
 * PSP_EUNREACHABLE: not there, cut short, or no collector; also when stopped. PSP_ENOSPC,
 * PSP_EIO, PSP_ENOMEM: of the spool. Each with a reason that names the URL. */
enum psp_status psp_bridge_feed_changes(struct psp_bridge_feed *feed, const char *since,
                                        uint32_t wait_s, bool standing,
                                        struct psp_bridge_spool *spool, json_t **ret_end,
                                        struct psp_reason *reterr_reason);

/* Another resource, "/api/v1/overview?version=ID": while a target is handed an answer of
 * /changes, of the collector that gave it. PSP_ENOENT: 404 or 410; else as above. *ret_json is a
 * reference. */
enum psp_status psp_bridge_feed_get(struct psp_bridge_feed *feed, const char *path,
                                    json_t **ret_json, struct psp_reason *reterr_reason);

#endif
