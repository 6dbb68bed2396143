#include "cli/electorate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/permutation.h"

struct psp_electorate {
    uint64_t seed;
    const struct psp_definition *definition; /* NULL: made-up voters */
    char *ids;                               /* each ends in NUL */
    uint64_t *id_at;                         /* voter -> place in ids, by leaf */
    uint64_t *leaf_first;                    /* [leaf_count + 1]: a leaf's run in id_at */
};

struct psp_electorate *psp_electorate_create(uint64_t seed)
{
    struct psp_electorate *electorate = psp_memory_array(1, sizeof *electorate);
    electorate->seed = seed;
    return electorate;
}

void psp_electorate_destroy(struct psp_electorate **electorate)
{
    if (!*electorate)
        return;
    free((*electorate)->ids);
    free((*electorate)->id_at);
    free((*electorate)->leaf_first);
    free(*electorate);
    *electorate = NULL;
}

uint64_t psp_electorate_leaf_voters(const struct psp_electorate *electorate, uint32_t leaf)
{
    if (!electorate->definition)
        return UINT64_MAX;
    return electorate->leaf_first[leaf + 1] - electorate->leaf_first[leaf];
}

/* 20 characters: 16 are a bijection of `i` under the seed, so never the same
 * twice; 4 more belong to the seed. */
static size_t made_up(char kind, uint64_t seed, uint64_t i,
                      char buffer[PSP_VOTER_ID_BYTES_MAX + 1])
{
    static const char hex[] = "0123456789abcdef";
    const uint64_t x = psp_mix(i ^ psp_mix(seed));
    const uint64_t tail = psp_mix(~seed);
    buffer[0] = kind;
    for (int d = 0; d < 16; d++)
        buffer[1 + d] = hex[x >> (60 - 4 * d) & 15];
    for (int d = 0; d < 3; d++)
        buffer[17 + d] = hex[tail >> (4 * d) & 15];
    buffer[20] = '\0';
    return 20;
}

size_t psp_electorate_stranger(uint64_t seed, uint64_t i, char buffer[PSP_VOTER_ID_BYTES_MAX + 1])
{
    return made_up('x', seed, i, buffer);
}

size_t psp_electorate_voter(const struct psp_electorate *electorate, uint32_t leaf, uint64_t place,
                            uint64_t i, char buffer[PSP_VOTER_ID_BYTES_MAX + 1],
                            const char **ret_id)
{
    if (!electorate->definition) {
        *ret_id = buffer;
        return made_up('v', electorate->seed, i, buffer);
    }
    const uint64_t first = electorate->leaf_first[leaf];
    struct psp_permutation order;
    psp_permutation_init(&order, electorate->leaf_first[leaf + 1] - first,
                         psp_mix(electorate->seed ^ leaf));
    *ret_id = electorate->ids + electorate->id_at[first + psp_permutation_at(&order, place)];
    return strlen(*ret_id);
}
