/* A client and a router's socket: a connection that breaks with ballots on the way is not
 * waited for. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/clock.h"
#include "base/system/file.h"
#include "client/core/core.h"
#include "client/psephos.h"
#include "wire/socket/socket.h"

#define ELECTION "tests/fixtures/town.json"
#define NO_KEY "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

enum { PATIENCE_MS = 15000, TURN_MS = 10 };

struct world {
    char path[64], cluster[96], key[96];
    struct psp_keypair router_key, station_key;
    struct psp_definition *definition;
    struct psp_wire *wire;
    struct psp_socket *router;
    struct psp_client *client;
};

static void write_cluster(const struct world *w)
{
    char text[2048], hash[2 * PSP_HASH_BYTES + 1];
    for (size_t i = 0; i < PSP_HASH_BYTES; i++)
        snprintf(hash + 2 * i, 3, "%02x", w->definition->hash[i]);
    const int n = snprintf(
        text, sizeof text,
        "{\"format\": 2, \"mode\": \"live\","
        " \"cluster_id\": \"000102030405060708090a0b0c0d0e0f\", \"epoch\": 1,"
        " \"election\": \"election.json\", \"definition_hash\": \"%s\", \"roll_hash\": null,"
        " \"digest_key_hash\": \"%s\", \"clients\": \"clients.json\","
        " \"routers\": [{\"router\": 0, \"address\": \"%s\", \"public_key\": \"%s\"}],"
        " \"shards\": [{\"shard\": 0, \"slots\": [0, 4096], \"roll_hash\": null,"
        "   \"signing_key\": \"%s\", \"replicas\": [{\"replica\": 0, \"raft_id\": 1, \"address\": "
        "\"tcp://127.0.0.1:7002\","
        "     \"public_key\": \"" NO_KEY "\"}]}],"
        " \"collectors\": [], \"operators\": []}",
        hash, hash, psp_socket_address(w->router), w->router_key.public_z85, hash);
    assert_true(n > 0 && (size_t)n < sizeof text);
    assert_int_equal(psp_file_write(w->cluster, text, (size_t)n, 0644), PSP_OK);
}

static void listen_at(struct world *w, const char *address)
{
    enum psp_status status = PSP_EEXIST; /* libzmq lets go of a port a little later */
    for (int ms = 0; ms < PATIENCE_MS && status == PSP_EEXIST; ms += TURN_MS) {
        status = psp_socket_listen(w->wire, address, PSP_ROLE_STATION, &w->router);
        if (status == PSP_EEXIST)
            usleep(TURN_MS * 1000);
    }
    assert_int_equal(status, PSP_OK);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct psp_reason reason = {0};
    assert_non_null(w);
    snprintf(w->path, sizeof w->path, "/tmp/psp-connection-XXXXXX");
    assert_non_null(mkdtemp(w->path));
    snprintf(w->cluster, sizeof w->cluster, "%s/cluster.json", w->path);
    snprintf(w->key, sizeof w->key, "%s/station.key", w->path);
    assert_int_equal(psp_keypair_generate(&w->router_key), PSP_OK);
    assert_int_equal(psp_keypair_generate(&w->station_key), PSP_OK);
    assert_int_equal(psp_keypair_store(w->key, &w->station_key), PSP_OK);
    assert_int_equal(psp_definition_load(ELECTION, &w->definition, &reason), PSP_OK);
    assert_int_equal(psp_wire_create(&w->router_key, 1, &w->wire), PSP_OK);
    struct psp_known_key known = {.role = PSP_ROLE_STATION, .id = 1};
    memcpy(known.public_z85, w->station_key.public_z85, sizeof known.public_z85);
    assert_int_equal(psp_wire_set_keys(w->wire, &known, 1), PSP_OK);
    listen_at(w, "tcp://127.0.0.1:0");
    write_cluster(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    psp_client_destroy(&w->client);
    psp_socket_destroy(&w->router);
    psp_wire_destroy(&w->wire);
    psp_definition_destroy(&w->definition);
    unlink(w->cluster);
    unlink(w->key);
    rmdir(w->path);
    free(w);
    return 0;
}

/* Lets the client work until the router hears a message of ballots; false: none in time. */
static bool heard(struct world *w)
{
    const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
    while (psp_clock_ms() < end_ms) {
        struct psp_receipt receipt;
        struct psp_received received;
        size_t n = 0;
        assert_int_equal(psp_client_poll(w->client, TURN_MS, &receipt, 1, &n), PSP_OK);
        while (psp_socket_receive(w->router, &received) == PSP_OK) {
            const bool ballots = psp_client_message_batch_id(received.data, received.length) != 0;
            psp_received_release(&received);
            if (ballots)
                return true;
        }
    }
    return false;
}

/* promise 1: the first timeout is half a minute away, the broken connection is enough. */
static void what_was_on_the_way_to_a_broken_connection_goes_again(void **state)
{
    struct world *w = *state;
    static const uint8_t blank[] = {0}, voter[] = "voter 1";
    char reason[256] = "", address[64];
    const struct psp_client_options options = {.cluster_path = w->cluster,
                                               .key_path = w->key,
                                               .definition = w->definition,
                                               .resend_after_ms = PSP_CLIENT_RESEND_MAX_MS};
    const struct psp_ballot ballot = {.voter_id = voter,
                                      .voter_id_bytes = sizeof voter - 1,
                                      .style = PSP_NONE,
                                      .marks = blank,
                                      .marks_bytes = sizeof blank};
    if (psp_client_create(&options, &w->client, reason, sizeof reason) != PSP_OK)
        fail_msg("%s", reason);
    assert_int_equal(psp_client_submit(w->client, &ballot), PSP_OK);
    psp_client_flush(w->client);
    assert_true(heard(w));

    snprintf(address, sizeof address, "%s", psp_socket_address(w->router));
    psp_socket_destroy(&w->router);
    listen_at(w, address);
    assert_true(heard(w));
    struct psp_client_stats stats;
    psp_client_stats(w->client, &stats);
    assert_int_equal(stats.resent, 1);
    assert_int_equal(stats.unanswered, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_on_the_way_to_a_broken_connection_goes_again,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
