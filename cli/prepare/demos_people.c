/* People of lib/election/synthetic, moved to counties of the United Kingdom, where the demos'
 * live. */
#include "cli/prepare/demos_people.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/writer.h"
#include "election/synthetic/names.h"

enum voter_column { VOTER_ID, STREET = 6, CITY, STATE, COUNTRY, POSTCODE, EMAIL, AGE = 15 };

/* Another sequence of people than the voters of the same seed. */
#define CANDIDATES_SEED UINT64_C(0x63616E6469646174)

const char *const psp_demo_candidate_columns[PSP_DEMO_CANDIDATE_COLUMNS] = {
    "candidate_id", "candidate_name",    "party_affiliation",
    "biography",    "campaign_platform", "photo_url",
};
const char *const psp_demo_voter_columns[PSP_DEMO_VOTER_COLUMNS] = {
    "voter_id",      "voter_name",          "date_of_birth",    "gender",
    "nationality",   "registration_number", "address_street",   "address_city",
    "address_state", "address_country",     "address_postcode", "email",
    "phone_number",  "cell_number",         "picture",          "registered_age",
};

static const char *const counties[] = {
    "Bedfordshire",
    "Berkshire",
    "Buckinghamshire",
    "Cambridgeshire",
    "Cheshire",
    "Cornwall",
    "County Antrim",
    "County Armagh",
    "County Down",
    "County Fermanagh",
    "County Tyrone",
    "Cumbria",
    "Derbyshire",
    "Devon",
    "Dorset",
    "Durham",
    "East Sussex",
    "Essex",
    "Fife",
    "Gloucestershire",
    "Grampian",
    "Gwent",
    "Gwynedd",
    "Hampshire",
    "Herefordshire",
    "Hertfordshire",
    "Isle of Wight",
    "Kent",
    "Lancashire",
    "Leicestershire",
    "Lincolnshire",
    "Lothian",
    "Merseyside",
    "Norfolk",
    "North Yorkshire",
    "Northamptonshire",
    "Northumberland",
    "Nottinghamshire",
    "Oxfordshire",
    "Powys",
    "Rutland",
    "Shropshire",
    "Somerset",
    "South Glamorgan",
    "South Yorkshire",
    "Staffordshire",
    "Suffolk",
    "Surrey",
    "Tayside",
    "Tyne and Wear",
    "Warwickshire",
    "West Midlands",
    "West Sussex",
    "West Yorkshire",
    "Wiltshire",
    "Worcestershire",
};

/* SplitMix64's last step, as in synthetic.c. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

static struct psp_synthetic_place place_of(uint64_t seed, uint64_t number)
{
    const uint64_t thrown = mix(mix(seed ^ UINT64_C(0x706C616365)) + number);
    return (struct psp_synthetic_place){
        .unit = "",
        .city = psp_names_towns.names[(thrown >> 32) % psp_names_towns.n],
        .state = counties[thrown % (sizeof counties / sizeof *counties)],
        .country = "United Kingdom",
        .postcode = (uint32_t)(1000 + (thrown >> 40) % 98000),
    };
}

/* A picture without a web server: a disc with the first letters of the name. */
static void draw(struct psp_demo_candidate *candidate, uint32_t number)
{
    static const char *const colours[PSP_DEMO_CANDIDATES] = {"%232f6690", "%239c4a1a", "%233a7d44"};
    const char *last = strrchr(candidate->name, ' ');
    snprintf(candidate->photo, sizeof candidate->photo,
             "data:image/svg+xml;utf8,%%3Csvg xmlns='http://www.w3.org/2000/svg' width='200' "
             "height='200'%%3E%%3Crect width='200' height='200' fill='%s'/%%3E%%3Ctext x='100' "
             "y='128' font-family='sans-serif' font-size='80' fill='white' "
             "text-anchor='middle'%%3E%c%c%%3C/text%%3E%%3C/svg%%3E",
             colours[number], candidate->name[0], last != NULL ? last[1] : ' ');
}

void psp_demo_candidate(uint64_t seed, uint32_t number, struct psp_demo_candidate *ret_candidate)
{
    static const char *const parties[PSP_DEMO_CANDIDATES] = {"Management Party", "Savior Party",
                                                             "Tech Republic Party"};
    static const char *const platforms[PSP_DEMO_CANDIDATES] = {
        "Roads first, then schools.", "Schools first, then roads.", "Both, on one day."};
    struct psp_synthetic_voter person;
    const struct psp_synthetic_place place = place_of(seed ^ CANDIDATES_SEED, number);
    assert(number < PSP_DEMO_CANDIDATES);
    psp_synthetic_voter(seed ^ CANDIDATES_SEED, number, &place, &person);
    snprintf(ret_candidate->id, sizeof ret_candidate->id, "%s", person.fields[0].text);
    snprintf(ret_candidate->name, sizeof ret_candidate->name, "%s", person.fields[1].text);
    draw(ret_candidate, number);
    const char *const texts[PSP_DEMO_CANDIDATE_COLUMNS] = {
        ret_candidate->id,      ret_candidate->name, parties[number],
        "Made up from a seed.", platforms[number],   ret_candidate->photo};
    memcpy(ret_candidate->texts, texts, sizeof texts);
}

void psp_demo_voter(uint64_t seed, uint64_t number, struct psp_demo_voter *ret_voter)
{
    const struct psp_synthetic_place place = place_of(seed, number);
    psp_synthetic_voter(seed, number, &place, &ret_voter->voter);
    for (int i = 0; i < PSP_DEMO_VOTER_COLUMNS; i++)
        ret_voter->texts[i] = ret_voter->voter.fields[i].text;
}

static void write_address(struct psp_writer *json, const char *const *texts)
{
    psp_writer_begin_object(json, "address");
    for (int i = STREET; i <= POSTCODE; i++)
        psp_writer_string(json, psp_demo_voter_columns[i] + strlen("address_"), texts[i]);
    psp_writer_end_object(json);
}

void psp_demo_voter_message(const struct psp_demo_voter *voter, struct psp_text *text)
{
    struct psp_writer json;
    text->length = 0;
    psp_writer_start(&json, text);
    psp_writer_begin_object(&json, NULL);
    for (int i = VOTER_ID; i < STREET; i++)
        psp_writer_string(&json, psp_demo_voter_columns[i], voter->texts[i]);
    write_address(&json, voter->texts);
    for (int i = EMAIL; i < AGE; i++)
        psp_writer_string(&json, psp_demo_voter_columns[i], voter->texts[i]);
    psp_writer_number(&json, psp_demo_voter_columns[AGE], strtoull(voter->texts[AGE], NULL, 10));
    psp_writer_end_object(&json);
}
