/*
 * file - a shard's part of the voter roll: digests and units, no names.
 *
 * `psephos up` reads roll.csv, turns each voter ID into its digest and writes
 * one file per shard. Bytes: "PSPROLL1", count LE64, then count times (digest
 * 16 bytes, unit position LE32), in the roll's order. Of a roll that tells ballot
 * styles: "PSPROLL2", and behind each unit the style, LE16, its place among the unit's
 * from 1. The file's SHA-256 stands in cluster.json and in the shard's genesis.
 *
 * Ownership: the caller owns the loaded part.
 * Threads:   one owner.
 */
#ifndef PSP_ROLL_FILE_H
#define PSP_ROLL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

struct psp_roll_file {
    uint64_t n;
    uint8_t *digests; /* 16 n */
    uint8_t *units;   /* 4 n */
    uint8_t *styles;  /* 2 n; NULL: the roll does not tell */
    uint8_t hash[PSP_HASH_BYTES];
};

/* PSP_ENOENT, PSP_EINVAL, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_roll_file_load(const char *path, struct psp_roll_file *ret_file);
/* How many voters, from its head alone. PSP_ENOENT, PSP_EINVAL, PSP_EIO. */
enum psp_status psp_roll_file_count(const char *path, uint64_t *ret_n);
/* Writes beside and renames, fsync; fills file->hash. */
enum psp_status psp_roll_file_store(const char *path, struct psp_roll_file *file);
void psp_roll_file_free(struct psp_roll_file *file);

#endif
