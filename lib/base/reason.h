/*
 * reason - why something failed, for the person who has to act: where, and what.
 *
 * The status says what kind of failure it is, and the program acts on it; the
 * reason says the rest, and only people read it. A function that can say more
 * than its status has it as its last parameter, `reterr_reason`: written on
 * failure only, and left alone by a failure that has nothing to add (memory ran
 * out). So it begins as {0}, and psp_reason_text() lets the status speak.
 *
 * Where a ballot passes (decoders, checks of columns) a reason is one of a few
 * sentences and a refusal must cost nothing: `const char **`, static text.
 *
 * Ownership: holds its own text.   Threads: any.
 */
#ifndef PSP_REASON_H
#define PSP_REASON_H

#include <stdarg.h>
#include <stdint.h>

#include "base/status.h"

enum { PSP_REASON_POINTER_BYTES = 256, PSP_REASON_TEXT_BYTES = 1024 };

struct psp_reason {
    char pointer[PSP_REASON_POINTER_BYTES]; /* JSON Pointer (RFC 6901), "" for the whole file */
    uint64_t line;                          /* 1-based, 0: the whole file, or unknown */
    uint32_t column; /* 1-based number of the field in a CSV record, 0: the whole record */
    char text[PSP_REASON_TEXT_BYTES];
};

/* Each fills all of it. Text that is too long is cut at a character's boundary;
 * the arguments may be parts of the reason that is filled. */
void psp_reason_set(struct psp_reason *reterr_reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void psp_reason_set_line(struct psp_reason *reterr_reason, uint64_t line, uint32_t column,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));
void psp_reason_set_pointer(struct psp_reason *reterr_reason, const char *pointer,
                            const char *format, ...) __attribute__((format(printf, 3, 4)));
void psp_reason_vset_pointer(struct psp_reason *reterr_reason, const char *pointer,
                             const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* "what: no such file or directory". Returns the status. */
enum psp_status psp_reason_set_status(struct psp_reason *reterr_reason, const char *what,
                                      enum psp_status status);

/* Puts a reason within a file into one line: "path:line: pointer: text", without
 * what is not known; the status speaks when there is no text. Returns the status. */
enum psp_status psp_reason_set_file(struct psp_reason *reterr_reason, const char *path,
                                    enum psp_status status);

/* The text, or the status's when nothing was said. */
const char *psp_reason_text(const struct psp_reason *reason, enum psp_status status);

#endif
