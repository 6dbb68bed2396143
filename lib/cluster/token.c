/* Read strictly: one token has one text. */
#include "cluster/token.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char prefix[] = "psephos_";

static void hash_of(const char *text, size_t bytes, uint8_t ret_hash[PSP_HASH_BYTES])
{
    crypto_generichash(ret_hash, PSP_HASH_BYTES, (const uint8_t *)text, bytes, NULL, 0);
}

enum psp_status psp_token_make(uint32_t number, char ret_token[PSP_TOKEN_BYTES],
                               uint8_t ret_hash[PSP_HASH_BYTES])
{
    uint8_t secret[PSP_TOKEN_SECRET_BYTES];
    char hex[2 * sizeof secret + 1];
    if (getrandom(secret, sizeof secret, 0) != sizeof secret)
        return PSP_EIO;
    const int bytes = snprintf(ret_token, PSP_TOKEN_BYTES, "%s%" PRIu32 "_%s", prefix, number,
                               sodium_bin2hex(hex, sizeof hex, secret, sizeof secret));
    hash_of(ret_token, (size_t)bytes, ret_hash);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(hex, sizeof hex);
    return PSP_OK;
}

bool psp_token_read(const char *text, size_t bytes, uint32_t *ret_number,
                    uint8_t ret_hash[PSP_HASH_BYTES])
{
    const size_t secret_bytes = (size_t)2 * PSP_TOKEN_SECRET_BYTES, before = sizeof prefix - 1;
    uint32_t number = 0;
    size_t at = before;
    if (bytes < before || bytes >= PSP_TOKEN_BYTES || memcmp(text, prefix, before) != 0)
        return false;
    for (; at < bytes && text[at] >= '0' && text[at] <= '9'; at++) {
        number = number * 10 + (uint32_t)(text[at] - '0');
        if (number == 0 || number > PSP_STATIONS_MAX)
            return false;
    }
    if (at == before || at == bytes || text[at++] != '_' || bytes - at != secret_bytes)
        return false;
    for (size_t i = at; i < bytes; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    *ret_number = number;
    hash_of(text, bytes, ret_hash);
    return true;
}

bool psp_token_same(const uint8_t one[PSP_HASH_BYTES], const uint8_t other[PSP_HASH_BYTES])
{
    return sodium_memcmp(one, other, PSP_HASH_BYTES) == 0;
}
