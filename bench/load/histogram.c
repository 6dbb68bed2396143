/* A bucket's number follows from the leading bits: noting a time costs the load nothing. */
#include "bench/load/histogram.h"

#include <string.h>

enum { SUB_BITS = 5, SUB = 1 << SUB_BITS };

static uint32_t bucket_of(uint64_t us)
{
    if (us < 2 * SUB)
        return (uint32_t)us;
    const uint32_t shift = 63 - (uint32_t)__builtin_clzll(us) - SUB_BITS;
    const uint64_t bucket = (uint64_t)shift * SUB + (us >> shift);
    return bucket < PSP_HISTOGRAM_BUCKETS ? (uint32_t)bucket : PSP_HISTOGRAM_BUCKETS - 1;
}

/* The highest value that falls into the bucket. */
static uint64_t value_of(uint32_t bucket)
{
    if (bucket < 2 * SUB)
        return bucket;
    const uint32_t shift = bucket / SUB - 1;
    return ((uint64_t)(bucket % SUB + SUB + 1) << shift) - 1;
}

void psp_histogram_add(struct psp_histogram *histogram, uint64_t us, uint64_t times)
{
    uint64_t *count = &histogram->counts[bucket_of(us)];
    __atomic_store_n(count, *count + times, __ATOMIC_RELAXED);
    if (us > histogram->max_us)
        __atomic_store_n(&histogram->max_us, us, __ATOMIC_RELAXED);
}

void psp_histogram_merge(struct psp_histogram *sum, const struct psp_histogram *other)
{
    for (uint32_t i = 0; i < PSP_HISTOGRAM_BUCKETS; i++)
        sum->counts[i] += __atomic_load_n(&other->counts[i], __ATOMIC_RELAXED);
    const uint64_t max_us = __atomic_load_n(&other->max_us, __ATOMIC_RELAXED);
    if (max_us > sum->max_us)
        sum->max_us = max_us;
}

void psp_histogram_since(const struct psp_histogram *now, const struct psp_histogram *before,
                         struct psp_histogram *ret_since)
{
    memset(ret_since, 0, sizeof *ret_since);
    for (uint32_t i = 0; i < PSP_HISTOGRAM_BUCKETS; i++) {
        ret_since->counts[i] = now->counts[i] - before->counts[i];
        if (ret_since->counts[i])
            ret_since->max_us = value_of(i);
    }
    if (ret_since->max_us > now->max_us)
        ret_since->max_us = now->max_us;
}

uint64_t psp_histogram_total(const struct psp_histogram *histogram)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < PSP_HISTOGRAM_BUCKETS; i++)
        total += histogram->counts[i];
    return total;
}

uint64_t psp_histogram_at(const struct psp_histogram *histogram, double share)
{
    const uint64_t total = psp_histogram_total(histogram);
    uint64_t wanted = (uint64_t)(share * (double)total + 0.5), seen = 0;
    if (wanted == 0)
        wanted = 1;
    for (uint32_t i = 0; i < PSP_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted)
            return value_of(i) < histogram->max_us ? value_of(i) : histogram->max_us;
    }
    return histogram->max_us;
}
