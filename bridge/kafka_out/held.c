/* A reader without a group: nothing of it stays on the brokers. */
#include "bridge/kafka_out/held.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/kafka/settings.h"
#include "bridge/kafka_out/refusal.h"

enum { STEP_MS = 500, PATIENCE_MS = 15000, FIRST_BACK = 64, TIMES_BACK = 16 };

struct looking {
    rd_kafka_topic_t *topic;
    const char *name, *bridge;
    struct psp_bridge_stop *stop;
    bool found;
    struct psp_bridge_vector held;
};

static enum psp_status take(struct looking *looking, const rd_kafka_message_t *message,
                            struct psp_reason *reterr)
{
    static const char key[] = PSP_KAFKA_HELD_KEY;
    if (message->key_len != sizeof key - 1 || memcmp(message->key, key, sizeof key - 1) != 0)
        return PSP_OK;
    json_t *value = json_loadb(message->payload, message->len, 0, NULL);
    const bool good = psp_bridge_vector_read(json_object_get(value, "version"), &looking->held);
    const char *writer = json_string_value(json_object_get(value, "bridge"));
    const bool ours = writer && strcmp(writer, looking->bridge) == 0;
    looking->found = looking->found || good;
    if (!good)
        psp_reason_set(reterr,
                       "%s: its record \"%s\" at offset %lld is not a bridge's: the topic is "
                       "somebody else's, name another",
                       looking->name, key, (long long)message->offset);
    else if (!ours)
        psp_reason_set(reterr,
                       "%s: written by the bridge \"%.31s\", and nothing would hold two of "
                       "different names apart: name another results_topic, or, where that bridge "
                       "has ended for good, give this one its name",
                       looking->name, writer ? writer : "?");
    json_decref(value);
    return good && ours ? PSP_OK : PSP_EINVAL;
}

/* From there to the end; the last one found counts. */
static enum psp_status read_on(struct looking *looking, int64_t from, struct psp_reason *reterr)
{
    uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
    enum psp_status status = PSP_OK;
    bool at_end = false;
    if (rd_kafka_consume_start(looking->topic, 0, from) != 0)
        return psp_kafka_refuse(rd_kafka_last_error(), looking->name, NULL, reterr);
    while (status == PSP_OK && !at_end) {
        rd_kafka_message_t *message = rd_kafka_consume(looking->topic, 0, STEP_MS);
        if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            at_end = true;
        else if (message && message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            status = psp_kafka_refuse(message->err, looking->name, rd_kafka_message_errstr(message),
                                      reterr);
        else if (message)
            status = take(looking, message, reterr);
        else if (psp_clock_ms() >= end_ms || psp_bridge_stop_asked(looking->stop))
            status = psp_kafka_refuse(
                RD_KAFKA_RESP_ERR__TIMED_OUT, looking->name,
                "reading its end; a transaction of another writer may be open", reterr);
        if (message) {
            end_ms = psp_clock_ms() + PATIENCE_MS;
            rd_kafka_message_destroy(message);
        }
    }
    rd_kafka_consume_stop(looking->topic, 0);
    return status;
}

static enum psp_status look_back(struct looking *looking, rd_kafka_t *client,
                                 struct psp_reason *reterr)
{
    int64_t low = 0, high = 0;
    const rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(client, looking->name, 0, &low, &high, PATIENCE_MS / 3);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return psp_kafka_refuse(code, looking->name, NULL, reterr);
    enum psp_status status = PSP_OK;
    int64_t from = high;
    for (int64_t back = FIRST_BACK; status == PSP_OK && !looking->found && from > low;
         back *= TIMES_BACK) {
        from = high - back > low ? high - back : low;
        status = read_on(looking, from, reterr);
    }
    return status;
}

enum psp_status psp_kafka_held_read(const json_t *settings, const char *topic, const char *name,
                                    struct psp_bridge_stop *stop,
                                    struct psp_bridge_vector *ret_held,
                                    struct psp_reason *reterr_reason)
{
    static const struct psp_bridge_kafka_own own[] = {
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    rd_kafka_t *client;
    enum psp_status status = psp_bridge_kafka_make(settings, own, &conf, reterr_reason);
    if (status == PSP_OK)
        status = psp_bridge_kafka_open(RD_KAFKA_CONSUMER, conf, &client, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct looking looking = {.name = topic, .bridge = name, .stop = stop};
    looking.topic = rd_kafka_topic_new(client, topic, NULL);
    status = look_back(&looking, client, reterr_reason);
    rd_kafka_topic_destroy(looking.topic);
    rd_kafka_destroy(client);
    if (status == PSP_OK)
        *ret_held = looking.held;
    return status;
}
