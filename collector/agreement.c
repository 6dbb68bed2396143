/* Evidence is gathered answer by answer; none is kept over a restart, the board is. */
#include "collector/agreement.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void psp_agreement_ask(struct psp_agreement *agreement, const struct psp_board_shard *held)
{
    agreement->asked_epoch = held->epoch;
    agreement->asked_index = held->present ? held->index : 0;
    memcpy(agreement->asked_hash, held->state_hash, PSP_HASH_BYTES);
}

/* Another log than before: what it had is gone for good, and nothing is held against it. */
static void begin_anew(struct psp_agreement *agreement, const struct psp_partial *partial)
{
    if (partial->epoch == agreement->epoch && partial->raft_id == agreement->raft_id)
        return;
    agreement->epoch = partial->epoch;
    agreement->raft_id = partial->raft_id;
    agreement->agreed_index = 0;
    agreement->contradicts = agreement->set_back = false;
    agreement->short_n = 0;
}

/* Whether the answer tells the hash at the index that it was asked from. */
static bool tells_base(const struct psp_agreement *agreement, const struct psp_partial *partial,
                       bool asked)
{
    return asked && agreement->asked_index > 0 && partial->epoch == agreement->asked_epoch &&
           partial->base_hash.length == PSP_HASH_BYTES;
}

static bool leads_too_short(struct psp_agreement *agreement, uint64_t now_ms,
                            const struct psp_partial *partial, const struct psp_board_shard *held)
{
    const bool is_short = held->present && partial->epoch == held->epoch &&
                          partial->leader == partial->replica + 1 && partial->log_last > 0 &&
                          partial->log_last < held->index;
    if (!is_short) {
        agreement->short_n = 0;
        return false;
    }
    if (agreement->short_n++ == 0)
        agreement->short_ms = now_ms;
    return agreement->short_n >= PSP_SET_BACK_ANSWERS &&
           now_ms >= agreement->short_ms + PSP_SET_BACK_MS;
}

const char *psp_agreement_look(struct psp_agreement *agreement, uint64_t now_ms,
                               const struct psp_partial *partial,
                               const struct psp_board_shard *held, bool asked)
{
    begin_anew(agreement, partial);
    agreement->log_last = partial->log_last;
    agreement->set_back = partial->log_last > 0 && partial->log_last < agreement->agreed_index;
    if (tells_base(agreement, partial, asked) &&
        memcmp(partial->base_hash.data, agreement->asked_hash, PSP_HASH_BYTES) != 0)
        return "another history before it";
    if (leads_too_short(agreement, now_ms, partial, held))
        return "it leads, and its log ends before what is shown";
    if (tells_base(agreement, partial, asked)) {
        agreement->contradicts = false;
        if (agreement->asked_index > agreement->agreed_index)
            agreement->agreed_index = agreement->asked_index;
    }
    return NULL;
}

void psp_agreement_note(struct psp_agreement *agreement, const struct psp_partial *partial,
                        const struct psp_board_shard *held, enum psp_status merged)
{
    if (merged == PSP_EDIVERGED)
        agreement->contradicts = true;
    const bool same = (merged == PSP_OK || merged == PSP_STALE) && partial->epoch == held->epoch &&
                      partial->index == held->index;
    if (!same)
        return;
    assert(!memcmp(partial->state_hash, held->state_hash, PSP_HASH_BYTES));
    agreement->contradicts = false;
    if (held->index > agreement->agreed_index)
        agreement->agreed_index = held->index;
}

enum psp_agreement_state psp_agreement_of(const struct psp_agreement *agreement,
                                          const struct psp_board_shard *held)
{
    if (agreement->contradicts || agreement->set_back)
        return PSP_AGREEMENT_CONTRADICTS;
    return held->index > 0 && agreement->epoch == held->epoch &&
                   agreement->agreed_index >= held->index
               ? PSP_AGREEMENT_AGREES
               : PSP_AGREEMENT_UNKNOWN;
}

/* The most that a replica was seen to have, of those that have not lost it. */
static uint64_t most_agreed(const struct psp_agreement *agreements, uint32_t n, uint64_t epoch)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_agreement *at = &agreements[i];
        if (!at->contradicts && !at->set_back && at->epoch == epoch && at->agreed_index > most)
            most = at->agreed_index;
    }
    return most;
}

void psp_agreement_trust(const struct psp_agreement *agreements, const uint32_t *numbers,
                         uint32_t n, const struct psp_board_shard *held,
                         char ret_text[PSP_TRUST_BYTES])
{
    const uint64_t most = most_agreed(agreements, n, held->epoch);
    size_t at = 0;
    if (most == 0) {
        at += (size_t)snprintf(ret_text, PSP_TRUST_BYTES,
                               "no replica was seen to have what is shown (index %" PRIu64
                               ") since this collector started: one that is silent may have it",
                               held->index);
        for (uint32_t i = 0; i < n && at < PSP_TRUST_BYTES; i++)
            if (!agreements[i].contradicts && agreements[i].epoch == held->epoch &&
                agreements[i].log_last >= held->index)
                at +=
                    (size_t)snprintf(ret_text + at, PSP_TRUST_BYTES - at,
                                     "; the log of replica %" PRIu32 " reaches so far", numbers[i]);
        return;
    }
    at += (size_t)snprintf(ret_text, PSP_TRUST_BYTES, "trust replica");
    for (uint32_t i = 0; i < n && at < PSP_TRUST_BYTES; i++)
        if (!agreements[i].contradicts && !agreements[i].set_back &&
            agreements[i].epoch == held->epoch && agreements[i].agreed_index == most)
            at += (size_t)snprintf(ret_text + at, PSP_TRUST_BYTES - at, " %" PRIu32, numbers[i]);
    if (at < PSP_TRUST_BYTES)
        snprintf(ret_text + at, PSP_TRUST_BYTES - at,
                 most >= held->index ? ": it has all that is shown (index %" PRIu64 ")"
                                     : ": it has what is shown up to index %" PRIu64
                                       ", nobody has more",
                 most >= held->index ? held->index : most);
}
