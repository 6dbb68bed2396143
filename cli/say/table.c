#include "cli/say/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

struct psp_table {
    size_t columns;
    char alignment[PSP_TABLE_COLUMNS_MAX + 1];
    size_t width[PSP_TABLE_COLUMNS_MAX];
    char **cells; /* row by row; the first row is the headings */
    size_t rows, rows_max;
};

/* Continuation bytes (10xxxxxx) do not take a place on the screen. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

struct psp_table *psp_table_create(const char *alignment, const char *const *headings)
{
    struct psp_table *table = psp_memory_array(1, sizeof *table);
    table->columns = strlen(alignment);
    assert(table->columns <= PSP_TABLE_COLUMNS_MAX);
    memcpy(table->alignment, alignment, table->columns);
    psp_table_add(table, headings);
    return table;
}

void psp_table_destroy(struct psp_table **table)
{
    if (!*table)
        return;
    for (size_t i = 0; i < (*table)->rows * (*table)->columns; i++)
        free((*table)->cells[i]);
    free((*table)->cells);
    free(*table);
    *table = NULL;
}

void psp_table_add(struct psp_table *table, const char *const *cells)
{
    if (table->rows == table->rows_max) {
        table->rows_max = table->rows_max ? table->rows_max * 2 : 16;
        table->cells =
            psp_memory_resize(table->cells, table->rows_max * table->columns, sizeof *table->cells);
    }
    for (size_t i = 0; i < table->columns; i++) {
        table->cells[table->rows * table->columns + i] = psp_memory_copy(cells[i]);
        const size_t width = text_width(cells[i]);
        if (width > table->width[i])
            table->width[i] = width;
    }
    table->rows++;
}

void psp_table_print(const struct psp_table *table, FILE *file)
{
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->columns; i++) {
            const char *cell = table->cells[row * table->columns + i];
            const int pad = (int)(table->width[i] - text_width(cell));
            const bool last = i + 1 == table->columns;
            if (i)
                fputs("  ", file);
            if (table->alignment[i] == 'r')
                fprintf(file, "%*s%s", pad, "", cell);
            else
                fprintf(file, "%s%*s", cell, last ? 0 : pad, "");
        }
        fputc('\n', file);
    }
}

const char *psp_count_text(uint64_t count, char text[PSP_COUNT_TEXT_BYTES])
{
    char digits[PSP_COUNT_TEXT_BYTES];
    const int n = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}
