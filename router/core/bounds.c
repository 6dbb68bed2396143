/* Runs that touch become one; a ballot's leaf is found by halving. */
#include "router/core/bounds.h"

#include <assert.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const uint32_t one = ((const struct psp_router_leaves *)a)->first,
                   other = ((const struct psp_router_leaves *)b)->first;
    return (one > other) - (one < other);
}

enum psp_status psp_router_station_init(struct psp_router_station *ret_station,
                                        const struct psp_station *station,
                                        const struct psp_definition *definition)
{
    struct psp_router_leaves *runs = NULL;
    uint32_t kept = 0;
    if (station->unit_count > 0) {
        runs = calloc(station->unit_count, sizeof *runs);
        if (runs == NULL)
            return PSP_ENOMEM;
        for (uint32_t i = 0; i < station->unit_count; i++) {
            assert(station->units[i] < definition->unit_count);
            const struct psp_unit *unit = &definition->units[station->units[i]];
            assert(unit->leaf_first <= unit->leaf_end && unit->leaf_end <= definition->leaf_count);
            runs[i] = (struct psp_router_leaves){unit->leaf_first, unit->leaf_end};
        }
        qsort(runs, station->unit_count, sizeof *runs, compare);
        for (uint32_t i = 1; i < station->unit_count; i++) {
            if (runs[i].first > runs[kept].end)
                runs[++kept] = runs[i];
            else if (runs[i].end > runs[kept].end)
                runs[kept].end = runs[i].end;
        }
        kept++;
        assert(kept <= station->unit_count);
    }
    *ret_station = (struct psp_router_station){.number = station->number,
                                               .methods = station->methods,
                                               .until_ms = station->until_ms,
                                               .run_count = kept,
                                               .runs = runs};
    return PSP_OK;
}

void psp_router_station_free(struct psp_router_station *station)
{
    free(station->runs);
    *station = (struct psp_router_station){0};
}

const struct psp_router_station *psp_router_station_find(const struct psp_router_station *list,
                                                         uint32_t count, uint32_t number)
{
    assert(list != NULL || count == 0);
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (list[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low == 0 || list[low - 1].number < number);
    assert(low == count || list[low].number >= number);
    return low < count && list[low].number == number ? &list[low] : NULL;
}

static bool holds(const struct psp_router_station *station, uint32_t leaf)
{
    uint32_t low = 0, high = station->run_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (station->runs[middle].end <= leaf)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low == 0 || station->runs[low - 1].end <= leaf);
    assert(low == station->run_count || station->runs[low].end > leaf);
    return low < station->run_count && station->runs[low].first <= leaf;
}

bool psp_router_station_may(const struct psp_router_station *station,
                            const struct psp_definition *definition, uint32_t unit, uint8_t method)
{
    if (station->methods != 0 &&
        (method >= PSP_METHODS_MAX || (station->methods & UINT32_C(1) << method) == 0))
        return false;
    if (station->run_count == 0)
        return true;
    if (unit >= definition->unit_count)
        return false;
    const uint32_t leaf = definition->leaf_of_unit[unit];
    assert(leaf == PSP_NONE || leaf < definition->leaf_count);
    return leaf != PSP_NONE && holds(station, leaf);
}
