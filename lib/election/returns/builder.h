/*
 * builder - returns in the making: texts are kept once, rows are added, looked
 * over and some of them left out.
 *
 * Ownership: owns rows and texts until psp_returns_builder_finish hands them on.
 * Threads:   one owner.   Memory: about 90 bytes a row, besides the distinct texts.
 */
#ifndef PSP_RETURNS_BUILDER_H
#define PSP_RETURNS_BUILDER_H

#include <stdbool.h>

#include "election/returns/returns.h"

struct psp_returns_builder;

/* PSP_ENOMEM. */
enum psp_status psp_returns_builder_create(struct psp_returns_builder **ret_builder);
/* NULL is fine. */
void psp_returns_builder_destroy(struct psp_returns_builder **builder);

/* The one copy of a text: equal texts are one pointer. NULL: no memory. */
const char *psp_returns_builder_text(struct psp_returns_builder *builder, const char *text,
                                     size_t bytes);
/* Position of the file or method of this name, added when it is new; PSP_NONE: no
 * memory, or more than 65,536 files or PSP_METHODS_MAX methods. */
uint32_t psp_returns_builder_file(struct psp_returns_builder *builder, const char *name);
uint32_t psp_returns_builder_method(struct psp_returns_builder *builder, const char *name,
                                    size_t bytes);
/* The first one stays. */
void psp_returns_builder_date(struct psp_returns_builder *builder, const char *date);

/* Seats of the row's contest; of several numbers the largest stays. PSP_ENOMEM. */
enum psp_status psp_returns_builder_seats(struct psp_returns_builder *builder,
                                          const struct psp_returns_row *row, uint32_t n,
                                          bool *ret_new);

/* The row's texts are the builder's. PSP_ENOMEM. */
enum psp_status psp_returns_builder_add(struct psp_returns_builder *builder,
                                        const struct psp_returns_row *row);

/* The rows so far, to be changed in place; valid until the next is added. */
struct psp_returns_row *psp_returns_builder_rows(struct psp_returns_builder *builder,
                                                 size_t *ret_n);
/* What stands there while it is built; rows as above. */
const struct psp_returns *psp_returns_builder_view(struct psp_returns_builder *builder);
/* Leaves out every row that `leave_out` marks; `leave_out` is [n]. */
void psp_returns_builder_leave_out(struct psp_returns_builder *builder, const bool *leave_out);

/* The builder is gone then. */
void psp_returns_builder_finish(struct psp_returns_builder **builder,
                                struct psp_returns **ret_returns);

#endif
