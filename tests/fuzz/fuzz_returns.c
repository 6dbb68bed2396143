/* Any bytes after a right header: refused, or imported and given back exactly. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "election/import/import.h"
#include "tests/unit/import/read.h"

static const char header[] =
    "state,county,county_fips,precinct,office,district,party,candidate,votes\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A definition has limits of its own (contests of a style, choices): then it is
 * refused, and that is fine. */
static void round_trip(const struct psp_returns *returns)
{
    static const struct psp_import_options options = {
        .id = "fuzz", .name = "Fuzz", .date = "2024-11-05"};
    char *text = NULL;
    size_t bytes = 0;
    struct psp_definition *definition = NULL;
    struct psp_reason reason;
    struct psp_returns_binding *binding = NULL;
    struct psp_reason csv_fault;
    enum psp_status status = psp_import(returns, &options, &text, &bytes, &(size_t){0});
    assert(status == PSP_OK);
    status = psp_definition_parse(text, bytes, &definition, &reason);
    free(text);
    if (status != PSP_OK) {
        assert(returns->n > PSP_MARKED_CONTESTS_MAX);
        return;
    }
    status = psp_returns_bind(returns, definition, &binding, &csv_fault);
    assert(status == PSP_OK);
    for (size_t i = 0; i < returns->n; i++) {
        const struct psp_returns_place *place = &binding->places[i];
        struct psp_returns_row row;
        psp_returns_columns(definition, place->leaf, place->contest, place->choice, &row);
        for (int j = 0; j < PSP_RETURNS_TEXTS; j++)
            assert(strcmp(row.text[j], returns->rows[i].text[j]) == 0);
    }
    psp_returns_binding_destroy(&binding);
    psp_definition_destroy(&definition);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(sizeof header - 1 + size);
    assert(text != NULL);
    memcpy(text, header, sizeof header - 1);
    if (size > 0)
        memcpy(text + sizeof header - 1, data, size);
    static const struct psp_reading_options options;
    struct psp_report report = {0};
    struct psp_returns *returns = NULL;
    const enum psp_status status =
        fixture_read_as(text, sizeof header - 1 + size, "fuzz.csv", &options, &report, &returns);
    if (status == PSP_OK)
        round_trip(returns);
    else
        assert(status == PSP_EINVAL && !psp_report_empty(&report));
    psp_report_free(&report);
    psp_returns_destroy(&returns);
    free(text);
    return 0;
}
