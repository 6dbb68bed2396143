/* All links are polled together; an answer is kept until the process is asked again. */
#include "cli/operate/operate.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/folder/local.h"
#include "cli/operate/answer.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "wire/message/partial_parts.h"

enum {
    ARENA_BYTES = 64 << 20, /* the largest partial, decoded */
    RESEND_MS = 1000,
    RESEND_SEALED_MS = 6000, /* a megabyte may be on its way */
    POLL_MS = 20,
    LEADER_ROUND_MS = 1000, /* one question after the leader */
};

struct link {
    struct psp_operate_process process;
    struct psp_socket *socket;
    struct psp_arena *arena;
    struct psp_received received;
    bool holds; /* `received` is to be released */
    bool answered;
    struct psp_cluster_message answer;
    struct psp_partial_parts parts; /* of an answer that takes several messages */
};

struct psp_operate {
    struct psp_wire *wire;
    struct link *links;
    uint32_t n;
    uint64_t next_id;
    struct psp_buffer buffer;
};

static enum psp_status add_link(struct psp_operate *operate, enum psp_role role, uint32_t number,
                                uint32_t replica, const char *address, const char *public_key)
{
    struct link *link = &operate->links[operate->n++];
    link->process = (struct psp_operate_process){
        .role = role, .number = number, .replica = replica, .address = address};
    const enum psp_status status = psp_arena_create(ARENA_BYTES, &link->arena);
    if (status != PSP_OK)
        return status;
    return psp_socket_connect(operate->wire, address, public_key, &link->socket);
}

static enum psp_status connect_all(struct psp_operate *operate, const struct psp_cluster *cluster)
{
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        for (uint32_t r = 0; status == PSP_OK && r < cluster->shards[i].replica_count; r++) {
            const struct psp_cluster_replica *replica = &cluster->shards[i].replicas[r];
            status = add_link(operate, PSP_ROLE_SHARD, cluster->shards[i].shard, replica->replica,
                              replica->address, replica->public_key);
        }
    for (uint32_t i = 0; status == PSP_OK && i < cluster->collector_count; i++)
        status = add_link(operate, PSP_ROLE_COLLECTOR, cluster->collectors[i].collector, 0,
                          cluster->collectors[i].address, cluster->collectors[i].public_key);
    for (uint32_t i = 0; status == PSP_OK && i < cluster->router_count; i++)
        status = add_link(operate, PSP_ROLE_ROUTER, cluster->routers[i].router, 0,
                          cluster->routers[i].address, cluster->routers[i].public_key);
    return status;
}

enum psp_status psp_operate_create(const struct psp_cluster *cluster, const char *key_path,
                                   struct psp_operate **ret_operate,
                                   struct psp_reason *reterr_reason)
{
    struct psp_keypair key;
    enum psp_status status = psp_keypair_load(key_path, &key);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "operator key %s: %s", key_path, psp_status_text(status));
        return status;
    }
    struct psp_operate *operate = psp_memory_array(1, sizeof *operate);
    uint32_t n = cluster->router_count + cluster->collector_count;
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        n += cluster->shards[i].replica_count;
    operate->links = psp_memory_array(n, sizeof *operate->links);
    status = psp_wire_create(&key, 1, &operate->wire);
    explicit_bzero(&key, sizeof key);
    if (status == PSP_OK)
        status = connect_all(operate, cluster);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "cannot set up connections: %s", psp_status_text(status));
        psp_operate_destroy(&operate);
        return status;
    }
    *ret_operate = operate;
    return PSP_OK;
}

static void forget_answer(struct link *link)
{
    if (link->holds)
        psp_received_release(&link->received);
    psp_partial_parts_clear(&link->parts);
    link->holds = false;
    link->answered = false;
}

void psp_operate_destroy(struct psp_operate **operate)
{
    if (!*operate)
        return;
    for (uint32_t i = 0; i < (*operate)->n; i++) {
        struct link *link = &(*operate)->links[i];
        forget_answer(link);
        if (link->socket)
            psp_socket_destroy(&link->socket);
        if (link->arena)
            psp_arena_destroy(&link->arena);
    }
    if ((*operate)->wire)
        psp_wire_destroy(&(*operate)->wire);
    psp_buffer_free(&(*operate)->buffer);
    free((*operate)->links);
    free(*operate);
    *operate = NULL;
}

uint32_t psp_operate_count(const struct psp_operate *operate)
{
    return operate->n;
}

const struct psp_operate_process *psp_operate_process(const struct psp_operate *operate,
                                                      uint32_t process)
{
    return &operate->links[process].process;
}

const struct psp_cluster_message *psp_operate_answer(const struct psp_operate *operate,
                                                     uint32_t process)
{
    const struct link *link = &operate->links[process];
    return link->answered ? &link->answer : NULL;
}

/* False: a partial of which more must come. */
static bool whole(struct link *link, struct psp_cluster_message *message)
{
    struct psp_partial partial;
    if (message->type != PSP_CLUSTER_PARTIAL)
        return true;
    if (psp_partial_parts_take(&link->parts, message->id, &message->partial, &partial) != PSP_OK)
        return false;
    message->partial = partial;
    return true;
}

/* Takes what has come; keeps the answer to request `id`. */
static void receive(struct link *link, uint64_t id)
{
    struct psp_received received;
    while (psp_socket_receive(link->socket, &received) == PSP_OK) {
        const char *reason = NULL;
        struct psp_cluster_message message;
        if (link->answered) {
            psp_received_release(&received);
            continue;
        }
        psp_arena_reset(link->arena);
        if (psp_cluster_message_decode(link->arena, received.data, received.length, &message,
                                       &reason) != PSP_OK ||
            message.id != id || !whole(link, &message)) {
            psp_received_release(&received);
            continue;
        }
        link->received = received;
        link->answer = message;
        link->holds = link->answered = true;
    }
}

bool psp_operate_ask(struct psp_operate *operate, const bool *asked,
                     const struct psp_cluster_message *request, uint64_t timeout_ms)
{
    struct psp_cluster_message message = *request;
    const uint64_t start_ms = psp_progress_clock_ms();
    const uint64_t resend_after_ms =
        request->type == PSP_CLUSTER_SEAL_REQUEST ? RESEND_SEALED_MS : RESEND_MS;
    uint64_t *resend_ms = psp_memory_array(operate->n, sizeof *resend_ms);
    struct pollfd *fds = psp_memory_array(operate->n, sizeof *fds);
    bool all = false;
    message.id = ++operate->next_id;
    for (uint32_t i = 0; i < operate->n; i++) {
        forget_answer(&operate->links[i]);
        fds[i] =
            (struct pollfd){asked[i] ? psp_socket_fd(operate->links[i].socket) : -1, POLLIN, 0};
    }
    if (psp_cluster_message_encode(&message, &operate->buffer) != PSP_OK)
        timeout_ms = 0;
    for (uint64_t now_ms = start_ms; !all; now_ms = psp_progress_clock_ms()) {
        all = true;
        for (uint32_t i = 0; i < operate->n; i++) {
            struct link *link = &operate->links[i];
            if (!asked[i])
                continue;
            receive(link, message.id);
            if (!link->answered && now_ms >= resend_ms[i] &&
                psp_socket_send(link->socket, NULL, operate->buffer.data, operate->buffer.length) ==
                    PSP_OK) {
                resend_ms[i] = now_ms + resend_after_ms;
                receive(link, message.id);
            }
            all = all && link->answered;
        }
        if (all || now_ms - start_ms >= timeout_ms)
            break;
        poll(fds, operate->n, POLL_MS); /* an edge may have been taken while sending */
    }
    free(fds);
    free(resend_ms);
    return all;
}

void psp_operate_ask_shard(struct psp_operate *operate, uint32_t shard, uint64_t timeout_ms)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    bool *asked = psp_memory_array(operate->n, sizeof *asked);
    for (uint32_t i = 0; i < operate->n; i++) {
        const struct psp_operate_process *process = &operate->links[i].process;
        asked[i] = process->role == PSP_ROLE_SHARD && process->number == shard;
    }
    psp_operate_ask(operate, asked, &request, timeout_ms);
    free(asked);
}

bool psp_operate_ask_one(struct psp_operate *operate, uint32_t process,
                         const struct psp_cluster_message *request, uint64_t timeout_ms)
{
    bool *asked = psp_memory_array(operate->n, sizeof *asked);
    asked[process] = true;
    const bool answered = psp_operate_ask(operate, asked, request, timeout_ms);
    free(asked);
    return answered;
}

const struct psp_status_reply *psp_operate_status(const struct psp_operate *operate,
                                                  uint32_t process)
{
    const struct psp_cluster_message *answer = psp_operate_answer(operate, process);
    return answer && answer->type == PSP_CLUSTER_STATUS_REPLY ? &answer->status : NULL;
}

/* The process of a shard's replica, the number of processes when there is none. */
static uint32_t process_of(const struct psp_operate *operate, uint32_t shard, uint32_t replica)
{
    uint32_t i = 0;
    while (i < operate->n && !(operate->links[i].process.role == PSP_ROLE_SHARD &&
                               operate->links[i].process.number == shard &&
                               operate->links[i].process.replica == replica))
        i++;
    return i;
}

/* Asks all replicas of the shard; of two that say they lead, the later term does.
 * The number of processes, with a reason, when none leads. */
static uint32_t find_leader(struct psp_operate *operate, uint32_t shard,
                            struct psp_reason *reterr_reason)
{
    uint32_t leader = operate->n, answers = 0;
    uint64_t term = 0;
    psp_operate_ask_shard(operate, shard, LEADER_ROUND_MS);
    for (uint32_t i = 0; i < operate->n; i++) {
        const struct psp_status_reply *reply = psp_operate_status(operate, i);
        answers += reply != NULL;
        if (!reply || reply->state != PSP_STATE_LEADER || reply->term < term)
            continue;
        leader = i;
        term = reply->term;
    }
    if (leader == operate->n && answers == 0)
        psp_reason_set(reterr_reason, "no replica answers");
    else if (leader == operate->n)
        psp_reason_set(reterr_reason, "no replica leads; %u answer", answers);
    return leader;
}

enum psp_status psp_operate_shard(struct psp_operate *operate, uint32_t shard,
                                  const struct psp_cluster_message *request, uint64_t timeout_ms,
                                  const struct psp_cluster_message **ret_answer,
                                  uint32_t *ret_process, struct psp_reason *reterr_reason)
{
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    uint32_t hinted = operate->n; /* whom a replica has named as the leader */
    struct psp_reason reason = {0};
    for (uint64_t now_ms = 0; (now_ms = psp_progress_clock_ms()) < end_ms; poll(NULL, 0, POLL_MS)) {
        const bool named = hinted < operate->n;
        const uint32_t at = named ? hinted : find_leader(operate, shard, &reason);
        uint32_t leader = PSP_NONE;
        hinted = operate->n;
        if (at == operate->n)
            continue;
        /* One that is named may be gone: then all are asked again. */
        psp_operate_ask_one(operate, at, request, named ? LEADER_ROUND_MS : end_ms - now_ms);
        const struct psp_cluster_message *answer = psp_operate_answer(operate, at);
        switch (psp_answer_judge(answer, operate->links[at].process.replica, &leader, &reason)) {
        case PSP_ANSWER_DONE:
            *ret_answer = answer;
            *ret_process = at;
            return PSP_OK;
        case PSP_ANSWER_REFUSED:
            *reterr_reason = reason;
            return PSP_EINVAL;
        case PSP_ANSWER_AGAIN:
            hinted = process_of(operate, shard, leader);
            break;
        }
    }
    *reterr_reason = reason;
    return PSP_ETIMEDOUT;
}
