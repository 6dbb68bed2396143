/*
 * load - files and folders of returns, read as one.
 *
 * Ownership: the caller frees what it is given.   Threads: one owner.
 */
#ifndef PSP_RETURNS_LOAD_H
#define PSP_RETURNS_LOAD_H

#include <stddef.h>

#include "cli/returns/record.h"
#include "election/import/report.h"
#include "election/returns/returns.h"

/* Read, and taken as what they mean.
 * A folder stands for its .csv, .tsv and .txt files, in the order of their names.
 * PSP_EINVAL: the report says why. PSP_ENOMEM. */
enum psp_status psp_returns_load(const char *const *paths, size_t n,
                                 const struct psp_returns_options *options,
                                 struct psp_report *report, struct psp_returns **ret_returns);

#endif
