/*
 * cuts - the log of a replica, cut at every byte of its end, and opened.
 *
 * usage: cuts LOG_FOLDER SHARD BYTES
 *
 * LOG_FOLDER: segment files and vote, of a process that is gone. In a copy of it the newest
 * segment is cut 1 to BYTES bytes from its end, and each time opened by the real log. Good is
 * one of two: the log opens, and what it holds are the records that were there, byte for
 * byte, from the first on without a hole, all that end before the cut; or it refuses, and
 * says why. Prints one JSON object; exit code 1 when any cut was answered otherwise.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/crc32c.h"
#include "journal/journal.h"

enum { CLUSTER_ID_AT = 16 };

struct cuts {
    char folder[PATH_MAX - 64];
    struct psp_journal_options options;
    uint8_t *segment, *vote;
    size_t segment_bytes, vote_bytes;
    char segment_path[PATH_MAX], vote_path[PATH_MAX];
    uint32_t *records; /* checksum of record [index - 1] */
    uint64_t last;
};

static void stop(const char *what)
{
    fprintf(stderr, "cuts: %s\n", what);
    exit(2);
}

static uint8_t *load_file(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (file == NULL || fstat(fileno(file), &about) != 0)
        stop(path);
    uint8_t *bytes = malloc((size_t)about.st_size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
        stop("cannot read a file of the log");
    fclose(file);
    *ret_bytes = (size_t)about.st_size;
    return bytes;
}

static void store_file(const char *path, const uint8_t *bytes, size_t n)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, bytes, n) != (ssize_t)n || close(file) != 0)
        stop("cannot write the copy; is there room in TMPDIR?");
}

/* Of the record; 0: it cannot be read. */
static uint32_t checksum_of(const struct psp_journal *log, uint64_t index, uint8_t **buffer,
                            size_t *size)
{
    struct psp_record record;
    if (psp_journal_read(log, index, buffer, size, &record) != PSP_OK)
        return 0;
    const uint64_t head[] = {record.index, record.term, (uint64_t)record.type};
    const uint32_t sum = psp_crc32c(0, (const uint8_t *)head, sizeof head);
    return psp_crc32c(sum, record.payload, record.payload_bytes) | 1;
}

static void put_back(const struct cuts *cuts, size_t cut)
{
    store_file(cuts->segment_path, cuts->segment, cuts->segment_bytes - cut);
    store_file(cuts->vote_path, cuts->vote, cuts->vote_bytes);
}

static void read_truth(struct cuts *cuts)
{
    struct psp_reason reason = {0};
    struct psp_journal *log = NULL;
    uint8_t *buffer = NULL;
    size_t size = 0;
    put_back(cuts, 0);
    if (psp_journal_open(&cuts->options, &log, &reason) != PSP_OK)
        stop(reason.text);
    cuts->last = psp_journal_last(log);
    cuts->records = calloc(cuts->last + 1, sizeof *cuts->records);
    if (cuts->records == NULL)
        stop("out of memory");
    for (uint64_t index = 1; index <= cuts->last; index++)
        cuts->records[index - 1] = checksum_of(log, index, &buffer, &size);
    free(buffer);
    psp_journal_close(&log);
}

/* "" or what is wrong with a cut log that opened. */
static const char *fault_of(const struct cuts *cuts, const struct psp_journal *log, size_t cut)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    const char *fault = "";
    const uint64_t last = psp_journal_last(log);
    if (psp_journal_first(log) != 1 || last > cuts->last)
        return "another range of indexes";
    for (uint64_t index = 1; index <= last; index++)
        if (checksum_of(log, index, &buffer, &size) != cuts->records[index - 1])
            fault = "another record";
    /* Every record is at least as long as its checksum and head: the cut can take one more than
     * it has whole, no other. */
    enum { RECORD_BYTES_MIN = 16 };
    if (cuts->last - last > cut / RECORD_BYTES_MIN + 1)
        fault = "more records are gone than were cut";
    free(buffer);
    return fault;
}

static int run(struct cuts *cuts, size_t n)
{
    uint64_t shorter = 0, refused = 0, wrong = 0;
    for (size_t cut = 1; cut <= n && cut < cuts->segment_bytes; cut++) {
        struct psp_reason reason = {0};
        struct psp_journal *log = NULL;
        put_back(cuts, cut);
        if (psp_journal_open(&cuts->options, &log, &reason) != PSP_OK) {
            refused++;
            wrong += reason.text[0] == 0;
            continue;
        }
        const char *fault = fault_of(cuts, log, cut);
        if (fault[0] != 0) {
            fprintf(stderr, "cuts: %zu bytes from the end: %s\n", cut, fault);
            wrong++;
        }
        shorter++;
        psp_journal_close(&log);
    }
    printf("{\"cuts\":%" PRIu64 ",\"a_shorter_log\":%" PRIu64 ",\"refused\":%" PRIu64
           ",\"wrong\":%" PRIu64 ",\"records\":%" PRIu64 "}\n",
           shorter + refused, shorter, refused, wrong, cuts->last);
    return wrong == 0 && shorter + refused > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct cuts cuts = {0};
    char path[PATH_MAX];
    if (argc != 4) {
        fprintf(stderr, "usage: cuts LOG_FOLDER SHARD BYTES\n");
        return 2;
    }
    const char *place = getenv("TMPDIR");
    snprintf(cuts.folder, sizeof cuts.folder, "%s/psephos-cuts-XXXXXX",
             place != NULL ? place : "/tmp");
    if (mkdtemp(cuts.folder) == NULL)
        stop("cannot make a folder in TMPDIR");
    snprintf(path, sizeof path, "%s/0000000000000001.log", argv[1]);
    cuts.segment = load_file(path, &cuts.segment_bytes);
    snprintf(path, sizeof path, "%s/vote", argv[1]);
    cuts.vote = load_file(path, &cuts.vote_bytes);
    snprintf(cuts.segment_path, sizeof cuts.segment_path, "%s/0000000000000001.log", cuts.folder);
    snprintf(cuts.vote_path, sizeof cuts.vote_path, "%s/vote", cuts.folder);
    cuts.options =
        (struct psp_journal_options){.directory = cuts.folder, .shard = (uint32_t)atoi(argv[2])};
    memcpy(cuts.options.cluster_id, cuts.vote + CLUSTER_ID_AT, PSP_CLUSTER_ID_BYTES);
    read_truth(&cuts);
    const int code = run(&cuts, (size_t)atol(argv[3]));
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", cuts.folder);
    return system(command) == 0 ? code : 2;
}
