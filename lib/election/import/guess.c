/* The first four digits that can be a year, and the calendar of US elections. */
#include "election/import/guess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text/utf8.h"

enum { YEAR_DIGITS = 4, YEAR_MIN = 1788, YEAR_MAX = 2199 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The first run of digits that begins with a plausible year: 2020, 20201103. */
static int find_year(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t n = 0;
        while (is_digit(at[n]))
            n++;
        if (n == YEAR_DIGITS || n == 8) {
            int year = 0;
            for (int i = 0; i < YEAR_DIGITS; i++)
                year = 10 * year + at[i] - '0';
            if (year >= YEAR_MIN && year <= YEAR_MAX)
                return year;
        }
        at += n > 0 ? n : 1;
    }
    return 0;
}

/* Sakamoto's rule, for 1 November: 0 is Sunday. */
static int weekday_of_november_first(int year)
{
    return (year + year / 4 - year / 100 + year / 400 + 2 + 1) % 7;
}

struct psp_import_guess psp_import_guess(const char *path)
{
    struct psp_import_guess guess = {.date = "1970-01-01"};
    const char *slash = strrchr(path, '/');
    const char *stem = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(stem, '.');
    size_t bytes = dot != NULL && dot != stem ? (size_t)(dot - stem) : strlen(stem);
    bytes = psp_utf8_cut(stem, bytes, PSP_NAME_BYTES_MAX);
    const struct psp_shown name = psp_shown(stem, bytes);
    snprintf(guess.name, sizeof guess.name, "%s", name.text);
    size_t out = 0;
    for (size_t i = 0; i < bytes && out < PSP_ID_BYTES_MAX; i++) {
        const char c = stem[i];
        if ((c >= 'a' && c <= 'z') || is_digit(c))
            guess.id[out++] = c;
        else if (c >= 'A' && c <= 'Z')
            guess.id[out++] = (char)(c - 'A' + 'a');
        else if (out > 0 && guess.id[out - 1] != '-')
            guess.id[out++] = '-';
    }
    while (out > 0 && guess.id[out - 1] == '-')
        out--;
    guess.id[out] = '\0';
    if (out == 0)
        snprintf(guess.id, sizeof guess.id, "election");
    const int year = find_year(guess.id);
    guess.year_known = year != 0;
    if (guess.year_known) {
        /* First Monday: 1 to 7 November; the Tuesday is the day after. */
        const int monday = 1 + (8 - weekday_of_november_first(year)) % 7;
        memcpy(guess.date, "0000-11-00", sizeof guess.date);
        for (int i = YEAR_DIGITS - 1, rest = year; i >= 0; i--, rest /= 10)
            guess.date[i] = (char)('0' + rest % 10);
        guess.date[9] = (char)('0' + monday + 1); /* 2 to 8 November */
    }
    return guess;
}

/* Past the word and the blanks behind it; NULL: another word stands there. */
static const char *past(const char *text, const char *word)
{
    const size_t bytes = strlen(word);
    if (strncasecmp(text, word, bytes) != 0)
        return NULL;
    return text + bytes + strspn(text + bytes, " ");
}

static uint32_t read_number(const char *text)
{
    static const char *const words[] = {"one", "two",   "three", "four", "five",
                                        "six", "seven", "eight", "nine", "ten"};
    if (is_digit(text[0])) {
        const unsigned long number = strtoul(text, NULL, 10);
        return number >= 1 && number <= PSP_MARKED_CHOICES_MAX ? (uint32_t)number : 1;
    }
    for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
        if (past(text, words[i]) != NULL)
            return i + 1;
    return 1;
}

uint32_t psp_import_guess_votes(const char *office)
{
    static const char *const fillers[] = {"any", "up to", "no more than", "not more than",
                                          "not to exceed"};
    const char *at = strcasestr(office, "vote for");
    if (at == NULL)
        return 1;
    at = past(at, "vote for");
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (past(at, fillers[i]) != NULL)
            at = past(at, fillers[i]);
    return read_number(at);
}

/* What may stand around "president". */
static bool is_beside_president(const char *word, size_t bytes)
{
    static const char *const words[] = {"1", "and", "elector", "electors", "for",    "of", "one",
                                        "s", "the", "u",       "united",   "states", "us", "vote"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == bytes && strncasecmp(words[i], word, bytes) == 0)
            return true;
    return false;
}

static bool is_word(const char *at, size_t bytes, const char *word)
{
    return strlen(word) == bytes && strncasecmp(at, word, bytes) == 0;
}

bool psp_import_guess_national(const char *office)
{
    static const char between[] = " \t.,:/&-()";
    bool president = false, vice = false;
    for (const char *at = office + strspn(office, between); *at != '\0';) {
        const size_t bytes = strcspn(at, between);
        if (is_word(at, bytes, "president") || is_word(at, bytes, "presidential")) {
            president |= !vice;
            vice = false;
        } else if (is_word(at, bytes, "vice")) {
            vice = true;
        } else if (!is_beside_president(at, bytes)) {
            return false;
        }
        at += bytes;
        at += strspn(at, between);
    }
    return president;
}

bool psp_import_guess_nonpartisan(const char *party)
{
    static const char *const words[] = {
        "non",          "none", "nonpartisan", "nop",      "non-partisan",
        "non partisan", "np",   "npa",         "no party", "no party affiliation"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], party) == 0)
            return true;
    return false;
}
