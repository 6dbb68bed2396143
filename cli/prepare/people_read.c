/* Places are found while voters are read, and brought into the order of their names then. */
#include "cli/prepare/people_read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory/grow.h"
#include "base/text/utf8.h"
#include "cli/folder/local.h"
#include "cli/prepare/people_file.h"
#include "cli/prepare/servers/postgres.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { TOLD_MAX = 10, VOTERS_MAX = INT32_MAX };
enum voter_text { VOTER_ID, VOTER_STATE, VOTER_COUNTRY, VOTER_TEXTS };

static const struct psp_people_field candidate_fields[PSP_PERSON_TEXTS] = {
    {.column = "candidate_id", .needed = true},
    {.column = "candidate_name", .needed = true},
    {.column = "party_affiliation"},
    {.column = "biography"},
    {.column = "campaign_platform"},
    {.column = "photo_url"},
};
static const struct psp_people_field voter_fields[VOTER_TEXTS] = {
    {.column = "voter_id", .needed = true},
    {"address_state", "address", "state", true},
    {"address_country", "address", "country", false},
};

struct spelling {
    char *name;
    uint32_t place;
    uint64_t voters;
};

struct reading {
    const char *command, *path;
    struct psp_postgres *server; /* NULL: files */
    struct psp_people *people;
    uint64_t faults;
    struct psp_id_index ids;       /* of candidates, then of voters */
    struct psp_id_index keys;      /* of places */
    struct psp_id_index spellings; /* exact names */
    struct spelling *spelled;
    uint32_t spelling_n;
    size_t spelling_size, place_size, voter_size, candidate_size;
};

static void fault(struct reading *reading, uint64_t line, const char *text)
{
    reading->faults++;
    if (reading->faults <= TOLD_MAX)
        fprintf(stderr, "%s: %s:%" PRIu64 ": %s\n", reading->command, reading->path, line, text);
    if (reading->faults == TOLD_MAX)
        fprintf(stderr, "%s: %s: further lines like that are only counted\n", reading->command,
                reading->path);
}

/* A copy without the blanks around it. */
static char *trimmed(const char *text)
{
    text += strspn(text, " \t");
    size_t bytes = strlen(text);
    while (bytes > 0 && strchr(" \t", text[bytes - 1]))
        bytes--;
    return psp_memory_print("%.*s", (int)bytes, text);
}

/* The position of `key`, or `next` when it is new; the key must stay. */
static uint32_t place_in(struct psp_id_index *index, const char *key, uint32_t next)
{
    uint32_t there = next;
    if (psp_id_index_add(index, 0, key, strlen(key), next, &there) == PSP_ENOMEM)
        psp_memory_resize(NULL, SIZE_MAX, 1); /* says so and ends */
    return there;
}

/* The array, with room for one more. */
static void *with_room(void *array, size_t *size, size_t n, size_t element_bytes)
{
    if (n < *size)
        return array;
    *size = psp_grow_capacity(*size, n + 1, element_bytes);
    return psp_memory_resize(array, *size, element_bytes);
}

/* ---- candidates ---- */

static bool good_id(const char *id)
{
    const size_t bytes = strlen(id);
    return bytes > 0 && bytes <= PSP_ID_BYTES_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-") == bytes;
}

static bool same_person(const struct psp_person *a, const struct psp_person *b)
{
    for (int t = 0; t < PSP_PERSON_TEXTS; t++)
        if (strcmp(a->text[t], b->text[t]) != 0)
            return false;
    return true;
}

/* NULL: taken. "": as before. Else what is wrong. */
static const char *judge_candidate(struct reading *reading, const struct psp_person *person)
{
    struct psp_people *people = reading->people;
    const char *id = person->text[PSP_PERSON_ID];
    if (!good_id(id))
        return "candidate_id: 1 to " PSP_TEXT(
            PSP_ID_BYTES_MAX) " of a-z, 0-9, '.', '_' and '-' are needed, as in the votes";
    if (person->text[PSP_PERSON_NAME][0] == '\0')
        return "candidate_name is empty";
    const uint32_t there = place_in(&reading->ids, id, people->candidate_n);
    if (there == people->candidate_n)
        return NULL;
    return same_person(person, &people->candidates[there])
               ? ""
               : "this candidate_id is there before, of somebody else";
}

static void take_candidate(struct reading *reading, const char *const *texts, uint64_t line)
{
    struct psp_people *people = reading->people;
    struct psp_person person;
    for (int t = 0; t < PSP_PERSON_TEXTS; t++)
        person.text[t] = trimmed(texts[t]);
    const char *wrong = judge_candidate(reading, &person);
    if (wrong == NULL) {
        people->candidates = with_room(people->candidates, &reading->candidate_size,
                                       people->candidate_n, sizeof person);
        people->candidates[people->candidate_n++] = person;
        return;
    }
    if (*wrong != '\0')
        fault(reading, line, wrong);
    else
        people->again++;
    for (int t = 0; t < PSP_PERSON_TEXTS; t++)
        free(person.text[t]);
}

/* ---- voters ---- */

static uint32_t place_of(struct reading *reading, const char *name, const char *country)
{
    struct psp_people *people = reading->people;
    char *key = psp_memory_copy(name);
    for (char *at = key; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    const uint32_t place = place_in(&reading->keys, key, people->place_n);
    if (place == people->place_n) {
        people->places = with_room(people->places, &reading->place_size, people->place_n,
                                   sizeof *people->places);
        people->places[people->place_n++] = (struct psp_people_place){.key = key};
    } else {
        free(key);
    }
    if (people->places[place].country == NULL && *country != '\0')
        people->places[place].country = psp_memory_copy(country);
    return place;
}

static void count_spelling(struct reading *reading, const char *name, uint32_t place)
{
    uint32_t spelling = psp_id_index_find(&reading->spellings, 0, name, strlen(name));
    if (spelling == PSP_NONE) {
        spelling = reading->spelling_n++;
        reading->spelled = with_room(reading->spelled, &reading->spelling_size, spelling,
                                     sizeof *reading->spelled);
        reading->spelled[spelling] =
            (struct spelling){.name = psp_memory_copy(name), .place = place};
        place_in(&reading->spellings, reading->spelled[spelling].name, spelling);
    }
    reading->spelled[spelling].voters++;
}

static bool good_voter_id(const char *id)
{
    const size_t bytes = strlen(id);
    return bytes > 0 && bytes <= PSP_VOTER_ID_BYTES_MAX && !strchr(" \t", id[0]) &&
           !strchr(" \t", id[bytes - 1]);
}

/* As judge_candidate. */
static const char *judge_voter(struct reading *reading, const char *voter_id, const char *name,
                               const char *country)
{
    struct psp_people *people = reading->people;
    if (!good_voter_id(voter_id))
        return "voter_id: 1 to " PSP_TEXT(PSP_VOTER_ID_BYTES_MAX) " bytes without a blank at an "
                                                                  "end are needed";
    if (*name == '\0')
        return "the voter's address has no state: no vote would find its place";
    const uint32_t place = place_of(reading, name, country);
    const char *other = people->places[place].country;
    if (*country != '\0' && strcmp(country, other) != 0)
        return "a state of this name lies in another country, too: votes say the state's name "
               "only, and could not be told apart";
    char *id = psp_memory_copy(voter_id);
    const uint32_t there = place_in(&reading->ids, id, people->voter_n);
    count_spelling(reading, name, place);
    if (there < people->voter_n) {
        free(id);
        return people->voters[there].place == place
                   ? ""
                   : "this voter_id is there before, in another state";
    }
    people->voters =
        with_room(people->voters, &reading->voter_size, people->voter_n, sizeof *people->voters);
    people->voters[people->voter_n++] = (struct psp_people_voter){id, place};
    people->places[place].voters++;
    return NULL;
}

static void take_voter(struct reading *reading, const char *const *texts, uint64_t line)
{
    char *name = trimmed(texts[VOTER_STATE]), *country = trimmed(texts[VOTER_COUNTRY]);
    const char *wrong = judge_voter(reading, texts[VOTER_ID], name, country);
    if (wrong != NULL && *wrong == '\0')
        reading->people->again++;
    else if (wrong != NULL)
        fault(reading, line, wrong);
    free(name);
    free(country);
}

/* ---- both ---- */

static bool read_all(struct reading *reading, const char *path,
                     const struct psp_people_field *fields, size_t n, const char *what,
                     void (*take)(struct reading *, const char *const *, uint64_t))
{
    struct psp_people_file *file = NULL;
    struct psp_reason reason = {0};
    struct psp_progress progress;
    const char *texts[PSP_PEOPLE_FIELDS_MAX];
    uint64_t line = 0, lines = 0;
    reading->path = path != NULL ? path : what;
    reading->faults = 0;
    enum psp_status status =
        reading->server != NULL
            ? psp_people_file_open_table(reading->server, what, fields, n, &file, &reason)
            : psp_people_file_open(path, fields, n, &file, &reason);
    if (status != PSP_OK) {
        psp_fault_say(reading->command, &reason);
        return false;
    }
    psp_progress_start(&progress);
    for (;;) {
        reason.text[0] = '\0';
        status = psp_people_file_next(file, texts, &line, &reason);
        if (status != PSP_OK && status != PSP_EINVAL)
            break;
        psp_progress_step(&progress, what, ++lines, 0);
        if (status == PSP_OK)
            take(reading, texts, line);
        else
            fault(reading, line, reason.text);
        if (reading->people->voter_n == VOTERS_MAX)
            break;
    }
    psp_progress_end(&progress);
    psp_people_file_close(&file);
    if (status != PSP_ENOENT)
        fprintf(stderr, "%s: %s: %s\n", reading->command, reading->path,
                status != PSP_EIO        ? "more voters than fit on a roll"
                : reason.text[0] != '\0' ? reason.text
                                         : "cannot be read");
    return status == PSP_ENOENT;
}

/* Of two spellings that are as frequent the lesser: no order of lines decides. */
static void name_places(struct reading *reading)
{
    struct psp_people *people = reading->people;
    struct spelling **best = psp_memory_array(people->place_n, sizeof(struct spelling *));
    for (uint32_t i = 0; i < reading->spelling_n; i++) {
        struct spelling *spelling = &reading->spelled[i], *other = best[spelling->place];
        if (other == NULL || spelling->voters > other->voters ||
            (spelling->voters == other->voters && strcmp(spelling->name, other->name) < 0))
            best[spelling->place] = spelling;
    }
    for (uint32_t p = 0; p < people->place_n; p++)
        people->places[p].name = psp_memory_copy(best[p]->name);
    free(best);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct psp_people_place *)a)->key,
                  ((const struct psp_people_place *)b)->key);
}

static void sort_places(struct psp_people *people)
{
    struct psp_id_index sorted = {0};
    char **keys = psp_memory_array(people->place_n, sizeof(char *));
    for (uint32_t p = 0; p < people->place_n; p++)
        keys[p] = people->places[p].key;
    if (people->place_n > 0)
        qsort(people->places, people->place_n, sizeof *people->places, by_key);
    for (uint32_t p = 0; p < people->place_n; p++)
        place_in(&sorted, people->places[p].key, p);
    for (uint32_t v = 0; v < people->voter_n; v++) {
        const char *key = keys[people->voters[v].place];
        people->voters[v].place = psp_id_index_find(&sorted, 0, key, strlen(key));
    }
    psp_id_index_free(&sorted);
    free(keys);
}

static bool may_go_on(struct reading *reading, bool read, bool drop, uint32_t n, const char *whom)
{
    if (read && reading->faults > 0 && !drop)
        fprintf(stderr,
                "%s: %s: %" PRIu64 " line%s cannot be taken: refused; --faulty drop leaves such "
                "lines out\n",
                reading->command, reading->path, reading->faults, reading->faults == 1 ? "" : "s");
    else if (read && n == 0)
        fprintf(stderr, "%s: %s: not one %s is in it\n", reading->command, reading->path, whom);
    reading->people->dropped += reading->faults;
    return read && (reading->faults == 0 || drop) && n > 0;
}

/* Both tables as they are at one moment. */
static bool connect(struct reading *reading, const char *conninfo)
{
    struct psp_reason reason = {0};
    if (conninfo == NULL)
        return true;
    enum psp_status status = psp_postgres_open(conninfo, &reading->server, &reason);
    if (status == PSP_OK)
        status = psp_postgres_run(reading->server,
                                  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &reason);
    if (status != PSP_OK)
        psp_fault_say(reading->command, &reason);
    return status == PSP_OK;
}

bool psp_people_read(const char *command, const struct psp_people_from *from, bool drop,
                     struct psp_people *ret_people)
{
    struct reading reading = {.command = command, .people = ret_people};
    if (!connect(&reading, from->postgres)) {
        psp_postgres_close(&reading.server);
        return false;
    }
    bool read = read_all(&reading, from->candidates, candidate_fields, PSP_PERSON_TEXTS,
                         "candidates", take_candidate);
    const bool candidates = may_go_on(&reading, read, drop, ret_people->candidate_n, "candidate");
    psp_id_index_free(&reading.ids);
    reading.ids = (struct psp_id_index){0};
    /* After a server's refusal the transaction is of no use. */
    read = (reading.server == NULL || read) &&
           read_all(&reading, from->voters, voter_fields, VOTER_TEXTS, "voters", take_voter);
    const bool voters = may_go_on(&reading, read, drop, ret_people->voter_n, "voter");
    name_places(&reading);
    sort_places(ret_people);
    for (uint32_t i = 0; i < reading.spelling_n; i++)
        free(reading.spelled[i].name);
    free(reading.spelled);
    psp_postgres_close(&reading.server);
    psp_id_index_free(&reading.ids);
    psp_id_index_free(&reading.keys);
    psp_id_index_free(&reading.spellings);
    return candidates && voters;
}

void psp_people_free(struct psp_people *people)
{
    for (uint32_t i = 0; i < people->candidate_n; i++)
        for (int t = 0; t < PSP_PERSON_TEXTS; t++)
            free(people->candidates[i].text[t]);
    for (uint32_t i = 0; i < people->place_n; i++) {
        free(people->places[i].key);
        free(people->places[i].name);
        free(people->places[i].country);
    }
    for (uint32_t i = 0; i < people->voter_n; i++)
        free(people->voters[i].id);
    free(people->candidates);
    free(people->places);
    free(people->voters);
    *people = (struct psp_people){0};
}
