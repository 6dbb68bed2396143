/* The loop's turn: receive until nothing is there, then carry out what the core decided. */
#include "router/shell.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "process/loop.h"
#include "process/say.h"
#include "router/core/budget.h"
#include "router/core/core.h"
#include "router/stations.h"
#include "wire/message/message.h"

enum {
    UNSENT_MAX = 1024, /* remembered a turn; one more is found by its timeout */
    WARN_EVERY_MS = 5000,
    /* With one, an honest station's message waited there for a piece of each greedy one's. */
    IO_THREADS = 4,
};

struct link { /* to one replica of a shard */
    struct psp_socket *socket;
    uint32_t shard, replica; /* positions */
};

struct unsent {
    uint32_t shard, replica;
    uint64_t batch_id;
    bool gone;
};

struct psp_router_shell {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition;
    uint32_t router;
    struct psp_wire *wire;
    struct psp_loop *loop;
    struct psp_loop_timer *ticker;
    struct psp_socket *ingest;
    struct psp_router_core *core;
    struct psp_budget *budget;
    struct psp_router_stations stations;
    uint64_t stations_check_ms;
    struct psp_arena *arena;
    struct psp_buffer buffer;
    uint32_t link_count;
    struct link *links;
    uint32_t *link_first; /* of a shard: its replicas' links follow one another */
    uint32_t unsent_count;
    struct unsent unsent[UNSENT_MAX];
    struct psp_router_counters warned; /* as of the last warnings */
    struct psp_say_limit warnings;
};

/* ---- carrying out ---- */

static void remember_unsent(struct psp_router_shell *shell, const struct psp_router_action *action,
                            bool gone)
{
    if (shell->unsent_count < UNSENT_MAX)
        shell->unsent[shell->unsent_count++] =
            (struct unsent){action->shard, action->replica, action->batch_id, gone};
}

static void send_count(struct psp_router_shell *shell, const struct psp_router_action *action)
{
    struct psp_cluster_message message;
    psp_router_action_count(shell->core, action, &message);
    enum psp_status status = psp_cluster_message_encode(&message, &shell->buffer);
    if (status == PSP_OK)
        status =
            psp_socket_send(shell->links[shell->link_first[action->shard] + action->replica].socket,
                            NULL, shell->buffer.data, shell->buffer.length);
    if (status != PSP_OK)
        remember_unsent(shell, action, status == PSP_EUNREACHABLE);
}

/* A station that is gone or does not read misses its answer; its own timeout
 * makes it send again. */
static void send_answer(struct psp_router_shell *shell, const struct psp_router_action *action)
{
    struct psp_client_message message;
    psp_router_action_answer(shell->core, action, &message);
    if (psp_client_message_encode(&message, &shell->buffer) == PSP_OK)
        psp_socket_send(shell->ingest, &action->peer, shell->buffer.data, shell->buffer.length);
}

static void perform_actions(struct psp_router_shell *shell)
{
    size_t n = 0;
    const struct psp_router_action *actions = psp_router_core_actions(shell->core, &n);
    for (size_t i = 0; i < n; i++) {
        if (actions[i].type == PSP_ROUTER_COUNT)
            send_count(shell, &actions[i]);
        else
            send_answer(shell, &actions[i]);
    }
}

/* What could not be sent goes back to the core, whose answer may be to send
 * it elsewhere. That ends: the core pauses a batch that no replica takes. */
static void perform(struct psp_router_shell *shell, uint64_t now_ms)
{
    shell->unsent_count = 0;
    perform_actions(shell);
    for (uint32_t i = 0; i < shell->unsent_count; i++) {
        const struct unsent *unsent = &shell->unsent[i];
        psp_router_core_unsent(shell->core, unsent->shard, unsent->replica, unsent->batch_id,
                               unsent->gone, now_ms);
        perform_actions(shell);
    }
}

/* ---- stations ---- */

static void check_stations(struct psp_router_shell *shell, uint64_t now_ms)
{
    if (now_ms < shell->stations_check_ms)
        return;
    shell->stations_check_ms = now_ms + PSP_ROUTER_CLIENTS_CHECK_MS;
    struct psp_reason reason = {0};
    const enum psp_status status = psp_router_stations_update(
        &shell->stations, shell->cluster, shell->definition, shell->wire, &reason);
    if (status == PSP_OK)
        psp_say(PSP_SAY_INFO, "clients", "%u stations may cast", shell->stations.count);
    else if (status != PSP_STALE &&
             psp_say_allowed(&shell->warnings, now_ms, WARN_EVERY_MS, &(uint64_t){0}))
        psp_say(PSP_SAY_WARNING, "clients", "%s; the stations known before stay",
                psp_reason_text(&reason, status));
}

/* ---- receiving ---- */

/* Who asks after a station has changed the list: it is looked at first. */
static enum psp_admits admits(struct psp_router_shell *shell, uint32_t station, uint64_t now_ms)
{
    if (station == 0)
        return PSP_ADMITS_NOT_SAID;
    shell->stations_check_ms = 0;
    check_stations(shell, now_ms);
    return psp_router_stations_find(&shell->stations, station) != NULL ? PSP_ADMITS_YES
                                                                       : PSP_ADMITS_NO;
}

static void reply_status(struct psp_router_shell *shell, const struct psp_peer *peer,
                         const struct psp_cluster_message *request, uint64_t now_ms)
{
    struct psp_router_counters counters;
    psp_router_core_counters(shell->core, &counters);
    const enum psp_admits admitted = admits(shell, request->status_request.station, now_ms);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_STATUS_REPLY, .id = request->id};
    message.status = (struct psp_status_reply){
        .role = PSP_PROCESS_ROUTER,
        .state = PSP_STATE_READY,
        .version = PSP_VERSION,
        .id = shell->cluster->routers[shell->router].router,
        .pid = (uint64_t)getpid(),
        .epoch = shell->cluster->epoch,
        .inflight = psp_router_core_inflight(shell->core),
        .busy = counters.busy,
        .admits = admitted,
        .stations_fault = shell->stations.fault.text,
        .keys = psp_budget_told(shell->budget),
        .wall_ms = psp_clock_wall_ms(),
    };
    if (psp_cluster_message_encode(&message, &shell->buffer) == PSP_OK)
        psp_socket_send(shell->ingest, peer, shell->buffer.data, shell->buffer.length);
}

/* Performs only what the core was just asked for: without an event its actions
 * are still those of the last one, and would be carried out a second time. */
static void take_operator(struct psp_router_shell *shell, const struct psp_received *received,
                          uint64_t now_ms)
{
    struct psp_cluster_message message;
    const char *reason = NULL;
    if (psp_cluster_message_decode(shell->arena, received->data, received->length, &message,
                                   &reason) == PSP_OK &&
        message.type == PSP_CLUSTER_STATUS_REQUEST) {
        reply_status(shell, &received->peer, &message, now_ms);
        return;
    }
    psp_router_core_undecodable(shell->core, &received->peer, PSP_EPERM, 0,
                                "this key may ask for the status; ballots need a "
                                "station's key");
    perform(shell, now_ms);
}

static void take_station(struct psp_router_shell *shell, const struct psp_received *received,
                         uint64_t now_ms)
{
    struct psp_client_message message;
    const char *reason = "";
    const struct psp_router_station *station =
        psp_router_stations_find(&shell->stations, received->id);
    const enum psp_status status = psp_client_message_decode(shell->arena, received->data,
                                                             received->length, &message, &reason);
    if (station == NULL)
        psp_router_core_undecodable(shell->core, &received->peer, PSP_EPERM, message.batch_id,
                                    "this station may cast no more ballots");
    else if (status == PSP_OK)
        psp_router_core_client(shell->core, &received->peer, station, &message, now_ms,
                               psp_clock_wall_ms());
    else
        psp_router_core_undecodable(shell->core, &received->peer, status, message.batch_id, reason);
    perform(shell, now_ms);
}

/* A station that a gateway names may have been added, or revoked, a moment ago: the
 * gateway has looked, so we look, too. */
static void take_gateway(struct psp_router_shell *shell, const struct psp_received *received,
                         uint64_t now_ms)
{
    struct psp_client_message message;
    const char *reason = "";
    const enum psp_status status = psp_client_message_decode(shell->arena, received->data,
                                                             received->length, &message, &reason);
    shell->stations_check_ms = 0;
    check_stations(shell, now_ms);
    if (status == PSP_OK)
        psp_router_core_gateway(shell->core, &received->peer, shell->stations.list,
                                shell->stations.count, &message, now_ms, psp_clock_wall_ms());
    else
        psp_router_core_undecodable(shell->core, &received->peer, status, message.batch_id, reason);
    perform(shell, now_ms);
}

static void drop(struct psp_received *received)
{
    psp_received_release(received);
    free(received);
}

/* What does not fit into its key's queue is answered from its first bytes. */
static void queue_message(struct psp_router_shell *shell, struct psp_received *received,
                          uint64_t now_ms)
{
    if (psp_budget_put(shell->budget, received->role, received->id, received, received->length) ==
        PSP_OK)
        return;
    const bool ballots = received->role == PSP_ROLE_STATION || received->role == PSP_ROLE_GATEWAY;
    psp_router_core_over(shell->core, &received->peer,
                         ballots ? psp_client_message_batch_id(received->data, received->length)
                                 : 0);
    perform(shell, now_ms);
    drop(received);
}

static uint32_t receive_clients(struct psp_router_shell *shell, uint64_t now_ms)
{
    uint32_t n = 0;
    for (; n < PSP_ROUTER_CLIENT_MESSAGES_A_TURN; n++) {
        struct psp_received *received = malloc(sizeof *received);
        if (received == NULL || psp_socket_receive(shell->ingest, received) != PSP_OK) {
            free(received);
            break;
        }
        queue_message(shell, received, now_ms);
    }
    return n;
}

static enum psp_budget_outcome outcome_of(const struct psp_router_counters *before,
                                          const struct psp_router_counters *now)
{
    if (now->undecodable + now->wrong_election + now->not_allowed >
        before->undecodable + before->wrong_election + before->not_allowed)
        return PSP_BUDGET_FAULTY;
    const uint64_t refused = now->busy + now->outside - before->busy - before->outside;
    return 2 * refused > now->decoded - before->decoded ? PSP_BUDGET_IN_VAIN : PSP_BUDGET_USED;
}

static void take_message(struct psp_router_shell *shell, const struct psp_received *received,
                         uint64_t now_ms)
{
    psp_arena_reset(shell->arena);
    if (received->role == PSP_ROLE_OPERATOR || received->role == PSP_ROLE_COLLECTOR)
        take_operator(shell, received, now_ms);
    else if (received->role == PSP_ROLE_GATEWAY)
        take_gateway(shell, received, now_ms);
    else
        take_station(shell, received, now_ms);
}

static struct psp_received *next_message(struct psp_router_shell *shell, uint64_t now_ms)
{
    return psp_budget_next(shell->budget, psp_router_core_bulk_waits(shell->core, now_ms));
}

static void flush(struct psp_router_shell *shell, uint64_t now_ms, size_t *ret_sent)
{
    psp_router_core_flush(shell->core, now_ms);
    psp_router_core_actions(shell->core, ret_sent);
    perform(shell, now_ms);
}

/* Those whose turn it is, until none waits or the slice is over; how many. What came from
 * short ones is on its way before a long one is taken up. */
static uint32_t serve_clients(struct psp_router_shell *shell, uint64_t now_ms)
{
    uint32_t n = 0;
    if (psp_budget_messages(shell->budget) == 0)
        return 0;
    struct psp_router_counters before, now;
    uint64_t at_us = psp_clock_cpu_us();
    const bool shared = psp_router_core_is_shared(shell->core, now_ms);
    const uint64_t end_us =
        at_us + (shared ? PSP_ROUTER_CLIENT_SHORT_SLICE_US : PSP_ROUTER_CLIENT_SLICE_US);
    psp_router_core_counters(shell->core, &before);
    for (struct psp_received *received;
         at_us < end_us && (received = next_message(shell, now_ms)) != NULL; n++) {
        if (shared && n > 0 && received->length > PSP_BUDGET_SHORT_BYTES)
            flush(shell, now_ms, &(size_t){0});
        take_message(shell, received, now_ms);
        drop(received);
        const uint64_t now_us = psp_clock_cpu_us();
        psp_router_core_counters(shell->core, &now);
        psp_budget_spent(shell->budget, now_us - at_us, outcome_of(&before, &now));
        before = now;
        at_us = now_us;
    }
    return n;
}

static uint32_t receive_shard(struct psp_router_shell *shell, const struct link *link,
                              uint64_t now_ms)
{
    uint32_t n = 0;
    struct psp_received received;
    while (n < PSP_ROUTER_SHARD_MESSAGES_A_TURN &&
           psp_socket_receive(link->socket, &received) == PSP_OK) {
        struct psp_cluster_message message;
        const char *reason = NULL;
        psp_arena_reset(shell->arena);
        /* What does not decode cannot be matched with a batch; the timeout answers. */
        if (psp_cluster_message_decode(shell->arena, received.data, received.length, &message,
                                       &reason) == PSP_OK &&
            (message.type == PSP_CLUSTER_COUNT_VERDICTS ||
             message.type == PSP_CLUSTER_COUNT_REFUSAL)) {
            psp_router_core_shard(shell->core, link->shard, link->replica, &message, now_ms);
            perform(shell, now_ms);
        }
        psp_received_release(&received);
        n++;
    }
    return n;
}

/* Sockets are edge-triggered, and sending counts as an edge: done only when a
 * pass found every socket empty and therefore sent nothing. */
static void turn(void *context)
{
    struct psp_router_shell *shell = context;
    const uint64_t now_ms = psp_clock_ms();
    for (int pass = 0; pass < PSP_ROUTER_PASSES_A_TURN; pass++) {
        uint32_t received = receive_clients(shell, now_ms) + serve_clients(shell, now_ms);
        for (uint32_t i = 0; i < shell->link_count; i++)
            received += receive_shard(shell, &shell->links[i], now_ms);
        size_t sent = 0;
        flush(shell, now_ms, &sent);
        if (received == 0 && sent == 0)
            return;
    }
    psp_loop_wake(shell->loop);
}

static void readable(void *context)
{
    (void)context; /* the turn's end looks at every socket */
}

/* ---- time ---- */

/* Says what was refused, summed up, so that no station can fill the log. */
static void warn(struct psp_router_shell *shell, uint64_t now_ms)
{
    struct psp_router_counters now;
    psp_router_core_counters(shell->core, &now);
    const struct psp_router_counters *then = &shell->warned;
    const uint64_t messages = now.undecodable - then->undecodable + now.wrong_election -
                              then->wrong_election + now.not_allowed - then->not_allowed;
    const uint64_t ballots = now.busy - then->busy + now.unknown - then->unknown;
    const uint64_t fenced = now.configuration - then->configuration;
    const uint64_t outside = now.outside - then->outside;
    const uint64_t over = now.over - then->over;
    if (messages + ballots + fenced + outside + over == 0 ||
        !psp_say_allowed(&shell->warnings, now_ms, WARN_EVERY_MS, &(uint64_t){0}))
        return;
    if (messages > 0)
        psp_say(PSP_SAY_WARNING, "refused",
                "%lu messages undecodable, %lu of another election, %lu not allowed",
                now.undecodable - then->undecodable, now.wrong_election - then->wrong_election,
                now.not_allowed - then->not_allowed);
    if (over > 0)
        psp_say(PSP_SAY_WARNING, "over",
                "%lu messages refused: their keys send more than their share; psephos status says "
                "which",
                over);
    if (outside > 0)
        psp_say(PSP_SAY_WARNING, "outside",
                "%lu ballots refused: outside the units, methods or time that their station may "
                "cast for; see psephos client list",
                outside);
    if (ballots > 0)
        psp_say(PSP_SAY_WARNING, "overload",
                "%lu ballots answered BUSY, %lu UNKNOWN: a shard is slow, down or without "
                "a leader; see psephos status",
                now.busy - then->busy, now.unknown - then->unknown);
    if (fenced > 0)
        psp_say(PSP_SAY_ERROR, "configuration",
                "shards refused %lu ballots: their genesis and this router's cluster.json, "
                "election or digest key differ; start both from the same folder",
                fenced);
    shell->warned = now;
}

/* Whoever does not heed BUSY for seconds. */
static void end_keys(struct psp_router_shell *shell, uint64_t now_ms)
{
    enum psp_role role = PSP_ROLE_STATION;
    uint32_t id = 0;
    uint64_t ms = 0;
    psp_budget_tick(shell->budget, now_ms);
    while (psp_budget_next_ended(shell->budget, &role, &id, &ms)) {
        const uint32_t n = psp_socket_end_key(shell->ingest, role, id, ms);
        psp_say(PSP_SAY_WARNING, "ended",
                "%s %u did not heed its budget: %u connections ended, let in again in %lu s",
                psp_key_role_name(role), id, n, (unsigned long)ms / 1000);
    }
}

static void tick(void *context)
{
    struct psp_router_shell *shell = context;
    const uint64_t now_ms = psp_clock_ms();
    psp_router_core_tick(shell->core, now_ms);
    perform(shell, now_ms);
    end_keys(shell, now_ms);
    check_stations(shell, now_ms);
    warn(shell, now_ms);
    psp_loop_timer_set(shell->ticker, PSP_ROUTER_TICK_MS);
}

/* ---- making and ending ---- */

static enum psp_status connect_shards(struct psp_router_shell *shell,
                                      struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = shell->cluster;
    uint32_t replicas = 0;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        replicas += cluster->shards[s].replica_count;
    assert(replicas > 0);
    shell->links = calloc(replicas, sizeof *shell->links);
    shell->link_first = calloc(cluster->shard_count, sizeof *shell->link_first);
    if (shell->links == NULL || shell->link_first == NULL) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        shell->link_first[s] = shell->link_count;
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++) {
            const struct psp_cluster_replica *replica = &cluster->shards[s].replicas[r];
            struct link *link = &shell->links[shell->link_count];
            *link = (struct link){.shard = s, .replica = r};
            enum psp_status status = psp_socket_connect(shell->wire, replica->address,
                                                        replica->public_key, &link->socket);
            if (status == PSP_OK) {
                shell->link_count++;
                status = psp_loop_watch(shell->loop, psp_socket_fd(link->socket), readable, shell);
            }
            if (status != PSP_OK) {
                psp_reason_set(reterr_reason, "shard %u replica %u at %s: %s",
                               cluster->shards[s].shard, replica->replica, replica->address,
                               psp_status_text(status));
                return status;
            }
        }
    }
    return PSP_OK;
}

static enum psp_status listen(struct psp_router_shell *shell, struct psp_reason *reterr_reason)
{
    const char *address = shell->cluster->routers[shell->router].address;
    enum psp_status status = psp_socket_listen(shell->wire, address,
                                               PSP_ROLE_STATION | PSP_ROLE_GATEWAY |
                                                   PSP_ROLE_OPERATOR | PSP_ROLE_COLLECTOR,
                                               &shell->ingest);
    if (status == PSP_OK)
        status = psp_loop_watch(shell->loop, psp_socket_fd(shell->ingest), readable, shell);
    if (status == PSP_EEXIST)
        psp_reason_set(
            reterr_reason,
            "%s is in use: is this router running already? Otherwise stop the other program "
            "or change the address in cluster.json",
            address);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "cannot listen at %s: %s", address, psp_status_text(status));
    return status;
}

static enum psp_status set_up(struct psp_router_shell *shell,
                              const struct psp_router_shell_options *options,
                              struct psp_reason *reterr_reason)
{
    enum psp_status status = psp_wire_create(options->self, IO_THREADS, &shell->wire);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "cannot set up CURVE: %s", psp_status_text(status));
        return status;
    }
    const struct psp_router_options core = {
        .cluster = options->cluster,
        .definition = options->definition,
        .key = options->digest_key,
        .batch_id_first = psp_clock_wall_ms() << 20,
    };
    status = psp_loop_create(&shell->loop);
    if (status == PSP_OK)
        status = psp_router_core_create(&core, &shell->core);
    if (status == PSP_OK)
        status = psp_budget_create(NULL, &shell->budget);
    if (status == PSP_OK)
        status = psp_arena_create(PSP_ROUTER_ARENA_BYTES, &shell->arena);
    if (status == PSP_OK)
        status = psp_loop_timer_create(shell->loop, tick, shell, &shell->ticker);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "cannot start: %s", psp_status_text(status));
        return status;
    }
    status = psp_router_stations_update(&shell->stations, shell->cluster, shell->definition,
                                        shell->wire, reterr_reason);
    if (status == PSP_OK)
        status = connect_shards(shell, reterr_reason);
    return status == PSP_OK ? listen(shell, reterr_reason) : status;
}

enum psp_status psp_router_shell_create(const struct psp_router_shell_options *options,
                                        struct psp_router_shell **ret_shell,
                                        struct psp_reason *reterr_reason)
{
    struct psp_router_shell *shell = calloc(1, sizeof *shell);
    if (shell == NULL) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    shell->cluster = options->cluster;
    shell->definition = options->definition;
    shell->router = options->router;
    const enum psp_status status = set_up(shell, options, reterr_reason);
    if (status != PSP_OK) {
        psp_router_shell_destroy(&shell);
        return status;
    }
    psp_loop_after(shell->loop, turn, shell);
    psp_loop_timer_set(shell->ticker, PSP_ROUTER_TICK_MS);
    *ret_shell = shell;
    return PSP_OK;
}

void psp_router_shell_destroy(struct psp_router_shell **shell_at)
{
    struct psp_router_shell *shell = *shell_at;
    if (shell == NULL)
        return;
    psp_loop_destroy(&shell->loop); /* before the descriptors that it watches */
    for (struct psp_received *waits;
         shell->budget != NULL && (waits = psp_budget_next(shell->budget, false)) != NULL;)
        drop(waits);
    psp_budget_destroy(&shell->budget);
    if (shell->ingest != NULL)
        psp_socket_destroy(&shell->ingest);
    for (uint32_t i = 0; i < shell->link_count; i++)
        psp_socket_destroy(&shell->links[i].socket);
    psp_wire_destroy(&shell->wire);
    psp_router_core_destroy(&shell->core);
    psp_arena_destroy(&shell->arena);
    psp_buffer_free(&shell->buffer);
    psp_router_stations_free(&shell->stations);
    free(shell->links);
    free(shell->link_first);
    free(shell);
    *shell_at = NULL;
}

void psp_router_shell_run(struct psp_router_shell *shell)
{
    psp_loop_run(shell->loop);
}
