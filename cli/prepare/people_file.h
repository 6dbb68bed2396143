/*
 * people_file - candidates and voters as the Kafka demos have them, line by line.
 *
 * JSON lines, as in their topics, or CSV with a header, as their tables are copied out;
 * which of both the first character says; or the tables themselves. Only the fields asked
 * for are looked at, and only these leave the server.
 *
 * Ownership: the texts are the reader's until the next call.   Threads: one owner.
 * Memory:    one line of PSP_PEOPLE_LINE_BYTES_MAX at most; of a table, that of its rows.
 */
#ifndef PSP_PEOPLE_FILE_H
#define PSP_PEOPLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/prepare/servers/postgres.h"

#define PSP_PEOPLE_LINE_BYTES_MAX 1048576

enum { PSP_PEOPLE_FIELDS_MAX = 8 };

struct psp_people_field {
    const char *column; /* of the table, and of a flat line */
    const char *object; /* of a line, in which it is called `member`; NULL: none */
    const char *member;
    bool needed; /* a table must have the column */
};

struct psp_people_file;

/* Keeps `fields`, at most PSP_PEOPLE_FIELDS_MAX. PSP_ENOENT, PSP_EACCES, PSP_EIO;
 * PSP_EINVAL: neither lines nor a table with these columns. With a reason. */
enum psp_status psp_people_file_open(const char *path, const struct psp_people_field *fields,
                                     size_t n, struct psp_people_file **ret_file,
                                     struct psp_reason *reterr_reason);
void psp_people_file_close(struct psp_people_file **file);

/* The same columns of a table, whose rows come in the order of the first of `fields`. `server`:
 * in a transaction, not owned, and busy until the file is closed. PSP_EINVAL, PSP_EIO, with a
 * reason. */
enum psp_status psp_people_file_open_table(struct psp_postgres *server, const char *table,
                                           const struct psp_people_field *fields, size_t n,
                                           struct psp_people_file **ret_file,
                                           struct psp_reason *reterr_reason);

/* ret_texts: [n], "" where there is none. PSP_ENOENT: the end. PSP_EINVAL: a line that
 * cannot be read, with the reason; the next call goes on behind it. PSP_EIO. */
enum psp_status psp_people_file_next(struct psp_people_file *file, const char **ret_texts,
                                     uint64_t *ret_line, struct psp_reason *reterr_reason);

#endif
