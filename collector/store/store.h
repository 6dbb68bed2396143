/*
 * store - the collector's LMDB: the board as it was last published, and what was
 * shown of it.
 *
 * What is published was committed here before, so a restarted collector shows
 * at least what it showed last, at once. One transaction a commit; only chunks
 * of rows that changed are written.
 *
 *     meta        "format" -> LE32 = 3        "cluster" -> 16 bytes
 *                 "definition" -> SHA-256     "shards" -> LE32
 *     shards      BE32 shard -> head: LE64 epoch, index, time_ms, registered,
 *                 LE32 replica, LE32 election state, 32 bytes state hash,
 *                 64 bytes signature (cluster/head.h),
 *                 LE64 received, counted, replayed, double_vote, not_eligible,
 *                 invalid, closed, added_ballots, voters_counted
 *     registered  BE32 shard -> LE32 a leaf; only with a roll
 *     rows        BE32 shard, BE32 chunk -> the revisions of rows
 *                 [64 chunk, 64 chunk + 64) of lib/election/totals.h, then their
 *                 cells, each a number of lib/election/rows.h; a missing chunk is
 *                 all zero
 *     stations    BE32 shard, BE32 number of the station -> LE64 received, counted,
 *                 replayed, double_vote, not_eligible, invalid, closed, forgotten
 *     reports     BE32 shard, BE32 leaf -> of its newest report there LE64 number,
 *                 index, time_ms, 1 byte final; a leaf without one is missing
 *     leaf_ballots  BE32 shard, BE32 chunk -> the ballots counted in leaves
 *                 [64 chunk, 64 chunk + 64), each a number of lib/election/rows.h; a
 *                 missing chunk is all zero
 *     shown       BE32 chunk -> with publication reports, of rows [64 chunk,
 *                 64 chunk + 64): the number of the report that each shows (0: none),
 *                 then their cells as shown, all such numbers; a missing chunk is all zero
 *     shown_leaves  BE32 leaf -> of the report that it shows LE64 number, time_ms,
 *                 1 byte final, then a shard LE64 epoch, index
 *     series      series.h
 *
 * kv/kv.h: how the folder is locked and the map grows. A failed commit is final:
 * the process must end.
 *
 * Ownership: the definition stays the caller's.   Memory: the widest chunk of rows.
 * Threads: one owner.
 */
#ifndef PSP_COLLECTOR_STORE_H
#define PSP_COLLECTOR_STORE_H

#include <stddef.h>

#include "base/reason.h"
#include "collector/board/board.h"

enum {
    PSP_COLLECTOR_STORE_FORMAT = 3,
    PSP_COLLECTOR_CHUNK_ROWS = 64,
    PSP_COLLECTOR_CHUNK_LEAVES = 64,
};

struct psp_collector_store;

/* Opens or creates the folder's store for the board's cluster and definition.
 * PSP_EMISMATCH: of another cluster or election; PSP_EVERSION: format unknown;
 * PSP_EBUSY: another process has it; PSP_ECORRUPT, PSP_EIO, PSP_ENOSPC.
 * The reason says what to do. */
enum psp_status psp_collector_store_open(const char *directory, const struct psp_board *board,
                                         struct psp_collector_store **ret_store,
                                         struct psp_reason *reterr_reason);
void psp_collector_store_close(struct psp_collector_store **store);

/* Merges what is stored into a board that holds nothing yet, and shows what was shown.
 * PSP_ECORRUPT (with the reason), PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_collector_store_load(struct psp_collector_store *store, struct psp_board *board,
                                         struct psp_reason *reterr_reason);

/* Durable when it returns PSP_OK. PSP_EIO, PSP_ENOSPC, PSP_ENOMEM: final. */
enum psp_status psp_collector_store_commit(struct psp_collector_store *store,
                                           const struct psp_board *board);

#endif
