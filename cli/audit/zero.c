/*
 * psephos zero - before the polls open: nothing was received by any shard, and
 * what the cluster was made of.
 *
 * The shards' leaders are asked, not a collector: what one shows may be behind. A
 * shard that cannot be asked leaves no answer at all, for half a proof is none.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cluster/election.h"
#include "election/definition/definition.h"

enum { ANSWER_MS = 10000, WATCH_MS = 1000, HEX_BYTES = 2 * PSP_HASH_BYTES + 1 };

struct arguments {
    const char *directory;
    bool json;
};

/* What a shard's leader said. */
struct line {
    uint64_t index;
    enum psp_election_state state;
    struct psp_books books;
};

struct zero {
    const struct psp_local *local;
    enum psp_publication publication;
    struct line *lines; /* by shard */
    struct psp_books total;
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    (void)value;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = &arguments->directory;
    state->child_inputs[1] = &arguments->json;
    return 0;
}

/* Every counter, not only those received: a shard whose books do not balance has
 * something to explain. */
static bool is_zero(const struct psp_books *books)
{
    const struct psp_books nothing = {0};
    return psp_books_same(books, &nothing);
}

/* A leader of another cluster or mode proves nothing of this one. */
static int take(struct zero *zero, uint32_t at, const struct psp_partial *partial)
{
    const struct psp_cluster *cluster = zero->local->cluster;
    struct line *line = &zero->lines[at];
    if (memcmp(partial->cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES) != 0 ||
        partial->mode != cluster->mode) {
        fprintf(stderr,
                "psephos zero: shard %" PRIu32 " counts for another cluster or mode than %s/"
                "cluster.json has\n",
                cluster->shards[at].shard, zero->local->directory);
        return PSP_EXIT_NO;
    }
    line->index = partial->index;
    line->state = partial->election_state;
    line->books = partial->books;
    psp_books_add(&zero->total, &line->books);
    return PSP_EXIT_DONE;
}

/* All of them, also after one that did not answer: each is named. */
static int ask_shards(struct zero *zero, struct psp_operate *operate)
{
    const struct psp_cluster *cluster = zero->local->cluster;
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_WATCH,
                                                .watch.wait_ms = WATCH_MS};
    int code = PSP_EXIT_DONE;
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const struct psp_cluster_message *answer = NULL;
        struct psp_reason reason = {0};
        uint32_t process = 0;
        int one = PSP_EXIT_UNREACHABLE;
        if (psp_operate_shard(operate, cluster->shards[s].shard, &request, ANSWER_MS, &answer,
                              &process, &reason) == PSP_OK)
            one = take(zero, s, &answer->partial);
        else
            fprintf(stderr, "psephos zero: shard %" PRIu32 ": %s\n", cluster->shards[s].shard,
                    reason.text);
        code = one > code ? one : code;
    }
    return code;
}

static const char *hex(const uint8_t *bytes, size_t n, char ret_text[HEX_BYTES])
{
    for (size_t i = 0; i < n; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    return ret_text;
}

static bool has_roll(const struct psp_cluster *cluster)
{
    const uint8_t none[PSP_HASH_BYTES] = {0};
    return memcmp(cluster->roll_hash, none, PSP_HASH_BYTES) != 0;
}

static void print_json(const struct zero *zero)
{
    const struct psp_cluster *cluster = zero->local->cluster;
    char text[5][HEX_BYTES];
    json_t *shards = json_array();
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const struct line *line = &zero->lines[s];
        json_t *shard =
            json_pack("{s:o, s:s, s:o}", "shard", psp_json_count(cluster->shards[s].shard), "state",
                      psp_election_state_name(line->state), "index", psp_json_count(line->index));
        json_t *books = psp_json_of_books(&line->books);
        json_object_update(shard, books);
        json_decref(books);
        json_array_append_new(shards, shard);
    }
    psp_json_print(
        json_pack("{s:b, s:s, s:s, s:s, s:o, s:s, s:s?, s:s, s:s, s:o, s:o}", "zero",
                  is_zero(&zero->total), "mode", psp_mode_name(cluster->mode), "publication",
                  psp_publication_name(zero->publication), "cluster_id",
                  hex(cluster->cluster_id, PSP_CLUSTER_ID_BYTES, text[0]), "epoch",
                  psp_json_count(cluster->epoch), "definition_hash",
                  hex(cluster->definition_hash, PSP_HASH_BYTES, text[1]), "roll_hash",
                  has_roll(cluster) ? hex(cluster->roll_hash, PSP_HASH_BYTES, text[2]) : NULL,
                  "slot_map_hash", hex(cluster->slot_map_hash, PSP_HASH_BYTES, text[3]),
                  "digest_key_hash", hex(cluster->digest_key_hash, PSP_HASH_BYTES, text[4]),
                  "total", psp_json_of_books(&zero->total), "shards", shards));
}

static void add_row(struct psp_table *table, const char *name, const char *state, const char *index,
                    const struct psp_books *books)
{
    char text[3][PSP_COUNT_TEXT_BYTES];
    const char *const cells[] = {name,
                                 state,
                                 index,
                                 psp_count_text(books->received, text[0]),
                                 psp_count_text(books->disposed[PSP_COUNTED], text[1]),
                                 psp_count_text(books->added_ballots, text[2])};
    psp_table_add(table, cells);
}

static void print_fingerprints(const struct zero *zero)
{
    const struct psp_cluster *cluster = zero->local->cluster;
    char text[HEX_BYTES];
    printf("mode         %s\n", psp_mode_name(cluster->mode));
    printf("publication  %s\n", psp_publication_name(zero->publication));
    printf("cluster      %s, epoch %" PRIu64 "\n",
           hex(cluster->cluster_id, PSP_CLUSTER_ID_BYTES, text), cluster->epoch);
    printf("definition   SHA-256 %s\n", hex(cluster->definition_hash, PSP_HASH_BYTES, text));
    if (has_roll(cluster))
        printf("roll         SHA-256 %s\n", hex(cluster->roll_hash, PSP_HASH_BYTES, text));
    else
        puts("roll         none");
    printf("slot map     BLAKE2b %s\n", hex(cluster->slot_map_hash, PSP_HASH_BYTES, text));
    printf("digest key   BLAKE2b %s\n", hex(cluster->digest_key_hash, PSP_HASH_BYTES, text));
}

static void print_text(const struct zero *zero)
{
    static const char *const headings[] = {"shard",    "state",   "index",
                                           "received", "counted", "ballots in the totals"};
    const struct psp_cluster *cluster = zero->local->cluster;
    struct psp_table *table = psp_table_create("llrrrr", headings);
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        char name[16], index[PSP_COUNT_TEXT_BYTES];
        snprintf(name, sizeof name, "%" PRIu32, cluster->shards[s].shard);
        add_row(table, name, psp_election_state_name(zero->lines[s].state),
                psp_count_text(zero->lines[s].index, index), &zero->lines[s].books);
    }
    add_row(table, "total", "", "", &zero->total);
    psp_mode_say(cluster->mode == PSP_MODE_TEST, stdout);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    print_fingerprints(zero);
    puts(is_zero(&zero->total) ? "zero: no shard has received a ballot"
                               : "NOT ZERO: ballots were received");
}

/* Its publication; the file must be the one that the cluster was made with. */
static bool read_election(struct zero *zero)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const bool same =
        psp_cluster_election_load(zero->local->cluster, &definition, &reason) == PSP_OK;
    if (same)
        zero->publication = definition->publication;
    else
        psp_fault_say("psephos zero", &reason);
    psp_definition_destroy(&definition);
    return same;
}

static int show(struct zero *zero, const struct arguments *arguments)
{
    struct psp_operate *operate = NULL;
    struct psp_reason reason = {0};
    char *key = psp_local_path(zero->local, "keys/operator.key");
    int code = PSP_EXIT_NO;
    if (psp_operate_create(zero->local->cluster, key, &operate, &reason) != PSP_OK)
        psp_fault_say("psephos zero", &reason);
    else
        code = ask_shards(zero, operate);
    psp_operate_destroy(&operate);
    free(key);
    if (code != PSP_EXIT_DONE)
        return code;
    (arguments->json ? print_json : print_text)(zero);
    return is_zero(&zero->total) ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

int psp_cmd_zero(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        NULL,
        "Shows that no shard has received a ballot, as its leader says, and the fingerprints of "
        "what the cluster was made of: to be written down before the polls open. Exit code 1 "
        "after any ballot, counted or refused; 3 when a shard cannot be asked." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_reason reason = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, &reason) != PSP_OK) {
        psp_fault_say("psephos zero", &reason);
        return PSP_EXIT_NO;
    }
    struct zero zero = {.local = local};
    zero.lines = psp_memory_array(local->cluster->shard_count, sizeof *zero.lines);
    const int code = read_election(&zero) ? show(&zero, &arguments) : PSP_EXIT_NO;
    free(zero.lines);
    psp_local_close(&local);
    return code;
}
