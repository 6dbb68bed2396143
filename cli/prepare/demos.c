/* What should be there is copied beside the tables, so that the server compares. */
#include "cli/prepare/demos.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/id_index.h"
#include "base/reason.h"
#include "base/text/text.h"
#include "cli/prepare/demos_people.h"
#include "cli/prepare/servers/kafka.h"
#include "cli/prepare/servers/postgres.h"
#include "cli/say/exit.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cli/say/table.h"

enum { ID_BYTES = 37, SQL_BYTES = 2048 };

static const char topic[] = "voters_topic";

struct filling {
    const struct psp_demos_call *call;
    struct psp_postgres *server; /* NULL: not asked for */
    struct psp_kafka *kafka;     /* the same */
    uint64_t rows_added, rows_removed, sent, there, strangers;
    char (*ids)[ID_BYTES]; /* of the voters, by number */
    bool *has;             /* its message is in the topic */
    struct psp_id_index index;
    struct psp_reason *reason;
};

/* ---- tables ---- */

static const char make_tables[] =
    "CREATE TABLE IF NOT EXISTS candidates (candidate_id varchar(255) PRIMARY KEY,"
    " candidate_name varchar(255), party_affiliation varchar(255), biography text,"
    " campaign_platform text, photo_url text);"
    "CREATE TABLE IF NOT EXISTS voters (voter_id varchar(255) PRIMARY KEY,"
    " voter_name varchar(255), date_of_birth varchar(255), gender varchar(255),"
    " nationality varchar(255), registration_number varchar(255), address_street varchar(255),"
    " address_city varchar(255), address_state varchar(255), address_country varchar(255),"
    " address_postcode varchar(255), email varchar(255), phone_number varchar(255),"
    " cell_number varchar(255), picture text, registered_age integer);"
    "CREATE TABLE IF NOT EXISTS votes (voter_id varchar(255) UNIQUE, candidate_id varchar(255),"
    " voting_time timestamp, vote int DEFAULT 1, PRIMARY KEY (voter_id, candidate_id));"
    "LOCK TABLE candidates, voters, votes IN SHARE ROW EXCLUSIVE MODE";

static void list_columns(const char *const *columns, size_t n, char list[SQL_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used +=
            (size_t)snprintf(list + used, SQL_BYTES - used, "%s%s", i > 0 ? ", " : "", columns[i]);
}

/* Opens COPY into "wanted_TABLE", which has the columns as the table has them. */
static enum psp_status begin_wanted(struct filling *filling, const char *table, const char *columns)
{
    char *sql = psp_memory_print("CREATE TEMPORARY TABLE wanted_%s ON COMMIT DROP AS SELECT %s "
                                 "FROM %s WITH NO DATA",
                                 table, columns, table);
    enum psp_status status = psp_postgres_run(filling->server, sql, filling->reason);
    free(sql);
    sql = psp_memory_print("COPY wanted_%s (%s) FROM STDIN", table, columns);
    if (status == PSP_OK)
        status = psp_postgres_copy(filling->server, sql, filling->reason);
    free(sql);
    return status;
}

static enum psp_status copy_candidates(struct filling *filling)
{
    struct psp_demo_candidate candidate;
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < PSP_DEMO_CANDIDATES && status == PSP_OK; i++) {
        psp_demo_candidate(filling->call->seed, i, &candidate);
        status = psp_postgres_copy_row(filling->server, candidate.texts, PSP_DEMO_CANDIDATE_COLUMNS,
                                       filling->reason);
    }
    return status == PSP_OK ? psp_postgres_copy_end(filling->server, filling->reason) : status;
}

static enum psp_status copy_voters(struct filling *filling)
{
    struct psp_demo_voter voter;
    struct psp_progress progress;
    enum psp_status status = PSP_OK;
    psp_progress_start(&progress);
    for (uint64_t i = 0; i < filling->call->voters && status == PSP_OK; i++) {
        psp_demo_voter(filling->call->seed, i, &voter);
        status = psp_postgres_copy_row(filling->server, voter.texts, PSP_DEMO_VOTER_COLUMNS,
                                       filling->reason);
        psp_progress_step(&progress, "voters", i + 1, filling->call->voters);
    }
    psp_progress_end(&progress);
    return status == PSP_OK ? psp_postgres_copy_end(filling->server, filling->reason) : status;
}

/* Rows that are not as they would be made. */
static enum psp_status count_others(struct filling *filling, const char *table, const char *columns,
                                    uint64_t *ret_others)
{
    char *sql = psp_memory_print("SELECT count(*) FROM (SELECT %s FROM %s EXCEPT ALL SELECT %s "
                                 "FROM wanted_%s) AS other",
                                 columns, table, columns, table);
    const enum psp_status status =
        psp_postgres_number(filling->server, sql, ret_others, filling->reason);
    free(sql);
    return status;
}

static enum psp_status add_missing(struct filling *filling, const char *table, const char *columns)
{
    uint64_t added = 0;
    char *sql = psp_memory_print(
        "WITH added AS (INSERT INTO %s (%s) SELECT %s FROM wanted_%s EXCEPT SELECT %s FROM %s "
        "RETURNING 1) SELECT count(*) FROM added",
        table, columns, columns, table, columns, table);
    const enum psp_status status =
        psp_postgres_number(filling->server, sql, &added, filling->reason);
    filling->rows_added += added;
    free(sql);
    return status;
}

static enum psp_status judge_others(struct filling *filling, const char *candidate_columns,
                                    const char *voter_columns)
{
    uint64_t candidates = 0, voters = 0, votes = 0;
    char texts[3][PSP_COUNT_TEXT_BYTES];
    enum psp_status status = count_others(filling, "candidates", candidate_columns, &candidates);
    if (status == PSP_OK)
        status = count_others(filling, "voters", voter_columns, &voters);
    if (status == PSP_OK)
        status = psp_postgres_number(filling->server, "SELECT count(*) FROM votes", &votes,
                                     filling->reason);
    if (status != PSP_OK || candidates + voters + votes == 0)
        return status;
    if (!filling->call->force) {
        psp_reason_set(filling->reason,
                       "the database has rows that seed %" PRIu64 " with %" PRIu64
                       " voters does not make: candidates %s, voters %s, votes %s. Nothing was "
                       "changed; --force removes what is in these tables",
                       filling->call->seed, filling->call->voters,
                       psp_count_text(candidates, texts[0]), psp_count_text(voters, texts[1]),
                       psp_count_text(votes, texts[2]));
        return PSP_EEXIST;
    }
    filling->rows_removed = candidates + voters + votes;
    return psp_postgres_run(filling->server,
                            "DELETE FROM votes; DELETE FROM voters; DELETE FROM candidates",
                            filling->reason);
}

/* All but the commit. */
static enum psp_status fill_tables(struct filling *filling)
{
    char candidates[SQL_BYTES], voters[SQL_BYTES];
    list_columns(psp_demo_candidate_columns, PSP_DEMO_CANDIDATE_COLUMNS, candidates);
    list_columns(psp_demo_voter_columns, PSP_DEMO_VOTER_COLUMNS, voters);
    enum psp_status status =
        psp_postgres_open(filling->call->postgres, &filling->server, filling->reason);
    if (status == PSP_OK)
        status = psp_postgres_run(filling->server, "BEGIN", filling->reason);
    if (status == PSP_OK)
        status = psp_postgres_run(filling->server, make_tables, filling->reason);
    if (status == PSP_OK)
        status = begin_wanted(filling, "candidates", candidates);
    if (status == PSP_OK)
        status = copy_candidates(filling);
    if (status == PSP_OK)
        status = begin_wanted(filling, "voters", voters);
    if (status == PSP_OK)
        status = copy_voters(filling);
    if (status == PSP_OK)
        status = judge_others(filling, candidates, voters);
    if (status == PSP_OK)
        status = add_missing(filling, "candidates", candidates);
    if (status == PSP_OK)
        status = add_missing(filling, "voters", voters);
    return status;
}

/* ---- the topic ---- */

static void take_key(void *context, const char *key, size_t bytes)
{
    struct filling *filling = context;
    const uint32_t at = key != NULL ? psp_id_index_find(&filling->index, 0, key, bytes) : PSP_NONE;
    if (at == PSP_NONE) {
        filling->strangers++;
        return;
    }
    filling->there += !filling->has[at];
    filling->has[at] = true;
}

/* What is in it already; nothing is sent. */
static enum psp_status look_at_topic(struct filling *filling)
{
    struct psp_demo_voter voter;
    const uint64_t n = filling->call->voters;
    enum psp_status status =
        psp_kafka_open(filling->call->brokers, topic, &filling->kafka, filling->reason);
    filling->ids = psp_memory_array(n, sizeof *filling->ids);
    filling->has = psp_memory_array(n, sizeof *filling->has);
    for (uint64_t i = 0; i < n && status == PSP_OK; i++) {
        psp_demo_voter(filling->call->seed, i, &voter);
        snprintf(filling->ids[i], ID_BYTES, "%s", voter.texts[0]);
        status = psp_id_index_add(&filling->index, 0, filling->ids[i], strlen(filling->ids[i]),
                                  (uint32_t)i, &(uint32_t){0});
    }
    if (status == PSP_OK)
        status = psp_kafka_keys(filling->kafka, take_key, filling, filling->reason);
    if (status != PSP_OK || filling->strangers == 0 || filling->call->force)
        return status;
    char text[PSP_COUNT_TEXT_BYTES];
    psp_reason_set(filling->reason,
                   "%s has %s message%s of others than these voters. Nothing was changed or sent; "
                   "--force sends these beside them",
                   topic, psp_count_text(filling->strangers, text),
                   filling->strangers == 1 ? "" : "s");
    return PSP_EEXIST;
}

static enum psp_status send_voters(struct filling *filling)
{
    struct psp_demo_voter voter;
    struct psp_text message = {0};
    struct psp_progress progress;
    enum psp_status status = PSP_OK;
    psp_progress_start(&progress);
    for (uint64_t i = 0; i < filling->call->voters && status == PSP_OK; i++) {
        psp_progress_step(&progress, "messages", i + 1, filling->call->voters);
        if (filling->has[i])
            continue;
        psp_demo_voter(filling->call->seed, i, &voter);
        psp_demo_voter_message(&voter, &message);
        status = message.failed ? PSP_ENOMEM
                                : psp_kafka_send(filling->kafka, voter.texts[0], message.data,
                                                 message.length, filling->reason);
        filling->sent += status == PSP_OK;
    }
    if (status == PSP_OK)
        status = psp_kafka_flush(filling->kafka, filling->reason);
    psp_progress_end(&progress);
    psp_text_free(&message);
    return status;
}

/* ---- both ---- */

static enum psp_status fill(struct filling *filling)
{
    enum psp_status status = PSP_OK;
    if (filling->call->postgres != NULL)
        status = fill_tables(filling);
    if (status == PSP_OK && filling->call->brokers != NULL)
        status = look_at_topic(filling);
    if (status == PSP_OK && filling->call->postgres != NULL)
        status = psp_postgres_run(filling->server, "COMMIT", filling->reason);
    if (status == PSP_OK && filling->call->brokers != NULL)
        status = send_voters(filling);
    return status;
}

static json_t *if_asked(const char *asked, uint64_t n)
{
    return asked != NULL ? psp_json_count(n) : json_null();
}

static void print_json(const struct filling *filling)
{
    const struct psp_demos_call *call = filling->call;
    json_t *json = json_object();
    json_object_set_new(json, "seed", psp_json_count(call->seed));
    json_object_set_new(json, "candidates", psp_json_count(PSP_DEMO_CANDIDATES));
    json_object_set_new(json, "voters", psp_json_count(call->voters));
    json_object_set_new(json, "rows_added", if_asked(call->postgres, filling->rows_added));
    json_object_set_new(json, "rows_removed", if_asked(call->postgres, filling->rows_removed));
    json_object_set_new(json, "messages_sent", if_asked(call->brokers, filling->sent));
    json_object_set_new(json, "messages_there", if_asked(call->brokers, filling->there));
    psp_json_print(json);
}

static void print_text(const struct filling *filling)
{
    const struct psp_demos_call *call = filling->call;
    char voters[PSP_COUNT_TEXT_BYTES], first[PSP_COUNT_TEXT_BYTES], second[PSP_COUNT_TEXT_BYTES];
    printf("%d candidates and %s voter%s of seed %" PRIu64 "\n", PSP_DEMO_CANDIDATES,
           psp_count_text(call->voters, voters), call->voters == 1 ? "" : "s", call->seed);
    if (call->postgres != NULL)
        printf("PostgreSQL: rows of candidates and voters: %s added, %s of others removed; votes "
               "is empty\n",
               psp_count_text(filling->rows_added, first),
               psp_count_text(filling->rows_removed, second));
    if (call->brokers != NULL)
        printf("Kafka: messages of %s: %s sent, %s were there\n", topic,
               psp_count_text(filling->sent, first), psp_count_text(filling->there, second));
}

int psp_demos_generate(const struct psp_demos_call *call)
{
    struct psp_reason reason = {0};
    struct filling filling = {.call = call, .reason = &reason};
    const enum psp_status status = fill(&filling);
    if (status != PSP_OK) {
        if (reason.text[0] == '\0')
            psp_reason_set(&reason, "%s", psp_status_text(status));
        psp_fault_say(call->command, &reason);
    } else if (call->json) {
        print_json(&filling);
    } else {
        print_text(&filling);
    }
    psp_postgres_close(&filling.server);
    psp_kafka_close(&filling.kafka);
    psp_id_index_free(&filling.index);
    free(filling.ids);
    free(filling.has);
    return status == PSP_OK && fflush(stdout) == 0 ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
