/* Shards one after the other into sums. */
#include "cli/audit/published/recounted.h"

#include <assert.h>
#include <stdlib.h>

#include "cli/say/memory.h"

enum psp_status psp_recounted_begin(struct psp_recounted *recounted,
                                    const struct psp_definition *definition, bool restored)
{
    const size_t leaves = (size_t)definition->leaf_count + 1;
    *recounted = (struct psp_recounted){
        .definition = definition,
        .by_reports = definition->publication == PSP_PUBLICATION_REPORTS,
        .restored = restored,
        .counted = psp_memory_array(leaves, sizeof *recounted->counted),
        .registered = psp_memory_array(leaves, sizeof *recounted->registered),
        .numbers = psp_memory_array(leaves, sizeof *recounted->numbers),
        .same = psp_memory_array(leaves, sizeof *recounted->same),
        .final = psp_memory_array(leaves, sizeof *recounted->final),
        .any = psp_memory_array(leaves, sizeof *recounted->any),
    };
    const enum psp_status status = psp_totals_create(definition, &recounted->rows);
    if (status != PSP_OK)
        psp_recounted_end(recounted);
    return status;
}

void psp_recounted_end(struct psp_recounted *recounted)
{
    psp_totals_destroy(&recounted->rows);
    free(recounted->counted);
    free(recounted->registered);
    free(recounted->numbers);
    free(recounted->same);
    free(recounted->final);
    free(recounted->any);
    *recounted = (struct psp_recounted){0};
}

static void add_leaf(struct psp_recounted *recounted, const struct psp_count *count, uint32_t leaf)
{
    const struct psp_leaf_report *report = psp_count_leaf_report(count, leaf);
    const uint64_t number = report ? report->number : 0;
    const bool is_final = report && report->final, first = recounted->shards == 0;
    if (first)
        recounted->numbers[leaf] = number;
    recounted->same[leaf] = (first || recounted->same[leaf]) && number == recounted->numbers[leaf];
    recounted->final[leaf] = (first || recounted->final[leaf]) && is_final;
    recounted->any[leaf] = recounted->any[leaf] || number > 0;
}

static void add_rows(struct psp_recounted *recounted, const struct psp_count *count)
{
    const struct psp_totals *all = psp_count_totals(count);
    const struct psp_totals *reported = psp_count_reported(count);
    const struct psp_totals *rows = recounted->by_reports ? reported : all;
    assert(all != NULL);
    for (uint64_t c = 0; rows && c < rows->cell_count; c++)
        recounted->rows->cells[c] += rows->cells[c];
    for (uint32_t row = 0; row < all->row_count; row++)
        recounted->counted[psp_totals_row_place(all, row).leaf] += all->cells[all->row_first[row]];
}

void psp_recounted_add(struct psp_recounted *recounted, const struct psp_count *count)
{
    const struct psp_books *books = psp_count_books(count);
    const enum psp_election_state state = psp_count_election_state(count);
    uint32_t n = 0;
    assert(recounted->shards < PSP_SHARDS_MAX);
    const uint32_t *leaves = psp_count_registered_leaves(count, &n);
    for (uint32_t leaf = 0; leaf < recounted->definition->leaf_count; leaf++) {
        add_leaf(recounted, count, leaf);
        recounted->registered[leaf] += leaf < n ? leaves[leaf] : 0;
    }
    recounted->has_roll = recounted->has_roll || n > 0;
    add_rows(recounted, count);
    recounted->of_shard[recounted->shards++] = *books;
    psp_books_add(&recounted->books, books);
    recounted->open += state == PSP_ELECTION_OPEN;
    recounted->closed += state == PSP_ELECTION_CLOSED;
}

bool psp_recounted_final(const struct psp_recounted *recounted, uint32_t leaf)
{
    return recounted->any[leaf] && recounted->same[leaf] && recounted->final[leaf];
}

/* promise 5: a row that nobody reported is shown nowhere. */
enum psp_recounted_leaf psp_recounted_leaf(const struct psp_recounted *recounted, uint32_t leaf)
{
    assert(leaf < recounted->definition->leaf_count);
    if (!recounted->by_reports || psp_recounted_final(recounted, leaf))
        return PSP_LEAF_EXACT;
    if (!recounted->any[leaf])
        return recounted->restored ? PSP_LEAF_UNKNOWN : PSP_LEAF_HELD;
    return recounted->same[leaf] && !recounted->restored ? PSP_LEAF_PARTIAL : PSP_LEAF_UNKNOWN;
}
