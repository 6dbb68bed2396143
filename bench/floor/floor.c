/*
 * floor - what counting must cost at the least on this machine, in one thread.
 *
 *     floor BALLOTS [FILE]
 *
 * A bare loop with the durability of a shard and nothing else: per batch of
 * 8,192 ballots, hash each voter ID (24 bytes) with the keyed SipHash of
 * the routers, append digests, tags, units, methods and marks to FILE,
 * fdatasync, then find or insert every voter in the shard's index and add to
 * the totals. No network, no encryption, no log format, no checkpoint, no
 * second thread. What Psephos does end to end is measured against this.
 *
 * Prints one JSON object. FILE is removed afterwards.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "count/index.h"
#include "election/digest.h"

enum {
    ROWS = PSP_BATCH_ROWS_MAX,
    ID_BYTES = 24,
    UNITS = 3000,
    CHOICES = 4,
    ROW_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 4 + 1 + 4,
    FIND_AHEAD = 12,
    TABLE_AHEAD = 24,
};

struct columns {
    uint8_t digests[ROWS * PSP_DIGEST_BYTES];
    uint8_t tags[ROWS * PSP_TAG_BYTES];
    uint8_t units[ROWS * 4];
    uint8_t methods[ROWS];
    uint8_t marks[ROWS * 4];
};

_Static_assert(sizeof(struct columns) == (size_t)ROWS * ROW_BYTES, "columns lie side by side");

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static void voter_id(uint64_t i, uint8_t ret_id[ID_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    memcpy(ret_id, "00000001", 8);
    i = mix(i);
    for (int at = ID_BYTES - 1; at >= 8; at--, i >>= 4)
        ret_id[at] = (uint8_t)hex[i & 15];
}

static void fill(struct columns *columns, const struct psp_digest_key *key, uint64_t first,
                 uint32_t n)
{
    uint8_t id[ID_BYTES], ballot[PSP_BALLOT_ID_BYTES];
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t random = mix(first + i);
        const uint32_t unit = (uint32_t)((random >> 32) % UNITS);
        uint8_t *marks = columns->marks + (size_t)4 * i;
        voter_id(first + i, id);
        psp_digest_voter(key, id, sizeof id, columns->digests + (size_t)PSP_DIGEST_BYTES * i);
        psp_put64(ballot, random);
        psp_put64(ballot + 8, ~random);
        memcpy(marks, (uint8_t[]){1, 0, 1, (uint8_t)(random % CHOICES)}, 4);
        psp_digest_tag(key, ballot, unit, 0, 0, 0, marks, 4,
                       columns->tags + (size_t)PSP_TAG_BYTES * i);
        psp_put32(columns->units + (size_t)4 * i, unit);
        columns->methods[i] = 0;
    }
}

static void keep(int file, const struct columns *columns)
{
    const uint8_t *at = (const uint8_t *)columns;
    for (size_t left = sizeof *columns; left > 0;) {
        const ssize_t done = write(file, at, left);
        if (done < 0) {
            perror("floor: write");
            exit(1);
        }
        at += done;
        left -= (size_t)done;
    }
    if (fdatasync(file) != 0) {
        perror("floor: fdatasync");
        exit(1);
    }
}

static uint64_t count(struct psp_index *index, const struct columns *columns, uint32_t n,
                      uint64_t *totals)
{
    uint64_t counted = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *digest = columns->digests + (size_t)PSP_DIGEST_BYTES * i;
        struct psp_index_place place;
        if (i + TABLE_AHEAD < n)
            psp_index_prefetch_table(index, digest + (size_t)PSP_DIGEST_BYTES * TABLE_AHEAD);
        if (i + FIND_AHEAD < n)
            psp_index_prefetch(index, digest + (size_t)PSP_DIGEST_BYTES * FIND_AHEAD);
        psp_index_find(index, digest, &place);
        if (place.known)
            continue;
        if (psp_index_insert(index, digest, (uint32_t)psp_index_voters(index), &place) != PSP_OK) {
            fprintf(stderr, "floor: out of memory\n");
            exit(1);
        }
        psp_index_mark(index, &place, columns->tags + (size_t)PSP_TAG_BYTES * i);
        const uint32_t unit = psp_get32(columns->units + (size_t)4 * i);
        totals[unit * CHOICES + columns->marks[(size_t)4 * i + 3]]++;
        counted++;
    }
    return counted;
}

int main(int argc, char **argv)
{
    static struct columns columns;
    static uint64_t totals[UNITS * CHOICES];
    const uint64_t ballots = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const char *path = argc > 2 ? argv[2] : "floor.log";
    if (ballots == 0 || ballots > PSP_INDEX_VOTERS_MAX || argc > 3) {
        fprintf(stderr, "usage: floor BALLOTS [FILE]\n");
        return 2;
    }
    const uint8_t secret[PSP_DIGEST_KEY_BYTES] = "floor";
    struct psp_digest_key key;
    struct psp_index *index = NULL;
    psp_digest_key_init(&key, secret);
    const int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || psp_index_create(&index) != PSP_OK) {
        perror(path);
        return 1;
    }
    /* As a shard does when the definition says how many ballots are expected. */
    for (uint32_t slot = 0; slot < PSP_SLOT_COUNT; slot++)
        if (psp_index_reserve(index, slot, ballots / PSP_SLOT_COUNT + 1) != PSP_OK)
            return 1;
    const double start = clock_s(CLOCK_MONOTONIC), start_cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t counted = 0, votes = 0;
    for (uint64_t cast = 0; cast < ballots; cast += ROWS) {
        const uint32_t n = ballots - cast < ROWS ? (uint32_t)(ballots - cast) : ROWS;
        fill(&columns, &key, cast, n);
        keep(file, &columns);
        counted += count(index, &columns, n, totals);
    }
    const double spent = clock_s(CLOCK_MONOTONIC) - start;
    const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
    for (uint32_t cell = 0; cell < UNITS * CHOICES; cell++)
        votes += totals[cell];
    close(file);
    unlink(path);
    printf("{\"ballots\":%" PRIu64 ",\"counted\":%" PRIu64 ",\"seconds\":%.3f,"
           "\"ballots_per_second\":%.0f,\"cpu_us_per_ballot\":%.3f,\"ram_bytes_per_voter\":%.1f}\n",
           ballots, counted, spent, (double)ballots / spent, cpu / (double)ballots * 1e6,
           (double)psp_index_memory_bytes(index) / (double)ballots);
    psp_index_destroy(&index);
    return counted == ballots && votes == ballots ? 0 : 1;
}
