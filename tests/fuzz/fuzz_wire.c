/*
 * Every decoder of the wire, on any bytes: no crash, no leak, nothing over the
 * budget; and what decodes survives encoding: encode(decode(x)) decodes to the
 * same bytes again.
 *
 * The first byte chooses the decoder and the budget, so that running out of it
 * is tried everywhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message/message.h"

enum { CLIENT, CLUSTER, ENTRY, DECODERS };

union decoded {
    struct psp_client_message client;
    struct psp_cluster_message cluster;
    struct psp_entry entry;
};

static enum psp_status decode(int which, struct psp_arena *arena, const uint8_t *bytes,
                              size_t length, union decoded *ret_decoded)
{
    const char *reason = NULL;
    enum psp_status status;
    if (which == CLIENT)
        status = psp_client_message_decode(arena, bytes, length, &ret_decoded->client, &reason);
    else if (which == CLUSTER)
        status = psp_cluster_message_decode(arena, bytes, length, &ret_decoded->cluster, &reason);
    else
        status = psp_entry_decode(arena, bytes, length, &ret_decoded->entry, &reason);
    if (status != PSP_OK && (!reason || strlen(reason) == 0))
        abort();
    return status;
}

static enum psp_status encode(int which, const union decoded *decoded, struct psp_buffer *buffer)
{
    if (which == CLIENT)
        return psp_client_message_encode(&decoded->client, buffer);
    if (which == CLUSTER)
        return psp_cluster_message_encode(&decoded->cluster, buffer);
    return psp_entry_encode(&decoded->entry, buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    const int which = bytes[0] % DECODERS;
    const size_t budget = bytes[0] & 0x80 ? (size_t)(bytes[0] & 0x7F) << 4 : (size_t)16 << 20;
    /* A copy of its own, so that reading one byte too far is noticed. */
    uint8_t *copy = malloc(length - 1);
    struct psp_arena *arena = NULL, *again = NULL;
    struct psp_buffer first = {0}, second = {0};
    union decoded one, two;
    if (psp_arena_create(budget, &arena) != PSP_OK || psp_arena_create(32 << 20, &again) != PSP_OK)
        abort();
    if (length > 1)
        memcpy(copy, bytes + 1, length - 1);
    if (decode(which, arena, copy, length - 1, &one) == PSP_OK) {
        if (encode(which, &one, &first) != PSP_OK ||
            decode(which, again, first.data, first.length, &two) != PSP_OK ||
            encode(which, &two, &second) != PSP_OK)
            abort();
        if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
            abort();
    }
    psp_arena_destroy(&arena);
    psp_arena_destroy(&again);
    psp_buffer_free(&first);
    psp_buffer_free(&second);
    free(copy);
    return 0;
}
