/*
 * peers - the connections of a listening socket, and which of them to end.
 *
 * libzmq bounds neither what a peer has sent of a message that never ends nor how
 * many connections a key has, and it cannot drop a peer. But its monitor names the
 * descriptor of each connection that it accepts, a message says by which descriptor
 * it came, and the kernel counts a connection's bytes. So it is known what came and
 * was not handed out, and what was sent and not taken; and shutdown() ends a
 * connection. Ended are:
 *
 *   - one that has not proved a key after PSP_PEERS_STRANGER_BYTES,
 *   - one of which two messages' worth came and no message was handed out of them,
 *   - while all together hold more than `unfinished_total_max`: the largest,
 *   - one of which PSP_PEERS_THROWN_BYTES were thrown away: of a revoked key, of several frames,
 *   - one more of a key that has `key_connections_max`, or one of these of which nothing has
 *     come for PSP_PEERS_QUIET_MS, its heartbeat neither,
 *   - while more than `silent_max` have not said anything, whose key nobody can tell: those
 *     that have been silent for PSP_PEERS_SILENT_MS; while they are more than twice as many,
 *     of the addresses that have most,
 *   - one that has a descriptor which is kept for files (base/system/descriptors.h).
 *
 * One that does not read gets no more answers past `unread_max`.
 *
 * A descriptor may have been closed meanwhile and be something else's: who it was when
 * it was accepted (inode and address) is compared on a duplicate before that is shut
 * down, which cannot become another's under our hands.
 *
 * Inside wire/ only.   Ownership: its monitor; the socket stays the caller's.
 * Threads: the socket's.   Memory: 160 bytes a connection.
 */
#ifndef PSP_PEERS_H
#define PSP_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/socket/socket.h"

enum {
    PSP_PEERS_LOOK_MS = 50, /* between two looks at the kernel's counters, and a ms more … */
    PSP_PEERS_LOOKED_AT_A_MS = 128, /* … for so many connections: they take a tenth of the time */
    PSP_PEERS_STRANGER_BYTES = 256 << 10,
    PSP_PEERS_THROWN_BYTES = 12 << 20,
    PSP_PEERS_SILENT_MS = 2000,
    PSP_PEERS_QUIET_MS = 3000, /* longer than between two heartbeats */
    /* Acknowledged by a peer that only was greeted, welcomed and refused: 247. One that
     * is let in has 300 or more. */
    PSP_PEERS_STRANGER_TAKES = 270,
    /* Heartbeats and handshake come, too, and are not handed out. */
    PSP_PEERS_BEATS_BYTES_A_SECOND = 256,
    PSP_PEERS_HANDSHAKE_BYTES = 4096,
};

struct psp_peers_limits {
    size_t message_bytes_max;
    size_t unfinished_total_max;
    size_t unread_max;            /* of a connection; 0: libzmq's queue alone */
    uint32_t key_connections_max; /* 0: any number */
    uint32_t silent_max;          /* likewise */
    bool let_in_may_be_silent;    /* of them only those count that have not proved a key */
};

struct psp_peers;

/* Before the socket is bound; `at`: of its monitor, inproc://..., used once. PSP_EIO,
 * PSP_ENOMEM. */
enum psp_status psp_peers_create(void *context, void *zmq, const char *at,
                                 const struct psp_peers_limits *limits,
                                 struct psp_peers **ret_peers);
/* Before the socket is closed. */
void psp_peers_destroy(struct psp_peers **peers);

/* Before receiving: when it is time, looks at the counters and ends strangers. */
void psp_peers_look(struct psp_peers *peers, uint64_t now_ms);
/* A frame of `bytes` was received by this descriptor, from the peer of this identity;
 * `key`: whose it is, NULL: nobody's who is admitted. True: that was one connection of this
 * key too many, and it is ended. */
bool psp_peers_received(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes,
                        const struct psp_known_key *key);
/* A message of so many bytes was received and thrown away. True: that is enough, its
 * connection is to be ended. */
bool psp_peers_thrown(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes);
/* Nothing more is there: what came before the last look has been handed out, or waits
 * for the rest of its message. */
void psp_peers_drained(struct psp_peers *peers, uint64_t now_ms);

/* False: it has not read what it was sent. */
bool psp_peers_takes(struct psp_peers *peers, int descriptor, uint32_t identity);
void psp_peers_sent(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes);

/* Ends this one, of a key that is over its budget. */
void psp_peers_end(struct psp_peers *peers, int descriptor, uint32_t identity);
/* Ends every connection that this key is known to have; how many. */
uint32_t psp_peers_end_key(struct psp_peers *peers, enum psp_role role, uint32_t id);

/* As of the last look. */
void psp_peers_counts(const struct psp_peers *peers, struct psp_socket_counts *ret_counts);

#endif
