/* The loop: replies in, board to the store, view to HTTP, watches out; in that order,
 * so that nothing is shown that could be lost. */
#include "collector/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "collector/api/freshness.h"
#include "collector/core.h"
#include "collector/http/http.h"
#include "collector/router_links.h"
#include "collector/routers.h"
#include "collector/store/series.h"
#include "collector/store/store.h"
#include "collector/view/names.h"
#include "collector/view/slot.h"
#include "process/loop.h"
#include "process/say.h"
#include "wire/message/message.h"

enum { WARN_EVERY_MS = 5000, DIVERGENCE_BYTES = 4096 };

struct link { /* to one replica of a shard */
    struct psp_socket *socket;
    uint32_t shard, replica_at;
};

struct psp_collector_shell {
    struct psp_collector_shell_options options;
    struct psp_wire *wire;
    struct psp_loop *loop;
    struct psp_loop_timer *timer, *sweeper;
    uint64_t tick_ms;
    struct psp_socket *operators;
    uint32_t link_count;
    struct link *links;
    uint32_t *link_first; /* [shard_count] */
    struct psp_routers *routers;
    struct psp_router_links *router_links;
    struct psp_arena *arena;
    struct psp_buffer buffer;
    struct psp_collector_core *core;
    struct psp_collector_store *store;
    struct psp_catalog *catalog;
    struct psp_series *series;
    struct psp_names names;
    char names_path[PSP_COLLECTOR_PATH_BYTES];
    struct psp_view_slot views;
    struct psp_version_key version_key;
    struct psp_freshness freshness;
    struct psp_stats stats;
    struct psp_api_site site;
    struct psp_http *http, *http_local;
    struct psp_say_limit warnings;
    bool *was_stale, *was_unsigned; /* [shard_count]: as logged last */
    enum psp_status failed;
};

/* ---- publishing ---- */

/* promise 5: the board is committed, then shown as one view that never changes. */
static enum psp_status publish(struct psp_collector_shell *shell)
{
    const struct psp_board *board = psp_collector_core_board(shell->core);
    struct psp_view *view;
    const uint64_t start_us = psp_clock_us(), cpu_us = psp_clock_cpu_us();
    enum psp_status status = psp_collector_store_commit(shell->store, board);
    if (status != PSP_OK)
        return status;
    psp_stats_commit(&shell->stats, psp_clock_us() - start_us);
    status = psp_view_create(board, shell->catalog, &shell->version_key, &view);
    if (status != PSP_OK)
        return status;
    psp_view_slot_put(&shell->views, view, psp_clock_ms());
    psp_stats_count(&shell->stats.publishes);
    psp_collector_core_published(shell->core, start_us / 1000, psp_clock_us() / 1000,
                                 (psp_clock_cpu_us() - cpu_us) / 1000);
    for (uint32_t s = 0; s < shell->options.cluster->shard_count; s++)
        atomic_store(&shell->freshness.fresh_ms[s], psp_collector_core_fresh_ms(shell->core, s));
    if (shell->http)
        psp_http_publish(shell->http, psp_clock_ms());
    return PSP_OK;
}

static void fail(struct psp_collector_shell *shell, enum psp_status status)
{
    psp_say(PSP_SAY_ERROR, "store_failed",
            "cannot commit to %s: %s; free space or repair the disk, then start again",
            shell->options.data_directory, psp_status_text(status));
    shell->failed = status;
    psp_loop_stop(shell->loop);
}

/* About once a second: the newest count becomes a point of the time series. */
static void note_series(struct psp_collector_shell *shell)
{
    struct psp_view *view = psp_view_slot_take(&shell->views);
    if (!view)
        return;
    const bool noted = shell->failed == PSP_OK && psp_series_note(shell->series, view);
    psp_view_release(&view);
    const enum psp_status status =
        noted ? psp_collector_store_save_series(shell->store, shell->series) : PSP_OK;
    if (status != PSP_OK)
        fail(shell, status);
}

static void publish_if_due(struct psp_collector_shell *shell)
{
    if (shell->failed != PSP_OK || !psp_collector_core_publish_due(shell->core, psp_clock_ms()))
        return;
    const enum psp_status status = publish(shell);
    if (status != PSP_OK)
        fail(shell, status);
}

/* ---- receiving ---- */

static enum psp_stats_partial outcome_of(enum psp_status status)
{
    if (status == PSP_OK)
        return PSP_PARTIAL_MERGED;
    if (status == PSP_STALE)
        return PSP_PARTIAL_STALE;
    if (status == PSP_EDIVERGED)
        return PSP_PARTIAL_DIVERGED;
    return status == PSP_EINVAL ? PSP_PARTIAL_GAP : PSP_PARTIAL_REFUSED;
}

static void warn_of(struct psp_collector_shell *shell, const struct link *link,
                    const struct psp_partial *partial, enum psp_status status)
{
    const struct psp_board *board = psp_collector_core_board(shell->core);
    const struct psp_board_divergence *divergence =
        &psp_board_shard(board, link->shard)->divergence;
    char trust[PSP_TRUST_BYTES];
    if (!psp_say_allowed(&shell->warnings, psp_clock_ms(), WARN_EVERY_MS, &(uint64_t){0}))
        return;
    psp_collector_core_trust(shell->core, link->shard, trust);
    if (status == PSP_EDIVERGED)
        psp_say(PSP_SAY_ERROR, "diverged",
                "shard %u replica %u contradicts what is held at index %lu (%s); the old "
                "counts stay. %s. Stop the others, keep every disk, then: docs/operations.md, "
                "\"Replicas that disagree\"",
                link->shard, partial->replica, (unsigned long)partial->index, divergence->what,
                trust);
    else
        psp_say(PSP_SAY_WARNING, "refused_partial",
                "shard %u replica %u sent a partial of another cluster, mode or shard", link->shard,
                partial->replica);
}

static void say_corrected(const struct link *link, const struct psp_partial *partial, uint64_t rows)
{
    psp_say(PSP_SAY_WARNING, "corrected",
            "shard %u: %lu rows of totals were corrected at index %lu: counts went down, with a "
            "higher revision of their rows",
            link->shard, (unsigned long)rows, (unsigned long)partial->index);
}

/* What one says may change what is known of all replicas of its shard. */
static void note_agreement(struct psp_collector_shell *shell, uint32_t shard)
{
    const uint32_t n = shell->options.cluster->shards[shard].replica_count;
    for (uint32_t r = 0; r < n; r++)
        atomic_store(&shell->freshness.replicas[shard][r].agreement,
                     psp_collector_core_agreement(shell->core, shard, r));
}

static void note_freshness(struct psp_collector_shell *shell, const struct link *link,
                           uint64_t wall_ms, const struct psp_scrub *scrub)
{
    const struct psp_collector_replica *seen =
        psp_collector_core_replica(shell->core, link->shard, link->replica_at);
    struct psp_replica_freshness *shown = &shell->freshness.replicas[link->shard][link->replica_at];
    atomic_store(&shell->freshness.fresh_ms[link->shard],
                 psp_collector_core_fresh_ms(shell->core, link->shard));
    atomic_store(&shown->epoch, seen->epoch);
    atomic_store(&shown->index, seen->index);
    atomic_store(&shown->leader, seen->leader);
    atomic_store(&shown->clock_ahead_ms, (int64_t)(wall_ms - psp_clock_wall_ms()));
    atomic_store(&shown->scrubbed_bytes, scrub->bytes);
    atomic_store(&shown->scrub_passed_ms, scrub->passed_ms);
    atomic_store(&shown->damaged, scrub->damaged);
    atomic_store(&shown->mended, scrub->mended);
    atomic_store(&shown->sync_ms, scrub->sync_ms);
    atomic_store(&shown->last_answer_ms, seen->last_answer_ms);
}

static void take_partial(struct psp_collector_shell *shell, const struct link *link,
                         const struct psp_received *received)
{
    struct psp_cluster_message message;
    const char *reason;
    psp_arena_reset(shell->arena);
    if (psp_cluster_message_decode(shell->arena, received->data, received->length, &message,
                                   &reason) != PSP_OK ||
        message.type != PSP_CLUSTER_PARTIAL) {
        psp_stats_count(&shell->stats.partials[PSP_PARTIAL_REFUSED]);
        return;
    }
    const struct psp_board_shard *held =
        psp_board_shard(psp_collector_core_board(shell->core), link->shard);
    const uint64_t corrected = held->corrected_rows;
    const enum psp_status status = psp_collector_core_partial(
        shell->core, psp_clock_ms(), link->shard, link->replica_at, message.id, &message.partial);
    if (status == PSP_EAGAIN)
        return; /* a part: nothing has come of it yet */
    psp_stats_count(&shell->stats.partials[outcome_of(status)]);
    if (status == PSP_OK || status == PSP_STALE)
        note_freshness(shell, link, message.partial.wall_ms, &message.partial.scrub);
    else if (status == PSP_EDIVERGED || status == PSP_EMISMATCH)
        warn_of(shell, link, &message.partial, status);
    note_agreement(shell, link->shard);
    if (held->corrected_rows > corrected)
        say_corrected(link, &message.partial, held->corrected_rows - corrected);
}

static uint32_t receive_shard(struct psp_collector_shell *shell, const struct link *link)
{
    struct psp_received received;
    uint32_t n = 0;
    for (;
         n < PSP_COLLECTOR_MESSAGES_A_TURN && psp_socket_receive(link->socket, &received) == PSP_OK;
         n++) {
        take_partial(shell, link, &received);
        psp_received_release(&received);
    }
    return n;
}

/* For an operator: what is known of replicas that disagree; "": nothing. */
static void tell_divergence(const struct psp_collector_shell *shell, char *ret_text, size_t size)
{
    const struct psp_board *board = psp_collector_core_board(shell->core);
    size_t at = 0;
    ret_text[0] = 0;
    for (uint32_t s = 0; s < shell->options.cluster->shard_count && at < size; s++) {
        const struct psp_board_divergence *divergence = &psp_board_shard(board, s)->divergence;
        char trust[PSP_TRUST_BYTES];
        if (!divergence->standing)
            continue;
        psp_collector_core_trust(shell->core, s, trust);
        at += (size_t)snprintf(ret_text + at, size - at,
                               "%sshard %u: replica %u contradicts what is shown (%s); %s",
                               at > 0 ? ". " : "", s, divergence->replica, divergence->what, trust);
    }
}

static void reply_status(struct psp_collector_shell *shell, const struct psp_peer *peer,
                         uint64_t request_id)
{
    char divergence[DIVERGENCE_BYTES];
    const struct psp_cluster *cluster = shell->options.cluster;
    const struct psp_board *board = psp_collector_core_board(shell->core);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_STATUS_REPLY, .id = request_id};
    struct psp_view *view = psp_view_slot_take(&shell->views);
    message.status = (struct psp_status_reply){
        .role = PSP_PROCESS_COLLECTOR,
        .state = psp_freshness_any_stale(&shell->freshness, psp_clock_ms()) ? PSP_STATE_STALE
                                                                            : PSP_STATE_READY,
        .version = PSP_VERSION,
        .id = cluster->collectors[shell->options.collector].collector,
        .pid = (uint64_t)getpid(),
        .epoch = cluster->epoch,
        .wall_ms = psp_clock_wall_ms(),
    };
    tell_divergence(shell, divergence, sizeof divergence);
    message.status.divergence = divergence;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        message.status.index += psp_board_shard(board, s)->index;
    if (view) {
        message.status.election_state = view->election_state;
        message.status.books = view->books;
        psp_view_release(&view);
    }
    if (psp_cluster_message_encode(&message, &shell->buffer) == PSP_OK)
        psp_socket_send(shell->operators, peer, shell->buffer.data, shell->buffer.length);
}

static uint32_t receive_operators(struct psp_collector_shell *shell)
{
    struct psp_received received;
    uint32_t n = 0;
    for (; n < PSP_COLLECTOR_MESSAGES_A_TURN &&
           psp_socket_receive(shell->operators, &received) == PSP_OK;
         n++) {
        struct psp_cluster_message message;
        const char *reason;
        psp_arena_reset(shell->arena);
        if (psp_cluster_message_decode(shell->arena, received.data, received.length, &message,
                                       &reason) == PSP_OK &&
            message.type == PSP_CLUSTER_STATUS_REQUEST)
            reply_status(shell, &received.peer, message.id);
        psp_received_release(&received);
    }
    return n;
}

/* ---- asking ---- */

static void send_watch(struct psp_collector_shell *shell, const struct psp_collector_watch *watch)
{
    const struct link *link = &shell->links[shell->link_first[watch->shard] + watch->replica_at];
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = watch->watch_id};
    message.watch.after_index = watch->after_index;
    message.watch.base_index = watch->base_index;
    message.watch.base_epoch = watch->base_epoch;
    message.watch.wait_ms = watch->wait_ms;
    message.watch.head = watch->head;
    enum psp_status status = psp_cluster_message_encode(&message, &shell->buffer);
    if (status == PSP_OK)
        status = psp_socket_send(link->socket, NULL, shell->buffer.data, shell->buffer.length);
    if (status != PSP_OK)
        psp_collector_core_unsent(shell->core, psp_clock_ms(), watch);
}

static uint32_t send_watches(struct psp_collector_shell *shell)
{
    const uint64_t now_ms = psp_clock_ms();
    struct psp_collector_watch watch;
    uint32_t n = 0;
    for (; psp_collector_core_next_watch(shell->core, now_ms, &watch); n++)
        send_watch(shell, &watch);
    return n;
}

/* ---- turns ---- */

static void set_timer(struct psp_collector_shell *shell)
{
    const uint64_t now_ms = psp_clock_ms();
    const uint64_t wake_ms = psp_collector_core_wake_ms(shell->core, now_ms);
    const uint64_t wait_ms = wake_ms - now_ms;
    /* Connections that nobody hears of are looked after, too. */
    psp_loop_timer_set(shell->timer, wait_ms < PSP_SOCKET_LOOK_MS ? wait_ms : PSP_SOCKET_LOOK_MS);
}

/* Sockets are edge-triggered, and sending counts as an edge: done only when a
 * pass found every socket empty and sent nothing. */
static void turn(void *context)
{
    struct psp_collector_shell *shell = context;
    for (int pass = 0; pass < PSP_COLLECTOR_PASSES_A_TURN; pass++) {
        uint32_t n = receive_operators(shell);
        n += psp_router_links_receive(shell->router_links, shell->arena, psp_clock_ms());
        for (uint32_t i = 0; i < shell->link_count; i++)
            n += receive_shard(shell, &shell->links[i]);
        n += send_watches(shell);
        publish_if_due(shell);
        if (n == 0) {
            set_timer(shell);
            return;
        }
    }
    psp_loop_wake(shell->loop);
}

static void wake(void *context)
{
    (void)context; /* the turn's end does what is due */
}

static void log_staleness(struct psp_collector_shell *shell, uint64_t now_ms)
{
    for (uint32_t s = 0; s < shell->options.cluster->shard_count; s++) {
        const bool stale = psp_collector_core_stale(shell->core, s, now_ms);
        if (stale == shell->was_stale[s])
            continue;
        shell->was_stale[s] = stale;
        if (stale)
            psp_say(PSP_SAY_WARNING, "stale",
                    "shard %u has sent nothing current for %d ms; its last counts are shown, "
                    "marked stale",
                    s, PSP_STALE_MS);
        else
            psp_say(PSP_SAY_INFO, "fresh", "shard %u answers", s);
    }
}

static void log_unsigned(struct psp_collector_shell *shell)
{
    for (uint32_t s = 0; s < shell->options.cluster->shard_count; s++) {
        const bool is_unsigned = psp_collector_core_unsigned(shell->core, s);
        if (is_unsigned && !shell->was_unsigned[s])
            psp_say(PSP_SAY_WARNING, "unsigned",
                    "what is shown of shard %u has no signature of the shard: its signing key is "
                    "not the one in cluster.json here, or a process that is none of its replicas "
                    "told it. Compare cluster.json on both hosts, then psephos recount --shard %u",
                    s, s);
        shell->was_unsigned[s] = is_unsigned;
    }
}

/* Stations have names only where their list lies beside cluster.json. */
static void reread_names(struct psp_collector_shell *shell)
{
    struct psp_reason reason = {0};
    const enum psp_status status =
        psp_names_update(&shell->names, shell->names_path, shell->options.definition, &reason);
    if (status != PSP_OK && status != PSP_STALE && status != PSP_ENOENT)
        psp_say(PSP_SAY_WARNING, "names", "%s; stations are shown as they were known",
                psp_reason_text(&reason, status));
}

static void sweep(void *context)
{
    struct psp_collector_shell *shell = context;
    const uint64_t now_ms = psp_clock_ms();
    psp_http_sweep(shell->http, now_ms);
    psp_http_sweep(shell->http_local, now_ms);
    if (now_ms >= shell->tick_ms) {
        shell->tick_ms = now_ms + PSP_COLLECTOR_TICK_MS;
        psp_view_slot_expire(&shell->views, now_ms);
        note_series(shell);
        log_staleness(shell, now_ms);
        log_unsigned(shell);
        reread_names(shell);
        psp_router_links_ask(shell->router_links, now_ms);
    }
    psp_loop_timer_set(shell->sweeper, PSP_COLLECTOR_SWEEP_MS);
}

/* ---- making and ending ---- */

static enum psp_status say(struct psp_reason *reterr_reason, enum psp_status status,
                           const char *what)
{
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, what, status);
    return status;
}

static enum psp_status set_keys(struct psp_collector_shell *shell)
{
    const struct psp_cluster *cluster = shell->options.cluster;
    struct psp_known_key *keys = calloc((size_t)cluster->operator_count + 1, sizeof *keys);
    if (!keys)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < cluster->operator_count; i++) {
        snprintf(keys[i].public_z85, sizeof keys[i].public_z85, "%s",
                 cluster->operators[i].public_key);
        keys[i].role = PSP_ROLE_OPERATOR;
    }
    const enum psp_status status = psp_wire_set_keys(shell->wire, keys, cluster->operator_count);
    free(keys);
    return status;
}

static enum psp_status connect_replica(struct psp_collector_shell *shell, uint32_t shard,
                                       uint32_t replica_at, struct psp_reason *reterr_reason)
{
    const struct psp_cluster_replica *replica =
        &shell->options.cluster->shards[shard].replicas[replica_at];
    struct link *link = &shell->links[shell->link_count];
    *link = (struct link){.shard = shard, .replica_at = replica_at};
    enum psp_status status =
        psp_socket_connect(shell->wire, replica->address, replica->public_key, &link->socket);
    if (status == PSP_OK) {
        shell->link_count++;
        status = psp_loop_watch(shell->loop, psp_socket_fd(link->socket), wake, shell);
    }
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "shard %u replica %u at %s: %s", shard, replica->replica,
                       replica->address, psp_status_text(status));
    return status;
}

static enum psp_status connect_shards(struct psp_collector_shell *shell,
                                      struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = shell->options.cluster;
    uint32_t replicas = 0;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        replicas += cluster->shards[s].replica_count;
    shell->links = calloc((size_t)replicas + 1, sizeof *shell->links);
    shell->link_first = calloc((size_t)cluster->shard_count + 1, sizeof *shell->link_first);
    if (!shell->links || !shell->link_first)
        return say(reterr_reason, PSP_ENOMEM, "cannot connect");
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        shell->link_first[s] = shell->link_count;
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++) {
            const enum psp_status status = connect_replica(shell, s, r, reterr_reason);
            if (status != PSP_OK)
                return status;
        }
    }
    return PSP_OK;
}

static enum psp_status watch_router(void *context, int descriptor)
{
    struct psp_collector_shell *shell = context;
    return psp_loop_watch(shell->loop, descriptor, wake, shell);
}

static enum psp_status listen_operators(struct psp_collector_shell *shell,
                                        struct psp_reason *reterr_reason)
{
    const char *address = shell->options.cluster->collectors[shell->options.collector].address;
    enum psp_status status =
        psp_socket_listen(shell->wire, address, PSP_ROLE_OPERATOR, &shell->operators);
    if (status == PSP_OK)
        status = psp_loop_watch(shell->loop, psp_socket_fd(shell->operators), wake, shell);
    if (status == PSP_EEXIST)
        psp_reason_set(
            reterr_reason,
            "%s is in use: is this collector running already? Otherwise end the other program "
            "or change the address in cluster.json",
            address);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "cannot listen at %s: %s", address, psp_status_text(status));
    return status;
}

/* The board as it was last shown, shown again: stale until the shards answer. */
static enum psp_status restore(struct psp_collector_shell *shell, struct psp_reason *reterr_reason)
{
    struct psp_board *board = psp_collector_core_board(shell->core);
    enum psp_status status = psp_collector_store_open(shell->options.data_directory, board,
                                                      &shell->store, reterr_reason);
    if (status == PSP_OK)
        status = psp_collector_store_load(shell->store, board, reterr_reason);
    if (status == PSP_OK)
        status = say(reterr_reason, psp_collector_store_load_series(shell->store, shell->series),
                     "cannot read the time series in the store");
    return status == PSP_OK ? say(reterr_reason, publish(shell), "cannot write to the store")
                            : status;
}

static enum psp_status start_http(struct psp_collector_shell *shell,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_cluster_collector *self =
        &shell->options.cluster->collectors[shell->options.collector];
    struct psp_http_options options = {
        .address = self->http,
        .site = &shell->site,
        .views = &shell->views,
        .page = shell->options.page,
        .embed_origins = self->embed_origins,
        .trusted_proxies = self->trusted_proxies,
    };
    shell->site = (struct psp_api_site){
        .catalog = shell->catalog,
        .cluster = shell->options.cluster,
        .freshness = &shell->freshness,
        .stats = &shell->stats,
        .series = shell->series,
        .names = &shell->names,
        .routers = shell->routers,
        .page = shell->options.page,
        .definition_text = shell->options.definition_text,
        .definition_bytes = shell->options.definition_bytes,
        .collector = self->collector,
    };
    reread_names(shell);
    const enum psp_status status = psp_http_start(&options, &shell->http, reterr_reason);
    if (status != PSP_OK)
        return status;
    options.address = self->http_local;
    options.local = true;
    options.page = NULL;
    return psp_http_start(&options, &shell->http_local, reterr_reason);
}

static enum psp_status make_parts(struct psp_collector_shell *shell,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_collector_shell_options *options = &shell->options;
    shell->was_stale = calloc((size_t)options->cluster->shard_count + 1, sizeof(bool));
    shell->was_unsigned = calloc((size_t)options->cluster->shard_count + 1, sizeof(bool));
    enum psp_status status = shell->was_stale && shell->was_unsigned ? PSP_OK : PSP_ENOMEM;
    if (status == PSP_OK)
        status = psp_loop_create(&shell->loop);
    if (status == PSP_OK)
        status = psp_loop_timer_create(shell->loop, wake, shell, &shell->timer);
    if (status == PSP_OK)
        status = psp_loop_timer_create(shell->loop, sweep, shell, &shell->sweeper);
    if (status == PSP_OK)
        status = psp_arena_create(PSP_COLLECTOR_ARENA_BYTES, &shell->arena);
    if (status == PSP_OK)
        status = psp_catalog_create(options->definition, &shell->catalog);
    if (status == PSP_OK)
        status = psp_series_create(shell->catalog, &shell->series);
    if (status == PSP_OK)
        status = psp_collector_core_create(options->definition, options->cluster, &shell->core);
    if (status == PSP_OK)
        status = psp_routers_create(options->cluster->router_count, &shell->routers);
    return say(reterr_reason, status, "cannot start");
}

static enum psp_status set_up(struct psp_collector_shell *shell, struct psp_reason *reterr_reason)
{
    enum psp_status status = make_parts(shell, reterr_reason);
    if (status == PSP_OK)
        status = restore(shell, reterr_reason);
    if (status == PSP_OK)
        status = say(reterr_reason, psp_wire_create(shell->options.self, 1, &shell->wire),
                     "cannot set up CURVE");
    if (status == PSP_OK)
        status = say(reterr_reason, set_keys(shell), "operators' keys in cluster.json");
    if (status == PSP_OK)
        status = listen_operators(shell, reterr_reason);
    if (status == PSP_OK)
        status = connect_shards(shell, reterr_reason);
    if (status == PSP_OK)
        status = psp_router_links_create(shell->options.cluster, shell->wire, shell->routers,
                                         watch_router, shell, &shell->router_links, reterr_reason);
    return status == PSP_OK ? start_http(shell, reterr_reason) : status;
}

enum psp_status psp_collector_shell_create(const struct psp_collector_shell_options *options,
                                           struct psp_collector_shell **ret_shell,
                                           struct psp_reason *reterr_reason)
{
    struct psp_collector_shell *shell = calloc(1, sizeof *shell);
    if (!shell)
        return say(reterr_reason, PSP_ENOMEM, "cannot start");
    shell->options = *options;
    shell->freshness.shard_count = options->cluster->shard_count;
    shell->freshness.stale_ms = PSP_STALE_MS;
    psp_view_slot_init(&shell->views);
    if (getrandom(shell->version_key.bytes, PSP_VERSION_KEY_BYTES, 0) != PSP_VERSION_KEY_BYTES) {
        psp_collector_shell_destroy(&shell);
        return say(reterr_reason, PSP_EIO, "cannot read random bytes");
    }
    psp_names_init(&shell->names);
    const int n = snprintf(shell->names_path, sizeof shell->names_path, "%s/%s",
                           options->cluster->directory, options->cluster->clients_path);
    if (n < 0 || (size_t)n >= sizeof shell->names_path)
        shell->names_path[0] = 0; /* no such file */
    const enum psp_status status = set_up(shell, reterr_reason);
    if (status != PSP_OK) {
        psp_collector_shell_destroy(&shell);
        return status;
    }
    psp_loop_after(shell->loop, turn, shell);
    psp_loop_timer_set(shell->timer, 0);
    psp_loop_timer_set(shell->sweeper, PSP_COLLECTOR_SWEEP_MS);
    *ret_shell = shell;
    return PSP_OK;
}

void psp_collector_shell_destroy(struct psp_collector_shell **shell_at)
{
    struct psp_collector_shell *shell = *shell_at;
    if (!shell)
        return;
    psp_http_stop(&shell->http);
    psp_http_stop(&shell->http_local);
    psp_loop_destroy(&shell->loop); /* before the descriptors that it watches */
    if (shell->operators)
        psp_socket_destroy(&shell->operators);
    for (uint32_t i = 0; i < shell->link_count; i++)
        psp_socket_destroy(&shell->links[i].socket);
    psp_router_links_destroy(&shell->router_links);
    if (shell->wire)
        psp_wire_destroy(&shell->wire);
    psp_view_slot_clear(&shell->views);
    psp_names_clear(&shell->names);
    psp_collector_store_close(&shell->store);
    psp_collector_core_destroy(&shell->core);
    psp_routers_destroy(&shell->routers);
    psp_series_destroy(&shell->series);
    psp_catalog_destroy(&shell->catalog);
    psp_arena_destroy(&shell->arena);
    psp_buffer_free(&shell->buffer);
    free(shell->links);
    free(shell->link_first);
    free(shell->was_stale);
    free(shell->was_unsigned);
    free(shell);
    *shell_at = NULL;
}

enum psp_status psp_collector_shell_run(struct psp_collector_shell *shell)
{
    psp_loop_run(shell->loop);
    return shell->failed;
}
