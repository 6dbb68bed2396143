/* A plain socket and the text of the stream, read line by line: no library between
 * event and clock. */
#include "bench/load/viewer.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system/address.h"
#include "base/system/clock.h"

enum { NOTES = 8192, TEXT_BYTES = 1 << 20, WAIT_MS = 1 };

struct note {
    uint64_t index, at_us;
};

struct notes { /* ring, ascending */
    struct note notes[NOTES];
    uint32_t first, n;
    uint64_t last;
};

static int dial(const char *address)
{
    struct psp_address parts;
    if (!psp_address_split(address, &parts))
        return -1;
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(strcmp(parts.host, "0.0.0.0") == 0 ? "127.0.0.1" : parts.host, parts.port,
                    &wanted, &found) != 0)
        return -1;
    int file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && connect(file, found->ai_addr, found->ai_addrlen) != 0) {
        close(file);
        file = -1;
    }
    freeaddrinfo(found);
    return file;
}

static void note(struct notes *notes, uint64_t index, uint64_t now_us)
{
    if (index <= notes->last || notes->n == NOTES)
        return;
    notes->last = index;
    notes->notes[(notes->first + notes->n++) % NOTES] = (struct note){index, now_us};
}

static void shown(struct notes *notes, uint64_t index, uint64_t now_us,
                  struct psp_histogram *visible)
{
    while (notes->n > 0 && notes->notes[notes->first].index <= index) {
        psp_histogram_add(visible, now_us - notes->notes[notes->first].at_us, 1);
        notes->first = (notes->first + 1) % NOTES;
        notes->n--;
    }
}

/* Every {"shard":S,"epoch":E,"index":I of the whole lines in `text`; the bytes of
 * whole lines. */
static size_t read_lines(char *text, size_t n, struct notes *notes, struct psp_histogram *visible)
{
    char *end = memrchr(text, '\n', n);
    if (!end)
        return 0;
    *end = '\0';
    const uint64_t now_us = psp_clock_us();
    for (const char *at = text; (at = strstr(at, "{\"shard\":")) != NULL; at++) {
        unsigned long shard = 0, epoch = 0, index = 0;
        if (sscanf(at, "{\"shard\":%lu,\"epoch\":%lu,\"index\":%lu", &shard, &epoch, &index) == 3 &&
            shard < PSP_SHARDS_MAX)
            shown(&notes[shard], index, now_us, visible);
    }
    return (size_t)(end - text) + 1;
}

static void note_all(const struct psp_station_shared *stations, uint32_t clients, uint32_t shards,
                     struct notes *notes)
{
    const uint64_t now_us = psp_clock_us();
    for (uint32_t client = 0; client < clients; client++)
        for (uint32_t shard = 0; shard < shards; shard++)
            note(&notes[shard], __atomic_load_n(&stations[client].index[shard], __ATOMIC_RELAXED),
                 now_us);
}

void psp_viewer_run(const struct psp_cluster *cluster, const struct psp_station_shared *stations,
                    uint32_t clients, struct psp_viewer_shared *shared)
{
    /* HTTP/1.0: the answer comes without chunks. */
    static const char request[] = "GET /api/v1/stream HTTP/1.0\r\nHost: psephos\r\n"
                                  "Accept: text/event-stream\r\n\r\n";
    struct notes *notes = calloc(PSP_SHARDS_MAX, sizeof *notes);
    char *text = malloc(TEXT_BYTES);
    struct pollfd file = {.fd = dial(cluster->collectors[0].http), .events = POLLIN};
    bool open = notes && text && file.fd >= 0 &&
                send(file.fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1;
    for (size_t n = 0; open && !__atomic_load_n(&shared->end, __ATOMIC_ACQUIRE);) {
        note_all(stations, clients, cluster->shard_count, notes);
        if (poll(&file, 1, WAIT_MS) <= 0)
            continue;
        const ssize_t done = recv(file.fd, text + n, TEXT_BYTES - 1 - n, 0);
        open = done > 0;
        n += open ? (size_t)done : 0;
        const size_t used = read_lines(text, n, notes, &shared->visible);
        n -= used;
        memmove(text, text + used, n);
        if (n == TEXT_BYTES - 1)
            n = 0;
    }
    if (file.fd >= 0)
        close(file.fd);
    free(text);
    free(notes);
}
