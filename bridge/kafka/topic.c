/* DescribeConfigs, with an answer that is waited for. */
#include "bridge/kafka/topic.h"

#include <stdio.h>
#include <string.h>

#include "bridge/kafka/words.h"

static enum psp_status status_of(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return PSP_ENOENT;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return PSP_EPERM;
    default:
        return PSP_EUNREACHABLE;
    }
}

static enum psp_status refuse(rd_kafka_resp_err_t error, const char *topic, const char *detail,
                              struct psp_reason *reterr_reason)
{
    char text[PSP_REASON_TEXT_BYTES];
    psp_reason_set(reterr_reason, "%s",
                   psp_bridge_kafka_words(error, topic, detail, text, sizeof text));
    return status_of(error);
}

enum psp_status psp_bridge_kafka_topic_answer(rd_kafka_event_t *event, const char *topic,
                                              const char *name, char *ret_value, size_t size,
                                              struct psp_reason *reterr_reason)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t resources = 0, entries = 0;
    if (rd_kafka_event_error(event))
        return refuse(rd_kafka_event_error(event), topic, rd_kafka_event_error_string(event),
                      reterr_reason);
    const rd_kafka_ConfigResource_t **resource =
        rd_kafka_DescribeConfigs_result_resources(result, &resources);
    if (resources != 1)
        return refuse(RD_KAFKA_RESP_ERR__BAD_MSG, topic, NULL, reterr_reason);
    if (rd_kafka_ConfigResource_error(resource[0]))
        return refuse(rd_kafka_ConfigResource_error(resource[0]), topic,
                      rd_kafka_ConfigResource_error_string(resource[0]), reterr_reason);
    const rd_kafka_ConfigEntry_t **entry = rd_kafka_ConfigResource_configs(resource[0], &entries);
    for (size_t i = 0; i < entries; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entry[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entry[i]), name) == 0 && value) {
            snprintf(ret_value, size, "%s", value);
            return PSP_OK;
        }
    }
    psp_reason_set(reterr_reason, "%s: the broker does not tell its %s", topic, name);
    return PSP_ENOENT;
}

void psp_bridge_kafka_topic_ask(rd_kafka_t *client, const char *topic, int timeout_ms,
                                rd_kafka_queue_t *queue)
{
    char error[64];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, error, sizeof error);
    rd_kafka_DescribeConfigs(client, &resource, 1, options, queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_AdminOptions_destroy(options);
}
