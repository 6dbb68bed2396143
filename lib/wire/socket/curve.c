/* Options are set before bind or connect; one that libzmq refuses ends the socket. */
#include "wire/socket/curve.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/limits.h"

static_assert((int)PSP_HEARTBEAT_TIMEOUT_MS > (int)PSP_HEARTBEAT_MS, "one may be late");
static_assert((int)PSP_RECONNECT_MAX_MS >= (int)PSP_RECONNECT_MS, "it only gets longer");
static_assert((int)PSP_INGEST_BYTES_MAX <= (int)PSP_MESSAGE_BYTES_MAX, "inside more is let in");
static_assert(PSP_CURVE_DOMAIN_BYTES >= sizeof "roles:63", "room for all roles");

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

/* CURVE keys are given with their NUL. */
static bool set_key(void *socket, int option, const char *z85)
{
    assert(strlen(z85) == PSP_KEY_Z85_BYTES - 1);
    return zmq_setsockopt(socket, option, z85, PSP_KEY_Z85_BYTES) == 0;
}

size_t psp_curve_message_bytes_max(unsigned roles)
{
    return (roles & (PSP_ROLE_STATION | PSP_ROLE_GATEWAY)) != 0 ? PSP_INGEST_BYTES_MAX
                                                                : PSP_MESSAGE_BYTES_MAX;
}

static bool set_bounds(void *socket, size_t bytes)
{
    assert(bytes > 0 && bytes <= PSP_MESSAGE_BYTES_MAX);
    const int64_t message_bytes_max = (int64_t)bytes + PSP_CURVE_BYTES;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_bytes_max, sizeof message_bytes_max) ==
               0 &&
           set_int(socket, ZMQ_SNDHWM, PSP_SEND_QUEUE_MESSAGES) &&
           set_int(socket, ZMQ_RCVHWM, PSP_RECEIVE_QUEUE_MESSAGES) &&
           set_int(socket, ZMQ_HEARTBEAT_IVL, PSP_HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, PSP_HEARTBEAT_TIMEOUT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TTL, PSP_HEARTBEAT_TIMEOUT_MS) &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, PSP_HANDSHAKE_MS) &&
           set_int(socket, ZMQ_LINGER, PSP_LINGER_MS);
}

static void *or_close(void *socket, bool good)
{
    if (good)
        return socket;
    zmq_close(socket);
    return NULL;
}

void psp_curve_domain(unsigned roles, char ret_domain[PSP_CURVE_DOMAIN_BYTES])
{
    snprintf(ret_domain, PSP_CURVE_DOMAIN_BYTES, "roles:%u", roles);
}

void *psp_curve_open_server(void *context, const struct psp_keypair *self, unsigned roles)
{
    char domain[PSP_CURVE_DOMAIN_BYTES];
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (!socket)
        return NULL;
    psp_curve_domain(roles, domain);
    const bool ingest = (roles & (PSP_ROLE_STATION | PSP_ROLE_GATEWAY)) != 0;
    /* MANDATORY: without it a ROUTER silently drops what it cannot send.
     * HANDOVER stays off: with it, a peer could take over another's answers. */
    return or_close(socket, set_bounds(socket, psp_curve_message_bytes_max(roles)) &&
                                set_int(socket, ZMQ_CURVE_SERVER, 1) &&
                                set_key(socket, ZMQ_CURVE_SECRETKEY, self->secret_z85) &&
                                set_text(socket, ZMQ_ZAP_DOMAIN, domain) &&
                                set_int(socket, ZMQ_ROUTER_MANDATORY, 1) &&
                                set_int(socket, ZMQ_ROUTER_HANDOVER, 0) &&
                                (!ingest || set_int(socket, ZMQ_RCVBUF, PSP_INGEST_BUFFER_BYTES)) &&
                                set_int(socket, ZMQ_BACKLOG, PSP_BACKLOG));
}

void *psp_curve_open_client(void *context, const struct psp_keypair *self,
                            const char *server_public_z85)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (!socket)
        return NULL;
    /* IMMEDIATE: queue for a connection that stands, so that "not connected" is
     * said at once and nothing waits in a queue that nobody empties. */
    return or_close(socket, set_bounds(socket, PSP_MESSAGE_BYTES_MAX) &&
                                set_key(socket, ZMQ_CURVE_SERVERKEY, server_public_z85) &&
                                set_key(socket, ZMQ_CURVE_PUBLICKEY, self->public_z85) &&
                                set_key(socket, ZMQ_CURVE_SECRETKEY, self->secret_z85) &&
                                set_int(socket, ZMQ_IMMEDIATE, 1) &&
                                set_int(socket, ZMQ_CONNECT_TIMEOUT, PSP_CONNECT_MS) &&
                                set_int(socket, ZMQ_RECONNECT_IVL, PSP_RECONNECT_MS) &&
                                set_int(socket, ZMQ_RECONNECT_IVL_MAX, PSP_RECONNECT_MAX_MS));
}
