/* The statement is put together on the stack: it is short, or a hash. */
#include "cluster/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/system/secret.h"

static_assert(PSP_SIGN_SEED_BYTES == crypto_sign_SEEDBYTES, "");
static_assert(PSP_SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "");
static_assert(PSP_SIGNATURE_BYTES == crypto_sign_BYTES, "");
static_assert(sizeof((struct psp_sign_key *)0)->secret == crypto_sign_SECRETKEYBYTES, "");

enum psp_status psp_sign_key_of(const uint8_t seed[PSP_SIGN_SEED_BYTES],
                                struct psp_sign_key *ret_key)
{
    if (sodium_init() < 0)
        return PSP_EIO;
    crypto_sign_seed_keypair(ret_key->public_key, ret_key->secret, seed);
    return PSP_OK;
}

typedef enum psp_status seed_reader(const char *path, uint8_t *ret_secret, size_t bytes);

static enum psp_status read_key(seed_reader *read, const char *path, struct psp_sign_key *ret_key)
{
    uint8_t seed[PSP_SIGN_SEED_BYTES];
    enum psp_status status = read(path, seed, sizeof seed);
    if (status == PSP_OK)
        status = psp_sign_key_of(seed, ret_key);
    explicit_bzero(seed, sizeof seed);
    return status;
}

enum psp_status psp_sign_key_load(const char *path, struct psp_sign_key *ret_key)
{
    return read_key(psp_secret_load, path, ret_key);
}

enum psp_status psp_sign_key_make(const char *path, struct psp_sign_key *ret_key)
{
    return read_key(psp_secret_make, path, ret_key);
}

/* Returns the length: context, zero byte, statement. */
static size_t put_together(const char *context, const uint8_t *bytes, size_t n,
                           uint8_t ret_text[PSP_SIGN_BYTES_MAX])
{
    const size_t head = strlen(context) + 1;
    assert(head <= PSP_SIGN_BYTES_MAX);
    assert(n <= PSP_SIGN_BYTES_MAX - head);
    memcpy(ret_text, context, head);
    if (n > 0)
        memcpy(ret_text + head, bytes, n);
    return head + n;
}

void psp_sign(const struct psp_sign_key *key, const char *context, const uint8_t *bytes, size_t n,
              uint8_t ret_signature[PSP_SIGNATURE_BYTES])
{
    uint8_t text[PSP_SIGN_BYTES_MAX];
    const size_t length = put_together(context, bytes, n, text);
    crypto_sign_detached(ret_signature, NULL, text, length, key->secret);
}

bool psp_sign_verify(const uint8_t public_key[PSP_SIGN_PUBLIC_BYTES], const char *context,
                     const uint8_t *bytes, size_t n, const uint8_t signature[PSP_SIGNATURE_BYTES])
{
    uint8_t text[PSP_SIGN_BYTES_MAX];
    const size_t length = put_together(context, bytes, n, text);
    return crypto_sign_verify_detached(signature, text, length, public_key) == 0;
}

void psp_sign_derive(const struct psp_sign_key *key, const char *context,
                     uint8_t ret_secret[PSP_HASH_BYTES])
{
    const int failed = crypto_generichash(ret_secret, PSP_HASH_BYTES, (const uint8_t *)context,
                                          strlen(context), key->secret, PSP_SIGN_SEED_BYTES);
    assert(failed == 0);
    (void)failed;
}
