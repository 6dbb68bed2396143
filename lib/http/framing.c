/* All headers of both names are counted: MHD's own lookup tells of the first only. */
#include "http/framing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct framing_headers {
    unsigned lengths, codings, hosts;
    bool empty;   /* the last length is 0 */
    bool chunked; /* the last coding is */
    bool malformed;
};

/* RFC 9110, 5.1 and 5.5: what MHD lets through of it. */
static bool is_well_formed(const char *name, const char *value)
{
    for (const char *at = name; *at != 0; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7F)
            return false;
    for (const char *at = value; at != NULL && *at != 0; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7F)
            return false;
    return true;
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct framing_headers *headers = context;
    (void)kind;
    if (strcasecmp(name, "Content-Length") == 0) {
        headers->lengths++;
        headers->empty = value && strcmp(value, "0") == 0;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        headers->codings++;
        headers->chunked = value && strcasecmp(value, "chunked") == 0;
    } else if (strcasecmp(name, "Host") == 0) {
        headers->hosts++;
    }
    if (!is_well_formed(name, value))
        headers->malformed = true;
    return MHD_YES;
}

enum psp_framing psp_framing_of(struct MHD_Connection *mhd)
{
    struct framing_headers headers = {0};
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, take_header, &headers);
    if (headers.lengths + headers.codings > 1 || (headers.codings > 0 && !headers.chunked) ||
        headers.hosts > 1 || headers.malformed)
        return PSP_FRAMING_UNCLEAR;
    return headers.codings > 0 || (headers.lengths > 0 && !headers.empty) ? PSP_FRAMING_BODY
                                                                          : PSP_FRAMING_NO_BODY;
}
