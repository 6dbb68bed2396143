/*
 * notify - tells the service manager (systemd) how far the daemon is.
 *
 * Without one (no NOTIFY_SOCKET in the environment) nothing happens.
 *
 * Threads: any.
 */
#ifndef PSP_NOTIFY_H
#define PSP_NOTIFY_H

#include <stdint.h>

void psp_notify_ready(void);    /* it listens: others may be started */
void psp_notify_stopping(void); /* it ends by intention */

/* How often the manager wants to hear that the daemon is not stuck: twice within
 * WatchdogSec=. 0: it does not watch. */
uint64_t psp_notify_alive_ms(void);
void psp_notify_alive(void);

#endif
