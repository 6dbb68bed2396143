/*
 * source - one version of everything that a collector tells, piece by piece.
 *
 * An answer that is not whole is void: the reading begins again, and whoever takes the pieces
 * is told to forget what came before.
 *
 * Ownership: pieces live until the taker returns.   Threads: one owner.
 */
#ifndef PSP_EXPORT_SOURCE_H
#define PSP_EXPORT_SOURCE_H

#include <jansson.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/show/rest.h"
#include "election/definition/definition.h"

/* NULL: not wanted. Anything but PSP_OK ends the reading and comes back. */
struct psp_source_taker {
    enum psp_status (*begin)(void *context, struct psp_reason *reterr_reason);
    enum psp_status (*result)(void *context, const json_t *result,
                              struct psp_reason *reterr_reason);
    enum psp_status (*turnout)(void *context, const json_t *turnout,
                               struct psp_reason *reterr_reason);
    enum psp_status (*books)(void *context, const json_t *books, struct psp_reason *reterr_reason);
    /* `as_of`: of the version, NULL: nothing is counted. */
    enum psp_status (*series)(void *context, const json_t *series, const char *as_of,
                              struct psp_reason *reterr_reason);
    void *context;
};

/* The definition that the collector counts by; destroy it. PSP_EUNREACHABLE, PSP_EINVAL. */
enum psp_status psp_source_definition(struct psp_rest *rest, struct psp_definition **ret_definition,
                                      struct psp_reason *reterr_reason);

/* *ret_election: the answer of /api/v1/election of that version, whose head says which.
 * PSP_EUNREACHABLE; PSP_EAGAIN: it was cut short each time; PSP_EINVAL: refused. */
enum psp_status psp_source_read(struct psp_rest *rest, const struct psp_definition *definition,
                                const struct psp_source_taker *taker, json_t **ret_election,
                                struct psp_reason *reterr_reason);

#endif
