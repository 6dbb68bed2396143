/*
 * latency - how long the disk takes to make entries durable.
 *
 * Of the last fsyncs, and none that is old: the time that 99 of 100 of them need. One
 * that is under way counts with the time that it has taken so far.
 *
 * Ownership: plain data.   Threads: one owner.
 */
#ifndef PSP_LATENCY_H
#define PSP_LATENCY_H

#include <stdint.h>

enum {
    PSP_LATENCY_SAMPLES = 128,
    PSP_LATENCY_FORGET_MS = 60000,
    PSP_LATENCY_FEWEST = 3, /* with fewer slow ones it may be a hiccup */
};

struct psp_latency { /* zero-initialise */
    struct {
        uint64_t at_ms;
        uint32_t took_ms;
    } samples[PSP_LATENCY_SAMPLES];
    uint32_t next;
};

/* One took so long. */
void psp_latency_add(struct psp_latency *latency, uint64_t now_ms, uint64_t took_ms);
/* What 99 of 100 need at most, but not more than the PSP_LATENCY_FEWEST-th longest; 0: too few
 * are known. */
uint32_t psp_latency_p99(const struct psp_latency *latency, uint64_t now_ms);

#endif
