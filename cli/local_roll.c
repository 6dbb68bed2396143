#include "cli/local_roll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "process/file.h"

enum psp_status psp_local_digest_secret(const struct psp_local *local,
                                        uint8_t ret_secret[PSP_DIGEST_KEY_BYTES])
{
    char *path = psp_local_path(local, "keys/digest.key");
    char text[2 * PSP_DIGEST_KEY_BYTES + 2] = "";
    size_t bytes = 0;
    enum psp_status status = psp_file_read_secret(path, text, sizeof text - 1, &bytes);
    free(path);
    if (status != PSP_OK)
        return status;
    uint8_t secret[PSP_DIGEST_KEY_BYTES];
    const size_t digits = 2 * PSP_DIGEST_KEY_BYTES;
    if (bytes < digits || strspn(text, "0123456789abcdef") != digits ||
        strcspn(text + digits, "\n") != 0)
        status = PSP_EINVAL;
    for (size_t i = 0; status == PSP_OK && i < sizeof secret; i++) {
        unsigned byte = 0;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            status = PSP_EINVAL;
        secret[i] = (uint8_t)byte;
    }
    explicit_bzero(text, sizeof text);
    if (status == PSP_OK)
        memcpy(ret_secret, secret, sizeof secret);
    explicit_bzero(secret, sizeof secret);
    return status;
}
