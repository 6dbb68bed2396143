/*
 * peer_postgres - casts ballots into PostgreSQL, batched or row by row.
 *
 *     peer_postgres CONNINFO ELECTION SEED BALLOTS CLIENTS BATCH
 *
 * BATCH ballots a transaction: one prepared statement that inserts what is new
 * and adds it to the tally; with a batch above one the ballots come as binary
 * arrays. CLIENTS processes at the same time, a connection each. The tables are
 * those of postgres.sql, empty. Prints the figures, after counting what is
 * stored.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "bench/peers/peer.h"

enum { BATCH_MAX = 65536, CLIENTS_MAX = 64, OID_BYTEA = 17, OID_INT4 = 23, HEADER = 20 };

static const char batched[] =
    "WITH fresh AS (INSERT INTO ballots SELECT * FROM unnest($1::bytea[], $2::int[], $3::int[]) "
    "ON CONFLICT DO NOTHING RETURNING unit, choice) "
    "INSERT INTO tally SELECT unit, choice, count(*) FROM fresh GROUP BY 1, 2 ORDER BY 1, 2 "
    "ON CONFLICT (unit, choice) DO UPDATE SET votes = tally.votes + excluded.votes";
static const char single[] =
    "WITH fresh AS (INSERT INTO ballots VALUES ($1::bytea, $2::int, $3::int) "
    "ON CONFLICT DO NOTHING RETURNING unit, choice) "
    "INSERT INTO tally SELECT unit, choice, 1 FROM fresh "
    "ON CONFLICT (unit, choice) DO UPDATE SET votes = tally.votes + 1";

struct arguments {
    const char *conninfo;
    struct psp_peer_ballots ballots;
    uint64_t total;
    uint32_t clients, batch;
};

static PGconn *dial(const char *conninfo)
{
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK)
        psp_peer_fail("postgres", PQerrorMessage(connection));
    return connection;
}

static void check(PGconn *connection, PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        psp_peer_fail("postgres", PQerrorMessage(connection));
    PQclear(result);
}

static void put32(char **at, uint32_t value)
{
    const uint32_t big = htonl(value);
    memcpy(*at, &big, 4);
    *at += 4;
}

/* A one-dimensional array's header in the binary format: dimensions, no nulls,
 * element type, length, lower bound. */
static char *begin_array(char *array, uint32_t type, uint32_t n)
{
    put32(&array, 1);
    put32(&array, 0);
    put32(&array, type);
    put32(&array, n);
    put32(&array, 1);
    return array;
}

struct arrays {
    char voters[HEADER + BATCH_MAX * (4 + PSP_PAPERS_ID_BYTES)];
    char units[HEADER + BATCH_MAX * 8], choices[HEADER + BATCH_MAX * 8];
};

static void cast_batch(PGconn *connection, const struct psp_peer_ballots *ballots, uint64_t first,
                       uint32_t n)
{
    static struct arrays arrays;
    char *voters = begin_array(arrays.voters, OID_BYTEA, n);
    char *units = begin_array(arrays.units, OID_INT4, n);
    char *choices = begin_array(arrays.choices, OID_INT4, n);
    for (uint32_t i = 0; i < n; i++) {
        struct psp_peer_ballot ballot;
        psp_peer_ballot(ballots, first + i, &ballot);
        put32(&voters, sizeof ballot.voter);
        memcpy(voters, ballot.voter, sizeof ballot.voter);
        voters += sizeof ballot.voter;
        put32(&units, 4);
        put32(&units, ballot.unit);
        put32(&choices, 4);
        put32(&choices, ballot.choice);
    }
    const char *values[] = {arrays.voters, arrays.units, arrays.choices};
    const int lengths[] = {(int)(voters - arrays.voters), (int)(units - arrays.units),
                           (int)(choices - arrays.choices)};
    const int formats[] = {1, 1, 1};
    check(connection, PQexecPrepared(connection, "cast", 3, values, lengths, formats, 1));
}

static void cast_one(PGconn *connection, const struct psp_peer_ballots *ballots, uint64_t i)
{
    struct psp_peer_ballot ballot;
    psp_peer_ballot(ballots, i, &ballot);
    const uint32_t unit = htonl(ballot.unit), choice = htonl(ballot.choice);
    const char *values[] = {(const char *)ballot.voter, (const char *)&unit, (const char *)&choice};
    const int lengths[] = {sizeof ballot.voter, 4, 4};
    const int formats[] = {1, 1, 1};
    check(connection, PQexecPrepared(connection, "cast", 3, values, lengths, formats, 1));
}

/* Client c casts the batches c, c + clients, ... */
static void cast_share(const struct arguments *arguments, uint32_t client)
{
    PGconn *connection = dial(arguments->conninfo);
    check(connection,
          PQprepare(connection, "cast", arguments->batch > 1 ? batched : single, 3, NULL));
    const uint64_t step = (uint64_t)arguments->clients * arguments->batch;
    for (uint64_t first = (uint64_t)client * arguments->batch; first < arguments->total;
         first += step) {
        const uint64_t left = arguments->total - first;
        if (arguments->batch == 1)
            cast_one(connection, &arguments->ballots, first);
        else
            cast_batch(connection, &arguments->ballots, first,
                       left < arguments->batch ? (uint32_t)left : arguments->batch);
    }
    PQfinish(connection);
}

static void cast_all(const struct arguments *arguments)
{
    for (uint32_t client = 0; client < arguments->clients; client++) {
        const pid_t pid = fork();
        if (pid < 0)
            psp_peer_fail("fork", "no process");
        if (pid == 0) {
            cast_share(arguments, client);
            _exit(0);
        }
    }
    int status;
    while (wait(&status) > 0)
        if (status != 0)
            psp_peer_fail("postgres", "a client failed");
}

static uint64_t number(PGconn *connection, const char *query)
{
    PGresult *result = PQexec(connection, query);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        psp_peer_fail("postgres", PQerrorMessage(connection));
    const uint64_t value = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: peer_postgres CONNINFO ELECTION SEED BALLOTS CLIENTS BATCH\n");
        return 2;
    }
    struct arguments arguments = {
        .conninfo = argv[1],
        .total = strtoull(argv[4], NULL, 10),
        .clients = (uint32_t)strtoul(argv[5], NULL, 10),
        .batch = (uint32_t)strtoul(argv[6], NULL, 10),
    };
    if (arguments.total == 0 || arguments.clients == 0 || arguments.clients > CLIENTS_MAX ||
        arguments.batch == 0 || arguments.batch > BATCH_MAX)
        return 2;
    psp_peer_ballots_open(argv[2], strtoull(argv[3], NULL, 10), &arguments.ballots);
    const uint64_t begun_us = psp_clock_us();
    cast_all(&arguments);
    const double seconds = (double)(psp_clock_us() - begun_us) / 1e6;
    PGconn *connection = dial(arguments.conninfo);
    const uint64_t stored = number(connection, "SELECT count(*) FROM ballots");
    const uint64_t tallied = number(connection, "SELECT coalesce(sum(votes), 0) FROM tally");
    PQfinish(connection);
    psp_peer_ballots_close(&arguments.ballots);
    return psp_peer_print(arguments.batch > 1 ? "postgres_batched" : "postgres_rows",
                          arguments.total, seconds, stored, tallied);
}
