/*
 * histogram - how often which time in microseconds was seen.
 *
 * Log-linear buckets: 32 to each doubling, so a value is kept to within 3 %,
 * from 1 us to more than an hour. Buckets only grow, so that a reader may take
 * differences of two looks for the time between them.
 *
 * Threads: one writer; readers elsewhere see each bucket as of some moment.
 * Memory:  fixed; lies in memory shared between processes.
 */
#ifndef PSP_BENCH_HISTOGRAM_H
#define PSP_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { PSP_HISTOGRAM_BUCKETS = 1024 };

struct psp_histogram {
    uint64_t counts[PSP_HISTOGRAM_BUCKETS];
    uint64_t max_us;
};

void psp_histogram_add(struct psp_histogram *histogram, uint64_t us, uint64_t times);
/* *sum += other. */
void psp_histogram_merge(struct psp_histogram *sum, const struct psp_histogram *other);
/* What came between two looks at a sum: counts only, max_us is that of the
 * highest bucket. */
void psp_histogram_since(const struct psp_histogram *now, const struct psp_histogram *before,
                         struct psp_histogram *ret_since);
uint64_t psp_histogram_total(const struct psp_histogram *histogram);
/* The highest value of the bucket that holds the given share (0..1) of all, in
 * us; never above the largest value seen; 0 when empty. */
uint64_t psp_histogram_at(const struct psp_histogram *histogram, double share);

#endif
