/* A comma is written before a value, so that nothing has to know whether it is the last. */
#include "base/json/writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text/utf8.h"

void psp_writer_start(struct psp_writer *json, struct psp_text *text)
{
    *json = (struct psp_writer){.text = text};
}

static void write_escaped(struct psp_text *text, unsigned char byte)
{
    switch (byte) {
    case '"':
        psp_text_bytes(text, "\\\"", 2);
        return;
    case '\\':
        psp_text_bytes(text, "\\\\", 2);
        return;
    case '\n':
        psp_text_bytes(text, "\\n", 2);
        return;
    case '\t':
        psp_text_bytes(text, "\\t", 2);
        return;
    default:
        psp_text_format(text, "\\u%04x", byte);
    }
}

static void write_quoted(struct psp_text *text, const char *string)
{
    const char *at = string, *end = string + strlen(string);
    psp_text_bytes(text, "\"", 1);
    while (at < end) {
        const char *run = at;
        size_t step = 0;
        while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\' &&
               (step = psp_utf8_length(at, (size_t)(end - at))) > 0)
            at += step;
        psp_text_bytes(text, run, (size_t)(at - run));
        if (at == end)
            break;
        if ((unsigned char)*at >= 0x80)
            psp_text_bytes(text, "\xEF\xBF\xBD", 3);
        else
            write_escaped(text, (unsigned char)*at);
        at++;
    }
    psp_text_bytes(text, "\"", 1);
}

static void begin_value(struct psp_writer *json, const char *key)
{
    if (json->filled[json->depth])
        psp_text_bytes(json->text, ",", 1);
    json->filled[json->depth] = true;
    if (key) {
        write_quoted(json->text, key);
        psp_text_bytes(json->text, ":", 1);
    }
}

static void begin(struct psp_writer *json, const char *key, const char *bracket)
{
    begin_value(json, key);
    psp_text_bytes(json->text, bracket, 1);
    assert(json->depth + 1 < PSP_JSON_DEPTH_MAX);
    json->depth++;
    json->filled[json->depth] = false;
}

static void end(struct psp_writer *json, const char *bracket)
{
    assert(json->depth > 0);
    json->depth--;
    psp_text_bytes(json->text, bracket, 1);
}

void psp_writer_begin_object(struct psp_writer *json, const char *key)
{
    begin(json, key, "{");
}

void psp_writer_end_object(struct psp_writer *json)
{
    end(json, "}");
}

void psp_writer_begin_array(struct psp_writer *json, const char *key)
{
    begin(json, key, "[");
}

void psp_writer_end_array(struct psp_writer *json)
{
    end(json, "]");
}

void psp_writer_string(struct psp_writer *json, const char *key, const char *string)
{
    begin_value(json, key);
    if (string)
        write_quoted(json->text, string);
    else
        psp_text_bytes(json->text, "null", 4);
}

void psp_writer_number(struct psp_writer *json, const char *key, uint64_t number)
{
    begin_value(json, key);
    psp_text_number(json->text, number);
}

void psp_writer_stated(struct psp_writer *json, const char *key, uint64_t number)
{
    if (number == PSP_UNSTATED)
        psp_writer_null(json, key);
    else
        psp_writer_number(json, key, number);
}

enum { REAL_UNIT = 1000000, REAL_DECIMALS = 6, REAL_PLAIN_MAX = 1000 };

/* Millionths. Shares stand in every row of results; printf takes as long as the rest of it. */
static void write_plain(struct psp_text *text, uint64_t millionths)
{
    char decimals[1 + REAL_DECIMALS] = {'.'};
    uint64_t rest = millionths % REAL_UNIT;
    for (int i = REAL_DECIMALS; i > 0; i--, rest /= 10)
        decimals[i] = (char)('0' + rest % 10);
    psp_text_number(text, millionths / REAL_UNIT);
    psp_text_bytes(text, decimals, sizeof decimals);
}

void psp_writer_real(struct psp_writer *json, const char *key, double number)
{
    begin_value(json, key);
    if (number >= 0 && number < REAL_PLAIN_MAX)
        write_plain(json->text, (uint64_t)(number * REAL_UNIT + 0.5));
    else
        psp_text_format(json->text, "%.6f", number);
}

void psp_writer_bool(struct psp_writer *json, const char *key, bool value)
{
    begin_value(json, key);
    psp_text_string(json->text, value ? "true" : "false");
}

void psp_writer_null(struct psp_writer *json, const char *key)
{
    begin_value(json, key);
    psp_text_bytes(json->text, "null", 4);
}

void psp_writer_hex(struct psp_writer *json, const char *key, const uint8_t *bytes, uint32_t length)
{
    static const char digits[] = "0123456789abcdef";
    begin_value(json, key);
    psp_text_bytes(json->text, "\"", 1);
    for (uint32_t i = 0; i < length; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        psp_text_bytes(json->text, pair, 2);
    }
    psp_text_bytes(json->text, "\"", 1);
}

void psp_writer_time(struct psp_writer *json, const char *key, uint64_t unix_ms)
{
    const time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    char date[40];
    begin_value(json, key);
    if (!gmtime_r(&seconds, &utc) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        psp_text_bytes(json->text, "null", 4);
        return;
    }
    psp_text_format(json->text, "\"%s.%03uZ\"", date, (unsigned)(unix_ms % 1000));
}
