/* A port is free when it can be bound; it stays bound by the caller's socket until a
 * daemon takes it. */
#include "cli/folder/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system/address.h"

static enum psp_status try_listen(const struct addrinfo *where)
{
    const int on = 1;
    const int held = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (held < 0)
        return PSP_EINVAL;
    /* As the daemons do: connections that are just closing are no obstacle. */
    setsockopt(held, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    enum psp_status status = PSP_OK;
    if (bind(held, where->ai_addr, where->ai_addrlen) != 0)
        status = errno == EADDRINUSE ? PSP_EEXIST : PSP_EINVAL;
    close(held);
    return status;
}

enum psp_status psp_port_check(const char *address)
{
    static const char prefix[] = "tcp://";
    struct psp_address parts;
    if (!strncmp(address, prefix, sizeof prefix - 1))
        address += sizeof prefix - 1;
    if (!psp_address_split(address, &parts) || !parts.host[0])
        return PSP_EINVAL;
    struct addrinfo *list = NULL;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (getaddrinfo(parts.host, parts.port, &wanted, &list) != 0)
        return PSP_EINVAL;
    const enum psp_status status = try_listen(list);
    freeaddrinfo(list);
    return status;
}

enum { PORT_FIRST = 10000, PORT_EPHEMERAL = 32768, PORT_TRIES = 256 };

/* Where the ports begin that the kernel gives to outgoing connections. */
static unsigned ephemeral_first(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file == NULL)
        return PORT_EPHEMERAL;
    char line[64] = "";
    const bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    const unsigned long first = read ? strtoul(line, NULL, 10) : 0;
    return first > 0 && first <= UINT16_MAX ? (unsigned)first : PORT_EPHEMERAL;
}

/* Where to look: as PSEPHOS_PORTS says, FIRST-LAST. False: it says something else. */
static bool find_range(unsigned *ret_first, unsigned *ret_end)
{
    const char *stated = getenv("PSEPHOS_PORTS");
    *ret_first = PORT_FIRST;
    *ret_end = ephemeral_first();
    if (stated == NULL || stated[0] == 0)
        return true;
    const size_t digits = strspn(stated, "0123456789");
    if (stated[digits] != '-' || strspn(stated + digits + 1, "0123456789") == 0)
        return false;
    char *after;
    const unsigned long first = strtoul(stated, NULL, 10);
    const unsigned long last = strtoul(stated + digits + 1, &after, 10);
    if (*after != 0 || first == 0 || last < first || last > UINT16_MAX)
        return false;
    *ret_first = (unsigned)first;
    *ret_end = (unsigned)last + 1;
    return true;
}

static bool hold(int held, unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons((uint16_t)port)};
    return bind(held, (const struct sockaddr *)&address, sizeof address) == 0;
}

int psp_port_hold(uint16_t *ret_port)
{
    unsigned first, end;
    if (!find_range(&first, &end)) {
        errno = EINVAL;
        return -1;
    }
    const int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (held < 0)
        return -1;
    for (int i = 0; end > first && i < PORT_TRIES; i++) {
        unsigned port = 0;
        if (getrandom(&port, sizeof port, 0) != sizeof port)
            break;
        port = first + port % (end - first);
        if (hold(held, port)) {
            *ret_port = (uint16_t)port;
            return held;
        }
    }
    struct sockaddr_in address = {0};
    socklen_t bytes = sizeof address;
    if (hold(held, 0) && getsockname(held, (struct sockaddr *)&address, &bytes) == 0) {
        *ret_port = ntohs(address.sin_port);
        return held;
    }
    const int error = errno;
    close(held);
    errno = error;
    return -1;
}
