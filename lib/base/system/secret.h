/*
 * secret - a random secret in a file of its own, as one line of hex digits.
 *
 * Mode 0600, made once and never overwritten: what was derived under a lost
 * secret cannot be derived again.
 *
 * Threads: one owner a file.
 */
#ifndef PSP_SECRET_H
#define PSP_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { PSP_SECRET_BYTES_MAX = 32 };

/* PSP_ENOENT; PSP_EPERM: others may read it; PSP_EINVAL: not `bytes` bytes in hex; PSP_EIO. */
enum psp_status psp_secret_load(const char *path, uint8_t *ret_secret, size_t bytes);
/* PSP_EEXIST; PSP_EIO, PSP_ENOSPC. */
enum psp_status psp_secret_store(const char *path, const uint8_t *secret, size_t bytes);
/* The one that is there, else a new one. */
enum psp_status psp_secret_make(const char *path, uint8_t *ret_secret, size_t bytes);

#endif
