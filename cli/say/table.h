/*
 * table - text in aligned columns, for people.
 *
 * Rows are kept until printed, because a column is as wide as its widest cell.
 * Width counts UTF-8 code points.
 *
 * Nothing is written beyond the terminal's right edge, where it would be broken
 * or lost: headings take several lines, then the widest texts lose their middle
 * ("Joseph R. B…Harris"), and when numbers alone are too wide each row becomes
 * lines of "heading  cell". Output that is no terminal gets whole columns, unless
 * COLUMNS says how wide it is.
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
/* Its rows alone: a table above has the headings. */
void psp_table_print_rows(const struct psp_table *table, FILE *file);
/* Columns of tables that stand below one another: each as wide as the widest; NULL is none. */
void psp_table_align(struct psp_table *const *tables, size_t n);
/* The same within `width` columns. */
void psp_table_print_within(const struct psp_table *table, size_t width, FILE *file);

/* Columns there are to write in: of COLUMNS, else of the terminal that `file` is;
 * SIZE_MAX when it is none. */
size_t psp_table_room(FILE *file);

/* Columns that the text takes. */
size_t psp_table_width(const char *text);

/* The text without its middle, so that it takes `width` columns at most; the
 * caller frees. */
char *psp_table_shortened(const char *text, size_t width);

/* "1,234,567"; returns `text`. */
const char *psp_count_text(uint64_t count, char text[PSP_COUNT_TEXT_BYTES]);

#endif
