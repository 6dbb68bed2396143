/*
 * framing - where a request's body begins and ends, as its headers say, and whether they say it
 * in one way only.
 *
 * Two programs on the way that understand it differently take one request for two (RFC 9112,
 * 11.2). libmicrohttpd 0.9.75 lets some of that through; so the headers are looked at here.
 *
 * Threads: any of libmicrohttpd's.
 */
#ifndef PSP_FRAMING_H
#define PSP_FRAMING_H

#include <microhttpd.h>

enum psp_framing {
    PSP_FRAMING_NO_BODY,
    PSP_FRAMING_BODY,
    PSP_FRAMING_UNCLEAR, /* several lengths, a length beside a coding, a coding but chunked,
                            several hosts, a blank in a name, a control character: refuse
                            it, and close the connection */
};

/* To be asked before the body is read. */
enum psp_framing psp_framing_of(struct MHD_Connection *mhd);

/* An option of MHD_start_daemon: it refuses as much as it can of what is unclear. */
#if MHD_VERSION >= 0x00097701
#define PSP_FRAMING_STRICTEST                                                                      \
    {                                                                                              \
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, 3, NULL                                                  \
    }
#else
#define PSP_FRAMING_STRICTEST                                                                      \
    {                                                                                              \
        MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL                                                      \
    }
#endif

#endif
