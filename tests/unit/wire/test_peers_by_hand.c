/* Connections of a bare ROUTER, and messages that are only said to have come by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#include "base/system/clock.h"
#include "base/system/descriptors.h"
#include "wire/socket/peers.h"

enum { PATIENCE_MS = 30000, CLIENTS = 24, NUMBERS = 1024 };

struct world {
    void *context, *router;
    struct psp_peers *peers;
    struct sockaddr_in address;
    int clients[CLIENTS]; /* made before anything is accepted: they take no other's number */
};

static const struct psp_known_key first_key = {.role = PSP_ROLE_STATION, .id = 1},
                                  second_key = {.role = PSP_ROLE_STATION, .id = 2};

static struct world *make_world(const struct psp_peers_limits *limits)
{
    struct world *w = calloc(1, sizeof *w);
    char at[64];
    size_t bytes = sizeof at;
    assert_non_null(w);
    w->context = zmq_ctx_new();
    w->router = zmq_socket(w->context, ZMQ_ROUTER);
    assert_non_null(w->router);
    assert_int_equal(psp_peers_create(w->context, w->router, "inproc://monitor", limits, &w->peers),
                     PSP_OK);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_true((w->clients[i] = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
    assert_int_equal(zmq_bind(w->router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(w->router, ZMQ_LAST_ENDPOINT, at, &bytes), 0);
    w->address = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(strrchr(at, ':') + 1)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return w;
}

static void end_world(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (w->clients[i] >= 0)
            close(w->clients[i]);
    psp_peers_destroy(&w->peers);
    zmq_close(w->router);
    zmq_ctx_term(w->context);
    free(w);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;                                      \
        while (!(condition) && psp_clock_ms() < end_ms)                                            \
            poll(NULL, 0, 1);                                                                      \
        assert_true(condition);                                                                    \
    } while (0)

/* The number by which the router has the client's connection; -1: not yet. */
static int accepted_number(const struct world *w, size_t client)
{
    struct sockaddr_in mine, theirs;
    socklen_t bytes = sizeof mine;
    assert_int_equal(getsockname(w->clients[client], (struct sockaddr *)&mine, &bytes), 0);
    for (int number = 3; number < NUMBERS; number++) {
        bytes = sizeof theirs;
        if (getpeername(number, (struct sockaddr *)&theirs, &bytes) == 0 &&
            theirs.sin_port == mine.sin_port)
            return number;
    }
    return -1;
}

static int connect_client(struct world *w, size_t client)
{
    assert_int_equal(connect(w->clients[client], (struct sockaddr *)&w->address, sizeof w->address),
                     0);
    UNTIL(accepted_number(w, client) >= 0);
    return accepted_number(w, client);
}

static uint32_t connections(const struct world *w)
{
    struct psp_socket_counts counts;
    psp_peers_counts(w->peers, &counts);
    return counts.connections;
}

static uint64_t ended_too_many(const struct world *w)
{
    struct psp_socket_counts counts;
    psp_peers_counts(w->peers, &counts);
    return counts.ended_too_many;
}

/* Looks, until so many were ended. */
static void look_until_ended(struct world *w, uint64_t *now_ms, uint64_t n)
{
    for (const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
         ended_too_many(w) < n && psp_clock_ms() < end_ms; poll(NULL, 0, 1))
        psp_peers_look(w->peers, *now_ms += PSP_PEERS_LOOK_MS);
    assert_int_equal(ended_too_many(w), n);
}

/* Until so many connections are known. */
static void look_until(struct world *w, uint64_t *now_ms, uint32_t n)
{
    for (const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
         connections(w) != n && psp_clock_ms() < end_ms; poll(NULL, 0, 1))
        psp_peers_look(w->peers, *now_ms += PSP_PEERS_LOOK_MS);
    assert_int_equal(connections(w), n);
}

static bool is_closed(int number)
{
    return fcntl(number, F_GETFD) < 0;
}

static const struct psp_peers_limits loose = {.message_bytes_max = 1 << 20,
                                              .unfinished_total_max = 8 << 20,
                                              .unread_max = 1 << 20,
                                              .key_connections_max = 2};

/* Its entry is still that of the one before, until the monitor is read. */
static void who_is_given_an_ended_connections_descriptor_is_answered(void **state)
{
    (void)state;
    struct world *w = make_world(&loose);
    uint64_t now_ms = 1000;
    const int number = connect_client(w, 0);
    look_until(w, &now_ms, 1);
    assert_false(psp_peers_received(w->peers, number, 10, 100, &first_key));
    psp_peers_end(w->peers, number, 10);
    assert_false(psp_peers_takes(w->peers, number, 10));
    UNTIL(is_closed(number));
    assert_int_equal(connect_client(w, 1), number);
    UNTIL(!psp_peers_received(w->peers, number, 11, 100, &second_key) &&
          psp_peers_takes(w->peers, number, 11));
    assert_int_equal(psp_peers_end_key(w->peers, PSP_ROLE_STATION, 2), 1);
    end_world(w);
}

/* They are handed out when their connection is gone, and its number another's. */
static void late_messages_are_not_the_next_ones(void **state)
{
    (void)state;
    struct world *w = make_world(&loose);
    uint64_t now_ms = 1000;
    const int number = connect_client(w, 0);
    look_until(w, &now_ms, 1);
    assert_false(psp_peers_received(w->peers, number, 10, 100, &first_key));
    assert_int_equal(shutdown(w->clients[0], SHUT_RDWR), 0);
    UNTIL(is_closed(number));
    look_until(w, &now_ms, 0);
    assert_int_equal(connect_client(w, 1), number);
    look_until(w, &now_ms, 1);
    assert_false(psp_peers_received(w->peers, number, 10, 5000, &first_key));
    assert_int_equal(psp_peers_end_key(w->peers, PSP_ROLE_STATION, 1), 0);
    assert_false(psp_peers_received(w->peers, number, 11, 100, &second_key));
    assert_int_equal(psp_peers_end_key(w->peers, PSP_ROLE_STATION, 2), 1);
    end_world(w);
}

/* Whose machine lost its power never said that it is gone. */
static void a_connection_without_heartbeat_makes_room_for_its_key(void **state)
{
    (void)state;
    struct world *w = make_world(&loose);
    uint64_t now_ms = 1000;
    int numbers[4];
    for (size_t i = 0; i < 4; i++)
        numbers[i] = connect_client(w, i);
    look_until(w, &now_ms, 4);
    for (uint32_t i = 0; i < 2; i++)
        assert_false(psp_peers_received(w->peers, numbers[i], 10 + i, 100, &first_key));
    psp_peers_look(w->peers, now_ms += PSP_PEERS_QUIET_MS - 1); /* both may be alive */
    assert_true(psp_peers_received(w->peers, numbers[2], 12, 100, &first_key));
    assert_int_equal(ended_too_many(w), 1);
    assert_int_equal(send(w->clients[0], "beat", 4, 0), 4);
    for (int i = 0; i < 20; i++, poll(NULL, 0, 5)) /* the kernel hands it over at once */
        psp_peers_look(w->peers, now_ms += PSP_PEERS_LOOK_MS);
    psp_peers_look(w->peers, now_ms += PSP_PEERS_QUIET_MS - 20 * PSP_PEERS_LOOK_MS);
    assert_false(psp_peers_received(w->peers, numbers[3], 13, 100, &first_key));
    assert_int_equal(ended_too_many(w), 2);
    assert_true(psp_peers_takes(w->peers, numbers[0], 10));
    assert_false(psp_peers_takes(w->peers, numbers[1], 11)); /* the one of which nothing came */
    assert_true(psp_peers_takes(w->peers, numbers[3], 13));
    end_world(w);
}

static void of_many_silent_ones_most_go_at_once(void **state)
{
    (void)state;
    const struct psp_peers_limits few = {.message_bytes_max = 1 << 20,
                                         .unfinished_total_max = 8 << 20,
                                         .silent_max = 4,
                                         .let_in_may_be_silent = true};
    struct world *w = make_world(&few);
    uint64_t now_ms = 1000;
    for (size_t i = 0; i < 8; i++)
        connect_client(w, i);
    for (int i = 0; i < 10; i++, poll(NULL, 0, 5)) /* twice as many may be, for a while */
        psp_peers_look(w->peers, now_ms += PSP_PEERS_LOOK_MS);
    assert_int_equal(connections(w), 8);
    assert_int_equal(ended_too_many(w), 0);
    for (size_t i = 8; i < 20; i++)
        connect_client(w, i);
    look_until_ended(w, &now_ms, 12);
    look_until(w, &now_ms, 8);
    psp_peers_look(w->peers, now_ms += PSP_PEERS_SILENT_MS);
    look_until(w, &now_ms, 0);
    end_world(w);
}

/* The system lets them in while a file is opened. */
static void a_connection_at_a_descriptor_for_files_is_ended(void **state)
{
    (void)state;
    struct world *w = make_world(&loose);
    uint64_t now_ms = 1000;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max = 512;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    psp_descriptors_keep();
    assert_int_equal(psp_descriptors_bound(), 512 - PSP_DESCRIPTORS_KEPT);
    int taken[512], n = 0;
    connect_client(w, 0);
    look_until(w, &now_ms, 1);
    while ((taken[n] = dup(0)) >= 0)
        n++;
    psp_descriptors_lend();
    assert_in_range(connect_client(w, 1), 512 - PSP_DESCRIPTORS_KEPT, 511);
    psp_descriptors_take_back();
    look_until_ended(w, &now_ms, 1);
    look_until(w, &now_ms, 1);
    while (n > 0)
        close(taken[--n]);
    end_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_given_an_ended_connections_descriptor_is_answered),
        cmocka_unit_test(late_messages_are_not_the_next_ones),
        cmocka_unit_test(a_connection_without_heartbeat_makes_room_for_its_key),
        cmocka_unit_test(of_many_silent_ones_most_go_at_once),
        cmocka_unit_test(a_connection_at_a_descriptor_for_files_is_ended), /* the last */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
