/*
 * token - what a station shows a gateway instead of a key.
 *
 *     psephos_12_<64 hexadecimal digits>      station 12, 256 random bits
 *
 * The number is no secret: by it the one hash is found that the token is compared
 * with, in constant time. clients.json has the BLAKE2b-256 of the whole text.
 *
 * Threads: any; pure.
 */
#ifndef PSP_TOKEN_H
#define PSP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

enum { PSP_TOKEN_SECRET_BYTES = 32, PSP_TOKEN_BYTES = 96 }; /* a text with its NUL fits */

/* A new one, by the system's randomness. PSP_EIO: there is none. */
enum psp_status psp_token_make(uint32_t number, char ret_token[PSP_TOKEN_BYTES],
                               uint8_t ret_hash[PSP_HASH_BYTES]);

/* The number and hash of what came; false: it has not the form of a token. */
bool psp_token_read(const char *text, size_t bytes, uint32_t *ret_number,
                    uint8_t ret_hash[PSP_HASH_BYTES]);

/* In constant time. */
bool psp_token_same(const uint8_t one[PSP_HASH_BYTES], const uint8_t other[PSP_HASH_BYTES]);

#endif
