/* The words are the collector's; only what is null is looked at, never which rule is on. */
#include "cli/show/standing.h"

#include <string.h>

const char *psp_standing_text(enum psp_election_state state)
{
    switch (state) {
    case PSP_ELECTION_NEW:
        return "the election is not open yet";
    case PSP_ELECTION_OPEN:
        return "the election is open";
    case PSP_ELECTION_CLOSED:
        return "the election is closed";
    }
    return "";
}

const char *psp_standing_of(const json_t *election)
{
    const json_t *about = json_object_get(election, "election");
    const char *word = json_string_value(json_object_get(about, "state"));
    for (int state = PSP_ELECTION_NEW; word && state <= PSP_ELECTION_CLOSED; state++) {
        if (!strcmp(word, psp_election_state_name((enum psp_election_state)state)))
            return psp_standing_text((enum psp_election_state)state);
    }
    return "whether the election is open is not known";
}

bool psp_standing_held(const json_t *result)
{
    return json_is_null(json_object_get(result, "choices"));
}

/* Something of it is reported, and more may come. */
static bool is_partial(const json_t *result)
{
    return json_integer_value(json_object_get(result, "units_partial")) > 0;
}

bool psp_standing_too_few(const json_t *result)
{
    return psp_standing_held(result) &&
           json_integer_value(json_object_get(result, "units_partial")) +
                   json_integer_value(json_object_get(result, "units_reporting")) >
               0;
}

void psp_standing_say_held(const char *call, const json_t *results, FILE *file)
{
    const json_t *result;
    size_t i, held = 0, partial = 0;
    json_array_foreach(results, i, result)
    {
        held += psp_standing_held(result);
        partial += is_partial(result);
    }
    if (held > 0)
        fprintf(file,
                "%s: %zu of %zu results are held, and left out: not reported yet, or too few\n",
                call, held, json_array_size(results));
    if (partial > 0)
        fprintf(file, "%s: %zu of %zu results have places that are reported and not final\n", call,
                partial, json_array_size(results));
}
