/* Text is interned: a county's name stands once, however many rows have it. */
#include "election/returns/builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory/grow.h"
#include "base/memory/id_index.h"
#include "election/returns/inner.h"

struct psp_returns_builder {
    struct psp_returns_whole *whole;
    size_t row_capacity, file_capacity, seats_capacity;
    struct psp_id_index seats_index; /* by the pointers of state, office, district */
    struct psp_id_index texts;       /* equal texts are one pointer */
    const char **text_at;            /* position in the index -> text */
    size_t text_capacity;
};

enum psp_status psp_returns_builder_create(struct psp_returns_builder **ret_builder)
{
    struct psp_returns_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        return PSP_ENOMEM;
    builder->whole = calloc(1, sizeof *builder->whole);
    if (builder->whole == NULL) {
        free(builder);
        return PSP_ENOMEM;
    }
    builder->whole->shown.methods = builder->whole->methods;
    *ret_builder = builder;
    return PSP_OK;
}

void psp_returns_builder_destroy(struct psp_returns_builder **builder)
{
    if (*builder == NULL)
        return;
    if ((*builder)->whole != NULL) {
        struct psp_returns *returns = &(*builder)->whole->shown;
        psp_returns_destroy(&returns);
    }
    psp_id_index_free(&(*builder)->texts);
    psp_id_index_free(&(*builder)->seats_index);
    free((*builder)->text_at);
    free(*builder);
    *builder = NULL;
}

const char *psp_returns_builder_text(struct psp_returns_builder *builder, const char *text,
                                     size_t bytes)
{
    static const char empty[] = "";
    if (bytes == 0)
        return empty;
    const uint32_t known = psp_id_index_find(&builder->texts, 0, text, bytes);
    if (known != PSP_NONE) {
        assert(builder->text_at != NULL);
        return builder->text_at[known];
    }
    const uint32_t position = builder->texts.count;
    if (!PSP_GROW(builder->text_at, builder->text_capacity, (size_t)position + 1))
        return NULL;
    const char *kept = psp_pool_string(&builder->whole->pool, text, bytes);
    uint32_t ignored;
    if (kept == NULL ||
        psp_id_index_add(&builder->texts, 0, kept, bytes, position, &ignored) != PSP_OK)
        return NULL;
    builder->text_at[position] = kept;
    return kept;
}

uint32_t psp_returns_builder_file(struct psp_returns_builder *builder, const char *name)
{
    struct psp_returns_whole *whole = builder->whole;
    const uint32_t position = whole->shown.file_count;
    const char *kept = psp_returns_builder_text(builder, name, strlen(name));
    if (kept == NULL || position > UINT16_MAX ||
        !PSP_GROW(whole->files, builder->file_capacity, (size_t)position + 1))
        return PSP_NONE;
    whole->files[position] = kept;
    whole->shown.files = whole->files;
    whole->shown.file_count++;
    return position;
}

uint32_t psp_returns_builder_method(struct psp_returns_builder *builder, const char *name,
                                    size_t bytes)
{
    struct psp_returns_whole *whole = builder->whole;
    const uint32_t n = whole->shown.method_count;
    const char *kept = psp_returns_builder_text(builder, name, bytes);
    for (uint32_t i = 0; i < n; i++)
        if (whole->methods[i] == kept)
            return i;
    if (kept == NULL || n == PSP_METHODS_MAX)
        return PSP_NONE;
    whole->methods[n] = kept;
    whole->shown.method_count++;
    return n;
}

void psp_returns_builder_date(struct psp_returns_builder *builder, const char *date)
{
    struct psp_returns *shown = &builder->whole->shown;
    if (shown->date[0] == '\0' && strlen(date) < sizeof shown->date)
        memcpy(shown->date, date, strlen(date) + 1);
}

enum psp_status psp_returns_builder_seats(struct psp_returns_builder *builder,
                                          const struct psp_returns_row *row, uint32_t n,
                                          bool *ret_new)
{
    struct psp_returns_whole *whole = builder->whole;
    const char *const key[] = {row->text[PSP_COLUMN_STATE], row->text[PSP_COLUMN_OFFICE],
                               row->text[PSP_COLUMN_DISTRICT]};
    uint32_t at = psp_id_index_find(&builder->seats_index, 0, (const char *)key, sizeof key);
    *ret_new = at == PSP_NONE;
    if (at == PSP_NONE) {
        uint32_t ignored;
        at = whole->shown.seats_n;
        const char *kept = psp_pool_string(&whole->pool, (const char *)key, sizeof key);
        if (kept == NULL || !PSP_GROW(whole->seats, builder->seats_capacity, (size_t)at + 1) ||
            psp_id_index_add(&builder->seats_index, 0, kept, sizeof key, at, &ignored) != PSP_OK)
            return PSP_ENOMEM;
        whole->seats[at] = (struct psp_returns_seats){key[0], key[1], key[2], n};
        whole->shown.seats = whole->seats;
        whole->shown.seats_n++;
    }
    if (n > whole->seats[at].n)
        whole->seats[at].n = n;
    return PSP_OK;
}

enum psp_status psp_returns_builder_add(struct psp_returns_builder *builder,
                                        const struct psp_returns_row *row)
{
    struct psp_returns_whole *whole = builder->whole;
    if (whole->shown.n >= UINT32_MAX - 1 ||
        !PSP_GROW(whole->rows, builder->row_capacity, whole->shown.n + 1))
        return PSP_ENOMEM;
    whole->rows[whole->shown.n++] = *row;
    whole->shown.rows = whole->rows;
    return PSP_OK;
}

struct psp_returns_row *psp_returns_builder_rows(struct psp_returns_builder *builder, size_t *ret_n)
{
    *ret_n = builder->whole->shown.n;
    return builder->whole->rows;
}

const struct psp_returns *psp_returns_builder_view(struct psp_returns_builder *builder)
{
    return &builder->whole->shown;
}

void psp_returns_builder_leave_out(struct psp_returns_builder *builder, const bool *leave_out)
{
    struct psp_returns_whole *whole = builder->whole;
    size_t kept = 0;
    for (size_t i = 0; i < whole->shown.n; i++)
        if (!leave_out[i])
            whole->rows[kept++] = whole->rows[i];
    whole->shown.n = kept;
}

void psp_returns_builder_finish(struct psp_returns_builder **builder,
                                struct psp_returns **ret_returns)
{
    struct psp_returns *returns = &(*builder)->whole->shown;
    assert(returns->n == 0 || returns->method_count > 0); /* each row has one */
    (*builder)->whole = NULL;
    psp_returns_builder_destroy(builder);
    *ret_returns = returns;
}
