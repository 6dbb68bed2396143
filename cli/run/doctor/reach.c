/* Connects without waiting for ever, and sends nothing. */
#include "cli/run/doctor/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system/address.h"
#include "cli/folder/port.h"

static enum psp_reach of_error(int error)
{
    if (error == 0)
        return PSP_REACH_OPEN;
    if (error == ECONNREFUSED)
        return PSP_REACH_CLOSED;
    return error == ETIMEDOUT ? PSP_REACH_SILENT : PSP_REACH_NOWHERE;
}

static enum psp_reach connect_to(const struct addrinfo *where, uint32_t timeout_ms)
{
    const int link = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;
    socklen_t bytes = sizeof error;
    if (link < 0)
        return PSP_REACH_NOWHERE;
    if (connect(link, where->ai_addr, where->ai_addrlen) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd waiting = {.fd = link, .events = POLLOUT};
        if (poll(&waiting, 1, (int)timeout_ms) <= 0)
            error = ETIMEDOUT;
        else if (getsockopt(link, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0)
            error = errno;
    }
    close(link);
    return of_error(error);
}

static const char *without_scheme(const char *address)
{
    static const char prefix[] = "tcp://";
    return strncmp(address, prefix, sizeof prefix - 1) ? address : address + sizeof prefix - 1;
}

enum psp_reach psp_reach(const char *address, uint32_t timeout_ms)
{
    struct psp_address parts;
    struct addrinfo *list = NULL;
    const struct addrinfo wanted = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (!psp_address_split(without_scheme(address), &parts) || !parts.host[0] ||
        getaddrinfo(parts.host, parts.port, &wanted, &list) != 0)
        return PSP_REACH_NOWHERE;
    const enum psp_reach reach = connect_to(list, timeout_ms);
    freeaddrinfo(list);
    return reach;
}

bool psp_reach_is_here(const char *address)
{
    return psp_port_check(address) != PSP_EINVAL;
}
