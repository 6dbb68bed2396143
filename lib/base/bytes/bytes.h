/*
 * bytes - a run of bytes, and whole numbers in it: little-endian, at any
 * address.
 *
 * Ownership: psp_bytes points at what others own.   Threads: any.
 */
#ifndef PSP_BYTES_H
#define PSP_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct psp_bytes {
    const uint8_t *data;
    size_t length;
};

/* Little-endian, at any address. By memcpy: byte by byte gcc 12 builds each of several that
 * lie together out of shifts. */
static inline uint32_t psp_get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}
static inline uint64_t psp_get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}
static inline uint16_t psp_get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return le16toh(value);
}
static inline void psp_put16(uint8_t *at, uint16_t value)
{
    value = htole16(value);
    memcpy(at, &value, sizeof value);
}
static inline void psp_put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}
static inline void psp_put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

#endif
