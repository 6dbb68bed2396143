/*
 * query_source - ballots from the rows of a query to a PostgreSQL server.
 *
 * A row is either one column `ballot`, our object as JSON or text (client/line), or the
 * columns voter_id, candidate_id and, where the election has more than one leaf, `unit`,
 * `state` or `address_state` (ID, name or code of a unit, as in the vote messages of the
 * demos); cast_at or voting_time, and ballot_id, when they are there. Other columns are
 * passed over.
 *
 * A ballot's ID is the one that it brings; else it follows, under the caster's secret, from
 * the value of the key column and the voter; else from what was read of the row. So the
 * same query run again counts nothing twice, whatever the order of its rows; and rows that
 * say the same are one ballot, unless the key column tells them apart.
 *
 * All rows are those of one moment: the query runs in one transaction, which may write
 * nothing.
 *
 * Ownership: owns the connection; definition, secret and verdicts outlive it.
 * Memory:    of the connection (cli/prepare/servers/postgres.h) and one row.
 * Threads:   one owner.
 */
#ifndef PSP_QUERY_SOURCE_H
#define PSP_QUERY_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/cast/caster.h"
#include "cli/cast/verdicts.h"
#include "client/line/ballot_line.h"

struct psp_query_source;

/* `key_column`: NULL is none. Keeps a copy of `form`, whose secret is needed and whose form of
 * lines the columns decide. PSP_EINVAL: the query or its columns, PSP_EIO: the server; the
 * reason says which and what to do. */
enum psp_status psp_query_source_open(const char *conninfo, const char *query,
                                      const char *key_column, const struct psp_ballot_lines *form,
                                      struct psp_verdicts *verdicts,
                                      struct psp_query_source **ret_source,
                                      struct psp_reason *reterr_reason);
/* Takes NULL, too. */
void psp_query_source_close(struct psp_query_source **source);

/* It has ended, and gave no row. */
bool psp_query_source_empty(const struct psp_query_source *source);
/* Why it ended early, or "". */
const char *psp_query_source_fault(const struct psp_query_source *source);

/* The caster's view of it, and how many rows were no ballot. */
struct psp_cast_source psp_query_source_view(struct psp_query_source *source);
uint64_t psp_query_source_unreadable(const struct psp_query_source *source);

#endif
