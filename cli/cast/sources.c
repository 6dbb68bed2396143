/* The seed is mixed with what is cast, so that two files under one seed are two sets of
 * ballots. */
#include "cli/cast/sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"
#include "base/system/lock.h"
#include "cli/cast/deal.h"
#include "cli/cast/electorate.h"
#include "cli/cast/line_source.h"
#include "cli/cast/permutation.h"
#include "cli/cast/query_source.h"
#include "cli/cast/returns_source.h"
#include "cli/cast/roll_source.h"
#include "cli/cast/taken.h"
#include "cli/folder/local.h"
#include "cli/returns/cast_record.h"
#include "cli/returns/load.h"
#include "cli/returns/record.h"
#include "cli/returns/report_say.h"
#include "cli/say/memory.h"
#include "election/returns/returns.h"

struct psp_cast_opened {
    struct psp_cast_source source;
    struct psp_deal *deal;
    struct psp_electorate *electorate;
    struct psp_returns_source *returns_source;
    struct psp_line_source *line_source;
    struct psp_query_source *query_source;
    struct psp_verdicts *verdicts; /* of lines or rows */
    struct psp_roll_source *roll_source;
    int record_lock; /* of returns, while they are cast */
};

/* Names the content, so that two files under one seed are two sets of
 * ballots. */
static uint64_t seed_of(const struct psp_returns *returns, uint64_t seed)
{
    uint64_t hash = psp_mix(seed);
    for (size_t i = 0; i < returns->n; i++) {
        const struct psp_returns_row *row = &returns->rows[i];
        for (int t = 0; t < PSP_RETURNS_TEXTS; t++)
            hash = psp_fnv64(hash, row->text[t], strlen(row->text[t]));
        hash = psp_mix(hash ^ row->votes);
    }
    return hash;
}

static enum psp_status enough_voters(const struct psp_cast_opened *opened,
                                     const struct psp_definition *definition,
                                     struct psp_reason *reterr_reason)
{
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        const uint64_t ballots = psp_deal_leaf_ballots(opened->deal, leaf);
        const uint64_t voters = psp_electorate_leaf_voters(opened->electorate, leaf);
        if (ballots <= voters)
            continue;
        psp_reason_set(
            reterr_reason,
            "unit %s has %" PRIu64 " voters on the roll and %" PRIu64
            " ballots in the returns; `psephos generate --returns` makes a roll that fits",
            definition->units[definition->leaves[leaf]].id, voters, ballots);
        return PSP_EINVAL;
    }
    return PSP_OK;
}

/* As they were read when the election was made of them, unless told otherwise. */
static enum psp_status read_returns(const struct psp_cast_request *request,
                                    const struct psp_target *target,
                                    struct psp_returns_options *ret_options,
                                    struct psp_returns **ret_returns,
                                    struct psp_reason *reterr_reason)
{
    struct psp_report report = {0};
    char *record = psp_record_beside(target->cluster_path);
    enum psp_status status =
        psp_returns_how_resolve(&request->how, record, ret_options, reterr_reason);
    free(record);
    if (status != PSP_OK)
        return status;
    status = psp_returns_load(&request->returns_path, 1, ret_options, &report, ret_returns);
    psp_report_say("psephos cast", &report);
    if (status == PSP_EINVAL)
        psp_reason_set(reterr_reason, "these returns cannot be read");
    psp_report_free(&report);
    return status;
}

/* What a definition does not have it never gets: who casts later returns must hear what to
 * do instead. */
static enum psp_status deal(const struct psp_target *target, const struct psp_returns *returns,
                            uint64_t seed, struct psp_cast_opened *opened,
                            struct psp_reason *reterr_reason)
{
    const enum psp_status status =
        psp_deal_create(target->definition, returns, seed, &opened->deal, reterr_reason);
    if (status == PSP_EINVAL && reterr_reason->line > 0) {
        const struct psp_reason why = *reterr_reason;
        psp_reason_set_line(reterr_reason, why.line, why.column,
                            "%s. An election's definition never changes: import these returns "
                            "(--like import.json) and make a cluster of their own, or leave such "
                            "rows out",
                            why.text);
    }
    return status;
}

/* That it is cast, where, before the first ballot. */
static enum psp_status record(const struct psp_cast_request *request,
                              const struct psp_target *target, const struct psp_cast_origin *origin,
                              struct psp_cast_opened *opened, struct psp_reason *reterr_reason)
{
    struct psp_cast_record own = {0};
    const uint32_t n = target->definition->leaf_count;
    bool *leaves = psp_memory_array(n, sizeof *leaves);
    for (uint32_t leaf = 0; leaf < n; leaf++)
        leaves[leaf] = psp_deal_leaf_ballots(opened->deal, leaf) > 0;
    enum psp_status status = psp_cast_record_make(
        origin, target->definition, leaves, psp_deal_ballots(opened->deal), &own, reterr_reason);
    if (status == PSP_OK)
        status = psp_taken_begin(
            &(struct psp_taken){.target = target, .own = &own, .again = request->again},
            &opened->record_lock, reterr_reason);
    psp_cast_record_free(&own);
    free(leaves);
    return status;
}

static enum psp_status find_voters(const struct psp_cast_request *request,
                                   const struct psp_target *target, uint64_t seed,
                                   struct psp_cast_opened *opened, struct psp_reason *reterr_reason)
{
    if (request->roll_path) {
        const enum psp_status status = psp_electorate_load(
            request->roll_path, target->definition, seed, &opened->electorate, reterr_reason);
        if (status != PSP_OK)
            return status;
    } else {
        opened->electorate = psp_electorate_create(seed);
    }
    return enough_voters(opened, target->definition, reterr_reason);
}

static enum psp_status open_returns(const struct psp_cast_request *request,
                                    const struct psp_target *target, struct psp_cast_opened *opened,
                                    struct psp_reason *reterr_reason)
{
    static struct psp_returns_options options; /* large */
    struct psp_returns *returns = NULL;
    enum psp_status status = read_returns(request, target, &options, &returns, reterr_reason);
    const uint64_t seed = status == PSP_OK ? seed_of(returns, request->seed) : 0;
    if (status == PSP_OK)
        status = deal(target, returns, seed, opened, reterr_reason);
    if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, request->returns_path, status);
    if (status == PSP_OK)
        status = find_voters(request, target, seed, opened, reterr_reason);
    if (status == PSP_OK)
        status = record(request, target,
                        &(struct psp_cast_origin){.returns = returns,
                                                  .options = &options,
                                                  .seed = request->seed,
                                                  .roll_path = request->roll_path},
                        opened, reterr_reason);
    psp_returns_destroy(&returns);
    if (status != PSP_OK)
        return status;
    opened->returns_source = psp_returns_source_create(
        &(struct psp_returns_source_options){.definition = target->definition,
                                             .deal = opened->deal,
                                             .electorate = opened->electorate,
                                             .seed = seed,
                                             .secret = target->ballot_secret,
                                             .replayed = request->replayed,
                                             .double_votes = request->double_votes,
                                             .strangers = request->strangers});
    opened->source = psp_returns_source_view(opened->returns_source);
    return PSP_OK;
}

static enum psp_status open_lines(const struct psp_cast_request *request,
                                  const struct psp_target *target, struct psp_cast_opened *opened,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_ballot_lines form = {.definition = target->definition,
                                          .secret = target->ballot_secret,
                                          .votes_topic = request->votes_topic};
    enum psp_status status =
        psp_verdicts_open(request->verdicts_path, "line", &opened->verdicts, reterr_reason);
    if (status != PSP_OK)
        return status;
    status =
        psp_line_source_open(request->lines_path, &form, opened->verdicts, &opened->line_source);
    if (status == PSP_OK)
        opened->source = psp_line_source_view(opened->line_source);
    else
        psp_reason_set_status(reterr_reason, request->lines_path, status);
    return status;
}

static enum psp_status open_query(const struct psp_cast_request *request,
                                  const struct psp_target *target, struct psp_cast_opened *opened,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_ballot_lines form = {.definition = target->definition,
                                          .secret = target->ballot_secret};
    enum psp_status status =
        psp_verdicts_open(request->verdicts_path, "row", &opened->verdicts, reterr_reason);
    if (status == PSP_OK)
        status =
            psp_query_source_open(request->postgres, request->query, request->key_column, &form,
                                  opened->verdicts, &opened->query_source, reterr_reason);
    if (status == PSP_OK)
        opened->source = psp_query_source_view(opened->query_source);
    return status;
}

static enum psp_status open_roll(const struct psp_cast_request *request,
                                 const struct psp_target *target, struct psp_cast_opened *opened,
                                 struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_roll_source_open(
        request->roll_path, target->definition, request->turnout, request->seed,
        target->ballot_secret, &opened->roll_source, reterr_reason);
    if (status == PSP_OK)
        opened->source = psp_roll_source_view(opened->roll_source);
    return status;
}

enum psp_status psp_cast_open(const struct psp_cast_request *request,
                              const struct psp_target *target, struct psp_cast_opened **ret_opened,
                              struct psp_reason *reterr_reason)
{
    static const uint8_t no_roll[PSP_HASH_BYTES];
    const bool has_roll = memcmp(target->cluster->roll_hash, no_roll, PSP_HASH_BYTES) != 0;
    struct psp_cast_opened *opened = psp_memory_array(1, sizeof *opened);
    opened->record_lock = PSP_LOCK_NONE;
    enum psp_status status = PSP_EINVAL;
    if (request->returns_path && has_roll && !request->roll_path)
        psp_reason_set(
            reterr_reason,
            "this cluster has a voter roll: give it with --roll, made-up voters are not on it");
    else if (request->strangers > 0 && !has_roll)
        psp_reason_set(reterr_reason,
                       "this cluster has no voter roll: --strangers would be counted");
    else if (request->returns_path)
        status = open_returns(request, target, opened, reterr_reason);
    else if (request->lines_path)
        status = open_lines(request, target, opened, reterr_reason);
    else if (request->postgres)
        status = open_query(request, target, opened, reterr_reason);
    else if (request->random)
        status = open_roll(request, target, opened, reterr_reason);
    if (status == PSP_OK)
        *ret_opened = opened;
    else
        psp_cast_close(&opened, &(struct psp_reason){0});
    return status;
}

bool psp_cast_close(struct psp_cast_opened **opened, struct psp_reason *reterr_reason)
{
    if (!*opened)
        return true;
    psp_returns_source_destroy(&(*opened)->returns_source);
    psp_line_source_close(&(*opened)->line_source);
    psp_query_source_close(&(*opened)->query_source);
    psp_roll_source_close(&(*opened)->roll_source);
    psp_electorate_destroy(&(*opened)->electorate);
    psp_deal_destroy(&(*opened)->deal);
    psp_lock_release(&(*opened)->record_lock);
    const bool whole = psp_verdicts_close(&(*opened)->verdicts, reterr_reason);
    free(*opened);
    *opened = NULL;
    return whole;
}

const struct psp_cast_source *psp_cast_source_of(const struct psp_cast_opened *opened)
{
    return &opened->source;
}

uint64_t psp_cast_unreadable(const struct psp_cast_opened *opened)
{
    if (opened->query_source)
        return psp_query_source_unreadable(opened->query_source);
    return opened->line_source ? psp_line_source_unreadable(opened->line_source) : 0;
}

bool psp_cast_empty(const struct psp_cast_opened *opened)
{
    if (opened->query_source)
        return psp_query_source_empty(opened->query_source);
    return opened->line_source != NULL && psp_line_source_empty(opened->line_source);
}

const char *psp_cast_fault(const struct psp_cast_opened *opened)
{
    if (opened->query_source)
        return psp_query_source_fault(opened->query_source);
    if (opened->line_source)
        return psp_line_source_fault(opened->line_source);
    return opened->roll_source ? psp_roll_source_fault(opened->roll_source) : "";
}
