/* Parts between double underscores, each told by what it can be. */
#include "election/import/reading/file_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { DATE_DIGITS = 8 };

static const char *const parties[] = {"constitution", "conservative",    "dem",         "democrat",
                                      "democratic",   "green",           "independent", "lib",
                                      "libertarian",  "progressive",     "reform",      "rep",
                                      "republican",   "working_families"};
/* Levels and offices: a county is none of these. */
static const char *const others[] = {"recount",
                                     "town",
                                     "precinct",
                                     "county",
                                     "state",
                                     "ward",
                                     "municipality",
                                     "city",
                                     "parish",
                                     "congressional_district",
                                     "cd",
                                     "governor",
                                     "us_senate",
                                     "us_house",
                                     "house",
                                     "senate",
                                     "state_house",
                                     "state_senate",
                                     "state_legislative",
                                     "attorney_general",
                                     "secretary_of_state",
                                     "raw",
                                     "official",
                                     "unofficial",
                                     "certified"};

/* Kinds of elections, which stand together, too: "primary_runoff", "special_general". */
static const char *const kinds[] = {"general",      "primary",   "special",   "runoff",
                                    "presidential", "president", "municipal", "preference",
                                    "caucus",       "recall"};

static bool listed(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

bool psp_file_date_good(const char *date)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char form[] = "0000-00-00";
    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == '0' ? date[i] < '0' || date[i] > '9' : date[i] != form[i])
            return false;
    const int month = 10 * (date[5] - '0') + date[6] - '0';
    const int day = 10 * (date[8] - '0') + date[9] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* "20220517" is "2022-05-17". */
static bool read_date(const char *text, size_t bytes, char ret_date[sizeof "YYYY-MM-DD"])
{
    if (bytes != DATE_DIGITS)
        return false;
    snprintf(ret_date, sizeof "YYYY-MM-DD", "%.4s-%.2s-%.2s", text, text + 4, text + 6);
    if (psp_file_date_good(ret_date))
        return true;
    ret_date[0] = '\0';
    return false;
}

/* "st_clair" is "St Clair". */
static void set_words(char *ret_text, size_t size, const char *word)
{
    size_t at = 0;
    for (; word[at] != '\0' && at + 1 < size; at++) {
        const bool first = at == 0 || word[at - 1] == '_';
        ret_text[at] = word[at] == '_' ? ' ' : word[at];
        if (first && word[at] >= 'a' && word[at] <= 'z')
            ret_text[at] = (char)(word[at] - 'a' + 'A');
    }
    ret_text[at] = '\0';
}

/* Is every word of it a kind of election? */
static bool all_kinds(const char *part, bool *ret_primary)
{
    enum { KINDS = sizeof kinds / sizeof *kinds };
    char word[64];
    *ret_primary = false;
    while (*part != '\0') {
        const size_t bytes = strcspn(part, "_");
        if (bytes >= sizeof word)
            return false;
        memcpy(word, part, bytes);
        word[bytes] = '\0';
        if (!listed(kinds, KINDS, word))
            return false;
        *ret_primary |= strcmp(word, "primary") == 0;
        part += bytes + (part[bytes] == '_');
    }
    return true;
}

static void read_part(struct psp_file_facts *facts, unsigned place, char *part)
{
    enum { PARTIES = sizeof parties / sizeof *parties, OTHERS = sizeof others / sizeof *others };
    for (char *at = part; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    const size_t bytes = strlen(part);
    bool primary;
    if (place == 1 && bytes == 2 && strspn(part, "abcdefghijklmnopqrstuvwxyz") == 2)
        snprintf(facts->state, sizeof facts->state, "%c%c", part[0] - 'a' + 'A',
                 part[1] - 'a' + 'A');
    else if (place >= 2 && listed(parties, PARTIES, part))
        set_words(facts->party, sizeof facts->party, part);
    else if (place >= 2 && all_kinds(part, &primary))
        facts->primary |= primary;
    else if (place >= 2 && !listed(others, OTHERS, part) && strspn(part, "0123456789") == 0)
        set_words(facts->county, sizeof facts->county, part);
}

struct psp_file_facts psp_file_facts(const char *path)
{
    struct psp_file_facts facts = {0};
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *at = strstr(name, "__");
    if (at == NULL || !read_date(name, (size_t)(at - name), facts.date))
        return facts;
    for (unsigned place = 1; at != NULL; place++) {
        char part[64];
        const char *begin = at + 2;
        at = strstr(begin, "__");
        const char *dot = strrchr(begin, '.');
        const size_t bytes = at != NULL    ? (size_t)(at - begin)
                             : dot != NULL ? (size_t)(dot - begin)
                                           : strlen(begin);
        if (bytes > 0 && bytes < sizeof part) {
            memcpy(part, begin, bytes);
            part[bytes] = '\0';
            read_part(&facts, place, part);
        }
    }
    return facts;
}
