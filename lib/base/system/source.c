/* IPv4 in IPv6's form, so that one comparison does for both. */
#include "base/system/source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { ADDRESS_TEXT_BYTES = 64, IPV6_NET_BYTES = 8 };

static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void take_ipv4(const struct in_addr *address, struct psp_source *ret_source)
{
    memcpy(ret_source->bytes, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(ret_source->bytes + sizeof ipv4_prefix, address, sizeof *address);
}

bool psp_source_of_socket(const struct sockaddr *address, struct psp_source *ret_source)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, address, sizeof ipv4);
        take_ipv4(&ipv4.sin_addr, ret_source);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 ipv6;
    memcpy(&ipv6, address, sizeof ipv6);
    memcpy(ret_source->bytes, &ipv6.sin6_addr, PSP_SOURCE_BYTES);
    return true;
}

bool psp_source_of_text(const char *text, size_t length, struct psp_source *ret_source)
{
    char address[ADDRESS_TEXT_BYTES] = "";
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (length == 0 || length >= sizeof address || memchr(text, 0, length))
        return false;
    memcpy(address, text, length);
    if (address[0] == '[') {
        char *end = strchr(address, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        *end = '\0';
        memmove(address, address + 1, strlen(address + 1) + 1);
    } else if (strchr(address, '.') && strchr(address, ':') == strrchr(address, ':')) {
        address[strcspn(address, ":")] = '\0';
    }
    if (inet_pton(AF_INET, address, &ipv4) == 1) {
        take_ipv4(&ipv4, ret_source);
        return true;
    }
    if (inet_pton(AF_INET6, address, &ipv6) != 1)
        return false;
    memcpy(ret_source->bytes, &ipv6, PSP_SOURCE_BYTES);
    return true;
}

bool psp_source_net_of_text(const char *text, size_t length, struct psp_source_net *ret_net)
{
    const char *slash = memchr(text, '/', length);
    struct psp_source_net net = {.bits = PSP_SOURCE_BYTES * 8};
    if (!psp_source_of_text(text, slash ? (size_t)(slash - text) : length, &net.source))
        return false;
    if (slash) {
        const bool ipv4 = memcmp(net.source.bytes, ipv4_prefix, sizeof ipv4_prefix) == 0;
        const unsigned before = ipv4 ? sizeof ipv4_prefix * 8 : 0;
        const size_t digits = length - (size_t)(slash - text) - 1;
        unsigned bits = 0;
        if (digits == 0 || digits > 3 || strspn(slash + 1, "0123456789") < digits)
            return false;
        for (size_t i = 1; i <= digits; i++)
            bits = bits * 10 + (unsigned)(slash[i] - '0');
        net.bits = before + bits;
    }
    struct psp_source low = net.source;
    for (unsigned bit = net.bits; bit < PSP_SOURCE_BYTES * 8; bit++)
        low.bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
    if (net.bits > PSP_SOURCE_BYTES * 8 || memcmp(&low, &net.source, sizeof low) != 0)
        return false;
    *ret_net = net;
    return true;
}

bool psp_source_within(const struct psp_source *source, const struct psp_source_net *net)
{
    const unsigned whole = net->bits / 8, rest = net->bits % 8;
    const uint8_t *a = source->bytes, *b = net->source.bytes;
    const uint8_t mask = (uint8_t)(0xff00U >> rest);
    return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

void psp_source_widen(struct psp_source *source)
{
    if (memcmp(source->bytes, ipv4_prefix, sizeof ipv4_prefix) != 0)
        memset(source->bytes + IPV6_NET_BYTES, 0, PSP_SOURCE_BYTES - IPV6_NET_BYTES);
}
