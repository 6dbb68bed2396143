/*
 * view - what is shown, as of one version.
 *
 * Made from the board when it is published and never changed after: a request
 * takes a reference and reads without a lock, so every answer is of one version
 * whole. Sums that most requests need are made once, at the start.
 *
 * Ownership: counted references; owns its arrays, not the catalog.
 * Threads:   immutable.
 * Memory:    all at create; the last reference frees it.
 */
#ifndef PSP_VIEW_H
#define PSP_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/board/board.h"
#include "collector/view/catalog.h"
#include "collector/view/version_id.h"

struct psp_view_station { /* of all shards */
    uint32_t number;
    struct psp_station_books books;
};

struct psp_view_report { /* the one that a leaf shows; number 0: none yet */
    uint64_t number, at_ms;
    bool final;
    bool
        under_way; /* some shards have a newer one, and not all of them the same; or none has any */
};

struct psp_view_report_shard { /* where the report stands in a shard's log */
    uint64_t epoch, index;
};

/* Changes of the board at which what is shown changed last: 0 never, or not since this
 * process began. */
struct psp_view_changes {
    uint64_t epoch;   /* a shard's was raised: counts may be lower than before */
    uint64_t state;   /* of the election, in some shard */
    uint64_t turnout; /* of what all turnout depends on: rolls, and whether it is closed */
    uint64_t books;   /* of all shards, and what of them is shown */
    uint64_t *rows;   /* [row_count] */
    uint64_t *leaves; /* [leaf_count]: of what is told beside its rows; NULL: nothing ever */
    /* [row_count]: revisions of all shards added up, and changes at which a count went
     * down; NULL: all 0. */
    uint64_t *revisions, *lowered;
};

struct psp_view {
    _Atomic uint32_t references;
    const struct psp_catalog *catalog;
    const struct psp_definition *definition;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    struct psp_version_key key; /* of the process */
    uint64_t change;            /* of the board, that it shows */
    uint64_t tag;               /* hash of everything the version is made of */
    char id[PSP_VERSION_ID_BYTES];
    uint64_t check;  /* the ID's last part: as good as the ID within the process */
    uint64_t number; /* epochs * 2^40 + indexes, each added up: grows with each of them */
    size_t bytes;    /* of its arrays */
    uint32_t pins;   /* answers made of it piece by piece; under the lock of who makes them */
    uint32_t shard_count;
    /* [shard_count]; `ballots` with publication reports: as its books say */
    struct psp_board_shard *shards;
    struct psp_books books; /* of all shards */
    enum psp_election_state election_state;
    bool any; /* some shard has been seen; as of time_ms */
    uint64_t time_ms;
    enum psp_publication publication, turnout; /* of the definition */
    /* What is shown: merged, or with publication reports the rows that were reported;
     * its definition and row_first are the board's. */
    struct psp_totals totals;
    uint64_t *row_reports;    /* [row_count]: the report whose content a row shows, 0: held;
                                 NULL: publication immediate */
    bool rows_balanced;       /* no row is psp_totals_unbalanced_row */
    uint64_t *choice_votes;   /* [choice_count]: in all; PSP_UNSTATED: held */
    uint64_t *ballots_sum;    /* [leaf_count + 1]: ballots shown in the leaves before it */
    uint64_t *counted_sum;    /* [leaf_count + 1]: ballots counted there, shown or not; NULL:
                                 that is not told (turnout reports) */
    uint32_t *complete_sum;   /* [leaf_count + 1]: leaves before it with a final report */
    uint32_t *partial_sum;    /* [leaf_count + 1]: with one that is not final */
    uint8_t *unit_complete;   /* [unit_count]: all leaves below it are final */
    uint64_t *registered_sum; /* [leaf_count + 1] of the roll; NULL without one */
    struct psp_view_report *leaf_reports;             /* [leaf_count] */
    struct psp_view_report_shard *leaf_report_shards; /* [leaf_count * shard_count] */
    struct psp_view_changes changes;
    uint64_t shown_ballots; /* in all rows shown */
    uint64_t forgotten;     /* by stations, in all */
    uint32_t station_count;
    struct psp_view_station *stations;   /* that sent ballots, by number */
    struct psp_overview_place *overview; /* psp_overview_of: made when first asked for */
};

/* PSP_ENOMEM. The board's row_first must outlive the view. */
enum psp_status psp_view_create(const struct psp_board *board, const struct psp_catalog *catalog,
                                const struct psp_version_key *key, struct psp_view **ret_view);
void psp_view_release(struct psp_view **view);
/* Another reference to a view that the caller has one of. */
struct psp_view *psp_view_hold(const struct psp_view *view);

/* Ballots shown in the leaves of a unit. */
uint64_t psp_view_ballots(const struct psp_view *view, uint32_t unit);
/* Ballots counted there, shown or not; PSP_UNSTATED: that is not told. */
uint64_t psp_view_counted(const struct psp_view *view, uint32_t unit);
/* The newest report that a leaf of the unit shows, and which leaf that is: final when
 * every leaf's is, under way when any leaf's is. False: no leaf has one. */
bool psp_view_report_of(const struct psp_view *view, uint32_t unit,
                        struct psp_view_report *ret_report, uint32_t *ret_leaf);
/* Leaves of a unit with a report that is not final. */
uint32_t psp_view_partial(const struct psp_view *view, uint32_t unit);
/* Voters on the roll in the leaves of a unit; without a roll what the
 * definition says; PSP_UNSTATED when neither is known. */
uint64_t psp_view_registered(const struct psp_view *view, uint32_t unit);

/* Books, totals and every row's contests balance. `shard`: PSP_NONE for all. */
bool psp_view_balanced(const struct psp_view *view, uint32_t shard);

/* The stations' counters add up to those of the books. */
bool psp_view_stations_balanced(const struct psp_view *view);

#endif
