/* Which connections of a listening socket are ended, against libzmq and the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/system/clock.h"
#include "wire/socket/curve.h"
#include "wire/socket/socket.h"

enum { PATIENCE_MS = 10000, RAWS_MAX = 64 };

struct world {
    struct psp_keypair server_key, keys[2];
    struct psp_wire *server;
    struct psp_socket *listening; /* admits stations 1 and 2 */
    void *context;
    void *raws[RAWS_MAX];
    size_t raw_count, received, received_bytes;
    struct psp_peer last; /* of the message received last */
};

static int make_world_of(void **state, enum psp_role role)
{
    struct world *w = calloc(1, sizeof *w);
    struct psp_known_key known[2] = {{.role = role, .id = 1}, {.role = role, .id = 2}};
    assert_non_null(w);
    assert_int_equal(psp_keypair_generate(&w->server_key), PSP_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(psp_keypair_generate(&w->keys[i]), PSP_OK);
        memcpy(known[i].public_z85, w->keys[i].public_z85, sizeof known[i].public_z85);
    }
    assert_int_equal(psp_wire_create(&w->server_key, 1, &w->server), PSP_OK);
    assert_int_equal(psp_wire_set_keys(w->server, known, 2), PSP_OK);
    assert_int_equal(psp_socket_listen(w->server, "tcp://127.0.0.1:0", role, &w->listening),
                     PSP_OK);
    w->context = zmq_ctx_new();
    *state = w;
    return 0;
}

static int make_world(void **state)
{
    return make_world_of(state, PSP_ROLE_STATION);
}

static int end_world(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->raw_count; i++)
        zmq_close(w->raws[i]);
    zmq_ctx_term(w->context);
    psp_socket_destroy(&w->listening);
    psp_wire_destroy(&w->server);
    free(w);
    return 0;
}

/* The station's DEALER, as a foreign or hostile program has it; not connected. */
static void *dealer_of(struct world *w, size_t station)
{
    assert_true(w->raw_count < RAWS_MAX);
    void *socket = zmq_socket(w->context, ZMQ_DEALER);
    w->raws[w->raw_count++] = socket;
    const int none = 0, few = 4;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &few, sizeof few);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, w->server_key.public_z85, PSP_KEY_Z85_BYTES);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, w->keys[station].public_z85, PSP_KEY_Z85_BYTES);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, w->keys[station].secret_z85, PSP_KEY_Z85_BYTES);
    return socket;
}

static void *connect_as(struct world *w, size_t station)
{
    void *socket = dealer_of(w, station);
    assert_int_equal(zmq_connect(socket, psp_socket_address(w->listening)), 0);
    return socket;
}

/* What a shell does in a turn. */
static void turn(struct world *w)
{
    struct psp_received received;
    while (psp_socket_receive(w->listening, &received) == PSP_OK) {
        w->received++;
        w->received_bytes += received.length;
        w->last = received.peer;
        psp_received_release(&received);
    }
    poll(NULL, 0, 5);
}

static struct psp_socket_counts counts(const struct world *w)
{
    struct psp_socket_counts counts;
    psp_socket_counts(w->listening, &counts);
    return counts;
}

/* Turns until the condition holds; false: it never did. */
#define TURNS_UNTIL(w, condition)                                                                  \
    do {                                                                                           \
        const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;                                      \
        while (!(condition) && psp_clock_ms() < end_ms)                                            \
            turn(w);                                                                               \
        assert_true(condition);                                                                    \
    } while (0)

static void turns_for(struct world *w, uint64_t ms)
{
    for (const uint64_t end_ms = psp_clock_ms() + ms; psp_clock_ms() < end_ms;)
        turn(w);
}

static void assert_is_heard(struct world *w, void *socket)
{
    const size_t before = w->received;
    assert_int_equal(zmq_send(socket, "here", 4, 0), 4);
    TURNS_UNTIL(w, w->received > before);
}

static int connect_stranger(const struct world *w)
{
    const char *address = psp_socket_address(w->listening);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int stranger = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(stranger, (struct sockaddr *)&to, sizeof to), 0);
    return stranger;
}

static void a_stranger_who_sends_much_is_ended(void **state)
{
    struct world *w = *state;
    const int stranger = connect_stranger(w), quiet = connect_stranger(w);
    /* A greeting of ZMTP, and a command's frame that is as long as a frame may be. */
    uint8_t greeting[64 + 9] = {0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1, 'C', 'U', 'R', 'V', 'E'};
    greeting[64] = 6;
    greeting[69] = PSP_INGEST_BYTES_MAX >> 24;
    greeting[70] = PSP_INGEST_BYTES_MAX >> 16 & 0xFF;
    assert_int_equal(send(stranger, greeting, sizeof greeting, 0), (ssize_t)sizeof greeting);
    uint8_t *rest = calloc(1, 512 << 10);
    assert_non_null(rest);
    TURNS_UNTIL(w, counts(w).connections == 2);
    for (size_t sent = 0; sent < 512 << 10;) {
        const ssize_t n = send(stranger, rest, (512 << 10) - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(w);
        if (counts(w).ended_strangers > 0)
            break;
    }
    TURNS_UNTIL(w, counts(w).ended_strangers == 1);
    TURNS_UNTIL(w, counts(w).connections == 1); /* the one that says nothing */
    assert_is_heard(w, connect_as(w, 0));
    close(stranger);
    close(quiet);
    free(rest);
}

static void a_first_message_may_be_large(void **state)
{
    struct world *w = *state;
    uint8_t *bytes = calloc(1, PSP_INGEST_BYTES_MAX);
    assert_non_null(bytes);
    void *socket = connect_as(w, 0);
    for (size_t i = 1; i <= 30; i++)
        assert_int_equal(zmq_send(socket, bytes, PSP_INGEST_BYTES_MAX, 0), PSP_INGEST_BYTES_MAX);
    TURNS_UNTIL(w, w->received == 30);
    turns_for(w, 120); /* two looks */
    assert_int_equal(w->received_bytes, 30 * (size_t)PSP_INGEST_BYTES_MAX);
    assert_int_equal(counts(w).ended_strangers + counts(w).ended_unfinished, 0);
    free(bytes);
}

/* One thread reads for all: what waits of one in the kernel is read in its turn. */
static void of_a_station_little_is_read_at_a_time(void **state)
{
    struct world *w = *state;
    int bytes = 0;
    socklen_t length = sizeof bytes;
    assert_is_heard(w, connect_as(w, 0));
    assert_int_equal(getsockopt(w->last.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &length), 0);
    assert_int_equal(bytes, 2 * PSP_INGEST_BUFFER_BYTES); /* so socket(7) has it */
}

static void a_message_that_does_not_end_ends_its_connection(void **state)
{
    struct world *w = *state;
    uint8_t *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    void *endless = connect_as(w, 0), *other = connect_as(w, 1);
    assert_is_heard(w, endless);
    assert_is_heard(w, other);
    for (size_t i = 0; i < 64; i++) /* libzmq sends none of it before the last */
        assert_int_equal(zmq_send(endless, bytes, 1 << 20, i < 63 ? ZMQ_SNDMORE : 0), 1 << 20);
    TURNS_UNTIL(w, counts(w).ended_unfinished == 1);
    assert_is_heard(w, other);
    free(bytes);
}

/* Its frames are thrown away, and what came of them is known to be gone. */
static void some_messages_of_many_frames_are_only_thrown_away(void **state)
{
    struct world *w = *state;
    uint8_t *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    void *socket = connect_as(w, 0);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(zmq_send(socket, bytes, 1 << 20, i % 2 == 0 ? ZMQ_SNDMORE : 0), 1 << 20);
    TURNS_UNTIL(w, psp_socket_dropped(w->listening) == 5);
    turns_for(w, 120);
    assert_int_equal(counts(w).ended_unfinished, 0);
    assert_is_heard(w, socket);
    free(bytes);
}

/* Until it is ended, at most 64 MiB: more than may be thrown away. */
static void send_in_vain(struct world *w, void *socket, int frames)
{
    uint8_t *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    for (int i = 0; i < 64 && counts(w).ended_over_budget == 0; i++) {
        zmq_send(socket, bytes, 1 << 20,
                 ZMQ_DONTWAIT | (i % frames < frames - 1 ? ZMQ_SNDMORE : 0));
        turn(w);
    }
    free(bytes);
    TURNS_UNTIL(w, counts(w).ended_over_budget == 1);
    assert_in_range(psp_socket_dropped(w->listening), 12 / frames, 64);
}

static void who_sends_many_of_many_frames_is_ended(void **state)
{
    struct world *w = *state;
    void *bad = connect_as(w, 0), *other = connect_as(w, 1);
    assert_is_heard(w, bad);
    assert_is_heard(w, other);
    send_in_vain(w, bad, 2);
    TURNS_UNTIL(w, counts(w).connections == 1);
    turns_for(w, 1000); /* libzmq tries again, and is not let in */
    assert_int_equal(counts(w).ended_over_budget, 1);
    assert_is_heard(w, other);
}

static void a_revoked_key_that_goes_on_sending_is_ended(void **state)
{
    struct world *w = *state;
    void *bad = connect_as(w, 0), *other = connect_as(w, 1);
    assert_is_heard(w, bad);
    assert_is_heard(w, other);
    struct psp_known_key left = {.role = PSP_ROLE_STATION, .id = 2};
    memcpy(left.public_z85, w->keys[1].public_z85, sizeof left.public_z85);
    assert_int_equal(psp_wire_set_keys(w->server, &left, 1), PSP_OK);
    const size_t before = w->received;
    send_in_vain(w, bad, 1);
    TURNS_UNTIL(w, counts(w).connections == 1);
    assert_int_equal(w->received, before);
    assert_is_heard(w, other);
}

static void a_key_has_so_many_connections(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < 16; i++)
        assert_is_heard(w, connect_as(w, 0));
    assert_int_equal(counts(w).ended_too_many, 0);
    assert_is_heard(w, connect_as(w, 1)); /* another key's */
    void *one_more = connect_as(w, 0);
    assert_int_equal(zmq_send(one_more, "here", 4, 0), 4);
    TURNS_UNTIL(w, counts(w).ended_too_many > 0);
    assert_is_heard(w, w->raws[0]);
}

enum { DESCRIPTORS = 160, SILENT_MAX = DESCRIPTORS / 4 + 1 };

static int make_world_of_few_descriptors(void **state, enum psp_role role)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    const int made = make_world_of(state, role);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return made;
}

static int make_ingest_of_few_descriptors(void **state)
{
    return make_world_of_few_descriptors(state, PSP_ROLE_STATION);
}

static int make_shard_of_few_descriptors(void **state)
{
    return make_world_of_few_descriptors(state, PSP_ROLE_ROUTER);
}

static void by_silence_nobody_has_all_descriptors(void **state)
{
    struct world *w = *state;
    int silent[SILENT_MAX + 1];
    void *heard = connect_as(w, 0);
    assert_is_heard(w, heard);
    for (size_t i = 0; i < SILENT_MAX; i++)
        silent[i] = connect_stranger(w);
    turns_for(w, 2500);
    assert_int_equal(counts(w).ended_too_many, 0);
    silent[SILENT_MAX] = connect_stranger(w); /* one more: the old ones go, and not this one */
    TURNS_UNTIL(w, counts(w).ended_too_many > 0);
    assert_int_equal(counts(w).ended_too_many, SILENT_MAX);
    TURNS_UNTIL(w, counts(w).connections == 2);
    assert_is_heard(w, heard);
    for (size_t i = 0; i <= SILENT_MAX; i++)
        close(silent[i]);
}

static void who_does_not_read_gets_no_more(void **state)
{
    struct world *w = *state;
    uint8_t *answer = calloc(1, 64 << 10);
    assert_non_null(answer);
    void *deaf = connect_as(w, 0);
    assert_is_heard(w, deaf);
    const struct psp_peer peer = w->last;
    size_t sent = 0;
    enum psp_status status = PSP_OK;
    for (int silent = 0; silent < 20 && sent < 1024; turn(w)) {
        status = psp_socket_send(w->listening, &peer, answer, 64 << 10);
        sent += status == PSP_OK;
        silent = status == PSP_OK ? 0 : silent + 1;
    }
    assert_int_equal(status, PSP_EBUSY);
    /* The kernel's own buffers and libzmq's few messages there take the rest. */
    assert_in_range(sent, 16, 400);
    void *other = connect_as(w, 1);
    assert_is_heard(w, other);
    assert_int_equal(psp_socket_send(w->listening, &w->last, answer, 64 << 10), PSP_OK);
    char got[8];
    for (size_t i = 0; i < sent; i++) /* it reads after all */
        assert_int_equal(zmq_recv(deaf, got, sizeof got, 0), 64 << 10);
    TURNS_UNTIL(w, psp_socket_send(w->listening, &peer, answer, 8) == PSP_OK);
    free(answer);
}

/* Let in, and it says nothing. */
static void *connect_silent(struct world *w, size_t station)
{
    void *socket = dealer_of(w, station), *monitor = zmq_socket(w->context, ZMQ_PAIR);
    zmq_pollitem_t told = {.socket = monitor, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_socket_monitor(socket, "inproc://let-in", ZMQ_EVENT_HANDSHAKE_SUCCEEDED),
                     0);
    assert_int_equal(zmq_connect(monitor, "inproc://let-in"), 0);
    assert_int_equal(zmq_connect(socket, psp_socket_address(w->listening)), 0);
    TURNS_UNTIL(w, zmq_poll(&told, 1, 0) == 1);
    zmq_socket_monitor(socket, NULL, 0);
    zmq_close(monitor);
    return socket;
}

/* A router without ballots says nothing: strangers do not push it out. */
static void who_is_let_in_at_a_shard_may_be_silent(void **state)
{
    struct world *w = *state;
    int silent[SILENT_MAX + 1];
    void *router = connect_silent(w, 0);
    for (size_t i = 0; i <= SILENT_MAX; i++)
        silent[i] = connect_stranger(w);
    TURNS_UNTIL(w, counts(w).ended_too_many == SILENT_MAX + 1);
    TURNS_UNTIL(w, counts(w).connections == 1);
    assert_is_heard(w, router);
    for (size_t i = 0; i <= SILENT_MAX; i++)
        close(silent[i]);
}

static void a_key_over_its_budget_is_ended_and_let_in_later(void **state)
{
    struct world *w = *state;
    void *first = connect_as(w, 0), *second = connect_as(w, 0), *other = connect_as(w, 1);
    assert_is_heard(w, first);
    assert_is_heard(w, second);
    assert_is_heard(w, other);
    void *silent = connect_silent(w, 0);
    TURNS_UNTIL(w, counts(w).connections == 4);
    const uint64_t ended_ms = psp_clock_ms();
    assert_int_equal(psp_socket_end_key(w->listening, PSP_ROLE_STATION, 1, 3000), 2);
    TURNS_UNTIL(w, counts(w).connections == 2);
    assert_int_equal(zmq_send(silent, "here", 4, 0), 4);
    TURNS_UNTIL(w, counts(w).connections == 1);
    assert_is_heard(w, other);
    const size_t before = w->received;
    assert_int_equal(zmq_send(first, "again", 5, 0), 5); /* libzmq keeps it, and tries again */
    TURNS_UNTIL(w, w->received > before);
    assert_true(psp_clock_ms() - ended_ms >= 3000);
    assert_int_equal(counts(w).ended_over_budget, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)
        IN_WORLD(a_stranger_who_sends_much_is_ended),
        IN_WORLD(a_first_message_may_be_large),
        IN_WORLD(of_a_station_little_is_read_at_a_time),
        IN_WORLD(a_message_that_does_not_end_ends_its_connection),
        IN_WORLD(some_messages_of_many_frames_are_only_thrown_away),
        IN_WORLD(who_sends_many_of_many_frames_is_ended),
        IN_WORLD(a_revoked_key_that_goes_on_sending_is_ended),
        IN_WORLD(a_key_has_so_many_connections),
        cmocka_unit_test_setup_teardown(by_silence_nobody_has_all_descriptors,
                                        make_ingest_of_few_descriptors, end_world),
        cmocka_unit_test_setup_teardown(who_is_let_in_at_a_shard_may_be_silent,
                                        make_shard_of_few_descriptors, end_world),
        IN_WORLD(who_does_not_read_gets_no_more),
        IN_WORLD(a_key_over_its_budget_is_ended_and_let_in_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
