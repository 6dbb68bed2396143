/* Shards one after the other: a leaf stays in as long as all say the same of it. */
#include "cli/audit/reported.h"

#include <stdlib.h>

#include "cli/say/memory.h"

void psp_reported_begin(struct psp_reported *reported, const struct psp_definition *definition)
{
    *reported = (struct psp_reported){
        .definition = definition,
        .numbers = psp_memory_array(definition->leaf_count, sizeof *reported->numbers),
        .left_out = psp_memory_array(definition->unit_count, sizeof *reported->left_out),
    };
}

void psp_reported_end(struct psp_reported *reported)
{
    free(reported->numbers);
    free(reported->left_out);
    *reported = (struct psp_reported){0};
}

/* With all above it: their sums would lack it. */
static void leave_out(struct psp_reported *reported, uint32_t unit)
{
    while (unit != PSP_NONE && !reported->left_out[unit]) {
        reported->left_out[unit] = true;
        reported->left_out_n++;
        unit = reported->definition->units[unit].parent;
    }
}

void psp_reported_add(struct psp_reported *reported, const struct psp_count *count)
{
    const bool first = reported->shards++ == 0;
    for (uint32_t leaf = 0; leaf < reported->definition->leaf_count; leaf++) {
        const struct psp_leaf_report *report = psp_count_leaf_report(count, leaf);
        if (first && report)
            reported->numbers[leaf] = report->number;
        if (!report || !report->final || report->number != reported->numbers[leaf])
            leave_out(reported, reported->definition->leaves[leaf]);
    }
}
