/*
 * board - the newest partial of every shard, and their sum.
 *
 * A partial is a shard's whole count at one log index, never a delta: a lost
 * delta would be silent. Newest per shard wins, so merging is idempotent and
 * order-free, and no resend can count a ballot twice. On the wire a partial may
 * leave out the rows that did not change since a base that we said we hold, and so
 * the books by station (stations.h) and what it says of its leaves (leaves.h).
 *
 *     totals of shard 0 ─┐
 *     totals of shard 1 ─┼─▶ merged: after each merge, += new - old of the
 *     …                 ─┘           changed rows only
 *
 * Within an epoch no count of a shard ever goes down, but in a row that comes with
 * a higher revision than is held: a correction. A partial in which one does, or a
 * revision itself, is refused like one that contradicts its index: the board keeps
 * what it holds and remembers the divergence. Else only a higher epoch (a restore
 * from backup) replaces a shard's totals by lower ones; its revisions begin anew.
 *
 * With the publication "reports" rows are as of their leaf's last report, which is not
 * the same in every shard at every moment: the sum is not what is shown (shown.h).
 *
 * Ownership: copies what it keeps.   Threads: one owner.
 * Memory:    reserved at create; merging never allocates.
 */
#ifndef PSP_BOARD_H
#define PSP_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/board/corrected.h"
#include "collector/board/leaves.h"
#include "collector/board/shown.h"
#include "collector/board/stations.h"
#include "election/books.h"
#include "election/definition/definition.h"
#include "election/totals.h"
#include "wire/message/message.h"

struct psp_board;

struct psp_board_options {
    const struct psp_definition *definition; /* not owned */
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard_count;
    enum psp_mode mode; /* as cluster.json has it */
};

/* The last partial of a shard that contradicted what the board holds. */
struct psp_board_divergence {
    uint64_t count; /* since create; 0: never */
    bool standing;  /* a replica contradicts what is held still, as far as is known */
    uint32_t replica;
    uint64_t epoch, index;
    uint8_t held_hash[PSP_HASH_BYTES], other_hash[PSP_HASH_BYTES];
    const char *what; /* static: "state hash", "books", "rows", "books by station", "reports",
                         "ballots by leaf", what went down, or of agreement.h */
};

struct psp_board_shard {
    bool present; /* a partial was merged, now or before a restart */
    uint32_t replica;
    uint64_t epoch, index, time_ms, registered;
    uint8_t state_hash[PSP_HASH_BYTES];
    uint8_t signature[PSP_SIGNATURE_BYTES]; /* of its head, by the shard: cluster/head.h */
    enum psp_election_state election_state;
    struct psp_books books;
    uint64_t ballots;        /* sum of the rows' ballots */
    uint64_t counted;        /* sum of its leaves' ballots, where they are told: see below */
    uint64_t corrected_rows; /* since create: lower counts taken with a higher revision */
    uint64_t change;         /* when its books, or what they must add up to, changed last */
    struct psp_board_divergence divergence;
};

/* Whether what it holds adds up to its books: the rows' ballots; with the publication
 * "reports" those of the leaves, or nothing if turnout is by reports, too. */
bool psp_board_shard_adds_up(const struct psp_definition *definition,
                             const struct psp_board_shard *shard);

/* PSP_ENOMEM. */
enum psp_status psp_board_create(const struct psp_board_options *options,
                                 struct psp_board **ret_board);
void psp_board_destroy(struct psp_board **board);

/* PSP_OK: merged, and what is shown follows.
 * PSP_STALE: superseded or identical; not a fault.
 * PSP_EDIVERGED: same epoch and index with another state hash, books, rows or
 *   leaves, or a count, revision or report that went back: replicas disagree.
 *   Remembered in `divergence`.
 * PSP_EINVAL: malformed, or a gap: its base is not what the board holds, so ask
 *   for all rows (base 0).
 * PSP_EMISMATCH: of another cluster, of another mode, or a shard the cluster does
 *   not have.
 * Unless PSP_OK, the counts are unchanged. */
enum psp_status psp_board_merge(struct psp_board *board, const struct psp_partial *partial);

/* A partial contradicts what is held in a way that its counts do not show: remembered as
 * if it had been merged. */
void psp_board_diverge(struct psp_board *board, const struct psp_partial *partial,
                       const char *what);
/* No replica of the shard contradicts what is held any more. */
void psp_board_settle(struct psp_board *board, uint32_t shard);

/* Taking back what was shown before a restart: to be filled (leaves and sources; rows
 * and row_reports, if any), before any shard is taken back. */
struct psp_board_shown *psp_board_restore_shown(struct psp_board *board);

/* And what was held of a shard of which the board holds nothing. First its rows: what
 * is to be filled, all zero, laid out as in its totals; until the rest follows the
 * board shows nothing of them. */
struct psp_board_rows {
    uint64_t *cells;     /* [cell_count] */
    uint32_t *revisions; /* [row_count] */
};
struct psp_board_rows psp_board_restore_rows(struct psp_board *board, uint32_t shard);

/* And its stations, each once; a number up to PSP_STATIONS_MAX. */
void psp_board_restore_station(struct psp_board *board, uint32_t shard, uint32_t number,
                               const struct psp_station_books *books);

/* And its leaves: `reports` and `ballots` are to be filled. */
struct psp_board_leaves *psp_board_restore_leaves(struct psp_board *board, uint32_t shard);

/* Then the rest, as a partial without rows, stations and leaves. PSP_EINVAL: malformed,
 * or not what its books add up to; then the board is of no use. */
enum psp_status psp_board_restore(struct psp_board *board, const struct psp_partial *partial);

/* Once, after the shards that are taken back. PSP_EINVAL: what was shown does not fit
 * together; likewise. */
enum psp_status psp_board_restore_end(struct psp_board *board);

/* Raised by every merge and every divergence: same number, same board. */
uint64_t psp_board_changes(const struct psp_board *board);

/* Changes (psp_board_changes) at which something of the board changed last; 0: never. Of rows
 * merged->row_index says it, of what is shown of leaves shown.h. */
struct psp_board_news {
    uint64_t epoch;      /* a shard's was raised: what it had is gone */
    uint64_t state;      /* of the election, in some shard */
    uint64_t registered; /* a shard's roll */
    uint64_t *counted;   /* [leaf_count]: ballots counted there, where that is told */
    uint64_t counted_newest;
};
const struct psp_board_news *psp_board_news(const struct psp_board *board);
/* What corrections did to the merged rows. */
const struct psp_board_corrected *psp_board_corrected(const struct psp_board *board);

/* What it was made for, and what it holds: shard by shard, and their sum. Valid as long
 * as the board; counts change with the next merge. */
const struct psp_definition *psp_board_definition(const struct psp_board *board);
const uint8_t *psp_board_cluster_id(const struct psp_board *board);
enum psp_mode psp_board_mode(const struct psp_board *board);
uint32_t psp_board_shard_count(const struct psp_board *board);
const struct psp_board_shard *psp_board_shard(const struct psp_board *board, uint32_t shard);
const struct psp_totals *psp_board_shard_totals(const struct psp_board *board, uint32_t shard);
const uint32_t *psp_board_shard_revisions(const struct psp_board *board, uint32_t shard);
const struct psp_totals *psp_board_merged(const struct psp_board *board);
const struct psp_board_stations *psp_board_shard_stations(const struct psp_board *board,
                                                          uint32_t shard);
const struct psp_board_stations *psp_board_merged_stations(const struct psp_board *board);

/* What a shard tells of its leaves. */
const struct psp_board_leaves *psp_board_shard_leaves(const struct psp_board *board,
                                                      uint32_t shard);
/* Ballots counted in each leaf, [leaf_count], as far as shards tell of leaves. */
const uint64_t *psp_board_counted(const struct psp_board *board);
const struct psp_board_shown *psp_board_shown(const struct psp_board *board);

/* Voters on the roll of a shard by leaf, [leaf_count]; NULL without a roll. */
const uint32_t *psp_board_shard_registered(const struct psp_board *board, uint32_t shard);

#endif
