/* The writer and what it left behind, on librdkafka's mock cluster: brokers in this process that
 * know transactions and epochs, but neither isolation nor DeleteRecords (tests/bridges has). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/kafka_out/held.h"
#include "bridge/kafka_out/writer.h"

#define RESULTS "psephos.results"
#define SETS "aggregated_votes_per_candidate"
#define CLUSTER "07e9e61d11b8a2c55102241df7e47c23"

enum { END_TRANSACTION = 26, PRODUCE = 0 }; /* Kafka's numbers of requests */

struct brokers {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    json_t *settings;
    struct psp_bridge_stop stop;
};

static int start(void **state)
{
    static struct brokers brokers;
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error);
    brokers.host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    brokers.cluster = rd_kafka_mock_cluster_new(brokers.host, 1);
    rd_kafka_mock_topic_create(brokers.cluster, RESULTS, 1, 1);
    rd_kafka_mock_topic_create(brokers.cluster, SETS, 1, 1);
    brokers.settings = json_pack("{s:s, s:i}", "bootstrap.servers",
                                 rd_kafka_mock_cluster_bootstraps(brokers.cluster),
                                 "topic.metadata.refresh.interval.ms", 5000);
    psp_bridge_stop_start(&brokers.stop);
    *state = &brokers;
    return 0;
}

static int end(void **state)
{
    struct brokers *brokers = *state;
    psp_bridge_stop_end(&brokers->stop);
    json_decref(brokers->settings);
    rd_kafka_mock_cluster_destroy(brokers->cluster);
    rd_kafka_destroy(brokers->host);
    return 0;
}

static struct psp_kafka_writer *open_writer(struct brokers *brokers, const char *name)
{
    struct psp_kafka_writer *writer = NULL;
    struct psp_reason reason = {0};
    if (psp_kafka_writer_open(brokers->settings, name, NULL, &brokers->stop, &writer, &reason) !=
        PSP_OK)
        fail_msg("%s", reason.text);
    return writer;
}

static enum psp_status put(struct psp_kafka_writer *writer, const char *topic, const char *key,
                           const char *value, int64_t *first, struct psp_reason *reason)
{
    const struct psp_kafka_message message = {.topic = topic,
                                              .key = key,
                                              .key_bytes = strlen(key),
                                              .value = value,
                                              .value_bytes = value ? strlen(value) : 0,
                                              .first_offset = first};
    return psp_kafka_writer_send(writer, &message, reason);
}

static void begin(struct psp_kafka_writer *writer)
{
    struct psp_reason reason = {0};
    if (psp_kafka_writer_begin(writer, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
}

static void sent(struct psp_kafka_writer *writer, const char *topic, const char *key,
                 const char *value, int64_t *first)
{
    struct psp_reason reason = {0};
    if (put(writer, topic, key, value, first, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
}

static void commit(struct psp_kafka_writer *writer)
{
    struct psp_reason reason = {0};
    if (psp_kafka_writer_commit(writer, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
}

/* A transaction that says it holds the shard 0 up to that index. */
static enum psp_status hold(struct psp_kafka_writer *writer, uint64_t index,
                            struct psp_reason *reason)
{
    char value[256];
    snprintf(value, sizeof value,
             "{\"kind\":\"version\",\"bridge\":\"page\",\"version\":{\"cluster\":\"" CLUSTER
             "\",\"shards\":[{"
             "\"shard\":0,\"epoch\":1,\"index\":%llu}]}}",
             (unsigned long long)index);
    enum psp_status status = psp_kafka_writer_begin(writer, reason);
    if (status == PSP_OK)
        status = put(writer, RESULTS, "president/vt/", "{}", NULL, reason);
    if (status == PSP_OK)
        status = put(writer, RESULTS, PSP_KAFKA_HELD_KEY, value, NULL, reason);
    return status == PSP_OK ? psp_kafka_writer_commit(writer, reason) : status;
}

static uint64_t held(struct brokers *brokers)
{
    struct psp_bridge_vector vector = {0};
    struct psp_reason reason = {0};
    if (psp_kafka_held_read(brokers->settings, RESULTS, "page", &brokers->stop, &vector, &reason) !=
        PSP_OK)
        fail_msg("%s", reason.text);
    return vector.count == 1 ? vector.places[0].index : 0;
}

static void what_was_committed_last_is_held(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    assert_int_equal(held(brokers), 0);
    struct psp_kafka_writer *writer = open_writer(brokers, "held");
    assert_int_equal(hold(writer, 5, &reason), PSP_OK);
    assert_int_equal(hold(writer, 9, &reason), PSP_OK);
    assert_int_equal(held(brokers), 9);
    /* Far from the end, too. */
    begin(writer);
    for (int i = 0; i < 3000; i++)
        sent(writer, RESULTS, "president/vt/", "{}", NULL);
    commit(writer);
    assert_int_equal(held(brokers), 9);
    psp_kafka_writer_close(&writer);
}

static void a_set_knows_where_it_begins(void **state)
{
    struct brokers *brokers = *state;
    struct psp_kafka_writer *writer = open_writer(brokers, "sets");
    for (int64_t round = 0; round < 2; round++) {
        int64_t first = INT64_MAX;
        begin(writer);
        for (int i = 0; i < 3; i++)
            sent(writer, SETS, "ann", "{}", &first);
        commit(writer);
        assert_int_equal(first, 3 * round);
    }
    psp_kafka_writer_close(&writer);
}

static void a_broker_that_is_busy_is_asked_again(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    struct psp_kafka_writer *writer = open_writer(brokers, "busy");
    rd_kafka_mock_push_request_errors(brokers->cluster, END_TRANSACTION, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    rd_kafka_mock_push_request_errors(brokers->cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    assert_int_equal(hold(writer, 11, &reason), PSP_OK);
    assert_int_equal(held(brokers), 11);
    psp_kafka_writer_close(&writer);
}

static void whoever_is_fenced_is_told_so_for_good(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    struct psp_kafka_writer *writer = open_writer(brokers, "fenced");
    rd_kafka_mock_push_request_errors(brokers->cluster, END_TRANSACTION, 1,
                                      RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    assert_int_equal(hold(writer, 13, &reason), PSP_EPERM);
    assert_non_null(strstr(reason.text, "another bridge of this name has taken over"));
    assert_true(psp_kafka_writer_is_broken(writer));
    psp_kafka_writer_close(&writer);
}

static void a_writer_that_the_library_gave_up_is_made_anew(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    struct psp_kafka_writer *writer = open_writer(brokers, "anew");
    rd_kafka_test_fatal_error(psp_kafka_writer_client(writer),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as 2.0.2 may");
    assert_int_equal(hold(writer, 15, &reason), PSP_EAGAIN);
    assert_true(psp_kafka_writer_is_broken(writer));
    psp_kafka_writer_close(&writer);
    writer = open_writer(brokers, "anew");
    assert_int_equal(hold(writer, 17, &reason), PSP_OK);
    assert_int_equal(held(brokers), 17);
    psp_kafka_writer_close(&writer);
}

static void what_a_bridge_of_another_name_wrote_is_left_alone(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    struct psp_bridge_vector vector = {0};
    struct psp_kafka_writer *writer = open_writer(brokers, "page");
    assert_int_equal(hold(writer, 19, &reason), PSP_OK);
    assert_int_equal(
        psp_kafka_held_read(brokers->settings, RESULTS, "front", &brokers->stop, &vector, &reason),
        PSP_EINVAL);
    assert_non_null(strstr(reason.text, "written by the bridge \"page\""));
    assert_int_equal(held(brokers), 19);
    psp_kafka_writer_close(&writer);
}

static void somebody_elses_record_is_not_taken_for_ours(void **state)
{
    struct brokers *brokers = *state;
    struct psp_reason reason = {0};
    struct psp_bridge_vector vector = {0};
    struct psp_kafka_writer *writer = open_writer(brokers, "other");
    begin(writer);
    sent(writer, RESULTS, PSP_KAFKA_HELD_KEY, "2", NULL);
    commit(writer);
    assert_int_equal(
        psp_kafka_held_read(brokers->settings, RESULTS, "page", &brokers->stop, &vector, &reason),
        PSP_EINVAL);
    assert_non_null(strstr(reason.text, "is not a bridge's"));
    psp_kafka_writer_close(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_last_is_held),
        cmocka_unit_test(a_set_knows_where_it_begins),
        cmocka_unit_test(a_broker_that_is_busy_is_asked_again),
        cmocka_unit_test(whoever_is_fenced_is_told_so_for_good),
        cmocka_unit_test(a_writer_that_the_library_gave_up_is_made_anew),
        cmocka_unit_test(what_a_bridge_of_another_name_wrote_is_left_alone),
        cmocka_unit_test(somebody_elses_record_is_not_taken_for_ours),
    };
    return cmocka_run_group_tests(tests, start, end);
}
