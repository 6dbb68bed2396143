/*
 * /stations: the books by station, of all shards together; loopback address only: who
 * sends how much, and what, is for those who run the election. Nothing of it is held
 * back where votes are shown by report: it has no choices.
 */
#include "collector/api/answer.h"
#include "collector/view/names.h"

static void write_units(struct psp_writer *json, const struct psp_definition *definition,
                        const struct psp_station *station)
{
    if (!station || station->unit_count == 0) {
        psp_writer_null(json, "units");
        return;
    }
    psp_writer_begin_array(json, "units");
    for (uint32_t i = 0; i < station->unit_count; i++)
        psp_writer_string(json, NULL, definition->units[station->units[i]].id);
    psp_writer_end_array(json);
}

void psp_api_stations(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    struct psp_names_list *names = psp_names_take(request->site->names);
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "stations");
    for (uint32_t i = 0; i < view->station_count; i++) {
        const struct psp_view_station *sent = &view->stations[i];
        const struct psp_station *station = psp_names_find(names, sent->number);
        psp_writer_begin_object(&json, NULL);
        psp_writer_number(&json, "number", sent->number);
        psp_writer_string(&json, "name", station ? station->name : NULL);
        write_units(&json, view->definition, station);
        for (unsigned counter = 0; counter < PSP_STATION_COUNTERS; counter++)
            psp_writer_number(&json, psp_station_books_name(counter),
                              psp_station_books_get(&sent->books, counter));
        psp_writer_end_object(&json);
    }
    psp_writer_end_array(&json);
    psp_writer_bool(&json, "balanced", psp_view_stations_balanced(view));
    psp_answer_end(&json);
    psp_names_release(&names);
}
