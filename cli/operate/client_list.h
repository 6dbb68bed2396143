/*
 * client_list - the stations of clients.json, as a table or JSON.
 *
 * Threads: any.
 */
#ifndef PSP_CLIENT_LIST_H
#define PSP_CLIENT_LIST_H

#include <stdbool.h>

#include "cluster/stations.h"
#include "election/definition/definition.h"

/* To stdout; those that are revoked, too. */
void psp_client_list_print(const struct psp_stations *stations,
                           const struct psp_definition *definition, bool json);

#endif
