/*
 * pages - what stands in a file of LMDB, read off line without LMDB.
 *
 * LMDB trusts its pages: a flipped bit in one can end the process that looks at
 * it, and it makes a lock file beside. This only reads, believes nothing, and knows
 * at which byte of the file each value lies. The layout is that of LMDB 0.9 on
 * 64-bit little-endian machines (MDB_DATA_VERSION 1).
 *
 * Ownership: the bytes stay the caller's; what is visited lies in them.
 * Threads:   one at a time.   Memory: a bit a page.
 */
#ifndef PSP_KV_PAGES_H
#define PSP_KV_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/status.h"

struct psp_pages {
    const uint8_t *bytes;
    size_t length;
    uint32_t page_bytes;
    uint64_t transaction, last_page; /* of the newer of the two heads */
    uint64_t root;                   /* page; UINT64_MAX: nothing is in it */
};

/* A value, a table (its name is the key), or what cannot be read. */
struct psp_page_found {
    struct psp_bytes table; /* its name; empty: of the list of tables */
    struct psp_bytes key, value;
    uint64_t offset;   /* of the value in the file; of a fault, of the page */
    const char *fault; /* NULL: a value */
};

/* PSP_ECORRUPT: neither of the two heads is good, or the file is shorter than
 * one page. */
enum psp_status psp_pages_open(const uint8_t *bytes, size_t length, struct psp_pages *ret_pages);

/* Visits every table, then in each every value, in the order of their keys. PSP_ENOMEM. */
enum psp_status psp_pages_walk(const struct psp_pages *pages,
                               void (*visit)(void *context, const struct psp_page_found *found),
                               void *context);

#endif
