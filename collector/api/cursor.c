/* 28 characters: question, key and position in base64url. */
#include "collector/api/cursor.h"

#include <string.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"

enum { RAW_BYTES = 21, TEXT_LENGTH = 28, FORM = 1 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void psp_cursor_write(const struct psp_cursor *cursor, char ret_text[PSP_CURSOR_TEXT_BYTES])
{
    uint8_t raw[RAW_BYTES];
    char *out = ret_text;
    raw[0] = FORM;
    psp_put32(raw + 1, cursor->question);
    psp_put64(raw + 5, cursor->key);
    psp_put64(raw + 13, cursor->position);
    for (int i = 0; i < RAW_BYTES; i += 3) {
        const uint32_t three =
            (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | (uint32_t)raw[i + 2];
        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = alphabet[three >> 6 & 63];
        *out++ = alphabet[three & 63];
    }
    *out = 0;
}

bool psp_cursor_read(const char *text, struct psp_cursor *ret_cursor)
{
    uint8_t raw[RAW_BYTES];
    if (strlen(text) != TEXT_LENGTH)
        return false;
    for (int group = 0; group < TEXT_LENGTH / 4; group++) {
        uint32_t three = 0;
        for (int i = 0; i < 4; i++) {
            const char *found = strchr(alphabet, text[group * 4 + i]);
            if (!found || !*found)
                return false;
            three = three << 6 | (uint32_t)(found - alphabet);
        }
        raw[group * 3] = (uint8_t)(three >> 16);
        raw[group * 3 + 1] = (uint8_t)(three >> 8);
        raw[group * 3 + 2] = (uint8_t)three;
    }
    if (raw[0] != FORM)
        return false;
    ret_cursor->question = psp_get32(raw + 1);
    ret_cursor->key = psp_get64(raw + 5);
    ret_cursor->position = psp_get64(raw + 13);
    return true;
}
