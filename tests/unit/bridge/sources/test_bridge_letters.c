/* Dead letters against librdkafka's mock cluster: acknowledged, or told by nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "bridge/kafka_in/letter/letters.h"

enum { LETTERS = 50, PRODUCE = 0, WAIT_MS = 20000 };

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *mock;
static struct psp_bridge_stats stats;
static uint32_t told[LETTERS];
static uint64_t told_count;

static int open_mock(void **state)
{
    char error[256];
    (void)state;
    host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    mock = host ? rd_kafka_mock_cluster_new(host, 1) : NULL;
    memset(told, 0, sizeof told);
    told_count = 0;
    psp_bridge_stats_start(&stats);
    return mock && rd_kafka_mock_topic_create(mock, "dead", 1, 1) == 0 ? 0 : -1;
}

static int close_mock(void **state)
{
    (void)state;
    psp_bridge_stats_end(&stats);
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(host);
    return 0;
}

static void acknowledged(void *context, struct psp_bridge_ticket ticket)
{
    assert_ptr_equal(context, &told);
    told[ticket.sequence]++;
    told_count++;
}

static struct psp_bridge_letters *make(json_t *settings, bool whole)
{
    struct psp_reason reason = {0};
    struct psp_bridge_letters *letters = NULL;
    json_object_set_new(settings, "bootstrap.servers",
                        json_string(rd_kafka_mock_cluster_bootstraps(mock)));
    const struct psp_bridge_letters_options options = {.settings = settings,
                                                       .topic = "dead",
                                                       .whole = whole,
                                                       .stats = &stats,
                                                       .acknowledged = acknowledged,
                                                       .context = &told};
    if (psp_bridge_letters_create(&options, &letters, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
    return letters;
}

static void write_all(struct psp_bridge_letters *letters, struct psp_bytes value)
{
    for (uint64_t i = 0; i < LETTERS; i++) {
        const struct psp_bridge_letter letter = {.topic = "votes",
                                                 .offset = (int64_t)i,
                                                 .rejection = PSP_BRIDGE_REJECTED_INVALID,
                                                 .reason = "",
                                                 .value = value};
        assert_int_equal(
            psp_bridge_letters_write(letters, &letter, (struct psp_bridge_ticket){.sequence = i}),
            PSP_OK);
    }
}

static void wait_for_end(struct psp_bridge_letters *letters)
{
    const uint64_t end_ms = psp_clock_ms() + WAIT_MS;
    while (psp_bridge_letters_open(letters) > 0) {
        if (psp_clock_ms() > end_ms)
            fail_msg("%d told: %s", (int)told_count, psp_bridge_letters_trouble(letters));
        psp_bridge_letters_turn(letters, psp_clock_ms());
        usleep(1000);
    }
    for (int i = 0; i < LETTERS; i++)
        assert_int_equal(told[i], 1);
}

static void wait_for_all(struct psp_bridge_letters *letters)
{
    wait_for_end(letters);
    assert_int_equal(psp_bridge_stat(&stats.letters), LETTERS);
}

static void each_letter_is_told_once_when_a_broker_has_it(void **state)
{
    (void)state;
    json_t *settings = json_object();
    struct psp_bridge_letters *letters = make(settings, false);
    write_all(letters, (struct psp_bytes){0});
    assert_int_equal(told_count, 0);
    wait_for_all(letters);
    assert_string_equal(psp_bridge_letters_trouble(letters), "");
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

static void what_a_broker_refuses_is_sent_again_until_it_does_not(void **state)
{
    (void)state;
    json_t *settings = json_object();
    struct psp_bridge_letters *letters = make(settings, false);
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    write_all(letters, (struct psp_bytes){0});
    wait_for_all(letters);
    assert_true(psp_bridge_stat(&stats.retries) > 0);
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

/* librdkafka's idempotent producer is lost then, and says so. */
static void a_producer_that_failed_for_good_is_made_anew(void **state)
{
    (void)state;
    json_t *settings = json_object();
    struct psp_bridge_letters *letters = make(settings, false);
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    write_all(letters, (struct psp_bytes){0});
    wait_for_all(letters);
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

static void what_is_too_large_is_told_without_the_message(void **state)
{
    (void)state;
    static uint8_t large[4096];
    json_t *settings = json_pack("{s:i}", "message.max.bytes", 2000);
    struct psp_bridge_letters *letters = make(settings, true);
    write_all(letters, (struct psp_bytes){large, sizeof large});
    wait_for_all(letters);
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

/* The broker says it of a batch: by itself each of its letters may fit. */
static void a_batch_that_is_too_large_goes_letter_by_letter(void **state)
{
    (void)state;
    json_t *settings = json_pack("{s:i}", "linger.ms", 200);
    struct psp_bridge_letters *letters = make(settings, false);
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
    write_all(letters, (struct psp_bytes){0});
    wait_for_all(letters);
    assert_int_equal(psp_bridge_stat(&stats.alarms), 0);
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

/* With others, and alone: then the bridge goes on without it. */
static void a_letter_that_no_topic_takes_holds_up_nobody(void **state)
{
    (void)state;
    json_t *settings = json_pack("{s:i}", "linger.ms", 200);
    struct psp_bridge_letters *letters = make(settings, false);
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
    write_all(letters, (struct psp_bytes){0});
    wait_for_end(letters);
    assert_int_equal(psp_bridge_stat(&stats.letters), LETTERS - 1);
    assert_int_equal(psp_bridge_stat(&stats.alarms), 1);
    psp_bridge_letters_destroy(&letters);
    json_decref(settings);
}

static void what_was_not_acknowledged_is_told_by_nobody(void **state)
{
    (void)state;
    json_t *settings = json_object();
    struct psp_bridge_letters *letters = make(settings, false);
    assert_int_equal(rd_kafka_mock_broker_set_down(mock, 1), 0);
    write_all(letters, (struct psp_bytes){0});
    for (int i = 0; i < 100; i++) {
        psp_bridge_letters_turn(letters, psp_clock_ms());
        usleep(2000);
    }
    psp_bridge_letters_destroy(&letters);
    assert_int_equal(told_count, 0);
    json_decref(settings);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, open_mock, close_mock)
    const struct CMUnitTest tests[] = {
        FACT(each_letter_is_told_once_when_a_broker_has_it),
        FACT(what_a_broker_refuses_is_sent_again_until_it_does_not),
        FACT(a_producer_that_failed_for_good_is_made_anew),
        FACT(what_is_too_large_is_told_without_the_message),
        FACT(a_batch_that_is_too_large_goes_letter_by_letter),
        FACT(a_letter_that_no_topic_takes_holds_up_nobody),
        FACT(what_was_not_acknowledged_is_told_by_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
