/*
 * digest - keyed hashes of the voter ID and of the ballot, and the slot.
 *
 * The digest is SipHash-2-4-128 of the voter ID (libsodium's
 * crypto_shorthash_siphashx24), keyed by the election's digest key, which only
 * routers hold: a shard cannot turn a digest back into a voter ID, nor test a
 * guess. The tag is SipHash-2-4 (64 bit) of ballot ID, unit, method, cast time,
 * ballot style and marks under a key derived from the digest key (BLAKE2b, context
 * "psephtag").
 *
 * Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012.
 *
 * Threads: any; pure.
 */
#ifndef PSP_DIGEST_H
#define PSP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "election/ballot.h"

struct psp_digest_key {
    uint8_t voter[16];
    uint8_t tag[16];
    uint8_t hash[PSP_HASH_BYTES]; /* BLAKE2b-256 of the secret: names the key, for the fence */
};

/* Derives the parts from the secret. */
void psp_digest_key_init(struct psp_digest_key *ret_key,
                         const uint8_t secret[PSP_DIGEST_KEY_BYTES]);

/* The voter: the same ID, the same digest, under one key. */
void psp_digest_voter(const struct psp_digest_key *key, const uint8_t *voter_id, size_t bytes,
                      uint8_t ret_digest[PSP_DIGEST_BYTES]);

/* The ballot: ID, unit, method, time, style and marks; any difference is another ballot.
 * `style`: the position that was found for it, whether it was named or is the unit's only
 * one, or PSP_NONE: both ways it is the same ballot. */
void psp_digest_tag(const struct psp_digest_key *key, const uint8_t ballot_id[PSP_BALLOT_ID_BYTES],
                    uint32_t unit, uint8_t method, uint64_t cast_at_ms, uint32_t style,
                    const uint8_t *marks, size_t marks_bytes, uint8_t ret_tag[PSP_TAG_BYTES]);

/* The first 12 bits of the digest: 0..4095. */
static inline uint32_t psp_digest_slot(const uint8_t digest[PSP_DIGEST_BYTES])
{
    return (uint32_t)digest[0] << 4 | (uint32_t)digest[1] >> 4;
}

#endif
