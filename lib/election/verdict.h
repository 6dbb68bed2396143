/*
 * verdict - the disposition of a received ballot.
 *
 * Values are on the wire, in the log and in LMDB: they never change meaning.
 * A verdict is one byte: the disposition in the low four bits; when that is
 * `replayed`, the first disposition in the high four bits, else zero there.
 *
 * The table below is the only list of them: names, books, stores, the API and
 * the metrics are made from it. A new one goes last.
 *
 * Threads: any; pure.
 */
#ifndef PSP_VERDICT_H
#define PSP_VERDICT_H

#include <stdint.h>

/* X(NAME, word of the API and field of Books, value) */
#define PSP_DISPOSITIONS(X)                                                                        \
    X(COUNTED, counted, 1)                                                                         \
    X(REPLAYED, replayed, 2)                                                                       \
    X(DOUBLE_VOTE, double_vote, 3)                                                                 \
    X(NOT_ELIGIBLE, not_eligible, 4)                                                               \
    X(INVALID, invalid, 5)                                                                         \
    X(CLOSED, closed, 6)

enum psp_disposition {
#define X(NAME, word, value) PSP_##NAME = value,
    PSP_DISPOSITIONS(X)
#undef X
};
/* In place of a verdict, between shard and router: there is no room to keep the
 * refusal, so the ballot is not judged and a station is told BUSY. */
enum { PSP_NOT_JUDGED = 0 };
/* Likewise: the batch asked for known ballots only, and this one is not known. */
enum { PSP_NOT_KNOWN = 0x0F };
#define X(NAME, word, value) +1
enum { PSP_DISPOSITIONS_END = 1 PSP_DISPOSITIONS(X) }; /* size of an array by disposition */
#undef X

/* The low four bits. */
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

/* A replay of a ballot that was first disposed of so. */
static inline uint8_t psp_verdict_replayed(enum psp_disposition first)
{
    return (uint8_t)(((unsigned)first << 4) | PSP_REPLAYED);
}

/* "counted", "double_vote", ...: the words of the API. NULL when out of range. */
const char *psp_disposition_name(enum psp_disposition disposition);

#endif
