/* The buffers on the way are wiped: they hold the secret as text. */
#include "base/system/secret.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/system/file.h"

enum { TEXT_BYTES = 2 * PSP_SECRET_BYTES_MAX + 2 };

static const char digits[] = "0123456789abcdef";

enum psp_status psp_secret_load(const char *path, uint8_t *ret_secret, size_t bytes)
{
    char text[TEXT_BYTES] = "";
    uint8_t secret[PSP_SECRET_BYTES_MAX];
    size_t length = 0;
    assert(bytes <= sizeof secret);
    enum psp_status status = psp_file_read_secret(path, text, sizeof text - 1, &length);
    if (status == PSP_OK && (strspn(text, digits) != 2 * bytes ||
                             strcspn(text + 2 * bytes, "\n") != 0 || length > 2 * bytes + 1))
        status = PSP_EINVAL;
    for (size_t i = 0; status == PSP_OK && i < bytes; i++)
        secret[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                              (strchr(digits, text[2 * i + 1]) - digits));
    if (status == PSP_OK)
        memcpy(ret_secret, secret, bytes);
    explicit_bzero(text, sizeof text);
    explicit_bzero(secret, sizeof secret);
    return status;
}

enum psp_status psp_secret_store(const char *path, const uint8_t *secret, size_t bytes)
{
    char text[TEXT_BYTES];
    assert(bytes <= PSP_SECRET_BYTES_MAX);
    for (size_t i = 0; i < bytes; i++) {
        text[2 * i] = digits[secret[i] >> 4];
        text[2 * i + 1] = digits[secret[i] & 15];
    }
    text[2 * bytes] = '\n';
    const enum psp_status status = psp_file_create_secret(path, text, 2 * bytes + 1);
    explicit_bzero(text, sizeof text);
    return status;
}

enum psp_status psp_secret_make(const char *path, uint8_t *ret_secret, size_t bytes)
{
    uint8_t secret[PSP_SECRET_BYTES_MAX];
    enum psp_status status = psp_secret_load(path, ret_secret, bytes);
    if (status != PSP_ENOENT)
        return status;
    status = getrandom(secret, bytes, 0) == (ssize_t)bytes ? PSP_OK : PSP_EIO;
    if (status == PSP_OK)
        status = psp_secret_store(path, secret, bytes);
    if (status == PSP_OK)
        memcpy(ret_secret, secret, bytes);
    explicit_bzero(secret, sizeof secret);
    return status;
}
