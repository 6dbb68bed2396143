/*
 * listen - a TCP port to take connections on.
 *
 * Ownership: the descriptor is the caller's.   Threads: any.
 */
#ifndef PSP_LISTEN_H
#define PSP_LISTEN_H

#include "base/reason.h"

/* At "host:port"; port 0: a free one. PSP_EINVAL: not an address; PSP_EEXIST: in use;
 * PSP_EPERM, PSP_EIO; the reason says which. */
enum psp_status psp_listen(const char *address, int *ret_fd, struct psp_reason *reterr_reason);

#endif
