/*
 * tokens - whose a token is, by clients.json as it is now.
 *
 * The file is looked at before every answer, so that a station that was added may
 * cast at once, and one that was revoked may not, from the return of `psephos client`
 * on. One that cannot be read leaves the known stations as they are, and is
 * complained of once.
 *
 * Ownership: owns its list; cluster and definition stay the caller's.
 * Threads:   any.
 * Memory:    150 bytes a station, twice while the file is read again.
 */
#ifndef PSP_GATEWAY_TOKENS_H
#define PSP_GATEWAY_TOKENS_H

#include <stdint.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"

struct psp_gateway_tokens;

/* As of psp_stations_load, with the reason; PSP_ENOMEM. */
enum psp_status psp_gateway_tokens_create(const struct psp_cluster *cluster,
                                          const struct psp_definition *definition,
                                          struct psp_gateway_tokens **ret_tokens,
                                          struct psp_reason *reterr_reason);
void psp_gateway_tokens_destroy(struct psp_gateway_tokens **tokens);

/* The number of the station whose token the value of the header Authorization holds,
 * "Bearer …"; 0: none that may cast. NULL will do. */
uint32_t psp_gateway_tokens_check(struct psp_gateway_tokens *tokens, const char *authorization);

#endif
