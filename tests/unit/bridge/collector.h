/*
 * collector - a server that answers as a test says, in place of a collector.
 *
 * One request a step, in order; what is asked beyond the last ends the test's stop.
 *
 * Threads: its own from start to end.
 */
#ifndef PSP_TEST_BRIDGE_COLLECTOR_H
#define PSP_TEST_BRIDGE_COLLECTOR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/local/stop.h"

#define CLUSTER "07e9e61d11b8a2c55102241df7e47c23"
#define VERSION_OF(cluster, id, epoch, index)                                                      \
    "\"version\":{\"id\":\"" id "\",\"number\":1,\"cluster\":\"" cluster                           \
    "\",\"shards\":[{\"shard\":0,\"epoch\":" #epoch ",\"index\":" #index "}]}"
#define END_OF(cluster, id, epoch, index)                                                          \
    "{" VERSION_OF(cluster, id, epoch,                                                             \
                   index) ",\"as_of\":null,\"stale\":false,"                                       \
                          "\"state\":\"open\",\"publication\":\"immediate\"}\n"
#define END(id, epoch, index) END_OF(CLUSTER, id, epoch, index)
#define ROW(unit) "{\"kind\":\"turnout\",\"unit\":\"" unit "\"}\n"

struct step {
    const char *wants; /* part of the request line */
    unsigned code;     /* 0: takes the request and says nothing until the end */
    const char *body;
};

struct collector {
    const struct step *steps;
    size_t n, asked;
    struct psp_bridge_stop *stop;
    int fd;
    char url[64];
    char wrong[512]; /* the first request that was not as wanted; "": none */
    pthread_t thread;
};

static void answer_step(struct collector *collector, int connection, const char *request)
{
    char head[160];
    const struct step none = {"", 503, "{}"};
    const struct step *step =
        collector->asked < collector->n ? &collector->steps[collector->asked] : &none;
    if (!strstr(request, step->wants) && collector->wrong[0] == '\0')
        snprintf(collector->wrong, sizeof collector->wrong, "%.200s, not %s", request, step->wants);
    if (collector->asked++ >= collector->n)
        psp_bridge_stop_ask(collector->stop);
    if (step->code == 0) {
        psp_bridge_stop_wait(collector->stop, 60000);
        return;
    }
    const int n = snprintf(head, sizeof head,
                           "HTTP/1.1 %u X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                           step->code, strlen(step->body));
    (void)!write(connection, head, (size_t)n);
    (void)!write(connection, step->body, strlen(step->body));
}

static void *serve(void *context)
{
    struct collector *collector = context;
    for (int connection; (connection = accept(collector->fd, NULL, NULL)) >= 0;) {
        char request[2048] = "";
        size_t n = 0;
        ssize_t more = 1;
        while (!strstr(request, "\r\n\r\n") && n < sizeof request - 1 && more > 0) {
            more = read(connection, request + n, sizeof request - 1 - n);
            n += more > 0 ? (size_t)more : 0;
            request[n] = '\0';
        }
        request[strcspn(request, "\r")] = '\0';
        answer_step(collector, connection, request);
        close(connection);
    }
    return NULL;
}

static void collector_start(struct collector *collector)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    collector->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(bind(collector->fd, (struct sockaddr *)&address, bytes), 0);
    assert_return_code(listen(collector->fd, 8), 0);
    assert_return_code(getsockname(collector->fd, (struct sockaddr *)&address, &bytes), 0);
    snprintf(collector->url, sizeof collector->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&collector->thread, NULL, serve, collector), 0);
}

static void collector_end(struct collector *collector)
{
    psp_bridge_stop_ask(collector->stop);
    shutdown(collector->fd, SHUT_RDWR);
    pthread_join(collector->thread, NULL);
    close(collector->fd);
}

#endif
