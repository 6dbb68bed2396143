/*
 * sign - what a shard says under its signing key: Ed25519, one key pair a shard.
 *
 * The public half stands in cluster.json (shards[].signing_key), the secret seed in
 * keys/shard-S-sign.key, and every replica of the shard has it: which replica speaks
 * changes, the shard does not. Signed are a context, which says what kind of statement
 * it is, a zero byte and the statement: no signature of one kind passes for another.
 * The same bytes always get the same signature.
 *
 * Ownership: the caller's.   Threads: any.   Memory: none.
 */
#ifndef PSP_SIGN_H
#define PSP_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

#define PSP_SIGN_SEED_DIGITS 64 /* of the seed in its file */

enum {
    PSP_SIGN_SEED_BYTES = PSP_SIGN_SEED_DIGITS / 2,
    PSP_SIGN_BYTES_MAX = 1024, /* of context and statement: sign a hash of what is longer */
};

struct psp_sign_key {
    uint8_t public_key[PSP_SIGN_PUBLIC_BYTES];
    uint8_t secret[PSP_SIGN_SEED_BYTES + PSP_SIGN_PUBLIC_BYTES]; /* libsodium's: seed, public */
};

/* Of the seed alone. PSP_EIO: libsodium does not start. */
enum psp_status psp_sign_key_of(const uint8_t seed[PSP_SIGN_SEED_BYTES],
                                struct psp_sign_key *ret_key);
/* From a file: base/system/secret.h, with its statuses. `make`: a new one where none is. */
enum psp_status psp_sign_key_load(const char *path, struct psp_sign_key *ret_key);
enum psp_status psp_sign_key_make(const char *path, struct psp_sign_key *ret_key);

/* A statement of at most PSP_SIGN_BYTES_MAX bytes, its context and the zero byte included. */
void psp_sign(const struct psp_sign_key *key, const char *context, const uint8_t *bytes, size_t n,
              uint8_t ret_signature[PSP_SIGNATURE_BYTES]);
/* Whether the key's owner signed exactly this, as this kind of statement. */
bool psp_sign_verify(const uint8_t public_key[PSP_SIGN_PUBLIC_BYTES], const char *context,
                     const uint8_t *bytes, size_t n, const uint8_t signature[PSP_SIGNATURE_BYTES]);

/* A secret of the shard for something else: keyed BLAKE2b-256 of the context under the seed. */
void psp_sign_derive(const struct psp_sign_key *key, const char *context,
                     uint8_t ret_secret[PSP_HASH_BYTES]);

#endif
