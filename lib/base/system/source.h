/*
 * source - the address that a connection or a request comes from, as bytes to compare.
 *
 * Threads: any; pure.
 */
#ifndef PSP_SOURCE_H
#define PSP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PSP_SOURCE_BYTES = 16 };

/* An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d. */
struct psp_source {
    uint8_t bytes[PSP_SOURCE_BYTES];
};
struct psp_source_net {
    struct psp_source source;
    unsigned bits; /* 0 to 128 */
};

/* False: neither IPv4 nor IPv6. */
bool psp_source_of_socket(const struct sockaddr *address, struct psp_source *ret_source);
/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; the first and the last with a port, too. */
bool psp_source_of_text(const char *text, size_t length, struct psp_source *ret_source);
/* "192.0.2.0/24", "2001:db8::/32", or one address. False: it is none of them, or has bits
 * beyond its length. */
bool psp_source_net_of_text(const char *text, size_t length, struct psp_source_net *ret_net);
bool psp_source_within(const struct psp_source *source, const struct psp_source_net *net);
/* An IPv6 address becomes its /64: who has one of its addresses has all. */
void psp_source_widen(struct psp_source *source);

#endif
