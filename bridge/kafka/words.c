/* One table: an error, and what a person does about it. */
#include "bridge/kafka/words.h"

#include <stdio.h>

struct advice {
    rd_kafka_resp_err_t error;
    const char *text;
};

static const struct advice advices[] = {
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
     "no broker answers; the bridge goes on by itself when one does"},
    {RD_KAFKA_RESP_ERR__TRANSPORT,
     "the connection broke; the bridge goes on by itself when it is back"},
    {RD_KAFKA_RESP_ERR__RESOLVE,
     "the host's name is not known here: see bootstrap.servers in the bridge's file, and the "
     "brokers' advertised.listeners"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION,
     "the broker does not take this name and password: see sasl.username and sasl.password_file; "
     "SCRAM with brokers of Kafka 4 wants librdkafka 2.6.1 or newer"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
     "the broker does not take this name and password: see sasl.username and sasl.password_file; "
     "SCRAM with brokers of Kafka 4 wants librdkafka 2.6.1 or newer"},
    {RD_KAFKA_RESP_ERR__SSL,
     "TLS failed: see ssl.ca.location, and ssl.certificate.location where the broker asks for "
     "one"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
     "there is no such topic (yet): make it, or mend its name in the bridge's file"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
     "there is no such topic (yet): make it, or mend its name in the bridge's file"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "there is no such partition (yet)"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
     "this user may not use the topic: ask for its rights (ACLs)"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
     "this user may not use the group: ask for rights (ACLs) to every group that begins with its "
     "name, since the sum of epochs stands behind it"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
     "this user may not do that: ask for its rights (ACLs)"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
     "this user may not write in transactions under this ID: ask for its rights (ACLs)"},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
     "the message is larger than the topic takes: raise its max.message.bytes, and "
     "message.max.bytes in settings"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "the broker did not take it in time"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
     "fewer of the topic's replicas are there than it asks for (min.insync.replicas)"},
    {RD_KAFKA_RESP_ERR__FENCED,
     "another bridge of this name has taken over: end one of the two, or give it another name"},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
     "another bridge of this name has taken over: end one of the two, or give it another name"},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
     "another bridge of this name has taken over: end one of the two, or give it another name"},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
     "the bridge was too slow for its group and was put out of it; it joins again"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
     "the group has other members, or this one was put out of it"},
};

static const struct advice *find(rd_kafka_resp_err_t error)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (advices[i].error == error)
            return &advices[i];
    return NULL;
}

const char *psp_bridge_kafka_words(rd_kafka_resp_err_t error, const char *what, const char *detail,
                                   char *ret_text, size_t size)
{
    const struct advice *advice = find(error);
    const char *text = advice ? advice->text : rd_kafka_err2str(error);
    if (detail && *detail)
        snprintf(ret_text, size, "%s: %s (%s)", what, text, detail);
    else
        snprintf(ret_text, size, "%s: %s", what, text);
    return ret_text;
}
