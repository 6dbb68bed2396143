/* Widths first, then lines: when the room is narrow, the widest column of text gives first. */
#include "cli/say/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/bytes/number.h"
#include "base/text/utf8.h"
#include "cli/say/memory.h"

enum { GAP = 2, TEXT_MIN = 12 };

struct psp_table {
    size_t columns;
    char alignment[PSP_TABLE_COLUMNS_MAX + 1];
    size_t width[PSP_TABLE_COLUMNS_MAX];
    char **cells; /* row by row; the first row is the headings */
    size_t rows, rows_max;
};

/* Continuation bytes (10xxxxxx) do not take a place on the screen. */
size_t psp_table_width(const char *text)
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
        char *cell = psp_memory_copy(cells[i]);
        psp_utf8_make_plain(cell);
        table->cells[table->rows * table->columns + i] = cell;
        const size_t width = psp_table_width(cell);
        if (width > table->width[i])
            table->width[i] = width;
    }
    table->rows++;
}

/* How a table is laid out in the room that there is. */
struct layout {
    size_t width[PSP_TABLE_COLUMNS_MAX];
    size_t heading_lines; /* 0: no room for columns, a line a cell */
};

/* Bytes of the first line of a heading that is broken at its blanks; at least a word. */
static size_t line_bytes(const char *heading, size_t width)
{
    size_t fits = strcspn(heading, " ");
    for (size_t end = fits; heading[end];) {
        end += 1 + strcspn(heading + end + 1, " ");
        char *line = strndup(heading, end);
        const bool more = line && psp_table_width(line) <= width;
        free(line);
        if (!more)
            break;
        fits = end;
    }
    return fits;
}

static size_t count_lines(const char *heading, size_t width)
{
    size_t lines = 1;
    for (;;) {
        heading += line_bytes(heading, width);
        if (!*heading)
            return lines;
        heading++;
        lines++;
    }
}

static size_t longest_word(const char *text)
{
    size_t longest = 0;
    for (size_t bytes; *text; text += bytes + (text[bytes] == ' ')) {
        bytes = strcspn(text, " ");
        char *word = strndup(text, bytes);
        const size_t width = word ? psp_table_width(word) : bytes;
        longest = width > longest ? width : longest;
        free(word);
    }
    return longest;
}

static size_t sum_of(const struct psp_table *table, const struct layout *layout)
{
    size_t sum = (table->columns - 1) * GAP;
    for (size_t i = 0; i < table->columns; i++)
        sum += layout->width[i];
    return sum;
}

/* The widest column of text gives first. */
static void shrink_texts(const struct psp_table *table, size_t room, struct layout *layout)
{
    for (size_t sum; (sum = sum_of(table, layout)) > room;) {
        size_t widest = table->columns, next = TEXT_MIN;
        for (size_t i = 0; i < table->columns; i++)
            if (table->alignment[i] == 'l' && layout->width[i] > TEXT_MIN &&
                (widest == table->columns || layout->width[i] > layout->width[widest]))
                widest = i;
        if (widest == table->columns)
            return;
        for (size_t i = 0; i < table->columns; i++)
            if (i != widest && table->alignment[i] == 'l' && layout->width[i] > next)
                next = layout->width[i];
        const size_t excess = sum - room, width = layout->width[widest];
        const size_t least = next < width ? next : width - 1;
        layout->width[widest] = width - least < excess ? least : width - excess;
    }
}

static struct layout lay_out(const struct psp_table *table, size_t room)
{
    struct layout layout = {.heading_lines = 1};
    memcpy(layout.width, table->width, sizeof layout.width);
    if (sum_of(table, &layout) <= room)
        return layout;
    for (size_t i = 0; i < table->columns; i++) {
        layout.width[i] = longest_word(table->cells[i]);
        for (size_t row = 1; row < table->rows; row++) {
            const size_t width = psp_table_width(table->cells[row * table->columns + i]);
            layout.width[i] = width > layout.width[i] ? width : layout.width[i];
        }
    }
    shrink_texts(table, room, &layout);
    for (size_t i = 0; i < table->columns; i++) {
        const size_t lines = count_lines(table->cells[i], layout.width[i]);
        layout.heading_lines = lines > layout.heading_lines ? lines : layout.heading_lines;
    }
    if (sum_of(table, &layout) > room)
        layout.heading_lines = 0;
    return layout;
}

/* One line of cells; nothing after the last that says something. */
static void print_line(const struct psp_table *table, const struct layout *layout,
                       char *const *cells, FILE *file)
{
    size_t blanks = 0;
    for (size_t i = 0; i < table->columns; i++) {
        char *cell = psp_table_shortened(cells[i], layout->width[i]);
        const size_t width = psp_table_width(cell), pad = layout->width[i] - width;
        const size_t before = blanks + (table->alignment[i] == 'r' ? pad : 0);
        if (width) {
            fprintf(file, "%*s%s", (int)before, "", cell);
            blanks = 0;
        } else {
            blanks = before;
        }
        blanks += (table->alignment[i] == 'r' ? 0 : pad) + GAP;
        free(cell);
    }
    fputc('\n', file);
}

/* Headings stand on the line above the first row, their first words higher. */
static void print_headings(const struct psp_table *table, const struct layout *layout, FILE *file)
{
    char *cells[PSP_TABLE_COLUMNS_MAX];
    const char *left[PSP_TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < table->columns; i++)
        left[i] = table->cells[i];
    for (size_t line = layout->heading_lines; line-- > 0;) {
        for (size_t i = 0; i < table->columns; i++) {
            const bool due = count_lines(left[i], layout->width[i]) > line;
            const size_t bytes = due ? line_bytes(left[i], layout->width[i]) : 0;
            cells[i] = psp_memory_print("%.*s", (int)bytes, left[i]);
            left[i] += bytes + (due && left[i][bytes] == ' ');
        }
        print_line(table, layout, cells, file);
        for (size_t i = 0; i < table->columns; i++)
            free(cells[i]);
    }
}

static void print_cells(const struct psp_table *table, size_t room, FILE *file)
{
    size_t width = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const size_t own = psp_table_width(table->cells[i]);
        width = own > width ? own : width;
    }
    for (size_t row = 1; row < table->rows; row++) {
        if (row > 1)
            fputc('\n', file);
        for (size_t i = 0; i < table->columns; i++) {
            const char *heading = table->cells[i];
            const size_t left = room > width + GAP ? room - width - GAP : 1;
            char *cell = psp_table_shortened(table->cells[row * table->columns + i], left);
            fprintf(file, "%s%*s%s\n", heading, (int)(width - psp_table_width(heading) + GAP), "",
                    cell);
            free(cell);
        }
    }
}

static void print_all(const struct psp_table *table, size_t width, bool headings, FILE *file)
{
    const struct layout layout = lay_out(table, width);
    if (layout.heading_lines == 0) {
        print_cells(table, width, file);
        return;
    }
    if (headings)
        print_headings(table, &layout, file);
    for (size_t row = 1; row < table->rows; row++)
        print_line(table, &layout, table->cells + row * table->columns, file);
}

void psp_table_print_within(const struct psp_table *table, size_t width, FILE *file)
{
    print_all(table, width, true, file);
}

void psp_table_print_rows(const struct psp_table *table, FILE *file)
{
    print_all(table, psp_table_room(file), false, file);
}

void psp_table_align(struct psp_table *const *tables, size_t n)
{
    size_t width[PSP_TABLE_COLUMNS_MAX] = {0};
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; tables[t] && i < tables[t]->columns; i++)
            width[i] = tables[t]->width[i] > width[i] ? tables[t]->width[i] : width[i];
    for (size_t t = 0; t < n; t++)
        if (tables[t])
            memcpy(tables[t]->width, width, sizeof width);
}

void psp_table_print(const struct psp_table *table, FILE *file)
{
    psp_table_print_within(table, psp_table_room(file), file);
}

size_t psp_table_room(FILE *file)
{
    const char *stated = getenv("COLUMNS");
    uint64_t columns = 0;
    struct winsize size = {0};
    if (stated && psp_number_read(stated, 1, UINT16_MAX, &columns))
        return (size_t)columns;
    const int descriptor = fileno(file); /* -1: memory */
    if (descriptor < 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return SIZE_MAX;
    return size.ws_col;
}

/* The bytes of the first `width` characters. */
static size_t bytes_of(const char *text, size_t width)
{
    size_t at = 0;
    for (size_t seen = 0; text[at]; at++)
        if (((unsigned char)text[at] & 0xC0) != 0x80 && seen++ == width)
            break;
    return at;
}

char *psp_table_shortened(const char *text, size_t width)
{
    const size_t whole = psp_table_width(text);
    if (whole <= width)
        return psp_memory_copy(text);
    const size_t kept = width > 0 ? width - 1 : 0, head = kept - kept / 2;
    return psp_memory_print("%.*s%s%s", (int)bytes_of(text, head), text, width > 0 ? "…" : "",
                            text + bytes_of(text, whole - kept / 2));
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
