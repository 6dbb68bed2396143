/* All headers of both names are counted: MHD's own lookup tells of the first only. */
#include "http/framing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct framing_headers {
    unsigned lengths, codings;
    bool empty;   /* the last length is 0 */
    bool chunked; /* the last coding is */
};

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
    }
    return MHD_YES;
}

enum psp_framing psp_framing_of(struct MHD_Connection *mhd)
{
    struct framing_headers headers = {0};
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, take_header, &headers);
    if (headers.lengths + headers.codings > 1 || (headers.codings > 0 && !headers.chunked))
        return PSP_FRAMING_UNCLEAR;
    return headers.codings > 0 || (headers.lengths > 0 && !headers.empty) ? PSP_FRAMING_BODY
                                                                          : PSP_FRAMING_NO_BODY;
}
