/* One reading of "host:port" for everybody, brackets included. */
#include "base/system/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes/number.h"

bool psp_address_split(const char *text, struct psp_address *ret_address)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return false;
    const char *host = text;
    size_t bytes = (size_t)(colon - text);
    if (text[0] == '[') {
        if (bytes < 2 || colon[-1] != ']')
            return false;
        host++;
        bytes -= 2;
    }
    if (bytes >= sizeof ret_address->host)
        return false;
    memcpy(ret_address->host, host, bytes);
    ret_address->host[bytes] = '\0';
    ret_address->port = colon + 1;
    return true;
}

bool psp_address_good(const char *text, uint16_t port_min)
{
    struct psp_address address;
    uint64_t port;
    return psp_address_split(text, &address) && address.host[0] != '\0' &&
           psp_number_read(address.port, port_min, UINT16_MAX, &port);
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        return ntohl(four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    struct sockaddr_in6 six;
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&six, address, sizeof six);
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

bool psp_address_is_loopback(const char *text)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    struct psp_address parts;
    if (!psp_address_split(text, &parts) || !parts.host[0] || !parts.port[0] ||
        getaddrinfo(parts.host, parts.port, &hints, &found) != 0)
        return false;
    bool loopback = true;
    for (const struct addrinfo *at = found; at && loopback; at = at->ai_next)
        loopback = is_loopback(at->ai_addr);
    freeaddrinfo(found);
    return loopback;
}
