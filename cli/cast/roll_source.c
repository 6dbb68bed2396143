/* Reads the roll as far as ballots are wanted; the marks come from a hash of seed and line. */
#include "cli/cast/roll_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cast/permutation.h"
#include "cli/folder/local.h"
#include "cli/say/memory.h"
#include "election/ballot_id.h"
#include "election/roll/roll.h"

enum { MARKS_MAX = 4096, IDS_OF_A_ROLL = 4 /* returns_source has the kinds before it */ };

struct psp_roll_source {
    const struct psp_definition *definition;
    FILE *file;
    struct psp_roll *roll;
    double turnout;
    uint64_t seed, voter;
    struct psp_ballot_series ids;
    char *path;
    struct psp_reason reason;
    uint8_t marks[PSP_MARKS_BYTES_MAX];
};

enum psp_status psp_roll_source_open(const char *path, const struct psp_definition *definition,
                                     double turnout, uint64_t seed, const uint8_t *secret,
                                     struct psp_roll_source **ret_source,
                                     struct psp_reason *reterr_reason)
{
    struct psp_roll_source *source = psp_memory_array(1, sizeof *source);
    source->definition = definition;
    source->turnout = turnout;
    source->seed = psp_mix(seed);
    psp_ballot_series_init(&source->ids, secret, seed, IDS_OF_A_ROLL);
    source->path = psp_memory_copy(path);
    source->file = fopen(path, "re");
    enum psp_status status =
        source->file ? psp_roll_open(source->file, definition, &source->roll, reterr_reason)
                     : psp_status_from_errno(errno);
    if (status == PSP_OK) {
        *ret_source = source;
        return PSP_OK;
    }
    psp_reason_set_file(reterr_reason, path, status);
    psp_roll_source_close(&source);
    return status;
}

void psp_roll_source_close(struct psp_roll_source **source)
{
    if (!*source)
        return;
    if ((*source)->roll)
        psp_roll_close(&(*source)->roll);
    if ((*source)->file)
        fclose((*source)->file);
    free((*source)->path);
    explicit_bzero(*source, sizeof **source);
    free(*source);
    *source = NULL;
}

const char *psp_roll_source_fault(const struct psp_roll_source *source)
{
    return source->reason.text;
}

/* In each contest of the unit, as many different choices as votes allowed. */
static size_t choose(const struct psp_style *style, uint64_t hash, struct psp_mark *ret_marks)
{
    size_t n = 0;
    for (uint32_t c = 0; c < style->contest_count; c++) {
        const struct psp_style_contest *contest = &style->contests[c];
        uint32_t left = contest->votes_allowed;
        for (uint32_t i = 0; i < contest->choice_count && left && n < MARKS_MAX; i++) {
            hash = psp_mix(hash);
            /* Each choice that is left has the same chance. */
            if (hash % (contest->choice_count - i) >= left)
                continue;
            ret_marks[n++] = (struct psp_mark){contest->contest, contest->choices[i]};
            left--;
        }
    }
    return n;
}

/* The roll's, or any of the unit's. */
static uint32_t style_of(const struct psp_unit *unit, const struct psp_roll_voter *voter,
                         uint64_t hash)
{
    return unit
        ->styles[voter->style != 0 ? voter->style - 1 : psp_mix(hash ^ 2) % unit->style_count];
}

static enum psp_status next(void *context, struct psp_ballot *ret_ballot)
{
    struct psp_roll_source *source = context;
    const struct psp_definition *definition = source->definition;
    struct psp_roll_voter voter;
    uint64_t hash;
    do {
        const enum psp_status status = psp_roll_next(source->roll, &voter, &source->reason);
        if (status == PSP_ENOENT)
            return PSP_ENOENT;
        if (status != PSP_OK) {
            psp_reason_set_file(&source->reason, source->path, status);
            return PSP_ENOENT; /* what was sent still gets its verdicts */
        }
        hash = psp_mix(source->seed ^ psp_mix(++source->voter));
    } while ((double)(hash >> 11) * 0x1p-53 >= source->turnout);
    struct psp_mark marks[MARKS_MAX];
    const struct psp_unit *unit = &definition->units[voter.unit];
    const uint32_t style = style_of(unit, &voter, hash);
    const size_t n = choose(&definition->styles[style], hash, marks);
    *ret_ballot = (struct psp_ballot){
        .voter_id = (const uint8_t *)voter.voter_id,
        .voter_id_bytes = voter.voter_id_bytes,
        .unit = voter.unit,
        .style = unit->style_count > 1 ? style : PSP_NONE,
        .method = (uint8_t)(psp_mix(hash ^ 1) % definition->method_count),
        .marks = source->marks,
    };
    psp_ballot_series_at(&source->ids, source->voter, ret_ballot->ballot_id);
    return psp_marks_encode(marks, n, source->marks, sizeof source->marks,
                            &ret_ballot->marks_bytes);
}

static struct psp_cast_meaning receipt(void *context, const struct psp_receipt *got)
{
    (void)context;
    return (struct psp_cast_meaning){.refused = !psp_cast_counted(got)};
}

struct psp_cast_source psp_roll_source_view(struct psp_roll_source *source)
{
    return (struct psp_cast_source){.context = source, .next = next, .receipt = receipt};
}
