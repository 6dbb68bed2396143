/*
 * peer_redis - casts ballots into Redis: a Lua script a batch of 100, several
 * connections, so that Redis can sync several batches at once.
 *
 *     peer_redis SOCKET SCRIPT ELECTION SEED BALLOTS CONNECTIONS
 *
 * Speaks the Redis protocol (RESP2) itself: requests are arrays of bulk
 * strings. Prints the figures, after counting what is stored.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "bench/peers/peer.h"

enum { BATCH = 100, CONNECTIONS_MAX = 64, REQUEST_BYTES = 32768, ANSWER_BYTES = 65536 };

struct connection {
    int file;
    bool busy;
    char answer[ANSWER_BYTES];
    size_t n;
};

static struct connection connections[CONNECTIONS_MAX];

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) != 0)
        psp_peer_fail(path, strerror(errno));
    return file;
}

static void send_all(const struct connection *connection, const char *at, size_t left)
{
    while (left > 0) {
        const ssize_t done = send(connection->file, at, left, MSG_NOSIGNAL);
        if (done < 0)
            psp_peer_fail("redis", strerror(errno));
        at += done;
        left -= (size_t)done;
    }
}

/* Reads once. True: a whole line answer is there. */
static bool receive(struct connection *connection)
{
    const ssize_t done = recv(connection->file, connection->answer + connection->n,
                              ANSWER_BYTES - 1 - connection->n, 0);
    if (done <= 0)
        psp_peer_fail("redis", done == 0 ? "connection closed" : strerror(errno));
    connection->n += (size_t)done;
    connection->answer[connection->n] = '\0';
    if (connection->answer[0] == '-')
        psp_peer_fail("redis", connection->answer);
    return connection->answer[connection->n - 1] == '\n';
}

static size_t put_bulk(char *at, const char *text, size_t bytes)
{
    const int n = sprintf(at, "$%zu\r\n", bytes);
    memcpy(at + n, text, bytes);
    memcpy(at + n + (int)bytes, "\r\n", 2);
    return (size_t)n + bytes + 2;
}

static size_t put(char *at, const char *text)
{
    return put_bulk(at, text, strlen(text));
}

/* Asks and waits; the answer stays in connections[0]. */
static const char *ask(const char *request, size_t bytes)
{
    connections[0].n = 0;
    send_all(&connections[0], request, bytes);
    while (!receive(&connections[0]))
        continue;
    return connections[0].answer;
}

static void load_script(const char *path, char ret_sha[41])
{
    static char text[8192], request[16384];
    FILE *file = fopen(path, "re");
    const size_t bytes = file ? fread(text, 1, sizeof text, file) : 0;
    if (!bytes)
        psp_peer_fail(path, "cannot be read");
    fclose(file);
    size_t n = (size_t)sprintf(request, "*3\r\n");
    n += put(request + n, "SCRIPT");
    n += put(request + n, "LOAD");
    n += put_bulk(request + n, text, bytes);
    const char *answer = ask(request, n);
    snprintf(ret_sha, 41, "%.40s", answer + strlen("$40\r\n"));
}

static void send_batch(struct connection *connection, const struct psp_peer_ballots *ballots,
                       const char *sha, uint64_t first, uint64_t n)
{
    static char request[REQUEST_BYTES];
    char cell[32];
    size_t at = (size_t)sprintf(request, "*%" PRIu64 "\r\n", 3 + 2 * n);
    at += put(request + at, "EVALSHA");
    at += put(request + at, sha);
    at += put(request + at, "0");
    for (uint64_t i = first; i < first + n; i++) {
        struct psp_peer_ballot ballot;
        psp_peer_ballot(ballots, i, &ballot);
        at += put_bulk(request + at, (const char *)ballot.voter, sizeof ballot.voter);
        snprintf(cell, sizeof cell, "%" PRIu32 ":%" PRIu32, ballot.unit, ballot.choice);
        at += put(request + at, cell);
    }
    connection->n = 0;
    connection->busy = true;
    send_all(connection, request, at);
}

static void cast_all(const struct psp_peer_ballots *ballots, const char *sha, uint64_t total,
                     uint32_t n)
{
    struct pollfd files[CONNECTIONS_MAX];
    uint64_t sent = 0, answered = 0;
    for (uint32_t c = 0; c < n; c++)
        files[c] = (struct pollfd){.fd = connections[c].file, .events = POLLIN};
    while (answered < total) {
        for (uint32_t c = 0; c < n && sent < total; c++) {
            if (connections[c].busy)
                continue;
            const uint64_t batch = total - sent < BATCH ? total - sent : BATCH;
            send_batch(&connections[c], ballots, sha, sent, batch);
            sent += batch;
        }
        if (poll(files, n, -1) < 0)
            psp_peer_fail("poll", strerror(errno));
        for (uint32_t c = 0; c < n; c++) {
            if (!(files[c].revents & POLLIN) || !receive(&connections[c]))
                continue;
            connections[c].busy = false;
            answered += strtoull(connections[c].answer + 1, NULL, 10);
        }
    }
}

static uint64_t stored_voters(void)
{
    static const char request[] = "*2\r\n$5\r\nSCARD\r\n$6\r\nvoters\r\n";
    return strtoull(ask(request, sizeof request - 1) + 1, NULL, 10);
}

static uint64_t tallied_votes(void)
{
    static const char script[] = "local sum = 0 "
                                 "for _, votes in ipairs(redis.call('HVALS', 'tally')) do "
                                 "sum = sum + votes end return sum";
    char request[512];
    size_t n = (size_t)sprintf(request, "*3\r\n");
    n += put(request + n, "EVAL");
    n += put(request + n, script);
    n += put(request + n, "0");
    return strtoull(ask(request, n) + 1, NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: peer_redis SOCKET SCRIPT ELECTION SEED BALLOTS CONNECTIONS\n");
        return 2;
    }
    struct psp_peer_ballots ballots;
    const uint64_t total = strtoull(argv[5], NULL, 10);
    const uint32_t n = (uint32_t)strtoul(argv[6], NULL, 10);
    char sha[41];
    if (total == 0 || n == 0 || n > CONNECTIONS_MAX)
        return 2;
    psp_peer_ballots_open(argv[3], strtoull(argv[4], NULL, 10), &ballots);
    for (uint32_t c = 0; c < n; c++)
        connections[c].file = dial(argv[1]);
    static const char flush[] = "*1\r\n$8\r\nFLUSHALL\r\n";
    ask(flush, sizeof flush - 1);
    load_script(argv[2], sha);
    const uint64_t begun_us = psp_clock_us();
    cast_all(&ballots, sha, total, n);
    const double seconds = (double)(psp_clock_us() - begun_us) / 1e6;
    const uint64_t stored = stored_voters(), tallied = tallied_votes();
    for (uint32_t c = 0; c < n; c++)
        close(connections[c].file);
    psp_peer_ballots_close(&ballots);
    return psp_peer_print("redis", total, seconds, stored, tallied);
}
