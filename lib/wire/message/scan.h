/*
 * scan - what a client's message holds, counted before anything of it is unpacked.
 *
 * Unpacking allocates for every field, and a message may hold two million of two
 * bytes: to refuse it would take a router long. Counting stops at the first number
 * that is too large. Of well-formed messages nothing but these numbers is looked at;
 * the rest is the decoder's.
 *
 * Inside wire/ only.   Threads: any; pure.
 */
#ifndef PSP_SCAN_H
#define PSP_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* Of a ClientRequest. NULL: no number is too large; else which. *ret_batch_id: of the
 * batch, when it stands where writers put it, in front; else 0. */
const char *psp_scan_request(const uint8_t *bytes, size_t length, uint64_t *ret_batch_id);

/* The batch ID alone, from the first bytes, or 0. */
uint64_t psp_scan_batch_id(const uint8_t *bytes, size_t length);

#endif
