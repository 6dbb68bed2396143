/*
 * rows - what an answer of /changes brings, kept as text until its version is known.
 *
 * The answer's last line says of which version its rows are, and a target that writes the
 * version into each of them (a record, a document) cannot begin before. A row has a key and,
 * unless it is no longer shown, an object as JSON, behind whose members those of the version
 * are put.
 *
 * Ownership: owns its text.   Threads: one owner.
 * Memory:    an answer: about 400 bytes a row; over PSP_ANSWER_BYTES_MAX it is PSP_ENOSPC.
 */
#ifndef PSP_BRIDGE_ROWS_H
#define PSP_BRIDGE_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text/text.h"

enum { PSP_BRIDGE_ROW_KEY_BYTES = 512 };

struct psp_bridge_row {                              /* places in `text` */
    int kind;                                        /* the caller's */
    size_t key_at, key_bytes, value_at, value_bytes; /* value_bytes 0: no longer shown */
};

struct psp_bridge_rows { /* zero-initialise */
    struct psp_text text;
    struct psp_bridge_row *rows;
    size_t count, capacity;
};

/* CONTEST/UNIT/METHOD of a result, the last empty for all methods: no ID has a slash. False:
 * it is no result. */
bool psp_bridge_rows_key(const json_t *result, char ret_key[PSP_BRIDGE_ROW_KEY_BYTES]);

/* `value`: an object that is not empty; NULL: no longer shown. PSP_ENOMEM, PSP_ENOSPC. */
enum psp_status psp_bridge_rows_add(struct psp_bridge_rows *rows, int kind, const char *key,
                                    const json_t *value);
/* Memory is kept. */
void psp_bridge_rows_clear(struct psp_bridge_rows *rows);
void psp_bridge_rows_free(struct psp_bridge_rows *rows);

/* "version": {"id", "number"} and "as_of" of an answer's last line, to be put behind values.
 * PSP_EINVAL: it is none. */
enum psp_status psp_bridge_rows_version(const json_t *end, struct psp_text *version);
/* The whole value of a row that is shown, behind what `value` has. */
void psp_bridge_rows_value(const struct psp_bridge_rows *rows, size_t i,
                           const struct psp_text *version, struct psp_text *value);

#endif
