/*
 * cut - an object or array taken apart without reading what is in it.
 *
 * A national definition is 60 MB of JSON, and ten times that as a tree. Cut
 * into members and elements, only one of them need be a tree at a time. Only
 * brackets, strings and separators are looked at here: whether each piece is
 * well-formed is for the JSON library to say when it reads the piece.
 *
 * Ownership: spans point into the text.   Threads: one owner.
 */
#ifndef PSP_JSON_CUT_H
#define PSP_JSON_CUT_H

#include <stddef.h>

struct psp_json_span {
    const char *text;
    size_t bytes;
};

enum psp_cut { PSP_CUT_ITEM, PSP_CUT_END, PSP_CUT_BROKEN };

struct psp_json_cut {
    const char *at, *end;
    char close; /* '}' or ']' */
    enum { PSP_CUT_FIRST, PSP_CUT_LATER, PSP_CUT_DONE } state;
};

/* Starts at the span's only value, which must be an object or array: `open` is
 * '{' or '['. PSP_CUT_BROKEN when it is not. */
enum psp_cut psp_json_cut_begin(struct psp_json_cut *ret_cut, struct psp_json_span span, char open);

/* The next member (name with its quotes, value) or, with `ret_name` NULL, the
 * next element. After PSP_CUT_END nothing but white space is left. */
enum psp_cut psp_json_cut_next(struct psp_json_cut *cut, struct psp_json_span *ret_name,
                               struct psp_json_span *ret_value);

#endif
