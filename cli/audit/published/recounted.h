/*
 * recounted - what the journals of all shards give together, as far as it may be shown.
 *
 * With the publication "reports" the rows are those of each leaf's last report. A collector
 * shows exactly these where every shard has the same last report of the leaf and it is final;
 * of one that is not final it may show older ones (audit/reported.h), and of a leaf that no
 * shard has a report of it shows nothing.
 *
 * Ownership: psp_recounted_end frees.   Threads: one owner.
 * Memory:    totals, and 30 bytes a leaf.
 */
#ifndef PSP_AUDIT_RECOUNTED_H
#define PSP_AUDIT_RECOUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "count/count.h"
#include "election/definition/definition.h"
#include "election/totals.h"

enum psp_recounted_leaf {
    PSP_LEAF_EXACT,   /* its rows are shown as they are here */
    PSP_LEAF_HELD,    /* none of its rows is shown */
    PSP_LEAF_PARTIAL, /* one report in all shards, not final: a row may show an older one */
    PSP_LEAF_UNKNOWN, /* a report is under way: only the collector knows what it showed before */
};

struct psp_recounted {
    const struct psp_definition *definition; /* not owned */
    uint32_t shards;                         /* added */
    bool by_reports, has_roll, restored; /* restored: what was shown before may be shown still */
    struct psp_totals *rows;
    uint64_t *counted;        /* [leaf_count] ballots, reported or not */
    uint64_t *registered;     /* [leaf_count] on the roll */
    uint64_t *numbers;        /* [leaf_count] of the last report, of the first shard */
    bool *same, *final, *any; /* [leaf_count]: of the reports of all shards */
    struct psp_books books;   /* of all */
    struct psp_books of_shard[PSP_SHARDS_MAX];
    uint32_t open, closed; /* shards */
};

/* PSP_ENOMEM. `restored`: the cluster's epoch is above 1. */
enum psp_status psp_recounted_begin(struct psp_recounted *recounted,
                                    const struct psp_definition *definition, bool restored);
/* Each shard once, in the order of cluster.json. */
void psp_recounted_add(struct psp_recounted *recounted, const struct psp_count *count);
void psp_recounted_end(struct psp_recounted *recounted);

/* How much of the leaf is known to be shown. */
enum psp_recounted_leaf psp_recounted_leaf(const struct psp_recounted *recounted, uint32_t leaf);
/* Every shard has the same last report of the leaf, and it is final. */
bool psp_recounted_final(const struct psp_recounted *recounted, uint32_t leaf);

#endif
