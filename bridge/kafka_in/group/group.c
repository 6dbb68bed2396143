/* Offsets are committed from outside, which brokers take for a group without members only. */
#include "bridge/kafka_in/group/group.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "bridge/kafka/settings.h"
#include "bridge/kafka/words.h"

enum { CALL_MS = 10000 };

void psp_bridge_group_name(const struct psp_bridge_kafka_in_config *config,
                           const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint64_t epochs,
                           char ret_group[PSP_BRIDGE_GROUP_BYTES])
{
    snprintf(ret_group, PSP_BRIDGE_GROUP_BYTES, "%.250s-%02x%02x%02x%02x-%" PRIu64, config->group,
             cluster_id[0], cluster_id[1], cluster_id[2], cluster_id[3], epochs);
}

static enum psp_status refuse(rd_kafka_resp_err_t error, const char *what,
                              struct psp_reason *reterr_reason)
{
    char text[PSP_REASON_TEXT_BYTES];
    psp_reason_set(reterr_reason, "%s",
                   psp_bridge_kafka_words(error, what, NULL, text, sizeof text));
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return PSP_ENOENT;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return PSP_EPERM;
    default:
        return PSP_EUNREACHABLE;
    }
}

static enum psp_status busy(const char *group, struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason,
                   "a bridge reads as one of the group %s: end every bridge of it first", group);
    return PSP_EBUSY;
}

/* A broker that cannot say (an old one) refuses the commit itself. */
static enum psp_status look_for_members(rd_kafka_t *client, const char *group,
                                        struct psp_reason *reterr_reason)
{
    const struct rd_kafka_group_list *list = NULL;
    bool has_members = false;
    if (rd_kafka_list_groups(client, group, &list, CALL_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return PSP_OK;
    for (int i = 0; i < list->group_cnt; i++)
        has_members = has_members || list->groups[i].member_cnt > 0;
    rd_kafka_group_list_destroy(list);
    return has_members ? busy(group, reterr_reason) : PSP_OK;
}

static enum psp_status add_partitions(rd_kafka_t *client, const char *topic,
                                      rd_kafka_topic_partition_list_t *list,
                                      struct psp_reason *reterr_reason)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    rd_kafka_resp_err_t error =
        handle ? rd_kafka_metadata(client, 0, handle, &metadata, CALL_MS) : rd_kafka_last_error();
    if (!error)
        error = metadata && metadata->topic_cnt == 1 ? metadata->topics[0].err
                                                     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    for (int p = 0; !error && p < metadata->topics[0].partition_cnt; p++) {
        int64_t low = 0, high = 0;
        const int32_t partition = metadata->topics[0].partitions[p].id;
        error = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, CALL_MS);
        rd_kafka_topic_partition_list_add(list, topic, partition)->offset = low;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (handle)
        rd_kafka_topic_destroy(handle);
    return error ? refuse(error, topic, reterr_reason) : PSP_OK;
}

static enum psp_status reset(rd_kafka_t *client, const struct psp_bridge_kafka_in_config *config,
                             const char *group, rd_kafka_topic_partition_list_t *list,
                             struct psp_reason *reterr_reason)
{
    enum psp_status status = look_for_members(client, group, reterr_reason);
    for (uint32_t i = 0; i < config->topic_count && status == PSP_OK; i++)
        status = add_partitions(client, config->topics[i], list, reterr_reason);
    if (status != PSP_OK)
        return status;
    const rd_kafka_resp_err_t error = rd_kafka_commit(client, list, 0);
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
        error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
        error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        return busy(group, reterr_reason);
    return error ? refuse(error, group, reterr_reason) : PSP_OK;
}

enum psp_status psp_bridge_group_reset(const struct psp_bridge_kafka_in_config *config,
                                       const char *group, uint32_t *ret_partitions,
                                       struct psp_reason *reterr_reason)
{
    const struct psp_bridge_kafka_own own[] = {
        {"group.id", group}, {"enable.auto.commit", "false"}, {NULL, NULL}};
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    enum psp_status status = psp_bridge_kafka_make(config->settings, own, &conf, reterr_reason);
    if (status == PSP_OK)
        status = psp_bridge_kafka_open(RD_KAFKA_CONSUMER, conf, &client, reterr_reason);
    if (status != PSP_OK)
        return status;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    status = reset(client, config, group, list, reterr_reason);
    if (status == PSP_OK)
        *ret_partitions = (uint32_t)list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
    return status;
}
