/*
 * opener - reads a chunk's file with an auditor's secret key, record by record.
 *
 * What it gives is what somebody sealed for this auditor, whole and in order, for exactly
 * this range. Who sealed it only the shard's signature says: compare the file's hash first
 * (psp_opener_hash, chunk.h).
 *
 * Ownership: a record points into the opener until the next call. The file is the caller's.
 * Threads:   one owner.
 * Memory:    a part twice, at most 33 MiB.
 */
#ifndef PSP_OPENER_H
#define PSP_OPENER_H

#include <stdio.h>

#include "base/status.h"
#include "journal/journal.h"
#include "seal/chunk.h"

struct psp_opener;

struct psp_opener_options {
    struct psp_chunk_range range;           /* which records are expected */
    const uint8_t *public_key, *secret_key; /* PSP_AUDITOR_KEY_BYTES each */
};

/* BLAKE2b-256 of the whole file, from its start; leaves it at the start. PSP_EIO. */
enum psp_status psp_opener_hash(FILE *file, uint8_t ret_hash[PSP_HASH_BYTES]);

/* Reads the head, from the file's start. PSP_EMISMATCH: of other records; PSP_EPERM: not
 * sealed for this auditor; PSP_EVERSION; PSP_EINVAL: no chunk; PSP_ECORRUPT: the box does not
 * open; PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_opener_create(FILE *file, const struct psp_opener_options *options,
                                  struct psp_opener **ret_opener);
void psp_opener_destroy(struct psp_opener **opener);

/* The next record. PSP_ENOENT: the range's last has been read, and nothing follows it.
 * PSP_ECORRUPT: changed, cut short, or not of this range; PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_opener_next(struct psp_opener *opener, struct psp_record *ret_record);

#endif
