/*
 * fence - what router and shard must agree on before any ballot is judged.
 *
 * A shard refuses a batch whose router has another election, roll, slot map or
 * digest key: counted all the same, a voter could vote at two shards, or twice.
 * The parts stand in a shard's genesis and, hashed, in every batch of its log.
 *
 * The table is the only list of them: comparing, packing, hashing and explaining
 * walk it. A part more is a line here, a field of that name in struct
 * psp_cluster and in proto/'s Fence and Genesis, and a new log format.
 *
 * Threads: any; pure.
 */
#ifndef PSP_FENCE_H
#define PSP_FENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* X(NAME, field of proto/ and struct psp_cluster, bytes, for a person, in cluster.json) */
#define PSP_FENCE(X)                                                                               \
    X(CLUSTER, cluster_id, PSP_CLUSTER_ID_BYTES, "cluster ID", "cluster_id")                       \
    X(DEFINITION, definition_hash, PSP_HASH_BYTES, "election definition", "definition_hash")       \
    X(ROLL, roll_hash, PSP_HASH_BYTES, "voter roll", "roll_hash of the cluster") /* zeros: none */ \
    X(SLOT_MAP, slot_map_hash, PSP_HASH_BYTES, "slot map", "slot map (slots of the shards)")       \
    X(DIGEST_KEY, digest_key_hash, PSP_HASH_BYTES, "digest key", "digest_key_hash")

enum psp_fence_part {
#define X(NAME, field, bytes, text, place) PSP_FENCE_##NAME,
    PSP_FENCE(X)
#undef X
        PSP_FENCE_PARTS
};

#define X(NAME, field, bytes, text, place) +bytes
enum { PSP_FENCE_BYTES = 0 PSP_FENCE(X) }; /* packed */
#undef X

struct psp_fence {
    uint8_t parts[PSP_FENCE_PARTS][PSP_HASH_BYTES]; /* a shorter part: zeros behind it */
};

/* The first part that differs, PSP_FENCE_PARTS when none does. */
enum psp_fence_part psp_fence_difference(const struct psp_fence *a, const struct psp_fence *b);

/* What says it in cluster.json: "roll_hash of the cluster". */
const char *psp_fence_place(enum psp_fence_part part);

/* The parts one after the other, each in its own length. */
void psp_fence_pack(const struct psp_fence *fence, uint8_t ret_bytes[PSP_FENCE_BYTES]);
void psp_fence_unpack(const uint8_t bytes[PSP_FENCE_BYTES], struct psp_fence *ret_fence);

/* BLAKE2b-256 of the packed parts. */
void psp_fence_hash(const struct psp_fence *fence, uint8_t ret_hash[PSP_HASH_BYTES]);

#endif
