/* A reader against librdkafka's mock cluster: it serves its group when there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "bridge/core/marks.h"
#include "bridge/kafka_in/group/reader.h"

enum { MESSAGES = PSP_BRIDGE_MARKS_OPEN_MAX + 10, WAIT_MS = 30000 };

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *mock;
static struct psp_bridge_stats stats;
static struct psp_bridge_kafka_in_config config;
static uint32_t generation;
static int wake_fd;

static int produce_all(void **state)
{
    (void)state;
    for (int i = 0; i < MESSAGES;) {
        const rd_kafka_resp_err_t error =
            rd_kafka_producev(host, RD_KAFKA_V_TOPIC("votes"), RD_KAFKA_V_PARTITION(0),
                              RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END);
        i += error == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_poll(host, error ? 10 : 0);
    }
    return rd_kafka_flush(host, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1;
}

static struct psp_bridge_reader *make(const char *group)
{
    struct psp_reason reason = {0};
    struct psp_bridge_reader *reader = NULL;
    const struct psp_bridge_reader_options options = {.config = &config,
                                                      .group = group,
                                                      .wake_fd = wake_fd,
                                                      .stats = &stats,
                                                      .generation = &generation};
    if (psp_bridge_reader_create(&options, &reader, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
    return reader;
}

/* Takes what there is, and nothing becomes final. True: there was no room. */
static bool turn(struct psp_bridge_reader *reader)
{
    psp_bridge_reader_turn(reader, psp_clock_ms());
    for (rd_kafka_message_t *one; (one = psp_bridge_reader_next(reader, true));) {
        struct psp_bridge_ticket ticket;
        const enum psp_status status = psp_bridge_reader_take(reader, one, &ticket);
        rd_kafka_message_destroy(one);
        if (status == PSP_EBUSY)
            return true;
    }
    return false;
}

static void one_without_room_gives_up_what_the_group_wants(void **state)
{
    (void)state;
    struct psp_bridge_reader *full = make("full"), *other = NULL;
    uint64_t end_ms = psp_clock_ms() + WAIT_MS;
    while (!turn(full)) {
        assert_true(psp_clock_ms() < end_ms);
        usleep(1000);
    }
    assert_int_equal(psp_bridge_reader_open(full), PSP_BRIDGE_MARKS_OPEN_MAX);
    other = make("full");
    end_ms = psp_clock_ms() + WAIT_MS;
    while (!psp_bridge_reader_giving_up(full)) {
        if (psp_clock_ms() > end_ms)
            fail_msg("the group waits for it");
        turn(full);
        psp_bridge_reader_turn(other, psp_clock_ms());
        assert_null(psp_bridge_reader_next(other, false));
        usleep(1000);
    }
    const uint32_t round = psp_bridge_reader_round(full);
    psp_bridge_reader_give_up(full);
    assert_int_not_equal(psp_bridge_reader_round(full), round);
    psp_bridge_reader_destroy(&full);
    psp_bridge_reader_destroy(&other);
}

static void one_that_leaves_passes_over_what_was_fetched(void **state)
{
    (void)state;
    struct psp_bridge_reader *reader = make("late");
    const uint64_t end_ms = psp_clock_ms() + WAIT_MS;
    rd_kafka_message_t *one = NULL;
    while (!one) {
        assert_true(psp_clock_ms() < end_ms);
        psp_bridge_reader_turn(reader, psp_clock_ms());
        one = psp_bridge_reader_next(reader, true);
        usleep(1000);
    }
    rd_kafka_message_destroy(one);
    usleep(500000); /* more comes */
    psp_bridge_reader_destroy(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_leaves_passes_over_what_was_fetched),
        cmocka_unit_test(one_without_room_gives_up_what_the_group_wants),
    };
    char error[256];
    host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    mock = host ? rd_kafka_mock_cluster_new(host, 1) : NULL;
    if (!mock || rd_kafka_mock_topic_create(mock, "votes", 1, 1) != 0)
        return 1;
    rd_kafka_brokers_add(host, rd_kafka_mock_cluster_bootstraps(mock));
    json_t *settings =
        json_pack("{s:s}", "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock));
    config = (struct psp_bridge_kafka_in_config){
        .settings = settings, .topics = {"votes"}, .topic_count = 1};
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    psp_bridge_stats_start(&stats);
    const int failed = cmocka_run_group_tests(tests, produce_all, NULL);
    psp_bridge_stats_end(&stats);
    close(wake_fd);
    json_decref(settings);
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(host);
    return failed;
}
