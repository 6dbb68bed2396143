/*
 * report - which leaves a report is about, its bytes, and what a shard tells of
 * reports.
 *
 * The leaves of a report: positions, ascending, each a varint in its shortest form;
 * of the first its position, of any other its position less the one before, less 1.
 *
 * The bytes of a report are the message Report of proto/log.proto with its fields in
 * the order of their numbers, each number in its shortest form and zeros left out:
 * equal reports are equal bytes, whatever library wrote them. Shards compare them,
 * hash them, and hand out those of their last one.
 *
 * What a shard tells of its leaves, leaf by leaf, ascending, begins with the same
 * gaps:
 *
 *     reports       gap, number of the leaf's last report, index of its entry, its
 *                   time in ms, 1 when the leaf is final, else 0
 *     leaf_ballots  gap, ballots counted there
 *
 * Ownership: what is read points into the bytes it was read from.
 * Threads:   any; pure.
 */
#ifndef PSP_WIRE_REPORT_H
#define PSP_WIRE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/varint.h"
#include "wire/message/message.h"

/* ---- leaves ---- */

/* Writes a leaf; `next` is the one after the leaf written last, 0 at first. Returns
 * the bytes written, at most PSP_VARINT32_BYTES_MAX. */
size_t psp_leaf_put(uint32_t next, uint32_t leaf, uint8_t *ret_bytes);
/* Reads the next one off the front of *bytes, and makes *next what follows it.
 * False, all untouched: *bytes does not begin with a leaf below leaf_count. */
bool psp_leaf_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count,
                   uint32_t *ret_leaf);

/* ---- a report ---- */

/* The highest number of a report: JSON readers take no greater one as a whole number. */
#define PSP_REPORT_NUMBER_MAX ((uint64_t)INT64_MAX)

/* NULL, or why it is none: no number or one too great, no leaf, a leaf that is not below
 * leaf_count, twice or out of order, an unknown `final`. Static text. */
const char *psp_report_fault(const struct psp_report *report, uint32_t leaf_count);

/* Returns the bytes needed; writes them if they are at most `size`. */
size_t psp_report_encode(const struct psp_report *report, uint8_t *ret_bytes, size_t size);
/* NULL, or why these are not the bytes of a report, *ret_report untouched. Of leaves
 * only that they are below PSP_UNITS_MAX. */
const char *psp_report_decode(struct psp_bytes bytes, struct psp_report *ret_report);

/* ---- what a shard tells ---- */

struct psp_leaf_report {
    uint64_t number, index, time_ms; /* number 0: the leaf was never reported */
    bool final;
};

enum {
    PSP_LEAF_REPORT_BYTES_MAX = PSP_VARINT32_BYTES_MAX + 3 * PSP_VARINT64_BYTES_MAX + 1,
    PSP_LEAF_BALLOTS_BYTES_MAX = PSP_VARINT32_BYTES_MAX + PSP_VARINT64_BYTES_MAX,
};

/* As psp_leaf_put and psp_leaf_next, with what follows the gap. */
size_t psp_leaf_report_put(uint32_t next, uint32_t leaf, const struct psp_leaf_report *report,
                           uint8_t ret_bytes[PSP_LEAF_REPORT_BYTES_MAX]);
bool psp_leaf_report_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count,
                          uint32_t *ret_leaf, struct psp_leaf_report *ret_report);
size_t psp_leaf_ballots_put(uint32_t next, uint32_t leaf, uint64_t ballots,
                            uint8_t ret_bytes[PSP_LEAF_BALLOTS_BYTES_MAX]);
bool psp_leaf_ballots_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count,
                           uint32_t *ret_leaf, uint64_t *ret_ballots);

#endif
