/*
 * deal - published returns as ballots, dealt so that every row comes out exact.
 *
 * Each leaf has, of each method, as many ballots as its largest contest needs. For
 * each contest the votes there are laid out in one line, choice after choice; the ballot at
 * place p gets the votes at p, p + N, p + 2 N, ... (N ballots). No choice has
 * more than N votes, so none falls twice on one ballot; every vote falls on
 * exactly one ballot; what is missing is an undervote. Where overvotes are published, the
 * last ballots of a line mark one choice more than is allowed instead, and the others
 * are as many fewer. The places are permuted
 * anew for every contest, and the ballots over all leaves, so that the order
 * looks like an election night and needs no memory for it.
 *
 * Ballot number i is a pure function of returns, definition and seed.
 *
 * Ownership: copies what it keeps but the definition.
 * Threads:   immutable after create.   Memory: about 20 bytes a row.
 */
#ifndef PSP_DEAL_H
#define PSP_DEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "election/ballot.h"
#include "election/definition/definition.h"
#include "election/returns/returns.h"

struct psp_deal;

/* PSP_EINVAL: the returns do not fit the definition (*reterr_reason), or name no
 * ballot at all; PSP_ENOMEM. */
enum psp_status psp_deal_create(const struct psp_definition *definition,
                                const struct psp_returns *returns, uint64_t seed,
                                struct psp_deal **ret_deal, struct psp_reason *reterr_reason);
void psp_deal_destroy(struct psp_deal **deal);

/* Of all leaves, and of one. */
uint64_t psp_deal_ballots(const struct psp_deal *deal);
uint64_t psp_deal_leaf_ballots(const struct psp_deal *deal, uint32_t leaf);

/* The leaf of ballot i, and its number among the leaf's ballots. */
uint32_t psp_deal_leaf(const struct psp_deal *deal, uint64_t i, uint64_t *ret_place);

/* The method, in the definition, of the ballot at `place` of `leaf`. */
uint8_t psp_deal_method(const struct psp_deal *deal, uint32_t leaf, uint64_t place);

/* Its ballot style, a position in the definition; PSP_NONE where the leaf has one only. */
uint32_t psp_deal_style(const struct psp_deal *deal, uint32_t leaf, uint64_t place);

/* Canonical marks of the ballot at `place` of `leaf`. PSP_EINVAL: more marks
 * than a ballot may have. */
enum psp_status psp_deal_marks(const struct psp_deal *deal, uint32_t leaf, uint64_t place,
                               uint8_t ret_marks[PSP_MARKS_BYTES_MAX], size_t *ret_bytes);

#endif
