/* Dealt ballots in shuffled order, extras spread evenly between them; a receipt may
 * bring another extra with it. */
#include "cli/cast/returns_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cast/permutation.h"
#include "cli/say/memory.h"
#include "election/ballot_id.h"

enum kind { KIND_DEALT, KIND_REPLAY, KIND_DOUBLE, KIND_STRANGER };
enum {
    KIND_BITS = 2,
    KIND_MASK = 3,
    KINDS = 1 << KIND_BITS,
    POLLS_OPEN_HOUR = 7,
    POLLS_OPEN_HOURS = 12
};

struct psp_returns_source {
    struct psp_returns_source_options options;
    uint64_t ballots, next, dealt_receipts;
    uint64_t day_ms;
    struct psp_ballot_series ids[KINDS]; /* by kind; a replay has the dealt ballot's ID */
    uint64_t *extras;                    /* ring of cookies to send */
    size_t extra_first, extra_n, extra_max;
    char voter[PSP_VOTER_ID_BYTES_MAX + 1];
    uint8_t marks[PSP_MARKS_BYTES_MAX];
};

/* Midnight UTC of a date "YYYY-MM-DD", in ms; 0 when it is none. */
static uint64_t day_ms_of(const char *date)
{
    struct tm day = {0};
    const char *end = strptime(date, "%Y-%m-%d", &day);
    const time_t seconds = end && !*end ? timegm(&day) : 0;
    return seconds > 0 ? (uint64_t)seconds * 1000 : 0;
}

struct psp_returns_source *psp_returns_source_create(
    const struct psp_returns_source_options *options)
{
    struct psp_returns_source *source = psp_memory_array(1, sizeof *source);
    source->options = *options;
    source->ballots = psp_deal_ballots(options->deal);
    source->day_ms = day_ms_of(options->definition->date);
    for (int kind = 0; kind < KINDS; kind++)
        psp_ballot_series_init(&source->ids[kind], options->secret, options->seed,
                               kind == KIND_REPLAY ? KIND_DEALT : (uint64_t)kind);
    source->options.secret = NULL;
    return source;
}

void psp_returns_source_destroy(struct psp_returns_source **source)
{
    if (!*source)
        return;
    free((*source)->extras);
    explicit_bzero(*source, sizeof **source);
    free(*source);
    *source = NULL;
}

static void add_extra(struct psp_returns_source *source, uint64_t cookie)
{
    if (source->extra_n == source->extra_max) {
        const size_t max = source->extra_max ? source->extra_max * 2 : 1024;
        uint64_t *extras = psp_memory_array(max, sizeof *extras);
        for (size_t i = 0; i < source->extra_n; i++)
            extras[i] = source->extras[(source->extra_first + i) % source->extra_max];
        free(source->extras);
        source->extras = extras;
        source->extra_first = 0;
        source->extra_max = max;
    }
    source->extras[(source->extra_first + source->extra_n++) % source->extra_max] = cookie;
}

/* Spreads exactly floor(share * ballots) over all numbers. */
static bool falls_on(double share, uint64_t i)
{
    return (uint64_t)((double)(i + 1) * share) > (uint64_t)((double)i * share);
}

/* Marks, unit and cast time of what is dealt at `place` of `leaf`. */
static enum psp_status fill(struct psp_returns_source *source, uint32_t leaf, uint64_t place,
                            uint64_t cookie, struct psp_ballot *ret_ballot)
{
    const uint64_t minute = psp_mix(cookie ^ 1) % (POLLS_OPEN_HOURS * 60);
    ret_ballot->unit = source->options.definition->leaves[leaf];
    ret_ballot->style = psp_deal_style(source->options.deal, leaf, place);
    ret_ballot->method = psp_deal_method(source->options.deal, leaf, place);
    ret_ballot->cast_at_ms =
        source->day_ms ? source->day_ms + (POLLS_OPEN_HOUR * 60 + minute) * 60000 : 0;
    ret_ballot->marks = source->marks;
    return psp_deal_marks(source->options.deal, leaf, place, source->marks,
                          &ret_ballot->marks_bytes);
}

static enum psp_status next(void *context, struct psp_ballot *ret_ballot)
{
    struct psp_returns_source *source = context;
    uint64_t cookie;
    if (source->extra_n) {
        cookie = source->extras[source->extra_first];
        source->extra_first = (source->extra_first + 1) % source->extra_max;
        source->extra_n--;
    } else if (source->next < source->ballots) {
        cookie = source->next++ << KIND_BITS | KIND_DEALT;
    } else {
        /* A receipt still on its way may bring an extra ballot with it. */
        return source->dealt_receipts < source->ballots ? PSP_EBUSY : PSP_ENOENT;
    }
    const uint64_t i = cookie >> KIND_BITS;
    const enum kind kind = (enum kind)(cookie & KIND_MASK);
    uint64_t place;
    const uint32_t leaf = psp_deal_leaf(source->options.deal, i, &place);
    const uint64_t leaf_ballots = psp_deal_leaf_ballots(source->options.deal, leaf);
    *ret_ballot = (struct psp_ballot){.cookie = cookie, .style = PSP_NONE};
    psp_ballot_series_at(&source->ids[kind], i, ret_ballot->ballot_id);
    const char *voter = source->voter;
    if (kind == KIND_STRANGER)
        ret_ballot->voter_id_bytes =
            psp_electorate_stranger(source->options.seed, i, source->voter);
    else
        ret_ballot->voter_id_bytes =
            psp_electorate_voter(source->options.electorate, leaf, place, i, source->voter, &voter);
    ret_ballot->voter_id = (const uint8_t *)voter;
    switch (kind) {
    case KIND_DEALT:
    case KIND_REPLAY:
        return fill(source, leaf, place, i << KIND_BITS | KIND_DEALT, ret_ballot);
    case KIND_DOUBLE:
        return fill(source, leaf, (place + 1) % leaf_ballots, cookie, ret_ballot);
    case KIND_STRANGER:
        return fill(source, leaf, place, cookie, ret_ballot);
    }
    return PSP_EINVAL;
}

static void plan_extras(struct psp_returns_source *source, uint64_t i)
{
    const struct psp_returns_source_options *options = &source->options;
    if (options->replayed > 0 && falls_on(options->replayed, i))
        add_extra(source, i << KIND_BITS | KIND_REPLAY);
    if (options->double_votes > 0 && falls_on(options->double_votes, i))
        add_extra(source, i << KIND_BITS | KIND_DOUBLE);
    if (options->strangers > 0 && falls_on(options->strangers, i))
        add_extra(source, i << KIND_BITS | KIND_STRANGER);
}

static struct psp_cast_meaning receipt(void *context, const struct psp_receipt *got)
{
    struct psp_returns_source *source = context;
    const enum kind kind = (enum kind)(got->cookie & KIND_MASK);
    const enum psp_disposition first = psp_verdict_first(got->verdict);
    switch (kind) {
    case KIND_DEALT:
        source->dealt_receipts++;
        if (psp_cast_counted(got))
            plan_extras(source, got->cookie >> KIND_BITS);
        return (struct psp_cast_meaning){.refused = !psp_cast_counted(got)};
    case KIND_REPLAY:
        return (struct psp_cast_meaning){.injected_replay = true,
                                         .unintended =
                                             got->verdict != psp_verdict_replayed(PSP_COUNTED)};
    case KIND_DOUBLE:
        return (struct psp_cast_meaning){.unintended = first != PSP_DOUBLE_VOTE};
    case KIND_STRANGER:
        return (struct psp_cast_meaning){.unintended = first != PSP_NOT_ELIGIBLE};
    }
    return (struct psp_cast_meaning){.unintended = true};
}

struct psp_cast_source psp_returns_source_view(struct psp_returns_source *source)
{
    const struct psp_returns_source_options *options = &source->options;
    const double shares = options->replayed + options->double_votes + options->strangers;
    return (struct psp_cast_source){
        .context = source,
        .unordered = true,
        .expected = source->ballots + (uint64_t)((double)source->ballots * shares),
        .next = next,
        .receipt = receipt,
    };
}
