/* What the group decides comes by a callback, which only notes it; turn() carries it out. */
#include "bridge/kafka_in/group/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/core/marks.h"
#include "bridge/kafka/settings.h"
#include "bridge/kafka/topic.h"
#include "bridge/kafka/words.h"
#include "bridge/kafka_in/group/place.h"
#include "process/say.h"

enum {
    HELD_MAX = 64,
    RETRY_MS = 500,
    TROUBLE_MS = 5000,
    UNWANTED_MS = 1000,
    POLICY_MS = 10000,
    VALUE_BYTES = 128
};

enum state { IDLE, PLACING, READING, GIVING_UP };

struct partition {
    char *topic;
    int32_t partition;
    uint32_t generation;
    bool fresh; /* to be placed by what the group has committed, not by its position */
    bool lost;  /* its position is not there any more */
    int64_t committed, stored;
    int64_t polled;         /* the offset behind the newest message that was polled */
    int64_t end, end_after; /* as of which it ended there: a broker's own records may lie between,
                               of transactions; `end` 0: it has not */
    struct psp_bridge_marks marks;
};

struct psp_bridge_reader {
    struct psp_bridge_reader_options options;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue, *policies;
    enum state state;
    bool closing, paused;
    uint32_t count, last; /* last: the partition of the message before */
    uint32_t looked;      /* topics whose settings were looked at */
    bool is_asked;        /* for those of the next one */
    struct partition *partitions;
    uint32_t placing; /* the next one to be placed */
    bool asked;       /* what the group has committed is known */
    uint64_t retry_ms, store_ms, trouble_until_ms;
    uint64_t unwanted_ms;               /* since when nothing is wanted; 0: it is */
    rd_kafka_message_t *held[HELD_MAX]; /* polled, and not given out yet */
    uint32_t held_first, held_count;
    uint32_t round; /* of polling: another one when partitions are placed anew */
    uint32_t full;  /* 1 + the partition that had no room for the first of them; 0: none */
    char trouble[PSP_BRIDGE_READER_TEXT_BYTES], alarm[PSP_BRIDGE_READER_TEXT_BYTES];
};

/* ---- what is said ---- */

static void note(struct psp_bridge_reader *reader, rd_kafka_resp_err_t error, const char *what,
                 const char *detail)
{
    char text[PSP_BRIDGE_READER_TEXT_BYTES];
    psp_bridge_kafka_words(error, what, detail, text, sizeof text);
    psp_bridge_count(&reader->options.stats->errors, 1);
    if (strcmp(text, reader->trouble) != 0)
        psp_say(PSP_SAY_WARNING, "source", "%s", text);
    snprintf(reader->trouble, sizeof reader->trouble, "%s", text);
    reader->trouble_until_ms = psp_clock_ms() + TROUBLE_MS;
}

static void alarm_of(struct psp_bridge_reader *reader, const char *text)
{
    psp_bridge_count(&reader->options.stats->alarms, 1);
    psp_say(PSP_SAY_ERROR, "alarm", "%s", text);
    snprintf(reader->alarm, sizeof reader->alarm, "%s", text);
}

const char *psp_bridge_reader_trouble(const struct psp_bridge_reader *reader)
{
    return reader->trouble;
}

const char *psp_bridge_reader_alarm(const struct psp_bridge_reader *reader)
{
    return reader->alarm;
}

/* ---- partitions ---- */

static void drop_held(struct psp_bridge_reader *reader)
{
    reader->round++;
    while (reader->held_count > 0) {
        rd_kafka_message_destroy(reader->held[reader->held_first]);
        reader->held_first = (reader->held_first + 1) % HELD_MAX;
        reader->held_count--;
    }
}

static void drop_partitions(struct psp_bridge_reader *reader)
{
    drop_held(reader);
    for (uint32_t i = 0; i < reader->count; i++) {
        free(reader->partitions[i].topic);
        psp_bridge_marks_free(&reader->partitions[i].marks);
    }
    free(reader->partitions);
    reader->partitions = NULL;
    reader->count = reader->last = reader->full = 0;
    reader->state = IDLE;
}

static bool take_partitions(struct psp_bridge_reader *reader,
                            const rd_kafka_topic_partition_list_t *list)
{
    drop_partitions(reader);
    const uint32_t n = (uint32_t)list->cnt;
    if (n > PSP_BRIDGE_PARTITIONS_MAX)
        return false;
    reader->partitions = calloc(n > 0 ? n : 1, sizeof *reader->partitions);
    if (!reader->partitions)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct partition *partition = &reader->partitions[i];
        partition->topic = strdup(list->elems[i].topic);
        if (!partition->topic)
            return false;
        reader->count++;
        partition->partition = list->elems[i].partition;
        partition->generation = ++*reader->options.generation;
        partition->fresh = true;
    }
    reader->state = PLACING;
    reader->placing = 0;
    reader->asked = false;
    reader->retry_ms = 0;
    return true;
}

static void rebalanced(rd_kafka_t *kafka, rd_kafka_resp_err_t error,
                       rd_kafka_topic_partition_list_t *list, void *context)
{
    struct psp_bridge_reader *reader = context;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !reader->closing) {
        if (take_partitions(reader, list))
            return; /* assign() comes when they are placed */
        note(reader, RD_KAFKA_RESP_ERR__FAIL, "assignment",
             "out of memory, or more partitions than a bridge reads");
    } else if (error == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS && reader->state == READING &&
               !reader->closing && !rd_kafka_assignment_lost(kafka)) {
        reader->state = GIVING_UP; /* unassign() comes when they are drained */
        return;
    }
    drop_partitions(reader);
    rd_kafka_assign(kafka, NULL);
}

static struct partition *find(struct psp_bridge_reader *reader, const char *topic, int32_t number,
                              uint32_t *ret_at)
{
    for (uint32_t i = 0; i < reader->count; i++) {
        const uint32_t at = (reader->last + i) % reader->count;
        struct partition *partition = &reader->partitions[at];
        if (partition->partition == number && strcmp(partition->topic, topic) == 0) {
            *ret_at = reader->last = at;
            return partition;
        }
    }
    return NULL;
}

static rd_kafka_topic_partition_list_t *list_of(const struct psp_bridge_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reader->count);
    for (uint32_t i = 0; i < reader->count; i++) {
        const struct partition *partition = &reader->partitions[i];
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            partition->fresh ? RD_KAFKA_OFFSET_INVALID : partition->marks.position;
    }
    return list;
}

/* ---- placing ---- */

/* One request for all of them. False: later. */
static bool ask_committed(struct psp_bridge_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = list_of(reader);
    rd_kafka_resp_err_t error = rd_kafka_committed(reader->kafka, list, PSP_BRIDGE_READER_CALL_MS);
    for (int i = 0; i < list->cnt && !error; i++) {
        error = list->elems[i].err;
        reader->partitions[i].committed = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        note(reader, error, "offsets of the group", NULL);
    return !error;
}

static bool place_one(struct psp_bridge_reader *reader, struct partition *partition)
{
    char alarm[PSP_BRIDGE_READER_TEXT_BYTES];
    struct psp_bridge_place_facts facts = {
        .topic = partition->topic,
        .partition = partition->partition,
        .committed = partition->fresh ? partition->committed : partition->marks.position,
    };
    if (!partition->fresh && !partition->lost)
        return true;
    const rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(reader->kafka, partition->topic, partition->partition,
                                         &facts.low, &facts.high, PSP_BRIDGE_READER_CALL_MS);
    if (error) {
        note(reader, error, partition->topic, NULL);
        return false;
    }
    const int64_t offset = psp_bridge_place(&facts, alarm, sizeof alarm);
    if (alarm[0])
        alarm_of(reader, alarm);
    psp_bridge_marks_start(&partition->marks, offset);
    partition->generation = ++*reader->options.generation;
    partition->fresh = partition->lost = false;
    /* What a group has at its first read is stored, too: the next one begins there. */
    partition->stored = facts.committed == offset ? offset : -1;
    return true;
}

static void pause_or_resume(struct psp_bridge_reader *reader, bool pause)
{
    if (reader->state == READING) {
        rd_kafka_topic_partition_list_t *list = list_of(reader);
        if (pause)
            rd_kafka_pause_partitions(reader->kafka, list);
        else
            rd_kafka_resume_partitions(reader->kafka, list);
        rd_kafka_topic_partition_list_destroy(list);
    }
    reader->paused = pause;
}

static void place(struct psp_bridge_reader *reader, uint64_t now_ms)
{
    if (now_ms < reader->retry_ms)
        return;
    bool done;
    if (!reader->asked)
        done = reader->asked = ask_committed(reader);
    else
        done = reader->placing == reader->count ||
               place_one(reader, &reader->partitions[reader->placing++]);
    if (!done) {
        reader->placing = 0; /* those that have their place keep it */
        reader->retry_ms = now_ms + RETRY_MS;
    }
    if (!done || !reader->asked || reader->placing < reader->count)
        return;
    rd_kafka_topic_partition_list_t *list = list_of(reader);
    const rd_kafka_resp_err_t error = rd_kafka_assign(reader->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error) { /* the group has changed its mind: it says so next */
        note(reader, error, "assignment", NULL);
        reader->retry_ms = now_ms + RETRY_MS;
        return;
    }
    for (uint32_t i = 0; i < reader->count; i++) {
        reader->partitions[i].polled = reader->partitions[i].marks.position;
        reader->partitions[i].end = 0;
    }
    reader->state = READING;
    psp_say(PSP_SAY_INFO, "partitions", "reads %" PRIu32 " partitions as one of the group %s",
            reader->count, reader->options.group);
    if (reader->paused)
        pause_or_resume(reader, true);
}

/* The broker does not have the next offset: only these are placed anew. */
static void lose(struct psp_bridge_reader *reader, const rd_kafka_message_t *message)
{
    uint32_t at;
    struct partition *partition =
        message->rkt ? find(reader, rd_kafka_topic_name(message->rkt), message->partition, &at)
                     : NULL;
    if (!partition || reader->state == GIVING_UP)
        return;
    drop_held(reader);
    partition->lost = true;
    reader->state = PLACING;
    reader->placing = 0;
    reader->asked = true;
    reader->retry_ms = 0;
}

/* ---- marks ---- */

/* Behind the last message of a partition may lie what is none (the end of a transaction): once
 * all before is taken that is done, too, or something would lack for ever. */
static void pass_ends(struct psp_bridge_reader *reader)
{
    for (uint32_t i = 0; i < reader->count; i++) {
        struct partition *partition = &reader->partitions[i];
        uint64_t sequence;
        if (partition->end > partition->marks.position &&
            partition->end_after == partition->marks.position &&
            psp_bridge_marks_take(&partition->marks, partition->end - 1, &sequence) == PSP_OK)
            psp_bridge_marks_final(&partition->marks, sequence);
    }
}

static void store(struct psp_bridge_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    for (uint32_t i = 0; i < reader->count; i++) {
        struct partition *partition = &reader->partitions[i];
        if (partition->fresh || partition->lost || partition->stored == partition->marks.low)
            continue;
        if (!list)
            list = rd_kafka_topic_partition_list_new((int)reader->count);
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->partition)->offset =
            partition->stored = partition->marks.low;
    }
    if (!list)
        return;
    const rd_kafka_resp_err_t error = rd_kafka_offsets_store(reader->kafka, list);
    if (error && error != RD_KAFKA_RESP_ERR__STATE)
        note(reader, error, "offsets", NULL);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Of a compacted topic the broker deletes a ballot when a later message has its key. One topic
 * after another: the answer comes when it comes. */
static void take_policy(struct psp_bridge_reader *reader, rd_kafka_event_t *event)
{
    struct psp_reason reason = {0};
    char policy[VALUE_BYTES], text[PSP_BRIDGE_READER_TEXT_BYTES];
    const char *topic = reader->options.config->topics[reader->looked];
    if (psp_bridge_kafka_topic_answer(event, topic, "cleanup.policy", policy, sizeof policy,
                                      &reason) != PSP_OK) {
        psp_say(PSP_SAY_INFO, "topic", "whether it is compacted is not known: %s", reason.text);
        return;
    }
    if (!strstr(policy, "compact"))
        return;
    snprintf(text, sizeof text,
             "topic %s is compacted (cleanup.policy=%s): the broker deletes a ballot when a later "
             "message has its key, and what is deleted before it is read is not cast",
             topic, policy);
    alarm_of(reader, text);
}

static void look_at_topics(struct psp_bridge_reader *reader)
{
    if (reader->looked == reader->options.config->topic_count)
        return;
    if (!reader->is_asked) {
        psp_bridge_kafka_topic_ask(reader->kafka, reader->options.config->topics[reader->looked],
                                   POLICY_MS, reader->policies);
        reader->is_asked = true;
    }
    rd_kafka_event_t *event = rd_kafka_queue_poll(reader->policies, 0);
    if (!event)
        return;
    take_policy(reader, event);
    rd_kafka_event_destroy(event);
    reader->is_asked = false;
    reader->looked++;
}

void psp_bridge_reader_turn(struct psp_bridge_reader *reader, uint64_t now_ms)
{
    if (reader->state == PLACING)
        place(reader, now_ms);
    if (reader->state == READING)
        look_at_topics(reader);
    if (reader->state == READING && now_ms >= reader->store_ms) {
        reader->store_ms = now_ms + PSP_BRIDGE_READER_STORE_MS;
        pass_ends(reader);
        store(reader);
    }
    if (reader->trouble[0] && now_ms >= reader->trouble_until_ms)
        reader->trouble[0] = '\0';
}

enum psp_status psp_bridge_reader_take(struct psp_bridge_reader *reader,
                                       const rd_kafka_message_t *message,
                                       struct psp_bridge_ticket *ret_ticket)
{
    uint32_t at;
    struct psp_bridge_ticket ticket = {0};
    struct partition *partition =
        find(reader, rd_kafka_topic_name(message->rkt), message->partition, &at);
    if (!partition || partition->fresh || message->offset < partition->marks.position)
        return PSP_STALE;
    const enum psp_status status =
        psp_bridge_marks_take(&partition->marks, message->offset, &ticket.sequence);
    reader->full = status == PSP_EBUSY ? at + 1 : 0;
    if (status != PSP_OK)
        return status;
    ticket.partition = at;
    ticket.generation = partition->generation;
    *ret_ticket = ticket;
    return PSP_OK;
}

void psp_bridge_reader_final(struct psp_bridge_reader *reader, struct psp_bridge_ticket ticket)
{
    if (ticket.partition < reader->count &&
        reader->partitions[ticket.partition].generation == ticket.generation)
        psp_bridge_marks_final(&reader->partitions[ticket.partition].marks, ticket.sequence);
}

uint64_t psp_bridge_reader_open(const struct psp_bridge_reader *reader)
{
    uint64_t open = 0;
    for (uint32_t i = 0; i < reader->count; i++)
        open += psp_bridge_marks_open(&reader->partitions[i].marks);
    return open;
}

uint64_t psp_bridge_reader_lag(const struct psp_bridge_reader *reader)
{
    uint64_t lag = 0;
    for (uint32_t i = 0; i < reader->count && reader->state == READING; i++) {
        const struct partition *partition = &reader->partitions[i];
        int64_t low = 0, high = 0;
        if (rd_kafka_get_watermark_offsets(reader->kafka, partition->topic, partition->partition,
                                           &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > partition->marks.low)
            lag += (uint64_t)(high - partition->marks.low);
    }
    return lag;
}

/* ---- reading ---- */

static void took_end(struct psp_bridge_reader *reader, const rd_kafka_message_t *message)
{
    uint32_t at;
    struct partition *partition =
        reader->state == READING
            ? find(reader, rd_kafka_topic_name(message->rkt), message->partition, &at)
            : NULL;
    if (!partition)
        return;
    partition->end = message->offset;
    partition->end_after = partition->polled;
}

static void took_error(struct psp_bridge_reader *reader, const rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "brokers";
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        took_end(reader, message);
    else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        lose(reader, message);
    else
        note(reader, message->err, topic, rd_kafka_message_errstr(message));
}

/* Polls once; what comes is held. False: nothing came. */
static bool poll_once(struct psp_bridge_reader *reader)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->kafka, 0);
    if (!message)
        return false;
    if (message->err || reader->state != READING) {
        if (message->err)
            took_error(reader, message);
        rd_kafka_message_destroy(message);
        return true;
    }
    uint32_t at;
    struct partition *partition =
        find(reader, rd_kafka_topic_name(message->rkt), message->partition, &at);
    if (partition)
        partition->polled = message->offset + 1;
    reader->held[(reader->held_first + reader->held_count++) % HELD_MAX] = message;
    reader->trouble[0] = '\0'; /* messages come: a topic that was not there is */
    return true;
}

/* A pause throws away what was fetched ahead: not for every moment without room. */
static bool is_short(struct psp_bridge_reader *reader)
{
    const uint64_t now_ms = psp_clock_ms();
    if (reader->unwanted_ms == 0)
        reader->unwanted_ms = now_ms;
    return now_ms - reader->unwanted_ms < UNWANTED_MS;
}

/* The group is to be served all the same: whoever does not poll gives nothing up. */
static bool is_full(const struct psp_bridge_reader *reader)
{
    return reader->full > 0 && psp_bridge_marks_open(&reader->partitions[reader->full - 1].marks) ==
                                   PSP_BRIDGE_MARKS_OPEN_MAX;
}

rd_kafka_message_t *psp_bridge_reader_next(struct psp_bridge_reader *reader, bool wanted)
{
    if (reader->state == GIVING_UP)
        return NULL;
    wanted = wanted && !is_full(reader);
    if (wanted)
        reader->unwanted_ms = 0;
    else if (is_short(reader))
        return NULL;
    if (wanted == reader->paused)
        pause_or_resume(reader, !wanted);
    if (!wanted || reader->held_count == 0)
        while (reader->held_count < HELD_MAX && poll_once(reader))
            if (wanted && reader->held_count > 0)
                break;
    if (!wanted || reader->state != READING || reader->held_count == 0)
        return NULL;
    rd_kafka_message_t *message = reader->held[reader->held_first];
    reader->held_first = (reader->held_first + 1) % HELD_MAX;
    reader->held_count--;
    return message;
}

uint32_t psp_bridge_reader_round(const struct psp_bridge_reader *reader)
{
    return reader->round;
}

bool psp_bridge_reader_reading(const struct psp_bridge_reader *reader)
{
    return reader->state == READING;
}

bool psp_bridge_reader_giving_up(const struct psp_bridge_reader *reader)
{
    return reader->state == GIVING_UP;
}

/* librdkafka commits what is stored of a partition before it lets it go. */
void psp_bridge_reader_give_up(struct psp_bridge_reader *reader)
{
    store(reader);
    drop_partitions(reader);
    rd_kafka_assign(reader->kafka, NULL);
}

/* ---- life ---- */

static void failed(rd_kafka_t *kafka, int error, const char *reason, void *context)
{
    (void)kafka;
    note(context, (rd_kafka_resp_err_t)error, "brokers", reason);
}

static enum psp_status subscribe(struct psp_bridge_reader *reader, struct psp_reason *reterr_reason)
{
    const struct psp_bridge_kafka_in_config *config = reader->options.config;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)config->topic_count);
    for (uint32_t i = 0; i < config->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, config->topics[i], RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(reader->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (!error)
        return PSP_OK;
    psp_reason_set(reterr_reason, "cannot subscribe: %s", rd_kafka_err2str(error));
    return PSP_EINVAL;
}

/* How much is fetched ahead, where bridge.json does not say. When there is enough librdkafka
 * looks a second later whether there still is, unless it can be told to look sooner (2.2): so
 * there must be what a bridge reads in a second, or it stands still for most of it. */
static enum psp_status set_ahead(const json_t *settings, rd_kafka_conf_t *conf)
{
    static const struct psp_bridge_kafka_own before[] = {
        {"queued.min.messages", "400000"},
        {"queued.max.messages.kbytes", "327680"},
        {NULL, NULL},
    };
    static const struct psp_bridge_kafka_own since_2_2[] = {
        {"fetch.queue.backoff.ms", "10"},
        {NULL, NULL},
    };
    char error[PSP_REASON_TEXT_BYTES];
    const struct psp_bridge_kafka_own *one = rd_kafka_version() < 0x02020000 ? before : since_2_2;
    for (; one->name; one++)
        if (!json_object_get(settings, one->name) &&
            rd_kafka_conf_set(conf, one->name, one->value, error, sizeof error) != RD_KAFKA_CONF_OK)
            return PSP_EINVAL;
    return PSP_OK;
}

enum psp_status psp_bridge_reader_create(const struct psp_bridge_reader_options *options,
                                         struct psp_bridge_reader **ret_reader,
                                         struct psp_reason *reterr_reason)
{
    static const uint64_t one = 1;
    const struct psp_bridge_kafka_own own[] = {
        {"group.id", options->group},
        {"enable.auto.commit", "true"},
        {"auto.commit.interval.ms", "1000"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"partition.assignment.strategy", "range,roundrobin"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    struct psp_bridge_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return PSP_ENOMEM;
    reader->options = *options;
    enum psp_status status =
        psp_bridge_kafka_make(options->config->settings, own, &conf, reterr_reason);
    if (status == PSP_OK)
        status = set_ahead(options->config->settings, conf);
    if (status == PSP_OK) {
        rd_kafka_conf_set_opaque(conf, reader);
        rd_kafka_conf_set_rebalance_cb(conf, rebalanced);
        rd_kafka_conf_set_error_cb(conf, failed);
        status = psp_bridge_kafka_open(RD_KAFKA_CONSUMER, conf, &reader->kafka, reterr_reason);
    }
    if (status == PSP_OK) {
        rd_kafka_poll_set_consumer(reader->kafka);
        reader->queue = rd_kafka_queue_get_consumer(reader->kafka);
        reader->policies = rd_kafka_queue_new(reader->kafka);
        rd_kafka_queue_io_event_enable(reader->queue, options->wake_fd, &one, sizeof one);
        status = subscribe(reader, reterr_reason);
    }
    if (status != PSP_OK) {
        psp_bridge_reader_destroy(&reader);
        return status;
    }
    *ret_reader = reader;
    return PSP_OK;
}

/* Bounded: a broker that is away shall not keep the process from its end. */
static void leave(struct psp_bridge_reader *reader)
{
    const uint64_t end_ms = psp_clock_ms() + PSP_BRIDGE_READER_CLOSE_MS;
    reader->closing = true;
    store(reader);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(reader->kafka, reader->queue);
    if (error) {
        rd_kafka_error_destroy(error);
        return;
    }
    while (!rd_kafka_consumer_closed(reader->kafka) && psp_clock_ms() < end_ms) {
        /* Not rd_kafka_queue_poll_callback: it aborts on a message that was fetched before. */
        rd_kafka_message_t *late = rd_kafka_consume_queue(reader->queue, 50);
        if (late)
            rd_kafka_message_destroy(late);
    }
}

void psp_bridge_reader_destroy(struct psp_bridge_reader **reader_at)
{
    struct psp_bridge_reader *reader = *reader_at;
    if (!reader)
        return;
    if (reader->kafka) {
        if (reader->queue) {
            rd_kafka_queue_io_event_enable(reader->queue, -1, NULL, 0);
            leave(reader);
        }
        drop_partitions(reader);
        if (reader->queue) {
            rd_kafka_queue_destroy(reader->policies);
            rd_kafka_queue_destroy(reader->queue);
        }
        rd_kafka_destroy_flags(reader->kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    drop_partitions(reader);
    free(reader);
    *reader_at = NULL;
}
