/*
 * leaves - what a shard's partials say of its leaves: the last report of each, and
 * the ballots counted there.
 *
 * As with the rows: a partial carries what changed since its base, with base 0 all.
 * Within an epoch nothing goes back: a leaf's next report has a greater number and
 * stands later in the log, and no count of a leaf goes down.
 *
 * Ownership: owns its arrays.   Threads: one owner.
 * Memory:    all at create, 48 bytes a leaf; the system gives what is touched.
 */
#ifndef PSP_BOARD_LEAVES_H
#define PSP_BOARD_LEAVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "wire/message/report.h"

struct psp_board_leaves {
    uint32_t leaf_count;
    struct psp_leaf_report *reports; /* [leaf_count]; number 0: none */
    uint64_t *ballots;               /* [leaf_count]: counted there, as far as that is told */
    uint64_t *ballots_index;         /* [leaf_count]: of the partial that changed them last */
    uint64_t counted;                /* sum of `ballots` */
    uint64_t reports_newest, ballots_newest; /* highest index of any: nothing changed after */
};

/* Nothing told yet. PSP_ENOMEM. */
enum psp_status psp_board_leaves_create(uint32_t leaf_count, struct psp_board_leaves *ret_leaves);
void psp_board_leaves_free(struct psp_board_leaves *leaves);

/* What a partial's `reports` and `leaf_ballots` say against what is held; with base 0
 * a leaf that is left out has none. False: malformed. */
struct psp_board_leaves_news {
    bool reports_differ, ballots_differ; /* from what is held */
    bool report_back; /* a leaf's report is older than the one held, or another of its number */
    bool ballots_lower;
};
bool psp_board_leaves_compare(const struct psp_board_leaves *held,
                              const struct psp_partial *partial,
                              struct psp_board_leaves_news *ret_news);

/* Replaces what is held, as of the partial's index; sums [leaf_count] over the shards
 * follow. The bytes were compared. */
void psp_board_leaves_take(struct psp_board_leaves *held, uint64_t *sums,
                           const struct psp_partial *partial);

/* After reports and ballots were put where none were: the rest, as of an index, and
 * the sums. False: a report that cannot be. */
bool psp_board_leaves_settle(struct psp_board_leaves *held, uint64_t *sums, uint64_t index);

/* Nothing told again; the ballots leave the sums. */
void psp_board_leaves_forget(struct psp_board_leaves *held, uint64_t *sums);

#endif
