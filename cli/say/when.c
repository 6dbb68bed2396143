/* Read as UTC (timegm), shown in the election's zone, or that of this machine. */
#include "cli/say/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ZONE_BYTES = 64, PATH_BYTES = 512 };

static struct {
    char name[ZONE_BYTES]; /* "": the reader's own */
    bool known;            /* to this machine */
} zone;

/* Of the letters that IANA uses, so that it is no other path: see the definition. */
static bool is_name(const char *name, size_t bytes)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    for (size_t i = 0; i < bytes; i++)
        if (strchr(letters, name[i]) == NULL || name[i] == '\0')
            return false;
    return bytes > 0 && bytes < ZONE_BYTES && name[0] != '/';
}

static void set_zone(const char *name, size_t bytes)
{
    const char *folder = getenv("TZDIR");
    char path[PATH_BYTES], value[ZONE_BYTES + 1];
    if (!is_name(name, bytes))
        return;
    snprintf(zone.name, sizeof zone.name, "%.*s", (int)bytes, name);
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", zone.name);
    snprintf(value, sizeof value, ":%s", zone.name);
    zone.known = access(path, R_OK) == 0;
    setenv("TZ", zone.known ? value : "UTC0", 1);
    tzset();
}

void psp_when_zone(const char *name)
{
    if (name && strcmp(name, zone.name) != 0)
        set_zone(name, strlen(name));
}

/* A name in quotes is a member's where a colon follows: inside a text quotes are escaped. */
void psp_when_zone_in(const char *election, size_t bytes)
{
    static const char member[] = "\"time_zone\"";
    const char *at = election, *const end = election + bytes;
    while ((at = memmem(at, (size_t)(end - at), member, sizeof member - 1)) != NULL) {
        at += sizeof member - 1;
        const char *value = at;
        bool colon = false;
        for (; value < end && strchr(" \t\r\n:", *value) != NULL && *value != '\0'; value++)
            colon |= *value == ':';
        if (!colon || value == end || *value != '"')
            continue;
        const char *close = memchr(value + 1, '"', (size_t)(end - value - 1));
        if (close != NULL)
            set_zone(value + 1, (size_t)(close - value - 1));
        return;
    }
}

const char *psp_when_text(const char *time, char text[PSP_WHEN_BYTES])
{
    struct tm utc = {0}, local;
    char shown[64];
    if (strptime(time, "%Y-%m-%dT%H:%M:%S", &utc)) {
        const time_t seconds = timegm(&utc);
        if (localtime_r(&seconds, &local) &&
            strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S %Z", &local) > 0) {
            if (zone.name[0] == '\0')
                snprintf(text, PSP_WHEN_BYTES, "%s", shown);
            else
                snprintf(text, PSP_WHEN_BYTES, "%s (%s%s)", shown, zone.name,
                         zone.known ? "" : " is not known to this machine");
            return text;
        }
    }
    snprintf(text, PSP_WHEN_BYTES, "%s", time);
    return text;
}
