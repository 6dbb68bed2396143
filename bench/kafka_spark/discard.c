/* What a broker and librdkafka cost alone: every message of a topic is read and thrown away.
 * Prints one JSON object: messages, bytes, seconds from the first to the last, CPU. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { WAIT_MS = 60000, PARTITIONS_MAX = 256 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "discard: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *connect_to(const char *brokers)
{
    const char *const settings[][2] = {{"bootstrap.servers", brokers},
                                       {"group.id", "discard"},
                                       {"enable.auto.commit", "false"},
                                       {"isolation.level", "read_committed"},
                                       {"socket.nagle.disable", "true"}};
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error) !=
            RD_KAFKA_CONF_OK)
            die(settings[i][0], error);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!kafka)
        die(brokers, error);
    rd_kafka_poll_set_consumer(kafka);
    return kafka;
}

/* All partitions from their beginnings; how many messages there are. */
static int64_t begin(rd_kafka_t *kafka, const char *topic, int partitions)
{
    int64_t count = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++) {
        int64_t low = 0, high = 0;
        const rd_kafka_resp_err_t error =
            rd_kafka_query_watermark_offsets(kafka, topic, i, &low, &high, WAIT_MS);
        if (error)
            die(topic, rd_kafka_err2str(error));
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = low;
        count += high - low;
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(kafka, list);
    if (error)
        die(topic, rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage", "discard BROKERS TOPIC PARTITIONS");
    const int partitions = atoi(argv[3]);
    if (partitions < 1 || partitions > PARTITIONS_MAX)
        die("partitions", argv[3]);
    rd_kafka_t *kafka = connect_to(argv[1]);
    const int64_t wanted = begin(kafka, argv[2], partitions);
    int64_t n = 0;
    uint64_t bytes = 0;
    double first = 0;
    while (n < wanted) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, WAIT_MS);
        if (!message || message->err)
            die(argv[2], message ? rd_kafka_message_errstr(message) : "no message for a minute");
        if (n++ == 0)
            first = now_s();
        bytes += message->len;
        rd_kafka_message_destroy(message);
    }
    const double seconds = now_s() - first;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    const double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"messages\":%" PRId64 ",\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"cpu\":%.3f}\n", n,
           bytes, seconds, cpu);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return 0;
}
