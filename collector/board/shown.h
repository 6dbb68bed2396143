/*
 * shown - what is shown of leaves that are reported: which report, and with the
 * publication "reports" its rows.
 *
 * A report reaches the shards one after the other, so for a while their newest rows
 * of a leaf are of different reports: their sum is of no moment, and is not shown.
 * A leaf's report is taken when every shard has it as its newest of the leaf; until
 * then the leaf goes on showing what it showed.
 *
 *     shards' newest   5 5 5     6 5 5      6 6 6
 *     shown            5     ──▶ 5      ──▶ 6
 *     under way        no        yes        no
 *
 * Of a report that is taken a row is shown if it moved by no ballots, or by at least
 * the election's report_min, or if the leaf is final: else it would tell how few
 * people voted. It keeps what it showed, and that report's number.
 *
 * This depends on the order of what came, so it cannot be found again from the
 * shards' newest counts: it is stored with them (collector/store).
 *
 * Ownership: owns its arrays; the definition outlives it.   Threads: one owner.
 * Memory:    all at create: 48 bytes a leaf, 16 a leaf and shard, and with the
 *            publication "reports" what totals take; pages are given when touched.
 */
#ifndef PSP_SHOWN_H
#define PSP_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "collector/board/corrected.h"
#include "election/totals.h"
#include "wire/message/report.h"

struct psp_shown_leaf {
    uint64_t number, at_ms; /* of its report; 0: none yet; the time is shard 0's */
    bool final;             /* in every shard */
    bool under_way;         /* a shard has a report of it that not every shard has; or, after a
                               restore, none has one */
    uint64_t change;        /* when it was taken */
    uint64_t told;          /* or anything of it changed: also that one is under way */
};

/* Where a leaf's report stands in a shard's log. */
struct psp_shown_source {
    uint64_t epoch, index;
};

struct psp_board_shown {
    const struct psp_definition *definition;
    uint32_t shard_count;
    struct psp_shown_leaf *leaves;    /* [leaf_count] */
    struct psp_shown_source *sources; /* [leaf_count * shard_count], leaf by leaf */
    struct psp_totals *rows; /* as shown, row_index: of their change; NULL: publication immediate */
    uint64_t *row_reports;   /* [row_count]: report whose content it shows; 0: never shown; NULL */
    uint64_t newest;         /* highest change of any leaf */
    uint64_t told_newest;    /* highest `told` */
    struct psp_board_corrected corrected; /* of `rows`, as they are shown */
    uint64_t hash;                        /* of all that is shown, whatever it was before */
};

/* Nothing shown. PSP_ENOMEM. */
enum psp_status psp_board_shown_create(const struct psp_definition *definition,
                                       uint32_t shard_count, struct psp_board_shown **ret_shown);
/* Takes NULL, too. */
void psp_board_shown_destroy(struct psp_board_shown **shown);

/* What a shard says now. */
struct psp_shown_shard {
    bool present; /* it has said anything */
    uint64_t epoch;
    const struct psp_leaf_report *reports; /* [leaf_count] */
};

/* The sum of the shards' newest rows. */
struct psp_shown_counts {
    const struct psp_totals *merged;
    const uint64_t *revisions; /* [row_count] */
};

/* To be called for each leaf of which a shard's report, or its epoch, has changed; `change`:
 * a number that grows. */
void psp_board_shown_review(struct psp_board_shown *shown, uint32_t leaf,
                            const struct psp_shown_shard *shards,
                            const struct psp_shown_counts *counts, uint64_t change);

/* After leaves, sources and rows were put where none were: as of a change. The revisions of
 * the rows shown are not kept over a restart: those of the newest rows stand in, [row_count].
 * False: they do not fit each other. */
bool psp_board_shown_settle(struct psp_board_shown *shown, const uint64_t *revisions,
                            uint64_t change);

#endif
