/* Lines that are no ballots are counted, the first ones reported; the others are cast. */
#include "cli/cast/line_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cast/lines/ahead.h"
#include "cli/say/memory.h"

enum { REPORTED_MAX = 10 };

struct psp_line_source {
    struct psp_leaf_names *leaf_names; /* NULL: of the form that needs none */
    struct psp_ahead *ahead;
    struct psp_verdicts *verdicts;
    const char *name; /* of the file, for messages */
    uint64_t unreadable;
    bool filled, ended; /* a line had something in it; there are no more */
    struct psp_reason fault;
};

enum psp_status psp_line_source_open(const char *path, const struct psp_ballot_lines *form,
                                     struct psp_verdicts *verdicts,
                                     struct psp_line_source **ret_source)
{
    struct psp_ballot_lines own = *form;
    struct psp_leaf_names *leaf_names = NULL;
    struct psp_ahead *ahead = NULL;
    enum psp_status status = PSP_OK;
    if (form->votes_topic)
        status = psp_leaf_names_create(form->definition, &leaf_names);
    own.leaf_names = leaf_names;
    if (status == PSP_OK)
        status = psp_ahead_open(path, &own, &ahead);
    if (status != PSP_OK) {
        psp_leaf_names_destroy(&leaf_names);
        return status;
    }
    struct psp_line_source *source = psp_memory_array(1, sizeof *source);
    source->leaf_names = leaf_names;
    source->verdicts = verdicts;
    source->ahead = ahead;
    source->name = strcmp(path, "-") != 0 ? path : "standard input";
    *ret_source = source;
    return PSP_OK;
}

void psp_line_source_close(struct psp_line_source **source)
{
    if (!*source)
        return;
    psp_ahead_close(&(*source)->ahead);
    psp_leaf_names_destroy(&(*source)->leaf_names);
    free(*source);
    *source = NULL;
}

static void report(struct psp_line_source *source, const struct psp_ahead_line *line)
{
    source->unreadable++;
    psp_verdicts_unreadable(source->verdicts, line->number, line->fault);
    if (source->unreadable <= REPORTED_MAX)
        fprintf(stderr, "psephos cast: %s:%" PRIu64 ": %s\n", source->name, line->number,
                line->fault);
    if (source->unreadable == REPORTED_MAX)
        fprintf(stderr, "psephos cast: %s: further lines like that are only counted\n",
                source->name);
}

static enum psp_status next(void *context, struct psp_ballot *ret_ballot)
{
    struct psp_line_source *source = context;
    for (;;) {
        struct psp_ahead_line line;
        const enum psp_status status = psp_ahead_next(source->ahead, &line);
        source->ended = status == PSP_ENOENT;
        if (status == PSP_ENOENT || status == PSP_EAGAIN)
            return status;
        if (status != PSP_OK) {
            psp_reason_set(&source->fault, "%s: cannot be read: %s", source->name, strerror(errno));
            return PSP_ENOENT; /* what was sent still gets its verdicts */
        }
        source->filled = true;
        if (line.fault) {
            report(source, &line);
            continue;
        }
        *ret_ballot = line.ballot;
        ret_ballot->cookie =
            psp_verdicts_expect(source->verdicts, line.number, line.ballot.ballot_id, line.doubt);
        return PSP_OK;
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
