/*
 * position - how far a backup of a shard goes, as the shard signs it.
 *
 * What was applied at an index, and what the count is there. With the signed chunks up to it
 * (chunk.h) it says everything: their ranges are fixed, and a replay of their records must
 * give its state hash.
 *
 * Ownership: the caller's.   Threads: any; pure.
 */
#ifndef PSP_POSITION_H
#define PSP_POSITION_H

#include <stdint.h>

#include "base/limits.h"
#include "wire/message/message.h"

/* Under which the shard signs it: cluster/sign.h. */
#define PSP_POSITION_CONTEXT "psephos backup 1"

enum { PSP_POSITION_STATEMENT_BYTES = 16 + 4 + 4 + 5 * 8 + PSP_HASH_BYTES };

/* The bytes that are signed. */
void psp_position_statement(const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint32_t shard,
                            const struct psp_seal_position *position,
                            uint8_t ret_statement[PSP_POSITION_STATEMENT_BYTES]);

#endif
