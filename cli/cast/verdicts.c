/* Notes of ballots on the way lie in an array; their places are used again. */
#include "cli/cast/verdicts.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say/memory.h"
#include "election/verdict.h"

enum { NOTES_FIRST = 1024 };

struct note {
    uint64_t line; /* 0: free */
    uint32_t next_free;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    char *doubt; /* NULL: none */
};

/* Ballots that were refused for one reason. */
struct group {
    char *reason;
    const char *disposition;
    uint64_t n, lines[PSP_VERDICT_LINES]; /* the first of them, ascending */
};

struct psp_verdicts {
    FILE *file;
    char *path;
    const char *line; /* what it is called */
    int error;        /* of writing, errno; 0 none */
    struct note *notes;
    size_t capacity;
    uint32_t n, free; /* of free ones the first; n: none */
    struct group groups[PSP_VERDICT_REASONS_MAX];
    uint32_t group_n;
    uint64_t other_reasons; /* ballots of no group */
};

static const char NOT_ALLOWED[] = "not_allowed";

enum psp_status psp_verdicts_open(const char *path, const char *line,
                                  struct psp_verdicts **ret_verdicts,
                                  struct psp_reason *reterr_reason)
{
    FILE *file = path ? fopen(path, "we") : NULL;
    if (path && !file) {
        const enum psp_status status = psp_status_from_errno(errno);
        psp_reason_set(reterr_reason, "%s: %s", path, strerror(errno));
        return status;
    }
    struct psp_verdicts *verdicts = psp_memory_array(1, sizeof *verdicts);
    verdicts->file = file;
    verdicts->line = line;
    verdicts->path = path ? psp_memory_copy(path) : NULL;
    *ret_verdicts = verdicts;
    return PSP_OK;
}

/* ---- the file ---- */

/* Only where there is one. */
static void write_line(struct psp_verdicts *verdicts, uint64_t line, const uint8_t *ballot_id,
                       json_t *rest)
{
    char hex[2 * PSP_BALLOT_ID_BYTES + 1] = "";
    assert(verdicts->file);
    for (int i = 0; ballot_id && i < PSP_BALLOT_ID_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", ballot_id[i]);
    json_t *object =
        json_pack("{s:I, s:s?}", "line", (json_int_t)line, "ballot_id", ballot_id ? hex : NULL);
    json_object_update(object, rest);
    const bool written =
        json_dumpf(object, verdicts->file, JSON_COMPACT) == 0 && putc('\n', verdicts->file) != EOF;
    if (!written && verdicts->error == 0)
        verdicts->error = errno != 0 ? errno : EIO;
    json_decref(object);
    json_decref(rest);
}

static json_t *without_verdict(const char *reason)
{
    return json_pack("{s:n, s:n, s:n, s:n, s:s}", "disposition", "first", "shard", "index",
                     "reason", reason);
}

static json_t *of_receipt(const struct psp_receipt *receipt, const char *first, const char *reason)
{
    const bool judged = receipt->outcome == PSP_OUTCOME_VERDICT;
    const char *now =
        judged ? psp_disposition_name(psp_verdict_disposition(receipt->verdict)) : NOT_ALLOWED;
    json_t *shard = judged ? json_integer(receipt->shard) : json_null();
    json_t *index = judged ? json_integer((json_int_t)receipt->index) : json_null();
    return json_pack("{s:s, s:s, s:o, s:o, s:s?}", "disposition", now, "first", first, "shard",
                     shard, "index", index, "reason", reason);
}

void psp_verdicts_unreadable(struct psp_verdicts *verdicts, uint64_t line, const char *reason)
{
    if (verdicts->file)
        write_line(verdicts, line, NULL, without_verdict(reason));
}

/* ---- why ---- */

/* Why a ballot is not counted; NULL: it is. */
static const char *reason_of(const struct psp_receipt *receipt, const char *doubt)
{
    if (receipt->outcome == PSP_OUTCOME_NOT_ALLOWED)
        return "outside the units, methods or time of this key";
    switch (psp_verdict_first(receipt->verdict)) {
    case PSP_COUNTED:
        return NULL;
    case PSP_DOUBLE_VOTE:
        return "another ballot of this voter has been counted";
    case PSP_NOT_ELIGIBLE:
        return "the voter is not on the roll, or belongs to another unit or ballot style";
    case PSP_INVALID:
        return doubt ? doubt : "a contest or choice that is not on this ballot, or stands twice";
    case PSP_CLOSED:
        return "the election was not open";
    case PSP_REPLAYED:
        break; /* never a first verdict */
    }
    return "refused";
}

static struct group *group_of(struct psp_verdicts *verdicts, const char *disposition,
                              const char *reason)
{
    for (uint32_t i = 0; i < verdicts->group_n; i++)
        if (!strcmp(verdicts->groups[i].disposition, disposition) &&
            !strcmp(verdicts->groups[i].reason, reason))
            return &verdicts->groups[i];
    if (verdicts->group_n == PSP_VERDICT_REASONS_MAX)
        return NULL;
    struct group *group = &verdicts->groups[verdicts->group_n++];
    *group = (struct group){.reason = psp_memory_copy(reason), .disposition = disposition};
    return group;
}

/* Verdicts do not come in the order of lines: the lowest stay. */
static void add_to_group(struct group *group, uint64_t line)
{
    uint64_t place = group->n < PSP_VERDICT_LINES ? group->n : PSP_VERDICT_LINES;
    group->n++;
    for (; place > 0 && group->lines[place - 1] > line; place--)
        if (place < PSP_VERDICT_LINES)
            group->lines[place] = group->lines[place - 1];
    if (place < PSP_VERDICT_LINES)
        group->lines[place] = line;
}

static void say_group(const struct group *group, const char *line)
{
    fprintf(stderr, "psephos cast: %" PRIu64 " %s: %s: %s%s ", group->n, group->disposition,
            group->reason, line, group->n == 1 ? "" : "s");
    for (uint64_t i = 0; i < group->n && i < PSP_VERDICT_LINES; i++)
        fprintf(stderr, "%s%" PRIu64, i > 0 ? ", " : "", group->lines[i]);
    fputs(group->n > PSP_VERDICT_LINES ? ", ...\n" : "\n", stderr);
}

/* ---- one ballot ---- */

uint64_t psp_verdicts_expect(struct psp_verdicts *verdicts, uint64_t line,
                             const uint8_t ballot_id[PSP_BALLOT_ID_BYTES], const char *doubt)
{
    uint32_t at = verdicts->free;
    if (at == verdicts->n) {
        if (verdicts->n == verdicts->capacity) {
            verdicts->capacity = verdicts->capacity > 0 ? 2 * verdicts->capacity : NOTES_FIRST;
            verdicts->notes =
                psp_memory_resize(verdicts->notes, verdicts->capacity, sizeof *verdicts->notes);
        }
        verdicts->free = ++verdicts->n;
    } else {
        verdicts->free = verdicts->notes[at].next_free;
    }
    struct note *note = &verdicts->notes[at];
    *note = (struct note){.line = line, .doubt = *doubt ? psp_memory_copy(doubt) : NULL};
    memcpy(note->ballot_id, ballot_id, sizeof note->ballot_id);
    return at;
}

void psp_verdicts_take(struct psp_verdicts *verdicts, const struct psp_receipt *receipt)
{
    assert(receipt->cookie < verdicts->n);
    struct note *note = &verdicts->notes[receipt->cookie];
    assert(note->line > 0);
    const bool judged = receipt->outcome == PSP_OUTCOME_VERDICT;
    const char *first =
        judged ? psp_disposition_name(psp_verdict_first(receipt->verdict)) : NOT_ALLOWED;
    const char *reason = reason_of(receipt, note->doubt);
    if (verdicts->file)
        write_line(verdicts, note->line, note->ballot_id, of_receipt(receipt, first, reason));
    if (reason) {
        struct group *group = group_of(verdicts, first, reason);
        if (group)
            add_to_group(group, note->line);
        else
            verdicts->other_reasons++;
    }
    free(note->doubt);
    *note = (struct note){.next_free = verdicts->free};
    verdicts->free = (uint32_t)receipt->cookie;
}

/* ---- the end ---- */

static void write_unanswered(struct psp_verdicts *verdicts)
{
    for (uint32_t i = 0; i < verdicts->n; i++) {
        struct note *note = &verdicts->notes[i];
        if (note->line > 0 && verdicts->file)
            write_line(verdicts, note->line, note->ballot_id,
                       without_verdict("no verdict came: cast the same again"));
        free(note->doubt);
    }
}

static void say(struct psp_verdicts *verdicts)
{
    for (uint32_t i = 0; i < verdicts->group_n; i++) {
        say_group(&verdicts->groups[i], verdicts->line);
        free(verdicts->groups[i].reason);
    }
    if (verdicts->other_reasons > 0)
        fprintf(stderr, "psephos cast: %" PRIu64 " refused for further reasons%s\n",
                verdicts->other_reasons,
                verdicts->file ? "" : ": --verdicts FILE has those of all");
}

bool psp_verdicts_close(struct psp_verdicts **verdicts, struct psp_reason *reterr_reason)
{
    if (!*verdicts)
        return true;
    struct psp_verdicts *gone = *verdicts;
    write_unanswered(gone);
    say(gone);
    if (gone->file) {
        if (fflush(gone->file) != 0 && gone->error == 0)
            gone->error = errno;
        if (fclose(gone->file) != 0 && gone->error == 0)
            gone->error = errno;
    }
    const bool whole = gone->error == 0;
    if (!whole)
        psp_reason_set(reterr_reason, "%s: %s; the verdicts stand: cast the same again to see them",
                       gone->path, strerror(gone->error));
    free(gone->notes);
    free(gone->path);
    free(gone);
    *verdicts = NULL;
    return whole;
}
