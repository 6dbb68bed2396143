/*
 * csv - RFC 4180 records in, RFC 4180 records out.
 *
 * The reader takes a memory buffer or a FILE, one record at a time, in bounded
 * memory: quotes, doubled quotes, commas and line breaks inside quotes, LF,
 * CRLF and CR alone, a last record without line end, a UTF-8 byte order mark,
 * another delimiter than the comma. What RFC 4180 does not allow (a quote inside
 * a bare field, text after a closing quote), NUL bytes and text that is not UTF-8
 * are refused with line and column; whoever wants all that is wrong reads on.
 * Lines are counted as an editor counts them.
 *
 * The writer quotes only where RFC 4180 requires: comma, quote, CR or LF
 * inside. Records end with LF.
 *
 * Ownership: the reader does not own the FILE or the memory it reads.
 * Threads:   one owner.
 * Memory:    one buffer, reserved at create: PSP_CSV_RECORD_BYTES_MAX and a bit.
 */
#ifndef PSP_CSV_H
#define PSP_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"

#define PSP_CSV_FIELDS_MAX 64
#define PSP_CSV_FIELD_BYTES_MAX 65536
#define PSP_CSV_RECORD_BYTES_MAX 1048576

struct psp_csv_field {
    const char *text; /* ends in NUL, holds none */
    size_t bytes;
};

struct psp_csv_record {
    const struct psp_csv_field *fields; /* valid until the next call */
    uint32_t field_count;
    uint64_t line; /* 1-based, where the record begins */
};

struct psp_csv;

/* PSP_ENOMEM. */
enum psp_status psp_csv_open_memory(const char *text, size_t bytes, struct psp_csv **ret_csv);
enum psp_status psp_csv_open_file(FILE *file, struct psp_csv **ret_csv);
void psp_csv_close(struct psp_csv **csv);

/* Before the first record. A comma, unless told. */
void psp_csv_delimiter(struct psp_csv *csv, char delimiter);

/* PSP_OK; PSP_ENOENT: no record is left; PSP_EINVAL with a reason: the next call
 * goes on in the line after the one where the broken record begins;
 * PSP_EIO: reading the file failed. */
enum psp_status psp_csv_next(struct psp_csv *csv, struct psp_csv_record *ret_record,
                             struct psp_reason *reterr_reason);

/* Writes one record. PSP_EIO. */
enum psp_status psp_csv_write(FILE *file, const struct psp_csv_field *fields, size_t n);

/* The field as it stands in a record, quoted if it must be; no NUL. Writes at
 * most `size` bytes, returns the length needed. */
size_t psp_csv_quote(const char *text, size_t bytes, char *ret_text, size_t size);

#endif
