/* Connections lie close together, in any order; by descriptor they are found in a table. */
#include "wire/socket/peers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/bytes/hash.h"
#include "base/checked.h"
#include "base/memory/grow.h"
#include "base/system/descriptors.h"
#include "base/system/source.h"
#include "wire/socket/curve.h"

enum { ADDRESS_BYTES = 28, DESCRIPTORS_MAX = 1 << 20, SOURCES = 256 };

struct connection {
    int descriptor;
    uint32_t identity; /* libzmq's, as of `known`: a later one has a greater number */
    bool known;        /* a message came by it */
    bool counted;      /* at the last look */
    bool ended;
    enum psp_role role; /* of `known`; 0: of no key that is admitted */
    uint32_t id;
    uint8_t address[ADDRESS_BYTES]; /* of the other side */
    ino_t inode;
    uint64_t accepted_ms, heard_ms; /* `heard`: at the look that saw something come last */
    uint64_t came, delivered;       /* bytes on the wire; `came` as of the last look */
    uint64_t sent, taken;           /* likewise; `taken`: the peer's kernel has it */
    uint64_t thrown;                /* of what was delivered */
};

static_assert(sizeof(struct connection) <= 160, "peers.h says so");
static_assert((int)ADDRESS_BYTES >= (int)sizeof(struct sockaddr_in6), "one of any family");
static_assert((int)PSP_PEERS_QUIET_MS > (int)PSP_HEARTBEAT_MS,
              "longer than between two heartbeats");
static_assert((int)PSP_PEERS_STRANGER_TAKES < 300, "who is let in takes as much");

struct place {       /* of a descriptor */
    uint32_t at;     /* position + 1; 0: no connection has it */
    uint32_t before; /* identity of who had it last */
    bool had;
};

struct psp_peers {
    void *zmq, *monitor;
    struct psp_peers_limits limits;
    struct connection *connections;
    size_t count, capacity;
    struct place *places; /* by descriptor */
    size_t place_count;
    uint64_t now_ms, look_at_ms; /* of the last look and the next one */
    bool looked;                 /* since nothing was there */
    struct psp_socket_counts counts;
};

/* ---- what the kernel says ---- */

static bool counters(int descriptor, uint64_t *ret_came, uint64_t *ret_taken)
{
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t bytes = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0)
        return false;
    *ret_came = info.tcpi_bytes_received;
    *ret_taken = info.tcpi_bytes_acked;
    return true;
}

/* What came and libzmq has not read yet. */
static uint64_t unread(int descriptor)
{
    int bytes = 0;
    return ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

static bool who(int descriptor, uint8_t ret_address[ADDRESS_BYTES], ino_t *ret_inode)
{
    struct stat status;
    struct sockaddr_storage address;
    socklen_t bytes = sizeof address;
    memset(&address, 0, sizeof address);
    if (fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode) ||
        getpeername(descriptor, (struct sockaddr *)&address, &bytes) != 0)
        return false;
    memcpy(ret_address, &address, ADDRESS_BYTES);
    *ret_inode = status.st_ino;
    return true;
}

static bool is_same(const struct connection *connection, int descriptor)
{
    uint8_t address[ADDRESS_BYTES];
    ino_t inode = 0;
    return who(descriptor, address, &inode) && inode == connection->inode &&
           memcmp(address, connection->address, ADDRESS_BYTES) == 0;
}

static void end(struct connection *connection, uint64_t *counter)
{
    if (connection->ended)
        return;
    assert(connection->descriptor >= 0);
    const int own = fcntl(connection->descriptor, F_DUPFD_CLOEXEC, 0);
    /* Without a descriptor to spare the check is made on libzmq's own. */
    const int at = own >= 0 ? own : connection->descriptor;
    if (is_same(connection, at) && shutdown(at, SHUT_RDWR) == 0)
        ++*counter;
    if (own >= 0)
        close(own);
    connection->ended = true; /* or it is gone already */
}

/* ---- which connections there are ---- */

static void check(const struct psp_peers *peers)
{
    assert(peers->count <= peers->capacity);
    assert(peers->count <= DESCRIPTORS_MAX);
    for (size_t i = 0; i < peers->count && PSP_CHECKED; i++) {
        const struct connection *connection = &peers->connections[i];
        assert((size_t)connection->descriptor < peers->place_count);
        assert(peers->places[connection->descriptor].at == i + 1);
        assert(connection->known || connection->role == 0);
    }
}

static struct connection *find(const struct psp_peers *peers, int descriptor)
{
    if (descriptor < 0 || (size_t)descriptor >= peers->place_count ||
        peers->places[descriptor].at == 0)
        return NULL;
    assert(peers->places[descriptor].at <= peers->count);
    return &peers->connections[peers->places[descriptor].at - 1];
}

static void take_out(struct psp_peers *peers, int descriptor)
{
    struct connection *gone = find(peers, descriptor);
    if (gone == NULL)
        return;
    struct place *place = &peers->places[descriptor];
    assert(gone->descriptor == descriptor);
    if (gone->known) {
        place->before = gone->identity;
        place->had = true;
    }
    const struct connection *last = &peers->connections[peers->count - 1];
    peers->places[last->descriptor].at = place->at;
    *gone = *last;
    place->at = 0;
    peers->count--;
    check(peers);
}

static bool make_place(struct psp_peers *peers, int descriptor)
{
    const size_t needed = (size_t)descriptor + 1, before = peers->place_count;
    assert(descriptor >= 0 && descriptor < DESCRIPTORS_MAX);
    if (needed <= before)
        return true;
    if (!PSP_GROW(peers->places, peers->place_count, needed)) {
        peers->place_count = before;
        return false;
    }
    memset(peers->places + before, 0, (peers->place_count - before) * sizeof *peers->places);
    return true;
}

/* One that cannot be noted is not watched: libzmq's own bounds are left. */
static void put_in(struct psp_peers *peers, int descriptor, uint64_t now_ms)
{
    struct connection made = {.descriptor = descriptor, .accepted_ms = now_ms, .heard_ms = now_ms};
    take_out(peers, descriptor);
    if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX ||
        !who(descriptor, made.address, &made.inode) || !make_place(peers, descriptor) ||
        !PSP_GROW(peers->connections, peers->capacity, peers->count + 1))
        return;
    peers->connections[peers->count++] = made;
    peers->places[descriptor].at = (uint32_t)peers->count;
    check(peers);
    if ((uint32_t)descriptor >= psp_descriptors_bound())
        end(&peers->connections[peers->count - 1], &peers->counts.ended_too_many);
}

static void read_events(struct psp_peers *peers, uint64_t now_ms)
{
    uint8_t event[6]; /* number in 2 bytes, value in 4; the address is the next frame */
    char endpoint[PSP_ENDPOINT_BYTES];
    while (zmq_recv(peers->monitor, event, sizeof event, ZMQ_DONTWAIT) == (int)sizeof event) {
        uint16_t number = 0;
        int32_t descriptor = 0;
        memcpy(&number, event, sizeof number);
        memcpy(&descriptor, event + 2, sizeof descriptor);
        zmq_recv(peers->monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
        if (number == ZMQ_EVENT_ACCEPTED)
            put_in(peers, descriptor, now_ms);
        else
            take_out(peers, descriptor);
    }
}

/* ---- made and ended ---- */

enum psp_status psp_peers_create(void *context, void *zmq, const char *at,
                                 const struct psp_peers_limits *limits,
                                 struct psp_peers **ret_peers)
{
    const int unlimited = 0; /* a full queue would block libzmq's I/O thread */
    struct psp_peers *peers = calloc(1, sizeof *peers);
    if (peers == NULL)
        return PSP_ENOMEM;
    assert(limits->message_bytes_max > 0);
    assert(limits->unfinished_total_max >= limits->message_bytes_max); /* one may come */
    peers->zmq = zmq;
    peers->limits = *limits;
    if (zmq_socket_monitor(zmq, at, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) != 0) {
        free(peers);
        return PSP_EIO;
    }
    peers->monitor = zmq_socket(context, ZMQ_PAIR);
    if (peers->monitor == NULL ||
        zmq_setsockopt(peers->monitor, ZMQ_RCVHWM, &unlimited, sizeof unlimited) != 0 ||
        zmq_connect(peers->monitor, at) != 0) {
        psp_peers_destroy(&peers);
        return PSP_EIO;
    }
    *ret_peers = peers;
    return PSP_OK;
}

void psp_peers_destroy(struct psp_peers **peers_at)
{
    struct psp_peers *peers = *peers_at;
    if (peers == NULL)
        return;
    zmq_socket_monitor(peers->zmq, NULL, 0);
    if (peers->monitor != NULL)
        zmq_close(peers->monitor);
    free(peers->connections);
    free(peers->places);
    free(peers);
    *peers_at = NULL;
}

/* ---- what comes ---- */

/* On the wire: CURVE's own bytes, and before them flags and a length. */
static uint64_t wire_bytes(size_t bytes)
{
    return bytes + PSP_CURVE_BYTES + (bytes + PSP_CURVE_BYTES < 256 ? 2 : 9);
}

/* Numbers of identities go up by one, and begin anywhere. */
static bool is_later(uint32_t identity, uint32_t than)
{
    return identity != than && identity - than < UINT32_MAX / 2;
}

/* The messages of one that was closed may still be handed out when its descriptor is
 * another's. NULL: so it is, or the connection is not known. */
static struct connection *of_message(struct psp_peers *peers, int descriptor, uint32_t identity)
{
    struct connection *connection = find(peers, descriptor);
    if (connection == NULL || (connection->known && is_later(connection->identity, identity)))
        return NULL;
    const struct place *place = &peers->places[descriptor];
    if (place->had && !is_later(identity, place->before))
        return NULL;
    if (connection->known && connection->identity != identity)
        connection->delivered = connection->sent = connection->thrown = 0;
    connection->identity = identity;
    assert(connection->descriptor == descriptor);
    return connection;
}

/* The descriptor may have been given to this peer since the events were read. */
static bool is_another(const struct connection *connection, uint32_t identity)
{
    return connection == NULL || connection->ended ||
           (connection->known && is_later(identity, connection->identity));
}

/* How many it has, and of which of them nothing has come for longest. */
static uint32_t connections_of(struct psp_peers *peers, enum psp_role role, uint32_t id,
                               struct connection **ret_quietest)
{
    uint32_t n = 0;
    for (size_t i = 0; i < peers->count; i++) {
        struct connection *at = &peers->connections[i];
        if (!at->known || at->ended || at->role != role || at->id != id)
            continue;
        if (n++ == 0 || at->heard_ms < (*ret_quietest)->heard_ms)
            *ret_quietest = at;
    }
    return n;
}

static bool note_key(struct psp_peers *peers, struct connection *connection,
                     const struct psp_known_key *key)
{
    connection->known = true;
    if (key == NULL || (connection->role == key->role && connection->id == key->id))
        return false;
    const uint32_t most = peers->limits.key_connections_max;
    struct connection *quietest = NULL;
    const bool more = most != 0 && connections_of(peers, key->role, key->id, &quietest) >= most;
    connection->role = key->role;
    connection->id = key->id;
    if (!more)
        return false;
    assert(quietest != NULL && quietest != connection);
    /* Whose machine lost its power never said that it is gone. */
    const bool quiet = peers->now_ms - quietest->heard_ms >= PSP_PEERS_QUIET_MS;
    end(quiet ? quietest : connection, &peers->counts.ended_too_many);
    return !quiet;
}

bool psp_peers_received(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes,
                        const struct psp_known_key *key)
{
    if (is_another(find(peers, descriptor), identity))
        read_events(peers, peers->now_ms);
    struct connection *connection = of_message(peers, descriptor, identity);
    if (connection == NULL)
        return false;
    assert(key == NULL || key->role != 0);
    connection->delivered += wire_bytes(bytes);
    return note_key(peers, connection, key);
}

bool psp_peers_thrown(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes)
{
    struct connection *connection = find(peers, descriptor);
    if (connection == NULL || !connection->known || connection->identity != identity)
        return false;
    connection->thrown += wire_bytes(bytes);
    return connection->thrown > PSP_PEERS_THROWN_BYTES && !connection->ended;
}

static bool is_silent(const struct psp_peers *peers, const struct connection *connection)
{
    return !connection->known && !connection->ended &&
           (!peers->limits.let_in_may_be_silent || connection->taken <= PSP_PEERS_STRANGER_TAKES);
}

static uint32_t source_of(const struct connection *connection)
{
    struct psp_source source = {{0}};
    struct sockaddr_storage address = {0};
    memcpy(&address, connection->address, ADDRESS_BYTES);
    psp_source_of_socket((const struct sockaddr *)&address, &source);
    psp_source_widen(&source);
    return psp_fnv64(PSP_FNV64_START, source.bytes, PSP_SOURCE_BYTES) % SOURCES;
}

/* The largest number of each source such that all have at most `most`. */
static uint32_t share_of(const uint32_t counts[SOURCES], uint32_t most)
{
    for (uint32_t share = most;; share -= share / 8 + 1) {
        uint64_t all = 0;
        for (uint32_t i = 0; i < SOURCES; i++)
            all += counts[i] < share ? counts[i] : share;
        assert(share > 0);
        if (all <= most || share <= 1)
            return share;
    }
}

/* The older ones first, nearly: the order is that in which they came, but for those that took
 * the place of one that is gone. */
static void end_of_the_most(struct psp_peers *peers, uint32_t most)
{
    uint32_t counts[SOURCES] = {0};
    for (size_t i = 0; i < peers->count; i++)
        if (is_silent(peers, &peers->connections[i]))
            counts[source_of(&peers->connections[i])]++;
    const uint32_t share = share_of(counts, most);
    for (size_t i = 0; i < peers->count; i++) {
        struct connection *connection = &peers->connections[i];
        if (!is_silent(peers, connection) || counts[source_of(connection)] <= share)
            continue;
        counts[source_of(connection)]--;
        end(connection, &peers->counts.ended_too_many);
    }
}

/* By silence a key, or nobody's, could have all descriptors. */
static void end_silent(struct psp_peers *peers, uint64_t now_ms)
{
    const uint32_t most = peers->limits.silent_max;
    uint32_t silent = 0;
    for (size_t i = 0; i < peers->count; i++)
        silent += is_silent(peers, &peers->connections[i]);
    if (most == 0 || silent <= most)
        return;
    for (size_t i = 0; i < peers->count; i++) {
        struct connection *connection = &peers->connections[i];
        if (!is_silent(peers, connection) || now_ms - connection->accepted_ms < PSP_PEERS_SILENT_MS)
            continue;
        end(connection, &peers->counts.ended_too_many);
        silent--;
    }
    assert(silent <= peers->count);
    if (silent > 2 * most)
        end_of_the_most(peers, 2 * most);
}

/* Of a connection, since the last look. */
static void count(struct connection *connection, uint64_t now_ms)
{
    const uint64_t came = connection->came;
    connection->counted = counters(connection->descriptor, &connection->came, &connection->taken);
    if (!connection->counted)
        return;
    if (connection->came != came)
        connection->heard_ms = now_ms;
    if (connection->delivered > connection->came)
        connection->delivered = connection->came;
    assert(connection->delivered <= connection->came);
}

void psp_peers_look(struct psp_peers *peers, uint64_t now_ms)
{
    if (now_ms < peers->look_at_ms)
        return;
    peers->now_ms = now_ms;
    read_events(peers, now_ms);
    peers->look_at_ms = now_ms + PSP_PEERS_LOOK_MS + peers->count / PSP_PEERS_LOOKED_AT_A_MS;
    for (size_t i = 0; i < peers->count; i++) {
        struct connection *connection = &peers->connections[i];
        count(connection, now_ms);
        if (!connection->counted)
            continue;
        if (connection->came - connection->delivered > PSP_PEERS_STRANGER_BYTES)
            connection->came -= unread(connection->descriptor);
        if (!connection->known && connection->taken <= PSP_PEERS_STRANGER_TAKES &&
            connection->came > PSP_PEERS_STRANGER_BYTES)
            end(connection, &peers->counts.ended_strangers);
    }
    end_silent(peers, now_ms);
    peers->looked = true;
}

/* Of messages that are not whole yet. */
static uint64_t unfinished(const struct connection *connection, uint64_t now_ms)
{
    const uint64_t other =
        (now_ms - connection->accepted_ms) / 1000 * PSP_PEERS_BEATS_BYTES_A_SECOND +
        PSP_PEERS_HANDSHAKE_BYTES;
    const uint64_t handed_out = connection->delivered + other;
    if (!connection->counted || connection->ended || connection->came < handed_out)
        return 0;
    return connection->came - handed_out;
}

void psp_peers_drained(struct psp_peers *peers, uint64_t now_ms)
{
    if (!peers->looked)
        return;
    peers->looked = false;
    const uint64_t each = 2 * (uint64_t)peers->limits.message_bytes_max;
    uint64_t total = 0;
    for (size_t i = 0; i < peers->count; i++) {
        const uint64_t bytes = unfinished(&peers->connections[i], now_ms);
        if (bytes > each)
            end(&peers->connections[i], &peers->counts.ended_unfinished);
        else
            total += bytes;
    }
    while (total > peers->limits.unfinished_total_max) {
        struct connection *largest = NULL;
        uint64_t most = 0;
        for (size_t i = 0; i < peers->count; i++) {
            const uint64_t bytes = unfinished(&peers->connections[i], now_ms);
            if (bytes > most) {
                largest = &peers->connections[i];
                most = bytes;
            }
        }
        if (largest == NULL)
            return;
        assert(most <= each && !largest->ended);
        total -= most;
        end(largest, &peers->counts.ended_unfinished);
    }
}

/* ---- what is sent ---- */

bool psp_peers_takes(struct psp_peers *peers, int descriptor, uint32_t identity)
{
    struct connection *connection = find(peers, descriptor);
    if (peers->limits.unread_max == 0 || connection == NULL || connection->identity != identity)
        return true;
    if (connection->ended)
        return false;
    if (connection->sent <= connection->taken + peers->limits.unread_max)
        return true;
    /* As of the last look: it may have read since. */
    uint64_t received;
    if (!counters(connection->descriptor, &received, &connection->taken))
        return true;
    return connection->sent <= connection->taken + peers->limits.unread_max;
}

void psp_peers_sent(struct psp_peers *peers, int descriptor, uint32_t identity, size_t bytes)
{
    struct connection *connection = find(peers, descriptor);
    if (connection != NULL && connection->known && connection->identity == identity)
        connection->sent += wire_bytes(bytes);
}

void psp_peers_end(struct psp_peers *peers, int descriptor, uint32_t identity)
{
    struct connection *connection = find(peers, descriptor);
    if (connection != NULL && connection->known && connection->identity == identity)
        end(connection, &peers->counts.ended_over_budget);
}

uint32_t psp_peers_end_key(struct psp_peers *peers, enum psp_role role, uint32_t id)
{
    uint32_t n = 0;
    for (size_t i = 0; i < peers->count; i++) {
        struct connection *connection = &peers->connections[i];
        if (!connection->known || connection->ended || connection->role != role ||
            connection->id != id)
            continue;
        end(connection, &peers->counts.ended_over_budget);
        n++;
    }
    return n;
}

void psp_peers_counts(const struct psp_peers *peers, struct psp_socket_counts *ret_counts)
{
    *ret_counts = peers->counts;
    ret_counts->connections = (uint32_t)peers->count;
}
