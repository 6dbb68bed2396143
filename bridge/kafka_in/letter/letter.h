/*
 * letter - what the dead-letter topic says of a message that was not counted.
 *
 *     key    topic/partition/offset
 *     value  {"format":1,"topic":"votes","partition":3,"offset":41,"time":"…",
 *             "disposition":"invalid","reason":"…","key":"base64","value":"base64"}
 *
 * docs/dead-letter.schema.json has the members. The same message always gives the same
 * letter, so one that is written twice stands once by its key. A ballot is secret: key,
 * value, and what a reason would quote of them, stand in it only when bridge.json says
 * "dead_letter": "whole".
 *
 * Threads: any; pure.
 */
#ifndef PSP_BRIDGE_LETTER_H
#define PSP_BRIDGE_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/text/text.h"
#include "bridge/local/stats.h"

enum { PSP_BRIDGE_LETTER_FORMAT = 1 };

struct psp_bridge_letter {
    const char *topic;
    int32_t partition;
    int64_t offset, time_ms; /* time_ms: of the message; negative: it has none */
    enum psp_bridge_rejection rejection;
    const char *reason;          /* may quote the message; "" none */
    struct psp_bytes key, value; /* of the message */
};

/* Appends. */
void psp_bridge_letter_key(const struct psp_bridge_letter *letter, struct psp_text *text);
void psp_bridge_letter_value(const struct psp_bridge_letter *letter, bool whole,
                             struct psp_text *text);

#endif
