/*
 * bridge - what a bridge is doing, as it says itself.
 *
 * Threads: any.
 */
#ifndef PSP_SHOW_BRIDGE_H
#define PSP_SHOW_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"

struct psp_bridge_shown {
    bool ready; /* it follows the count, or takes ballots */
    char state[24];
    uint64_t lag_versions;
    double lag_seconds;
    char trouble[512]; /* "": none */
};

/* Of /readyz at "host:port". PSP_EUNREACHABLE: no answer, or not that of a bridge. */
enum psp_status psp_bridge_show(const char *address, struct psp_bridge_shown *ret_shown,
                                struct psp_reason *reterr_reason);

#endif
