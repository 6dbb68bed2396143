/* The hash is of the whole file; whoever loads it compares. */
#include "election/roll/file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/system/file.h"
#include "election/ballot.h"

enum { MAGIC_BYTES = 8, HEADER_BYTES = MAGIC_BYTES + 8, ROW_BYTES = PSP_DIGEST_BYTES + 4 };

static const char magic[MAGIC_BYTES + 1] = "PSPROLL1";

static enum psp_status check(const char *bytes, size_t length, uint64_t *ret_n)
{
    if (length < HEADER_BYTES || memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return PSP_EINVAL;
    const uint64_t n = psp_get64((const uint8_t *)bytes + MAGIC_BYTES);
    if (n != (length - HEADER_BYTES) / ROW_BYTES || (length - HEADER_BYTES) % ROW_BYTES != 0)
        return PSP_EINVAL;
    *ret_n = n;
    return PSP_OK;
}

enum psp_status psp_roll_file_load(const char *path, struct psp_roll_file *ret_file)
{
    char *bytes;
    size_t length;
    struct psp_roll_file file = {0};
    enum psp_status status = psp_file_read(path, SIZE_MAX, &bytes, &length);
    if (status != PSP_OK)
        return status;
    status = check(bytes, length, &file.n);
    if (status != PSP_OK)
        goto out;
    file.digests = malloc(file.n * PSP_DIGEST_BYTES + 1);
    file.units = malloc(file.n * 4 + 1);
    if (file.digests == NULL || file.units == NULL) {
        psp_roll_file_free(&file);
        status = PSP_ENOMEM;
        goto out;
    }
    const char *row = bytes + HEADER_BYTES;
    for (uint64_t i = 0; i < file.n; i++, row += ROW_BYTES) {
        memcpy(file.digests + i * PSP_DIGEST_BYTES, row, PSP_DIGEST_BYTES);
        memcpy(file.units + i * 4, row + PSP_DIGEST_BYTES, 4);
    }
    crypto_hash_sha256(file.hash, (const unsigned char *)bytes, length);
    *ret_file = file;
out:
    free(bytes);
    return status;
}

enum psp_status psp_roll_file_store(const char *path, struct psp_roll_file *file)
{
    const size_t length = HEADER_BYTES + file->n * ROW_BYTES;
    uint8_t *bytes = malloc(length);
    if (bytes == NULL)
        return PSP_ENOMEM;
    memcpy(bytes, magic, MAGIC_BYTES);
    psp_put64(bytes + MAGIC_BYTES, file->n);
    uint8_t *row = bytes + HEADER_BYTES;
    for (uint64_t i = 0; i < file->n; i++, row += ROW_BYTES) {
        memcpy(row, file->digests + i * PSP_DIGEST_BYTES, PSP_DIGEST_BYTES);
        memcpy(row + PSP_DIGEST_BYTES, file->units + i * 4, 4);
    }
    const enum psp_status status = psp_file_write(path, bytes, length, 0600);
    if (status == PSP_OK)
        crypto_hash_sha256(file->hash, bytes, length);
    free(bytes);
    return status;
}

void psp_roll_file_free(struct psp_roll_file *file)
{
    free(file->digests);
    free(file->units);
    *file = (struct psp_roll_file){0};
}
