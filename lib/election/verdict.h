/*
 * verdict - the disposition of a received ballot.
 *
 * Values are on the wire, in the log and in LMDB: they never change meaning.
 * A verdict is one byte: the disposition in the low four bits; when that is
 * `replayed`, the first disposition in the high four bits, else zero there.
 */
#ifndef PSP_VERDICT_H
#define PSP_VERDICT_H

#include <stdint.h>

enum psp_disposition {
    PSP_COUNTED = 1,
    PSP_REPLAYED = 2,
    PSP_DOUBLE_VOTE = 3,
    PSP_NOT_ELIGIBLE = 4,
    PSP_INVALID = 5,
    PSP_CLOSED = 6,
};
/* In place of a verdict, between shard and router: there is no room to keep the
 * refusal, so the ballot is not judged and a station is told BUSY. */
enum { PSP_NOT_JUDGED = 0 };
enum { PSP_DISPOSITIONS_END = 7 }; /* arrays indexed by disposition have this size */

static inline enum psp_disposition psp_verdict_disposition(uint8_t verdict)
{
    return (enum psp_disposition)(verdict & 0x0F);
}

/* The disposition a client acts on: of a replay, the first one. */
static inline enum psp_disposition psp_verdict_first(uint8_t verdict)
{
    const uint8_t low = verdict & 0x0F;
    return (enum psp_disposition)(low == PSP_REPLAYED ? verdict >> 4 : low);
}

static inline uint8_t psp_verdict_replayed(enum psp_disposition first)
{
    return (uint8_t)(((unsigned)first << 4) | PSP_REPLAYED);
}

/* "counted", "double_vote", ...: the words of the API. NULL when out of range. */
const char *psp_disposition_name(enum psp_disposition disposition);

#endif
