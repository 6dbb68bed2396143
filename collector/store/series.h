/*
 * series - the time series in the collector's LMDB.
 *
 *     meta    "series_width" -> LE64 ms of a bucket
 *     series  BE64 time in ms -> the cells of the point's row (collector/view/series.h),
 *             each a number of lib/election/rows.h
 *
 * Threads: the store's owner.
 */
#ifndef PSP_COLLECTOR_STORE_SERIES_H
#define PSP_COLLECTOR_STORE_SERIES_H

#include "collector/store/store.h"
#include "collector/view/series.h"

/* Into a series that holds nothing yet. PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_collector_store_load_series(struct psp_collector_store *store,
                                                struct psp_series *series);

/* Writes what changed; durable when it returns PSP_OK. PSP_EIO, PSP_ENOSPC,
 * PSP_ENOMEM: final. */
enum psp_status psp_collector_store_save_series(struct psp_collector_store *store,
                                                struct psp_series *series);

#endif
