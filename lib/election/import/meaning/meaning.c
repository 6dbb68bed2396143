/* The steps in their order, and what is left out at their end. */
#include "election/import/meaning/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "election/import/meaning/inner.h"

static void release(struct psp_meaning *meaning)
{
    psp_id_index_free(&meaning->unit_index);
    psp_id_index_free(&meaning->contest_index);
    psp_id_index_free(&meaning->line_index);
    psp_pool_free(&meaning->pool);
    free(meaning->leave_out);
    free(meaning->beside);
    free(meaning->units);
    free(meaning->contests);
    free(meaning->line_sums);
    free(meaning->places);
    free(meaning->order);
}

enum psp_status psp_meaning_apply(struct psp_returns_builder *builder,
                                  const struct psp_meaning_options *options,
                                  struct psp_report *report)
{
    struct psp_meaning meaning = {.builder = builder, .options = options, .report = report};
    meaning.rows = psp_returns_builder_rows(builder, &meaning.n);
    meaning.returns = psp_returns_builder_view(builder);
    enum psp_status status = PSP_OK;
    if (!options->keep_all)
        status = psp_meaning_names(&meaning);
    if (status == PSP_OK)
        status = psp_meaning_lines(&meaning);
    if (status != PSP_OK || options->keep_all)
        return status;
    status = psp_meaning_districts(&meaning);
    if (status == PSP_OK)
        status = psp_meaning_places(&meaning);
    if (status != PSP_OK)
        return status;
    meaning.leave_out = calloc(meaning.n + 1, sizeof *meaning.leave_out);
    meaning.beside = calloc(meaning.n + 1, sizeof *meaning.beside);
    meaning.places = calloc(meaning.n + 1, sizeof *meaning.places);
    meaning.order = calloc(meaning.n + 1, sizeof *meaning.order);
    if (meaning.leave_out == NULL || meaning.beside == NULL || meaning.places == NULL ||
        meaning.order == NULL)
        status = PSP_ENOMEM;
    if (status == PSP_OK)
        status = psp_meaning_methods(&meaning);
    if (status == PSP_OK) {
        psp_returns_builder_leave_out(builder, meaning.leave_out);
        psp_returns_builder_rows(builder, &meaning.n);
        memset(meaning.leave_out, 0, meaning.n * sizeof *meaning.leave_out);
        status = psp_meaning_units(&meaning);
    }
    if (status == PSP_OK) {
        psp_meaning_figures(&meaning);
        psp_returns_builder_leave_out(builder, meaning.leave_out);
        psp_returns_builder_rows(builder, &meaning.n);
    }
    release(&meaning);
    if (status == PSP_OK && meaning.n == 0) {
        psp_report_add(report, PSP_REPORT_FILE, "", 0,
                       "not one line of a contest is in it; --keep-all takes all as it stands");
        status = PSP_EINVAL;
    }
    return status;
}
