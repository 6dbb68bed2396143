/* The first address that the name has is the one. */
#include "base/system/listen.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system/address.h"

enum { LISTEN_BACKLOG = 1024 }; /* churn fills a short one, and who is honest waits a second */

static struct addrinfo *look_up(const char *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    struct psp_address parts;
    if (!psp_address_split(address, &parts) || !parts.port[0] ||
        getaddrinfo(parts.host[0] ? parts.host : NULL, parts.port, &hints, &found) != 0)
        return NULL;
    return found;
}

static int listen_on(const struct addrinfo *info)
{
    const int on = 1;
    const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

enum psp_status psp_listen(const char *address, int *ret_fd, struct psp_reason *reterr_reason)
{
    struct addrinfo *found = look_up(address);
    if (!found) {
        psp_reason_set(reterr_reason, "%s is not an address to listen on: give HOST:PORT", address);
        return PSP_EINVAL;
    }
    *ret_fd = listen_on(found);
    const int error = errno;
    freeaddrinfo(found);
    if (*ret_fd >= 0)
        return PSP_OK;
    psp_reason_set(reterr_reason, "cannot listen on %s: %s%s", address, strerror(error),
                   error == EADDRINUSE ? "; end the program that holds it, or give another address"
                                       : "");
    return error == EADDRINUSE                 ? PSP_EEXIST
           : error == EACCES || error == EPERM ? PSP_EPERM
           : error == EADDRNOTAVAIL            ? PSP_EINVAL
                                               : PSP_EIO;
}
