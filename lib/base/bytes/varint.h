/*
 * varint - numbers of seven bits a byte (LEB128), as Protocol Buffers has them.
 *
 * A reader returns the bytes used, or 0 when the number is truncated or has more
 * bits than fit. Protocol Buffers also takes a number in more bytes than it needs;
 * what is hashed, compared or stored must not (two spellings would be two ballots):
 * all readers but psp_varint_read_any refuse it.
 *
 * Threads: any; pure.
 */
#ifndef PSP_VARINT_H
#define PSP_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { PSP_VARINT32_BYTES_MAX = 5, PSP_VARINT64_BYTES_MAX = 10 };

/* Up to 64 bits, in any spelling. */
static inline size_t psp_varint_read_any(const uint8_t *at, size_t available, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < PSP_VARINT64_BYTES_MAX && i < available; i++) {
        if (i == PSP_VARINT64_BYTES_MAX - 1 && at[i] > 1)
            return 0;
        value |= (uint64_t)(at[i] & 0x7F) << (7 * i);
        if (!(at[i] & 0x80)) {
            *ret_value = value;
            return i + 1;
        }
    }
    return 0;
}

/* Up to 64 bits, the shortest spelling only. */
static inline size_t psp_varint_read64(const uint8_t *at, size_t available, uint64_t *ret_value)
{
    uint64_t value;
    const size_t used = psp_varint_read_any(at, available, &value);
    if (used == 0 || (used > 1 && at[used - 1] == 0))
        return 0;
    *ret_value = value;
    return used;
}

/* Up to 32 bits, the shortest spelling only; most numbers are one byte. */
static inline size_t psp_varint_read(const uint8_t *at, size_t available, uint32_t *ret_value)
{
    if (available > 0 && !(at[0] & 0x80)) {
        *ret_value = at[0];
        return 1;
    }
    uint64_t value;
    const size_t used = psp_varint_read64(at, available, &value);
    if (used == 0 || value > UINT32_MAX)
        return 0;
    *ret_value = (uint32_t)value;
    return used;
}

/* The shortest spelling: at most PSP_VARINT64_BYTES_MAX, of 32 bits
 * PSP_VARINT32_BYTES_MAX. Returns the bytes written. */
static inline size_t psp_varint_write(uint8_t *at, uint64_t value)
{
    size_t n = 0;
    for (; value > 0x7F; value >>= 7)
        at[n++] = (uint8_t)(value | 0x80);
    at[n++] = (uint8_t)value;
    return n;
}

#endif
