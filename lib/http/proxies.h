/*
 * proxies - who a request comes from, when it may have come through a proxy.
 *
 * What a proxy of ours says in X-Forwarded-For is believed, and nobody else: from the right,
 * the first address that is no such proxy. So whoever writes the header itself gains nothing.
 *
 * Ownership: owns the list.   Threads: any once it is read; pure.
 */
#ifndef PSP_PROXIES_H
#define PSP_PROXIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/system/source.h"

struct psp_proxies { /* zeros: none is trusted */
    struct psp_source_net nets[PSP_TRUSTED_PROXIES_MAX];
    uint32_t count;
};

/* `list`: as in cluster.json, a space between; NULL: none. */
void psp_proxies_read(struct psp_proxies *proxies, const char *list);

/* One of ours? */
bool psp_proxies_trust(const struct psp_proxies *proxies, const struct psp_source *source);

/* Who asks, by the value of an X-Forwarded-For of ours. False: it names nobody. */
bool psp_proxies_read_header(const struct psp_proxies *proxies, const char *value,
                             struct psp_source *ret_source);

#endif
