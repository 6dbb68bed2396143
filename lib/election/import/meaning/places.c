/* What a name leaves open: a county and a city of one name, one name with two codes. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "base/text/utf8.h"
#include "election/import/meaning/inner.h"
#include "election/import/meaning/normal.h"

/* Names that a county and a city of their state share; the normal forms. */
static const struct {
    const char *state, *county;
} shared[] = {{"va", "richmond"},  {"va", "fairfax"},   {"va", "franklin"}, {"va", "roanoke"},
              {"md", "baltimore"}, {"mo", "st. louis"}, {"mo", "st louis"}, {"mo", "saint louis"}};

struct county {
    const char *code; /* the first one, or "" */
    bool told;
};

struct places {
    struct psp_meaning *meaning;
    struct psp_pool pool;
    struct psp_id_index county_index;
    struct county *counties;
    size_t county_capacity;
};

static bool is_shared(const char *state, const char *county)
{
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (strcmp(shared[i].state, state) == 0 && strcmp(shared[i].county, county) == 0)
            return true;
    return false;
}

static void look_at(struct places *places, const struct psp_returns_row *row, struct county *county)
{
    char state[PSP_NORMAL_BYTES], name[PSP_NORMAL_BYTES], code[PSP_NORMAL_BYTES],
        known[PSP_NORMAL_BYTES];
    const char *text = row->text[PSP_COLUMN_COUNTY];
    if (county->told)
        return;
    psp_normal_of(PSP_COLUMN_STATE, row->text[PSP_COLUMN_STATE], state);
    psp_normal_of(PSP_COLUMN_COUNTY, text, name);
    if (row->text[PSP_COLUMN_COUNTY_FIPS][0] == '\0') {
        county->told = is_shared(state, name);
        if (county->told)
            PSP_MEANING_TELL(places->meaning, PSP_REPORT_SHARED_NAME, row, "%s, %s",
                             psp_shown(text, strlen(text)).text, row->text[PSP_COLUMN_STATE]);
        return;
    }
    if (county->code[0] == '\0')
        county->code = row->text[PSP_COLUMN_COUNTY_FIPS];
    psp_normal_of(PSP_COLUMN_COUNTY_FIPS, row->text[PSP_COLUMN_COUNTY_FIPS], code);
    psp_normal_of(PSP_COLUMN_COUNTY_FIPS, county->code, known);
    county->told = strcmp(code, known) != 0;
    if (county->told)
        PSP_MEANING_TELL(places->meaning, PSP_REPORT_TWO_CODES, row, "%s: %s and %s",
                         psp_shown(text, strlen(text)).text, county->code,
                         row->text[PSP_COLUMN_COUNTY_FIPS]);
}

enum psp_status psp_meaning_places(struct psp_meaning *meaning)
{
    struct places places = {.meaning = meaning};
    enum psp_status status = PSP_OK;
    const char *last_county = NULL, *last_code = NULL, *last_state = NULL;
    for (size_t i = 0; status == PSP_OK && i < meaning->n; i++) {
        const struct psp_returns_row *row = &meaning->rows[i];
        const char *const key[] = {row->text[PSP_COLUMN_STATE], row->text[PSP_COLUMN_COUNTY]};
        if (key[1][0] == '\0' || (key[0] == last_state && key[1] == last_county &&
                                  row->text[PSP_COLUMN_COUNTY_FIPS] == last_code))
            continue; /* rows come in runs */
        last_state = key[0];
        last_county = key[1];
        last_code = row->text[PSP_COLUMN_COUNTY_FIPS];
        uint32_t at = psp_id_index_find(&places.county_index, 0, (const char *)key, sizeof key);
        if (at == PSP_NONE) {
            at = places.county_index.count;
            uint32_t ignored;
            const char *kept = psp_pool_string(&places.pool, (const char *)key, sizeof key);
            if (kept == NULL ||
                !PSP_GROW(places.counties, places.county_capacity, (size_t)at + 1) ||
                psp_id_index_add(&places.county_index, 0, kept, sizeof key, at, &ignored) !=
                    PSP_OK) {
                status = PSP_ENOMEM;
                break;
            }
            places.counties[at] = (struct county){.code = ""};
        }
        assert(places.counties != NULL);
        look_at(&places, row, &places.counties[at]);
    }
    psp_id_index_free(&places.county_index);
    psp_pool_free(&places.pool);
    free(places.counties);
    return status;
}
