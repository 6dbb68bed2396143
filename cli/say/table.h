/*
 * table - text in aligned columns, for people.
 *
 * Rows are kept until printed, because a column is as wide as its widest cell.
 * Width counts UTF-8 code points.
 *
 * Ownership: copies the cells.   Threads: one owner.
 */
#ifndef PSP_TABLE_H
#define PSP_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PSP_TABLE_COLUMNS_MAX = 16, PSP_COUNT_TEXT_BYTES = 32 };

struct psp_table;

/* One letter a column in `alignment`: 'l' left, 'r' right. */
struct psp_table *psp_table_create(const char *alignment, const char *const *headings);
void psp_table_destroy(struct psp_table **table);
void psp_table_add(struct psp_table *table, const char *const *cells);
void psp_table_print(const struct psp_table *table, FILE *file);

/* "1,234,567"; returns `text`. */
const char *psp_count_text(uint64_t count, char text[PSP_COUNT_TEXT_BYTES]);

#endif
