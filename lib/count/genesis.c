/* The only place that knows the order of the bytes. */
#include "count/genesis.h"

#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"

static_assert(PSP_FENCE_BYTES == PSP_CLUSTER_ID_BYTES + 4 * PSP_HASH_BYTES, "genesis.h");
static_assert(PSP_GENESIS_1_BYTES == 196, "in the chain of every log of rules 1");
static_assert(PSP_GENESIS_BYTES == 220, "in those of rules 2, and in stores");

void psp_genesis_pack(const struct psp_genesis *genesis, uint8_t ret_bytes[PSP_GENESIS_BYTES])
{
    uint8_t *at = ret_bytes + PSP_FENCE_BYTES;
    psp_fence_pack(&genesis->fence, ret_bytes);
    psp_put32(at, genesis->shard);
    psp_put32(at + 4, genesis->slot_first);
    psp_put32(at + 8, genesis->slot_end);
    memcpy(at + 12, genesis->shard_roll_hash, PSP_HASH_BYTES);
    psp_put64(at + 12 + PSP_HASH_BYTES, genesis->epoch);
    at = ret_bytes + PSP_GENESIS_1_BYTES;
    psp_put32(at, genesis->rules);
    psp_put32(at + 4, (uint32_t)genesis->mode);
    psp_put32(at + 8, (uint32_t)genesis->publication);
    psp_put32(at + 12, (uint32_t)genesis->turnout);
    psp_put64(at + 16, genesis->report_min);
}

void psp_genesis_unpack(const uint8_t bytes[PSP_GENESIS_BYTES], struct psp_genesis *ret_genesis)
{
    const uint8_t *at = bytes + PSP_FENCE_BYTES;
    psp_fence_unpack(bytes, &ret_genesis->fence);
    ret_genesis->shard = psp_get32(at);
    ret_genesis->slot_first = psp_get32(at + 4);
    ret_genesis->slot_end = psp_get32(at + 8);
    memcpy(ret_genesis->shard_roll_hash, at + 12, PSP_HASH_BYTES);
    ret_genesis->epoch = psp_get64(at + 12 + PSP_HASH_BYTES);
    at = bytes + PSP_GENESIS_1_BYTES;
    ret_genesis->rules = psp_get32(at);
    ret_genesis->mode = (enum psp_mode)psp_get32(at + 4);
    ret_genesis->publication = (enum psp_publication)psp_get32(at + 8);
    ret_genesis->turnout = (enum psp_publication)psp_get32(at + 12);
    ret_genesis->report_min = psp_get64(at + 16);
}

bool psp_genesis_has_roll(const struct psp_genesis *genesis)
{
    static const uint8_t none[PSP_HASH_BYTES];
    return memcmp(genesis->shard_roll_hash, none, sizeof none) != 0;
}
