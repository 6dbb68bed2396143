/* Lines that are no ballots are counted, the first ones reported; the others are cast. */
#include "cli/cast/line_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cli/cast/lines.h"
#include "cli/say/memory.h"

enum { REPORTED_MAX = 10 };

struct psp_line_source {
    struct psp_ballot_lines form;
    struct psp_lines *lines;
    struct psp_verdicts *verdicts;
    const char *name; /* of the file, for messages */
    uint64_t unreadable;
    bool filled, ended; /* a line had something in it; there are no more */
    struct psp_reason fault;
    struct psp_ballot_line storage;
};

enum psp_status psp_line_source_open(const char *path, const struct psp_ballot_lines *form,
                                     struct psp_verdicts *verdicts,
                                     struct psp_line_source **ret_source)
{
    struct psp_lines *lines = NULL;
    const enum psp_status status = psp_lines_open(path, &lines);
    if (status != PSP_OK)
        return status;
    struct psp_line_source *source = psp_memory_array(1, sizeof *source);
    source->form = *form;
    source->verdicts = verdicts;
    source->lines = lines;
    source->name = strcmp(path, "-") != 0 ? path : "standard input";
    *ret_source = source;
    return PSP_OK;
}

void psp_line_source_close(struct psp_line_source **source)
{
    if (!*source)
        return;
    psp_lines_close(&(*source)->lines);
    free(*source);
    *source = NULL;
}

static void report(struct psp_line_source *source, const char *reason)
{
    source->unreadable++;
    psp_verdicts_unreadable(source->verdicts, psp_lines_number(source->lines), reason);
    if (source->unreadable <= REPORTED_MAX)
        fprintf(stderr, "psephos cast: %s:%" PRIu64 ": %s\n", source->name,
                psp_lines_number(source->lines), reason);
    if (source->unreadable == REPORTED_MAX)
        fprintf(stderr, "psephos cast: %s: further lines like that are only counted\n",
                source->name);
}

static enum psp_status next(void *context, struct psp_ballot *ret_ballot)
{
    struct psp_line_source *source = context;
    for (;;) {
        const char *text = NULL;
        size_t bytes = 0;
        struct psp_reason reason = {0};
        const enum psp_status status = psp_lines_next(source->lines, &text, &bytes);
        source->ended = status == PSP_ENOENT;
        source->filled |= status == PSP_EINVAL;
        if (status == PSP_EINVAL) {
            report(source, "longer than a line may be (" PSP_TEXT(PSP_LINE_BYTES_MAX) " bytes)");
            continue;
        }
        if (status == PSP_ENOENT || status == PSP_EAGAIN)
            return status;
        if (status != PSP_OK) {
            psp_reason_set(&source->fault, "%s: cannot be read: %s", source->name, strerror(errno));
            return PSP_ENOENT; /* what was sent still gets its verdicts */
        }
        if (bytes == strspn(text, " \t"))
            continue; /* empty */
        source->filled = true;
        if (psp_ballot_line_read(&source->form, text, bytes, &source->storage, ret_ballot,
                                 &reason) == PSP_OK) {
            ret_ballot->cookie =
                psp_verdicts_expect(source->verdicts, psp_lines_number(source->lines),
                                    ret_ballot->ballot_id, source->storage.doubt);
            return PSP_OK;
        }
        report(source, reason.text);
    }
}

static struct psp_cast_meaning receipt(void *context, const struct psp_receipt *got)
{
    struct psp_line_source *source = context;
    psp_verdicts_take(source->verdicts, got);
    return (struct psp_cast_meaning){.refused = !psp_cast_counted(got)};
}

struct psp_cast_source psp_line_source_view(struct psp_line_source *source)
{
    return (struct psp_cast_source){.context = source, .next = next, .receipt = receipt};
}

const char *psp_line_source_fault(const struct psp_line_source *source)
{
    return source->fault.text;
}

bool psp_line_source_empty(const struct psp_line_source *source)
{
    return source->ended && !source->filled;
}

uint64_t psp_line_source_unreadable(const struct psp_line_source *source)
{
    return source->unreadable;
}
