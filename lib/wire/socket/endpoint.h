/*
 * endpoint - the address to bind for one that others connect to.
 *
 * cluster.json names every socket once, and across machines or containers by
 * host name. libzmq connects to names but binds only to addresses of this
 * machine: so a name is looked up before binding. Inside wire/ only.
 *
 * Threads: any; may wait for the name service.
 */
#ifndef PSP_ENDPOINT_H
#define PSP_ENDPOINT_H

#include <stddef.h>

#include "base/status.h"

/* "tcp://name:port" -> "tcp://192.0.2.7:port"; an address, an interface or "*"
 * stays as it is. PSP_EINVAL: not of this form, too long, or the name is not known. */
enum psp_status psp_endpoint_to_bind(const char *address, char *ret_endpoint, size_t size);

#endif
