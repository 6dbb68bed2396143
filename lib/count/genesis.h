/*
 * genesis - a genesis as fixed bytes, for the state hash and the store.
 *
 *     cluster ID 16, hashes of definition, roll, slot map and digest key 32
 *     each, shard 4, first slot 4, end slot 4, hash of the shard's roll file
 *     32, epoch 8, rules 4, mode 4, publication 4, turnout 4, report_min 8: 220
 *     bytes, integers little-endian. Under rules 1 the state hash takes the first 196.
 *
 * Threads: any; pure.
 */
#ifndef PSP_COUNT_GENESIS_H
#define PSP_COUNT_GENESIS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message/message.h"

enum {
    PSP_GENESIS_1_BYTES = PSP_FENCE_BYTES + 3 * 4 + PSP_HASH_BYTES + 8,
    PSP_GENESIS_BYTES = PSP_GENESIS_1_BYTES + 4 * 4 + 8,
};

/* The bytes above, both ways. */
void psp_genesis_pack(const struct psp_genesis *genesis, uint8_t ret_bytes[PSP_GENESIS_BYTES]);
void psp_genesis_unpack(const uint8_t bytes[PSP_GENESIS_BYTES], struct psp_genesis *ret_genesis);

/* Whether this shard has a roll: its hash is not all zeros. */
bool psp_genesis_has_roll(const struct psp_genesis *genesis);

#endif
