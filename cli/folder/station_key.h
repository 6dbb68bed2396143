/*
 * station_key - what a station has to keep secret, in two files side by side: its
 * key pair (KEYFILE) and what its ballot IDs follow from (KEYFILE.ids); and the
 * public half of the first, which alone goes to whoever lets it cast (KEYFILE.pub).
 *
 * KEYFILE.ids outlives a key: cast again under a new one, the same lines are the
 * same ballots. So one that is there is kept.
 *
 * Threads: one owner a file.
 */
#ifndef PSP_STATION_KEY_H
#define PSP_STATION_KEY_H

#include "base/reason.h"
#include "base/status.h"
#include "wire/socket/socket.h"

/* KEYFILE.ids, KEYFILE.pub; the caller frees. */
char *psp_station_ids_path(const char *key_path);
char *psp_station_public_path(const char *key_path);

/* Both secrets, each made unless it is there. PSP_EPERM: others can read one;
 * PSP_EINVAL: not what its name says; PSP_EIO, PSP_ENOSPC. The reason names the file. */
enum psp_status psp_station_key_make(const char *key_path, char ret_public[PSP_KEY_Z85_BYTES],
                                     struct psp_reason *reterr_reason);

/* `text` is a public key, or a file that holds one and nothing else; of a "station" or an
 * "auditor" (`whose`). PSP_EINVAL with the reason, also for a file that holds a secret. */
enum psp_status psp_public_key_read(const char *text, const char *whose,
                                    char ret_public[PSP_KEY_Z85_BYTES],
                                    struct psp_reason *reterr_reason);
/* FILE.pub of a key: the public half as a line that anybody may read. With a reason. */
enum psp_status psp_public_key_store(const char *key_path, const char *public_key,
                                     struct psp_reason *reterr_reason);

/* Whether a station can cast with the key in this file. As psp_keypair_load; the reason
 * names the file, and says so when it holds the public half. */
enum psp_status psp_station_key_check(const char *key_path, struct psp_reason *reterr_reason);

#endif
