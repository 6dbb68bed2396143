/*
 * lines - text lines of a file or a pipe, without ever waiting for one.
 *
 * A pipe may pause for hours (a topic with nothing new), while receipts of
 * earlier ballots still come in: so the reader says "nothing now" instead of
 * blocking.
 *
 * Ownership: owns the file unless it is standard input.
 * Threads:   one owner.   Memory: one line of PSP_LINE_BYTES_MAX at most.
 */
#ifndef PSP_LINES_H
#define PSP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define PSP_LINE_BYTES_MAX 1048576

struct psp_lines;

/* "-": standard input. PSP_ENOENT, PSP_EIO. */
enum psp_status psp_lines_open(const char *path, struct psp_lines **ret_lines);
void psp_lines_close(struct psp_lines **lines);

/* The next line without its end; it ends in NUL and lives until the next call.
 * PSP_EAGAIN: none now. PSP_ENOENT: the end. PSP_EINVAL: too long, skipped.
 * PSP_EIO. */
enum psp_status psp_lines_next(struct psp_lines *lines, const char **ret_text, size_t *ret_bytes);
uint64_t psp_lines_number(const struct psp_lines *lines); /* of the last line, from 1 */
/* Until there may be more, `ms` at most. False: there is nothing yet. */
bool psp_lines_wait(const struct psp_lines *lines, int ms);

#endif
