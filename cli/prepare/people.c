/* IDs come from names and from the candidates' own IDs, never from the order of lines. */
#include "cli/prepare/people.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory/pool.h"
#include "base/system/file.h"
#include "base/text/csv.h"
#include "cli/prepare/people_read.h"
#include "cli/say/exit.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"
#include "election/import/slug.h"

enum { FORMAT = 2, DATE_BYTES = 11, BUFFER_BYTES = 1 << 18 };

enum scope { SCOPE_UNIT, SCOPE_PARTY };

struct making {
    const struct psp_people_call *call;
    struct psp_people people;
    struct psp_pool pool;
    struct psp_slug *units;   /* [places + 1]: the root last */
    struct psp_slug *parties; /* [party_n] */
    const char **party_names;
    uint32_t *party_of; /* [candidates]: PSP_NONE none */
    uint32_t party_n;
    const char *root, *id, *name;
    char date[DATE_BYTES];
};

static bool no(const struct making *making, const char *what)
{
    fprintf(stderr, "%s: %s\n", making->call->command, what);
    return false;
}

/* ---- names and IDs ---- */

/* Their country when they have one, all of them; else nobody's name. */
static const char *root_of(const struct psp_people *people)
{
    const char *country = people->places[0].country;
    for (uint32_t p = 1; p < people->place_n && country != NULL; p++)
        if (people->places[p].country == NULL || strcmp(people->places[p].country, country) != 0)
            country = NULL;
    return country != NULL ? country : "All states";
}

static void find_parties(struct making *making)
{
    const struct psp_people *people = &making->people;
    struct psp_id_index index = {0};
    making->party_of = psp_memory_array(people->candidate_n, sizeof *making->party_of);
    making->party_names = psp_memory_array(people->candidate_n, sizeof(char *));
    for (uint32_t c = 0; c < people->candidate_n; c++) {
        const char *name = people->candidates[c].text[PSP_PERSON_PARTY];
        making->party_of[c] = PSP_NONE;
        if (*name == '\0')
            continue;
        making->party_of[c] = making->party_n;
        if (psp_id_index_add(&index, 0, name, strlen(name), making->party_n,
                             &making->party_of[c]) != PSP_EEXIST)
            making->party_names[making->party_n++] = name;
    }
    psp_id_index_free(&index);
}

static struct psp_slug slug_of(struct making *making, enum scope scope, const char *name)
{
    return (struct psp_slug){.scope = scope,
                             .base = psp_slug_join(&making->pool, &name, 1),
                             .hash = psp_slug_hash(&name, 1)};
}

/* Places differ in their keys, and the root may be called as one of them. */
static bool give_ids(struct making *making)
{
    const struct psp_people *people = &making->people;
    const uint32_t n = people->place_n;
    making->units = psp_memory_array((size_t)n + 1, sizeof *making->units);
    making->parties = psp_memory_array((size_t)making->party_n + 1, sizeof *making->parties);
    for (uint32_t p = 0; p < n; p++)
        making->units[p] = slug_of(making, SCOPE_UNIT, people->places[p].key);
    const char *root[] = {making->root, "root"};
    making->units[n] = (struct psp_slug){.scope = SCOPE_UNIT,
                                         .base = psp_slug_join(&making->pool, root, 1),
                                         .hash = psp_slug_hash(root, 2)};
    for (uint32_t p = 0; p < making->party_n; p++)
        making->parties[p] = slug_of(making, SCOPE_PARTY, making->party_names[p]);
    return (psp_slug_assign(&making->pool, making->units, (size_t)n + 1) == PSP_OK &&
            psp_slug_assign(&making->pool, making->parties, making->party_n) == PSP_OK) ||
           no(making, "out of memory");
}

/* A vote's state is looked for among IDs and names: no name may be another one's ID. */
static bool names_are_found(const struct making *making)
{
    const struct psp_people *people = &making->people;
    struct psp_id_index index = {0};
    bool good = true;
    for (uint32_t p = 0; p < people->place_n; p++)
        psp_id_index_add(&index, 0, making->units[p].id, strlen(making->units[p].id), p,
                         &(uint32_t){0});
    for (uint32_t p = 0; p < people->place_n && good; p++) {
        const char *key = people->places[p].key;
        const uint32_t there = psp_id_index_find(&index, 0, key, strlen(key));
        good = there == PSP_NONE || there == p;
        if (!good)
            fprintf(stderr,
                    "%s: the states \"%s\" and \"%s\" could not be told apart in votes: give one "
                    "of them another name\n",
                    making->call->command, people->places[p].name, people->places[there].name);
    }
    psp_id_index_free(&index);
    return good;
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (*text != '\0')
        json_object_set_new(json, name, json_string(text));
}

/* ---- the definition ---- */

static void write_people(const struct making *making, struct psp_definition_text *text)
{
    const struct psp_people *people = &making->people;
    psp_definition_text_array(text, "parties");
    for (uint32_t p = 0; p < making->party_n; p++)
        psp_definition_text_element(text, json_pack("{s:s, s:s}", "id", making->parties[p].id,
                                                    "name", making->party_names[p]));
    psp_definition_text_array_end(text);
    psp_definition_text_array(text, "candidates");
    for (uint32_t c = 0; c < people->candidate_n; c++) {
        char *const *told = people->candidates[c].text;
        json_t *json =
            json_pack("{s:s, s:s}", "id", told[PSP_PERSON_ID], "name", told[PSP_PERSON_NAME]);
        if (making->party_of[c] != PSP_NONE)
            set_text(json, "party", making->parties[making->party_of[c]].id);
        set_text(json, "photo", told[PSP_PERSON_PHOTO]);
        set_text(json, "biography", told[PSP_PERSON_BIOGRAPHY]);
        set_text(json, "platform", told[PSP_PERSON_PLATFORM]);
        psp_definition_text_element(text, json);
    }
    psp_definition_text_array_end(text);
}

static void write_units(const struct making *making, struct psp_definition_text *text)
{
    const struct psp_people *people = &making->people;
    const char *root = making->units[people->place_n].id;
    psp_definition_text_array(text, "units");
    psp_definition_text_element(
        text, json_pack("{s:s, s:s, s:s}", "id", root, "name", making->root, "level", "nation"));
    for (uint32_t p = 0; p < people->place_n; p++)
        psp_definition_text_element(
            text, json_pack("{s:s, s:s, s:s, s:s, s:I, s:[s]}", "id", making->units[p].id, "name",
                            people->places[p].name, "level", "state", "parent", root, "registered",
                            (json_int_t)people->places[p].voters, "ballot_styles", "all"));
    psp_definition_text_array_end(text);
}

static void write_contest(const struct making *making, struct psp_definition_text *text)
{
    const struct psp_people *people = &making->people;
    json_t *choices = json_array();
    for (uint32_t c = 0; c < people->candidate_n; c++) {
        char *const *told = people->candidates[c].text;
        json_t *choice =
            json_pack("{s:s, s:s, s:s, s:s}", "id", told[PSP_PERSON_ID], "name",
                      told[PSP_PERSON_NAME], "kind", "candidate", "candidate", told[PSP_PERSON_ID]);
        if (making->party_of[c] != PSP_NONE)
            set_text(choice, "party", making->parties[making->party_of[c]].id);
        json_array_append_new(choices, choice);
    }
    psp_definition_text_array(text, "contests");
    psp_definition_text_element(text,
                                json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", "vote", "name",
                                          making->name, "office", making->name, "unit",
                                          making->units[people->place_n].id, "choices", choices));
    psp_definition_text_array_end(text);
    psp_definition_text_array(text, "ballot_styles");
    psp_definition_text_element(
        text, json_pack("{s:s, s:[{s:s}]}", "id", "all", "contests", "contest", "vote"));
    psp_definition_text_array_end(text);
}

/* The text, read back as every process will read it. */
static bool make_text(const struct making *making, char **ret_text, size_t *ret_bytes)
{
    struct psp_definition_text *text = NULL;
    struct psp_definition *definition = NULL;
    const bool tables = making->call->from.postgres != NULL;
    struct psp_reason reason = {0};
    enum psp_status status = psp_definition_text_create(&text);
    if (status != PSP_OK)
        return no(making, psp_status_text(status));
    psp_definition_text_member(text, "format", json_integer(FORMAT));
    psp_definition_text_member(text, "id", json_string(making->id));
    psp_definition_text_member(text, "name", json_string(making->name));
    psp_definition_text_member(text, "date", json_string(making->date));
    psp_definition_text_publication(text, &making->call->publication);
    psp_definition_text_array(text, "methods");
    psp_definition_text_element(text, json_pack("{s:s, s:s}", "id", "all", "name", "All"));
    psp_definition_text_array_end(text);
    write_people(making, text);
    write_units(making, text);
    write_contest(making, text);
    status = psp_definition_text_finish(text, ret_text, ret_bytes);
    psp_definition_text_destroy(&text);
    if (status == PSP_OK)
        status = psp_definition_parse(*ret_text, *ret_bytes, &definition, &reason);
    psp_definition_destroy(&definition);
    if (status != PSP_OK)
        fprintf(stderr, "%s: the election made of %s and %s is refused: %s: %s\n",
                making->call->command, tables ? "candidates" : making->call->from.candidates,
                tables ? "voters" : making->call->from.voters, reason.pointer,
                psp_reason_text(&reason, status));
    return status == PSP_OK;
}

/* ---- the files ---- */

/* No more of a voter than a roll needs: what is not there is lost to nobody. */
static bool write_voters(FILE *file, const struct making *making)
{
    const struct psp_people *people = &making->people;
    bool written = fputs("voter_id,unit\n", file) >= 0;
    for (uint32_t v = 0; written && v < people->voter_n; v++) {
        const char *id = people->voters[v].id, *unit = making->units[people->voters[v].place].id;
        const struct psp_csv_field fields[] = {{id, strlen(id)}, {unit, strlen(unit)}};
        written = psp_csv_write(file, fields, 2) == PSP_OK;
    }
    return written && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* Beside, then renamed: no half roll looks whole. */
static bool write_roll(const struct making *making, const char *path)
{
    char *beside = psp_memory_print("%s.new", path);
    FILE *file = fopen(beside, "we");
    bool written = file != NULL;
    if (written) {
        setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
        written = write_voters(file, making);
        const int error = errno;
        written = fclose(file) == 0 && written;
        errno = error;
    }
    if (written && rename(beside, path) != 0)
        written = false;
    if (!written) {
        fprintf(stderr, "%s: cannot write %s: %s\n", making->call->command, path, strerror(errno));
        unlink(beside);
    }
    free(beside);
    return written;
}

/* An import.json of an earlier import would say how returns are read; there are none. */
static bool write_folder(const struct making *making, const char *text, size_t bytes)
{
    const char *out = making->call->out;
    if (psp_file_make_folder(out, 0755) != PSP_OK) {
        fprintf(stderr, "%s: cannot make the folder %s: %s\n", making->call->command, out,
                strerror(errno));
        return false;
    }
    char *election = psp_memory_print("%s/election.json", out);
    char *roll = psp_memory_print("%s/roll.csv", out);
    char *record = psp_memory_print("%s/import.json", out);
    bool written = write_roll(making, roll);
    if (written) {
        unlink(record);
        const enum psp_status status = psp_file_write(election, text, bytes, 0644);
        written = status == PSP_OK;
        if (!written)
            fprintf(stderr, "%s: cannot write %s: %s\n", making->call->command, election,
                    psp_status_text(status));
    }
    free(record);
    free(roll);
    free(election);
    return written;
}

/* ---- what is said ---- */

static void print_json(const struct making *making)
{
    const struct psp_people *people = &making->people;
    const char *out = making->call->out;
    json_t *json = json_object();
    const bool written = !making->call->dry_run;
    json_object_set_new(json, "election",
                        written ? json_sprintf("%s/election.json", out) : json_null());
    json_object_set_new(json, "roll", written ? json_sprintf("%s/roll.csv", out) : json_null());
    json_object_set_new(json, "id", json_string(making->id));
    json_object_set_new(json, "name", json_string(making->name));
    json_object_set_new(json, "date", json_string(making->date));
    json_object_set_new(json, "voters", psp_json_count(people->voter_n));
    json_object_set_new(json, "candidates", psp_json_count(people->candidate_n));
    json_object_set_new(json, "parties", psp_json_count(making->party_n));
    json_object_set_new(json, "leaves", psp_json_count(people->place_n));
    json_object_set_new(json, "again", psp_json_count(people->again));
    json_object_set_new(json, "dropped", psp_json_count(people->dropped));
    json_object_set_new(json, "imported", json_true());
    psp_json_print(json);
}

static void print_text(const struct making *making)
{
    const struct psp_people *people = &making->people;
    char voters[PSP_COUNT_TEXT_BYTES], candidates[PSP_COUNT_TEXT_BYTES];
    char places[PSP_COUNT_TEXT_BYTES];
    if (!making->call->dry_run)
        printf("%s/election.json: ", making->call->out);
    printf("%s, %s: %s candidate%s\n", making->name, making->date,
           psp_count_text(people->candidate_n, candidates), people->candidate_n == 1 ? "" : "s");
    if (!making->call->dry_run)
        printf("%s/roll.csv: ", making->call->out);
    printf("%s voter%s in %s unit%s of %s\n", psp_count_text(people->voter_n, voters),
           people->voter_n == 1 ? "" : "s", psp_count_text(people->place_n, places),
           people->place_n == 1 ? "" : "s", making->root);
}

static void say_left_out(const struct making *making)
{
    const struct psp_people *people = &making->people;
    if (people->again > 0)
        fprintf(stderr, "%s: %" PRIu64 " line%s said what another one had said: taken once\n",
                making->call->command, people->again, people->again == 1 ? "" : "s");
    if (people->dropped > 0)
        fprintf(stderr, "%s: %" PRIu64 " line%s left out\n", making->call->command, people->dropped,
                people->dropped == 1 ? " was" : "s were");
}

static void set_date(struct making *making)
{
    const time_t now = time(NULL);
    struct tm day;
    if (making->call->date != NULL) {
        snprintf(making->date, sizeof making->date, "%s", making->call->date);
        return;
    }
    gmtime_r(&now, &day);
    strftime(making->date, sizeof making->date, "%Y-%m-%d", &day);
    fprintf(stderr, "%s: the date is today, %s; --date sets it\n", making->call->command,
            making->date);
}

static bool make(struct making *making)
{
    const struct psp_people_call *call = making->call;
    char *text = NULL;
    size_t bytes = 0;
    if (!psp_people_read(call->command, &call->from, call->drop, &making->people))
        return false;
    say_left_out(making);
    if (call->strict && making->people.again + making->people.dropped > 0)
        return no(making, "refused: --strict");
    making->id = call->id != NULL ? call->id : "election";
    making->name = call->name != NULL ? call->name : "Election";
    making->root = call->root != NULL ? call->root : root_of(&making->people);
    set_date(making);
    find_parties(making);
    const bool made = give_ids(making) && names_are_found(making) &&
                      make_text(making, &text, &bytes) &&
                      (call->dry_run || write_folder(making, text, bytes));
    free(text);
    return made;
}

int psp_people_import(const struct psp_people_call *call)
{
    struct making making = {.call = call};
    const bool made = make(&making);
    if (made && call->json)
        print_json(&making);
    else if (made)
        print_text(&making);
    psp_people_free(&making.people);
    psp_pool_free(&making.pool);
    free(making.units);
    free(making.parties);
    free(making.party_names);
    free(making.party_of);
    return made && fflush(stdout) == 0 ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
