/* The header is read from the right: what stands further left anybody may have written. */
#include "http/proxies.h"

#include <assert.h>
#include <string.h>

void psp_proxies_read(struct psp_proxies *proxies, const char *list)
{
    *proxies = (struct psp_proxies){0};
    for (const char *at = list; at && *at; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        assert(proxies->count < PSP_TRUSTED_PROXIES_MAX); /* as cluster.json is read */
        if (psp_source_net_of_text(at, length, &proxies->nets[proxies->count]))
            proxies->count++;
        at += length;
    }
}

bool psp_proxies_trust(const struct psp_proxies *proxies, const struct psp_source *source)
{
    for (uint32_t i = 0; i < proxies->count; i++)
        if (psp_source_within(source, &proxies->nets[i]))
            return true;
    return false;
}

bool psp_proxies_read_header(const struct psp_proxies *proxies, const char *value,
                             struct psp_source *ret_source)
{
    struct psp_source source;
    bool named = false;
    for (size_t end = strlen(value); end > 0;) {
        size_t first = end, length;
        while (first > 0 && value[first - 1] != ',')
            first--;
        const char *at = value + first + strspn(value + first, " \t");
        for (length = (size_t)(value + end - at); length > 0; length--)
            if (!strchr(" \t", at[length - 1]))
                break;
        if (at >= value + end || !psp_source_of_text(at, length, &source))
            return named;
        *ret_source = source;
        named = true;
        if (first == 0 || !psp_proxies_trust(proxies, &source))
            return true;
        end = first - 1;
    }
    return named;
}
