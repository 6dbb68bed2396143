/*
 * gateway - whether a gateway can cast now.
 *
 * Threads: any.
 */
#ifndef PSP_SHOW_GATEWAY_H
#define PSP_SHOW_GATEWAY_H

#include "base/reason.h"

/* Of its /readyz at "host:port". PSP_OK; PSP_EAGAIN: it answers that it cannot, and why;
 * PSP_EUNREACHABLE, PSP_ENOMEM: with a reason. */
enum psp_status psp_gateway_ready(const char *address, struct psp_reason *reterr_reason);

#endif
