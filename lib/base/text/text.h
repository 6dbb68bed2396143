/*
 * text - a growing run of bytes that answers are written into.
 *
 * Running out of memory is remembered in `failed` instead of being returned by
 * every append: a writer writes on, and whoever sends the text checks once.
 *
 * Ownership: owns `data`.   Threads: one owner.
 * Memory:    doubles as it grows, up to PSP_ANSWER_BYTES_MAX; more sets `failed` and `too_long`.
 */
#ifndef PSP_TEXT_H
#define PSP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSP_ANSWER_MIB_MAX 512
#define PSP_ANSWER_BYTES_MAX ((size_t)PSP_ANSWER_MIB_MAX << 20)

struct psp_text { /* zero-initialise; free with psp_text_free */
    char *data;   /* not NUL-terminated */
    size_t length, capacity;
    bool failed, too_long;
};

/* The text is empty then, and as good as new. */
void psp_text_free(struct psp_text *text);

/* Makes room for `more` bytes; false (and failed) when there is none. */
bool psp_text_reserve(struct psp_text *text, size_t more);

/* Append; nothing happens once `failed` is set. */
void psp_text_bytes(struct psp_text *text, const void *bytes, size_t length);
void psp_text_string(struct psp_text *text, const char *string);
void psp_text_number(struct psp_text *text, uint64_t number);
void psp_text_format(struct psp_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
