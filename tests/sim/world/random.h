/*
 * random - the one source of chance of a simulated run (splitmix64; Steele,
 * Lea, Flood 2014). Same seed, same numbers.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_next(struct sim_random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 0 ... n - 1; n > 0 */
static inline uint32_t sim_below(struct sim_random *random, uint32_t n)
{
    return (uint32_t)(sim_next(random) % n);
}

/* low ... high */
static inline uint64_t sim_between(struct sim_random *random, uint64_t low, uint64_t high)
{
    return low + sim_next(random) % (high - low + 1);
}

/* in 10,000 */
static inline bool sim_chance(struct sim_random *random, uint32_t of_10000)
{
    return sim_below(random, 10000) < of_10000;
}

#endif
