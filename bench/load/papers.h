/*
 * papers - the ballots of a load run: which voter, which unit, which marks.
 *
 * A pool of filled-in papers is made once, so that making a ballot costs the
 * load generator next to nothing: unit by weight, one choice or none in every
 * contest of the unit's style. The voter ID, 24 bytes, is a run's own, so that
 * two runs never vote for the same people.
 *
 * Ownership: owns the pool.   Threads: readers only, once made.
 */
#ifndef PSP_BENCH_PAPERS_H
#define PSP_BENCH_PAPERS_H

#include "client/psephos.h"
#include "election/definition/definition.h"

struct psp_papers;

enum psp_papers_kind { PSP_PAPER_FIRST, PSP_PAPER_REPLAY, PSP_PAPER_DOUBLE };
enum { PSP_PAPERS_ID_BYTES = 24 };

/* `skew`: unit number k (from 1) weighs 1 / k^skew; 0: all alike. PSP_ENOMEM;
 * PSP_EINVAL: a style whose marks are over a limit. */
enum psp_status psp_papers_create(const struct psp_definition *definition, uint64_t seed,
                                  double skew, struct psp_papers **ret_papers);
void psp_papers_destroy(struct psp_papers **papers);

/* Ballot `i` of client `client`; a replay is the same again, a double vote
 * another ballot of the same voter. Its voter ID lies in `ret_id`. */
void psp_papers_ballot(const struct psp_papers *papers, uint32_t client, uint64_t i,
                       enum psp_papers_kind kind, uint8_t ret_id[PSP_PAPERS_ID_BYTES],
                       struct psp_ballot *ret_ballot);
/* Which paper of the pool ballot `i` is: what it votes for. */
uint32_t psp_papers_number(const struct psp_papers *papers, uint32_t client, uint64_t i);
enum { PSP_PAPERS_POOL = 1 << 14 };

/* Adds `times` the votes of a paper to `votes` (one per choice of the whole
 * definition). */
void psp_papers_votes(const struct psp_papers *papers, uint32_t number, uint64_t times,
                      uint64_t *votes);

#endif
