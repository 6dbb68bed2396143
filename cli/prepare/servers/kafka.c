/* Reading is assigned, without a group: nothing of it stays in the brokers. */
#include "cli/prepare/servers/kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { POLL_MS = 100, ERROR_BYTES = 512, ASK_MS = 2000, PAUSE_MS = 200, NOBODY_MS = 4000 };

struct psp_kafka {
    char *brokers, *topic;
    rd_kafka_t *producer;
    rd_kafka_topic_t *handle;
    char last[ERROR_BYTES];   /* what a broker's thread said last; "": nothing */
    char failed[ERROR_BYTES]; /* why a message did not arrive; "": all did */
};

static void on_error(rd_kafka_t *client, int error, const char *words, void *context)
{
    struct psp_kafka *kafka = context;
    (void)client;
    (void)error;
    snprintf(kafka->last, sizeof kafka->last, "%s", words);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *context)
{
    struct psp_kafka *kafka = context;
    (void)client;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && kafka->failed[0] == '\0')
        snprintf(kafka->failed, sizeof kafka->failed, "%s", rd_kafka_err2str(message->err));
}

/* Its lines are of no use to a person; what matters comes as errors. */
static void no_log(const rd_kafka_t *client, int level, const char *from, const char *words)
{
    (void)client;
    (void)level;
    (void)from;
    (void)words;
}

static enum psp_status no(const struct psp_kafka *kafka, const char *words,
                          struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason, "Kafka at %s, topic %s: %s%s%s", kafka->brokers, kafka->topic,
                   words, kafka->last[0] != '\0' ? ": " : "", kafka->last);
    return PSP_EIO;
}

/* NULL with words in `error`. */
static rd_kafka_t *make(struct psp_kafka *kafka, rd_kafka_type_t type,
                        const char *const (*settings)[2], size_t n, char *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, "bootstrap.servers", kafka->brokers, error, ERROR_BYTES) ==
                RD_KAFKA_CONF_OK;
    for (size_t i = 0; good && i < n; i++)
        good = rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, ERROR_BYTES) ==
               RD_KAFKA_CONF_OK;
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, no_log);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *client = good ? rd_kafka_new(type, conf, error, ERROR_BYTES) : NULL;
    if (client == NULL)
        rd_kafka_conf_destroy(conf);
    return client;
}

/* The topic's partitions, as soon as the brokers say that it has some. */
static enum psp_status partitions_of(struct psp_kafka *kafka, int32_t *ret_partitions,
                                     struct psp_reason *reterr_reason)
{
    const uint64_t start_ms = psp_progress_clock_ms();
    const char *words = "";
    uint64_t wait_ms;
    do {
        wait_ms = PSP_KAFKA_WAIT_MS;
        const struct rd_kafka_metadata *about = NULL;
        const rd_kafka_resp_err_t error =
            rd_kafka_metadata(kafka->producer, 0, kafka->handle, &about, ASK_MS);
        rd_kafka_poll(kafka->producer, 0);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            wait_ms = NOBODY_MS;
            words = error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT
                        ? "nobody answers"
                        : rd_kafka_err2str(error);
            continue;
        }
        const struct rd_kafka_metadata_topic *topic =
            about->topic_cnt == 1 ? &about->topics[0] : NULL;
        const rd_kafka_resp_err_t said =
            topic != NULL ? topic->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        *ret_partitions = topic != NULL ? topic->partition_cnt : 0;
        rd_kafka_metadata_destroy(about);
        if (said == RD_KAFKA_RESP_ERR_NO_ERROR && *ret_partitions > 0)
            return PSP_OK;
        words = said == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                    ? "there is none, and the brokers do not make it: make it with kafka-topics.sh"
                    : rd_kafka_err2str(said);
        usleep(PAUSE_MS * 1000);
    } while (psp_progress_clock_ms() - start_ms < wait_ms);
    return no(kafka, words, reterr_reason);
}

enum psp_status psp_kafka_open(const char *brokers, const char *topic, struct psp_kafka **ret_kafka,
                               struct psp_reason *reterr_reason)
{
    static const char *const settings[][2] = {
        {"enable.idempotence", "true"},
        {"linger.ms", "20"},
        {"queue.buffering.max.messages", PSP_TEXT(PSP_KAFKA_QUEUE)},
        {"socket.nagle.disable", "true"},
        {"message.timeout.ms", PSP_TEXT(PSP_KAFKA_WAIT_MS)},
    };
    struct psp_kafka *kafka = psp_memory_array(1, sizeof *kafka);
    char error[ERROR_BYTES] = "";
    kafka->brokers = psp_memory_copy(brokers);
    kafka->topic = psp_memory_copy(topic);
    kafka->producer =
        make(kafka, RD_KAFKA_PRODUCER, settings, sizeof settings / sizeof *settings, error);
    if (kafka->producer != NULL)
        kafka->handle = rd_kafka_topic_new(kafka->producer, topic, NULL);
    enum psp_status status = PSP_OK;
    if (kafka->handle == NULL) {
        no(kafka, error, reterr_reason);
        status = PSP_EINVAL;
    }
    int32_t partitions = 0;
    if (status == PSP_OK)
        status = partitions_of(kafka, &partitions, reterr_reason);
    if (status == PSP_OK)
        *ret_kafka = kafka;
    else
        psp_kafka_close(&kafka);
    return status;
}

void psp_kafka_close(struct psp_kafka **kafka)
{
    if (!*kafka)
        return;
    if ((*kafka)->handle != NULL)
        rd_kafka_topic_destroy((*kafka)->handle);
    if ((*kafka)->producer != NULL) {
        rd_kafka_purge((*kafka)->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy((*kafka)->producer);
    }
    free((*kafka)->topic);
    free((*kafka)->brokers);
    free(*kafka);
    *kafka = NULL;
}

/* ---- reading ---- */

/* Until the end of every partition has been seen. */
static enum psp_status read_all(struct psp_kafka *kafka, rd_kafka_t *consumer, int32_t partitions,
                                void (*take)(void *context, const char *key, size_t bytes),
                                void *context, struct psp_reason *reterr_reason)
{
    uint64_t end_ms = psp_progress_clock_ms() + PSP_KAFKA_WAIT_MS;
    while (partitions > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, POLL_MS);
        const uint64_t now_ms = psp_progress_clock_ms();
        if (message == NULL && now_ms > end_ms)
            return no(kafka, "no answer to what is in it", reterr_reason);
        if (message == NULL)
            continue;
        end_ms = now_ms + PSP_KAFKA_WAIT_MS;
        const rd_kafka_resp_err_t error = message->err;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            take(context, message->key, message->key_len);
        partitions -= error == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        rd_kafka_message_destroy(message);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
            error != RD_KAFKA_RESP_ERR__TRANSPORT)
            return no(kafka, rd_kafka_err2str(error), reterr_reason);
    }
    return PSP_OK;
}

enum psp_status psp_kafka_keys(struct psp_kafka *kafka,
                               void (*take)(void *context, const char *key, size_t bytes),
                               void *context, struct psp_reason *reterr_reason)
{
    static const char *const settings[][2] = {
        {"group.id", "psephos-generate"}, /* needed, and not used: nothing is committed */
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", "50"},
        {"auto.offset.reset", "earliest"},
        {"isolation.level", "read_uncommitted"},
    };
    char error[ERROR_BYTES] = "";
    int32_t partitions = 0;
    enum psp_status status = partitions_of(kafka, &partitions, reterr_reason);
    if (status != PSP_OK)
        return status;
    rd_kafka_t *consumer =
        make(kafka, RD_KAFKA_CONSUMER, settings, sizeof settings / sizeof *settings, error);
    if (consumer == NULL)
        return no(kafka, error, reterr_reason);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, kafka->topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    const rd_kafka_resp_err_t assigned = rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    status = assigned == RD_KAFKA_RESP_ERR_NO_ERROR
                 ? read_all(kafka, consumer, partitions, take, context, reterr_reason)
                 : no(kafka, rd_kafka_err2str(assigned), reterr_reason);
    rd_kafka_destroy(consumer);
    return status;
}

/* ---- sending ---- */

static enum psp_status judge(const struct psp_kafka *kafka, struct psp_reason *reterr_reason)
{
    return kafka->failed[0] == '\0' ? PSP_OK : no(kafka, kafka->failed, reterr_reason);
}

enum psp_status psp_kafka_send(struct psp_kafka *kafka, const char *key, const char *value,
                               size_t value_bytes, struct psp_reason *reterr_reason)
{
    for (;;) {
        const rd_kafka_resp_err_t error = rd_kafka_producev(
            kafka->producer, RD_KAFKA_V_TOPIC(kafka->topic),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, strlen(key)),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_bytes), RD_KAFKA_V_END);
        rd_kafka_poll(kafka->producer, error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? POLL_MS : 0);
        const enum psp_status status = judge(kafka, reterr_reason);
        if (status != PSP_OK || error == RD_KAFKA_RESP_ERR_NO_ERROR)
            return status;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return no(kafka, rd_kafka_err2str(error), reterr_reason);
    }
}

enum psp_status psp_kafka_flush(struct psp_kafka *kafka, struct psp_reason *reterr_reason)
{
    /* Each message has its own time limit, after which it has failed. */
    while (rd_kafka_flush(kafka->producer, POLL_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT &&
           kafka->failed[0] == '\0')
        ;
    return judge(kafka, reterr_reason);
}
