/* The definition of an election that does not exist, written as it is made up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/definition/text.h"
#include "election/synthetic/names.h"
#include "election/synthetic/synthetic.h"

enum { STATES = 4, COUNTIES_MAX = 6, VOTERS_A_PRECINCT = 1500, PRECINCTS_MAX = 100000 };

static const struct {
    const char *id, *name;
    uint32_t counties;
    uint32_t weight; /* of its voters, in all 100 */
} states[STATES] = {
    {"alder-coast", "Alder Coast", 6, 38},
    {"birch-valley", "Birch Valley", 5, 29},
    {"cedar-plains", "Cedar Plains", 4, 21},
    {"dover-highlands", "Dover Highlands", 3, 12},
};

static const char *const counties[STATES][COUNTIES_MAX] = {
    {"Harbor", "Lighthouse", "Saltmarsh", "Kingfisher", "Old Port", "Breakwater"},
    {"Upper Birch", "Lower Birch", "Mill Creek", "Orchard", "Stonefield"},
    {"Prairie", "Sandhill", "Longhorn", "Wheatland"},
    {"Ridgeline", "Three Peaks", "Glacier"},
};

static const struct {
    const char *id, *name, *color;
} parties[] = {
    {"civic-union", "Civic Union", "#2166ac"},
    {"common-ground", "Common Ground", "#c0392b"},
    {"green-future", "Green Future", "#1b9e5a"},
    {"free-commons", "Free Commons", "#d9a400"},
};

/* Candidate IDs begin with their contest; party NULL: independent. */
static const struct {
    const char *contest, *id, *name, *party, *biography, *platform;
} candidates[] = {
    {"president", "eleanor-whitfield", "Eleanor Whitfield", "civic-union",
     "Former governor of Alder Coast and a harbour engineer by trade; two terms in the Assembly.",
     "Repair the coastal railway, cap school fees, and publish every public contract."},
    {"president", "marcus-oyelaran", "Marcus Oyelaran", "common-ground",
     "Farmer from Cedar Plains, then a county judge for eleven years.",
     "Lower taxes on small farms and shops, and one clinic for every county."},
    {"president", "ines-caldera", "Inés Caldera", "green-future",
     "Hydrologist who led the restoration of the Birch wetlands.",
     "Clean rivers in ten years, paid for by a levy on quarrying."},
    {"president", "tobias-lindqvist", "Tobias Lindqvist", "free-commons",
     "Schoolteacher, union organiser and author of two books on the commons.",
     "Open public data, free buses, and a shorter working week."},
    {"assembly", "ruth-abernathy", "Ruth Abernathy", "civic-union",
     "Nurse and chair of the Harbor hospital board.", "More nurses on every ward."},
    {"assembly", "daniel-kessler", "Daniel Kessler", "civic-union",
     "Civil servant in the ministry of transport.", "Bridges that are inspected every year."},
    {"assembly", "grace-mbeki", "Grace Mbeki", "common-ground",
     "Runs a hardware shop in Wheatland.", "Fewer forms for small firms."},
    {"assembly", "owen-radcliffe", "Owen Radcliffe", "common-ground",
     "Volunteer firefighter and bee-keeper.", "Fire stations that stay open at night."},
    {"assembly", "hana-sato", "Hana Satō", "green-future",
     "Botanist at the university of Upper Birch.", "Plant a million trees by 2030."},
    {"assembly", "piotr-wolski", "Piotr Wolski", NULL,
     "Independent member of the Ridgeline council.", "Answer every letter from a voter."},
};

static void write_top(struct psp_definition_text *text,
                      const struct psp_publication_plan *publication)
{
    static const char *const methods[][2] = {
        {"in-person", "In person"}, {"early", "Early"}, {"mail", "By mail"}};
    psp_definition_text_member(text, "format", json_integer(2));
    psp_definition_text_member(text, "id", json_string("westmark-2024"));
    psp_definition_text_member(text, "name", json_string("Westmark general election"));
    psp_definition_text_member(text, "date", json_string("2024-11-05"));
    psp_definition_text_publication(text, publication);
    psp_definition_text_array(text, "methods");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        psp_definition_text_element(
            text, json_pack("{s:s, s:s}", "id", methods[i][0], "name", methods[i][1]));
    psp_definition_text_array_end(text);
    psp_definition_text_array(text, "parties");
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++)
        psp_definition_text_element(text, json_pack("{s:s, s:s, s:s}", "id", parties[i].id, "name",
                                                    parties[i].name, "color", parties[i].color));
    psp_definition_text_array_end(text);
}

static const char *color_of(const char *party)
{
    for (size_t i = 0; party != NULL && i < sizeof parties / sizeof *parties; i++)
        if (strcmp(parties[i].id, party) == 0)
            return parties[i].color;
    return "#6b7280";
}

/* A disc in the party's colour with the initials: a picture that needs no
 * other file. */
static json_t *photo_of(const char *name, const char *party)
{
    const char *last = strrchr(name, ' ') + 1;
    return json_sprintf("data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
                        "viewBox='0 0 64 64'%%3E%%3Ccircle cx='32' cy='32' r='32' "
                        "fill='%%23%s'/%%3E%%3Ctext x='32' y='41' font-size='26' "
                        "font-family='sans-serif' text-anchor='middle' "
                        "fill='white'%%3E%c%c%%3C/text%%3E%%3C/svg%%3E",
                        color_of(party) + 1, name[0], last[0]);
}

static void write_candidates(struct psp_definition_text *text)
{
    psp_definition_text_array(text, "candidates");
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        psp_definition_text_element(
            text, json_pack("{s:s, s:s, s:s*, s:o, s:s, s:s}", "id", candidates[i].id, "name",
                            candidates[i].name, "party", candidates[i].party, "photo",
                            photo_of(candidates[i].name, candidates[i].party), "biography",
                            candidates[i].biography, "platform", candidates[i].platform));
    psp_definition_text_array_end(text);
}

static json_t *candidate_choices(const char *contest)
{
    json_t *choices = json_array();
    int failed = choices == NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (strcmp(candidates[i].contest, contest) == 0)
            failed |= json_array_append_new(
                choices, json_pack("{s:s, s:s, s:s, s:s, s:s*}", "id", candidates[i].id, "name",
                                   candidates[i].name, "kind", "candidate", "candidate",
                                   candidates[i].id, "party", candidates[i].party));
    failed |= json_array_append_new(choices, json_pack("{s:s, s:s, s:s}", "id", "write-in", "name",
                                                       "Write-in", "kind", "write_in"));
    if (failed) {
        json_decref(choices);
        return NULL;
    }
    return choices;
}

static void write_contests(struct psp_definition_text *text)
{
    psp_definition_text_array(text, "contests");
    psp_definition_text_element(text,
                                json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", "president", "name",
                                          "President", "office", "President", "unit", "westmark",
                                          "choices", candidate_choices("president")));
    psp_definition_text_element(text, json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "id", "assembly",
                                                "name", "Assembly, two seats at large", "office",
                                                "Assembly", "unit", "westmark", "votes_allowed", 2,
                                                "choices", candidate_choices("assembly")));
    psp_definition_text_element(
        text, json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}]}", "id",
                        "measure-1", "name", "Measure 1: night buses in every county", "office",
                        "Measure 1", "unit", "westmark", "choices", "id", "yes", "name", "Yes",
                        "kind", "yes", "id", "no", "name", "No", "kind", "no"));
    psp_definition_text_array_end(text);
    psp_definition_text_array(text, "ballot_styles");
    psp_definition_text_element(text, json_pack("{s:s, s:[{s:s}, {s:s}, {s:s}]}", "id", "all",
                                                "contests", "contest", "president", "contest",
                                                "assembly", "contest", "measure-1"));
    psp_definition_text_array_end(text);
}

static void write_unit(struct psp_definition_text *text, const char *id, const char *name,
                       enum psp_known_level level, const char *parent, uint64_t registered)
{
    const bool leaf = level == PSP_PRECINCT;
    json_t *unit = json_pack("{s:s, s:s, s:s, s:s*}", "id", id, "name", name, "level",
                             psp_known_level_id(level), "parent", parent);
    if (leaf && unit != NULL &&
        (json_object_set_new(unit, "registered", json_integer((json_int_t)registered)) != 0 ||
         json_object_set_new(unit, "ballot_styles", json_pack("[s]", "all")) != 0)) {
        json_decref(unit);
        unit = NULL;
    }
    psp_definition_text_element(text, unit);
}

/* The share of `whole` that belongs to [from, to) of `parts`: shares of all
 * parts add up exactly. */
static uint64_t share(uint64_t whole, uint64_t from, uint64_t to, uint64_t parts)
{
    const uint64_t each = whole / parts, rest = whole % parts;
    return each * (to - from) + rest * to / parts - rest * from / parts;
}

/* Precincts are named after towns, which differ from state to state. */
static void write_county(struct psp_definition_text *text, uint64_t seed, uint32_t state,
                         uint32_t county, uint64_t voters)
{
    enum { PRECINCTS_OF_COUNTY_MAX = PRECINCTS_MAX / (STATES * COUNTIES_MAX) };
    char county_id[64], id[96], name[96];
    snprintf(county_id, sizeof county_id, "%s-%" PRIu32, states[state].id, county + 1);
    write_unit(text, county_id, counties[state][county], PSP_COUNTY, states[state].id, 0);
    const uint64_t wanted = voters / VOTERS_A_PRECINCT + 1;
    const uint32_t precincts =
        wanted < PRECINCTS_OF_COUNTY_MAX ? (uint32_t)wanted : PRECINCTS_OF_COUNTY_MAX;
    for (uint32_t i = 0; i < precincts; i++) {
        const uint64_t town =
            (seed % psp_names_towns.n + 13 * state + 5 * county + i) % psp_names_towns.n;
        snprintf(id, sizeof id, "%s-%" PRIu32, county_id, i + 1);
        snprintf(name, sizeof name, "%s %" PRIu32, psp_names_towns.names[town], i + 1);
        write_unit(text, id, name, PSP_PRECINCT, county_id, share(voters, i, i + 1, precincts));
    }
}

static void write_units(struct psp_definition_text *text, uint64_t seed, uint64_t voters)
{
    psp_definition_text_array(text, "units");
    write_unit(text, "westmark", "Westmark", PSP_NATION, NULL, 0);
    uint64_t weight = 0;
    for (uint32_t state = 0; state < STATES; state++) {
        const uint64_t here = share(voters, weight, weight + states[state].weight, 100);
        weight += states[state].weight;
        write_unit(text, states[state].id, states[state].name, PSP_STATE, "westmark", 0);
        /* The first county is the largest: weights n, n - 1, ..., 1. */
        const uint32_t n = states[state].counties, all = n * (n + 1) / 2;
        for (uint32_t county = 0, from = 0; county < n; county++) {
            write_county(text, seed, state, county, share(here, from, from + n - county, all));
            from += n - county;
        }
    }
    psp_definition_text_array_end(text);
}

enum psp_status psp_synthetic_election(uint64_t seed, uint64_t voters,
                                       const struct psp_publication_plan *publication,
                                       char **ret_text, size_t *ret_bytes)
{
    struct psp_definition_text *text = NULL;
    enum psp_status status = psp_definition_text_create(&text);
    if (status != PSP_OK)
        return status;
    write_top(text, publication);
    write_candidates(text);
    write_units(text, seed, voters);
    write_contests(text);
    status = psp_definition_text_finish(text, ret_text, ret_bytes);
    psp_definition_text_destroy(&text);
    return status;
}
