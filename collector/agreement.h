/*
 * agreement - whether a replica has the history that is shown, as far as its answers tell.
 *
 * A board that holds a higher index than a shard's leader has in its log is evidence: what
 * was shown was committed, so some majority has lost it, as when two of three data folders
 * were set back to an older state. A log that has grown again past that index is told from
 * the shown one by the state hash at it, which chains all entries before.
 *
 *     hash at the index held differs ─────────────┐
 *     leads for PSP_SET_BACK_MS with a log that    ├──▶ contradicts ──▶ until it agrees again,
 *       ends before the index held                ─┤                    or has a new raft ID
 *     what the board says (board/board.h) ────────┘
 *
 * A deposed leader, or one that answers late, does not lead for so long: without a majority
 * it steps down within an election timeout.
 *
 * Which replica is to be trusted is what it was seen to have: one whose log no longer reaches
 * that far was set back itself.
 *
 * Ownership: plain data.   Threads: one owner.
 */
#ifndef PSP_AGREEMENT_H
#define PSP_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/board/board.h"
#include "wire/message/message.h"

enum {
    PSP_SET_BACK_MS = 3000,
    PSP_SET_BACK_ANSWERS = 3, /* at least, so long */
    PSP_TRUST_BYTES = 400,
};

enum psp_agreement_state {
    PSP_AGREEMENT_UNKNOWN,     /* not heard since the start, or it lags */
    PSP_AGREEMENT_AGREES,      /* it has, or had when it was heard last, what is shown */
    PSP_AGREEMENT_CONTRADICTS, /* it has another history, or has lost this one */
};

struct psp_agreement {                 /* of one replica; zero-initialise */
    uint64_t epoch, raft_id, log_last; /* as of its last answer */
    uint64_t agreed_index;             /* the highest at which it had what was held; 0: none */
    bool contradicts, set_back;        /* set_back: its log no longer reaches agreed_index */
    uint32_t short_n;                  /* answers on end in which it led with too short a log */
    uint64_t short_ms;                 /* when the first of them came */
    uint64_t asked_epoch, asked_index; /* what the board held when it was asked; 0: nothing */
    uint8_t asked_hash[PSP_HASH_BYTES];
};

/* It is asked, and what is held is that. */
void psp_agreement_ask(struct psp_agreement *agreement, const struct psp_board_shard *held);
/* Why its answer contradicts what is held, static; NULL: it does not. `asked`: it answers the
 * last question. To be called for every whole answer, before it is merged. */
const char *psp_agreement_look(struct psp_agreement *agreement, uint64_t now_ms,
                               const struct psp_partial *partial,
                               const struct psp_board_shard *held, bool asked);
/* What came of it (psp_board_merge), and what is held then. */
void psp_agreement_note(struct psp_agreement *agreement, const struct psp_partial *partial,
                        const struct psp_board_shard *held, enum psp_status merged);

/* As of its last answer. */
enum psp_agreement_state psp_agreement_of(const struct psp_agreement *agreement,
                                          const struct psp_board_shard *held);

/* Which of the shard's n replicas have what is shown, for a person; `numbers`: theirs. */
void psp_agreement_trust(const struct psp_agreement *agreements, const uint32_t *numbers,
                         uint32_t n, const struct psp_board_shard *held,
                         char ret_text[PSP_TRUST_BYTES]);

#endif
