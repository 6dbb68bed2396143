/*
 * at - small readers for JSON files that people write and programs obey, each of
 * which knows where it is, so that a refusal can say so.
 *
 * A refused value fills the reason (pointer and text) and the reader returns
 * false; nothing is read on from there.
 *
 * Ownership: points into the tree that psp_json_load gave, and at the caller's
 *            reason.   Threads: one owner.
 */
#ifndef PSP_JSON_AT_H
#define PSP_JSON_AT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"

/* A value and the JSON Pointer that leads to it. */
struct psp_json_at {
    const json_t *value;
    char pointer[PSP_REASON_POINTER_BYTES];
    struct psp_reason *reason;
};

/* Which numbers of `format` are read, and what is said of those before; NULL: as of
 * those that come after. */
struct psp_json_format {
    int first, last;
    const char *older;
};

/* Reads and parses a file into *ret_root (json_decref it) and checks its format.
 * PSP_ENOENT, PSP_EIO, PSP_ENOMEM, PSP_EINVAL, PSP_EVERSION, each with a reason. */
enum psp_status psp_json_load(const char *path, struct psp_json_format format,
                              struct psp_reason *reterr_reason, json_t **ret_root);

/* Fills the reason; returns false, for use in a condition. */
bool psp_json_refuse(const struct psp_json_at *at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An object with no other members than `names` (NULL at the end). */
bool psp_json_members(const struct psp_json_at *at, const char *const *names);
/* Members that may be left out are asked for before they are read. */
bool psp_json_has(const struct psp_json_at *at, const char *name);
/* A member whose name is kept for later: not there, or empty (null, "", [], {}). */
bool psp_json_reserved(const struct psp_json_at *at, const char *name);
bool psp_json_element(const struct psp_json_at *at, size_t i, struct psp_json_at *ret_at);
/* A member that is an object. */
bool psp_json_object(const struct psp_json_at *at, const char *name, struct psp_json_at *ret_at);
bool psp_json_list(const struct psp_json_at *at, const char *name, size_t most,
                   struct psp_json_at *ret_at, size_t *ret_n);

/* A whole number from 0 to `most`. */
bool psp_json_number(const struct psp_json_at *at, const char *name, uint64_t most,
                     uint64_t *ret_number);
/* A copy, free it. */
bool psp_json_text(const struct psp_json_at *at, const char *name, char **ret_text);
/* ms since 1970 of a time with its zone: base/text/moment.h. */
bool psp_json_moment(const struct psp_json_at *at, const char *name, uint64_t *ret_ms);
bool psp_json_hex(const struct psp_json_at *at, const char *name, bool null_allowed, size_t bytes,
                  uint8_t *ret_bytes);
/* The other direction; at most PSP_SIGNATURE_BYTES bytes. */
json_t *psp_json_of_bytes(const uint8_t *bytes, size_t n, bool null_when_zero);
/* 40 Z85 characters; a copy. */
bool psp_json_key(const struct psp_json_at *at, const char *name, char **ret_key);
/* "tcp://host:port" or, with `scheme` "", "host:port"; a copy. */
bool psp_json_address(const struct psp_json_at *at, const char *name, const char *scheme,
                      char **ret_address);

#endif
