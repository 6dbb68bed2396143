/* The outer members in the order that references need; the rest is built by things,
 * units and styles. */
#include "election/definition/definition.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/line.h"
#include "base/system/file.h"
#include "base/text/utf8.h"
#include "election/definition/inner.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { FORMAT_FIRST = 1, FORMAT_LAST = 2 };

static const char *const choice_kind_names[] = {
    [PSP_CHOICE_CANDIDATE] = "candidate",
    [PSP_CHOICE_YES] = "yes",
    [PSP_CHOICE_NO] = "no",
    [PSP_CHOICE_BLANK] = "blank",
    [PSP_CHOICE_SPOILED] = "spoiled",
    [PSP_CHOICE_WRITE_IN] = "write_in",
    [PSP_CHOICE_OTHER] = "other",
};

const char *psp_choice_kind_name(enum psp_choice_kind kind)
{
    return choice_kind_names[kind];
}

static const struct psp_definition_whole *whole_of(const struct psp_definition *definition)
{
    return (const struct psp_definition_whole *)definition;
}

uint32_t psp_definition_unit(const struct psp_definition *definition, const char *id, size_t bytes)
{
    return psp_id_index_find(&whole_of(definition)->units, 0, id, bytes);
}

uint32_t psp_definition_contest(const struct psp_definition *definition, const char *id,
                                size_t bytes)
{
    return psp_id_index_find(&whole_of(definition)->contests, 0, id, bytes);
}

uint32_t psp_definition_method(const struct psp_definition *definition, const char *id,
                               size_t bytes)
{
    return psp_id_index_find(&whole_of(definition)->methods, 0, id, bytes);
}

uint32_t psp_definition_candidate(const struct psp_definition *definition, const char *id,
                                  size_t bytes)
{
    return psp_id_index_find(&whole_of(definition)->candidates, 0, id, bytes);
}

uint32_t psp_definition_unit_style(const struct psp_definition *definition, uint32_t unit,
                                   const char *id, size_t bytes)
{
    if (unit >= definition->unit_count)
        return PSP_NONE;
    const struct psp_unit *at = &definition->units[unit];
    for (uint32_t i = 0; i < at->style_count; i++) {
        const char *own = definition->styles[at->styles[i]].id;
        if (strncmp(own, id, bytes) == 0 && strlen(own) == bytes)
            return i;
    }
    return PSP_NONE;
}

uint32_t psp_definition_choice(const struct psp_definition *definition, uint32_t contest,
                               const char *id, size_t bytes)
{
    return psp_id_index_find(&whole_of(definition)->choices, contest, id, bytes);
}

static bool digits(const char *text, size_t n)
{
    return strspn(text, "0123456789") >= n;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

static bool check_date(struct psp_build *build, const char *date)
{
    const bool shape = strlen(date) == 10 && digits(date, 4) && date[4] == '-' &&
                       digits(date + 5, 2) && date[7] == '-' && digits(date + 8, 2);
    const int month = shape ? two_digits(date + 5) : 0, day = shape ? two_digits(date + 8) : 0;
    if (month >= 1 && month <= 12 && day >= 1 && day <= 31)
        return true;
    return psp_build_fault(build, "/date", "a date is written YYYY-MM-DD, not \"%s\"",
                           psp_shown(date, strlen(date)).text);
}

/* IANA's names are of these shapes: Asia/Kolkata, America/Argentina/Salta, Etc/GMT+3. Which of
 * them there are differs from machine to machine, so the same file would be refused here
 * and taken there if that was asked. */
static bool check_time_zone(struct psp_build *build, const char *zone)
{
    const size_t bytes = zone ? strlen(zone) : 1;
    if (zone == NULL ||
        (bytes > 0 && bytes < 64 && zone[0] != '/' && zone[bytes - 1] != '/' &&
         strstr(zone, "//") == NULL &&
         strspn(zone, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
             bytes))
        return true;
    return psp_build_fault(build, "/time_zone",
                           "a time zone is called as IANA does, as Europe/Paris or UTC, not \"%s\"",
                           psp_shown(zone, bytes).text);
}

/* Where figures are from, and when it is there. */
static bool read_origin(struct psp_build *build, const json_t *top)
{
    struct psp_definition *definition = build->definition;
    return psp_build_text(build, top, "time_zone", NULL, &definition->time_zone) &&
           check_time_zone(build, definition->time_zone) &&
           psp_build_text(build, top, "source", NULL, &definition->source) &&
           psp_build_text(build, top, "licence", NULL, &definition->licence);
}

/* Before anything else: a file of a later format may differ everywhere. */
static bool check_format(struct psp_build *build, const json_t *top)
{
    if (!json_is_object(top))
        return psp_build_fault(build, "", "must be an object");
    const json_t *format = json_object_get(top, "format");
    if (format == NULL)
        return psp_build_fault(build, "", "member \"format\" is missing");
    if (!json_is_integer(format))
        return psp_build_fault(build, "/format", "must be a whole number");
    if (json_integer_value(format) < FORMAT_FIRST || json_integer_value(format) > FORMAT_LAST)
        return psp_build_fault(build, "/format",
                               "format %" JSON_INTEGER_FORMAT
                               " is unknown: this version reads formats %d to %d",
                               json_integer_value(format), FORMAT_FIRST, FORMAT_LAST);
    build->format = (int)json_integer_value(format);
    return true;
}

static bool build_all(struct psp_build *build, const json_t *top)
{
    static const struct psp_member members[] = {
        {"format", PSP_MEMBER_COUNT, true},
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
        {"date", PSP_MEMBER_NAME, true},
        {"methods", PSP_MEMBER_ARRAY, true},
        {"parties", PSP_MEMBER_ARRAY, true},
        {"candidates", PSP_MEMBER_ARRAY, true},
        {"units", PSP_MEMBER_ARRAY, true},
        {"contests", PSP_MEMBER_ARRAY, true},
        {"ballot_styles", PSP_MEMBER_ARRAY, true},
        {"map", PSP_MEMBER_OBJECT, false},
        {"publication", PSP_MEMBER_NAME, PSP_MEMBER_FORMAT_2},
        {"turnout", PSP_MEMBER_NAME, PSP_MEMBER_FORMAT_2},
        {"report_min", PSP_MEMBER_COUNT, PSP_MEMBER_FORMAT_2},
        {"levels", PSP_MEMBER_ARRAY, PSP_MEMBER_FORMAT_2},
        {"languages", PSP_MEMBER_ARRAY, PSP_MEMBER_FORMAT_2},
        {"time_zone", PSP_MEMBER_NAME, PSP_MEMBER_FORMAT_2},
        {"source", PSP_MEMBER_TEXT, PSP_MEMBER_FORMAT_2},
        {"licence", PSP_MEMBER_TEXT, PSP_MEMBER_FORMAT_2},
    };
    struct psp_definition *definition = build->definition;
    return check_format(build, top) && json_is_object(top) && psp_build_languages(build, top) &&
           psp_build_check_object(build, top, "", members, COUNT_OF(members)) &&
           psp_build_text(build, top, "id", NULL, &definition->id) &&
           psp_build_names(build, top, "name", &definition->name, &definition->names) &&
           psp_build_text(build, top, "date", NULL, &definition->date) &&
           check_date(build, definition->date) && read_origin(build, top) &&
           psp_build_levels(build, top) && psp_build_publication(build, top) &&
           psp_build_map(build, top) && psp_build_methods(build) && psp_build_parties(build) &&
           psp_build_candidates(build) && psp_build_unit_ids(build) && psp_build_contests(build) &&
           psp_build_styles(build) && psp_build_units(build);
}

/* The text is not JSON somewhere: read as a whole, the library tells where. */
static enum psp_status syntax_fault(const char *text, size_t bytes,
                                    struct psp_reason *reterr_reason)
{
    json_error_t error = {.line = 1};
    if (psp_utf8_marked(text, bytes)) {
        psp_reason_set_line(reterr_reason, 1, 0,
                            "begins with a byte order mark, which JSON has no place for: save "
                            "the file as UTF-8 without one");
        return PSP_EINVAL;
    }
    json_t *top = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (top == NULL && json_error_code(&error) == json_error_out_of_memory)
        return PSP_ENOMEM;
    const bool utf8 = top != NULL || json_error_code(&error) != json_error_invalid_utf8;
    json_decref(top);
    psp_reason_set_line(reterr_reason, error.line > 0 ? (uint64_t)error.line : 1, 0, "%s: %s",
                        utf8 ? "not well-formed JSON" : "not UTF-8, which JSON must be",
                        psp_shown(error.text, strlen(error.text)).text);
    return PSP_EINVAL;
}

static void drop_build(struct psp_build *build, size_t bytes)
{
    /* The process goes on for days without what the parts needed. */
    enum { WORTH_TRIMMING = 8 << 20 };
    json_decref(build->element);
    psp_pool_free(&build->scratch);
    psp_id_index_free(&build->parties);
    psp_id_index_free(&build->styles);
    if (bytes > WORTH_TRIMMING)
        malloc_trim(0);
}

enum psp_status psp_definition_parse(const char *text, size_t bytes,
                                     struct psp_definition **ret_definition,
                                     struct psp_reason *reterr_reason)
{
    struct psp_definition_whole *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return PSP_ENOMEM;
    struct psp_definition *definition = &whole->shown;
    struct psp_build build = {
        .definition = definition, .whole = whole, .pool = &whole->pool, .reason = reterr_reason};
    json_t *top = NULL;
    enum psp_status status = PSP_OK;
    if (!psp_build_open(&build, text, bytes, &top) || !build_all(&build, top)) {
        status = build.no_memory ? PSP_ENOMEM : PSP_EINVAL;
        if (build.broken && !build.no_memory)
            status = syntax_fault(text, bytes, reterr_reason);
        else if (!build.no_memory)
            reterr_reason->line = (uint64_t)psp_json_line(text, bytes, reterr_reason->pointer);
    }
    json_decref(top);
    drop_build(&build, bytes);
    if (status == PSP_OK) {
        crypto_hash_sha256(definition->hash, (const unsigned char *)text, bytes);
        *ret_definition = definition;
    } else {
        psp_definition_destroy(&definition);
    }
    return status;
}

enum psp_status psp_definition_load(const char *path, struct psp_definition **ret_definition,
                                    struct psp_reason *reterr_reason)
{
    char *text;
    size_t bytes;
    enum psp_status status = psp_file_read(path, PSP_DEFINITION_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s", strerror(errno));
        return status;
    }
    status = psp_definition_parse(text, bytes, ret_definition, reterr_reason);
    free(text);
    return status;
}

void psp_definition_destroy(struct psp_definition **definition)
{
    if (*definition == NULL)
        return;
    struct psp_definition_whole *whole = (struct psp_definition_whole *)*definition;
    psp_id_index_free(&whole->units);
    psp_id_index_free(&whole->contests);
    psp_id_index_free(&whole->methods);
    psp_id_index_free(&whole->candidates);
    psp_id_index_free(&whole->choices);
    psp_pool_free(&whole->pool);
    free(whole);
    *definition = NULL;
}
