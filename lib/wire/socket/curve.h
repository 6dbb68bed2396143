/*
 * curve - how every ZeroMQ socket of ours is set up.
 *
 * Inside wire/ only. One place for CURVE, bounds, heartbeats and timeouts, so
 * that no socket can be made without them.
 *
 * Threads: as libzmq's sockets: the thread that made one.
 */
#ifndef PSP_CURVE_H
#define PSP_CURVE_H

#include "wire/socket/socket.h"

enum {
    PSP_ENDPOINT_BYTES = 256,
    PSP_CURVE_BYTES = 33, /* what encryption adds to a frame: command name, nonce, flags, MAC */
    PSP_SEND_QUEUE_MESSAGES = 1024,   /* per peer; full: PSP_EBUSY */
    PSP_RECEIVE_QUEUE_MESSAGES = 256, /* per peer; full: TCP holds the sender back */
    PSP_HEARTBEAT_MS = 2000,
    /* Of a station's connection, in the kernel. One thread reads and decrypts for all: of each
     * in turn no more than this, so that large messages of many hold up a small one less. */
    PSP_INGEST_BUFFER_BYTES = 128 << 10,
    PSP_HEARTBEAT_TIMEOUT_MS = 6000, /* a peer silent for so long is gone */
    PSP_HANDSHAKE_MS = 5000,         /* a connection that is not through by then is closed */
    PSP_CONNECT_MS = 5000,
    PSP_RECONNECT_MS = 50, /* first pause, doubled up to the next */
    PSP_RECONNECT_MAX_MS = 1000,
    PSP_REFUSED_RETRY_MS = 1000, /* a router rereads its stations that often */
    PSP_LINGER_MS = 500,         /* at close: what is queued may still go out */
    PSP_BACKLOG = 1024,
    PSP_CURVE_DOMAIN_BYTES = 16,
};

/* The ZAP domain that tells the handler (zap.h) which roles a socket admits. */
void psp_curve_domain(unsigned roles, char ret_domain[PSP_CURVE_DOMAIN_BYTES]);

/* The largest message that a socket takes that admits these roles. */
size_t psp_curve_message_bytes_max(unsigned roles);
/* A ROUTER that admits the roles, not bound yet; NULL: libzmq refused. */
void *psp_curve_open_server(void *context, const struct psp_keypair *self, unsigned roles);
/* A DEALER that expects the server's key, not connected yet; NULL as above. */
void *psp_curve_open_client(void *context, const struct psp_keypair *self,
                            const char *server_public_z85);

#endif
