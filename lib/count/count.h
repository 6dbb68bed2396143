/*
 * count - the state machine of a shard: committed entries in, verdicts out.
 *
 * Same entries, same count, bit for bit: it reads no clock, no random, no
 * address order. Rows of a batch are judged in order; each sees the earlier
 * ones. It also collects what changed since the last checkpoint, for the
 * store, without ever waiting for it.
 *
 *     committed entry -> count (judge, index, totals, books) -> verdicts
 *                              `-> delta -> store (checkpoint thread)
 *
 * The state hash is a chain over every applied entry, its outcome and its
 * verdicts. H is 16 zero bytes at first, and each part P is absorbed by
 *
 *     H = SipHash-2-4-128 (key H, message P)
 *
 * For every entry, in this order (integers little-endian):
 *
 *     index 8, time_ms as clamped 8, entry type 1, apply result 1,
 *     rows 4 (0 unless BALLOTS)                          one part, 22 bytes
 *     GENESIS: its bytes (lib/count/genesis.h)           one part
 *     UNIT_COMPLETE: unit position, 4 bytes (rules 1)    one part
 *     CLOSE: its time, 8 bytes (rules 2)                 one part
 *     REPORT: its bytes (wire/message/report.h)          one part
 *     BALLOTS: fence hash; digests; tags; units; methods;
 *              marks; stations, styles, replays (rules 2);
 *              and verdicts when APPLIED                 one part each
 *
 * It costs some 15 ns a ballot. It is meant to notice that replicas differ, by
 * a fault in memory or in the program; it is no proof against a forger.
 *
 * Which rules hold is said by the genesis, and by nothing else: a log of 0.1.0
 * has those of 0.1.0 (rules 1) for ever. Rules 2 are in docs/protocol.md; that
 * what is remembered of refused ballots is bounded (refusals.h) is one of them.
 *
 * Ownership: owns its index, totals and delta.
 * Threads:   one owner; a taken delta belongs to whoever took it.
 * Memory:    about 40 bytes a voter (44 with a roll), plus totals, twice when
 *            they are published by reports; refusals and stations are bounded.
 */
#ifndef PSP_COUNT_H
#define PSP_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "election/books.h"
#include "election/definition/definition.h"
#include "election/station_books.h"
#include "election/totals.h"
#include "wire/message/message.h"
#include "wire/message/report.h"

struct psp_count;

/* A shard's part of the roll, in roll order; the file's format is in
 * lib/election/roll/file.h. */
struct psp_roll_part {
    uint64_t n;
    const uint8_t *digests; /* 16 n */
    const uint8_t *units;   /* 4 n */
    const uint8_t *styles;  /* 2 n, from 1 within the unit; NULL: a voter has any */
};

/* How many first verdicts of refused ballots are remembered. They are part of the
 * rules: replicas and recounts must have the same, always.
 * Rules 1: at most PSP_REFUSED_MAX, and a ballot to be refused past it is
 * PSP_NOT_JUDGED, outside the books; the rest of its batch is judged.
 * Rules 2: `closed` ones have a budget of their own, past which they are
 * PSP_NOT_JUDGED; of the others the oldest are forgotten past a limit, and the
 * ballot gets, when it comes again, what the order gives: never `counted`. */
#define PSP_REFUSED_MAX (UINT64_C(4) << 20) /* of a shard */
#define PSP_REFUSED_STATION_MAX UINT64_C(65536)
#define PSP_CLOSED_MAX (UINT64_C(4) << 20)
#define PSP_CLOSED_STATION_MAX UINT64_C(65536)

struct psp_count_options {
    const struct psp_definition *definition; /* not owned */
    const struct psp_roll_part *roll;        /* NULL: none. Copied. */
    uint64_t voters_expected;                /* sizes the index at first; 0 unknown */
    /* In place of the constants above, for tests alone; 0: the constant. */
    uint64_t refused_max, refused_station_max, closed_max, closed_station_max;
};

/* PSP_EINVAL: the roll has a voter twice, a unit that is no leaf or a style that the unit
 * does not have. PSP_ENOMEM. */
enum psp_status psp_count_create(const struct psp_count_options *options,
                                 struct psp_count **ret_count);
void psp_count_destroy(struct psp_count **count);

enum psp_apply_result {
    PSP_APPLIED,
    PSP_APPLY_FENCED,  /* whole batch refused by the fence or a slot not owned: outside the books,
                        * all but the entry's replays */
    PSP_APPLY_NOTHING, /* open when open, close when closed, genesis repeated, ... */
    PSP_APPLY_REFUSED, /* a report that may not follow the last one, or of no such leaf */
};

/* Applies one committed entry at `index` (must be past the last applied one).
 * For BALLOTS and PSP_APPLIED, ret_verdicts[0..n) is filled; it must hold
 * PSP_BATCH_ROWS_MAX bytes. *ret_refused_text: unless APPLIED, static text or, when
 * REFUSED, one that lasts until the next entry.
 * Never fails on input: a broken entry is a bug and asserts.
 * PSP_ENOMEM: the entry may be half applied; PSP_EMISMATCH: a genesis with a
 * roll, but none was given at create, or the other way round; PSP_EVERSION: a
 * genesis with rules that this program does not know. Either way nothing may be
 * asked of this count any more and the process must end.
 *
 * An election closes with a CLOSE without a time; or, with one, before the first
 * entry of that time or later is judged (its own time as clamped), which may be
 * the CLOSE itself. The same time again is applied and changes nothing; another
 * is PSP_APPLY_NOTHING. OPEN forgets the time. (Rules 1: there are no times.) */
enum psp_status psp_count_apply(struct psp_count *count, uint64_t index,
                                const struct psp_entry *entry, enum psp_apply_result *ret_result,
                                uint8_t *ret_verdicts, const char **ret_refused_text);

/* Indexes without a command (barrier, configuration) still advance. */
void psp_count_skip(struct psp_count *count, uint64_t index);

uint64_t psp_count_index(const struct psp_count *count);                    /* last applied */
uint64_t psp_count_time_ms(const struct psp_count *count);                  /* leader time of it */
const struct psp_genesis *psp_count_genesis(const struct psp_count *count); /* NULL before */
enum psp_election_state psp_count_election_state(const struct psp_count *count);
uint64_t psp_count_close_at_ms(const struct psp_count *count); /* closes or closed then; 0 none */
const struct psp_books *psp_count_books(const struct psp_count *count);
const struct psp_totals *psp_count_totals(const struct psp_count *count);
/* Voters on the roll, in all and per leaf of the definition; 0 and n = 0 without. */
uint64_t psp_count_registered(const struct psp_count *count);
const uint32_t *psp_count_registered_leaves(const struct psp_count *count, uint32_t *ret_n);
/* The 16 bytes of the chain, rest zero. */
void psp_count_state_hash(const struct psp_count *count, uint8_t ret_hash[PSP_HASH_BYTES]);
/* Books by station, of those changed after index `base` (election/station_books.h), like
 * psp_totals_encode_since: returns the bytes needed, writes if they fit into `size`. */
size_t psp_count_stations_since(const struct psp_count *count, uint64_t base, uint8_t *ret_bytes,
                                size_t size);
/* ---- reports: what of the totals may be shown, with the publication "reports" ---- */

/* Over every row as it is now, reported or not, to compare what may not be shown:
 * BLAKE2b-256 over the cells of all rows in order, 8 bytes little-endian each. Its key, the
 * 16 bytes of the digest of the voter whose ballot was counted last, zeros before the first,
 * is known to who holds the journal: nobody else can try totals out until the hash fits.
 * Some 9 ns a cell. */
void psp_count_held_hash(const struct psp_count *count, uint8_t ret_hash[PSP_HASH_BYTES]);
/* The number of the last report, 0: there was none; its bytes, and the index of its
 * entry. They last until the next entry. */
uint64_t psp_count_report_number(const struct psp_count *count);
struct psp_bytes psp_count_report_bytes(const struct psp_count *count, uint64_t *ret_index);
/* The last report of a leaf, NULL: there was none. */
const struct psp_leaf_report *psp_count_leaf_report(const struct psp_count *count, uint32_t leaf);
/* The rows of every leaf as of its last report; zeros before the first. A row's index is
 * that of the report that last changed it. NULL: publication immediate, or no genesis. */
const struct psp_totals *psp_count_reported(const struct psp_count *count);
/* Leaves reported after index `base`, and ballots counted in leaves where that changed
 * after it (wire/message/report.h), like psp_totals_encode_since. */
size_t psp_count_leaf_reports_since(const struct psp_count *count, uint64_t base,
                                    uint8_t *ret_bytes, size_t size);
size_t psp_count_leaf_ballots_since(const struct psp_count *count, uint64_t base,
                                    uint8_t *ret_bytes, size_t size);

/* psp_index_warm, of the voters' index. */
bool psp_count_warm(struct psp_count *count);
/* Bytes of RAM that voters and refusals take. */
uint64_t psp_count_memory_bytes(const struct psp_count *count);

/* ---- before the log: what applying would find, as far as it is applied ---- */

/* The first disposition of this very ballot, 0: not known. Takes as long for a voter
 * who was counted as for one who was not. */
uint8_t psp_count_known(const struct psp_count *count, const uint8_t digest[PSP_DIGEST_BYTES],
                        const uint8_t tag[PSP_TAG_BYTES]);
/* Whether ballots in an entry of this time could be counted; else they are `closed`. */
bool psp_count_accepts(const struct psp_count *count, uint64_t time_ms);
/* Whether the station had more ballots refused than its budget (election/probes.h), and how
 * many stations had. */
bool psp_count_probes_over(const struct psp_count *count, uint32_t station);
uint32_t psp_count_probing(const struct psp_count *count);
/* Whether one more `closed` ballot of the station would be judged (rules 2). */
bool psp_count_closed_room(const struct psp_count *count, uint32_t station);

/* ---- checkpoint ---- */

/* So that a leaf or a row that a store has lost is noticed. */
struct psp_reports_sum {
    uint32_t leaves;  /* that were ever reported */
    uint64_t ballots; /* in all reported rows */
};

/* What changed since the last delta was taken; plain data, self-contained. */
struct psp_count_delta {
    uint64_t index, term, time_ms; /* term is filled by the caller, and who the members are: */
    uint8_t *configuration;        /* libraft's encoding; NULL: the first ones. Freed with it. */
    uint32_t configuration_bytes;
    uint64_t configuration_index; /* of its entry in the log */
    enum psp_election_state election_state;
    uint64_t close_at_ms;
    struct psp_books books;
    uint8_t state_hash[PSP_HASH_BYTES];
    bool has_genesis; /* the first delta carries it */
    struct psp_genesis genesis;
    uint64_t voter_first,
        voter_n;            /* new voters, in order of first count (no roll) or all of the roll */
    uint8_t *voter_digests; /* 16 n */
    uint8_t *voter_units;   /* 4 n */
    uint64_t counted_first, counted_n;
    uint8_t *counted; /* 12 n: voter number LE32, tag 8 bytes */
    uint64_t refused_first, refused_n;
    uint8_t *refused;   /* 29 n: psp_refusal_pack; also those that are forgotten since */
    uint32_t station_n; /* stations whose books changed */
    uint32_t *station_numbers;
    struct psp_station_books *station_books;
    uint32_t row_n; /* changed rows of the totals */
    uint32_t *rows;
    uint32_t *row_cells; /* how many cells each of them has */
    uint64_t *cells;     /* the rows' cells, one row after another */
    size_t report_bytes; /* of the last report; 0: none since the last delta */
    uint8_t *report;
    uint64_t report_index;
    struct psp_reports_sum reported_sum; /* of all that was reported, with the report */
    uint32_t leaf_report_n;              /* leaves reported */
    uint32_t *leaf_report_leaves;
    struct psp_leaf_report *leaf_reports;
    uint32_t reported_n; /* rows that reports changed, as the rows above */
    uint32_t *reported_rows, *reported_row_cells;
    uint64_t *reported_indexes, *reported_cells;
};

/* How many bytes a delta would append now, to decide when to take one. Changed
 * rows of the totals, books by station and what was reported are left out: they
 * replace what is stored, so waiting makes them cheaper. */
uint64_t psp_count_delta_bytes(const struct psp_count *count);
enum psp_status psp_count_take_delta(struct psp_count *count, struct psp_count_delta **ret_delta);
void psp_count_delta_destroy(struct psp_count_delta **delta);

/* Restores what the store holds: a sequence of deltas as they were stored
 * (any chunking, the genesis first), before any apply; then restore_end checks
 * the whole. With stations ahead of the refusals, what is forgotten takes no
 * memory. PSP_ECORRUPT: they contradict each other (gap, voter twice, books
 * that do not balance); PSP_EMISMATCH: of another roll; PSP_ENOMEM. Without
 * PSP_OK the count is of no further use. */
enum psp_status psp_count_restore(struct psp_count *count, const struct psp_count_delta *delta);
enum psp_status psp_count_restore_end(struct psp_count *count);

#endif
