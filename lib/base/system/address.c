/* One reading of "host:port" for everybody, brackets included. */
#include "base/system/address.h"

#include <string.h>

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
