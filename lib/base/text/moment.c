/* strptime takes the 31st of any month; timegm makes another day of it, which tells. */
#include "base/text/moment.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

enum { LEAP_SECOND = 60 };

/* The number in two digits, -1 when they are none. */
static int two_digits(const char *at)
{
    if (!isdigit((unsigned char)at[0]) || !isdigit((unsigned char)at[1]))
        return -1;
    return (at[0] - '0') * 10 + at[1] - '0';
}

/* "+01:00", "-09:30"; false: no offset. */
static bool read_offset(const char **at, int64_t *ret_seconds)
{
    const char *text = *at + 1;
    const int hours = two_digits(text);
    const int minutes = hours < 0 || text[2] != ':' ? -1 : two_digits(text + 3);
    if (minutes < 0)
        return false;
    *ret_seconds = (**at == '-' ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    *at = text + 5;
    return true;
}

bool psp_moment_read(const char *text, bool zone_needed, uint64_t *ret_ms)
{
    struct tm tm = {0};
    const char *at = strptime(text, "%Y-%m-%d", &tm);
    if (!at || (*at != 'T' && *at != ' ' && *at != 't'))
        return false;
    at = strptime(at + 1, "%H:%M:%S", &tm);
    if (!at)
        return false;
    unsigned ms = 0;
    if (*at == '.') {
        unsigned place = 100;
        for (at++; isdigit((unsigned char)*at); at++, place /= 10)
            ms += (unsigned)(*at - '0') * place;
    }
    int64_t offset = 0;
    if (*at == 'Z' || *at == 'z')
        at++;
    else if (*at == '+' || *at == '-' ? !read_offset(&at, &offset) : zone_needed)
        return false;
    const int day = tm.tm_mday;
    const bool leap = tm.tm_sec == LEAP_SECOND;
    const int64_t seconds = timegm(&tm) - offset;
    if (*at || seconds < 0 || (!leap && tm.tm_mday != day))
        return false;
    *ret_ms = (uint64_t)seconds * 1000 + ms;
    return true;
}

const char *psp_moment_write(uint64_t ms, char text[PSP_MOMENT_BYTES])
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    size_t n = 0;
    if (gmtime_r(&seconds, &utc))
        n = strftime(text, PSP_MOMENT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    if (ms % 1000 != 0)
        snprintf(text + n, PSP_MOMENT_BYTES - n, ".%03uZ", (unsigned)(ms % 1000));
    else
        snprintf(text + n, PSP_MOMENT_BYTES - n, "Z");
    return text;
}
