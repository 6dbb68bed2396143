/* A voter is drawn from seed and number alone. Numbers are written by hand: snprintf is
 * too slow for millions of rows. */
#include "election/synthetic/synthetic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "election/synthetic/names.h"

/* Ages are as of the day of the synthetic election, 5 November 2024. */
enum { ELECTION_YEAR = 2024, AGE_MIN = 18, AGE_MAX = 97 };

/* SplitMix64: bijective for one seed, so that numbers never collide. Source:
 * Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *dice)
{
    dice->state += UINT64_C(0x9E3779B97F4A7C15);
    return mix(dice->state);
}

/* 0 .. n - 1. */
static uint32_t pick(struct dice *dice, uint32_t n)
{
    return (uint32_t)(((roll(dice) >> 32) * n) >> 32);
}

/* Names early in the list more often: the smaller of two throws. */
static const char *pick_name(struct dice *dice, const struct psp_names *names)
{
    const uint32_t a = pick(dice, (uint32_t)names->n), b = pick(dice, (uint32_t)names->n);
    return names->names[a < b ? a : b];
}

static void set(struct psp_synthetic_voter *voter, int column, const char *text)
{
    voter->fields[column] = (struct psp_csv_field){text, strlen(text)};
}

static char *put(char *at, const char *text)
{
    const size_t bytes = strlen(text);
    memcpy(at, text, bytes + 1);
    return at + bytes;
}

/* Decimal, at least `width` digits. Millions of rows make snprintf too slow. */
static char *put_number(char *at, uint64_t number, int width)
{
    char digits[24];
    int n = 0;
    for (; number > 0 || n < width; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    while (n > 0)
        *at++ = digits[--n];
    *at = '\0';
    return at;
}

/* 8-4-4-4-12 hex digits with the marks of a version 4 UUID. The bijective word
 * fills the 15 digits after the variant and the first one: IDs never repeat. */
static void put_voter_id(char *at, uint64_t unique, uint64_t other)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *at++ = '-';
        if (i == 12)
            *at++ = '4';
        else if (i == 16)
            *at++ = hex[8 + (other & 3)];
        else if (i == 0 || i > 16) {
            *at++ = hex[unique & 15];
            unique >>= 4;
        } else {
            *at++ = hex[other >> 60];
            other <<= 4;
        }
    }
    *at = '\0';
}

/* Adults thin out with age: even to 64, then fewer. */
static uint32_t pick_age(struct dice *dice)
{
    const uint32_t share = pick(dice, 100);
    if (share < 77)
        return AGE_MIN + pick(dice, 65 - AGE_MIN);
    if (share < 97)
        return 65 + pick(dice, 20);
    return 85 + pick(dice, AGE_MAX - 85 + 1);
}

static void put_date_of_birth(char *at, struct dice *dice, uint32_t age)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const uint32_t month = pick(dice, 12), day = 1 + pick(dice, days[month]);
    const bool birthday_passed = month < 10 || (month == 10 && day <= 5);
    at = put_number(at, ELECTION_YEAR - age - !birthday_passed, 4);
    *at++ = '-';
    at = put_number(at, month + 1, 2);
    *at++ = '-';
    put_number(at, day, 2);
}

/* "555-01xx" is kept free for made-up numbers. */
static void put_phone(char *at, struct dice *dice, uint32_t area)
{
    at = put(put_number(put(at, "("), area, 3), ") 555-01");
    put_number(at, pick(dice, 100), 2);
}

/* Letters and digits of a name, lower case; others are left out. */
static char *put_mail_part(char *at, const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name >= 'A' && *name <= 'Z')
            *at++ = (char)(*name - 'A' + 'a');
        else if (*name >= 'a' && *name <= 'z')
            *at++ = *name;
    }
    *at = '\0';
    return at;
}

enum column {
    VOTER_ID,
    VOTER_NAME,
    DATE_OF_BIRTH,
    GENDER,
    NATIONALITY,
    REGISTRATION_NUMBER,
    ADDRESS_STREET,
    ADDRESS_CITY,
    ADDRESS_STATE,
    ADDRESS_COUNTRY,
    ADDRESS_POSTCODE,
    EMAIL,
    PHONE_NUMBER,
    CELL_NUMBER,
    PICTURE,
    REGISTERED_AGE,
    UNIT,
};
_Static_assert(UNIT == PSP_ROLL_COLUMNS - 1, "the columns of roll.c, in its order");

static void put_address(struct psp_synthetic_voter *voter, struct dice *dice,
                        const struct psp_synthetic_place *place)
{
    char *at = put_number(voter->text[ADDRESS_STREET], 1 + pick(dice, 2400), 1);
    at = put(put(at, " "), pick_name(dice, &psp_names_streets));
    put(put(at, " "), pick_name(dice, &psp_names_street_kinds));
    put_number(voter->text[ADDRESS_POSTCODE], place->postcode, 5);
}

void psp_synthetic_voter(uint64_t seed, uint64_t number, const struct psp_synthetic_place *place,
                         struct psp_synthetic_voter *ret_voter)
{
    const uint64_t unique = mix(mix(seed) + number);
    struct dice dice = {unique ^ mix(seed + 1)};
    const bool woman = pick(&dice, 1000) < 513;
    const char *first = pick_name(&dice, woman ? &psp_names_women : &psp_names_men);
    const char *last = pick_name(&dice, &psp_names_family);
    const uint32_t age = pick_age(&dice);
    const uint32_t area = 200 + place->postcode % 700;
    char(*text)[PSP_SYNTHETIC_FIELD_BYTES] = ret_voter->text;
    put_voter_id(text[VOTER_ID], unique, roll(&dice));
    put(put(put(text[VOTER_NAME], first), " "), last);
    put_date_of_birth(text[DATE_OF_BIRTH], &dice, age);
    put_number(put(text[REGISTRATION_NUMBER], "R"), number + 1, 9);
    put_address(ret_voter, &dice, place);
    char *at = put_mail_part(text[EMAIL], first);
    at = put_mail_part(put(at, "."), last);
    put(put_number(at, number + 1, 1), "@example.org");
    put_phone(text[PHONE_NUMBER], &dice, area);
    put_phone(text[CELL_NUMBER], &dice, area);
    at = put(text[PICTURE], woman ? "portraits/women/" : "portraits/men/");
    put(put_number(at, pick(&dice, 100), 1), ".jpg");
    put_number(text[REGISTERED_AGE], pick(&dice, age - AGE_MIN + 1), 1);
    for (int i = 0; i < PSP_ROLL_COLUMNS; i++)
        set(ret_voter, i, text[i]);
    set(ret_voter, GENDER, woman ? "female" : "male");
    set(ret_voter, NATIONALITY, place->country);
    set(ret_voter, ADDRESS_CITY, place->city);
    set(ret_voter, ADDRESS_STATE, place->state);
    set(ret_voter, ADDRESS_COUNTRY, place->country);
    set(ret_voter, UNIT, place->unit);
}

struct psp_synthetic_place psp_synthetic_place(const struct psp_definition *definition,
                                               uint32_t leaf)
{
    struct psp_synthetic_place place = {.city = "", .state = "", .country = ""};
    const uint32_t unit = definition->leaves[leaf];
    place.unit = definition->units[unit].id;
    for (uint32_t at = unit; at != PSP_NONE; at = definition->units[at].parent) {
        const struct psp_unit *about = &definition->units[at];
        switch (definition->levels[about->level].known) {
        case PSP_NATION:
            place.country = about->name;
            break;
        case PSP_STATE:
            place.state = about->name;
            break;
        case PSP_COUNTY:
        case PSP_PRECINCT:
        case PSP_OWN_LEVEL:
            if (place.city[0] == '\0')
                place.city = about->name;
            break;
        }
    }
    /* The same for all voters of a unit, and for every run. */
    struct dice dice = {unit};
    place.postcode = 1000 + pick(&dice, 98000);
    return place;
}
