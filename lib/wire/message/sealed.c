/* What an operator asks of a log, and what leaves it. */
#include "wire/message/sealed.h"

#include <assert.h>

#include "base/limits.h"
#include "wire/message/pack.h"

enum psp_status psp_message_decode_seal_request(const Psephos__V1__SealRequest *body,
                                                struct psp_cluster_message *ret_message,
                                                const char **ret_reason)
{
    struct psp_seal_request *request = &ret_message->seal_request;
    ret_message->type = PSP_CLUSTER_SEAL_REQUEST;
    ret_message->id = body->request_id;
    if (body->records_hash.len != 0 && body->records_hash.len != PSP_HASH_BYTES)
        return psp_pack_refuse(ret_reason,
                               "records_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    request->session = body->session;
    request->first = body->first;
    request->last = body->last;
    request->part = body->part;
    request->records_hash = psp_pack_bytes(&body->records_hash);
    return PSP_OK;
}

/* None of both, or both: who signs says of what. */
static bool hash_and_signature_good(const Psephos__V1__Sealed *body)
{
    const bool position = body->first == 0;
    const size_t hash = position || !body->final ? 0 : PSP_HASH_BYTES;
    const size_t signature = position || body->final ? PSP_SIGNATURE_BYTES : 0;
    return body->records_hash.len == hash && body->signature.len == signature;
}

enum psp_status psp_message_decode_sealed(const Psephos__V1__Sealed *body,
                                          struct psp_cluster_message *ret_message,
                                          const char **ret_reason)
{
    struct psp_sealed *sealed = &ret_message->sealed;
    struct psp_seal_position *position = &sealed->position;
    ret_message->type = PSP_CLUSTER_SEALED;
    ret_message->id = body->request_id;
    if (!hash_and_signature_good(body))
        return psp_pack_refuse(ret_reason, "a hash or signature that cannot be");
    if (body->first == 0 &&
        (!psp_mode_known(body->mode) ||
         !psp_pack_take(&body->state_hash, position->state_hash, PSP_HASH_BYTES)))
        return psp_pack_refuse(ret_reason, "a position without mode or state_hash");
    sealed->first = body->first;
    sealed->last = body->last;
    sealed->part = body->part;
    sealed->final = body->final;
    sealed->same = body->same;
    sealed->bytes = psp_pack_bytes(&body->bytes);
    sealed->records_hash = psp_pack_bytes(&body->records_hash);
    sealed->signature = psp_pack_bytes(&body->signature);
    position->epoch = body->epoch;
    position->index = body->index;
    position->term = body->term;
    position->received = body->received;
    position->counted = body->counted;
    position->mode = (enum psp_mode)body->mode;
    return PSP_OK;
}

enum psp_status psp_message_encode_seal_request(const struct psp_cluster_message *from,
                                                Psephos__V1__ClusterMessage *message,
                                                struct psp_buffer *ret_buffer)
{
    const struct psp_seal_request *request = &from->seal_request;
    assert(request->records_hash.length == 0 || request->records_hash.length == PSP_HASH_BYTES);
    Psephos__V1__SealRequest body = PSEPHOS__V1__SEAL_REQUEST__INIT;
    body.request_id = from->id;
    body.session = request->session;
    body.first = request->first;
    body.last = request->last;
    body.part = request->part;
    body.records_hash = psp_pack_data(request->records_hash.data, request->records_hash.length);
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_SEAL_REQUEST;
    message->seal_request = &body;
    return psp_pack(&message->base, ret_buffer);
}

enum psp_status psp_message_encode_sealed(const struct psp_cluster_message *from,
                                          Psephos__V1__ClusterMessage *message,
                                          struct psp_buffer *ret_buffer)
{
    const struct psp_sealed *sealed = &from->sealed;
    const struct psp_seal_position *position = &sealed->position;
    Psephos__V1__Sealed body = PSEPHOS__V1__SEALED__INIT;
    body.request_id = from->id;
    body.first = sealed->first;
    body.last = sealed->last;
    body.part = sealed->part;
    body.bytes = psp_pack_data(sealed->bytes.data, sealed->bytes.length);
    body.final = sealed->final;
    body.records_hash = psp_pack_data(sealed->records_hash.data, sealed->records_hash.length);
    body.signature = psp_pack_data(sealed->signature.data, sealed->signature.length);
    body.same = sealed->same;
    if (sealed->first == 0) {
        body.epoch = position->epoch;
        body.mode = (uint32_t)position->mode;
        body.index = position->index;
        body.term = position->term;
        body.received = position->received;
        body.counted = position->counted;
        body.state_hash = psp_pack_data(position->state_hash, PSP_HASH_BYTES);
    }
    assert(sealed->part == 0 || sealed->first > 0); /* a position has no parts */
    message->body_case = PSEPHOS__V1__CLUSTER_MESSAGE__BODY_SEALED;
    message->sealed = &body;
    return psp_pack(&message->base, ret_buffer);
}
