/*
 * permutation - a shuffled order of 0 .. n-1 that needs no memory.
 *
 * Every number can be asked for by itself, so that 155 million ballots can be
 * dealt in shuffled order from a few words of state, and an interrupted deal
 * begins again anywhere. It is a four-round Feistel network over a grid of
 * about sqrt(n) by sqrt(n), walking on when a step leaves the range: a
 * bijection for every key, and shuffled well enough for a demonstration; it is
 * not a cipher.
 *
 * Threads: pure.
 */
#ifndef PSP_PERMUTATION_H
#define PSP_PERMUTATION_H

#include <stdint.h>

#define PSP_PERMUTATION_MAX (UINT64_C(1) << 60)

struct psp_permutation {
    uint64_t n;
    uint32_t rows, columns; /* rows * columns >= n */
    uint64_t key;
};

/* 64 well-mixed bits of 64 (the finaliser of SplitMix64): a bijection. */
static inline uint64_t psp_mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* n: 1 .. PSP_PERMUTATION_MAX. */
void psp_permutation_init(struct psp_permutation *ret_permutation, uint64_t n, uint64_t key);
/* Where `i` (< n) goes. */
uint64_t psp_permutation_at(const struct psp_permutation *permutation, uint64_t i);

#endif
