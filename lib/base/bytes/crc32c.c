/* SSE 4.2 where the processor has it, else a table that is made once. */
#include "base/bytes/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static uint32_t table[256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0x82F63B78U : value >> 1;
        table[i] = value;
    }
}

uint32_t psp_crc32c_table(uint32_t checksum, const void *data, size_t bytes)
{
    pthread_once(&table_made, make_table);
    const uint8_t *at = data;
    uint32_t value = ~checksum;
    for (size_t i = 0; i < bytes; i++)
        value = table[(value ^ at[i]) & 0xFF] ^ value >> 8;
    return ~value;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t checksum_sse42(uint32_t checksum,
                                                                 const uint8_t *at, size_t bytes)
{
    uint64_t value = ~checksum;
    for (; bytes >= 8; at += 8, bytes -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        value = _mm_crc32_u64(value, word);
    }
    uint32_t rest = (uint32_t)value;
    for (; bytes > 0; at++, bytes--)
        rest = _mm_crc32_u8(rest, *at);
    return ~rest;
}

uint32_t psp_crc32c(uint32_t checksum, const void *data, size_t bytes)
{
    if (__builtin_cpu_supports("sse4.2"))
        return checksum_sse42(checksum, data, bytes);
    return psp_crc32c_table(checksum, data, bytes);
}
#else
uint32_t psp_crc32c(uint32_t checksum, const void *data, size_t bytes)
{
    return psp_crc32c_table(checksum, data, bytes);
}
#endif
