/*
 * beside - a file that is written as FILE.new and takes FILE's place when it is whole.
 *
 * Whoever opens FILE finds what was there before, or all of the new. FILE.new is locked
 * while it is written, so that two calls do not write the same one; a call that ends early,
 * or is ended by a signal, removes it. What a killed one has left is written over by the next.
 *
 * Ownership: owns its names and its lock.   Threads: one, and one beside at a time in a
 *            process (signals).
 */
#ifndef PSP_BESIDE_H
#define PSP_BESIDE_H

#include "base/reason.h"
#include "base/status.h"

struct psp_beside {
    char *path, *name; /* FILE, FILE.new */
    int lock;
};

/* FILE.new is there and empty then. PSP_EINVAL: FILE is a folder, or "". PSP_EBUSY: another
 * call writes it. PSP_ENOENT, PSP_EPERM, PSP_ENOSPC, PSP_EIO: it cannot be made. The reason
 * names the file. */
enum psp_status psp_beside_open(const char *path, struct psp_beside *ret_beside,
                                struct psp_reason *reterr_reason);

/* Syncs it and gives it its name, durably. On failure it is still beside. */
enum psp_status psp_beside_finish(struct psp_beside *beside, struct psp_reason *reterr_reason);

/* Removes what is not finished; closed then. Twice is fine. */
void psp_beside_close(struct psp_beside *beside);

/* Why a file could not be written, with what to do about it. Returns the status. */
enum psp_status psp_beside_refuse(const char *path, int error, struct psp_reason *reterr_reason);

#endif
