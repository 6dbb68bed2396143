/* Protocol Buffers written by hand: what the decoders are tested against, apart
 * from protobuf-c and from our encoders. */
#ifndef PSP_TEST_PROTO_WRITER_H
#define PSP_TEST_PROTO_WRITER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { PROTO_BYTES = 1 << 20 };

struct proto {
    uint8_t bytes[PROTO_BYTES];
    size_t length;
};

static inline void proto_varint(struct proto *out, uint64_t value)
{
    assert(out->length + 10 <= PROTO_BYTES);
    for (; value > 0x7F; value >>= 7)
        out->bytes[out->length++] = (uint8_t)(value | 0x80);
    out->bytes[out->length++] = (uint8_t)value;
}

static inline void proto_number(struct proto *out, unsigned field, uint64_t value)
{
    proto_varint(out, field << 3);
    proto_varint(out, value);
}

static inline void proto_bytes(struct proto *out, unsigned field, const void *bytes, size_t length)
{
    proto_varint(out, field << 3 | 2);
    proto_varint(out, length);
    assert(out->length + length <= PROTO_BYTES);
    if (length > 0)
        memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static inline void proto_text(struct proto *out, unsigned field, const char *text)
{
    proto_bytes(out, field, text, strlen(text));
}

/* `length` bytes of the value `fill`. */
static inline void proto_filled(struct proto *out, unsigned field, uint8_t fill, size_t length)
{
    proto_varint(out, field << 3 | 2);
    proto_varint(out, length);
    assert(out->length + length <= PROTO_BYTES);
    memset(out->bytes + out->length, fill, length);
    out->length += length;
}

static inline void proto_message(struct proto *out, unsigned field, const struct proto *message)
{
    proto_bytes(out, field, message->bytes, message->length);
}

#endif
