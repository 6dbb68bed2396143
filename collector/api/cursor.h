/*
 * cursor - where a list goes on, as an opaque URL-safe token.
 *
 * It holds positions of the definition, never of a version, so it stays good
 * while counts change and after a restart. It is bound to the question it was
 * given for: with other filters it is refused, not misread.
 *
 * In a sorted list it holds the key and position of the last item shown; the
 * next page is what sorts after it. An item whose count changed in between may
 * be met again or passed by; nothing else moves.
 *
 * Threads: any; pure.
 */
#ifndef PSP_CURSOR_H
#define PSP_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

enum { PSP_CURSOR_TEXT_BYTES = 32 }; /* 28 characters and NUL, rounded up */

struct psp_cursor {
    uint32_t question; /* hash of what was asked */
    uint64_t key, position;
};

/* 28 characters of A-Z, a-z, 0-9, - and _. */
void psp_cursor_write(const struct psp_cursor *cursor, char ret_text[PSP_CURSOR_TEXT_BYTES]);
/* False: not a token that psp_cursor_write made. */
bool psp_cursor_read(const char *text, struct psp_cursor *ret_cursor);

#endif
