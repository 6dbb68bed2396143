/* A phase ends when none of its shards is waited for; then the next one begins. */
#include "cli/operate/reporting.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

enum phase { LOOK, FINISH, BEGIN, SPREAD, CHECK, END };

enum { FRAME_BYTES_MAX = 32 }; /* of a report, besides its leaves */

struct place { /* of a shard */
    struct psp_reporting_shard told;
    bool waits;
    uint64_t number, epoch; /* of its last report; of the shard */
    uint8_t *bytes;         /* of its last report */
    size_t length;
    uint64_t other;        /* a report that it holds with other bytes than shard 0; 0: none */
    uint64_t refused;      /* a number that it did not take; 0: none */
    struct psp_reason why; /* in its words */
};

struct psp_reporting {
    enum phase phase;
    enum psp_reporting_end end;
    struct psp_report report;
    uint8_t *leaves;
    struct place *places;
    uint32_t shard_count, tries;
    uint64_t finished;
    uint8_t *own; /* bytes of ours */
    size_t own_length, own_size;
};

struct psp_reporting *psp_reporting_create(uint32_t shard_count, const struct psp_report *report)
{
    assert(shard_count > 0);
    assert(report->leaves.length > 0);
    struct psp_reporting *reporting = psp_memory_array(1, sizeof *reporting);
    reporting->shard_count = shard_count;
    reporting->places = psp_memory_array(shard_count, sizeof *reporting->places);
    reporting->leaves = psp_memory_array(report->leaves.length, 1);
    memcpy(reporting->leaves, report->leaves.data, report->leaves.length);
    reporting->report = *report;
    reporting->report.number = 0;
    reporting->report.leaves.data = reporting->leaves;
    reporting->own_size = report->leaves.length + FRAME_BYTES_MAX;
    reporting->own = psp_memory_array(reporting->own_size, 1);
    for (uint32_t s = 0; s < shard_count; s++)
        reporting->places[s].waits = true;
    return reporting;
}

void psp_reporting_destroy(struct psp_reporting **reporting)
{
    if (!*reporting)
        return;
    for (uint32_t s = 0; s < (*reporting)->shard_count; s++)
        free((*reporting)->places[s].bytes);
    free((*reporting)->own);
    free((*reporting)->leaves);
    free((*reporting)->places);
    free(*reporting);
    *reporting = NULL;
}

enum psp_reporting_step psp_reporting_step(const struct psp_reporting *reporting, uint32_t shard,
                                           struct psp_bytes *ret_report)
{
    if (!reporting->places[shard].waits)
        return PSP_REPORTING_WAIT;
    switch (reporting->phase) {
    case LOOK:
    case CHECK:
        return PSP_REPORTING_ASK;
    case FINISH:
        *ret_report = (struct psp_bytes){reporting->places[0].bytes, reporting->places[0].length};
        return PSP_REPORTING_TELL;
    case BEGIN:
    case SPREAD:
        *ret_report = (struct psp_bytes){reporting->own, reporting->own_length};
        return PSP_REPORTING_TELL;
    case END:
        break;
    }
    return PSP_REPORTING_WAIT;
}

/* ---- phases ---- */

static uint32_t count(const struct psp_reporting *reporting, enum psp_reporting_state state)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < reporting->shard_count; s++)
        n += reporting->places[s].told.state == state;
    return n;
}

static bool any_waits(const struct psp_reporting *reporting)
{
    uint32_t s = 0;
    while (s < reporting->shard_count && !reporting->places[s].waits)
        s++;
    return s < reporting->shard_count;
}

static void finish(struct psp_reporting *reporting, enum psp_reporting_end end)
{
    reporting->phase = END;
    reporting->end = end;
    for (uint32_t s = 0; end == PSP_REPORTING_NOT_BEGUN && s < reporting->shard_count; s++)
        if (reporting->places[s].told.state == PSP_REPORTING_HAS) /* the one before */
            reporting->places[s].told = (struct psp_reporting_shard){0};
}

static void look(struct psp_reporting *reporting)
{
    reporting->phase = LOOK;
    for (uint32_t s = 0; s < reporting->shard_count; s++) {
        reporting->places[s].told = (struct psp_reporting_shard){0};
        reporting->places[s].waits = true;
    }
}

/* Another was faster, or so it seems: what the shards hold will tell. */
static void try_again(struct psp_reporting *reporting)
{
    reporting->report.number = 0;
    if (++reporting->tries >= PSP_REPORTING_TRIES_MAX)
        finish(reporting, PSP_REPORTING_NOT_BEGUN);
    else
        look(reporting);
}

/* Numbers of epochs before this one are at most this. */
static uint64_t lost_numbers(const struct psp_reporting *reporting)
{
    uint64_t epoch = 1;
    for (uint32_t s = 0; s < reporting->shard_count; s++)
        if (reporting->places[s].epoch > epoch)
            epoch = reporting->places[s].epoch;
    return (epoch - 1) * PSP_REPORTING_EPOCH_NUMBERS;
}

/* What another shard holds of this epoch, shard 0 holds, too: it has been begun since
 * shard 0 was asked, or one answered that leads no more. */
static bool another_is_ahead(const struct psp_reporting *reporting)
{
    const uint64_t lost = lost_numbers(reporting), first = reporting->places[0].number;
    uint32_t s = 1;
    while (s < reporting->shard_count &&
           reporting->places[s].number <= (first > lost ? first : lost))
        s++;
    return s < reporting->shard_count;
}

/* False: it does not take a number that is above its own, so asking again is no use. */
static bool refusals_explained(struct psp_reporting *reporting)
{
    bool explained = true;
    for (uint32_t s = 0; s < reporting->shard_count; s++) {
        struct place *place = &reporting->places[s];
        if (place->number < place->refused) {
            place->told.state = PSP_REPORTING_REFUSED;
            place->told.said = place->why;
            explained = false;
        }
        place->refused = 0;
    }
    return explained;
}

/* The next number; 0, and whose fault it is: there is none. */
static uint64_t choose_number(struct psp_reporting *reporting)
{
    uint64_t number = lost_numbers(reporting);
    for (uint32_t s = 0; s < reporting->shard_count; s++) {
        struct place *place = &reporting->places[s];
        number = place->number > number ? place->number : number;
        if (place->number < PSP_REPORT_NUMBER_MAX)
            continue;
        place->told.state = PSP_REPORTING_REFUSED;
        psp_reason_set(&place->told.said,
                       "it holds the report %" PRIu64 ", and there is no greater number",
                       place->number);
    }
    return number < PSP_REPORT_NUMBER_MAX ? number + 1 : 0;
}

static void begin(struct psp_reporting *reporting)
{
    reporting->report.number = choose_number(reporting);
    if (reporting->report.number == 0) {
        finish(reporting, PSP_REPORTING_NOT_BEGUN);
        return;
    }
    reporting->own_length =
        psp_report_encode(&reporting->report, reporting->own, reporting->own_size);
    assert(reporting->own_length <= reporting->own_size);
    for (uint32_t s = 0; s < reporting->shard_count; s++)
        reporting->places[s].told = (struct psp_reporting_shard){0};
    reporting->phase = BEGIN;
    reporting->places[0].waits = true;
}

/* What no `psephos report` begins: whoever has the key told each shard something else. */
static void compare(struct psp_reporting *reporting)
{
    const struct place *first = &reporting->places[0];
    for (uint32_t s = 1; s < reporting->shard_count; s++) {
        struct place *place = &reporting->places[s];
        if (place->number > 0 && place->number == first->number &&
            (place->length != first->length ||
             memcmp(place->bytes, first->bytes, first->length) != 0))
            place->other = place->number;
    }
}

static void looked(struct psp_reporting *reporting)
{
    if (count(reporting, PSP_REPORTING_UNTOLD) < reporting->shard_count) {
        finish(reporting, PSP_REPORTING_NOT_BEGUN);
        return;
    }
    if (another_is_ahead(reporting) && ++reporting->tries < PSP_REPORTING_TRIES_MAX) {
        look(reporting);
        return;
    }
    if (!refusals_explained(reporting)) {
        finish(reporting, PSP_REPORTING_NOT_BEGUN);
        return;
    }
    compare(reporting);
    reporting->phase = FINISH;
    for (uint32_t s = 1; s < reporting->shard_count; s++)
        reporting->places[s].waits = reporting->places[s].number < reporting->places[0].number;
    if (!any_waits(reporting))
        begin(reporting);
}

static void finished(struct psp_reporting *reporting)
{
    if (count(reporting, PSP_REPORTING_HAS) > 0)
        reporting->finished = reporting->places[0].number;
    if (count(reporting, PSP_REPORTING_SILENT) > 0)
        finish(reporting, PSP_REPORTING_NOT_BEGUN);
    else if (count(reporting, PSP_REPORTING_REFUSED) > 0)
        try_again(reporting);
    else
        begin(reporting);
}

static void checked(struct psp_reporting *reporting)
{
    finish(reporting, count(reporting, PSP_REPORTING_HAS) == reporting->shard_count
                          ? PSP_REPORTING_DONE
                          : PSP_REPORTING_UNFINISHED);
}

static void spread(struct psp_reporting *reporting)
{
    reporting->phase = CHECK;
    for (uint32_t s = 1; s < reporting->shard_count; s++)
        reporting->places[s].waits = reporting->places[s].told.state == PSP_REPORTING_REFUSED;
    if (!any_waits(reporting))
        checked(reporting);
}

static void begun(struct psp_reporting *reporting)
{
    switch (reporting->places[0].told.state) {
    case PSP_REPORTING_UNTOLD:
    case PSP_REPORTING_SILENT:
        finish(reporting, PSP_REPORTING_UNKNOWN);
        return;
    case PSP_REPORTING_REFUSED:
        try_again(reporting);
        return;
    case PSP_REPORTING_HAS:
        break;
    }
    reporting->phase = SPREAD;
    for (uint32_t s = 1; s < reporting->shard_count; s++)
        reporting->places[s].waits = true;
    if (!any_waits(reporting))
        spread(reporting);
}

static void answered(struct psp_reporting *reporting, uint32_t shard)
{
    reporting->places[shard].waits = false;
    if (any_waits(reporting))
        return;
    switch (reporting->phase) {
    case LOOK:
        looked(reporting);
        return;
    case FINISH:
        finished(reporting);
        return;
    case BEGIN:
        begun(reporting);
        return;
    case SPREAD:
        spread(reporting);
        return;
    case CHECK:
        checked(reporting);
        return;
    case END:
        break;
    }
    assert(!"after the end nothing is waited for");
}

/* ---- answers ---- */

/* What nobody waits for, a late answer, is passed over. */
static bool is_due(const struct psp_reporting *reporting, uint32_t shard,
                   enum psp_reporting_step step)
{
    struct psp_bytes report;
    return psp_reporting_step(reporting, shard, &report) == step;
}

/* Whether what a shard holds shows that ours is in its log. */
static bool shows_ours(const struct psp_reporting *reporting, uint64_t number,
                       struct psp_bytes report)
{
    return number > reporting->report.number ||
           (number == reporting->report.number && report.length == reporting->own_length &&
            memcmp(report.data, reporting->own, report.length) == 0);
}

static void keep(struct place *place, struct psp_bytes report)
{
    place->bytes = psp_memory_resize(place->bytes, report.length + 1, 1);
    place->length = report.length;
    if (report.length > 0)
        memcpy(place->bytes, report.data, report.length);
}

void psp_reporting_take_held(struct psp_reporting *reporting, uint32_t shard,
                             struct psp_bytes report, uint64_t index, uint64_t epoch)
{
    struct place *place = &reporting->places[shard];
    struct psp_report held = {0};
    if (!is_due(reporting, shard, PSP_REPORTING_ASK))
        return;
    const char *fault = report.length > 0 ? psp_report_decode(report, &held) : NULL;
    if (fault) {
        psp_reporting_take_refused(reporting, shard, fault);
        return;
    }
    place->number = held.number;
    place->epoch = epoch;
    keep(place, report);
    if (reporting->phase == CHECK && shows_ours(reporting, held.number, report)) {
        place->told.state = PSP_REPORTING_HAS;
        place->told.index = index;
    }
    answered(reporting, shard);
}

void psp_reporting_take_done(struct psp_reporting *reporting, uint32_t shard, uint64_t index,
                             const char *text)
{
    struct place *place = &reporting->places[shard];
    if (!is_due(reporting, shard, PSP_REPORTING_TELL))
        return;
    if (reporting->phase == FINISH)
        place->number = reporting->places[0].number;
    place->told.state = PSP_REPORTING_HAS;
    place->told.index = index;
    psp_reason_set(&place->told.said, "%s", text);
    answered(reporting, shard);
}

void psp_reporting_take_refused(struct psp_reporting *reporting, uint32_t shard, const char *text)
{
    struct place *place = &reporting->places[shard];
    if (!place->waits)
        return;
    place->told.state = PSP_REPORTING_REFUSED;
    psp_reason_set(&place->told.said, "%s", text);
    place->why = place->told.said;
    if (reporting->phase == FINISH)
        place->refused = reporting->places[0].number;
    if (reporting->phase == BEGIN)
        place->refused = reporting->report.number;
    answered(reporting, shard);
}

void psp_reporting_take_silent(struct psp_reporting *reporting, uint32_t shard, const char *text)
{
    struct place *place = &reporting->places[shard];
    if (!place->waits)
        return;
    place->told.state = PSP_REPORTING_SILENT;
    psp_reason_set(&place->told.said, "%s", text);
    answered(reporting, shard);
}

/* ---- what came of it ---- */

enum psp_reporting_end psp_reporting_end(const struct psp_reporting *reporting)
{
    return reporting->end;
}

uint64_t psp_reporting_number(const struct psp_reporting *reporting)
{
    return reporting->report.number;
}

uint64_t psp_reporting_finished(const struct psp_reporting *reporting)
{
    return reporting->finished;
}

uint64_t psp_reporting_other(const struct psp_reporting *reporting, uint32_t shard)
{
    return reporting->places[shard].other;
}

const struct psp_reporting_shard *psp_reporting_shard(const struct psp_reporting *reporting,
                                                      uint32_t shard)
{
    return &reporting->places[shard].told;
}
