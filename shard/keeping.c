/* Wishes go to two threads; what they have done goes to the core, and damage to the log. */
#include "shard/keeping.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/reader.h"
#include "journal/scrubber.h"
#include "process/say.h"

enum { LOAD_RECORDS = 256, PLACE_BYTES = 512 };
static_assert(PLACE_BYTES > 40, "a path, and the byte");
static_assert((int)LOAD_RECORDS <= (int)PSP_READER_RECORDS_MAX, "one wish");
static_assert((int)PSP_CORE_READ_RECORDS <= (int)PSP_READER_RECORDS_MAX, "one wish");

/* Numbers of wishes that are not the core's, which count from 1. */
static const uint64_t load_number = 0, mend_number = UINT64_MAX;

struct psp_keeping {
    struct psp_journal *log;
    struct psp_core *core;
    struct psp_journal_reader *reader;
    struct psp_journal_scrubber *scrubber;
    uint64_t load_first, told;        /* damaged records, as told last */
    bool look;                        /* what is damaged may have changed */
    struct psp_journal_damage damage; /* the first one; index 0: none */
    struct psp_journal_result result; /* what the core wants done may point into it */
};

enum psp_status psp_keeping_create(struct psp_journal *log, struct psp_core *core,
                                   void (*wake)(void *context), void *context,
                                   struct psp_keeping **ret_keeping)
{
    assert(log != NULL && core != NULL && wake != NULL);
    struct psp_keeping *keeping = calloc(1, sizeof *keeping);
    if (keeping == NULL)
        return PSP_ENOMEM;
    keeping->log = log;
    keeping->core = core;
    keeping->look = true;
    enum psp_status status = psp_journal_reader_create(log, wake, context, &keeping->reader);
    if (status == PSP_OK)
        status = psp_journal_scrubber_create(log, wake, context, &keeping->scrubber);
    if (status != PSP_OK) {
        psp_keeping_destroy(&keeping);
        return status;
    }
    *ret_keeping = keeping;
    return PSP_OK;
}

void psp_keeping_destroy(struct psp_keeping **keeping_at)
{
    struct psp_keeping *keeping = *keeping_at;
    if (keeping == NULL)
        return;
    psp_journal_scrubber_destroy(&keeping->scrubber);
    psp_journal_reader_destroy(&keeping->reader);
    psp_journal_result_release(&keeping->result);
    free(keeping);
    *keeping_at = NULL;
}

enum psp_status psp_keeping_do(struct psp_keeping *keeping, const struct psp_core_action *action)
{
    struct psp_journal_wish wish = {
        .number = mend_number, .mend = &action->mend.record, .may_cut = action->mend.may_cut};
    if (action->type == PSP_CORE_SCRUB) {
        psp_journal_scrubber_push(keeping->scrubber, action->scrub.index,
                                  action->scrub.bytes_a_second);
        return PSP_OK;
    }
    if (action->type == PSP_CORE_LOAD) {
        assert(action->load.first > 0 && action->load.first <= action->load.last);
        keeping->load_first = action->load.first;
        wish = (struct psp_journal_wish){.number = load_number,
                                         .first = action->load.first,
                                         .last = action->load.last,
                                         .records_max = LOAD_RECORDS,
                                         .bytes_max = PSP_CORE_LOAD_BYTES};
    } else if (action->type == PSP_CORE_READ) {
        assert(action->read.number != load_number && action->read.number != mend_number);
        assert(action->read.first > 0 && action->read.first <= action->read.last);
        assert(action->read.records_max <= PSP_CORE_READ_RECORDS);
        wish = (struct psp_journal_wish){.number = action->read.number,
                                         .first = action->read.first,
                                         .last = action->read.last,
                                         .records_max = action->read.records_max,
                                         .bytes_max = action->read.bytes_max};
    } else {
        assert(action->type == PSP_CORE_MEND);
        assert(action->mend.record.index > 0);
    }
    return psp_journal_reader_push(keeping->reader, &wish);
}

/* ---- damage ---- */

bool psp_keeping_tell_damage(struct psp_keeping *keeping, struct psp_core_time now)
{
    struct psp_journal_damage damage = {.index = 0};
    char place[PLACE_BYTES];
    const bool any = psp_journal_damage(keeping->log, &damage);
    assert(any == (damage.index != 0));
    assert(!any || (damage.known > 0 && damage.path[0] != '\0'));
    if (any && damage.known > keeping->told)
        psp_say(PSP_SAY_ERROR, "damaged",
                "%s at byte %" PRIu64 ": log entry %" PRIu64 " is damaged, %" PRIu64
                " in all; what stood there is asked of the other replicas",
                damage.path, damage.offset, damage.index, damage.known);
    snprintf(place, sizeof place, "%.*s at byte %" PRIu64, PLACE_BYTES - 40, damage.path,
             damage.offset);
    keeping->look = false;
    keeping->told = any ? damage.known : 0;
    keeping->damage = damage;
    psp_core_damage(keeping->core, now,
                    &(struct psp_core_damage){damage.known, damage.index, place});
    return any;
}

static enum psp_keeping_news mended(struct psp_keeping *keeping, struct psp_core_time now,
                                    enum psp_status status, struct psp_reason *reterr_reason)
{
    if (status != PSP_OK && status != PSP_EINVAL) {
        psp_reason_set(reterr_reason,
                       "%s could not be mended (%s); look at the disk and the kernel's log, then "
                       "start again",
                       keeping->damage.path, psp_status_text(status));
        return PSP_KEEPING_FAILED;
    }
    if (status == PSP_OK)
        psp_say(PSP_SAY_WARNING, "mended",
                "%s at byte %" PRIu64 ": log entry %" PRIu64
                " was damaged and is again what a majority of the replicas has",
                keeping->damage.path, keeping->damage.offset, keeping->damage.index);
    psp_core_mended(keeping->core, now, status);
    keeping->look = true;
    return PSP_KEEPING_MENDED;
}

/* ---- what was done ---- */

/* Records to be applied; one that cannot be read waits when it can be mended. */
static enum psp_keeping_news loaded(struct psp_keeping *keeping, struct psp_core_time now,
                                    const struct psp_journal_result *result,
                                    struct psp_reason *reterr_reason)
{
    assert(result->n <= LOAD_RECORDS);
    if (result->n > 0) {
        assert(result->records[0].index == keeping->load_first);
        psp_core_loaded(keeping->core, now, result->records, result->n);
    } else if (result->damage_known) {
        psp_core_unreadable(keeping->core, now);
    } else {
        psp_reason_set(reterr_reason,
                       "log entry %" PRIu64 " cannot be read back: %s; restore this replica's data "
                       "folder from a backup, or replace the replica",
                       keeping->load_first, psp_status_text(result->status));
        return PSP_KEEPING_FAILED;
    }
    return PSP_KEEPING_TOLD;
}

static enum psp_keeping_news take_result(struct psp_keeping *keeping, struct psp_core_time now,
                                         const struct psp_journal_result *result,
                                         struct psp_reason *reterr_reason)
{
    assert(result->mended == (result->number == mend_number));
    assert(!result->mended || result->n == 0);
    keeping->look = keeping->look || result->damage_known;
    if (result->mended)
        return mended(keeping, now, result->status, reterr_reason);
    if (result->number == load_number)
        return loaded(keeping, now, result, reterr_reason);
    psp_core_read(keeping->core, now, result->number, result->records, result->n, result->status);
    return PSP_KEEPING_TOLD;
}

static enum psp_keeping_news take_scrubbed(struct psp_keeping *keeping, struct psp_core_time now,
                                           const struct psp_journal_scrubbed *scrubbed,
                                           struct psp_reason *reterr_reason)
{
    if (scrubbed->status == PSP_EAGAIN)
        return PSP_KEEPING_NOTHING;                                     /* the process ends */
    if (scrubbed->status != PSP_OK && scrubbed->status != PSP_ENOENT) { /* of an empty log */
        psp_reason_set(reterr_reason,
                       "the log's file before index %" PRIu64 " cannot be scrubbed: %s; restore "
                       "this replica's data folder from a backup, or replace the replica",
                       scrubbed->checked.next, psp_status_text(scrubbed->status));
        return PSP_KEEPING_FAILED;
    }
    psp_core_scrubbed(keeping->core, now, scrubbed->checked.next, scrubbed->checked.bytes);
    keeping->look = keeping->look || scrubbed->checked.damaged;
    return PSP_KEEPING_TOLD;
}

enum psp_keeping_news psp_keeping_tell(struct psp_keeping *keeping, struct psp_core_time now,
                                       struct psp_reason *reterr_reason)
{
    struct psp_journal_scrubbed scrubbed;
    psp_journal_result_release(&keeping->result);
    if (keeping->look) {
        psp_keeping_tell_damage(keeping, now);
        return PSP_KEEPING_TOLD;
    }
    if (psp_journal_reader_take(keeping->reader, &keeping->result))
        return take_result(keeping, now, &keeping->result, reterr_reason);
    if (psp_journal_scrubber_take(keeping->scrubber, &scrubbed))
        return take_scrubbed(keeping, now, &scrubbed, reterr_reason);
    return PSP_KEEPING_NOTHING;
}
