#include "cli/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    char host[256];
    if (!strncmp(address, prefix, sizeof prefix - 1))
        address += sizeof prefix - 1;
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || (size_t)(colon - address) >= sizeof host)
        return PSP_EINVAL;
    size_t bytes = (size_t)(colon - address);
    if (address[0] == '[' && address[bytes - 1] == ']') { /* [::1]:8080 */
        address++;
        bytes -= 2;
    }
    memcpy(host, address, bytes);
    host[bytes] = '\0';
    struct addrinfo *list = NULL;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (getaddrinfo(host, colon + 1, &wanted, &list) != 0)
        return PSP_EINVAL;
    const enum psp_status status = try_listen(list);
    freeaddrinfo(list);
    return status;
}

int psp_port_hold(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    const int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (held < 0)
        return -1;
    if (bind(held, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(held, (struct sockaddr *)&address, &bytes) != 0) {
        const int error = errno;
        close(held);
        errno = error;
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return held;
}
