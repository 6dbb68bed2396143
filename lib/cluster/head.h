/*
 * head - what a shard's state was at an index, under the shard's signature.
 *
 * A shard signs the head of every state that it tells, and only a state that is
 * committed. Whoever keeps it can show it to the shard again; nobody else can make one,
 * so that one past the end of a lone replica's log proves that its log lost something.
 *
 * Signed (cluster/sign.h, context "psephos head 1"): cluster ID 16, shard LE32, epoch
 * LE64, index LE64, state hash 32.
 *
 * Ownership: the caller's.   Threads: any.
 */
#ifndef PSP_HEAD_H
#define PSP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/sign.h"
#include "wire/message/message.h"

/* Fills head->signature. */
void psp_head_sign(const struct psp_sign_key *key, const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES],
                   uint32_t shard, struct psp_head *head);
/* Whether the shard with this key signed it. */
bool psp_head_verify(const uint8_t signing_key[PSP_SIGN_PUBLIC_BYTES],
                     const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint32_t shard,
                     const struct psp_head *head);

#endif
