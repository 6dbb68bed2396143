/*
 * doors - waits until gateways and bridges that were started are there.
 *
 * Threads: one owner.
 */
#ifndef PSP_RUN_DOORS_H
#define PSP_RUN_DOORS_H

#include "cli/folder/daemon.h"

/* Of each gateway, until a router has let it in; of each bridge, until it answers. A server
 * that a bridge does not reach is told on stderr and holds nothing up. Returns the exit code,
 * and has said why. */
int psp_doors_wait(const struct psp_daemon *daemons, uint32_t n);

#endif
