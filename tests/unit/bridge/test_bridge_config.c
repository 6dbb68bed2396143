/* Every member of bridge.json, and every refusal with its pointer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/config/config.h"

struct files {
    char folder[64], path[96];
    struct psp_reason reason;
    struct psp_bridge_config *config;
};

static int make(void **state)
{
    struct files *files = calloc(1, sizeof *files);
    snprintf(files->folder, sizeof files->folder, "/tmp/psephos-bridge-config-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
    snprintf(files->path, sizeof files->path, "%s/bridge.json", files->folder);
    *state = files;
    return 0;
}

static int drop(void **state)
{
    struct files *files = *state;
    unlink(files->path);
    rmdir(files->folder);
    free(files);
    return 0;
}

static enum psp_status load(struct files *files, struct psp_bridge_places places, const char *text)
{
    FILE *file = fopen(files->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    files->reason = (struct psp_reason){0};
    return psp_bridge_config_load(files->path, places, &files->config, &files->reason);
}

#define HEAD "{\"format\": 1, \"name\": \"page\", \"http_local\": \"127.0.0.1:9464\", "
#define KAFKA "\"settings\": {\"bootstrap.servers\": \"b:9092\", \"linger.ms\": 5}"
#define POSTGRES "\"sink\": {\"postgres\": {\"conninfo\": \"dbname=psephos\"}}"

static const struct psp_bridge_places nowhere = {0};

static void a_postgres_sink_has_its_defaults(void **state)
{
    struct files *files = *state;
    assert_int_equal(load(files, nowhere, HEAD POSTGRES "}"), PSP_OK);
    assert_string_equal(files->config->name, "page");
    assert_string_equal(files->config->http_local, "127.0.0.1:9464");
    assert_int_equal(files->config->api_count, 0);
    assert_int_equal(files->config->kind, PSP_BRIDGE_POSTGRES);
    assert_string_equal(files->config->postgres.conninfo, "dbname=psephos");
    assert_string_equal(files->config->postgres.schema, "psephos");
    assert_null(files->config->postgres.reader);
    psp_bridge_config_destroy(&files->config);
    assert_int_equal(load(files, nowhere,
                          HEAD "\"api\": [\"http://a:1\", \"https://b\"], \"sink\": {\"postgres\": "
                               "{\"conninfo\": \"x\", \"schema\": \"s_1\", \"reader\": \"r\"}}}"),
                     PSP_OK);
    assert_int_equal(files->config->api_count, 2);
    assert_string_equal(files->config->api[1], "https://b");
    assert_string_equal(files->config->postgres.schema, "s_1");
    assert_string_equal(files->config->postgres.reader, "r");
    psp_bridge_config_destroy(&files->config);
}

static void an_opensearch_sink_finds_its_password_beside_the_file(void **state)
{
    struct files *files = *state;
    char wanted[128];
    assert_int_equal(load(files, nowhere,
                          HEAD "\"sink\": {\"opensearch\": {\"url\": \"https://o:9200\", \"user\": "
                               "\"u\", \"password_file\": \"secret/p\"}}}"),
                     PSP_OK);
    snprintf(wanted, sizeof wanted, "%s/secret/p", files->folder);
    assert_int_equal(files->config->kind, PSP_BRIDGE_OPENSEARCH);
    assert_string_equal(files->config->opensearch.prefix, "psephos");
    assert_string_equal(files->config->opensearch.password_file, wanted);
    psp_bridge_config_destroy(&files->config);
}

static void a_kafka_sink_and_a_kafka_source_are_two_doors(void **state)
{
    struct files *files = *state;
    assert_int_equal(load(files, nowhere,
                          HEAD "\"sink\": {\"kafka\": {" KAFKA ", \"results_topic\": \"r\", "
                               "\"contest\": \"president\", \"level\": \"state\", "
                               "\"candidates_topic\": \"c\", \"turnout_topic\": \"t\"}}}"),
                     PSP_OK);
    assert_int_equal(files->config->kind, PSP_BRIDGE_KAFKA_OUT);
    assert_false(psp_bridge_is_source(files->config->kind));
    assert_string_equal(files->config->kafka_out.candidates_topic, "c");
    assert_int_equal(
        json_integer_value(json_object_get(files->config->kafka_out.settings, "linger.ms")), 5);
    psp_bridge_config_destroy(&files->config);
    const struct psp_bridge_places places = {.cluster = "/srv/c"};
    assert_int_equal(load(files, places,
                          HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [\"votes_topic\"], "
                               "\"format\": \"votes-topic\", \"key\": \"keys/client-a.key\", "
                               "\"ballot_ids\": \"/abs/ids\", \"dead_letter\": \"whole\"}}}"),
                     PSP_OK);
    assert_int_equal(files->config->kind, PSP_BRIDGE_KAFKA_IN);
    assert_true(psp_bridge_is_source(files->config->kind));
    assert_string_equal(files->config->kafka_in.topics[0], "votes_topic");
    assert_string_equal(files->config->kafka_in.group, "psephos");
    assert_int_equal(files->config->kafka_in.format, PSP_BRIDGE_VOTES_TOPIC);
    assert_string_equal(files->config->kafka_in.key, "/srv/c/keys/client-a.key");
    assert_string_equal(files->config->kafka_in.ballot_ids, "/abs/ids");
    assert_true(files->config->kafka_in.dead_letter_whole);
    psp_bridge_config_destroy(&files->config);
}

static void keys_lie_with_the_cluster_and_links_with_their_file(void **state)
{
    struct files *files = *state;
    static const char text[] =
        HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [\"v\"], \"format\": \"ndjson\", "
             "\"key\": \"keys/a.key\", \"ballot_ids\": \"ids\"}}}";
    const struct psp_bridge_places keys = {.cluster = "/srv/c", .keys = "/etc/k"};
    char linked[128], wanted[128];
    assert_int_equal(load(files, keys, text), PSP_OK);
    assert_string_equal(files->config->kafka_in.key, "/etc/k/a.key");
    psp_bridge_config_destroy(&files->config);
    snprintf(linked, sizeof linked, "%s-link.json", files->folder);
    assert_int_equal(symlink(files->path, linked), 0);
    assert_int_equal(psp_bridge_config_load(linked, nowhere, &files->config, &files->reason),
                     PSP_OK);
    snprintf(wanted, sizeof wanted, "%s/ids", files->folder);
    assert_string_equal(files->config->kafka_in.ballot_ids, wanted);
    assert_string_equal(files->config->kafka_in.key, "keys/a.key");
    psp_bridge_config_destroy(&files->config);
    unlink(linked);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    struct files *files = *state;
    static const struct {
        const char *text, *pointer, *words;
    } cases[] = {
        {"{\"name\": \"page\"}", "/format", "number 1"},
        {"{\"format\": 2}", "/format", "not known"},
        {"{\"format\": 1}", "/name", "missing"},
        {HEAD "\"api\": []}", "", "\"sink\" or \"source\""},
        {HEAD POSTGRES ", \"source\": {}}", "", "one of them only"},
        {HEAD POSTGRES ", \"sinks\": 1}", "", "sinks"},
        {HEAD "\"sink\": {}}", "/sink", "one member"},
        {HEAD "\"sink\": {\"mysql\": {}}}", "/sink", "mysql"},
        {HEAD "\"sink\": {\"postgres\": {\"conninfo\": \"a\"}, \"kafka\": {}}}", "/sink",
         "one member"},
        {HEAD "\"source\": {\"postgres\": {}}}", "/source", "postgres"},
        {HEAD "\"sink\": {\"postgres\": {}}}", "/sink/postgres/conninfo", "missing"},
        {HEAD "\"sink\": {\"postgres\": {\"conninfo\": \"a\", \"schema\": \"A\"}}}",
         "/sink/postgres", "a-z"},
        {HEAD "\"sink\": {\"postgres\": {\"conninfo\": \"a\", \"password\": \"p\"}}}",
         "/sink/postgres", "password"},
        {HEAD "\"api\": [\"collector:80\"], " POSTGRES "}", "/api/0", "http://"},
        {HEAD "\"api\": \"http://a\", " POSTGRES "}", "/api", "list"},
        {HEAD "\"sink\": {\"opensearch\": {\"url\": \"o:9200\"}}}", "/sink/opensearch", "http://"},
        {HEAD "\"sink\": {\"opensearch\": {\"url\": \"https://u:sesame@o:9200\"}}}",
         "/sink/opensearch", "stand in \"user\""},
        {HEAD "\"api\": [\"https://u:sesame@proxy\"], " POSTGRES "}", "/api/0", "without user"},
        {HEAD "\"sink\": {\"opensearch\": {\"url\": \"http://o\", \"user\": \"u\"}}}",
         "/sink/opensearch", "go together"},
        {HEAD "\"sink\": {\"opensearch\": {\"url\": \"http://o\", \"prefix\": \"-a\"}}}",
         "/sink/opensearch", "begin"},
        {HEAD "\"sink\": {\"kafka\": {\"results_topic\": \"r\"}}}", "/sink/kafka/settings",
         "missing"},
        {HEAD "\"sink\": {\"kafka\": {\"settings\": {}, \"results_topic\": \"r\"}}}",
         "/sink/kafka/settings/bootstrap.servers", "missing"},
        {HEAD "\"sink\": {\"kafka\": {\"settings\": {\"bootstrap.servers\": \"b\", \"x\": []}, "
              "\"results_topic\": \"r\"}}}",
         "/sink/kafka/settings", "\"x\""},
        {HEAD "\"sink\": {\"kafka\": {" KAFKA ", \"candidates_topic\": \"c\"}}}", "/sink/kafka",
         "needs \"contest\""},
        {HEAD "\"sink\": {\"kafka\": {" KAFKA ", \"turnout_topic\": \"c\"}}}", "/sink/kafka",
         "needs \"level\""},
        {HEAD "\"sink\": {\"kafka\": {" KAFKA ", \"results_topic\": \"a b\"}}}", "/sink/kafka",
         "a-z"},
        {HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": []}}}", "/source/kafka/topics",
         "a topic"},
        {HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [7]}}}", "/source/kafka/topics/0",
         "text"},
        {HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [\"v\"], \"format\": \"avro\"}}}",
         "/source/kafka", "protobuf"},
        {HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [\"v\"], \"format\": \"ndjson\", "
              "\"key\": \"k\"}}}",
         "/source/kafka/ballot_ids", "missing"},
        {HEAD "\"source\": {\"kafka\": {" KAFKA ", \"topics\": [\"v\"], \"format\": \"ndjson\", "
              "\"key\": \"k\", \"ballot_ids\": \"i\", \"dead_letter\": \"all\"}}}",
         "/source/kafka", "origin or whole"},
        {"{\"format\": 1, \"name\": \"Page\", \"http_local\": \"127.0.0.1:1\", " POSTGRES "}", "",
         "a-z"},
        {"{\"format\": 1, \"name\": \"p\", \"http_local\": \"9464\", " POSTGRES "}", "/http_local",
         "host:port"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum psp_status status = load(files, nowhere, cases[i].text);
        if (status == PSP_OK || strcmp(files->reason.pointer, cases[i].pointer) != 0 ||
            !strstr(files->reason.text, cases[i].words))
            fail_msg("%s: %s: %s", cases[i].text, files->reason.pointer, files->reason.text);
    }
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    struct files *files = *state;
    assert_int_equal(psp_bridge_config_load(files->path, nowhere, &files->config, &files->reason),
                     PSP_ENOENT);
    assert_null(files->config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_postgres_sink_has_its_defaults, make, drop),
        cmocka_unit_test_setup_teardown(an_opensearch_sink_finds_its_password_beside_the_file, make,
                                        drop),
        cmocka_unit_test_setup_teardown(a_kafka_sink_and_a_kafka_source_are_two_doors, make, drop),
        cmocka_unit_test_setup_teardown(keys_lie_with_the_cluster_and_links_with_their_file, make,
                                        drop),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_named_with_its_place, make, drop),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_not_found, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
