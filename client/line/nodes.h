/*
 * nodes - the text of a JSON object as a row of nodes, at a few hundred nanoseconds a line.
 *
 * What is taken here jansson takes as well (JSON_REJECT_DUPLICATES, no other flag), with the
 * same values; all of it is checked, whoever looks at it or not: UTF-8, names that stand twice
 * in any object, depth, numbers of 64 bits, what stands behind the end. Only a NUL byte, which
 * jansson passes over behind a number or a word, is never taken. What is not taken is refused
 * without a word: who needs words asks jansson, as ballot_line.c does.
 *
 * Ownership: nodes and what they point at live until the thread's next call.
 * Threads:   any; each has a parser of its own until it ends.
 * Memory:    of a thread, some 40 bytes for each byte of a line that is longer than all before;
 *            what lines over PSP_LINE_KEPT_BYTES took is given back with the next shorter one.
 */
#ifndef PSP_LINE_NODES_H
#define PSP_LINE_NODES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PSP_LINE_DEPTH_MAX = 2048, /* a value in an object is one deeper than that; jansson's */
    PSP_LINE_KEPT_BYTES = 64 * 1024,
};

enum psp_line_kind {
    PSP_LINE_NULL,
    PSP_LINE_BOOLEAN, /* integer: 0 or 1 */
    PSP_LINE_INTEGER,
    PSP_LINE_REAL, /* without its value: nobody needs one */
    PSP_LINE_STRING,
    PSP_LINE_LIST,
    PSP_LINE_OBJECT,
};

struct psp_line_node {
    const char *name; /* in its object, NUL behind it; NULL: in none */
    union {
        const char *text; /* of a string, NUL behind it and none inside */
        int64_t integer;
    };
    uint32_t name_bytes, text_bytes;
    uint32_t end; /* place of the next node that is not inside this one */
    enum psp_line_kind kind;
};

/* The object at place 0, what is in it behind it, in its order; NULL: it is none, or no memory.
 * `text` may hold any bytes. */
const struct psp_line_node *psp_line_nodes(const char *text, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
