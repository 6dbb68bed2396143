/*
 * client_bounds - what a station may cast, from the options of `client add` into the
 * station, checked against the election; and back into words.
 *
 * Threads: any.
 */
#ifndef PSP_CLIENT_BOUNDS_H
#define PSP_CLIENT_BOUNDS_H

#include <jansson.h>

#include "base/reason.h"
#include "base/status.h"
#include "cluster/stations.h"
#include "election/definition/definition.h"

/* Each NULL: not given, no bound. */
struct psp_client_bounds {
    const char *units, *methods; /* IDs with commas between them */
    const char *until;           /* RFC 3339, with its zone */
};

/* Fills units (the caller frees them), methods and until_ms. PSP_EINVAL with the
 * reason: an ID that the election does not have; no time, or one before `now_ms`. */
enum psp_status psp_client_bounds_read(const struct psp_client_bounds *bounds,
                                       const struct psp_definition *definition, uint64_t now_ms,
                                       struct psp_station *ret_station,
                                       struct psp_reason *reterr_reason);

/* Lists of IDs, null: no bound. */
json_t *psp_client_units_json(const struct psp_station *station,
                              const struct psp_definition *definition);
json_t *psp_client_methods_json(const struct psp_station *station,
                                const struct psp_definition *definition);
/* A time, null: none. */
json_t *psp_client_time_json(uint64_t ms);

#endif
