/*
 * decode - a file in another encoding, read as UTF-8.
 *
 * Spreadsheets write UTF-16, older programs Latin-1 or Windows-1252. The reader of
 * tables knows UTF-8 only: this stands between it and the file. Bytes that mean
 * nothing in the encoding come out as 0xFF, which no UTF-8 holds: the reader then
 * names the line, and nothing is guessed.
 *
 * Ownership: the FILE that is given back owns the one that it reads.
 * Threads:   one owner.   Memory: constant.
 */
#ifndef PSP_DECODE_H
#define PSP_DECODE_H

#include <stdbool.h>
#include <stdio.h>

enum psp_encoding {
    PSP_ENCODING_UTF_8,
    PSP_ENCODING_LATIN_1,
    PSP_ENCODING_WINDOWS_1252,
    PSP_ENCODING_UTF_16, /* by its byte order mark, else little-endian */
    PSP_ENCODING_UTF_16_LE,
    PSP_ENCODING_UTF_16_BE,
    PSP_ENCODINGS_END,
};

const char *psp_encoding_name(enum psp_encoding encoding); /* "utf-8", "latin-1", ... */
/* In any case, with or without hyphens. False: no such word. */
bool psp_encoding_named(const char *name, enum psp_encoding *ret_encoding);

/* UTF-8: `file` itself. NULL: no memory, and `file` is closed. */
FILE *psp_decode_open(FILE *file, enum psp_encoding encoding);

#endif
