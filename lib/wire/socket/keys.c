/* Key pairs and their files: see lib/wire/socket/socket.h. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/system/file.h"
#include "wire/socket/socket.h"

enum { KEY_FILE_BYTES_MAX = 256 };
static_assert((int)KEY_FILE_BYTES_MAX > 2 * (int)(sizeof "public " + PSP_KEY_Z85_BYTES),
              "two lines");
static_assert((int)PSP_KEY_BYTES * 5 / 4 == (int)PSP_KEY_Z85_BYTES - 1,
              "Z85: 5 characters for 4 bytes");

enum psp_status psp_keypair_generate(struct psp_keypair *ret_pair)
{
    struct psp_keypair pair = {0};
    if (zmq_curve_keypair(pair.public_z85, pair.secret_z85) != 0)
        return PSP_EIO;
    *ret_pair = pair;
    sodium_memzero(&pair, sizeof pair);
    return PSP_OK;
}

enum psp_status psp_key_public_of_secret(const char *secret_z85,
                                         char ret_public_z85[PSP_KEY_Z85_BYTES])
{
    uint8_t raw[32];
    if (strlen(secret_z85) != PSP_KEY_Z85_BYTES - 1 || !zmq_z85_decode(raw, secret_z85))
        return PSP_EINVAL;
    sodium_memzero(raw, sizeof raw);
    return zmq_curve_public(ret_public_z85, secret_z85) == 0 ? PSP_OK : PSP_EIO;
}

bool psp_key_valid(const char *z85)
{
    uint8_t raw[32];
    return strlen(z85) == PSP_KEY_Z85_BYTES - 1 && zmq_z85_decode(raw, z85);
}

enum psp_status psp_key_bytes(const char *z85, uint8_t ret_key[PSP_KEY_BYTES])
{
    return strlen(z85) == PSP_KEY_Z85_BYTES - 1 && zmq_z85_decode(ret_key, z85) ? PSP_OK
                                                                                : PSP_EINVAL;
}

/* Takes "<word> <40 characters>\n" off the front of *text. */
static bool take_line(const char **text, const char *word, char ret_z85[PSP_KEY_Z85_BYTES])
{
    const size_t word_bytes = strlen(word), key_bytes = PSP_KEY_Z85_BYTES - 1;
    if (strlen(*text) < word_bytes + 1 + key_bytes + 1)
        return false;
    if (strncmp(*text, word, word_bytes) != 0 || (*text)[word_bytes] != ' ')
        return false;
    memcpy(ret_z85, *text + word_bytes + 1, key_bytes);
    ret_z85[key_bytes] = '\0';
    *text += word_bytes + 1 + key_bytes;
    if (**text != '\n' || !psp_key_valid(ret_z85))
        return false;
    ++*text;
    return true;
}

static enum psp_status parse(const char *text, struct psp_keypair *ret_pair)
{
    char derived[PSP_KEY_Z85_BYTES];
    if (!take_line(&text, "public", ret_pair->public_z85) ||
        !take_line(&text, "secret", ret_pair->secret_z85) || *text != '\0')
        return PSP_EINVAL;
    const enum psp_status status = psp_key_public_of_secret(ret_pair->secret_z85, derived);
    if (status != PSP_OK)
        return status;
    return strcmp(derived, ret_pair->public_z85) == 0 ? PSP_OK : PSP_EINVAL;
}

enum psp_status psp_keypair_load(const char *path, struct psp_keypair *ret_pair)
{
    char text[KEY_FILE_BYTES_MAX + 1];
    size_t length = 0;
    enum psp_status status = psp_file_read_secret(path, text, KEY_FILE_BYTES_MAX, &length);
    if (status != PSP_OK)
        return status;
    assert(length <= KEY_FILE_BYTES_MAX);
    text[length] = '\0';
    struct psp_keypair pair;
    status = parse(text, &pair);
    if (status == PSP_OK)
        *ret_pair = pair;
    sodium_memzero(text, sizeof text);
    sodium_memzero(&pair, sizeof pair);
    return status;
}

enum psp_status psp_keypair_store(const char *path, const struct psp_keypair *pair)
{
    char text[KEY_FILE_BYTES_MAX];
    const int length =
        snprintf(text, sizeof text, "public %s\nsecret %s\n", pair->public_z85, pair->secret_z85);
    assert(length > 0 && (size_t)length < sizeof text);
    const enum psp_status status = psp_file_create_secret(path, text, (size_t)length);
    sodium_memzero(text, sizeof text);
    return status;
}
