/*
 * pack - protobuf-c messages out of an arena and into a buffer.
 *
 * Inside wire/ only. Every top-level message has its protocol or format number
 * in field 1, so that a message of a later version can be told from rubbish
 * even when the rest of it cannot be read.
 *
 * Ownership: a message is the arena's, bytes are the buffer's.
 * Threads: any, one arena and buffer each.
 */
#ifndef PSP_PACK_H
#define PSP_PACK_H

#include <assert.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/arena.h"
#include "base/status.h"
#include "wire/message/message.h"

/* PSP_EINVAL, PSP_ENOMEM (the arena's budget), PSP_EVERSION: unreadable, and of
 * another version than `version`. A readable one's version is the caller's to
 * check. */
enum psp_status psp_unpack(const ProtobufCMessageDescriptor *descriptor, uint32_t version,
                           struct psp_arena *arena, const uint8_t *bytes, size_t length,
                           ProtobufCMessage **ret_message, const char **ret_reason);

/* Replaces the buffer's content. PSP_ENOMEM, also over PSP_MESSAGE_BYTES_MAX. */
enum psp_status psp_pack(const ProtobufCMessage *message, struct psp_buffer *ret_buffer);

/* The number of the first field from `first` to `last`, 0 when there is none among the first
 * PSP_MESSAGE_FIELDS_MAX or the bytes are no fields. */
uint32_t psp_pack_first_of(const uint8_t *bytes, size_t length, uint32_t first, uint32_t last);

/* The version, where writers put it: in front. 0 when it is not there. */
uint64_t psp_pack_version(const uint8_t *bytes, size_t length);

/* True when every byte is a verdict (lib/election/verdict.h), or, inside a cluster, what
 * stands in its place. */
bool psp_pack_verdicts_valid(const uint8_t *verdicts, size_t n, bool inside);

/* PSP_EINVAL, and why. */
static inline enum psp_status psp_pack_refuse(const char **ret_reason, const char *reason)
{
    assert(reason != NULL);
    *ret_reason = reason;
    return PSP_EINVAL;
}

/* protobuf-c's structs are not const, but packing only reads them. */
static inline ProtobufCBinaryData psp_pack_data(const uint8_t *bytes, size_t length)
{
    assert(bytes != NULL || length == 0);
    return (ProtobufCBinaryData){.len = length, .data = (uint8_t *)(uintptr_t)bytes};
}
static inline char *psp_pack_text(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

/* Copies exactly `size` bytes; false, and nothing copied, for another length. */
static inline bool psp_pack_take(const ProtobufCBinaryData *data, uint8_t *ret_bytes, size_t size)
{
    if (data->len != size)
        return false;
    assert(size > 0);
    memcpy(ret_bytes, data->data, size);
    return true;
}
static inline bool psp_pack_holds(const ProtobufCBinaryData *data, uint32_t n, size_t width)
{
    assert(width > 0);
    return data->len == (size_t)n * width;
}
static inline struct psp_bytes psp_pack_bytes(const ProtobufCBinaryData *data)
{
    return (struct psp_bytes){.data = data->data, .length = data->len};
}

#endif
