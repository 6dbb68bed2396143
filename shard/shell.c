/* The loop's turn: receive, let the core decide, carry out; the writer's and
 * checkpointer's news wake it. */
#include "shard/shell.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/system/clock.h"
#include "cluster/raft_id.h"
#include "journal/writer.h"
#include "process/loop.h"
#include "process/panic.h"
#include "process/say.h"
#include "shard/keeping.h"
#include "shard/sealing.h"
#include "shard/store/checkpointer.h"

enum { LINE_BYTES = 1024 };

struct link { /* to another replica: raft messages go out here */
    uint32_t replica;
    struct psp_socket *socket;
};

struct psp_shard_shell {
    struct psp_shard_shell_options options;
    struct psp_replica *state;
    struct psp_core *core;
    struct psp_loop *loop;
    struct psp_loop_timer *timer;
    struct psp_wire *wire;
    struct psp_socket *socket;
    struct link links[PSP_REPLICAS_MAX];
    uint32_t link_count;
    struct psp_journal_writer *writer;
    struct psp_checkpointer *checkpointer;
    struct psp_sealing *sealing;
    struct psp_keeping *keeping;
    struct psp_arena *arena;
    struct psp_buffer buffer;
    uint64_t appends_done;
    bool waiting; /* to start: what the log needs for that is being mended */
    bool failed, ready;
    bool sent;                   /* in this turn: the sockets' edges may have been taken */
    enum psp_process_state told; /* as last logged */
    bool state_told;
    uint64_t progress_ms;
    struct psp_say_limit warnings;
};

static struct psp_core_time now(void)
{
    return (struct psp_core_time){psp_clock_ms(), psp_clock_wall_ms()};
}

/* Says why, once, and ends the loop. */
static void fail(struct psp_shard_shell *shell, const char *event, const char *format, ...)
{
    if (shell->failed)
        return;
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert(line[0] != '\0'); /* it ends with a reason */
    psp_say(PSP_SAY_ERROR, event, "%s", line);
    shell->failed = true;
    psp_loop_stop(shell->loop);
}

static void fail_storage(struct psp_shard_shell *shell, const char *what, enum psp_status status)
{
    assert(status != PSP_OK);
    if (status == PSP_ENOSPC)
        fail(shell, "disk_full",
             "the disk is full (%s); free space and start again: what was acknowledged is safe",
             what);
    else
        fail(shell, "storage",
             "%s failed (%s); look at the disk and the kernel's log, then start again: what was "
             "acknowledged is replayed from the log",
             what, psp_status_text(status));
}

/* ---- carrying out ---- */

/* Counting goes on; only what is shown stands still. */
static void warn_too_large(struct psp_shard_shell *shell, size_t bytes)
{
    if (psp_say_allowed(&shell->warnings, psp_clock_ms(), PSP_SHARD_PROGRESS_MS, &(uint64_t){0}))
        psp_say(PSP_SAY_ERROR, "too_large",
                "an answer of %zu bytes was not sent: this election has too many places and "
                "choices for collectors to be shown the count; the ballots are safe",
                bytes);
}

/* The core says it seldom. */
static void warn_disk(const struct psp_core_action *action)
{
    const double seconds = action->slow_disk.sync_ms / 1000.0;
    assert(action->type == PSP_CORE_SLOW_DISK);
    if (action->slow_disk.to == PSP_NONE)
        psp_say(PSP_SAY_ERROR, "slow_disk",
                "this machine's disk takes %.1f s to make entries durable, and no other replica "
                "is known to be faster: look at the disks",
                seconds);
    else
        psp_say(PSP_SAY_WARNING, "slow_disk",
                "this machine's disk takes %.1f s to make entries durable; replica %" PRIu32
                " is to lead: look at the disk",
                seconds, action->slow_disk.to);
}

static void warn_clock(const struct psp_core_action *action)
{
    const int64_t ahead_ms = action->clock_off.ahead_ms;
    assert(action->type == PSP_CORE_CLOCK_OFF);
    assert(ahead_ms != 0);
    const double seconds = (double)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000;
    const char *where = ahead_ms < 0 ? "behind" : "ahead of";
    if (action->clock_off.to == PSP_NONE)
        psp_say(PSP_SAY_ERROR, "clock",
                "this machine's clock is %.1f s %s the median of the replicas' clocks, and no "
                "replica that is better off is heard: set the clocks (chrony)",
                seconds, where);
    else
        psp_say(PSP_SAY_ERROR, "clock",
                "this machine's clock is %.1f s %s the median of the replicas' clocks: replica "
                "%" PRIu32 " is to lead; set this clock (chrony)",
                seconds, where, action->clock_off.to);
}

static void send_to_peer(struct psp_shard_shell *shell, const struct psp_core_action *action)
{
    assert(action->type == PSP_CORE_SEND);
    /* A peer that is gone misses its answer: routers time out, collectors ask again. */
    if (psp_cluster_message_encode(&action->send.message, &shell->buffer) != PSP_OK)
        warn_too_large(shell, (size_t)PSP_MESSAGE_BYTES_MAX + 1);
    else
        psp_socket_send(shell->socket, &action->send.peer, shell->buffer.data,
                        shell->buffer.length);
    assert(shell->buffer.length <= PSP_MESSAGE_BYTES_MAX);
    shell->sent = true;
}

static void send_to_replica(struct psp_shard_shell *shell, const struct psp_core_action *action)
{
    assert(action->type == PSP_CORE_RAFT);
    for (uint32_t i = 0; i < shell->link_count; i++)
        if (shell->links[i].replica == action->raft.replica &&
            psp_cluster_message_encode(&action->raft.message, &shell->buffer) == PSP_OK)
            psp_socket_send(shell->links[i].socket, NULL, shell->buffer.data, shell->buffer.length);
    shell->sent = true;
}

static void carry_out(struct psp_shard_shell *shell, const struct psp_core_action *action)
{
    enum psp_status status = PSP_OK;
    switch (action->type) {
    case PSP_CORE_VOTE:
        assert(action->vote.term > 0);
        status = psp_journal_set_vote(shell->state->log, action->vote.term, action->vote.voted_for);
        if (status != PSP_OK)
            fail_storage(shell, "writing term and vote", status);
        return;
    case PSP_CORE_APPEND:
        assert(action->append.n > 0);
        assert(action->append.number > shell->appends_done);
        status = psp_journal_writer_push(shell->writer, action->append.number,
                                         action->append.records, action->append.n);
        if (status != PSP_OK)
            fail(shell, "memory", "out of memory for the log writer");
        return;
    case PSP_CORE_SEND:
        send_to_peer(shell, action);
        return;
    case PSP_CORE_HELD_TOLD:
        psp_say(PSP_SAY_INFO, "held_compared",
                "the operator was told the hash of all rows, held ones too, at index %" PRIu64,
                action->held_index);
        return;
    case PSP_CORE_SLOW_DISK:
        warn_disk(action);
        return;
    case PSP_CORE_CLOCK_OFF:
        warn_clock(action);
        return;
    case PSP_CORE_HEAD_STRANGE:
        psp_say(PSP_SAY_WARNING, "head_strange",
                "collector %" PRIu32 " says that it has seen index %" PRIu64 ", but the log ends "
                "at %" PRIu64 " and this shard did not sign that: passed over. Somebody has that "
                "collector's key, or its data folder is damaged",
                action->head_strange.collector, action->head_strange.index,
                action->head_strange.last);
        return;
    case PSP_CORE_TOO_LARGE:
        warn_too_large(shell, action->too_large_bytes);
        return;
    case PSP_CORE_RAFT:
        send_to_replica(shell, action);
        return;
    case PSP_CORE_LOAD:
    case PSP_CORE_READ:
    case PSP_CORE_SCRUB:
    case PSP_CORE_MEND:
        if (psp_keeping_do(shell->keeping, action) != PSP_OK)
            fail(shell, "memory", "out of memory for reading the log");
        return;
    case PSP_CORE_CHECKPOINT:
        assert(action->checkpoint->index <= psp_core_applied(shell->core)); /* promise 1 */
        psp_checkpointer_push(shell->checkpointer, action->checkpoint);
        return;
    case PSP_CORE_SEAL:
        psp_sealing_push(shell->sealing, &action->seal);
        return;
    case PSP_CORE_STOP:
        assert(action->stop != NULL);
        fail(shell, "stopped", "%s", action->stop);
        return;
    }
}

/* After a failure nothing more leaves: what follows may depend on it. */
static void perform(struct psp_shard_shell *shell)
{
    size_t n;
    const struct psp_core_action *actions = psp_core_actions(shell->core, &n);
    assert(n == 0 || actions != NULL);
    for (size_t i = 0; i < n; i++) {
        if (!shell->failed)
            carry_out(shell, &actions[i]);
        else if (actions[i].type == PSP_CORE_CHECKPOINT)
            psp_count_delta_destroy(&(struct psp_count_delta *){actions[i].checkpoint});
    }
}

/* ---- receiving ---- */

static void take(struct psp_shard_shell *shell, const struct psp_received *received)
{
    struct psp_cluster_message message;
    const char *reason = NULL;
    const struct psp_core_sender sender = {
        .peer = received->peer, .role = received->role, .id = received->id};
    /* The socket lets nobody else in, each with one role. */
    assert(received->role == PSP_ROLE_ROUTER || received->role == PSP_ROLE_SHARD ||
           received->role == PSP_ROLE_COLLECTOR || received->role == PSP_ROLE_OPERATOR);
    psp_arena_reset(shell->arena);
    const enum psp_status status = psp_cluster_message_decode(shell->arena, received->data,
                                                              received->length, &message, &reason);
    if (status == PSP_OK)
        psp_core_message(shell->core, now(), &sender, &message);
    else
        psp_core_undecodable(shell->core, now(), &sender, message.id, reason);
    perform(shell);
}

/* True: there may be more. */
static bool receive(struct psp_shard_shell *shell)
{
    struct psp_received received;
    for (int n = 0; n < PSP_SHARD_MESSAGES_A_TURN; n++) {
        if (shell->failed || psp_socket_receive(shell->socket, &received) != PSP_OK)
            return false;
        take(shell, &received);
        psp_received_release(&received);
    }
    return true;
}

/* Nothing is sent back on these; but the edge must be taken. */
static void drain_links(struct psp_shard_shell *shell)
{
    struct psp_received received;
    for (uint32_t i = 0; i < shell->link_count; i++)
        while (psp_socket_receive(shell->links[i].socket, &received) == PSP_OK)
            psp_received_release(&received);
}

/* ---- what the threads have done ---- */

static void collect(struct psp_shard_shell *shell)
{
    enum psp_status status = psp_journal_writer_failure(shell->writer);
    if (status != PSP_OK)
        fail_storage(shell, "writing the log", status);
    status = psp_checkpointer_failure(shell->checkpointer);
    if (status != PSP_OK)
        fail_storage(shell, "writing a checkpoint", status);
    if (shell->failed)
        return;
    uint32_t took_ms[PSP_WRITER_TOOK_MAX];
    const uint32_t n = psp_journal_writer_took(shell->writer, took_ms);
    assert(n <= PSP_WRITER_TOOK_MAX);
    for (uint32_t i = 0; i < n; i++)
        psp_core_synced(shell->core, now(), took_ms[i]);
    const uint64_t done = psp_journal_writer_done(shell->writer);
    assert(done >= shell->appends_done);
    if (done > shell->appends_done) {
        shell->appends_done = done;
        psp_core_persisted(shell->core, now(), done);
        perform(shell);
    }
    uint64_t index, term;
    if (psp_checkpointer_done(shell->checkpointer, &index, &term)) {
        psp_core_checkpointed(shell->core, now(), index, term);
        perform(shell);
    }
}

/* What the sealing thread has made; and what it could not read. */
static void send_sealed(struct psp_shard_shell *shell)
{
    struct psp_peer peer;
    struct psp_bytes message;
    char fault[PSP_SEALING_FAULT_BYTES];
    while (psp_sealing_take(shell->sealing, &peer, &message)) {
        psp_socket_send(shell->socket, &peer, message.data, message.length);
        shell->sent = true;
    }
    if (psp_sealing_fault(shell->sealing, fault) != NULL &&
        psp_say_allowed(&shell->warnings, psp_clock_ms(), PSP_SHARD_PROGRESS_MS, &(uint64_t){0}))
        psp_say(PSP_SAY_ERROR, "unreadable", "%s", fault);
}

/* Once nothing is damaged any more that the start needs. */
static void start_late(struct psp_shard_shell *shell)
{
    assert(shell->waiting && !shell->ready);
    const enum psp_status status = psp_replica_start(shell->state, now());
    if (status != PSP_OK) {
        if (status != PSP_ECORRUPT || !psp_keeping_tell_damage(shell->keeping, now()))
            fail_storage(shell, "reading the log", status);
    } else {
        shell->waiting = false;
    }
    perform(shell);
}

/* What the threads of the log have read, scrubbed and mended. */
static void keep(struct psp_shard_shell *shell)
{
    struct psp_reason reason = {0};
    for (;;) {
        const enum psp_keeping_news news = psp_keeping_tell(shell->keeping, now(), &reason);
        if (news == PSP_KEEPING_NOTHING || shell->failed)
            return;
        if (news == PSP_KEEPING_FAILED) {
            assert(reason.text[0] != '\0');
            fail(shell, "log", "%s", reason.text);
            return;
        }
        perform(shell);
        if (news == PSP_KEEPING_MENDED && shell->waiting && !shell->failed)
            start_late(shell);
    }
}

/* ---- what people want to know ---- */

static void tell(struct psp_shard_shell *shell)
{
    const enum psp_process_state state = psp_core_state(shell->core);
    const uint64_t applied = psp_core_applied(shell->core), last = psp_core_last(shell->core);
    const uint64_t at = psp_clock_ms();
    if (state == PSP_STATE_STARTING && applied < last && at >= shell->progress_ms) {
        if (shell->progress_ms != 0)
            psp_say(PSP_SAY_INFO, "replay", "index %" PRIu64 " of %" PRIu64, applied, last);
        shell->progress_ms = at + PSP_SHARD_PROGRESS_MS;
    }
    if (!shell->state_told || state != shell->told) {
        shell->state_told = true;
        shell->told = state;
        psp_say(PSP_SAY_INFO, psp_process_state_name(state), "term %" PRIu64 ", index %" PRIu64,
                psp_core_term(shell->core), applied);
    }
    if (!shell->ready &&
        (state == PSP_STATE_LEADER || state == PSP_STATE_FOLLOWER || state == PSP_STATE_JOINING)) {
        assert(!shell->waiting && applied <= last);
        shell->ready = true;
        shell->options.ready(shell->options.context);
    }
}

/* ---- the loop ---- */

static void turn(void *context)
{
    struct psp_shard_shell *shell = context;
    shell->sent = false;
    collect(shell);
    if (!shell->failed)
        keep(shell);
    const bool more = receive(shell);
    drain_links(shell);
    if (!shell->failed) {
        psp_core_tick(shell->core, now());
        perform(shell);
    }
    if (shell->failed)
        return;
    send_sealed(shell);
    tell(shell);
    /* Sending takes the socket's edge too, so look again before sleeping. */
    if (more || shell->sent || receive(shell))
        psp_loop_wake(shell->loop);
    const uint64_t deadline = psp_core_deadline(shell->core), at = psp_clock_ms();
    const uint64_t look = at + PSP_SOCKET_LOOK_MS; /* connections that nobody hears of */
    psp_loop_timer_set(shell->timer, deadline <= at    ? 0
                                     : deadline < look ? deadline - at
                                                       : PSP_SOCKET_LOOK_MS);
}

/* The turn's end looks at everything. */
static void nothing(void *context)
{
    (void)context;
}

static void wake(void *context)
{
    psp_loop_wake(((struct psp_shard_shell *)context)->loop);
}

static void describe(const void *context, char *ret_text, size_t size)
{
    const struct psp_shard_shell *shell = context;
    psp_core_describe(shell->core, ret_text, size);
}

/* ---- making and ending ---- */

static void add_key(struct psp_known_key *keys, size_t *n, const char *public_key,
                    enum psp_role role, uint32_t id)
{
    assert(role != 0 && (role & (role - 1)) == 0); /* one */
    struct psp_known_key *key = &keys[(*n)++];
    *key = (struct psp_known_key){.role = role, .id = id};
    snprintf(key->public_z85, sizeof(key->public_z85), "%s", public_key);
}

static enum psp_status set_keys(struct psp_shard_shell *shell)
{
    const struct psp_cluster *cluster = shell->options.cluster;
    const struct psp_cluster_shard *shard = &cluster->shards[shell->options.shard];
    struct psp_known_key *keys = calloc(cluster->router_count + cluster->collector_count +
                                            cluster->operator_count + shard->replica_count,
                                        sizeof(*keys));
    if (keys == NULL)
        return PSP_ENOMEM;
    size_t n = 0;
    for (uint32_t i = 0; i < cluster->router_count; i++)
        add_key(keys, &n, cluster->routers[i].public_key, PSP_ROLE_ROUTER,
                cluster->routers[i].router);
    for (uint32_t i = 0; i < cluster->collector_count; i++)
        add_key(keys, &n, cluster->collectors[i].public_key, PSP_ROLE_COLLECTOR,
                cluster->collectors[i].collector);
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        add_key(keys, &n, cluster->operators[i].public_key, PSP_ROLE_OPERATOR, i);
    for (uint32_t i = 0; i < shard->replica_count; i++) {
        if (i == shell->options.replica)
            continue;
        const uint32_t replica = shard->replicas[i].replica;
        add_key(keys, &n, shard->replicas[i].public_key, PSP_ROLE_SHARD,
                psp_process_id(shard->shard, replica));
    }
    assert(n + 1 == (size_t)cluster->router_count + cluster->collector_count +
                        cluster->operator_count + shard->replica_count); /* all but its own */
    const enum psp_status status = psp_wire_set_keys(shell->wire, keys, n);
    free(keys);
    return status;
}

static enum psp_status listen(struct psp_shard_shell *shell, struct psp_reason *reterr_reason)
{
    const struct psp_cluster_shard *shard = &shell->options.cluster->shards[shell->options.shard];
    const char *address = shard->replicas[shell->options.replica].address;
    enum psp_status status = psp_socket_listen(
        shell->wire, address,
        PSP_ROLE_ROUTER | PSP_ROLE_SHARD | PSP_ROLE_COLLECTOR | PSP_ROLE_OPERATOR, &shell->socket);
    assert((status == PSP_OK) == (shell->socket != NULL));
    if (status == PSP_OK)
        status = psp_loop_watch(shell->loop, psp_socket_fd(shell->socket), nothing, shell);
    if (status == PSP_EEXIST)
        psp_reason_set(
            reterr_reason,
            "%s is in use: is this replica running already? Otherwise stop the other program "
            "or change the address in cluster.json",
            address);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "cannot listen at %s: %s", address, psp_status_text(status));
    return status;
}

static enum psp_status connect_replicas(struct psp_shard_shell *shell,
                                        struct psp_reason *reterr_reason)
{
    const struct psp_cluster_shard *shard = &shell->options.cluster->shards[shell->options.shard];
    for (uint32_t i = 0; i < shard->replica_count; i++) {
        if (i == shell->options.replica)
            continue;
        assert(shell->link_count < PSP_REPLICAS_MAX);
        struct link *link = &shell->links[shell->link_count];
        link->replica = shard->replicas[i].replica;
        enum psp_status status = psp_socket_connect(shell->wire, shard->replicas[i].address,
                                                    shard->replicas[i].public_key, &link->socket);
        if (status == PSP_OK) {
            shell->link_count++;
            status = psp_loop_watch(shell->loop, psp_socket_fd(link->socket), nothing, shell);
        }
        if (status != PSP_OK) {
            psp_reason_set(reterr_reason, "replica %" PRIu32 " at %s: %s", link->replica,
                           shard->replicas[i].address, psp_status_text(status));
            return status;
        }
    }
    assert(shell->link_count == shard->replica_count - 1);
    return PSP_OK;
}

static enum psp_status set_up(struct psp_shard_shell *shell, struct psp_reason *reterr_reason)
{
    enum psp_status status = psp_loop_create(&shell->loop);
    if (status == PSP_OK)
        status = psp_loop_timer_create(shell->loop, nothing, shell, &shell->timer);
    if (status == PSP_OK)
        status = psp_arena_create(PSP_SHARD_ARENA_BYTES, &shell->arena);
    if (status == PSP_OK)
        status = psp_journal_writer_create(shell->state->log, wake, shell, &shell->writer);
    if (status == PSP_OK)
        status = psp_checkpointer_create(shell->state->store, wake, shell, &shell->checkpointer);
    if (status == PSP_OK)
        status = psp_keeping_create(shell->state->log, shell->core, wake, shell, &shell->keeping);
    const struct psp_sealing_options sealing = {.cluster = shell->options.cluster,
                                                .shard = shell->options.shard,
                                                .log_path = shell->options.log_path,
                                                .key = shell->options.key,
                                                .wake = wake,
                                                .context = shell};
    if (status == PSP_OK)
        status = psp_sealing_create(&sealing, &shell->sealing);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "cannot start: %s", psp_status_text(status));
        return status;
    }
    status = psp_wire_create(shell->options.self, 1, &shell->wire);
    if (status == PSP_OK)
        status = set_keys(shell);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "cannot set up CURVE: %s", psp_status_text(status));
        return status;
    }
    status = connect_replicas(shell, reterr_reason);
    return status == PSP_OK ? listen(shell, reterr_reason) : status;
}

enum psp_status psp_shard_shell_create(const struct psp_shard_shell_options *options,
                                       struct psp_shard_shell **ret_shell,
                                       struct psp_reason *reterr_reason)
{
    struct psp_shard_shell *shell = calloc(1, sizeof(*shell));
    if (shell == NULL) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    assert(options->shard < options->cluster->shard_count);
    assert(options->replica < options->cluster->shards[options->shard].replica_count);
    assert(options->state->core != NULL && options->ready != NULL);
    shell->options = *options;
    shell->state = options->state;
    shell->core = options->state->core;
    psp_panic_describe_with(describe, shell);
    enum psp_status status = set_up(shell, reterr_reason);
    if (status == PSP_OK) {
        status = psp_replica_start(shell->state, now());
        shell->waiting = status == PSP_ECORRUPT && psp_keeping_tell_damage(shell->keeping, now());
        if (shell->waiting)
            status = PSP_OK;
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "the log cannot be read: %s", psp_status_text(status));
    }
    if (status != PSP_OK) {
        psp_shard_shell_destroy(&shell);
        return status;
    }
    assert(shell->link_count == 0 || !shell->state->alone);
    psp_loop_after(shell->loop, turn, shell);
    *ret_shell = shell;
    return PSP_OK;
}

void psp_shard_shell_destroy(struct psp_shard_shell **shell_at)
{
    struct psp_shard_shell *shell = *shell_at;
    if (shell == NULL)
        return;
    psp_panic_describe_with(NULL, NULL);
    psp_keeping_destroy(&shell->keeping); /* these four wake the loop */
    psp_checkpointer_destroy(&shell->checkpointer);
    psp_journal_writer_destroy(&shell->writer);
    psp_sealing_destroy(&shell->sealing);
    psp_loop_destroy(&shell->loop); /* before the descriptors that it watches */
    if (shell->socket != NULL)
        psp_socket_destroy(&shell->socket);
    for (uint32_t i = 0; i < shell->link_count; i++)
        psp_socket_destroy(&shell->links[i].socket);
    psp_wire_destroy(&shell->wire);
    psp_arena_destroy(&shell->arena);
    psp_buffer_free(&shell->buffer);
    free(shell);
    *shell_at = NULL;
}

bool psp_shard_shell_run(struct psp_shard_shell *shell)
{
    assert(!shell->ready); /* once */
    perform(shell);        /* what starting decided */
    if (!shell->failed)
        psp_loop_run(shell->loop);
    return !shell->failed;
}
