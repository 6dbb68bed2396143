/* A pointer grows with each step down; what is refused on the way names it. */
#include "base/json/at.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/address.h"
#include "base/system/file.h"
#include "base/text/moment.h"

enum { FILE_BYTES_MAX = 64 << 20, KEY_CHARACTERS = 40 };

static enum psp_status check_format(const json_t *root, struct psp_json_format format,
                                    struct psp_reason *reterr_reason)
{
    const json_t *value = json_object_get(root, "format");
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value)) {
        psp_reason_set_pointer(reterr_reason, "/format", "must be the number %d", format.last);
        return PSP_EINVAL;
    }
    if (number >= format.first && number <= format.last)
        return PSP_OK;
    if (format.older && number > 0 && number < format.first)
        psp_reason_set_pointer(reterr_reason, "/format", "%s", format.older);
    else
        psp_reason_set_pointer(
            reterr_reason, "/format",
            "format %lld is not known to this version (%s), which reads %d: use the version "
            "that wrote the file",
            (long long)number, PSP_VERSION, format.last);
    return PSP_EVERSION;
}

enum psp_status psp_json_load(const char *path, struct psp_json_format format,
                              struct psp_reason *reterr_reason, json_t **ret_root)
{
    char *text;
    size_t bytes;
    enum psp_status status = psp_file_read(path, FILE_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK)
        return psp_reason_set_status(reterr_reason, "cannot be read", status);
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!json_is_object(root)) {
        if (root)
            psp_reason_set(reterr_reason, "must be an object");
        else
            psp_reason_set(reterr_reason, "line %d: %s", error.line, error.text);
        json_decref(root);
        return PSP_EINVAL;
    }
    status = check_format(root, format, reterr_reason);
    if (status != PSP_OK) {
        json_decref(root);
        return status;
    }
    *ret_root = root;
    return PSP_OK;
}

bool psp_json_refuse(const struct psp_json_at *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    psp_reason_vset_pointer(at->reason, at->pointer, format, arguments);
    va_end(arguments);
    return false;
}

static void step(const struct psp_json_at *at, const char *name, const json_t *value,
                 struct psp_json_at *ret_at)
{
    struct psp_json_at next = {.value = value, .reason = at->reason};
    snprintf(next.pointer, sizeof next.pointer, "%.190s/%.60s", at->pointer, name);
    *ret_at = next;
}

bool psp_json_members(const struct psp_json_at *at, const char *const *names)
{
    if (!json_is_object(at->value))
        return psp_json_refuse(at, "must be an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)at->value, key, value)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            return psp_json_refuse(at, "has a member that is not known: \"%.60s\"", key);
    }
    return true;
}

static bool member_at(const struct psp_json_at *at, const char *name, struct psp_json_at *ret_at)
{
    step(at, name, json_object_get(at->value, name), ret_at);
    return ret_at->value ? true : psp_json_refuse(ret_at, "is missing");
}

bool psp_json_has(const struct psp_json_at *at, const char *name)
{
    return json_object_get(at->value, name) != NULL;
}

bool psp_json_reserved(const struct psp_json_at *at, const char *name)
{
    struct psp_json_at member;
    step(at, name, json_object_get(at->value, name), &member);
    const json_t *value = member.value;
    const bool empty = !value || json_is_null(value) ||
                       (json_is_string(value) && json_string_length(value) == 0) ||
                       (json_is_array(value) && json_array_size(value) == 0) ||
                       (json_is_object(value) && json_object_size(value) == 0);
    return empty ? true : psp_json_refuse(&member, "is reserved for a later version: leave it out");
}

bool psp_json_element(const struct psp_json_at *at, size_t i, struct psp_json_at *ret_at)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    step(at, number, json_array_get(at->value, i), ret_at);
    return ret_at->value != NULL;
}

bool psp_json_object(const struct psp_json_at *at, const char *name, struct psp_json_at *ret_at)
{
    return member_at(at, name, ret_at) &&
           (json_is_object(ret_at->value) || psp_json_refuse(ret_at, "must be an object"));
}

bool psp_json_list(const struct psp_json_at *at, const char *name, size_t most,
                   struct psp_json_at *ret_at, size_t *ret_n)
{
    if (!member_at(at, name, ret_at))
        return false;
    if (!json_is_array(ret_at->value))
        return psp_json_refuse(ret_at, "must be a list");
    *ret_n = json_array_size(ret_at->value);
    if (*ret_n > most)
        return psp_json_refuse(ret_at, "has %zu entries; %zu are the most", *ret_n, most);
    return true;
}

bool psp_json_number(const struct psp_json_at *at, const char *name, uint64_t most,
                     uint64_t *ret_number)
{
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    const json_int_t value = json_integer_value(member.value);
    if (!json_is_integer(member.value) || value < 0 || (uint64_t)value > most)
        return psp_json_refuse(&member, "must be a whole number from 0 to %llu",
                               (unsigned long long)most);
    *ret_number = (uint64_t)value;
    return true;
}

static bool copy_text(const struct psp_json_at *member, char **ret_text)
{
    char *copy = strdup(json_string_value(member->value));
    if (!copy)
        return psp_json_refuse(member, "out of memory");
    free(*ret_text);
    *ret_text = copy;
    return true;
}

bool psp_json_text(const struct psp_json_at *at, const char *name, char **ret_text)
{
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    if (!json_is_string(member.value) || json_string_length(member.value) == 0)
        return psp_json_refuse(&member, "must be a text that is not empty");
    return copy_text(&member, ret_text);
}

bool psp_json_moment(const struct psp_json_at *at, const char *name, uint64_t *ret_ms)
{
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    const char *text = json_string_value(member.value);
    return text && psp_moment_read(text, true, ret_ms)
               ? true
               : psp_json_refuse(&member, "must be a time with its zone, as "
                                          "\"2026-11-03T20:00:00Z\" or "
                                          "\"2026-11-03T20:00:00-05:00\"");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool psp_json_hex(const struct psp_json_at *at, const char *name, bool null_allowed, size_t bytes,
                  uint8_t *ret_bytes)
{
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    if (null_allowed && json_is_null(member.value)) {
        memset(ret_bytes, 0, bytes);
        return true;
    }
    const char *text = json_string_value(member.value);
    bool good = text && json_string_length(member.value) == 2 * bytes;
    for (size_t i = 0; good && i < bytes; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        if (good)
            ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return good ? true : psp_json_refuse(&member, "must be %zu lower-case hex digits", 2 * bytes);
}

bool psp_json_key(const struct psp_json_at *at, const char *name, char **ret_key)
{
    static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              ".-:+=^!/*?&<>()[]{}@%$#";
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    const char *text = json_string_value(member.value);
    if (!text || json_string_length(member.value) != KEY_CHARACTERS ||
        strspn(text, z85) != KEY_CHARACTERS)
        return psp_json_refuse(&member, "must be a public key: 40 characters of Z85");
    return copy_text(&member, ret_key);
}

bool psp_json_address(const struct psp_json_at *at, const char *name, const char *scheme,
                      char **ret_address)
{
    struct psp_json_at member;
    if (!member_at(at, name, &member))
        return false;
    const char *text = json_string_value(member.value);
    const size_t prefix = strlen(scheme);
    if (!text || strncmp(text, scheme, prefix) != 0 || !psp_address_good(text + prefix, 1))
        return psp_json_refuse(&member, "must be %shost:port", scheme);
    return copy_text(&member, ret_address);
}
