/* Read as UTC (timegm), shown in the zone of this machine. */
#include "cli/say/when.h"

#include <stdio.h>
#include <time.h>

const char *psp_when_text(const char *time, char text[PSP_WHEN_BYTES])
{
    struct tm utc = {0}, local;
    if (strptime(time, "%Y-%m-%dT%H:%M:%S", &utc)) {
        const time_t seconds = timegm(&utc);
        if (localtime_r(&seconds, &local) &&
            strftime(text, PSP_WHEN_BYTES, "%Y-%m-%d %H:%M:%S %Z", &local) > 0)
            return text;
    }
    snprintf(text, PSP_WHEN_BYTES, "%s", time);
    return text;
}
