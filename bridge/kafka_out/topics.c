/* Each request goes out once; its answer is waited for on a queue of its own. */
#include "bridge/kafka_out/topics.h"

#include <string.h>

#include "base/system/clock.h"
#include "bridge/kafka/topic.h"
#include "bridge/kafka_out/refusal.h"

enum { STEP_MS = 500, PATIENCE_MS = 15000, REQUEST_MS = 5000 };

/* NULL: none in time, or the process is to end; with a reason. */
static rd_kafka_event_t *wait(rd_kafka_queue_t *queue, const char *topic,
                              struct psp_bridge_stop *stop, struct psp_reason *reterr)
{
    const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
    rd_kafka_event_t *event = NULL;
    while (!event && psp_clock_ms() < end_ms && !psp_bridge_stop_asked(stop))
        event = rd_kafka_queue_poll(queue, STEP_MS);
    if (!event)
        psp_kafka_refuse(RD_KAFKA_RESP_ERR__TIMED_OUT, topic, NULL, reterr);
    return event;
}

/* That it exists already, or that it must be made by somebody else, is found out next. */
static enum psp_status make(rd_kafka_t *client, rd_kafka_queue_t *queue, const char *topic,
                            bool compacted, struct psp_bridge_stop *stop, struct psp_reason *reterr)
{
    char error[256];
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, 1, -1, error, sizeof error);
    if (!made) {
        psp_reason_set(reterr, "%s: %s", topic, error);
        return PSP_EINVAL;
    }
    rd_kafka_NewTopic_set_config(made, "cleanup.policy", compacted ? "compact" : "delete");
    if (!compacted) /* a count at rest is still shown next week */
        rd_kafka_NewTopic_set_config(made, "retention.ms", "-1");
    rd_kafka_CreateTopics(client, &made, 1, NULL, queue);
    rd_kafka_NewTopic_destroy(made);
    rd_kafka_event_t *event = wait(queue, topic, stop, reterr);
    if (!event)
        return PSP_EAGAIN;
    enum psp_status status = PSP_OK;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = psp_kafka_refuse(rd_kafka_event_error(event), topic,
                                  rd_kafka_event_error_string(event), reterr);
    rd_kafka_event_destroy(event);
    return status;
}

static enum psp_status check_policy(rd_kafka_t *client, rd_kafka_queue_t *queue, const char *topic,
                                    bool compacted, struct psp_bridge_stop *stop,
                                    struct psp_reason *reterr)
{
    char policy[64];
    const char *wanted = compacted ? "compact" : "delete";
    psp_bridge_kafka_topic_ask(client, topic, PATIENCE_MS, queue);
    rd_kafka_event_t *event = wait(queue, topic, stop, reterr);
    if (!event)
        return PSP_EAGAIN;
    const enum psp_status status = psp_bridge_kafka_topic_answer(event, topic, "cleanup.policy",
                                                                 policy, sizeof policy, reterr);
    rd_kafka_event_destroy(event);
    if (status != PSP_OK || strcmp(policy, wanted) == 0)
        return status;
    psp_reason_set(reterr,
                   "%s: its cleanup.policy is %s, and must be %s, since %s: change it "
                   "(kafka-configs.sh --alter --topic %s --add-config cleanup.policy=%s), or name "
                   "another topic",
                   topic, policy, wanted,
                   compacted ? "the newest record of every key must stay"
                             : "older records are deleted by offset",
                   topic, wanted);
    return PSP_EPERM;
}

static enum psp_status check_partitions(rd_kafka_t *client, const char *topic,
                                        struct psp_reason *reterr)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, handle, &metadata, REQUEST_MS);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return psp_kafka_refuse(code, topic, NULL, reterr);
    enum psp_status status = PSP_OK;
    const rd_kafka_resp_err_t of_topic = metadata->topics[0].err;
    const int n = metadata->topics[0].partition_cnt;
    if (of_topic != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status = psp_kafka_refuse(of_topic, topic, NULL, reterr);
    } else if (n != 1) {
        psp_reason_set(reterr,
                       "%s: it has %d partitions, and must have 1, since its readers take the "
                       "records in their order: delete it (the bridge makes it anew), or name "
                       "another topic",
                       topic, n);
        status = PSP_EPERM;
    }
    rd_kafka_metadata_destroy(metadata);
    return status;
}

enum psp_status psp_kafka_topic_ready(rd_kafka_t *client, const char *topic, bool compacted,
                                      struct psp_bridge_stop *stop,
                                      struct psp_reason *reterr_reason)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    enum psp_status status = make(client, queue, topic, compacted, stop, reterr_reason);
    if (status == PSP_OK)
        status = check_policy(client, queue, topic, compacted, stop, reterr_reason);
    rd_kafka_queue_destroy(queue);
    return status == PSP_OK ? check_partitions(client, topic, reterr_reason) : status;
}

enum psp_status psp_kafka_topic_trim(rd_kafka_t *client, const char *topic, int64_t offset,
                                     struct psp_bridge_stop *stop, struct psp_reason *reterr_reason)
{
    rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, topic, 0)->offset = offset;
    rd_kafka_DeleteRecords_t *asked = rd_kafka_DeleteRecords_new(before);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteRecords(client, &asked, 1, NULL, queue);
    rd_kafka_DeleteRecords_destroy(asked);
    rd_kafka_event_t *event = wait(queue, topic, stop, reterr_reason);
    rd_kafka_queue_destroy(queue);
    if (!event)
        return PSP_EAGAIN;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_topic_partition_list_t *done =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        code = done->cnt == 1 ? done->elems[0].err : RD_KAFKA_RESP_ERR__BAD_MSG;
    }
    const enum psp_status status =
        code == RD_KAFKA_RESP_ERR_NO_ERROR
            ? PSP_OK
            : psp_kafka_refuse(code, topic, "deleting what is older", reterr_reason);
    rd_kafka_event_destroy(event);
    return status;
}
