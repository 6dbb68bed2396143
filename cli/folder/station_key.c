/* The secret of the IDs comes first: a key without it would be handed out alone. */
#include "cli/folder/station_key.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "base/system/secret.h"
#include "cli/say/memory.h"
#include "election/ballot_id.h"

enum { PUBLIC_FILE_BYTES_MAX = 256, PUBLIC_MODE = 0644, KEY_CHARACTERS = PSP_KEY_Z85_BYTES - 1 };

char *psp_station_ids_path(const char *key_path)
{
    return psp_memory_print("%s.ids", key_path);
}

char *psp_station_public_path(const char *key_path)
{
    return psp_memory_print("%s.pub", key_path);
}

static enum psp_status make_ids(const char *key_path, struct psp_reason *reterr_reason)
{
    uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    char *path = psp_station_ids_path(key_path);
    const enum psp_status status = psp_secret_make(path, secret, sizeof secret);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    explicit_bzero(secret, sizeof secret);
    free(path);
    return status;
}

enum psp_status psp_station_key_make(const char *key_path, char ret_public[PSP_KEY_Z85_BYTES],
                                     struct psp_reason *reterr_reason)
{
    struct psp_keypair pair = {0};
    enum psp_status status = make_ids(key_path, reterr_reason);
    if (status != PSP_OK)
        return status;
    status = psp_keypair_load(key_path, &pair);
    if (status == PSP_ENOENT) {
        status = psp_keypair_generate(&pair);
        if (status == PSP_OK)
            status = psp_keypair_store(key_path, &pair);
    }
    if (status == PSP_OK)
        memcpy(ret_public, pair.public_z85, PSP_KEY_Z85_BYTES);
    else
        psp_reason_set_status(reterr_reason, key_path, status);
    explicit_bzero(&pair, sizeof pair);
    return status;
}

/* Without the end of its line. */
static void cut_line(char *text, size_t bytes)
{
    while (bytes > 0 && strchr("\r\n \t", text[bytes - 1]) != NULL)
        text[--bytes] = '\0';
}

enum psp_status psp_public_key_read(const char *text, const char *whose,
                                    char ret_public[PSP_KEY_Z85_BYTES],
                                    struct psp_reason *reterr_reason)
{
    if (psp_key_valid(text)) {
        memcpy(ret_public, text, PSP_KEY_Z85_BYTES);
        return PSP_OK;
    }
    char *held = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(text, PUBLIC_FILE_BYTES_MAX, &held, &bytes);
    if (status == PSP_ENOENT) {
        psp_reason_set(reterr_reason,
                       "%s is no public key (%d characters, Z85), and there is no such file", text,
                       (int)KEY_CHARACTERS);
        return PSP_EINVAL;
    }
    if (status == PSP_OK)
        cut_line(held, bytes);
    const bool is_secret = status == PSP_OK && strstr(held, "secret ") != NULL;
    if (status == PSP_OK && psp_key_valid(held)) {
        memcpy(ret_public, held, PSP_KEY_Z85_BYTES);
    } else {
        status = PSP_EINVAL;
        if (is_secret)
            psp_reason_set(reterr_reason,
                           "%s holds a secret key, which stays on the %s's machine; bring %s.pub",
                           text, whose, text);
        else
            psp_reason_set(reterr_reason,
                           "%s holds no public key: `psephos %s keygen` writes one to FILE.pub",
                           text, whose);
    }
    if (held != NULL)
        explicit_bzero(held, bytes);
    free(held);
    return status;
}

enum psp_status psp_public_key_store(const char *key_path, const char *public_key,
                                     struct psp_reason *reterr_reason)
{
    char line[PSP_KEY_Z85_BYTES + 1];
    char *path = psp_station_public_path(key_path);
    const int bytes = snprintf(line, sizeof line, "%s\n", public_key);
    const enum psp_status status = psp_file_write(path, line, (size_t)bytes, PUBLIC_MODE);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s: %s; %s is made, its public key is %s", path,
                       psp_status_text(status), key_path, public_key);
    free(path);
    return status;
}

/* Anybody may read it: it has no mode of its own to be told from a secret by. */
static bool holds_public(const char *path)
{
    char *held = NULL;
    size_t bytes = 0;
    if (psp_file_read(path, PUBLIC_FILE_BYTES_MAX, &held, &bytes) != PSP_OK)
        return false;
    cut_line(held, bytes);
    const bool is_public = psp_key_valid(held);
    explicit_bzero(held, bytes);
    free(held);
    return is_public;
}

enum psp_status psp_station_key_check(const char *key_path, struct psp_reason *reterr_reason)
{
    struct psp_keypair pair = {0};
    const enum psp_status status = psp_keypair_load(key_path, &pair);
    explicit_bzero(&pair, sizeof pair);
    if (status == PSP_OK)
        return PSP_OK;
    if (status == PSP_ENOENT)
        psp_reason_set(reterr_reason,
                       "%s is missing: it is the station's secret key, which `psephos client add` "
                       "or `station keygen` made",
                       key_path);
    else if (holds_public(key_path))
        psp_reason_set(reterr_reason,
                       "%s holds the public half of a key; a station casts with the secret one, "
                       "which lies beside it without .pub",
                       key_path);
    else if (status == PSP_EPERM)
        psp_reason_set(reterr_reason, "%s: %s: a key file must have mode 0600", key_path,
                       psp_status_text(status));
    else if (status == PSP_EINVAL)
        psp_reason_set(reterr_reason, "%s holds no key of a station", key_path);
    else
        psp_reason_set_status(reterr_reason, key_path, status);
    return status;
}
