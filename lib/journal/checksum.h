/*
 * checksum - CRC32C (Castagnoli), as the log's records carry it.
 *
 * Uses the processor's instruction where there is one (6 GB/s), else a table.
 *
 * Source: RFC 3720, appendix B.4 has the test vectors.
 * Threads: any; pure.
 */
#ifndef PSP_JOURNAL_CHECKSUM_H
#define PSP_JOURNAL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Continues `checksum` (0 to begin) over the bytes. */
uint32_t psp_journal_checksum(uint32_t checksum, const void *data, size_t bytes);
/* The same, never with the processor's instruction. */
uint32_t psp_journal_checksum_table(uint32_t checksum, const void *data, size_t bytes);

#endif
