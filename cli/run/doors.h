/*
 * doors - gateways and bridges: waits until they are there.
 *
 * Threads: one owner.
 */
#ifndef PSP_RUN_DOORS_H
#define PSP_RUN_DOORS_H

#include "cli/folder/daemon.h"

/* Both return the exit code, and have said why.
 * Waits for each gateway until a router has let it in. */
int psp_doors_gateways(const struct psp_daemon *daemons, uint32_t n);
/* Starts the bridges that do not run, and waits for each until it answers. One that does not
 * start is told with its reason and how to take it out, and holds the others up as little as a
 * server that a bridge does not reach. */
int psp_doors_bridges(const struct psp_local *local, const struct psp_daemon *bridges, uint32_t n);

#endif
