/* SipHash for the voter and for the ballot, under two keys; BLAKE2b makes the second
 * from the secret. */
#include "election/digest.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes/bytes.h"

static_assert(PSP_SLOT_COUNT == 1 << 12, "psp_digest_slot: 12 bits");

static const uint8_t tag_context[crypto_generichash_blake2b_PERSONALBYTES] = "psephtag";

void psp_digest_key_init(struct psp_digest_key *ret_key, const uint8_t secret[PSP_DIGEST_KEY_BYTES])
{
    int failed = sodium_init() < 0;
    assert(!failed);
    static_assert(sizeof ret_key->voter == PSP_DIGEST_KEY_BYTES, "the voter key is the secret");
    memcpy(ret_key->voter, secret, PSP_DIGEST_KEY_BYTES);
    failed =
        crypto_generichash_blake2b_salt_personal(ret_key->tag, sizeof ret_key->tag, NULL, 0, secret,
                                                 PSP_DIGEST_KEY_BYTES, NULL, tag_context);
    assert(!failed);
    failed = crypto_generichash_blake2b(ret_key->hash, sizeof ret_key->hash, secret,
                                        PSP_DIGEST_KEY_BYTES, NULL, 0);
    assert(!failed);
}

void psp_digest_voter(const struct psp_digest_key *key, const uint8_t *voter_id, size_t bytes,
                      uint8_t ret_digest[PSP_DIGEST_BYTES])
{
    static_assert(crypto_shorthash_siphashx24_BYTES == PSP_DIGEST_BYTES, "digest size");
    crypto_shorthash_siphashx24(ret_digest, voter_id, bytes, key->voter);
}

void psp_digest_tag(const struct psp_digest_key *key, const uint8_t ballot_id[PSP_BALLOT_ID_BYTES],
                    uint32_t unit, uint8_t method, uint64_t cast_at_ms, uint32_t style,
                    const uint8_t *marks, size_t marks_bytes, uint8_t ret_tag[PSP_TAG_BYTES])
{
    static_assert(crypto_shorthash_siphash24_BYTES == PSP_TAG_BYTES, "tag size");
    enum {
        UNIT = PSP_BALLOT_ID_BYTES,
        MARKS = UNIT + 4 + 1 + 8 + 4 /* unit, method, time, style */
    };
    uint8_t bytes[MARKS + PSP_MARKS_BYTES_MAX];
    assert(marks_bytes <= PSP_MARKS_BYTES_MAX);
    memcpy(bytes, ballot_id, PSP_BALLOT_ID_BYTES);
    /* In words, as the hash reads them: a word out of several stores waits for them all. */
    psp_put64(bytes + UNIT, unit | (uint64_t)method << 32 | cast_at_ms << 40);
    psp_put64(bytes + UNIT + 8, cast_at_ms >> 24 | (uint64_t)style << 40);
    bytes[MARKS - 1] = (uint8_t)(style >> 24);
    memcpy(bytes + MARKS, marks, marks_bytes);
    crypto_shorthash_siphash24(ret_tag, bytes, MARKS + marks_bytes, key->tag);
}
