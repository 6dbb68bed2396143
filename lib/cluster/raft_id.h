/*
 * raft_id - the numbers that stand for a shard's replicas: in consensus (raft
 * IDs, 64 bits) and behind keys (process IDs, 32 bits).
 *
 * A raft ID is
 *
 *     start of its range + 256 * times replaced + replica
 *
 * so that (ID - 1) % 256 is the replica, whatever happened to it. 0 is nobody.
 *
 *   - A fresh cluster's range starts at 1: its replicas are 1, 2, 3 ...
 *   - A replaced replica gets the next ID, 256 higher: a disk that was lost must
 *     not vote again under the ID that it voted with.
 *   - Each restore begins a new range, past all that replaced replicas got: by
 *     its epoch, and by chance (24 bits), because the epoch is the same when
 *     something is restored twice from the same copy of a cluster's folder. A
 *     range has room for 65,536 replacements.
 *
 * All fit a positive int64, as cluster.json needs; epochs end at 16,384 (cli/audit).
 *
 * Threads: any; pure.
 */
#ifndef PSP_RAFT_ID_H
#define PSP_RAFT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

enum { PSP_RAFT_GENERATION = 256, PSP_RAFT_ID_START = 1 };

_Static_assert((int)PSP_REPLICAS_MAX <= (int)PSP_RAFT_GENERATION, "an ID says which replica");
_Static_assert(PSP_SHARDS_MAX <= 1 << 24, "a process ID says which shard");

/* ---- raft IDs ---- */

/* The ID of a replica that was never replaced, in the range from `start` on. */
static inline uint64_t psp_raft_id_of(uint64_t start, uint32_t replica)
{
    return start + replica;
}

/* The replica that an ID stands for; of 0, and of no ID given out, one that no shard has. */
static inline uint32_t psp_raft_id_replica(uint64_t raft_id)
{
    return (uint32_t)((raft_id - PSP_RAFT_ID_START) % PSP_RAFT_GENERATION);
}

/* The ID of whoever takes its place. */
static inline uint64_t psp_raft_id_next(uint64_t raft_id)
{
    return raft_id + PSP_RAFT_GENERATION;
}

/* Of a fresh cluster, and never replaced: it is among the first members. */
static inline bool psp_raft_id_is_original(uint64_t raft_id)
{
    return raft_id <= PSP_RAFT_GENERATION;
}

/* Where the range of a restore starts. */
static inline uint64_t psp_raft_id_restored(uint64_t epoch, uint32_t chance)
{
    return ((epoch - 1) << 48) + ((uint64_t)(chance & 0xFFFFFF) << 24) + PSP_RAFT_ID_START;
}

/* ---- process IDs: the `id` of a replica's key ---- */

/* Shard and replica in one number, and back. */
static inline uint32_t psp_process_id(uint32_t shard, uint32_t replica)
{
    return shard << 8 | replica;
}
static inline uint32_t psp_process_shard(uint32_t process_id)
{
    return process_id >> 8;
}
static inline uint32_t psp_process_replica(uint32_t process_id)
{
    return process_id & 0xFF;
}

#endif
