/* A heap of k with the worst on top; sorted when all were offered. */
#include "collector/view/ranking.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"

bool psp_ranked_before(const struct psp_ranked *a, const struct psp_ranked *b)
{
    return a->key != b->key ? a->key < b->key : a->position < b->position;
}

enum psp_status psp_ranking_init(struct psp_ranking *ranking, uint32_t capacity)
{
    ranking->items = malloc(((size_t)capacity + 1) * sizeof *ranking->items);
    ranking->count = 0;
    ranking->capacity = capacity;
    return ranking->items ? PSP_OK : PSP_ENOMEM;
}

void psp_ranking_free(struct psp_ranking *ranking)
{
    free(ranking->items);
    *ranking = (struct psp_ranking){0};
}

static void sift_up(struct psp_ranked *items, uint32_t at)
{
    while (at > 0) {
        const uint32_t parent = (at - 1) / 2;
        assert(parent < at);
        if (!psp_ranked_before(&items[parent], &items[at]))
            return;
        const struct psp_ranked held = items[parent];
        items[parent] = items[at];
        items[at] = held;
        at = parent;
    }
}

static void sift_down(struct psp_ranked *items, uint32_t count)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t last = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            if (psp_ranked_before(&items[last], &items[child]))
                last = child;
        }
        if (last == at)
            return;
        const struct psp_ranked held = items[last];
        items[last] = items[at];
        items[at] = held;
        at = last;
    }
}

/* No item is before the one above it in the heap: the first is the worst. */
static void check(const struct psp_ranking *ranking)
{
    assert(ranking->count <= ranking->capacity);
    for (uint32_t i = 1; PSP_CHECKED && i < ranking->count; i++)
        assert(!psp_ranked_before(&ranking->items[(i - 1) / 2], &ranking->items[i]));
}

void psp_ranking_offer(struct psp_ranking *ranking, const struct psp_ranked *item)
{
    if (ranking->count < ranking->capacity) {
        ranking->items[ranking->count] = *item;
        sift_up(ranking->items, ranking->count++);
        check(ranking);
        return;
    }
    if (ranking->capacity > 0 && psp_ranked_before(item, &ranking->items[0])) {
        ranking->items[0] = *item;
        sift_down(ranking->items, ranking->count);
        check(ranking);
    }
}

static int compare(const void *a, const void *b)
{
    return psp_ranked_before(a, b) ? -1 : psp_ranked_before(b, a);
}

void psp_ranking_sort(struct psp_ranking *ranking)
{
    assert(ranking->count <= ranking->capacity);
    qsort(ranking->items, ranking->count, sizeof *ranking->items, compare);
    for (uint32_t i = 1; PSP_CHECKED && i < ranking->count; i++)
        assert(!psp_ranked_before(&ranking->items[i], &ranking->items[i - 1]));
}
