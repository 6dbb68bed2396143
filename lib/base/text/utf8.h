/*
 * utf8 - is this text UTF-8, and how to show a stranger's text safely.
 *
 * Threads: any; pure.
 */
#ifndef PSP_UTF8_H
#define PSP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at `text`, 0 when it is not well-formed UTF-8
 * (overlong, surrogate, past U+10FFFF, truncated). */
size_t psp_utf8_length(const char *text, size_t bytes);

/* All of it, in shortest forms, without surrogates. */
bool psp_utf8_valid(const char *text, size_t bytes);

/* Bytes of the longest start of `text` that is at most `max` bytes and does
 * not end inside a character. */
size_t psp_utf8_cut(const char *text, size_t bytes, size_t max);

/* What some editors write before everything else: nobody sees it, and JSON has no place
 * for it. */
#define PSP_BYTE_ORDER_MARK "\xEF\xBB\xBF"
bool psp_utf8_marked(const char *text, size_t bytes);

/* In place, for a terminal or a log: what moves a cursor or turns the direction of writing
 * (control characters but '\n', U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069),
 * and what is not UTF-8, becomes '?'. */
void psp_utf8_make_plain(char *text);

struct psp_shown {
    char text[100];
};

/* At most 90 bytes of the text, for messages, made plain, '\n' too; a cut shows as "...". */
struct psp_shown psp_shown(const char *text, size_t bytes);

#endif
