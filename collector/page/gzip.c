/* The header of a request is read with its weights: "gzip;q=0" is a no. */
#include "collector/page/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WINDOW_BITS_GZIP = 15 + 16, MEMORY_LEVEL = 8 };

bool psp_gzip(const void *bytes, size_t length, int level, struct psp_text *ret_text)
{
    z_stream stream = {0};
    if (length > UINT32_MAX || deflateInit2(&stream, level, Z_DEFLATED, WINDOW_BITS_GZIP,
                                            MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    const size_t room = deflateBound(&stream, (uLong)length);
    if (!psp_text_reserve(ret_text, room)) {
        deflateEnd(&stream);
        return false;
    }
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)ret_text->data + ret_text->length;
    stream.avail_out = (uInt)room;
    const int rc = deflate(&stream, Z_FINISH);
    ret_text->length += stream.total_out;
    deflateEnd(&stream);
    return rc == Z_STREAM_END;
}

bool psp_gzip_accepted(const char *accept_encoding)
{
    const char *at = accept_encoding;
    while (at && *at) {
        at += strspn(at, ", \t");
        const size_t length = strcspn(at, ",");
        if (length >= 4 && strncasecmp(at, "gzip", 4) == 0 &&
            (length == 4 || strchr("; \t", at[4]))) {
            const char *q = memchr(at, '=', length);
            return !q || strtod(q + 1, NULL) > 0;
        }
        at += length;
    }
    return false;
}
