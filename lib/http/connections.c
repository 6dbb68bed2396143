/* MHD keeps ours beside its own, as the socket's context. */
#include "http/connections.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/system/clock.h"
#include "base/system/peer.h"

enum { ABANDONED_MS = 100 };

struct psp_connection {
    struct psp_place place; /* zeros: it has none; idle: a request that is not whole, or none */
    struct psp_connection *next, *previous;
    int fd;
    uint64_t deadline_ms;
    uint64_t answer_bytes; /* held for the answer under way */
    bool streaming;        /* MHD's timeout holds: it must take bytes now and then */
    bool reading;          /* as place.idle */
    uint64_t ended_ms;     /* its client sends no more, seen while reading: since when; 0: not */
    bool refused;
};

void psp_connections_init(struct psp_connections *connections,
                          const struct psp_connections_bounds *bounds,
                          const struct psp_connections_counters *counters,
                          const struct psp_proxies *proxies)
{
    *connections =
        (struct psp_connections){.bounds = *bounds, .counters = *counters, .proxies = proxies};
    pthread_mutex_init(&connections->lock, NULL);
}

void psp_connections_destroy(struct psp_connections *connections)
{
    pthread_mutex_destroy(&connections->lock);
}

/* Relaxed: counters say nothing of one another. */
static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* What MHD 1.0 tells of a connection stands in one place: the next answer is over it. */
int psp_connections_socket(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/* ---- who asks ---- */

/* Who is connected; true: a proxy of ours. */
static bool peer_of(const struct psp_proxies *proxies, struct MHD_Connection *mhd,
                    struct psp_source *ret_source)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr || !psp_source_of_socket(info->client_addr, ret_source))
        *ret_source = (struct psp_source){0};
    return psp_proxies_trust(proxies, ret_source);
}

struct forwarded {
    const struct psp_proxies *proxies;
    struct psp_source source;
    bool named;
};

/* Of several such headers the last one is the last proxy's. */
static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct forwarded *forwarded = context;
    (void)kind;
    if (value && strcasecmp(name, "X-Forwarded-For") == 0)
        forwarded->named = psp_proxies_read_header(forwarded->proxies, value, &forwarded->source);
    return MHD_YES;
}

void psp_connections_client(const struct psp_proxies *proxies, struct MHD_Connection *mhd,
                            struct psp_source *ret_source)
{
    struct forwarded forwarded = {.proxies = proxies};
    if (!peer_of(proxies, mhd, ret_source))
        return;
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, read_header, &forwarded);
    if (forwarded.named)
        *ret_source = forwarded.source;
}

/* ---- places ---- */

static struct psp_connection *connection_at(struct psp_place *place)
{
    return (struct psp_connection *)((char *)place - offsetof(struct psp_connection, place));
}

/* Its requests are answered 503; when there are too many like it already it is just cut. */
static void refuse(struct psp_connections *connections, struct psp_connection *connection,
                   uint64_t now_ms)
{
    psp_places_leave(&connections->places, &connection->place);
    connection->refused = true;
    connection->deadline_ms = now_ms + connections->bounds.refused_ms;
    count(connections->counters.refused);
    if (++connections->refused > connections->bounds.refused)
        shutdown(connection->fd, SHUT_RDWR);
}

/* It has a place; if that is one too many, who has to leave? */
static void settle(struct psp_connections *connections, struct psp_connection *connection,
                   bool proxy, uint64_t now_ms)
{
    const bool hog = !proxy && psp_place_held(&connection->place) > connections->bounds.of_one;
    if (!hog && connections->places.count <= connections->bounds.max)
        return;
    struct psp_place *goes =
        hog ? NULL : psp_places_make_room(&connections->places, &connection->place);
    if (!goes) {
        refuse(connections, connection, now_ms);
        return;
    }
    shutdown(connection_at(goes)->fd, SHUT_RDWR);
    count(connections->counters.pushed_out);
}

/* False: out of memory. */
static bool link_connection(struct psp_connections *connections, struct psp_connection *connection,
                            const struct psp_source *source, bool proxy)
{
    const uint64_t now_ms = psp_clock_ms();
    connection->deadline_ms = now_ms + connections->bounds.request_ms;
    connection->reading = true;
    pthread_mutex_lock(&connections->lock);
    if (psp_places_take(&connections->places, source, proxy, now_ms, &connection->place) !=
        PSP_OK) {
        pthread_mutex_unlock(&connections->lock);
        return false;
    }
    psp_place_set_idle(&connection->place, true, now_ms);
    settle(connections, connection, proxy, now_ms);
    connection->next = connections->list;
    if (connection->next)
        connection->next->previous = connection;
    connections->list = connection;
    if (!connection->refused)
        count(connections->counters.open);
    pthread_mutex_unlock(&connections->lock);
    return true;
}

static void unlink_connection(struct psp_connections *connections,
                              struct psp_connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connections->list = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connections->answer_bytes -= connection->answer_bytes;
    if (connection->refused) {
        connections->refused--;
    } else {
        psp_places_leave(&connections->places, &connection->place);
        atomic_fetch_sub(connections->counters.open, 1);
    }
    pthread_mutex_unlock(&connections->lock);
}

/* MHD closes the socket only after it has said so here; so a sweep under the
 * lock never cuts a stranger's descriptor. */
void psp_connections_notify(void *context, struct MHD_Connection *mhd, void **ret_connection,
                            enum MHD_ConnectionNotificationCode code)
{
    struct psp_connections *connections = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const int fd = psp_connections_socket(mhd);
        struct psp_connection *connection = calloc(1, sizeof *connection);
        struct psp_source source;
        const bool proxy = peer_of(connections->proxies, mhd, &source);
        if (connection)
            connection->fd = fd;
        if (!connection || fd < 0 || !link_connection(connections, connection, &source, proxy)) {
            /* Served without a deadline of its own; MHD's still holds. */
            free(connection);
            connection = NULL;
        }
        *ret_connection = connection;
    } else if (*ret_connection) {
        struct psp_connection *connection = *ret_connection;
        unlink_connection(connections, connection);
        free(connection);
        *ret_connection = NULL;
    }
}

static struct psp_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Under the lock. Who is refused has no place that could be idle. */
static void set_reading(struct psp_connection *connection, bool reading)
{
    connection->reading = reading;
    if (!connection->refused)
        psp_place_set_idle(&connection->place, reading, psp_clock_ms());
}

void psp_connections_deadline(struct psp_connections *connections, struct MHD_Connection *mhd,
                              uint64_t ms, bool reading)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->deadline_ms = psp_clock_ms() + ms;
    connection->ended_ms = 0;
    set_reading(connection, reading);
    pthread_mutex_unlock(&connections->lock);
}

bool psp_connections_refused(struct MHD_Connection *mhd)
{
    const struct psp_connection *connection = connection_of(mhd);
    return connection && connection->refused;
}

void psp_connections_whole(struct psp_connections *connections, struct MHD_Connection *mhd)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->ended_ms = 0;
    set_reading(connection, false);
    pthread_mutex_unlock(&connections->lock);
}

bool psp_connections_begin(struct psp_connections *connections, struct MHD_Connection *mhd,
                           uint64_t bytes)
{
    struct psp_connection *connection = connection_of(mhd);
    bool fits = true;
    if (!connection)
        return true;
    pthread_mutex_lock(&connections->lock);
    if (connections->answer_bytes + bytes > connections->bounds.answer_bytes) {
        fits = false;
    } else {
        connections->answer_bytes += bytes - connection->answer_bytes;
        connection->answer_bytes = bytes;
        connection->streaming = false;
        const struct psp_connections_bounds *bounds = &connections->bounds;
        connection->deadline_ms = psp_clock_ms() + bounds->answer_ms + bytes / bounds->bytes_per_ms;
    }
    pthread_mutex_unlock(&connections->lock);
    return fits;
}

void psp_connections_more(struct psp_connections *connections, struct MHD_Connection *mhd,
                          uint64_t bytes)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->deadline_ms += bytes / connections->bounds.bytes_per_ms;
    pthread_mutex_unlock(&connections->lock);
}

void psp_connections_stream(struct psp_connections *connections, struct MHD_Connection *mhd)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->streaming = true;
    connection->ended_ms = 0;
    set_reading(connection, false);
    pthread_mutex_unlock(&connections->lock);
}

void psp_connections_completed(struct psp_connections *connections, struct MHD_Connection *mhd)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connections->answer_bytes -= connection->answer_bytes;
    connection->answer_bytes = 0;
    connection->streaming = false;
    connection->ended_ms = 0;
    set_reading(connection, true);
    connection->deadline_ms = psp_clock_ms() + connections->bounds.idle_ms;
    pthread_mutex_unlock(&connections->lock);
}

/* MHD keeps a connection whose client went away before its request was whole until its
 * timeout: enough of them would take every place. Seen for a while, so that what was read last
 * has been looked at: between two requests that came together it is reading, too. */
static bool is_abandoned(struct psp_connection *connection, uint64_t now_ms)
{
    if (!connection->reading || !psp_peer_ended(connection->fd))
        return false;
    if (connection->ended_ms == 0)
        connection->ended_ms = now_ms;
    return now_ms >= connection->ended_ms + ABANDONED_MS;
}

void psp_connections_sweep(struct psp_connections *connections, uint64_t now_ms)
{
    pthread_mutex_lock(&connections->lock);
    for (struct psp_connection *at = connections->list; at; at = at->next) {
        if (at->streaming || (now_ms <= at->deadline_ms && !is_abandoned(at, now_ms)))
            continue;
        shutdown(at->fd, SHUT_RDWR);
        at->reading = false;
        at->deadline_ms = now_ms + connections->bounds.answer_ms; /* cut once */
        count(connections->counters.cut);
    }
    pthread_mutex_unlock(&connections->lock);
}
