/* One layout for both directions. */
#include "cluster/head.h"

#include <string.h>

#include "base/bytes/bytes.h"

#define CONTEXT "psephos head 1"

enum { HEAD_BYTES = PSP_CLUSTER_ID_BYTES + 4 + 8 + 8 + PSP_HASH_BYTES };

static void lay_out(const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint32_t shard,
                    const struct psp_head *head, uint8_t ret_bytes[HEAD_BYTES])
{
    memcpy(ret_bytes, cluster_id, PSP_CLUSTER_ID_BYTES);
    uint8_t *at = ret_bytes + PSP_CLUSTER_ID_BYTES;
    psp_put32(at, shard);
    psp_put64(at + 4, head->epoch);
    psp_put64(at + 12, head->index);
    memcpy(at + 20, head->state_hash, PSP_HASH_BYTES);
}

void psp_head_sign(const struct psp_sign_key *key, const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES],
                   uint32_t shard, struct psp_head *head)
{
    uint8_t bytes[HEAD_BYTES];
    lay_out(cluster_id, shard, head, bytes);
    psp_sign(key, CONTEXT, bytes, sizeof bytes, head->signature);
}

bool psp_head_verify(const uint8_t signing_key[PSP_SIGN_PUBLIC_BYTES],
                     const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint32_t shard,
                     const struct psp_head *head)
{
    uint8_t bytes[HEAD_BYTES];
    lay_out(cluster_id, shard, head, bytes);
    return psp_sign_verify(signing_key, CONTEXT, bytes, sizeof bytes, head->signature);
}
