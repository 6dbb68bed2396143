/*
 * socket - authenticated ZeroMQ sockets, set up in one place.
 *
 * Every connection uses CURVE. psp_wire_create starts the ZAP handler before
 * any socket can be made and proves with a throw-away socket that an unknown
 * key is refused: without a handler, ZeroMQ lets every key in. A key maps to
 * (role, id); a listening socket admits only the roles it names, and every
 * message it hands out carries the sender's role and id, taken from the
 * authenticated key, never from what the message says.
 *
 * One frame a message: one of several frames is thrown away, one of more than
 * PSP_MESSAGE_BYTES_MAX ends the connection (where stations are admitted:
 * PSP_INGEST_BYTES_MAX). libzmq gathers all frames of a message before we see the
 * first, and has no bound for it: peers.h has, and ends the connection.
 *
 * Never blocks: a full or vanished peer is a status. What was in flight on a
 * connection that breaks is lost; callers resend.
 *
 * Ownership: a received message's bytes live until psp_received_release.
 * Threads:   one psp_wire a process; a socket stays on the thread that made
 *            it. psp_wire_set_keys from any thread.
 * Memory:    libzmq's queues, bounded a peer (curve.h), and one message received.
 */
#ifndef PSP_SOCKET_H
#define PSP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* bits: a socket admits a set */
enum psp_role {
    PSP_ROLE_STATION = 1,
    PSP_ROLE_ROUTER = 2,
    PSP_ROLE_SHARD = 4,
    PSP_ROLE_COLLECTOR = 8,
    PSP_ROLE_OPERATOR = 16,
    PSP_ROLE_GATEWAY = 32, /* casts for stations, and names them */
};

enum {
    PSP_KEY_Z85_BYTES = 41, /* 40 characters and NUL */
    PSP_KEY_BYTES = 32
};

struct psp_keypair {
    char public_z85[PSP_KEY_Z85_BYTES];
    char secret_z85[PSP_KEY_Z85_BYTES];
};

/* A fresh pair. PSP_EIO: no CURVE in this libzmq. */
enum psp_status psp_keypair_generate(struct psp_keypair *ret_pair);
/* Key file: two lines, "public <z85>" and "secret <z85>", mode 0600. Refuses
 * (PSP_EPERM) a file that others can read; PSP_ENOENT, PSP_EINVAL, PSP_EIO. */
enum psp_status psp_keypair_load(const char *path, struct psp_keypair *ret_pair);
/* Writes with O_EXCL and mode 0600, fsync; PSP_EEXIST, PSP_EIO, PSP_ENOSPC. */
enum psp_status psp_keypair_store(const char *path, const struct psp_keypair *pair);

/* 40 characters that decode to a key. */
bool psp_key_valid(const char *z85);
/* The key itself. PSP_EINVAL: it is none. */
enum psp_status psp_key_bytes(const char *z85, uint8_t ret_key[PSP_KEY_BYTES]);
/* PSP_EINVAL: not a key; PSP_EIO. */
enum psp_status psp_key_public_of_secret(const char *secret_z85,
                                         char ret_public_z85[PSP_KEY_Z85_BYTES]);

struct psp_known_key {
    char public_z85[PSP_KEY_Z85_BYTES];
    enum psp_role role;
    uint32_t id; /* cluster/raft_id.h for shards, number for routers and collectors */
};

struct psp_wire;
struct psp_socket;

/* io_threads, from 1: they read, write and encrypt; a connection stays with one of them, and
 * waits there for the others it has. PSP_EPERM: the self-test got in with an unknown key.
 * PSP_EIO otherwise. */
enum psp_status psp_wire_create(const struct psp_keypair *self, int io_threads,
                                struct psp_wire **ret_wire);
void psp_wire_destroy(struct psp_wire **wire); /* after its sockets */

/* Replaces the known keys; copied. Connections of keys that are gone get no
 * further message through: what they send is discarded. PSP_EINVAL: not a key,
 * or a key twice; PSP_ENOMEM; the known keys stay as they were. */
enum psp_status psp_wire_set_keys(struct psp_wire *wire, const struct psp_known_key *keys,
                                  size_t n);

/* Listens at "tcp://host:port" (a name is looked up); port 0 picks a free one (psp_socket_address
 * tells). `roles`: bits of enum psp_role admitted. PSP_EEXIST: port in use;
 * PSP_EINVAL: not an address of this machine; PSP_EPERM: a port for root only. */
enum psp_status psp_socket_listen(struct psp_wire *wire, const char *address, unsigned roles,
                                  struct psp_socket **ret_socket);
/* Connects to a listening socket that holds the given public key; returns at
 * once and reconnects by itself. While the other side refuses our key, which
 * may be added there at any time, it tries again about every second, at a send
 * or receive. */
enum psp_status psp_socket_connect(struct psp_wire *wire, const char *address,
                                   const char *server_public_z85, struct psp_socket **ret_socket);
void psp_socket_destroy(struct psp_socket **socket);
const char *psp_socket_address(const struct psp_socket *socket);

/* Of a connecting socket. Refusals: handshakes in a row that the other side
 * broke off, since the last that succeeded. More than a few mean that it does
 * not know our key, or is not the holder of the key we expect. */
bool psp_socket_connected(struct psp_socket *socket);
uint32_t psp_socket_refusals(struct psp_socket *socket);

/* Of a listening socket: connections now, and those ended since it was made (peers.h). */
struct psp_socket_counts {
    uint32_t connections;
    uint64_t ended_strangers;   /* much came, and no key was proved */
    uint64_t ended_unfinished;  /* a message that does not end */
    uint64_t ended_too_many;    /* of one key */
    uint64_t ended_over_budget; /* by psp_socket_end_key, or all that it sent was thrown away */
};
void psp_socket_counts(const struct psp_socket *socket, struct psp_socket_counts *ret_counts);
/* A listening socket is looked after when messages are received: at least so often. */
enum { PSP_SOCKET_LOOK_MS = 50 };

/* Of a listening socket: ends all connections of this key that have said anything, and
 * admits it no more for `ms`; it is not told why, so that libzmq tries again. How many. */
uint32_t psp_socket_end_key(struct psp_socket *socket, enum psp_role role, uint32_t id,
                            uint64_t ms);

/* Messages thrown away since the socket was made: of revoked keys, of several
 * frames, from peers that choose their own identity. */
uint64_t psp_socket_dropped(const struct psp_socket *socket);

/* Readable when something may have happened; edge-triggered: after it fires,
 * and after every send, call psp_socket_receive until PSP_EAGAIN. */
int psp_socket_fd(const struct psp_socket *socket);

enum { PSP_PEER_BYTES_MAX = 8 };
struct psp_peer { /* where an answer goes; meaningless on a connecting socket */
    uint8_t id[PSP_PEER_BYTES_MAX];
    uint8_t length;
    int32_t descriptor; /* of its connection, once; for peers.h alone */
};
struct psp_received {
    const uint8_t *data;
    size_t length;
    struct psp_peer peer;
    enum psp_role role; /* of the sender's key; 0 on a connecting socket */
    uint32_t id;        /* likewise */
    void *internal;
};

/* PSP_EAGAIN: nothing there now. */
enum psp_status psp_socket_receive(struct psp_socket *socket, struct psp_received *ret_received);
void psp_received_release(struct psp_received *received);

/* Copies the bytes. `peer` is NULL on a connecting socket. PSP_EBUSY: the
 * peer's queue is full, or it does not read; PSP_EUNREACHABLE: not connected. */
enum psp_status psp_socket_send(struct psp_socket *socket, const struct psp_peer *peer,
                                const uint8_t *bytes, size_t length);

#endif
