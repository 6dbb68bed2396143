/*
 * inner - what a count holds; for the files of this room only. count.c calls
 * the others, ballots.c delta.c, restore.c state.c, and nothing calls back.
 *
 *     count.c    entries, and the chain of the state hash
 *     ballots.c  an entry's ballots: fence, judge, add, remember, books
 *     delta.c    what is new since the last delta
 *     restore.c  back from the store
 *     state.c    what it shows; its genesis
 *
 * Ownership: as count.h says.   Threads: one owner.
 */
#ifndef PSP_COUNT_INNER_H
#define PSP_COUNT_INNER_H

#include "base/checked.h"
#include "count/count.h"
#include "count/index.h"
#include "count/judge.h"
#include "count/ledger.h"
#include "count/refusals.h"
#include "count/reports.h"

enum { PSP_STATE_HASH_BYTES = 16 };

/* New since the last delta was taken. */
struct psp_count_pending {
    bool genesis;
    uint64_t voter_n, counted_n, capacity; /* capacity: of both, in rows */
    uint8_t *voter_digests, *voter_units;  /* without a roll */
    uint8_t *counted;
    uint64_t refused_first; /* refusals before this are in earlier deltas */
    uint64_t refused_n;
    size_t refused_capacity; /* in bytes */
    uint8_t *refused;        /* whether or not they are forgotten since */
    uint8_t *row_changed;    /* [row_count] 0 or 1 */
    uint32_t *rows;          /* [row_count]: the changed ones */
    uint32_t row_n;
    uint64_t row_cells; /* of the changed rows */
};

/* Only between the first psp_count_restore and psp_count_restore_end. */
struct psp_count_restoring {
    uint64_t voter_n, counted_n;
    uint64_t queue_n, queue_capacity; /* voters read whose counted record is still to come */
    uint8_t *queue_digests, *queue_units;
    uint64_t *leaf_counted; /* [leaf_count] */
    uint64_t refused_n;     /* rows read, forgotten ones included */
    uint64_t *forgotten;    /* [forgotten_capacity]: by station, rows read and forgotten again */
    size_t forgotten_capacity;
};

/* A ballot as it lies in a batch, its marks read. */
struct psp_count_row {
    const uint8_t *digest, *tag;
    uint32_t unit, style, station; /* style: its value, psp_totals_read */
    struct psp_totals_ballot ballot;
};

struct psp_count {
    const struct psp_definition *definition;
    struct psp_totals *totals;
    struct psp_index *index;
    struct psp_refusals *refusals;
    struct psp_ledger *stations; /* rules 2; else empty */
    struct psp_reports *reports;
    struct psp_books books;
    uint64_t last_index, time_ms;
    uint64_t close_at_ms; /* when it closes or was closed, as told; 0 none */
    enum psp_election_state election_state;
    uint8_t state_hash[PSP_STATE_HASH_BYTES];
    uint8_t last_voter[PSP_DIGEST_BYTES]; /* of the ballot counted last; zeros: none */

    bool has_genesis;
    struct psp_genesis genesis;
    uint8_t fence_hash[PSP_HASH_BYTES];

    bool *units_complete; /* [unit_count]; NULL: none, as always by rules 2 */

    bool has_roll;
    uint64_t roll_n;
    uint32_t *roll_units;        /* [roll_n] */
    uint16_t *roll_styles;       /* [roll_n]; NULL: the roll does not tell */
    uint8_t *roll_digests;       /* 16 roll_n, until they are in a delta or found in the store */
    uint32_t *registered_leaves; /* [leaf_count] */

    uint64_t voters_expected;
    struct psp_count_pending pending;
    struct psp_count_restoring *restoring;
};

/* ---- ballots.c ---- */

/* Judges the entry's ballots and books its replays. As psp_count_apply. */
enum psp_status psp_count_apply_ballots(struct psp_count *count, const struct psp_entry *entry,
                                        enum psp_apply_result *ret_result, uint8_t *ret_verdicts,
                                        const char **ret_refused_text);

/* What a ballot would be judged now; nothing changes. */
enum psp_disposition psp_count_would_be(const struct psp_count *count,
                                        const struct psp_count_row *row, bool accepting);

/* ---- delta.c ---- */

/* PSP_ENOMEM. */
enum psp_status psp_count_pending_create(struct psp_count *count);
void psp_count_pending_destroy(struct psp_count *count);
/* Room for `n` more counted ballots, so that noting one cannot fail. */
enum psp_status psp_count_pending_reserve(struct psp_count *count, uint32_t n);
void psp_count_pending_counted(struct psp_count *count, const struct psp_count_row *row,
                               uint32_t number, bool new_voter);
/* PSP_ENOMEM. */
enum psp_status psp_count_pending_refused(struct psp_count *count,
                                          const struct psp_refusal *refusal);

/* ---- restore.c ---- */

/* Also when nothing is being restored. */
void psp_count_restoring_destroy(struct psp_count *count);

/* ---- state.c ---- */

/* Takes over what the genesis says. PSP_EMISMATCH: roll given or not, against it;
 * PSP_EVERSION: rules that this program does not know. */
enum psp_status psp_count_set_genesis(struct psp_count *count, const struct psp_genesis *genesis);
/* Makes room for so many voters in all; after the genesis. */
enum psp_status psp_count_reserve(struct psp_count *count, uint64_t voters);
/* Stations, by whose rules there are none before. */
bool psp_count_rules_2(const struct psp_count *count);
/* promise 3, station by station: books agree with the shard's, and with what is
 * remembered. As long as there are stations. */
bool psp_count_stations_hold(const struct psp_count *count);
/* Of the books, how many ballots were refused. */
uint64_t psp_count_refused(const struct psp_books *books);
/* Asserts what must hold after every entry. What a store holds is not taken if it
 * would not. */
void psp_count_check(const struct psp_count *count);
/* And at every checkpoint: of the tables. */
void psp_count_check_tables(const struct psp_count *count);

#endif
