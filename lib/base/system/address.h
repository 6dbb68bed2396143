/*
 * address - "host:port" as people and cluster.json write it.
 *
 * The port is what follows the last colon; an IPv6 address stands in brackets,
 * "[::1]:8080", and is read without them.
 *
 * Threads: any.
 */
#ifndef PSP_ADDRESS_H
#define PSP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PSP_ADDRESS_HOST_BYTES = 256 };

struct psp_address {
    char host[PSP_ADDRESS_HOST_BYTES];
    const char *port; /* within the text that was read */
};

/* Taken apart only: either half may be empty, and the port any text. False: no
 * colon, a bracket that is not closed, or the host too long. */
bool psp_address_split(const char *text, struct psp_address *ret_address);

/* Is it a host and a port from `port_min` to 65535 in digits? */
bool psp_address_good(const char *text, uint16_t port_min);

/* Every address that the host has is of the loopback interface: nothing leaves the machine.
 * Asks the resolver for a name. */
bool psp_address_is_loopback(const char *text);

#endif
