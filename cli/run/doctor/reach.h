/*
 * reach - what answers at an address of TCP.
 *
 * Threads: any.
 */
#ifndef PSP_DOCTOR_REACH_H
#define PSP_DOCTOR_REACH_H

#include <stdbool.h>
#include <stdint.h>

enum psp_reach {
    PSP_REACH_OPEN,    /* somebody listens */
    PSP_REACH_CLOSED,  /* the machine answers, nobody listens */
    PSP_REACH_SILENT,  /* nothing comes back: it is off, or a firewall drops it */
    PSP_REACH_NOWHERE, /* there is no way there, or it is no address */
};

/* Of "host:port" or "tcp://host:port". */
enum psp_reach psp_reach(const char *address, uint32_t timeout_ms);

/* Whether the address is one of this machine's. */
bool psp_reach_is_here(const char *address);

#endif
