/*
 * crc32c - the checksum (Castagnoli) of the log's records and the store's values.
 *
 * Uses the processor's instruction where there is one (6 GB/s), else a table.
 *
 * Source: RFC 3720, appendix B.4 has the test vectors.
 * Threads: any; pure.
 */
#ifndef PSP_CRC32C_H
#define PSP_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `checksum` (0 to begin) over the bytes. */
uint32_t psp_crc32c(uint32_t checksum, const void *data, size_t bytes);
/* The same, never with the processor's instruction. */
uint32_t psp_crc32c_table(uint32_t checksum, const void *data, size_t bytes);

#endif
