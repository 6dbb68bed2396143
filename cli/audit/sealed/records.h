/*
 * records - a shard's records from the first one on, where they lie: in a log's folder, or
 * sealed in a backup.
 *
 * Nothing that was sealed touches a disk in plain.
 *
 * Ownership: a record points into it until the next call.
 * Threads:   one owner.
 * Memory:    a record, or a part of a chunk (seal/opener.h).
 */
#ifndef PSP_RECORDS_H
#define PSP_RECORDS_H

#include "base/reason.h"
#include "cli/audit/sealed/chunks.h"
#include "journal/journal.h"

struct psp_records;

/* A log's, read only. As psp_journal_open. */
enum psp_status psp_records_of_log(const struct psp_journal_options *options,
                                   struct psp_records **ret_records,
                                   struct psp_reason *reterr_reason);
/* A backup's; that its shard signed the index is psp_sealed_check. PSP_EINVAL: no key. */
enum psp_status psp_records_of_sealed(const struct psp_sealed_shard *sealed,
                                      struct psp_records **ret_records,
                                      struct psp_reason *reterr_reason);
void psp_records_close(struct psp_records **records);

/* Which ones there are. */
uint64_t psp_records_first(const struct psp_records *records);
uint64_t psp_records_last(const struct psp_records *records);

/* The next one, from 1 on. PSP_ENOENT: there is none more. PSP_EPERM: not sealed for this
 * auditor; PSP_EMISMATCH, PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. With a reason that names the file. */
enum psp_status psp_records_next(struct psp_records *records, struct psp_record *ret_record,
                                 struct psp_reason *reterr_reason);

#endif
