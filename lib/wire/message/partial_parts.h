/*
 * partial_parts - a partial that comes in several messages, put together.
 *
 * The rows of a large election do not fit one message, nor do what is said of its
 * leaves (reports, ballots). The shard cuts them, as bytes and all of one index,
 * into parts; the same connection delivers them in order. Only when the last one is
 * there is there a partial: nothing is ever shown of half of one. A part out of
 * order, or of another answer, ends what was begun; whoever asked asks again when
 * no answer comes.
 *
 * Ownership: owns what is gathered; a partial of one part is passed on as it is.
 * Threads:   one owner.
 * Memory:    rows, reports and ballots of one partial, at most PSP_PARTIAL_PARTS_MAX
 *            parts of PSP_MESSAGE_BYTES_MAX; freed by the next take or by clear.
 */
#ifndef PSP_PARTIAL_PARTS_H
#define PSP_PARTIAL_PARTS_H

#include "base/status.h"
#include "wire/message/message.h"

/* Bytes of a partial that are gathered. */
struct psp_gathered {
    uint8_t *bytes;
    size_t length, capacity;
};

/* All zero: nothing begun. */
struct psp_partial_parts {
    uint64_t id; /* of the Watch that is answered */
    uint64_t epoch, index, base_index;
    uint32_t replica, parts, next; /* next: the part that must follow; 0: nothing begun */
    struct psp_gathered rows, reports, leaf_ballots;
};

/* PSP_OK: *ret_whole is whole; what was gathered lasts until the next call, the rest
 *   of it as long as `part`.
 * PSP_EAGAIN: more parts will come.
 * PSP_EINVAL: not the part that must follow; what was begun is dropped.
 * PSP_ENOMEM: the same. */
enum psp_status psp_partial_parts_take(struct psp_partial_parts *parts, uint64_t id,
                                       const struct psp_partial *part,
                                       struct psp_partial *ret_whole);
void psp_partial_parts_clear(struct psp_partial_parts *parts);

#endif
