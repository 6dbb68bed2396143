/*
 * key_counters - what one key took of a router, and what it was refused, since start.
 *
 * Encoding, of many keys: a varint for each member in the order below.
 *
 * Threads: any; pure.
 */
#ifndef PSP_KEY_COUNTERS_H
#define PSP_KEY_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"

struct psp_key_counters {
    uint32_t role, id;                 /* enum psp_role; a station's number, else a position */
    uint64_t messages, bytes, time_us; /* taken, and what they took of its time */
    uint64_t over;                     /* messages not taken: over its budget */
    uint64_t refused;                  /* messages taken in vain: refused as a whole */
    uint64_t ended;                    /* times that its connections were ended */
};

enum { PSP_KEY_COUNTERS_MAX = 8 * PSP_VARINT64_BYTES_MAX };

/* Returns the bytes written. */
size_t psp_key_counters_encode(const struct psp_key_counters *counters,
                               uint8_t ret_bytes[PSP_KEY_COUNTERS_MAX]);
/* Reads the next one off the front of *bytes. False, untouched: it does not begin with one. */
bool psp_key_counters_decode(struct psp_bytes *bytes, struct psp_key_counters *ret_counters);

/* "station", "gateway", "operator", "collector"; "key" of any other. */
const char *psp_key_role_name(uint32_t role);

#endif
