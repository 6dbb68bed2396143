/* What the tests of messages work with: an arena, buffers, and the message that
 * was decoded last. DESK_MESSAGE is its type, defined before this is included. */
#ifndef PSP_TEST_MESSAGE_DESK_H
#define PSP_TEST_MESSAGE_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto_writer.h"
#include "wire/message/message.h"

enum { BUDGET_BYTES = 64 << 20 };

struct desk {
    struct psp_arena *arena;
    struct psp_buffer buffer;
    DESK_MESSAGE got;
    struct psp_entry entry;
    const char *reason;
    struct proto inner, body, top;
};

static inline int open_desk(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    assert_int_equal(psp_arena_create(BUDGET_BYTES, &d->arena), PSP_OK);
    *state = d;
    return 0;
}

static inline int close_desk(void **state)
{
    struct desk *d = *state;
    psp_arena_destroy(&d->arena);
    psp_buffer_free(&d->buffer);
    free(d);
    return 0;
}

/* Wraps d->body as the given body of a message of protocol (or format) 1. */
static inline void wrap_body(struct desk *d, unsigned field)
{
    d->top.length = 0;
    proto_number(&d->top, 1, 1);
    proto_message(&d->top, field, &d->body);
}

static inline struct psp_bytes text(const char *of)
{
    return (struct psp_bytes){.data = (const uint8_t *)of, .length = strlen(of)};
}

static inline void assert_bytes(struct psp_bytes got, const char *expected)
{
    assert_int_equal(got.length, strlen(expected));
    assert_memory_equal(got.data, expected, got.length);
}

#endif
