/*
 * spool - the lines of one answer, until its end has come.
 *
 * Only the last line says as of what an answer is, and that it is whole; till then nothing
 * of it may reach a target. All rows of a national election are hundreds of megabytes:
 * what does not fit in memory goes to a file without a name, in $TMPDIR or /tmp. More than
 * PSP_BRIDGE_SPOOL_BYTES_MAX is no collector's answer: one without end must not fill the disk.
 *
 * Ownership: a line lives until the next call.   Threads: one owner.
 * Memory:    PSP_BRIDGE_SPOOL_BYTES, and the longest line.
 */
#ifndef PSP_BRIDGE_SPOOL_H
#define PSP_BRIDGE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

enum { PSP_BRIDGE_SPOOL_BYTES = 8 << 20 };
#define PSP_BRIDGE_SPOOL_BYTES_MAX (UINT64_C(8) << 30) /* of an answer, in memory and on disk */

struct psp_bridge_spool;

/* For so many bytes at most. PSP_ENOMEM. */
enum psp_status psp_bridge_spool_create(uint64_t bytes_max, struct psp_bridge_spool **ret_spool);
void psp_bridge_spool_destroy(struct psp_bridge_spool **spool);

/* Empty again; what it used of the disk is given back. */
void psp_bridge_spool_clear(struct psp_bridge_spool *spool);
/* A line without its end. PSP_EUNREACHABLE: more than there may be; PSP_ENOMEM; PSP_ENOSPC,
 * PSP_EIO, PSP_EACCES: of the file. */
enum psp_status psp_bridge_spool_add(struct psp_bridge_spool *spool, const char *line, size_t bytes,
                                     struct psp_reason *reterr_reason);
uint64_t psp_bridge_spool_lines(const struct psp_bridge_spool *spool);

/* From the first line on, again. PSP_ENOSPC, PSP_EIO. */
enum psp_status psp_bridge_spool_rewind(struct psp_bridge_spool *spool,
                                        struct psp_reason *reterr_reason);
/* PSP_ENOENT: that was the last. PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_bridge_spool_next(struct psp_bridge_spool *spool, const char **ret_line,
                                      size_t *ret_bytes, struct psp_reason *reterr_reason);

#endif
