/* ROUTER and DEALER, their monitors, and who sent what arrived. */
#include "wire/socket/socket.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "base/limits.h"
#include "base/system/clock.h"
#include "base/system/descriptors.h"
#include "wire/socket/curve.h"
#include "wire/socket/endpoint.h"
#include "wire/socket/key_table.h"
#include "wire/socket/peers.h"
#include "wire/socket/zap.h"

enum {
    SENDERS_REMEMBERED = 256, /* a power of two */
    IDENTITY_BYTES = 5,       /* of an identity that libzmq made: 0 and four more */
    INGEST_UNFINISHED_MAX = 128 << 20,
    CLUSTER_UNFINISHED_MAX = 256 << 20,
    INGEST_UNREAD_MAX = 1 << 20,
    INGEST_KEY_CONNECTIONS_MAX = 16,
    SILENT_MAX = 4096,     /* or a quarter of the descriptors */
    CROWD_BAR_MS = 2000,   /* no further ones of a key that has these */
    THROWN_BAR_MS = 15000, /* of a key that sends what is thrown away */
};

static_assert((SENDERS_REMEMBERED & (SENDERS_REMEMBERED - 1)) == 0, "a power of two");
static_assert(SENDERS_REMEMBERED <= 1 << 8, "found by the top byte of a hash");
static_assert(IDENTITY_BYTES <= sizeof((struct psp_peer *)0)->id, "a peer's place for it");
static_assert((int)CROWD_BAR_MS < (int)THROWN_BAR_MS, "who has many is not as bad");

struct psp_wire {
    void *context;
    struct psp_keypair self;
    struct psp_key_table *keys;
    struct psp_zap *zap;
    _Atomic uint32_t monitors; /* numbers their names */
};

/* What the key table said about a sender, at one generation of the table. */
struct sender {
    struct psp_known_key key;
    uint64_t generation; /* 0: empty */
    bool admitted;
};

struct psp_socket {
    struct psp_wire *wire;
    void *zmq;
    void *monitor; /* of a connecting socket, else NULL */
    int fd;
    unsigned roles; /* 0: a connecting socket */
    bool connected;
    uint32_t refusals;
    uint64_t retry_at_ms; /* 0: libzmq sees to the connection */
    uint64_t dropped;
    char address[PSP_ENDPOINT_BYTES];
    struct sender *senders; /* of a listening socket, as is the next */
    struct psp_peers *peers;
};

/* A listening socket knows its peers, a connecting one whether it is connected. */
static void check(const struct psp_socket *socket)
{
    assert(socket->wire != NULL && socket->zmq != NULL);
    assert((socket->roles != 0) == (socket->peers != NULL));
    assert((socket->roles != 0) == (socket->senders != NULL));
    assert((socket->roles == 0) == (socket->monitor != NULL));
}

/* ---- the process's wire ---- */

enum psp_status psp_wire_create(const struct psp_keypair *self, int io_threads,
                                struct psp_wire **ret_wire)
{
    assert(io_threads > 0);
    struct psp_wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return PSP_ENOMEM;
    wire->self = *self;
    enum psp_status status = PSP_EIO;
    if (!zmq_has("curve"))
        goto free_wire;
    wire->context = zmq_ctx_new();
    if (!wire->context)
        goto free_wire;
    if (zmq_ctx_set(wire->context, ZMQ_IO_THREADS, io_threads) != 0)
        goto end_context;
    status = psp_key_table_create(&wire->keys);
    if (status != PSP_OK)
        goto end_context;
    status = psp_zap_start(wire->context, wire->keys, &wire->zap);
    if (status != PSP_OK)
        goto free_keys;
    status = psp_zap_refuses_strangers(wire->context);
    if (status != PSP_OK)
        goto stop_zap;
    assert(wire->zap != NULL && wire->keys != NULL);
    *ret_wire = wire;
    return PSP_OK;
stop_zap:
    zmq_ctx_shutdown(wire->context);
    psp_zap_stop(&wire->zap);
free_keys:
    psp_key_table_destroy(&wire->keys);
end_context:
    zmq_ctx_term(wire->context);
free_wire:
    free(wire);
    return status;
}

void psp_wire_destroy(struct psp_wire **wire)
{
    if (!*wire)
        return;
    zmq_ctx_shutdown((*wire)->context);
    psp_zap_stop(&(*wire)->zap);
    while (zmq_ctx_term((*wire)->context) != 0 && zmq_errno() == EINTR)
        ;
    psp_key_table_destroy(&(*wire)->keys);
    explicit_bzero(&(*wire)->self, sizeof(*wire)->self);
    free(*wire);
    *wire = NULL;
}

enum psp_status psp_wire_set_keys(struct psp_wire *wire, const struct psp_known_key *keys, size_t n)
{
    return psp_key_table_set(wire->keys, keys, n);
}

/* ---- making and ending sockets ---- */

static enum psp_status new_socket(struct psp_wire *wire, void *zmq, unsigned roles,
                                  struct psp_socket **ret_socket)
{
    struct psp_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return PSP_ENOMEM;
    *socket = (struct psp_socket){.wire = wire, .zmq = zmq, .roles = roles};
    size_t size = sizeof socket->fd;
    if (zmq_getsockopt(zmq, ZMQ_FD, &socket->fd, &size) != 0) {
        free(socket);
        return PSP_EIO;
    }
    *ret_socket = socket;
    return PSP_OK;
}

static enum psp_status status_of_address(int error)
{
    switch (error) {
    case EADDRINUSE:
        return PSP_EEXIST;
    case EACCES:
    case EPERM:
        return PSP_EPERM;
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case EPROTONOSUPPORT:
        return PSP_EINVAL;
    default:
        return PSP_EIO;
    }
}

static bool allow_ipv6(void *zmq, const char *address)
{
    const int yes = 1;
    return !strchr(address, '[') || zmq_setsockopt(zmq, ZMQ_IPV6, &yes, sizeof yes) == 0;
}

static void name_monitor(struct psp_wire *wire, char ret_at[64])
{
    snprintf(ret_at, 64, "inproc://psephos.monitor.%u", atomic_fetch_add(&wire->monitors, 1));
}

static uint32_t silent_max(void)
{
    const uint32_t quarter = psp_descriptors_bound() / 4 + 1;
    assert(quarter > 0); /* 0 would be any number */
    return quarter < SILENT_MAX ? quarter : SILENT_MAX;
}

static enum psp_status watch_peers(struct psp_socket *socket)
{
    const bool ingest = (socket->roles & (PSP_ROLE_STATION | PSP_ROLE_GATEWAY)) != 0;
    const struct psp_peers_limits limits = {
        .message_bytes_max = psp_curve_message_bytes_max(socket->roles),
        .unfinished_total_max = ingest ? INGEST_UNFINISHED_MAX : CLUSTER_UNFINISHED_MAX,
        .unread_max = ingest ? INGEST_UNREAD_MAX : 0,
        .key_connections_max = ingest ? INGEST_KEY_CONNECTIONS_MAX : 0,
        .silent_max = silent_max(),
        .let_in_may_be_silent = !ingest,
    };
    char at[64];
    name_monitor(socket->wire, at);
    return psp_peers_create(socket->wire->context, socket->zmq, at, &limits, &socket->peers);
}

/* libzmq numbers peers from rand(), which it never seeds, and aborts when the next number is
 * one that a peer has announced as its identity. ZAP's answer takes such an identity away, but
 * for one that is faster; it would have to guess among 2^32. */
static bool hide_numbers(void)
{
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return false;
    srand(seed);
    return true;
}

enum psp_status psp_socket_listen(struct psp_wire *wire, const char *address, unsigned roles,
                                  struct psp_socket **ret_socket)
{
    assert(roles != 0);
    char endpoint[PSP_ENDPOINT_BYTES];
    enum psp_status status = psp_endpoint_to_bind(address, endpoint, sizeof endpoint);
    if (status != PSP_OK)
        return status;
    void *zmq = hide_numbers() ? psp_curve_open_server(wire->context, &wire->self, roles) : NULL;
    if (!zmq)
        return PSP_EIO;
    struct psp_socket *socket = NULL;
    status = new_socket(wire, zmq, roles, &socket);
    if (status != PSP_OK)
        goto close_zmq;
    status = PSP_ENOMEM;
    socket->senders = calloc(SENDERS_REMEMBERED, sizeof *socket->senders);
    if (!socket->senders)
        goto free_socket;
    status = watch_peers(socket);
    if (status != PSP_OK)
        goto free_socket;
    if (!allow_ipv6(zmq, endpoint) || zmq_bind(zmq, endpoint) != 0) {
        status = status_of_address(zmq_errno());
        goto free_socket;
    }
    size_t size = sizeof socket->address;
    if (zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, socket->address, &size) != 0) {
        status = PSP_EIO;
        goto free_socket;
    }
    check(socket);
    *ret_socket = socket;
    return PSP_OK;
free_socket:
    psp_peers_destroy(&socket->peers);
    free(socket->senders);
    free(socket);
close_zmq:
    zmq_close(zmq);
    return status;
}

/* Only through its events does libzmq tell whether a DEALER is connected. */
static void *open_monitor(struct psp_wire *wire, void *zmq)
{
    char at[64];
    const int unlimited = 0; /* a full queue would block libzmq's I/O thread */
    name_monitor(wire, at);
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    if (zmq_socket_monitor(zmq, at, events) != 0)
        return NULL;
    void *monitor = zmq_socket(wire->context, ZMQ_PAIR);
    if (!monitor)
        return NULL;
    if (zmq_setsockopt(monitor, ZMQ_RCVHWM, &unlimited, sizeof unlimited) != 0 ||
        zmq_connect(monitor, at) != 0) {
        zmq_close(monitor);
        return NULL;
    }
    return monitor;
}

enum psp_status psp_socket_connect(struct psp_wire *wire, const char *address,
                                   const char *server_public_z85, struct psp_socket **ret_socket)
{
    if (!psp_key_valid(server_public_z85) || strlen(address) >= PSP_ENDPOINT_BYTES)
        return PSP_EINVAL;
    void *zmq = psp_curve_open_client(wire->context, &wire->self, server_public_z85);
    if (!zmq)
        return PSP_EIO;
    struct psp_socket *socket = NULL;
    enum psp_status status = new_socket(wire, zmq, 0, &socket);
    if (status != PSP_OK) {
        zmq_close(zmq);
        return status;
    }
    snprintf(socket->address, sizeof socket->address, "%s", address);
    socket->monitor = open_monitor(wire, zmq);
    if (!socket->monitor)
        status = PSP_EIO;
    else if (!allow_ipv6(zmq, address) || zmq_connect(zmq, address) != 0)
        status = status_of_address(zmq_errno());
    if (status != PSP_OK) {
        psp_socket_destroy(&socket);
        return status;
    }
    check(socket);
    *ret_socket = socket;
    return PSP_OK;
}

void psp_socket_destroy(struct psp_socket **socket)
{
    if (!*socket)
        return;
    if (!(*socket)->roles)
        zmq_socket_monitor((*socket)->zmq, NULL, 0);
    if ((*socket)->monitor)
        zmq_close((*socket)->monitor);
    psp_peers_destroy(&(*socket)->peers);
    zmq_close((*socket)->zmq);
    free((*socket)->senders);
    free(*socket);
    *socket = NULL;
}

const char *psp_socket_address(const struct psp_socket *socket)
{
    return socket->address;
}

int psp_socket_fd(const struct psp_socket *socket)
{
    return socket->fd;
}

uint64_t psp_socket_dropped(const struct psp_socket *socket)
{
    return socket->dropped;
}

void psp_socket_counts(const struct psp_socket *socket, struct psp_socket_counts *ret_counts)
{
    assert(socket->peers);
    psp_peers_counts(socket->peers, ret_counts);
}

uint32_t psp_socket_end_key(struct psp_socket *socket, enum psp_role role, uint32_t id, uint64_t ms)
{
    assert(socket->peers);
    psp_key_table_bar(socket->wire->keys, role, id, psp_clock_ms() + ms, true);
    return psp_peers_end_key(socket->peers, role, id);
}

/* ---- whether a connecting socket is connected ---- */

/* libzmq gives up for good when the other side says that it does not know our
 * key. It may be added there at any time, so we try again. */
static void retry_refused(struct psp_socket *socket)
{
    assert(socket->roles == 0);
    if (socket->retry_at_ms == 0 || psp_clock_ms() < socket->retry_at_ms)
        return;
    socket->retry_at_ms = 0;
    zmq_disconnect(socket->zmq, socket->address);
    if (zmq_connect(socket->zmq, socket->address) != 0)
        socket->retry_at_ms = psp_clock_ms() + PSP_REFUSED_RETRY_MS;
}

static void note_event(struct psp_socket *socket, int number)
{
    socket->connected = number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        socket->refusals = 0;
    else if (number != ZMQ_EVENT_DISCONNECTED && socket->refusals < UINT32_MAX)
        socket->refusals++;
    if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        socket->retry_at_ms = psp_clock_ms() + PSP_REFUSED_RETRY_MS;
}

static void read_monitor(struct psp_socket *socket)
{
    uint8_t event[6]; /* number in 2 bytes, value in 4; the address is the next frame */
    char endpoint[PSP_ENDPOINT_BYTES];
    while (zmq_recv(socket->monitor, event, sizeof event, ZMQ_DONTWAIT) == (int)sizeof event) {
        uint16_t number = 0;
        memcpy(&number, event, sizeof number);
        zmq_recv(socket->monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
        note_event(socket, number);
    }
    retry_refused(socket);
}

bool psp_socket_connected(struct psp_socket *socket)
{
    assert(socket->monitor);
    read_monitor(socket);
    return socket->connected;
}

uint32_t psp_socket_refusals(struct psp_socket *socket)
{
    assert(socket->monitor);
    read_monitor(socket);
    return socket->refusals;
}

/* ---- receiving ---- */

static int receive_frame(void *zmq, zmq_msg_t *frame)
{
    int rc;
    do
        rc = zmq_msg_recv(frame, zmq, ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

/* Reads what is left of a message of more frames than ours have; their bytes on the way. */
static size_t drain_message(void *zmq)
{
    zmq_msg_t frame;
    size_t bytes = 0;
    int more = 1;
    while (more) {
        zmq_msg_init(&frame);
        more = receive_frame(zmq, &frame) >= 0 && zmq_msg_more(&frame);
        bytes += zmq_msg_size(&frame) + PSP_CURVE_BYTES + 2;
        zmq_msg_close(&frame);
    }
    return bytes;
}

/* Who sent it, by the key its connection proved, as known now: NULL when that
 * key is not (or no longer) known, or not in a role this socket admits. */
static const struct psp_known_key *sender_of(struct psp_socket *socket, zmq_msg_t *payload)
{
    const char *key = zmq_msg_gets(payload, "User-Id");
    uint64_t hash = 0;
    if (!key || strlen(key) != PSP_KEY_Z85_BYTES - 1)
        return NULL;
    memcpy(&hash, key, sizeof hash);
    hash *= 0x9E3779B97F4A7C15u;
    struct sender *sender = &socket->senders[hash >> 56 & (SENDERS_REMEMBERED - 1)];
    if (sender->generation != psp_key_table_generation(socket->wire->keys) ||
        memcmp(sender->key.public_z85, key, PSP_KEY_Z85_BYTES) != 0) {
        const bool known =
            psp_key_table_find(socket->wire->keys, key, &sender->key, &sender->generation);
        memcpy(sender->key.public_z85, key, PSP_KEY_Z85_BYTES);
        sender->admitted = known && ((unsigned)sender->key.role & socket->roles) != 0;
    }
    assert(!sender->admitted || ((unsigned)sender->key.role & socket->roles) != 0);
    return sender->admitted ? &sender->key : NULL;
}

static uint32_t identity_number(const struct psp_peer *peer)
{
    return (uint32_t)peer->id[1] << 24 | (uint32_t)peer->id[2] << 16 | (uint32_t)peer->id[3] << 8 |
           peer->id[4];
}

/* False: its key is over its budget, and this connection ends, too: it had said nothing
 * when the others were ended. */
static bool note_received(struct psp_socket *socket, const struct psp_peer *peer, size_t bytes,
                          const struct psp_known_key *key)
{
    const uint32_t identity = identity_number(peer);
    assert(peer->length == IDENTITY_BYTES);
    const uint64_t now_ms = psp_clock_ms();
    if (psp_peers_received(socket->peers, peer->descriptor, identity, bytes, key))
        psp_key_table_bar(socket->wire->keys, key->role, key->id, now_ms + CROWD_BAR_MS, false);
    if (!key || !psp_key_table_silenced(socket->wire->keys, key, now_ms))
        return true;
    psp_peers_end(socket->peers, peer->descriptor, identity);
    return false;
}

/* No budget of a key is charged for it: so much of it ends the connection, and, of a key
 * that is admitted, all of that key for a while. */
static void note_thrown(struct psp_socket *socket, const struct psp_peer *peer, size_t bytes,
                        const struct psp_known_key *key)
{
    const uint32_t identity = identity_number(peer);
    assert(peer->length == IDENTITY_BYTES);
    if (!psp_peers_thrown(socket->peers, peer->descriptor, identity, bytes))
        return;
    if (key)
        psp_socket_end_key(socket, key->role, key->id, THROWN_BAR_MS);
    else
        psp_peers_end(socket->peers, peer->descriptor, identity);
}

/* One message from a listening socket: [identity][payload].
 * PSP_STALE: it was dropped, try the next. */
static enum psp_status receive_from_peer(struct psp_socket *socket, zmq_msg_t *payload,
                                         struct psp_received *ret_received)
{
    zmq_msg_t identity;
    zmq_msg_init(&identity);
    if (receive_frame(socket->zmq, &identity) < 0) {
        zmq_msg_close(&identity);
        return zmq_errno() == EAGAIN ? PSP_EAGAIN : PSP_EIO;
    }
    const size_t identity_bytes = zmq_msg_size(&identity);
    const uint8_t *id = zmq_msg_data(&identity);
    /* One of its own is taken away by ZAP's answer, but for a rare one that comes after it. */
    bool good = identity_bytes == IDENTITY_BYTES && id[0] == 0;
    if (good)
        memcpy(ret_received->peer.id, id, identity_bytes);
    ret_received->peer.length = good ? (uint8_t)identity_bytes : 0;
    const bool more = zmq_msg_more(&identity);
    zmq_msg_close(&identity);
    if (!more || receive_frame(socket->zmq, payload) < 0) {
        socket->dropped++;
        return PSP_STALE;
    }
    size_t bytes = zmq_msg_size(payload);
    if (zmq_msg_more(payload)) {
        bytes += drain_message(socket->zmq);
        good = false;
    }
    const struct psp_known_key *key = sender_of(socket, payload);
    ret_received->peer.descriptor = zmq_msg_get(payload, ZMQ_SRCFD);
    if (ret_received->peer.length > 0 && !note_received(socket, &ret_received->peer, bytes, key))
        key = NULL;
    if (!key || !good) {
        if (ret_received->peer.length > 0)
            note_thrown(socket, &ret_received->peer, bytes, key);
        socket->dropped++;
        return PSP_STALE;
    }
    assert(ret_received->peer.length == IDENTITY_BYTES);
    ret_received->role = key->role;
    ret_received->id = key->id;
    return PSP_OK;
}

/* One message from a connecting socket: [payload]. PSP_STALE as above. */
static enum psp_status receive_from_server(struct psp_socket *socket, zmq_msg_t *payload)
{
    if (receive_frame(socket->zmq, payload) < 0) {
        const int error = zmq_errno();
        read_monitor(socket);
        return error == EAGAIN ? PSP_EAGAIN : PSP_EIO;
    }
    if (!zmq_msg_more(payload))
        return PSP_OK;
    drain_message(socket->zmq);
    socket->dropped++;
    return PSP_STALE;
}

enum psp_status psp_socket_receive(struct psp_socket *socket, struct psp_received *ret_received)
{
    struct psp_received received = {0};
    zmq_msg_t *payload = malloc(sizeof *payload);
    if (!payload)
        return PSP_ENOMEM;
    enum psp_status status;
    const uint64_t now_ms = socket->roles ? psp_clock_ms() : 0;
    if (socket->roles)
        psp_peers_look(socket->peers, now_ms);
    do {
        zmq_msg_init(payload);
        status = socket->roles ? receive_from_peer(socket, payload, &received)
                               : receive_from_server(socket, payload);
        if (status != PSP_OK)
            zmq_msg_close(payload);
    } while (status == PSP_STALE);
    if (status != PSP_OK) {
        if (socket->roles && status == PSP_EAGAIN)
            psp_peers_drained(socket->peers, now_ms);
        free(payload);
        return status;
    }
    assert((received.role != 0) == (socket->roles != 0));
    received.data = zmq_msg_data(payload);
    received.length = zmq_msg_size(payload);
    received.internal = payload;
    *ret_received = received;
    return PSP_OK;
}

void psp_received_release(struct psp_received *received)
{
    if (!received->internal)
        return;
    zmq_msg_close(received->internal);
    free(received->internal);
    *received = (struct psp_received){0};
}

/* ---- sending ---- */

static int send_frame(void *zmq, const void *bytes, size_t length, int flags)
{
    zmq_msg_t frame;
    if (zmq_msg_init_size(&frame, length) != 0)
        return -1;
    if (length > 0)
        memcpy(zmq_msg_data(&frame), bytes, length);
    int rc;
    do
        rc = zmq_msg_send(&frame, zmq, flags | ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0) {
        const int error = zmq_errno();
        zmq_msg_close(&frame);
        errno = error;
    }
    return rc;
}

static enum psp_status status_of_send(struct psp_socket *socket)
{
    switch (zmq_errno()) {
    case EAGAIN: /* a DEALER says so without any connection as well */
        return socket->roles || psp_socket_connected(socket) ? PSP_EBUSY : PSP_EUNREACHABLE;
    case EHOSTUNREACH:
        return PSP_EUNREACHABLE;
    case ENOMEM:
        return PSP_ENOMEM;
    default:
        return PSP_EIO;
    }
}

enum psp_status psp_socket_send(struct psp_socket *socket, const struct psp_peer *peer,
                                const uint8_t *bytes, size_t length)
{
    assert(length <= PSP_MESSAGE_BYTES_MAX);
    if (socket->roles) {
        assert(peer);
        if (!psp_peers_takes(socket->peers, peer->descriptor, identity_number(peer)))
            return PSP_EBUSY;
        if (send_frame(socket->zmq, peer->id, peer->length, ZMQ_SNDMORE) < 0)
            return status_of_send(socket);
    }
    if (send_frame(socket->zmq, bytes, length, 0) < 0)
        return status_of_send(socket);
    if (socket->roles)
        psp_peers_sent(socket->peers, peer->descriptor, identity_number(peer), length);
    return PSP_OK;
}
