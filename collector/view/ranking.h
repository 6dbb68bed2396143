/*
 * ranking - the first k of many by (key, position), in bounded memory.
 *
 * A page of 100 out of 180,000 units: everything is offered, the best k stay in
 * a heap with the worst on top.
 *
 * Ownership: owns its items.   Threads: one owner.   Memory: k items at create.
 */
#ifndef PSP_RANKING_H
#define PSP_RANKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct psp_ranked {
    uint64_t key, position;
};

struct psp_ranking {
    struct psp_ranked *items;
    uint32_t count, capacity;
};

/* Smaller keys first, then smaller positions. */
bool psp_ranked_before(const struct psp_ranked *a, const struct psp_ranked *b);

/* PSP_ENOMEM. */
enum psp_status psp_ranking_init(struct psp_ranking *ranking, uint32_t capacity);
void psp_ranking_free(struct psp_ranking *ranking);
void psp_ranking_offer(struct psp_ranking *ranking, const struct psp_ranked *item);
/* First to last; nothing may be offered after. */
void psp_ranking_sort(struct psp_ranking *ranking);

#endif
