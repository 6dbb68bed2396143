/* Members one after the other. */
#include "wire/message/key_counters.h"

#include <assert.h>

#include "wire/socket/socket.h"

enum { MEMBERS = 8 };

size_t psp_key_counters_encode(const struct psp_key_counters *counters,
                               uint8_t ret_bytes[PSP_KEY_COUNTERS_MAX])
{
    const uint64_t members[MEMBERS] = {counters->role,    counters->id,      counters->messages,
                                       counters->bytes,   counters->time_us, counters->over,
                                       counters->refused, counters->ended};
    size_t n = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        n += psp_varint_write(ret_bytes + n, members[i]);
    assert(n <= PSP_KEY_COUNTERS_MAX);
    return n;
}

bool psp_key_counters_decode(struct psp_bytes *bytes, struct psp_key_counters *ret_counters)
{
    uint64_t members[MEMBERS];
    size_t at = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        const size_t used = psp_varint_read64(bytes->data + at, bytes->length - at, &members[i]);
        if (used == 0)
            return false;
        at += used;
    }
    if (members[0] > UINT32_MAX || members[1] > UINT32_MAX)
        return false;
    *ret_counters = (struct psp_key_counters){.role = (uint32_t)members[0],
                                              .id = (uint32_t)members[1],
                                              .messages = members[2],
                                              .bytes = members[3],
                                              .time_us = members[4],
                                              .over = members[5],
                                              .refused = members[6],
                                              .ended = members[7]};
    assert(at <= bytes->length);
    bytes->data += at;
    bytes->length -= at;
    return true;
}

const char *psp_key_role_name(uint32_t role)
{
    switch (role) {
    case PSP_ROLE_STATION:
        return "station";
    case PSP_ROLE_GATEWAY:
        return "gateway";
    case PSP_ROLE_OPERATOR:
        return "operator";
    case PSP_ROLE_COLLECTOR:
        return "collector";
    default:
        return "key";
    }
}
