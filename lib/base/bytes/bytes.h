/*
 * bytes - a run of bytes, and whole numbers in it: little-endian, at any
 * address.
 *
 * Ownership: psp_bytes points at what others own.   Threads: any.
 */
#ifndef PSP_BYTES_H
#define PSP_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct psp_bytes {
    const uint8_t *data;
    size_t length;
};

/* Little-endian, at any address. */
static inline uint32_t psp_get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t psp_get64(const uint8_t *at)
{
    return (uint64_t)psp_get32(at) | (uint64_t)psp_get32(at + 4) << 32;
}
static inline uint16_t psp_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}
static inline void psp_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8);
}
static inline void psp_put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16), at[3] = (uint8_t)(value >> 24);
}
static inline void psp_put64(uint8_t *at, uint64_t value)
{
    psp_put32(at, (uint32_t)value);
    psp_put32(at + 4, (uint32_t)(value >> 32));
}

#endif
