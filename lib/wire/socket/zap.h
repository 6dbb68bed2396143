/*
 * zap - the thread that admits or refuses every incoming connection.
 *
 * libzmq asks it (ZAP, inproc://zeromq.zap.01) with the peer's public key and
 * the listening socket's domain; the domain carries the roles that socket
 * admits. While no handler is bound, libzmq lets every CURVE key in: so it is
 * bound before any socket is made, and psp_zap_refuses_strangers proves it.
 *
 * The answer's user ID is the public key itself; sockets look up again who that
 * is at each message, so that a revoked key is known on a live connection too.
 *
 * Ownership: its socket and thread; the table stays the caller's.
 * Threads: owns one. Ends when the context is shut down.
 */
#ifndef PSP_ZAP_H
#define PSP_ZAP_H

#include "base/status.h"
#include "wire/socket/key_table.h"

struct psp_zap;

/* PSP_EIO: no thread, or the address is taken; PSP_ENOMEM. */
enum psp_status psp_zap_start(void *context, struct psp_key_table *table, struct psp_zap **ret_zap);
/* After zmq_ctx_shutdown. */
void psp_zap_stop(struct psp_zap **zap);

/* PSP_EPERM: a fresh, unknown key got in. PSP_EIO: could not be tried out. */
enum psp_status psp_zap_refuses_strangers(void *context);

#endif
