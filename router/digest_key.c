/* The key's hash must be the one in cluster.json, or voters would get other digests here. */
#include "router/digest_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX_DIGITS = 2 * PSP_DIGEST_KEY_BYTES };

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The permission is checked on the file that is read, not on the name. */
static enum psp_status read_line(const char *path, char ret_line[HEX_DIGITS + 2],
                                 ssize_t *ret_bytes, const char **reterr_reason)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *reterr_reason = strerror(errno);
        return psp_status_from_errno(errno);
    }
    struct stat stat;
    enum psp_status status = PSP_OK;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        *reterr_reason = "it is not a file";
        status = PSP_EIO;
    } else if ((stat.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        *reterr_reason = "others can read it: it must have mode 0600";
        status = PSP_EPERM;
    } else {
        *ret_bytes = read(fd, ret_line, HEX_DIGITS + 2);
        if (*ret_bytes < 0) {
            *reterr_reason = strerror(errno);
            status = PSP_EIO;
        }
    }
    close(fd);
    return status;
}

enum psp_status psp_digest_key_load(const char *path, const uint8_t wanted_hash[PSP_HASH_BYTES],
                                    struct psp_digest_key *ret_key,
                                    struct psp_reason *reterr_reason)
{
    char line[HEX_DIGITS + 2];
    uint8_t secret[PSP_DIGEST_KEY_BYTES];
    struct psp_digest_key key;
    ssize_t bytes = 0;
    const char *fault = NULL;
    enum psp_status status = read_line(path, line, &bytes, &fault);
    if (status != PSP_OK)
        goto refuse;

    status = PSP_EINVAL;
    fault = "it does not hold one line of 32 hex digits";
    if (bytes != HEX_DIGITS && !(bytes == HEX_DIGITS + 1 && line[HEX_DIGITS] == '\n'))
        goto refuse;
    for (size_t i = 0; i < PSP_DIGEST_KEY_BYTES; i++) {
        const int high = hex_value(line[2 * i]), low = hex_value(line[2 * i + 1]);
        if (high < 0 || low < 0)
            goto refuse;
        secret[i] = (uint8_t)(high << 4 | low);
    }
    psp_digest_key_init(&key, secret);
    if (memcmp(key.hash, wanted_hash, PSP_HASH_BYTES) != 0) {
        status = PSP_EMISMATCH;
        fault = "this is not the digest key that cluster.json names (digest_key_hash); restore the "
                "right one from its backup: with another key voters could vote twice";
        goto refuse;
    }
    *ret_key = key;
    explicit_bzero(&key, sizeof key);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(line, sizeof line);
    return PSP_OK;
refuse:
    psp_reason_set(reterr_reason, "%s: %s", path, fault);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(line, sizeof line);
    return status;
}
