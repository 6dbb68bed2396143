/*
 * held - what a results topic holds already, as its newest committed record says.
 *
 * Every transaction ends in a record with the key "version" (no result has such a key: theirs
 * have slashes) whose value is the last line of the answer that it was made from. Rows and
 * this record are committed together, so it is never ahead of them or behind; compaction
 * keeps the newest. It is read backwards from the end, once, when the bridge has shut out
 * every older writer. Its member `bridge` names who wrote it: bridges of two names would not shut
 * each other out, so what another one wrote is left alone.
 *
 * Threads: one owner; waits for brokers, at most a second at a time.
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_HELD_H
#define PSP_BRIDGE_KAFKA_OUT_HELD_H

#include <jansson.h>

#include "base/reason.h"
#include "bridge/core/vector.h"
#include "bridge/local/stop.h"

#define PSP_KAFKA_HELD_KEY "version"

/* Empty where the topic has no such record. PSP_EAGAIN: brokers do not answer; PSP_EPERM: no
 * right to read the topic; PSP_EINVAL: the record is none of a bridge, or of one that is not
 * called `name`. */
enum psp_status psp_kafka_held_read(const json_t *settings, const char *topic, const char *name,
                                    struct psp_bridge_stop *stop,
                                    struct psp_bridge_vector *ret_held,
                                    struct psp_reason *reterr_reason);

#endif
