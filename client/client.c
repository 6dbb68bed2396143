/* What libpsephos does: sockets, files and time around client/core, in the caller's thread. */
#include "client/psephos.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/system/clock.h"
#include "client/core/core.h"
#include "cluster/cluster.h"
#include "cluster/election.h"
#include "wire/message/message.h"
#include "wire/socket/socket.h"

enum {
    TICK_MS = 10,            /* the longest sleep: deadlines are met this well */
    RECEIVES_A_TURN = 64,    /* of one router, before the next one and before sending */
    REFUSALS_MIN = 3,        /* broken handshakes that mean "unknown key" */
    ARENA_BYTES = 256 << 10, /* answers hold no repeated messages: decoding needs little */
    PATH_BYTES = 4096,
};

struct link {
    struct psp_socket *socket;
    bool connected;
};

struct random { /* of the system, not used yet */
    uint8_t bytes[256];
    size_t left;
};

struct psp_client {
    struct psp_cluster *cluster;
    struct psp_definition *definition; /* when we read it ourselves */
    struct psp_wire *wire;
    struct psp_client_core *core;
    struct psp_arena *arena;
    struct psp_buffer buffer;
    uint32_t link_count;
    struct link links[PSP_CLIENT_ROUTERS_MAX];
    struct pollfd fds[PSP_CLIENT_ROUTERS_MAX + 1]; /* the last one in use: the caller's */
    int wake_fd;                                   /* 0: none */
    struct random random;
    const char *error; /* of the connection; NULL: ask the core */
};

/* ---- making and ending ---- */

static enum psp_status say(enum psp_status status, char *ret_reason, size_t size,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum psp_status say(enum psp_status status, char *ret_reason, size_t size,
                           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_reason, size, format, arguments);
    va_end(arguments);
    return status;
}

static enum psp_status load_cluster(struct psp_client *client, const char *path, char *ret_reason,
                                    size_t size)
{
    struct psp_reason reason = {0};
    const enum psp_status status = psp_cluster_load(path, &client->cluster, &reason);
    if (status != PSP_OK)
        return say(status, ret_reason, size, "%s: %s %s", path, reason.pointer, reason.text);
    if (client->cluster->router_count == 0 ||
        client->cluster->router_count > PSP_CLIENT_ROUTERS_MAX)
        return say(PSP_EINVAL, ret_reason, size, "%s: names no router, or more than %d", path,
                   PSP_CLIENT_ROUTERS_MAX);
    return PSP_OK;
}

/* Positions or IDs: both are of one definition, and it must be the cluster's. */
static enum psp_status check_definition(struct psp_client *client,
                                        const struct psp_client_options *options, char *ret_reason,
                                        size_t size)
{
    struct psp_reason reason = {0};
    const enum psp_status status =
        options->definition != NULL
            ? psp_cluster_election_check(client->cluster, options->definition,
                                         "the election definition", &reason)
            : psp_cluster_election_load(client->cluster, &client->definition, &reason);
    if (status != PSP_OK)
        return say(status, ret_reason, size, "%s", psp_reason_text(&reason, status));
    return PSP_OK;
}

/* One call to the system for many draws: a pool takes four bytes a ballot. */
static void system_random(void *context, void *ret_bytes, size_t bytes)
{
    struct random *random = context;
    assert(bytes <= sizeof random->bytes);
    if (random->left < bytes) {
        /* Up to 256 bytes come whole, or not at all before the system has booted. */
        const ssize_t n = getrandom(random->bytes, sizeof random->bytes, 0);
        if (n != (ssize_t)sizeof random->bytes)
            abort();
        random->left = sizeof random->bytes;
    }
    random->left -= bytes;
    memcpy(ret_bytes, random->bytes + random->left, bytes);
    explicit_bzero(random->bytes + random->left, bytes);
}

static enum psp_status make_core(struct psp_client *client,
                                 const struct psp_client_options *options, char *ret_reason,
                                 size_t size)
{
    const struct psp_cluster *cluster = client->cluster;
    struct psp_client_core_options core = {
        .router_count = cluster->router_count,
        .batch_rows = options->batch_rows,
        .inflight_max = options->inflight_max,
        .resend_after_ms = options->resend_after_ms,
        .seed = options->seed,
        .pool = options->pool,
        .pool_wait_ms = options->pool_wait_ms,
        .unordered = options->unordered,
        .gateway = options->gateway,
        .random = system_random,
        .random_context = &client->random,
    };
    memcpy(core.definition_hash, cluster->definition_hash, PSP_HASH_BYTES);
    const enum psp_status checked = check_definition(client, options, ret_reason, size);
    if (checked != PSP_OK)
        return checked;
    if (options->rows)
        core.definition = options->definition != NULL ? options->definition : client->definition;
    const enum psp_status status = psp_client_core_create(&core, &client->core);
    if (status != PSP_OK)
        return say(status, ret_reason, size, "client options: %s", psp_status_text(status));
    return PSP_OK;
}

static enum psp_status connect_routers(struct psp_client *client, const char *key_path,
                                       char *ret_reason, size_t size)
{
    struct psp_keypair self;
    enum psp_status status = psp_keypair_load(key_path, &self);
    if (status != PSP_OK)
        return say(status, ret_reason, size, "%s: %s%s", key_path, psp_status_text(status),
                   status == PSP_EPERM ? ": a key file must have mode 0600" : "");
    status = psp_wire_create(&self, 1, &client->wire);
    explicit_bzero(&self, sizeof self);
    if (status != PSP_OK)
        return say(status, ret_reason, size, "cannot set up CURVE: %s", psp_status_text(status));
    for (uint32_t r = 0; r < client->cluster->router_count; r++) {
        const struct psp_cluster_router *router = &client->cluster->routers[r];
        struct link *link = &client->links[r];
        status =
            psp_socket_connect(client->wire, router->address, router->public_key, &link->socket);
        if (status != PSP_OK)
            return say(status, ret_reason, size, "router %u at %s: %s", router->router,
                       router->address, psp_status_text(status));
        client->fds[r] = (struct pollfd){.fd = psp_socket_fd(link->socket), .events = POLLIN};
        client->link_count++;
    }
    client->fds[client->link_count] = (struct pollfd){.fd = client->wake_fd, .events = POLLIN};
    return PSP_OK;
}

enum psp_status psp_client_create(const struct psp_client_options *options,
                                  struct psp_client **ret_client, char *ret_reason, size_t size)
{
    struct psp_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return say(PSP_ENOMEM, ret_reason, size, "out of memory");
    client->wake_fd = options->wake_fd;
    enum psp_status status = load_cluster(client, options->cluster_path, ret_reason, size);
    if (status == PSP_OK)
        status = make_core(client, options, ret_reason, size);
    if (status == PSP_OK) {
        status = psp_arena_create(ARENA_BYTES, &client->arena);
        if (status != PSP_OK)
            say(status, ret_reason, size, "out of memory");
    }
    if (status == PSP_OK)
        status = connect_routers(client, options->key_path, ret_reason, size);
    if (status != PSP_OK) {
        psp_client_destroy(&client);
        return status;
    }
    *ret_client = client;
    return PSP_OK;
}

void psp_client_destroy(struct psp_client **client_at)
{
    struct psp_client *client = *client_at;
    if (client == NULL)
        return;
    for (uint32_t r = 0; r < client->link_count; r++)
        psp_socket_destroy(&client->links[r].socket);
    psp_wire_destroy(&client->wire);
    psp_buffer_free(&client->buffer);
    psp_arena_destroy(&client->arena);
    psp_client_core_destroy(&client->core);
    psp_definition_destroy(&client->definition);
    psp_cluster_destroy(&client->cluster);
    explicit_bzero(&client->random, sizeof client->random);
    free(client);
    *client_at = NULL;
}

/* ---- ballots and receipts ---- */

enum psp_status psp_client_submit(struct psp_client *client, const struct psp_ballot *ballot)
{
    return psp_client_core_submit(client->core, ballot);
}

void psp_client_flush(struct psp_client *client)
{
    psp_client_core_flush(client->core);
}

static void send_ready(struct psp_client *client, uint64_t now_ms)
{
    struct psp_client_message message;
    uint32_t router;
    while (psp_client_core_next(client->core, now_ms, &router, &message)) {
        if (psp_client_message_encode(&message, &client->buffer) != PSP_OK ||
            psp_socket_send(client->links[router].socket, NULL, client->buffer.data,
                            client->buffer.length) != PSP_OK)
            psp_client_core_unsent(client->core, now_ms);
    }
}

/* True when everything that was there has been read. */
static bool receive_from(struct psp_client *client, uint32_t router, uint64_t now_ms)
{
    struct link *link = &client->links[router];
    struct psp_received received;
    for (int i = 0; i < RECEIVES_A_TURN; i++) {
        if (psp_socket_receive(link->socket, &received) != PSP_OK)
            return true;
        struct psp_client_message message;
        const char *reason = NULL;
        psp_arena_reset(client->arena);
        /* What does not decode is not an answer; the timeout takes care. */
        if (psp_client_message_decode(client->arena, received.data, received.length, &message,
                                      &reason) == PSP_OK)
            psp_client_core_message(client->core, router, &message, now_ms);
        psp_received_release(&received);
    }
    return false;
}

static bool receive_all(struct psp_client *client, uint64_t now_ms)
{
    bool drained = true;
    for (uint32_t r = 0; r < client->link_count; r++)
        drained = receive_from(client, r, now_ms) && drained;
    return drained;
}

static void look_at_connections(struct psp_client *client, uint64_t now_ms)
{
    uint32_t refusing = 0;
    for (uint32_t r = 0; r < client->link_count; r++) {
        struct link *link = &client->links[r];
        const bool connected = psp_socket_connected(link->socket);
        if (link->connected && !connected)
            psp_client_core_disconnected(client->core, r, now_ms);
        link->connected = connected;
        refusing += !connected && psp_socket_refusals(link->socket) >= REFUSALS_MIN;
    }
    client->error = refusing == client->link_count
                        ? "no router accepts this client's key: add it with "
                          "'psephos client add', or use the key file that was added"
                        : NULL;
}

static enum psp_status standing(const struct psp_client *client)
{
    const enum psp_status refused = psp_client_core_refused(client->core);
    if (refused != PSP_OK)
        return refused;
    return client->error != NULL ? PSP_EPERM : PSP_OK;
}

/* What the routers sent, or the caller's wake_fd; true: it was that. */
static enum psp_status wait(struct psp_client *client, uint64_t left_ms, bool *ret_woken)
{
    const nfds_t n = client->link_count + (client->wake_fd > 0);
    const int ready = poll(client->fds, n, left_ms < TICK_MS ? (int)left_ms : TICK_MS);
    if (ready < 0 && errno != EINTR)
        return PSP_EIO;
    *ret_woken = ready > 0 && client->wake_fd > 0 && client->fds[n - 1].revents != 0;
    return PSP_OK;
}

enum psp_status psp_client_poll(struct psp_client *client, int timeout_ms,
                                struct psp_receipt *ret_receipts, size_t max, size_t *ret_n)
{
    uint64_t now_ms = psp_clock_ms();
    const uint64_t end_ms = now_ms + (timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
    if (timeout_ms > 0)
        psp_client_core_push(client->core);
    for (;;) {
        psp_client_core_tick(client->core, now_ms);
        send_ready(client, now_ms);
        const bool drained = receive_all(client, now_ms);
        look_at_connections(client, now_ms);
        *ret_n = psp_client_core_receipts(client->core, ret_receipts, max);
        if (*ret_n > 0)
            return PSP_OK;
        if (now_ms >= end_ms || psp_client_core_refused(client->core) != PSP_OK)
            return standing(client);
        bool woken = false;
        if (drained && wait(client, end_ms - now_ms, &woken) != PSP_OK)
            return PSP_EIO;
        if (woken)
            return standing(client);
        now_ms = psp_clock_ms();
    }
}

void psp_client_stats(const struct psp_client *client, struct psp_client_stats *ret_stats)
{
    psp_client_core_stats(client->core, ret_stats);
}

bool psp_client_connected(const struct psp_client *client)
{
    for (uint32_t r = 0; r < client->link_count; r++)
        if (client->links[r].connected)
            return true;
    return false;
}

const char *psp_client_error(const struct psp_client *client)
{
    return client->error != NULL ? client->error : psp_client_core_error(client->core);
}
