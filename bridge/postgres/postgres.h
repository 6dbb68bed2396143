/*
 * postgres - a target of the bridge: results as tables and views in a PostgreSQL database.
 *
 * An answer's rows are copied into temporary tables while they come. The end of the answer
 * brings them in with one transaction: under a lock that all bridges of the schema take, and
 * only when what is there lies between where the answer begins and where it ends, as `version`
 * says. So the tables never go backwards, whoever writes them, and hold one version at any
 * moment; with it goes one NOTIFY. Where what is there is newer, nothing is written.
 *
 * Held results are in no row. `series` is asked of the collector beside (series.h).
 *
 * Ownership: borrows config, feed and stop until destroyed.
 * Threads:   one owner.
 * Memory:    PSP_PG_BUFFER_BYTES a table, and what libpq has on the way.
 */
#ifndef PSP_PG_POSTGRES_H
#define PSP_PG_POSTGRES_H

#include "bridge/config/config.h"
#include "bridge/feed/feed.h"
#include "bridge/sink/target.h"

enum { PSP_PG_BUFFER_BYTES = 256 << 10 };

struct psp_bridge_postgres;

/* `feed` NULL: `series` is left as it is. PSP_ENOMEM. */
enum psp_status psp_bridge_postgres_create(const struct psp_bridge_config *config,
                                           struct psp_bridge_feed *feed,
                                           struct psp_bridge_stop *stop,
                                           struct psp_bridge_postgres **ret_postgres);
void psp_bridge_postgres_destroy(struct psp_bridge_postgres **postgres);

/* Its `self` is the postgres. */
struct psp_bridge_target psp_bridge_postgres_target(struct psp_bridge_postgres *postgres);

#endif
