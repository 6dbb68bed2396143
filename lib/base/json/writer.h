/*
 * writer - JSON as a stream of calls into a psp_text.
 *
 * A tree of nodes for 180,000 precincts costs more than counting them; this
 * writes each value once, straight into the answer. It places commas and
 * escapes strings; bytes that are not UTF-8 become U+FFFD, so that an answer is
 * always valid JSON whatever a client sent.
 *
 *     psp_writer_begin_object(&json, NULL);
 *     psp_writer_string(&json, "name", unit->name);
 *     psp_writer_begin_array(&json, "votes");
 *     psp_writer_number(&json, NULL, 7);
 *     psp_writer_end_array(&json);
 *     psp_writer_end_object(&json);          {"name":"…","votes":[7]}
 *
 * `key` is NULL for array elements and the outermost value.
 *
 * Ownership: writes into a text that it does not own.   Threads: one owner.
 */
#ifndef PSP_JSON_WRITER_H
#define PSP_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text/text.h"

enum { PSP_JSON_DEPTH_MAX = 32 };

struct psp_writer {
    struct psp_text *text;
    uint32_t depth;
    bool filled[PSP_JSON_DEPTH_MAX]; /* something stands before the next value */
};

/* Into a text that may hold something already. */
void psp_writer_start(struct psp_writer *json, struct psp_text *text);

/* `key`: NULL in an array and at the top. What begins must end. */
void psp_writer_begin_object(struct psp_writer *json, const char *key);
void psp_writer_end_object(struct psp_writer *json);
void psp_writer_begin_array(struct psp_writer *json, const char *key);
void psp_writer_end_array(struct psp_writer *json);

/* NULL string: null. */
void psp_writer_string(struct psp_writer *json, const char *key, const char *string);
void psp_writer_number(struct psp_writer *json, const char *key, uint64_t number);
/* PSP_UNSTATED: null. */
void psp_writer_stated(struct psp_writer *json, const char *key, uint64_t number);
/* Six decimals, finite only. */
void psp_writer_real(struct psp_writer *json, const char *key, double number);
void psp_writer_bool(struct psp_writer *json, const char *key, bool value);
void psp_writer_null(struct psp_writer *json, const char *key);
/* Lower-case hex of `length` bytes, as a string. */
void psp_writer_hex(struct psp_writer *json, const char *key, const uint8_t *bytes,
                    uint32_t length);
/* UTC, "2026-11-03T23:59:59.123Z". */
void psp_writer_time(struct psp_writer *json, const char *key, uint64_t unix_ms);

#endif
