/*
 * reading - tables of published returns become rows.
 *
 * A row here is what a file says, cell by cell, under our columns: nothing is
 * decided yet about what a line means (election/import/meaning). Several files make
 * one set of returns. Everything that cannot be read is told at once, in the report.
 *
 * A table with columns for the methods has a row for each method with votes; an
 * empty cell there is 0. What its `votes` say more than the methods has the method
 * "" (the file does not say).
 *
 * Ownership: the options and the report are the caller's and must outlive it.
 * Threads:   one owner.   Memory: of the rows (returns/builder.h).
 */
#ifndef PSP_READING_H
#define PSP_READING_H

#include "election/import/reading/options.h"
#include "election/import/report.h"
#include "election/returns/builder.h"

struct psp_reading;

/* PSP_ENOMEM. */
enum psp_status psp_reading_create(const struct psp_reading_options *options,
                                   struct psp_report *report, struct psp_reading **ret_reading);
/* NULL is fine. */
void psp_reading_destroy(struct psp_reading **reading);

/* What is wrong with the file is in the report. PSP_EINVAL: no more files fit, which is
 * there, too; PSP_ENOMEM. */
enum psp_status psp_reading_file(struct psp_reading *reading, const char *path);
/* A table that is open already, and what its file is called. As above. */
enum psp_status psp_reading_table(struct psp_reading *reading, struct psp_csv *csv,
                                  const char *name);

/* Rows that stand twice are told; rows that cannot stand are left out, when they may be.
 * The reading is gone then, whatever comes of it. PSP_EINVAL: the report says why. PSP_ENOMEM. */
enum psp_status psp_reading_finish(struct psp_reading **reading,
                                   struct psp_returns_builder **ret_builder);

#endif
