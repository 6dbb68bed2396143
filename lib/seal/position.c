/* Integers little-endian; the bytes stand in docs/storage.md. */
#include "seal/position.h"

#include <string.h>

#include "base/bytes/bytes.h"

void psp_position_statement(const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint32_t shard,
                            const struct psp_seal_position *position,
                            uint8_t ret_statement[PSP_POSITION_STATEMENT_BYTES])
{
    memcpy(ret_statement, cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put32(ret_statement + 16, shard);
    psp_put32(ret_statement + 20, (uint32_t)position->mode);
    psp_put64(ret_statement + 24, position->epoch);
    psp_put64(ret_statement + 32, position->index);
    psp_put64(ret_statement + 40, position->term);
    psp_put64(ret_statement + 48, position->received);
    psp_put64(ret_statement + 56, position->counted);
    memcpy(ret_statement + 64, position->state_hash, PSP_HASH_BYTES);
}
