/*
 * varint - numbers of seven bits a byte (LEB128), as Protocol Buffers has them.
 *
 * Threads: any.
 */
#ifndef PSP_VARINT_H
#define PSP_VARINT_H

#include <stddef.h>
#include <stdint.h>

/* LEB128. Returns the bytes used, 0 when truncated or over 32 bits. */
static inline size_t psp_varint_read(const uint8_t *at, size_t available, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 5 && i < available; i++) {
        if (i == 4 && at[i] > 0x0F)
            return 0;
        value |= (uint32_t)(at[i] & 0x7F) << (7 * i);
        if (!(at[i] & 0x80)) {
            *ret_value = value;
            return i + 1;
        }
    }
    return 0;
}
static inline size_t psp_varint_write(uint8_t *at, uint32_t value)
{
    size_t n = 0;
    for (; value > 0x7F; value >>= 7)
        at[n++] = (uint8_t)(value | 0x80);
    at[n++] = (uint8_t)value;
    return n;
}

#endif
