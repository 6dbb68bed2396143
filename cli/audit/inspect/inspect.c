/*
 * psephos inspect - what stands in one file of a log, vote or store, to the byte.
 *
 * Off line and read only: nothing is opened as a log or store is, so nothing is
 * cut, made or repaired. The file's folder is locked while it is read, as the
 * process does that owns it.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/lock.h"
#include "cli/audit/inspect/said.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/say/memory.h"
#include "journal/segment.h"

enum { SECTOR_BYTES = 4096, READ_BYTES = 1 << 20 };

struct arguments {
    const char *file;
    bool json;
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->file)
            argp_error(state, "one file at a time");
        arguments->file = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->file)
            argp_error(state, "a FILE is needed: a segment (*.log), a vote file or a data.mdb");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Where the disk cannot be read zeros stand: no checksum is right over them. */
static size_t read_some(int file, size_t at, size_t length, uint8_t *ret_bytes, bool *ret_unread)
{
    const size_t n = length - at < READ_BYTES ? length - at : READ_BYTES;
    ssize_t got = pread(file, ret_bytes + at, n, (off_t)at);
    if (got >= 0)
        return (size_t)got;
    if (errno == EINTR)
        return read_some(file, at, length, ret_bytes, ret_unread);
    const size_t sector = n < SECTOR_BYTES ? n : SECTOR_BYTES - at % SECTOR_BYTES;
    got = pread(file, ret_bytes + at, sector, (off_t)at);
    if (got > 0)
        return (size_t)got;
    fprintf(stderr, "psephos inspect: the disk cannot read bytes %zu to %zu: %s\n", at,
            at + sector - 1, strerror(errno));
    *ret_unread = true;
    return sector;
}

static bool read_file(const char *path, struct psp_inspected *inspected, bool *ret_unread)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    if (file < 0 || fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        fprintf(stderr, "psephos inspect: %s: %s\n", path,
                file < 0 ? strerror(errno) : "not a plain file");
        if (file >= 0)
            close(file);
        return false;
    }
    const size_t length = (size_t)facts.st_size;
    uint8_t *bytes = psp_memory_array(length + 1, 1);
    size_t at = 0;
    for (size_t got = 1; at < length && got > 0; at += got)
        got = read_some(file, at, length, bytes, ret_unread);
    close(file);
    inspected->bytes = bytes;
    inspected->length = at;
    return true;
}

/* By what stands in it; damaged, by its name. */
static void say(struct psp_said *said, const struct psp_inspected *inspected)
{
    static const char segment[] = "PSPLOG", vote[] = "PSPVOTE";
    const bool looks_segment = inspected->length >= sizeof segment - 1 &&
                               memcmp(inspected->bytes, segment, sizeof segment - 1) == 0;
    const bool looks_vote = inspected->length >= 8 + sizeof vote - 1 &&
                            memcmp(inspected->bytes + 8, vote, sizeof vote - 1) == 0;
    const bool named_vote = strcmp(inspected->name, "vote") == 0;
    const bool named_segment = strlen(inspected->name) == PSP_SEGMENT_NAME_BYTES - 1 &&
                               psp_segment_name_first(inspected->name) != 0;
    if (looks_segment || (named_segment && !looks_vote))
        psp_inspect_segment(said, inspected);
    else if (looks_vote || named_vote)
        psp_inspect_vote(said, inspected);
    else
        psp_inspect_store(said, inspected);
}

/* A process that has the file open changes it while it is read. */
static bool lock_folder_of(const char *path, int *ret_lock)
{
    char *copy = psp_memory_copy(path);
    const char *folder = dirname(copy);
    const enum psp_status status = psp_lock_folder(folder, ret_lock);
    if (status == PSP_EBUSY)
        fprintf(stderr,
                "psephos inspect: %s is in use by another process; stop that one first, or "
                "inspect a copy of the file elsewhere\n",
                folder);
    else if (status != PSP_OK)
        fprintf(stderr, "psephos inspect: %s: %s\n", folder, strerror(errno));
    free(copy);
    return status == PSP_OK;
}

int psp_cmd_inspect(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "FILE",
        "Lists what stands in a segment of a log, a vote file or a data.mdb (of a shard or a "
        "collector): every record with its offset, length and whether its checksum is right. "
        "Only reads; no process may have the file open. Exit code 1 when something is damaged, "
        "which is named with its byte." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    struct psp_inspected inspected = {0};
    bool unread = false;
    int lock = PSP_LOCK_NONE;
    if (!lock_folder_of(arguments.file, &lock))
        return PSP_EXIT_NO;
    const char *slash = strrchr(arguments.file, '/');
    inspected.name = slash ? slash + 1 : arguments.file;
    struct psp_said said = {.file = arguments.file, .json = arguments.json};
    const bool read = read_file(arguments.file, &inspected, &unread);
    if (read)
        say(&said, &inspected);
    free((void *)(uintptr_t)inspected.bytes);
    psp_lock_release(&lock);
    return read && said.damaged == 0 && !unread ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
