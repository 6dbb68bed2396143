/*
 * ballot - one voter's paper, as rows at the edge and as columns inside.
 *
 * Marks: what the voter marked, in one canonical byte form, so that the same
 * ballot always has the same tag whichever way it came:
 *
 *     varint K                      contests marked
 *     K times:  varint contest      position in the definition, ascending
 *               varint n            choices marked
 *               n varint            positions within the contest, ascending
 *
 * An unknown contest or choice is written as PSP_NONE; repeats are kept, side
 * by side: the shard judges them, not the router. Varints are LEB128 as in
 * Protocol Buffers, in their shortest form.
 *
 * Columns: n ballots as parallel arrays, all integers little-endian, no
 * alignment promised. A shard sees digests, never voter IDs.
 *
 * Ownership: points at what others own.   Threads: any; pure.
 */
#ifndef PSP_BALLOT_H
#define PSP_BALLOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "base/limits.h"
#include "base/status.h"

struct psp_mark {
    uint32_t contest; /* position or PSP_NONE */
    uint32_t choice;  /* position within the contest, or PSP_NONE */
};

/* Writes the canonical marks of `n` (contest, choice) pairs, in any order.
 * A contest without choices is simply not listed. Pairs of one contest become
 * one contest: when the input lists a contest twice, the caller adds a mark
 * {contest, PSP_NONE}, so that the repeat is judged. Sorts `marks` in place.
 * PSP_EINVAL: over PSP_MARKED_*_MAX or `ret_size`. */
enum psp_status psp_marks_encode(struct psp_mark *marks, size_t n, uint8_t *ret_bytes,
                                 size_t ret_size, size_t *ret_length);

/* Length of the marks at `bytes`, 0 when they are not canonical in shape
 * (truncated, over a limit, not ascending). */
size_t psp_marks_length(const uint8_t *bytes, size_t available);

/* The next number of marks that are checked: no bounds to see to, and nearly
 * always one byte. */
static inline uint32_t psp_marks_next(const uint8_t **marks)
{
    const uint8_t *at = *marks;
    uint32_t value = *at++;
    if (value & 0x80) {
        value &= 0x7F;
        for (unsigned shift = 7;; shift += 7) {
            const uint8_t byte = *at++;
            value |= (uint32_t)(byte & 0x7F) << shift;
            if (!(byte & 0x80))
                break;
        }
    }
    *marks = at;
    return value;
}

/* What a client sends: voter IDs in clear, on the way to a router only. */
struct psp_client_columns {
    uint32_t n;
    const uint8_t *voter_lengths; /* n, each 1..255 */
    const uint8_t *voter_ids;     /* concatenated */
    size_t voter_bytes;
    const uint8_t *ballot_ids; /* 16 n */
    const uint8_t *units;      /* 4 n: position of the unit, or PSP_NONE */
    const uint8_t *methods;    /* n: position, 255 unknown */
    const uint8_t *cast_at_ms; /* 8 n: ms since 1970, 0 not stated */
    const uint8_t *styles;     /* 4 n: position of the style, or PSP_NONE; NULL: none is named */
    const uint8_t *resent;     /* a bit a ballot, lowest first: sent before; NULL: none was */
    const uint8_t *stations;   /* 4 n: the station's number; NULL: the key's own */
    const uint8_t *marks;      /* concatenated canonical marks */
    size_t marks_bytes;
    const uint16_t *marks_lengths; /* n, of those decoded or translated: not sent */
};

/* What travels inside the cluster and lies in the log. */
struct psp_count_columns {
    uint32_t n;
    const uint8_t *digests; /* 16 n */
    const uint8_t *tags;    /* 8 n */
    const uint8_t *units;   /* 4 n */
    const uint8_t *methods; /* n */
    const uint8_t *marks;   /* concatenated canonical marks */
    size_t marks_bytes;
    struct psp_bytes stations; /* runs: the station's number; empty: 0 (rules 1) */
    struct psp_bytes styles;   /* runs: which of the unit's styles, from 1, 0 none; empty: 1 */
};

/* Checks lengths and every ballot's marks: what passes can be walked without
 * further bounds checks, and where each ballot's marks end is known
 * (ret_marks_lengths: n). PSP_EINVAL with a static reason in *ret_reason. */
enum psp_status psp_client_columns_check(const struct psp_client_columns *columns,
                                         uint16_t *ret_marks_lengths, const char **ret_reason);
enum psp_status psp_count_columns_check(const struct psp_count_columns *columns,
                                        const char **ret_reason);

#endif
