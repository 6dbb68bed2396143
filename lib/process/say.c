/* One write a line, so that lines of threads do not mix. */
#include "process/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text/utf8.h"

enum { NAME_BYTES = 64, TEXT_BYTES = 2048, LINE_BYTES = 3 * TEXT_BYTES };

static char process_name[NAME_BYTES] = "psephos";

static const char *const level_names[] = {
    [PSP_SAY_ERROR] = "error", [PSP_SAY_WARNING] = "warning", [PSP_SAY_INFO] = "info"};
/* syslog(3): err, warning, info */
static const int priorities[] = {[PSP_SAY_ERROR] = 3, [PSP_SAY_WARNING] = 4, [PSP_SAY_INFO] = 6};

void psp_say_name(const char *name)
{
    snprintf(process_name, sizeof process_name, "%s", name);
}

static void time_text(char text[32])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    const size_t n = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + n, 32 - n, ".%03ldZ", now.tv_nsec / 1000000);
}

/* Escapes for a JSON string; ends of lines become spaces in both forms, so that one event
 * stays one line. */
static void clean(const char *text, bool json, char *ret_text, size_t size)
{
    size_t n = 0;
    for (; *text && n + 3 < size; text++) {
        const unsigned char c = (unsigned char)*text;
        if (json && (c == '"' || c == '\\'))
            ret_text[n++] = '\\';
        ret_text[n++] = c < ' ' ? ' ' : (char)c;
    }
    ret_text[n] = '\0';
}

static void write_line(const char *line, int length)
{
    if (length < 0)
        return;
    size_t left = (size_t)length < LINE_BYTES ? (size_t)length : LINE_BYTES - 1;
    while (left > 0) {
        const ssize_t n = write(STDERR_FILENO, line, left);
        if (n <= 0)
            return; /* nowhere to say so */
        line += n, left -= (size_t)n;
    }
}

void psp_say(enum psp_say_level level, const char *event, const char *format, ...)
{
    char raw[TEXT_BYTES], text[2 * TEXT_BYTES], line[LINE_BYTES], when[32];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);

    const char *form = getenv("PSP_LOG");
    const bool json = form && strcmp(form, "json") == 0;
    clean(raw, json, text, sizeof text);
    psp_utf8_make_plain(text);
    time_text(when);
    int length;
    if (json)
        length = snprintf(line, sizeof line,
                          "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"event\":\"%s\","
                          "\"message\":\"%s\"}\n",
                          when, level_names[level], process_name, event, text);
    else if (getenv("JOURNAL_STREAM"))
        length = snprintf(line, sizeof line, "<%d>%s %s: %s\n", priorities[level], process_name,
                          event, text);
    else
        length = snprintf(line, sizeof line, "%s %s %s %s: %s\n", when, level_names[level],
                          process_name, event, text);
    write_line(line, length);
}

bool psp_say_allowed(struct psp_say_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                     uint64_t *ret_swallowed)
{
    if (now_ms < limit->next_ms) {
        limit->swallowed++;
        return false;
    }
    *ret_swallowed = limit->swallowed;
    limit->swallowed = 0;
    limit->next_ms = now_ms + interval_ms;
    return true;
}
