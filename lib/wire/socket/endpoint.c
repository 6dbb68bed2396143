/* getaddrinfo, once, before binding. */
#include "wire/socket/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/system/address.h"

static bool binds_as_it_is(const char *host)
{
    struct in_addr ipv4;
    return strcmp(host, "*") == 0 || inet_pton(AF_INET, host, &ipv4) == 1 ||
           if_nametoindex(host) != 0;
}

/* The name's first address, in brackets when it is IPv6. */
static enum psp_status look_up(const char *host, char *ret_text, size_t size)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char text[INET6_ADDRSTRLEN];
    if (getaddrinfo(host, NULL, &wanted, &found) != 0)
        return PSP_EINVAL;
    assert(found != NULL);
    const bool ipv6 = found->ai_family == AF_INET6;
    const int error =
        getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    if (error != 0)
        return PSP_EINVAL;
    const int n = snprintf(ret_text, size, ipv6 ? "[%s]" : "%s", text);
    return n > 0 && (size_t)n < size ? PSP_OK : PSP_EINVAL;
}

enum psp_status psp_endpoint_to_bind(const char *address, char *ret_endpoint, size_t size)
{
    static const char scheme[] = "tcp://";
    char numeric[PSP_ADDRESS_HOST_BYTES];
    struct psp_address parts;
    const char *begin = address + strlen(scheme);
    if (strncmp(address, scheme, strlen(scheme)) != 0 || !psp_address_split(begin, &parts) ||
        parts.host[0] == '\0')
        return PSP_EINVAL;
    int n;
    if (begin[0] == '[' || binds_as_it_is(parts.host)) {
        n = snprintf(ret_endpoint, size, "%s", address);
    } else {
        const enum psp_status status = look_up(parts.host, numeric, sizeof numeric);
        if (status != PSP_OK)
            return status;
        n = snprintf(ret_endpoint, size, "%s%s:%s", scheme, numeric, parts.port);
    }
    return n > 0 && (size_t)n < size ? PSP_OK : PSP_EINVAL;
}
