/* The version is read before the message, by hand: what an unknown version says is not
 * decoded. */
#include "wire/message/pack.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes/varint.h"
#include "election/verdict.h"

static_assert((int)PSP_DISPOSITIONS_END <= 16, "four bits of a verdict");

struct arena_user {
    struct psp_arena *arena;
    bool exhausted;
};

static void *take(void *user, size_t bytes)
{
    struct arena_user *arena_user = user;
    void *at = psp_arena_alloc(arena_user->arena, bytes);
    if (!at)
        arena_user->exhausted = true;
    return at;
}

static void give_back(void *user, void *at)
{
    (void)user, (void)at; /* the arena is freed as a whole */
}

/* Moves behind the value of a field with the given wire type. */
static bool skip_value(unsigned wire_type, const uint8_t **at, size_t *available)
{
    uint64_t value = 0;
    size_t used = 0;
    assert(wire_type < 8);
    if (wire_type == 1) {
        used = 8;
    } else if (wire_type == 5) {
        used = 4;
    } else if (wire_type == 0 || wire_type == 2) {
        used = psp_varint_read_any(*at, *available, &value);
        if (used == 0)
            return false;
        if (wire_type == 2) {
            if (value > *available - used)
                return false;
            used += (size_t)value;
        }
    } else {
        return false;
    }
    if (used > *available)
        return false;
    *at += used;
    *available -= used;
    return true;
}

uint32_t psp_pack_first_of(const uint8_t *bytes, size_t length, uint32_t first, uint32_t last)
{
    assert(first > 0 && first <= last);
    for (uint32_t fields = 0; length > 0 && fields < PSP_MESSAGE_FIELDS_MAX; fields++) {
        uint64_t tag = 0;
        const size_t used = psp_varint_read_any(bytes, length, &tag);
        if (used == 0 || tag >> 3 == 0 || tag > UINT32_MAX)
            return 0;
        if (tag >> 3 >= first && tag >> 3 <= last)
            return (uint32_t)(tag >> 3);
        bytes += used;
        length -= used;
        if (!skip_value((unsigned)tag & 7, &bytes, &length))
            return 0;
    }
    return 0;
}

uint64_t psp_pack_version(const uint8_t *bytes, size_t length)
{
    uint64_t version = 0;
    if (length < 2 || bytes[0] != 0x08 || psp_varint_read_any(bytes + 1, length - 1, &version) == 0)
        return 0;
    return version;
}

enum psp_status psp_unpack(const ProtobufCMessageDescriptor *descriptor, uint32_t version,
                           struct psp_arena *arena, const uint8_t *bytes, size_t length,
                           ProtobufCMessage **ret_message, const char **ret_reason)
{
    if (length > PSP_MESSAGE_BYTES_MAX) {
        *ret_reason = "longer than a message may be";
        return PSP_EINVAL;
    }
    struct arena_user user = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back, .allocator_data = &user};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, length, bytes);
    if (message) {
        assert(message->descriptor == descriptor);
        *ret_message = message;
        return PSP_OK;
    }
    const uint64_t found = psp_pack_version(bytes, length);
    if (found != 0 && found != version) {
        *ret_reason = "unknown protocol version";
        return PSP_EVERSION;
    }
    if (user.exhausted) {
        *ret_reason = "too many or too large fields for one message";
        return PSP_ENOMEM;
    }
    *ret_reason = "not a message of this protocol";
    return PSP_EINVAL;
}

static enum psp_status reserve(struct psp_buffer *buffer, size_t bytes)
{
    if (bytes <= buffer->capacity)
        return PSP_OK;
    /* Half as much again: message sizes vary, and growing step by step to the
     * largest of them would copy each time. The content is not kept. */
    const size_t capacity = bytes + bytes / 2;
    assert(bytes <= PSP_MESSAGE_BYTES_MAX);
    uint8_t *data = malloc(capacity);
    if (!data)
        return PSP_ENOMEM;
    free(buffer->data);
    *buffer = (struct psp_buffer){.data = data, .capacity = capacity};
    return PSP_OK;
}

enum psp_status psp_pack(const ProtobufCMessage *message, struct psp_buffer *ret_buffer)
{
    const size_t size = protobuf_c_message_get_packed_size(message);
    if (size > PSP_MESSAGE_BYTES_MAX)
        return PSP_ENOMEM;
    const enum psp_status status = reserve(ret_buffer, size);
    if (status != PSP_OK)
        return status;
    assert(size <= ret_buffer->capacity);
    ret_buffer->length = size == 0 ? 0 : protobuf_c_message_pack(message, ret_buffer->data);
    assert(ret_buffer->length == size);
    return PSP_OK;
}

void psp_buffer_free(struct psp_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct psp_buffer){0};
}

bool psp_pack_verdicts_valid(const uint8_t *verdicts, size_t n, bool inside)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned low = verdicts[i] & 0x0F, high = verdicts[i] >> 4;
        const bool first =
            low >= PSP_COUNTED && low < PSP_DISPOSITIONS_END && low != PSP_REPLAYED && high == 0;
        const bool again = low == PSP_REPLAYED && high >= PSP_COUNTED &&
                           high < PSP_DISPOSITIONS_END && high != PSP_REPLAYED;
        const bool none = verdicts[i] == PSP_NOT_JUDGED || verdicts[i] == PSP_NOT_KNOWN;
        if (!first && !again && !(inside && none))
            return false;
    }
    return true;
}
