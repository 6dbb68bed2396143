/*
 * fingerprint - one name for what a cast of returns is made of: BLAKE2b-256 of parts.
 *
 * Each part is hashed with its length behind it, so that two parts are never taken for
 * one. Of files the bytes count, not their names.
 *
 * Ownership: psp_fingerprint_end frees it.   Threads: one owner.
 */
#ifndef PSP_FINGERPRINT_H
#define PSP_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/status.h"

struct psp_fingerprint;

/* NULL: no memory. */
struct psp_fingerprint *psp_fingerprint_begin(void);

/* One part; may be empty. */
void psp_fingerprint_add(struct psp_fingerprint *fingerprint, const void *bytes, size_t length);
/* From where the file stands to its end. PSP_EIO, errno says more. */
enum psp_status psp_fingerprint_add_file(struct psp_fingerprint *fingerprint, FILE *file);

/* `ret_hash` may be NULL. Takes NULL, too. */
void psp_fingerprint_end(struct psp_fingerprint **fingerprint, uint8_t ret_hash[PSP_HASH_BYTES]);

#endif
