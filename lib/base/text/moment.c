/* The usual form is read here. Of others strptime takes the 31st of any month; timegm makes another
 * day of it, which tells. */
#include "base/text/moment.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LEAP_SECOND = 60, PLAIN_BYTES = sizeof "2026-11-03 20:00:00" - 1 };

/* The number in `n` digits, -1 when they are none. */
static int digits(const char *at, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)at[i]))
            return -1;
        number = 10 * number + at[i] - '0';
    }
    return number;
}

/* "+01:00", "-09:30"; false: no offset. */
static bool read_offset(const char **at, int64_t *ret_seconds)
{
    const char *text = *at + 1;
    const int hours = digits(text, 2);
    const int minutes = hours < 0 || text[2] != ':' ? -1 : digits(text + 3, 2);
    if (minutes < 0)
        return false;
    *ret_seconds = (**at == '-' ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    *at = text + 5;
    return true;
}

/* Days since some 1 March, of which 153 make five months. */
static int64_t days_of(int year, int month, int day)
{
    const int64_t y = month > 2 ? year : year - 1;
    const int64_t m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

static int days_in(int year, int month)
{
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2)
        return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* "2026-11-03 20:00:00" and nothing unusual in it, without the calls of libc, which take five
 * times as long; false: let them look. */
static bool read_plain(const char *text, int64_t *ret_seconds)
{
    if (strnlen(text, PLAIN_BYTES) < PLAIN_BYTES || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
        return false;
    const int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    const int hour = digits(text + 11, 2), minute = digits(text + 14, 2);
    const int second = digits(text + 17, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    const int64_t days = days_of(year, month, day) - days_of(1970, 1, 1);
    *ret_seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

/* Whatever else strptime takes. *ret_at: behind the seconds. */
static bool read_unusual(const char *text, const char **ret_at, int64_t *ret_seconds)
{
    struct tm tm = {0};
    const char *at = strptime(text, "%Y-%m-%d", &tm);
    if (!at || (*at != 'T' && *at != ' ' && *at != 't'))
        return false;
    at = strptime(at + 1, "%H:%M:%S", &tm);
    if (!at)
        return false;
    const int day = tm.tm_mday;
    const bool leap = tm.tm_sec == LEAP_SECOND;
    *ret_seconds = timegm(&tm);
    *ret_at = at;
    return leap || tm.tm_mday == day;
}

bool psp_moment_read(const char *text, bool zone_needed, uint64_t *ret_ms)
{
    const char *at = text + PLAIN_BYTES;
    int64_t seconds = 0;
    if (!read_plain(text, &seconds) && !read_unusual(text, &at, &seconds))
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
    seconds -= offset;
    if (*at || seconds < 0)
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
