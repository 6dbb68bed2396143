/* A ring; the longest few are looked for when asked. */
#include "shard/entries/latency.h"

#include <assert.h>

void psp_latency_add(struct psp_latency *latency, uint64_t now_ms, uint64_t took_ms)
{
    assert(latency->next < PSP_LATENCY_SAMPLES);
    latency->samples[latency->next].at_ms = now_ms + 1; /* 0: none */
    latency->samples[latency->next].took_ms =
        took_ms < UINT32_MAX ? (uint32_t)took_ms + 1 : UINT32_MAX;
    latency->next = (latency->next + 1) % PSP_LATENCY_SAMPLES;
}

/* Of 128 samples at most the third longest is above one hundredth of them. */
uint32_t psp_latency_p99(const struct psp_latency *latency, uint64_t now_ms)
{
    static_assert(PSP_LATENCY_SAMPLES <= 100 * PSP_LATENCY_FEWEST, "the third is past 1 of 100");
    uint32_t longest[PSP_LATENCY_FEWEST] = {0};
    for (uint32_t i = 0; i < PSP_LATENCY_SAMPLES; i++) {
        const uint64_t at_ms = latency->samples[i].at_ms;
        if (at_ms == 0 || at_ms + PSP_LATENCY_FORGET_MS <= now_ms)
            continue;
        uint32_t took_ms = latency->samples[i].took_ms;
        for (uint32_t k = 0; k < PSP_LATENCY_FEWEST; k++)
            if (took_ms > longest[k]) {
                const uint32_t shorter = longest[k];
                longest[k] = took_ms;
                took_ms = shorter;
            }
    }
    assert(longest[0] >= longest[PSP_LATENCY_FEWEST - 1]);
    return longest[PSP_LATENCY_FEWEST - 1];
}
