/* Voters of a roll are sorted by leaf once; made-up ones are computed when asked for. */
#include "cli/cast/electorate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cast/permutation.h"
#include "cli/folder/local.h"
#include "cli/returns/report_say.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "election/roll/roll.h"

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
static size_t made_up(char kind, uint64_t seed, uint64_t i, char buffer[PSP_VOTER_ID_BYTES_MAX + 1])
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

/* Voters in the roll's order, before they are sorted by leaf. */
struct loading {
    struct psp_electorate *electorate;
    size_t id_bytes, id_size;
    uint64_t n, size;
    uint64_t *id_at;
    uint32_t *leaf;
};

static void load_voter(struct loading *loading, const struct psp_roll_voter *voter, uint32_t leaf)
{
    struct psp_electorate *electorate = loading->electorate;
    const size_t bytes = voter->voter_id_bytes + 1;
    if (loading->id_bytes + bytes > loading->id_size) {
        loading->id_size = (loading->id_bytes + bytes) * 2;
        electorate->ids = psp_memory_resize(electorate->ids, loading->id_size, 1);
    }
    if (loading->n == loading->size) {
        loading->size = loading->size ? loading->size * 2 : 4096;
        loading->id_at = psp_memory_resize(loading->id_at, loading->size, sizeof *loading->id_at);
        loading->leaf = psp_memory_resize(loading->leaf, loading->size, sizeof *loading->leaf);
    }
    memcpy(electorate->ids + loading->id_bytes, voter->voter_id, bytes);
    loading->id_at[loading->n] = loading->id_bytes;
    loading->leaf[loading->n++] = leaf;
    loading->id_bytes += bytes;
    electorate->leaf_first[leaf + 1]++;
}

/* A counting sort by leaf; within one, the roll's order stays. */
static void sort_by_leaf(struct loading *loading, uint32_t leaf_count)
{
    struct psp_electorate *electorate = loading->electorate;
    uint64_t *next = psp_memory_array(leaf_count, sizeof *next);
    for (uint32_t leaf = 0; leaf < leaf_count; leaf++) {
        next[leaf] = electorate->leaf_first[leaf];
        electorate->leaf_first[leaf + 1] += electorate->leaf_first[leaf];
    }
    electorate->id_at = psp_memory_array(loading->n, sizeof *electorate->id_at);
    for (uint64_t i = 0; i < loading->n; i++)
        electorate->id_at[next[loading->leaf[i]]++] = loading->id_at[i];
    free(next);
    free(loading->id_at);
    free(loading->leaf);
}

enum psp_status psp_electorate_load(const char *roll_path, const struct psp_definition *definition,
                                    uint64_t seed, struct psp_electorate **ret_electorate,
                                    struct psp_reason *reterr_reason)
{
    struct psp_roll *roll = NULL;
    struct psp_roll_voter voter;
    struct psp_progress progress;
    FILE *file = fopen(roll_path, "re");
    if (!file) {
        psp_reason_set(reterr_reason, "%s: %s", roll_path, strerror(errno));
        return PSP_ENOENT;
    }
    struct psp_electorate *electorate = psp_electorate_create(seed);
    struct loading loading = {.electorate = electorate};
    electorate->definition = definition;
    electorate->leaf_first =
        psp_memory_array(definition->leaf_count + 1, sizeof *electorate->leaf_first);
    enum psp_status status = psp_roll_open(file, definition, &roll, reterr_reason);
    struct psp_report report = {0};
    if (status == PSP_OK)
        psp_roll_tell(roll, &report, roll_path);
    psp_progress_start(&progress);
    while (status == PSP_OK && (status = psp_roll_next(roll, &voter, reterr_reason)) == PSP_OK) {
        load_voter(&loading, &voter, definition->leaf_of_unit[voter.unit]);
        psp_progress_step(&progress, "voters of the roll", loading.n, 0);
    }
    psp_progress_end(&progress);
    psp_roll_close(&roll);
    fclose(file);
    sort_by_leaf(&loading, definition->leaf_count);
    if (status == PSP_EINVAL)
        psp_report_say_first(roll_path, &report, reterr_reason);
    psp_report_free(&report);
    if (status == PSP_ENOENT) {
        *ret_electorate = electorate;
        return PSP_OK;
    }
    psp_reason_set_file(reterr_reason, roll_path, status);
    psp_electorate_destroy(&electorate);
    return status;
}
