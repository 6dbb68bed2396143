/* The hash is of the whole file; whoever loads it compares. */
#include "election/roll/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/system/file.h"
#include "election/ballot.h"

enum {
    MAGIC_BYTES = 8,
    HEADER_BYTES = MAGIC_BYTES + 8,
    UNIT_BYTES = 4,
    STYLE_BYTES = 2,
    ROW_BYTES = PSP_DIGEST_BYTES + UNIT_BYTES, /* without a style */
};

static const char magic[MAGIC_BYTES + 1] = "PSPROLL1";
static const char magic_styles[MAGIC_BYTES + 1] = "PSPROLL2";

static size_t row_bytes(bool styles)
{
    return styles ? ROW_BYTES + STYLE_BYTES : ROW_BYTES;
}

static enum psp_status check(const char *bytes, size_t length, uint64_t *ret_n, bool *ret_styles)
{
    if (length < HEADER_BYTES)
        return PSP_EINVAL;
    const bool styles = memcmp(bytes, magic_styles, MAGIC_BYTES) == 0;
    if (!styles && memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return PSP_EINVAL;
    const uint64_t n = psp_get64((const uint8_t *)bytes + MAGIC_BYTES);
    const size_t rows = length - HEADER_BYTES;
    if (n != rows / row_bytes(styles) || rows % row_bytes(styles) != 0)
        return PSP_EINVAL;
    *ret_n = n;
    *ret_styles = styles;
    return PSP_OK;
}

static void read_rows(struct psp_roll_file *file, const char *row)
{
    for (uint64_t i = 0; i < file->n; i++, row += row_bytes(file->styles != NULL)) {
        memcpy(file->digests + i * PSP_DIGEST_BYTES, row, PSP_DIGEST_BYTES);
        memcpy(file->units + i * UNIT_BYTES, row + PSP_DIGEST_BYTES, UNIT_BYTES);
        if (file->styles != NULL)
            memcpy(file->styles + i * STYLE_BYTES, row + ROW_BYTES, STYLE_BYTES);
    }
}

enum psp_status psp_roll_file_load(const char *path, struct psp_roll_file *ret_file)
{
    char *bytes;
    size_t length;
    struct psp_roll_file file = {0};
    bool styles;
    enum psp_status status = psp_file_read(path, SIZE_MAX, &bytes, &length);
    if (status != PSP_OK)
        return status;
    status = check(bytes, length, &file.n, &styles);
    if (status != PSP_OK)
        goto out;
    file.digests = malloc(file.n * PSP_DIGEST_BYTES + 1);
    file.units = malloc(file.n * UNIT_BYTES + 1);
    file.styles = styles ? malloc(file.n * STYLE_BYTES + 1) : NULL;
    if (file.digests == NULL || file.units == NULL || (styles && file.styles == NULL)) {
        psp_roll_file_free(&file);
        status = PSP_ENOMEM;
        goto out;
    }
    read_rows(&file, bytes + HEADER_BYTES);
    crypto_hash_sha256(file.hash, (const unsigned char *)bytes, length);
    *ret_file = file;
out:
    free(bytes);
    return status;
}

enum psp_status psp_roll_file_count(const char *path, uint64_t *ret_n)
{
    char head[HEADER_BYTES];
    bool styles;
    enum psp_status status = PSP_EINVAL;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return psp_status_from_errno(errno);
    if (fread(head, sizeof head, 1, file) == 1) {
        const long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
        status = length < 0 ? PSP_EIO : check(head, (size_t)length, ret_n, &styles);
    } else if (ferror(file)) {
        status = PSP_EIO;
    }
    fclose(file);
    return status;
}

enum psp_status psp_roll_file_store(const char *path, struct psp_roll_file *file)
{
    const bool styles = file->styles != NULL;
    const size_t length = HEADER_BYTES + file->n * row_bytes(styles);
    uint8_t *bytes = malloc(length);
    if (bytes == NULL)
        return PSP_ENOMEM;
    memcpy(bytes, styles ? magic_styles : magic, MAGIC_BYTES);
    psp_put64(bytes + MAGIC_BYTES, file->n);
    uint8_t *row = bytes + HEADER_BYTES;
    for (uint64_t i = 0; i < file->n; i++, row += row_bytes(styles)) {
        memcpy(row, file->digests + i * PSP_DIGEST_BYTES, PSP_DIGEST_BYTES);
        memcpy(row + PSP_DIGEST_BYTES, file->units + i * UNIT_BYTES, UNIT_BYTES);
        if (styles)
            memcpy(row + ROW_BYTES, file->styles + i * STYLE_BYTES, STYLE_BYTES);
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
    free(file->styles);
    *file = (struct psp_roll_file){0};
}
