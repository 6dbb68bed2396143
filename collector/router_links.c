/* A socket a router; an answer is as good whichever question it is to. */
#include "collector/router_links.h"

#include <assert.h>
#include <stdlib.h>

#include "base/system/clock.h"
#include "wire/message/message.h"

struct link {
    struct psp_socket *socket;
    uint64_t ask_at_ms;
};

struct psp_router_links {
    struct psp_routers *table;
    uint64_t next_id;
    struct psp_buffer buffer;
    uint32_t count; /* connected */
    struct link list[];
};

enum psp_status psp_router_links_create(const struct psp_cluster *cluster, struct psp_wire *wire,
                                        struct psp_routers *table,
                                        enum psp_status (*note)(void *context, int descriptor),
                                        void *context, struct psp_router_links **ret_links,
                                        struct psp_reason *reterr_reason)
{
    struct psp_router_links *links =
        calloc(1, sizeof *links + cluster->router_count * sizeof *links->list);
    if (!links) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    links->table = table;
    for (uint32_t i = 0; i < cluster->router_count; i++) {
        const struct psp_cluster_router *router = &cluster->routers[i];
        struct psp_socket **socket = &links->list[i].socket;
        enum psp_status status =
            psp_socket_connect(wire, router->address, router->public_key, socket);
        if (status == PSP_OK) {
            links->count++;
            status = note(context, psp_socket_fd(*socket));
        }
        if (status != PSP_OK) {
            psp_reason_set(reterr_reason, "router %u at %s: %s", router->router, router->address,
                           psp_status_text(status));
            psp_router_links_destroy(&links);
            return status;
        }
    }
    *ret_links = links;
    return PSP_OK;
}

void psp_router_links_destroy(struct psp_router_links **links_at)
{
    struct psp_router_links *links = *links_at;
    if (!links)
        return;
    for (uint32_t i = 0; i < links->count; i++)
        psp_socket_destroy(&links->list[i].socket);
    psp_buffer_free(&links->buffer);
    free(links);
    *links_at = NULL;
}

void psp_router_links_ask(struct psp_router_links *links, uint64_t now_ms)
{
    for (uint32_t i = 0; i < links->count; i++) {
        struct link *link = &links->list[i];
        if (now_ms < link->ask_at_ms)
            continue;
        link->ask_at_ms = now_ms + PSP_ROUTER_LINKS_ASK_MS;
        const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST,
                                                    .id = ++links->next_id};
        if (psp_cluster_message_encode(&request, &links->buffer) == PSP_OK)
            psp_socket_send(link->socket, NULL, links->buffer.data, links->buffer.length);
    }
}

uint32_t psp_router_links_receive(struct psp_router_links *links, struct psp_arena *arena,
                                  uint64_t now_ms)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < links->count; i++) {
        struct psp_received received;
        for (; psp_socket_receive(links->list[i].socket, &received) == PSP_OK; n++) {
            struct psp_cluster_message message;
            const char *reason = NULL;
            psp_arena_reset(arena);
            if (psp_cluster_message_decode(arena, received.data, received.length, &message,
                                           &reason) == PSP_OK &&
                message.type == PSP_CLUSTER_STATUS_REPLY)
                psp_routers_take(links->table, i, now_ms, message.status.keys,
                                 (int64_t)(message.status.wall_ms - psp_clock_wall_ms()));
            psp_received_release(&received);
        }
    }
    return n;
}
