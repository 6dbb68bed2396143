/* One thread turns: asks, reads, casts, hears verdicts, writes letters, stores marks. */
#include "bridge/kafka_in/source.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "base/system/secret.h"
#include "bridge/core/intake.h"
#include "bridge/kafka_in/ahead.h"
#include "bridge/kafka_in/group/group.h"
#include "bridge/kafka_in/group/reader.h"
#include "bridge/kafka_in/letter/letters.h"
#include "bridge/kafka_in/pending.h"
#include "client/psephos.h"
#include "process/say.h"

enum {
    MESSAGES_A_TURN = 2048,
    RECEIPTS_A_TURN = 4096,
    WAIT_MS = 50, /* for verdicts, where there is nothing to read */
    TELL_MS = 200,
    /* libpsephos keeps receipts that were not taken in the same room. */
    PENDING_MAX = PSP_BRIDGE_SOURCE_INFLIGHT - RECEIPTS_A_TURN,
    TEXT_BYTES = 1024,
};

struct psp_bridge_source {
    struct psp_bridge_source_options options;
    struct psp_bridge_kafka_in_config config;
    struct psp_bridge_ahead *ahead;
    struct psp_bridge_letters *letters;
    struct psp_bridge_pendings pendings;
    struct psp_bridge_intake intake;
    struct psp_bridge_asker *asker;
    struct psp_bridge_reader *reader; /* NULL: of no group yet */
    struct psp_client *client;
    char group[PSP_BRIDGE_GROUP_BYTES];
    int wake_fd;
    uint32_t generation; /* of the readers' partitions */
    bool ending;
    enum psp_status routers; /* of the last poll */
    uint64_t tell_ms;
    struct psp_reason unanswered; /* by the collectors */
    struct psp_receipt receipts[RECEIPTS_A_TURN];
};

/* ---- what becomes of a message ---- */

static void acknowledged(void *context, struct psp_bridge_ticket ticket)
{
    struct psp_bridge_source *source = context;
    if (source->reader)
        psp_bridge_reader_final(source->reader, ticket);
}

static void count_rejected(struct psp_bridge_source *source, enum psp_bridge_rejection rejection)
{
    psp_bridge_count(&source->options.stats->rejected[rejection], 1);
}

/* PSP_ENOMEM ends the process: the message would never be final. */
static enum psp_status write_letter(struct psp_bridge_source *source,
                                    const struct psp_bridge_letter *letter,
                                    struct psp_bridge_ticket ticket)
{
    count_rejected(source, letter->rejection);
    return psp_bridge_letters_write(source->letters, letter, ticket);
}

static enum psp_bridge_rejection rejection_of(const struct psp_receipt *receipt)
{
    if (receipt->outcome == PSP_OUTCOME_NOT_ALLOWED)
        return PSP_BRIDGE_REJECTED_NOT_ALLOWED;
    switch (psp_verdict_first(receipt->verdict)) {
    case PSP_DOUBLE_VOTE:
        return PSP_BRIDGE_REJECTED_DOUBLE_VOTE;
    case PSP_NOT_ELIGIBLE:
        return PSP_BRIDGE_REJECTED_NOT_ELIGIBLE;
    case PSP_INVALID:
        return PSP_BRIDGE_REJECTED_INVALID;
    case PSP_CLOSED:
        return PSP_BRIDGE_REJECTED_CLOSED;
    case PSP_COUNTED:
    case PSP_REPLAYED:
        break;
    }
    return PSP_BRIDGE_REJECTIONS_END; /* counted */
}

static struct psp_bytes bytes_of(const void *data, size_t length)
{
    return (struct psp_bytes){.data = data, .length = length};
}

static void look_at_verdict(struct psp_bridge_source *source, const struct psp_receipt *receipt)
{
    struct psp_bridge_stats *stats = source->options.stats;
    if (receipt->outcome != PSP_OUTCOME_VERDICT)
        return;
    if (psp_bridge_intake_verdict(&source->intake, receipt->verdict)) {
        psp_bridge_count(&stats->alarms, 1);
        psp_say(PSP_SAY_ERROR, "alarm",
                "a ballot got the verdict closed, and the collector does not say that the "
                "election is closed: no more messages are cast");
    }
    if (psp_verdict_disposition(receipt->verdict) == PSP_REPLAYED)
        psp_bridge_count(&stats->replayed, 1);
    else if (psp_verdict_disposition(receipt->verdict) == PSP_COUNTED)
        psp_bridge_count(&stats->counted, 1);
}

static enum psp_status take_receipt(struct psp_bridge_source *source,
                                    const struct psp_receipt *receipt)
{
    struct psp_bridge_pending *pending = psp_bridge_pendings_at(&source->pendings, receipt->cookie);
    const enum psp_bridge_rejection rejection = rejection_of(receipt);
    enum psp_status status = PSP_OK;
    look_at_verdict(source, receipt);
    if (rejection == PSP_BRIDGE_REJECTIONS_END) {
        acknowledged(source, pending->ticket);
    } else {
        struct psp_bridge_letter letter = {
            .topic = pending->topic,
            .partition = pending->partition,
            .offset = pending->offset,
            .time_ms = pending->time_ms,
            .rejection = rejection,
            .reason = pending->doubt ? pending->doubt : "",
        };
        if (pending->message) {
            letter.key = bytes_of(pending->message->key, pending->message->key_len);
            letter.value = bytes_of(pending->message->payload, pending->message->len);
        }
        status = write_letter(source, &letter, pending->ticket);
    }
    psp_bridge_pendings_remove(&source->pendings, receipt->cookie);
    return status;
}

/* ---- messages ---- */

static const char *topic_of(const struct psp_bridge_source *source,
                            const rd_kafka_message_t *message)
{
    const char *name = rd_kafka_topic_name(message->rkt);
    for (uint32_t i = 0; i < source->config.topic_count; i++)
        if (strcmp(source->config.topics[i], name) == 0)
            return source->config.topics[i];
    return NULL; /* not asked for */
}

static enum psp_status refuse_message(struct psp_bridge_source *source, const char *topic,
                                      const rd_kafka_message_t *message,
                                      struct psp_bridge_ticket ticket, const char *reason)
{
    const struct psp_bridge_letter letter = {
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .time_ms = rd_kafka_message_timestamp(message, NULL),
        .rejection = PSP_BRIDGE_REJECTED_UNREADABLE,
        .reason = reason,
        .key = bytes_of(message->key, message->key_len),
        .value = bytes_of(message->payload, message->len),
    };
    return write_letter(source, &letter, ticket);
}

/* *ret_kept: the message is not the caller's any more. */
static enum psp_status cast_message(struct psp_bridge_source *source, const char *topic,
                                    struct psp_bridge_read *read, struct psp_bridge_ticket ticket,
                                    bool *ret_kept)
{
    const uint32_t cookie = psp_bridge_pendings_add(&source->pendings, ticket, topic, read->message,
                                                    source->config.dead_letter_whole, read->text);
    if (cookie == PSP_NONE)
        return PSP_ENOMEM;
    *ret_kept = source->config.dead_letter_whole;
    read->ballot.cookie = cookie;
    const enum psp_status status = psp_client_submit(source->client, &read->ballot);
    assert(status == PSP_OK); /* it was checked as it was read, and there is room */
    return status;
}

/* What it was read as. */
static enum psp_status use_message(struct psp_bridge_source *source, const char *topic,
                                   struct psp_bridge_read *read, struct psp_bridge_ticket ticket,
                                   bool *ret_kept)
{
    struct psp_bridge_stats *stats = source->options.stats;
    psp_bridge_count(&stats->received, 1);
    if (read->status == PSP_OK)
        return cast_message(source, topic, read, ticket, ret_kept);
    if (read->status == PSP_EINVAL)
        return refuse_message(source, topic, read->message, ticket, read->text);
    if (read->status != PSP_ENOENT)
        return read->status;
    psp_bridge_count(&stats->skipped, 1); /* a tombstone */
    psp_bridge_reader_final(source->reader, ticket);
    return PSP_OK;
}

/* PSP_EBUSY: no room for it now. What was polled before partitions were placed anew is nobody's:
 * it comes again, from where they begin now. */
static enum psp_status take_message(struct psp_bridge_source *source, struct psp_bridge_read *read)
{
    struct psp_bridge_ticket ticket;
    bool kept = false;
    const char *topic = topic_of(source, read->message);
    enum psp_status status = PSP_STALE;
    if (topic && read->round == psp_bridge_reader_round(source->reader))
        status = psp_bridge_reader_take(source->reader, read->message, &ticket);
    if (status == PSP_EBUSY)
        return status;
    if (status == PSP_OK)
        status = use_message(source, topic, read, ticket, &kept);
    if (!kept)
        rd_kafka_message_destroy(read->message);
    psp_bridge_ahead_pop(source->ahead);
    return status == PSP_STALE ? PSP_OK : status;
}

static bool has_room(const struct psp_bridge_source *source)
{
    return !psp_bridge_pendings_full(&source->pendings) &&
           psp_bridge_letters_open(source->letters) < PSP_BRIDGE_LETTERS_MAX &&
           psp_bridge_intake_may_take(&source->intake, source->pendings.used);
}

/* Messages for the threads that make ballots of them; how many. */
static uint32_t read_ahead(struct psp_bridge_source *source)
{
    uint32_t n = 0;
    while (n < MESSAGES_A_TURN) {
        const bool wanted = psp_bridge_ahead_has_room(source->ahead) && has_room(source);
        rd_kafka_message_t *message = psp_bridge_reader_next(source->reader, wanted);
        if (!message)
            break;
        psp_bridge_ahead_add(source->ahead, message, psp_bridge_reader_round(source->reader));
        n++;
    }
    psp_bridge_ahead_hand(source->ahead);
    return n;
}

/* *ret_more: is it worth to go on at once? */
static enum psp_status take_messages(struct psp_bridge_source *source, bool *ret_more)
{
    enum psp_status status = PSP_OK;
    struct psp_bridge_read read;
    const bool was_proven = source->intake.proven;
    const uint32_t polled = read_ahead(source);
    uint32_t n = 0;
    for (; n < MESSAGES_A_TURN && status == PSP_OK; n++) {
        if (!has_room(source) || !psp_bridge_ahead_first(source->ahead, &read))
            break;
        status = take_message(source, &read);
    }
    if (n > 0 && !was_proven)
        psp_client_flush(source->client);
    *ret_more = n == MESSAGES_A_TURN || polled == MESSAGES_A_TURN;
    return status == PSP_EBUSY ? PSP_OK : status;
}

/* ---- the group ---- */

static enum psp_status join(struct psp_bridge_source *source, struct psp_reason *reterr_reason)
{
    psp_bridge_group_name(&source->config, source->options.cluster_id, source->intake.epochs,
                          source->group);
    const struct psp_bridge_reader_options options = {
        .config = &source->config,
        .group = source->group,
        .wake_fd = source->wake_fd,
        .stats = source->options.stats,
        .generation = &source->generation,
    };
    psp_say(PSP_SAY_INFO, "joins", "the group %s", source->group);
    return psp_bridge_reader_create(&options, &source->reader, reterr_reason);
}

static void leave(struct psp_bridge_source *source)
{
    psp_bridge_ahead_clear(source->ahead);
    psp_bridge_reader_destroy(&source->reader);
}

static void take_answer(struct psp_bridge_source *source, uint64_t now_ms)
{
    struct psp_bridge_asked asked;
    if (!psp_bridge_asker_take(source->asker, &asked))
        return;
    if (!asked.is_answered || asked.number != source->intake.connects) {
        if (!asked.is_answered)
            source->unanswered = asked.reason;
        psp_bridge_intake_no_answer(&source->intake, now_ms);
        return;
    }
    source->unanswered = (struct psp_reason){0};
    switch (psp_bridge_intake_answer(&source->intake, asked.election, asked.epochs, now_ms)) {
    case PSP_BRIDGE_INTAKE_REJOIN:
        psp_say(PSP_SAY_WARNING, "restored",
                "the shards' epochs are others: the cluster was restored from a backup; all of the "
                "topic is read again, by a new group");
        leave(source);
        break;
    case PSP_BRIDGE_INTAKE_CHANGED:
    case PSP_BRIDGE_INTAKE_SAME:
        break;
    }
}

static void ask(struct psp_bridge_source *source, uint64_t now_ms)
{
    psp_bridge_intake_connected(&source->intake, psp_client_connected(source->client), now_ms);
    take_answer(source, now_ms);
    if (psp_bridge_intake_ask(&source->intake, now_ms) &&
        psp_bridge_asker_ask(source->asker, source->intake.connects))
        psp_bridge_intake_no_answer(&source->intake, now_ms); /* the next question, not this one */
}

/* Partitions that the group takes away, or all at the end. */
static void drain(struct psp_bridge_source *source, uint64_t now_ms)
{
    if (!source->intake.draining && !psp_bridge_reader_giving_up(source->reader))
        return;
    if (!source->intake.draining) {
        psp_bridge_intake_drain(&source->intake, now_ms, PSP_BRIDGE_INTAKE_DRAIN_MS);
        psp_client_flush(source->client);
    }
    const uint64_t open = psp_bridge_reader_open(source->reader);
    if (psp_bridge_intake_drained(&source->intake, open, now_ms) &&
        psp_bridge_reader_giving_up(source->reader)) {
        psp_say(PSP_SAY_INFO, "gives_up",
                "its partitions, with %" PRIu64 " messages that are not final", open);
        psp_bridge_reader_give_up(source->reader);
    }
}

/* ---- what is told ---- */

static bool tell_trouble(struct psp_bridge_source *source)
{
    struct psp_bridge_stats *stats = source->options.stats;
    const struct psp_bridge_intake *intake = &source->intake;
    const char *letters = psp_bridge_letters_trouble(source->letters);
    const char *reader = source->reader ? psp_bridge_reader_trouble(source->reader) : "";
    if (source->routers != PSP_OK || !intake->connected)
        return psp_bridge_tell(stats, PSP_BRIDGE_WAITING, "routers: %s",
                               psp_client_error(source->client)[0]
                                   ? psp_client_error(source->client)
                                   : "none is connected");
    if (intake->gate == PSP_BRIDGE_INTAKE_PAUSED)
        return psp_bridge_tell(
            stats, PSP_BRIDGE_PAUSED,
            "a ballot got the verdict closed while the collector says that the election is open: "
            "look at `psephos status`, finish what opens or closes it, then restart the bridge");
    if (intake->gate == PSP_BRIDGE_INTAKE_WAITING && !intake->known)
        return psp_bridge_tell(stats, PSP_BRIDGE_NO_API, "%s",
                               source->unanswered.text[0] ? source->unanswered.text
                                                          : "no collector has answered yet");
    if (intake->gate == PSP_BRIDGE_INTAKE_WAITING)
        return psp_bridge_tell(stats, PSP_BRIDGE_WAITING,
                               "the election is %s: nothing is cast before it is open",
                               psp_election_state_name(intake->election));
    if (reader[0])
        return psp_bridge_tell(stats, PSP_BRIDGE_NO_SOURCE, "%s", reader);
    if (letters[0])
        return psp_bridge_tell(stats, PSP_BRIDGE_NO_TARGET, "dead letters: %s", letters);
    if (!psp_bridge_reader_reading(source->reader))
        return psp_bridge_tell(stats, PSP_BRIDGE_NO_SOURCE, "joins the group %s", source->group);
    const char *alarm = psp_bridge_reader_alarm(source->reader);
    return alarm[0] ? psp_bridge_tell(stats, PSP_BRIDGE_TAKING, "%s", alarm)
                    : psp_bridge_tell(stats, PSP_BRIDGE_TAKING, NULL);
}

static void tell(struct psp_bridge_source *source, uint64_t now_ms)
{
    struct psp_bridge_stats *stats = source->options.stats;
    char text[TEXT_BYTES];
    if (now_ms < source->tell_ms)
        return;
    source->tell_ms = now_ms + TELL_MS;
    if (tell_trouble(source)) {
        psp_bridge_trouble(stats, text, sizeof text);
        psp_say(text[0] ? PSP_SAY_WARNING : PSP_SAY_INFO, "state", "%s%s%s",
                psp_bridge_state_name((enum psp_bridge_state)psp_bridge_stat(&stats->state)),
                text[0] ? ": " : "", text);
    }
    const bool reading = source->reader && psp_bridge_reader_reading(source->reader);
    const uint64_t lag = reading ? psp_bridge_reader_lag(source->reader) : 0;
    const bool current = reading && lag == 0 && source->intake.gate == PSP_BRIDGE_INTAKE_RUNNING;
    psp_bridge_set(&stats->lag_versions, lag);
    psp_bridge_set(&stats->is_current, current);
    if (current)
        psp_bridge_set(&stats->current_ms, now_ms);
}

/* ---- the thread ---- */

static enum psp_status hear(struct psp_bridge_source *source, bool more)
{
    size_t n = 0;
    enum psp_status status = PSP_OK;
    source->routers =
        psp_client_poll(source->client, more ? 0 : WAIT_MS, source->receipts, RECEIPTS_A_TURN, &n);
    for (size_t i = 0; i < n && status == PSP_OK; i++)
        status = take_receipt(source, &source->receipts[i]);
    /* The routers refuse this key for good: poll does not wait then. */
    if (n == 0 && source->routers != PSP_OK)
        poll(&(struct pollfd){.fd = source->wake_fd, .events = POLLIN}, 1, WAIT_MS);
    uint64_t count;
    const ssize_t got = read(source->wake_fd, &count, sizeof count);
    (void)got;
    return status;
}

static enum psp_status turn(struct psp_bridge_source *source, struct psp_reason *reterr_reason)
{
    const uint64_t now_ms = psp_clock_ms();
    bool more = false;
    enum psp_status status = PSP_OK;
    ask(source, now_ms);
    if (!source->reader && source->intake.gate == PSP_BRIDGE_INTAKE_RUNNING && !source->ending)
        status = join(source, reterr_reason);
    if (source->reader && status == PSP_OK) {
        psp_bridge_reader_turn(source->reader, now_ms);
        status = take_messages(source, &more);
        drain(source, now_ms);
    }
    psp_bridge_letters_turn(source->letters, now_ms);
    if (status == PSP_OK)
        status = hear(source, more);
    tell(source, now_ms);
    return status;
}

/* What is on the way becomes final, as far as there is time. */
static enum psp_status finish(struct psp_bridge_source *source, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    source->ending = true;
    psp_client_flush(source->client);
    psp_bridge_intake_drain(&source->intake, psp_clock_ms(), PSP_BRIDGE_INTAKE_END_MS);
    while (source->reader && source->intake.draining && status == PSP_OK)
        status = turn(source, reterr_reason);
    return status;
}

static enum psp_status connect_routers(struct psp_bridge_source *source,
                                       struct psp_reason *reterr_reason)
{
    char reason[PSP_REASON_TEXT_BYTES] = "";
    const struct psp_client_options options = {
        .cluster_path = source->options.cluster_path,
        .key_path = source->config.key,
        .definition = source->options.definition,
        .inflight_max = PSP_BRIDGE_SOURCE_INFLIGHT,
        .seed = source->options.seed,
        .pool = PSP_BRIDGE_SOURCE_POOL,
        .pool_wait_ms = PSP_BRIDGE_SOURCE_POOL_MS,
        .wake_fd = source->wake_fd,
    };
    const enum psp_status status =
        psp_client_create(&options, &source->client, reason, sizeof reason);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s", reason);
    return status;
}

enum psp_status psp_bridge_source_run(struct psp_bridge_source *source,
                                      struct psp_reason *reterr_reason)
{
    enum psp_status status = connect_routers(source, reterr_reason);
    if (status == PSP_OK)
        status = psp_bridge_asker_create(&source->options.collectors, source->options.stop,
                                         source->wake_fd, &source->asker);
    while (status == PSP_OK && !psp_bridge_stop_asked(source->options.stop))
        status = turn(source, reterr_reason);
    if (status == PSP_OK)
        status = finish(source, reterr_reason);
    leave(source);
    psp_bridge_asker_destroy(&source->asker);
    psp_client_destroy(&source->client);
    return status;
}

/* ---- life ---- */

static enum psp_status load_secret(const char *path, uint8_t ret_secret[PSP_BALLOT_SECRET_BYTES],
                                   struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_secret_load(path, ret_secret, PSP_BALLOT_SECRET_BYTES);
    if (status == PSP_ENOENT)
        psp_reason_set(reterr_reason,
                       "%s is missing: it is made by `psephos up` as keys/ballot-ids.key, copy it "
                       "from there or from a backup. The bridge makes none: under another secret "
                       "all that was cast before would come back as double votes",
                       path);
    else if (status == PSP_EPERM)
        psp_reason_set(reterr_reason,
                       "%s: %s: a secret must have mode 0600 and be readable by the "
                       "bridge's user",
                       path, psp_status_text(status));
    else if (status == PSP_EINVAL)
        psp_reason_set(reterr_reason, "%s: not one line of %d hex digits", path,
                       2 * PSP_BALLOT_SECRET_BYTES);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    return status;
}

enum psp_status psp_bridge_source_create(const struct psp_bridge_source_options *options,
                                         struct psp_bridge_source **ret_source,
                                         struct psp_reason *reterr_reason)
{
    uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    struct psp_bridge_source *source = calloc(1, sizeof *source);
    if (!source)
        return PSP_ENOMEM;
    source->options = *options;
    source->config = *options->config;
    source->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const struct psp_bridge_letters_options letters = {
        .settings = source->config.settings,
        .topic = source->config.dead_letter_topic,
        .whole = source->config.dead_letter_whole,
        .stats = options->stats,
        .acknowledged = acknowledged,
        .context = source,
    };
    enum psp_status status = source->wake_fd > 0 ? PSP_OK : PSP_EIO;
    if (status == PSP_OK)
        status = load_secret(source->config.ballot_ids, secret, reterr_reason);
    const struct psp_bridge_ahead_options ahead = {
        .definition = options->definition,
        .format = source->config.format,
        .secret = secret,
        .wake_fd = source->wake_fd,
    };
    if (status == PSP_OK)
        status = psp_bridge_ahead_create(&ahead, &source->ahead);
    explicit_bzero(secret, sizeof secret);
    if (status == PSP_OK)
        status = psp_bridge_letters_create(&letters, &source->letters, reterr_reason);
    if (status == PSP_OK)
        status = psp_bridge_pendings_init(&source->pendings, PENDING_MAX);
    if (status != PSP_OK) {
        psp_bridge_source_destroy(&source);
        return status;
    }
    *ret_source = source;
    return PSP_OK;
}

void psp_bridge_source_destroy(struct psp_bridge_source **source_at)
{
    struct psp_bridge_source *source = *source_at;
    if (!source)
        return;
    psp_bridge_letters_destroy(&source->letters);
    psp_bridge_pendings_free(&source->pendings);
    psp_bridge_ahead_destroy(&source->ahead);
    if (source->wake_fd > 0)
        close(source->wake_fd);
    free(source);
    *source_at = NULL;
}
