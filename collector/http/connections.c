/* MHD keeps ours beside its own, as the socket's context. */
#include "collector/http/connections.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/system/clock.h"
#include "base/system/peer.h"
#include "collector/http/http.h"

struct psp_connection {
    struct psp_connection *next, *previous;
    int fd;
    uint64_t deadline_ms;
    uint64_t answer_bytes; /* held for the answer under way */
    bool streaming;        /* MHD's timeout holds: it must take bytes now and then */
    bool reading;          /* a request that is not whole yet, or none */
    bool ended;            /* its client sends no more: seen while reading */
};

void psp_connections_init(struct psp_connections *connections, struct psp_stats *stats)
{
    *connections = (struct psp_connections){.stats = stats};
    pthread_mutex_init(&connections->lock, NULL);
}

void psp_connections_destroy(struct psp_connections *connections)
{
    pthread_mutex_destroy(&connections->lock);
}

static void link_connection(struct psp_connections *connections, struct psp_connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    connection->next = connections->list;
    if (connection->next)
        connection->next->previous = connection;
    connections->list = connection;
    pthread_mutex_unlock(&connections->lock);
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
    pthread_mutex_unlock(&connections->lock);
}

/* MHD closes the socket only after it has said so here; so a sweep under the
 * lock never cuts a stranger's descriptor. */
void psp_connections_notify(void *context, struct MHD_Connection *mhd, void **ret_connection,
                            enum MHD_ConnectionNotificationCode code)
{
    struct psp_connections *connections = context;
    struct psp_stats *stats = connections->stats;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct psp_connection *connection = calloc(1, sizeof *connection);
        *ret_connection = connection;
        if (!connection || !info)
            return; /* served without a deadline of its own; MHD's still holds */
        connection->fd = info->connect_fd;
        connection->deadline_ms = psp_clock_ms() + PSP_HTTP_REQUEST_MS;
        connection->reading = true;
        link_connection(connections, connection);
        psp_stats_count(&stats->connections);
    } else if (*ret_connection) {
        struct psp_connection *connection = *ret_connection;
        if (connection->deadline_ms > 0) {
            unlink_connection(connections, connection);
            atomic_fetch_sub(&stats->connections, 1);
        }
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

void psp_connections_whole(struct psp_connections *connections, struct MHD_Connection *mhd)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->reading = connection->ended = false;
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
    if (connections->answer_bytes + bytes > PSP_HTTP_ANSWER_BYTES_MAX) {
        fits = false;
    } else {
        connections->answer_bytes += bytes - connection->answer_bytes;
        connection->answer_bytes = bytes;
        connection->streaming = false;
        connection->deadline_ms =
            psp_clock_ms() + PSP_HTTP_ANSWER_MS + bytes / PSP_HTTP_ANSWER_BYTES_PER_MS;
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
    connection->deadline_ms += bytes / PSP_HTTP_ANSWER_BYTES_PER_MS;
    pthread_mutex_unlock(&connections->lock);
}

void psp_connections_stream(struct psp_connections *connections, struct MHD_Connection *mhd)
{
    struct psp_connection *connection = connection_of(mhd);
    if (!connection)
        return;
    pthread_mutex_lock(&connections->lock);
    connection->streaming = true;
    connection->reading = connection->ended = false;
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
    connection->reading = true;
    connection->deadline_ms = psp_clock_ms() + PSP_HTTP_IDLE_MS;
    pthread_mutex_unlock(&connections->lock);
}

/* MHD keeps a connection whose client went away before its request was whole until its
 * timeout: enough of them would take every place. Seen twice, so that what was read last has
 * been looked at. */
static bool is_abandoned(struct psp_connection *connection)
{
    if (!connection->reading || !psp_peer_ended(connection->fd))
        return false;
    const bool seen = connection->ended;
    connection->ended = true;
    return seen;
}

void psp_connections_sweep(struct psp_connections *connections, uint64_t now_ms)
{
    pthread_mutex_lock(&connections->lock);
    for (struct psp_connection *at = connections->list; at; at = at->next) {
        if (at->streaming || (now_ms <= at->deadline_ms && !is_abandoned(at)))
            continue;
        shutdown(at->fd, SHUT_RDWR);
        at->reading = false;
        at->deadline_ms = now_ms + PSP_HTTP_ANSWER_MS; /* cut once */
        psp_stats_count(&connections->stats->connections_cut);
    }
    pthread_mutex_unlock(&connections->lock);
}
