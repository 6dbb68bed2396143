/*
 * port - TCP ports of this machine: free ones, and those in use.
 *
 * Threads: any.
 */
#ifndef PSP_PORT_H
#define PSP_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Can one listen at "host:port" or "tcp://host:port"? PSP_EEXIST: in use.
 * PSP_EINVAL: no address of this machine. */
enum psp_status psp_port_check(const char *address);

/* A free port of 127.0.0.1 and a socket that holds it until closed, so that
 * the next call gets another one. Where possible below the ports that the kernel
 * gives to outgoing connections: one of those could take the port between two
 * starts of a cluster. PSEPHOS_PORTS=FIRST-LAST in the environment says where. Returns
 * the socket, -1 on failure (errno; EINVAL: PSEPHOS_PORTS says something else). */
int psp_port_hold(uint16_t *ret_port);

#endif
