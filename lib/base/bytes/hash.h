/*
 * hash - FNV-1a: a name for bytes that nobody forges (ETags, versions of a page,
 * seeds). What a stranger could choose needs a keyed hash or SHA-256 instead.
 *
 * Threads: any; pure.
 */
#ifndef PSP_HASH_H
#define PSP_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PSP_FNV64_START UINT64_C(0xCBF29CE484222325)
#define PSP_FNV32_START UINT32_C(0x811C9DC5)

/* One byte more. */
static inline uint64_t psp_fnv64_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT64_C(0x100000001B3);
}
static inline uint64_t psp_fnv64(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = psp_fnv64_byte(hash, at[i]);
    return hash;
}
/* With its NUL, so that "a", "bc" is not "ab", "c". */
static inline uint64_t psp_fnv64_string(uint64_t hash, const char *string)
{
    return psp_fnv64(hash, string, strlen(string) + 1);
}

/* The same in 32 bits. */
static inline uint32_t psp_fnv32_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT32_C(0x01000193);
}
static inline uint32_t psp_fnv32(uint32_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = psp_fnv32_byte(hash, at[i]);
    return hash;
}

#endif
