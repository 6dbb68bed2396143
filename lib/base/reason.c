/* Each way of filling it writes all of it; a text that was cut ends at a character. */
#include "base/reason.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text/utf8.h"

/* Made beside and copied: an argument may be the reason's own text. */
static void fill(struct psp_reason *reterr_reason, const char *pointer, uint64_t line,
                 uint32_t column, const char *format, va_list arguments)
{
    struct psp_reason reason = {.line = line, .column = column};
    snprintf(reason.pointer, sizeof reason.pointer, "%s", pointer);
    vsnprintf(reason.text, sizeof reason.text, format, arguments);
    const size_t bytes = strlen(reason.text);
    if (bytes == sizeof reason.text - 1)
        reason.text[psp_utf8_cut(reason.text, bytes, bytes - 1)] = '\0';
    psp_utf8_make_plain(reason.text); /* file names and strangers' bytes are in it */
    *reterr_reason = reason;
}

void psp_reason_set(struct psp_reason *reterr_reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(reterr_reason, "", 0, 0, format, arguments);
    va_end(arguments);
}

void psp_reason_set_line(struct psp_reason *reterr_reason, uint64_t line, uint32_t column,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(reterr_reason, "", line, column, format, arguments);
    va_end(arguments);
}

void psp_reason_set_pointer(struct psp_reason *reterr_reason, const char *pointer,
                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(reterr_reason, pointer, 0, 0, format, arguments);
    va_end(arguments);
}

void psp_reason_vset_pointer(struct psp_reason *reterr_reason, const char *pointer,
                             const char *format, va_list arguments)
{
    fill(reterr_reason, pointer, 0, 0, format, arguments);
}

enum psp_status psp_reason_set_status(struct psp_reason *reterr_reason, const char *what,
                                      enum psp_status status)
{
    psp_reason_set(reterr_reason, "%s: %s", what, psp_status_text(status));
    return status;
}

enum psp_status psp_reason_set_file(struct psp_reason *reterr_reason, const char *path,
                                    enum psp_status status)
{
    char line[32] = "";
    if (reterr_reason->line > 0)
        snprintf(line, sizeof line, ":%" PRIu64, reterr_reason->line);
    psp_reason_set(reterr_reason, "%s%s: %s%s%s", path, line, reterr_reason->pointer,
                   reterr_reason->pointer[0] != '\0' ? ": " : "",
                   psp_reason_text(reterr_reason, status));
    return status;
}

const char *psp_reason_text(const struct psp_reason *reason, enum psp_status status)
{
    return reason->text[0] != '\0' ? reason->text : psp_status_text(status);
}
