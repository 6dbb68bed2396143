/* Reads without blocking into one buffer; a line longer than the buffer is passed over
 * and counted. */
#include "cli/cast/lines/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say/memory.h"

struct psp_lines {
    int file;
    bool ended, skipping; /* skipping: inside a line that is too long */
    uint64_t number;
    size_t first, end; /* what is read and not handed out */
    char text[PSP_LINE_BYTES_MAX + 1];
};

enum psp_status psp_lines_open(const char *path, struct psp_lines **ret_lines)
{
    const int file = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (file < 0)
        return psp_status_from_errno(errno);
    struct psp_lines *lines = psp_memory_array(1, sizeof *lines);
    lines->file = file;
    *ret_lines = lines;
    return PSP_OK;
}

void psp_lines_close(struct psp_lines **lines)
{
    if (!*lines)
        return;
    if ((*lines)->file != STDIN_FILENO)
        close((*lines)->file);
    free(*lines);
    *lines = NULL;
}

bool psp_lines_wait(const struct psp_lines *lines, int ms)
{
    struct pollfd ready = {.fd = lines->file, .events = POLLIN};
    const int n = poll(&ready, 1, ms);
    return n > 0 || (n < 0 && errno != EINTR);
}

/* Reads what is there. PSP_EAGAIN: nothing. */
static enum psp_status fill(struct psp_lines *lines)
{
    if (lines->first) {
        memmove(lines->text, lines->text + lines->first, lines->end - lines->first);
        lines->end -= lines->first;
        lines->first = 0;
    }
    if (!psp_lines_wait(lines, 0))
        return PSP_EAGAIN;
    const ssize_t bytes =
        read(lines->file, lines->text + lines->end, PSP_LINE_BYTES_MAX - lines->end);
    if (bytes < 0)
        return errno == EINTR || errno == EAGAIN ? PSP_EAGAIN : psp_status_from_errno(errno);
    lines->end += (size_t)bytes;
    lines->ended = bytes == 0;
    return PSP_OK;
}

static enum psp_status hand_out(struct psp_lines *lines, size_t bytes, size_t used,
                                const char **ret_text, size_t *ret_bytes)
{
    char *line = lines->text + lines->first;
    const bool was_skipping = lines->skipping;
    lines->first += used;
    lines->skipping = false;
    lines->number++;
    if (was_skipping)
        return PSP_EINVAL;
    if (bytes && line[bytes - 1] == '\r')
        bytes--;
    line[bytes] = '\0';
    *ret_text = line;
    *ret_bytes = bytes;
    return PSP_OK;
}

enum psp_status psp_lines_next(struct psp_lines *lines, const char **ret_text, size_t *ret_bytes)
{
    for (;;) {
        char *from = lines->text + lines->first;
        const size_t there = lines->end - lines->first;
        const char *end = memchr(from, '\n', there);
        if (end)
            return hand_out(lines, (size_t)(end - from), (size_t)(end - from) + 1, ret_text,
                            ret_bytes);
        if (lines->ended && !there && !lines->skipping)
            return PSP_ENOENT;
        if (lines->ended)
            return hand_out(lines, there, there, ret_text, ret_bytes);
        if (there == PSP_LINE_BYTES_MAX) {
            lines->skipping = true;
            lines->first = lines->end = 0;
        }
        const enum psp_status status = fill(lines);
        if (status != PSP_OK)
            return status;
    }
}

uint64_t psp_lines_number(const struct psp_lines *lines)
{
    return lines->number;
}
