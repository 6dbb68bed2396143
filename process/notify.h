/*
 * notify - tells the service manager (systemd) how far the daemon is.
 *
 * Without one (no NOTIFY_SOCKET in the environment) nothing happens.
 *
 * Threads: any.
 */
#ifndef PSP_NOTIFY_H
#define PSP_NOTIFY_H

void psp_notify_ready(void);    /* it listens: others may be started */
void psp_notify_stopping(void); /* it ends by intention */

#endif
