/*
 * lines - the lines of a collector's /changes, each held against what the journals give.
 *
 * Every line of a version is to be there once, and say what the recount says: votes of every
 * unit, method and contest; ballots, registered voters and finality of every unit; the books
 * by shard and in all; whether the election is closed. Of a unit that holds a leaf whose
 * report is not final, or under way, only a collector knows what is shown (recounted.h): its
 * votes are held to what they can be, or passed over and counted.
 *
 * Ownership: psp_lines_end frees.   Threads: one owner.
 * Memory:    16 bytes a unit, and the first PSP_LINES_TOLD_MAX differences.
 */
#ifndef PSP_AUDIT_LINES_H
#define PSP_AUDIT_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory/id_index.h"
#include "cli/audit/published/recounted.h"

enum { PSP_LINES_TOLD_MAX = 1000 };

struct psp_lines {
    const struct psp_recounted *recounted;   /* not owned */
    const struct psp_definition *definition; /* likewise */
    struct psp_id_index ids;
    struct psp_lines_unit *units; /* [unit_count]: which of its lines came */
    bool books, of_shard[PSP_SHARDS_MAX];
    uint64_t compared, passed_over; /* lines */
    uint64_t differing;             /* differences found */
    json_t *differences;            /* their texts, the first ones */
    uint64_t *votes;                /* of one line: room for a contest's choices */
    bool *present;
};

/* PSP_ENOMEM. */
enum psp_status psp_lines_begin(struct psp_lines *lines, const struct psp_recounted *recounted);
void psp_lines_end(struct psp_lines *lines);

/* Any line but the last. */
void psp_lines_take(struct psp_lines *lines, const json_t *line);
/* The last one; then what should have come and did not is a difference, too. */
void psp_lines_take_last(struct psp_lines *lines, const json_t *line);

#endif
