/* An entry is written by its first line, which has its colour on every map. */
#include "collector/api/leading.h"

#include "collector/api/answer.h"

const char *psp_leading_name(const struct psp_definition *definition, const struct psp_choice *line,
                             uint32_t language)
{
    if (line->candidate != PSP_NONE) {
        const struct psp_candidate *candidate = &definition->candidates[line->candidate];
        return psp_answer_name(candidate->name, candidate->names, language);
    }
    const char *name = psp_answer_name(line->name, line->names, language);
    if (name[0] != 0 || line->party == PSP_NONE)
        return name;
    const struct psp_party *party = &definition->parties[line->party];
    return psp_answer_name(party->name, party->names, language);
}

struct stander {
    const struct psp_definition *definition;
    const struct psp_contest *contest;
    uint64_t valid;
    uint32_t language;
};

static void write_stander(struct psp_writer *json, const char *key, const struct stander *of,
                          const struct psp_standing_entry *entry)
{
    if (entry->first == PSP_NONE) {
        psp_writer_null(json, key);
        return;
    }
    const struct psp_choice *line = &of->contest->choices[entry->first];
    psp_writer_begin_object(json, key);
    psp_writer_string(json, "choice", line->id);
    psp_writer_string(json, "candidate", psp_answer_candidate(of->definition, line->candidate));
    psp_writer_string(json, "name", psp_leading_name(of->definition, line, of->language));
    psp_writer_string(json, "party",
                      psp_answer_party(of->definition, psp_standing_party(of->definition, line)));
    psp_writer_number(json, "votes", entry->votes);
    if (of->valid > 0)
        psp_writer_real(json, "share", (double)entry->votes / (double)of->valid);
    else
        psp_writer_null(json, "share");
    psp_writer_end_object(json);
}

void psp_leading_write(struct psp_writer *json, const struct psp_view *view,
                       const struct psp_overview *overview, uint32_t contest, uint32_t language)
{
    const struct psp_overview_contest *of = &overview->contests[contest];
    const struct stander stander = {.definition = view->definition,
                                    .contest = &view->definition->contests[contest],
                                    .valid = of->valid,
                                    .language = language};
    psp_writer_number(json, "ballots", of->ballots);
    psp_writer_stated(json, "valid", of->held ? PSP_UNSTATED : of->valid);
    psp_writer_stated(json, "margin", of->margin);
    psp_writer_string(json, "margin_of", of->last_seat ? "last_seat" : "first");
    if (of->margin == PSP_UNSTATED || of->valid == 0)
        psp_writer_null(json, "share_margin");
    else
        psp_writer_real(json, "share_margin", (double)of->margin / (double)of->valid);
    if (of->held)
        psp_writer_null(json, "tied");
    else
        psp_writer_bool(json, "tied", of->tied);
    write_stander(json, "leader", &stander, &of->leader);
    write_stander(json, "second", &stander, &of->second);
    write_stander(json, "above", &stander, &of->above);
    write_stander(json, "below", &stander, &of->below);
    psp_writer_number(json, "units_reporting", of->units_reporting);
    psp_writer_number(json, "units_partial", of->units_partial);
    psp_writer_number(json, "units_started", of->units_started);
    psp_writer_number(json, "units_total", of->units_total);
}
