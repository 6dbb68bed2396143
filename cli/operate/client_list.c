/* The table has what a person looks for; the JSON has all of it but secrets, of which
 * the file holds none. */
#include "cli/operate/client_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text/moment.h"
#include "cli/operate/client_bounds.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"

static json_t *station_json(const struct psp_station *station,
                            const struct psp_definition *definition)
{
    return json_pack("{s:o, s:s, s:s?, s:b, s:o, s:o, s:o, s:o}", "number",
                     psp_json_count(station->number), "name", station->name, "public_key",
                     station->has_token ? NULL : station->public_key, "http",
                     (int)station->has_token, "units", psp_client_units_json(station, definition),
                     "methods", psp_client_methods_json(station, definition), "until",
                     psp_client_time_json(station->until_ms), "revoked",
                     psp_client_time_json(station->revoked_ms));
}

/* "all", or the IDs; takes the list, the caller frees the text. */
static char *words_of(json_t *list)
{
    char *text = psp_memory_copy(json_is_array(list) ? "" : "all");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *longer = psp_memory_print("%s%s%s", text, i > 0 ? "," : "",
                                        json_string_value(json_array_get(list, i)));
        free(text);
        text = longer;
    }
    json_decref(list);
    return text;
}

static void add_row(struct psp_table *table, const struct psp_station *station,
                    const struct psp_definition *definition)
{
    char number[16], until[PSP_MOMENT_BYTES], revoked[PSP_MOMENT_BYTES];
    char *units = words_of(psp_client_units_json(station, definition));
    char *methods = words_of(psp_client_methods_json(station, definition));
    snprintf(number, sizeof number, "%" PRIu32, station->number);
    const char *const cells[] = {
        number,
        station->name,
        station->has_token ? "token" : "key",
        units,
        methods,
        station->until_ms ? psp_moment_write(station->until_ms, until) : "-",
        station->revoked_ms ? psp_moment_write(station->revoked_ms, revoked) : "-",
    };
    psp_table_add(table, cells);
    free(units);
    free(methods);
}

void psp_client_list_print(const struct psp_stations *stations,
                           const struct psp_definition *definition, bool json)
{
    static const char *const headings[] = {"number",  "name",  "by",     "units",
                                           "methods", "until", "revoked"};
    if (json) {
        json_t *list = json_array();
        for (uint32_t i = 0; i < stations->count; i++)
            json_array_append_new(list, station_json(&stations->list[i], definition));
        psp_json_print(json_pack("{s:o}", "stations", list));
        return;
    }
    struct psp_table *table = psp_table_create("rllllll", headings);
    for (uint32_t i = 0; i < stations->count; i++)
        add_row(table, &stations->list[i], definition);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
}
