/*
 * verdicts - what became of each line, or row: for a program in a file, for a person in a few
 * words.
 *
 * The file has an object a line of the input, in the order in which verdicts come
 * (docs/formats.md, "Verdicts of lines"). The words group what was refused by why, with
 * the first lines of each.
 *
 * Ownership: owns the file.   Threads: one owner.
 * Memory:    a note a ballot on the way, and PSP_VERDICT_REASONS_MAX groups.
 */
#ifndef PSP_CAST_VERDICTS_H
#define PSP_CAST_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "client/psephos.h"

enum { PSP_VERDICT_REASONS_MAX = 20, PSP_VERDICT_LINES = 5 };

struct psp_verdicts;

/* `path`: NULL is no file. `line`: what a person calls it, "line" or "row"; static. PSP_EIO,
 * PSP_ENOENT, PSP_EPERM, with a reason. */
enum psp_status psp_verdicts_open(const char *path, const char *line,
                                  struct psp_verdicts **ret_verdicts,
                                  struct psp_reason *reterr_reason);

/* A line that is sent; `doubt`: what the definition says against it, "" nothing. Returns
 * the cookie that its receipt must have. */
uint64_t psp_verdicts_expect(struct psp_verdicts *verdicts, uint64_t line,
                             const uint8_t ballot_id[PSP_BALLOT_ID_BYTES], const char *doubt);
void psp_verdicts_take(struct psp_verdicts *verdicts, const struct psp_receipt *receipt);
/* A line that is no ballot. */
void psp_verdicts_unreadable(struct psp_verdicts *verdicts, uint64_t line, const char *reason);

/* Writes lines that got no verdict, and closes the file; says on stderr what was refused.
 * False: the file is not whole, *reterr_reason says why. Takes NULL, too. */
bool psp_verdicts_close(struct psp_verdicts **verdicts, struct psp_reason *reterr_reason);

#endif
