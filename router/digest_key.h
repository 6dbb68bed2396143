/*
 * digest_key - the election's digest key, read from its file.
 *
 * One line of 32 hex digits, readable by its owner only. The key in the file
 * must be the one that cluster.json names: with another one, every voter would
 * have another digest, and could vote a second time.
 *
 * Threads: any.
 */
#ifndef PSP_ROUTER_DIGEST_KEY_H
#define PSP_ROUTER_DIGEST_KEY_H

#include <stddef.h>

#include "base/reason.h"
#include "base/status.h"
#include "election/digest.h"

/* PSP_ENOENT, PSP_EPERM (others can read it), PSP_EINVAL (not 32 hex digits),
 * PSP_EMISMATCH (another key than `wanted_hash` names), PSP_EIO; reterr_reason says
 * what to do. */
enum psp_status psp_digest_key_load(const char *path, const uint8_t wanted_hash[PSP_HASH_BYTES],
                                    struct psp_digest_key *ret_key,
                                    struct psp_reason *reterr_reason);

#endif
