#include "count/genesis.h"

#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"

static uint8_t *put(uint8_t *at, const uint8_t *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static const uint8_t *get(const uint8_t *at, uint8_t *ret_bytes, size_t n)
{
    memcpy(ret_bytes, at, n);
    return at + n;
}

void psp_genesis_pack(const struct psp_genesis *genesis, uint8_t ret_bytes[PSP_GENESIS_BYTES])
{
    const struct psp_fence *fence = &genesis->fence;
    uint8_t *at = put(ret_bytes, fence->cluster_id, PSP_CLUSTER_ID_BYTES);
    at = put(at, fence->definition_hash, PSP_HASH_BYTES);
    at = put(at, fence->roll_hash, PSP_HASH_BYTES);
    at = put(at, fence->slot_map_hash, PSP_HASH_BYTES);
    at = put(at, fence->digest_key_hash, PSP_HASH_BYTES);
    psp_put32(at, genesis->shard);
    psp_put32(at + 4, genesis->slot_first);
    psp_put32(at + 8, genesis->slot_end);
    at = put(at + 12, genesis->shard_roll_hash, PSP_HASH_BYTES);
    psp_put64(at, genesis->epoch);
    assert(at + 8 == ret_bytes + PSP_GENESIS_BYTES);
}

void psp_genesis_unpack(const uint8_t bytes[PSP_GENESIS_BYTES], struct psp_genesis *ret_genesis)
{
    struct psp_fence *fence = &ret_genesis->fence;
    const uint8_t *at = get(bytes, fence->cluster_id, PSP_CLUSTER_ID_BYTES);
    at = get(at, fence->definition_hash, PSP_HASH_BYTES);
    at = get(at, fence->roll_hash, PSP_HASH_BYTES);
    at = get(at, fence->slot_map_hash, PSP_HASH_BYTES);
    at = get(at, fence->digest_key_hash, PSP_HASH_BYTES);
    ret_genesis->shard = psp_get32(at);
    ret_genesis->slot_first = psp_get32(at + 4);
    ret_genesis->slot_end = psp_get32(at + 8);
    at = get(at + 12, ret_genesis->shard_roll_hash, PSP_HASH_BYTES);
    ret_genesis->epoch = psp_get64(at);
}

bool psp_genesis_has_roll(const struct psp_genesis *genesis)
{
    static const uint8_t none[PSP_HASH_BYTES];
    return memcmp(genesis->shard_roll_hash, none, sizeof none) != 0;
}
