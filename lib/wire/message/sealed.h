/*
 * sealed - the messages of a backup: SealRequest and Sealed.
 *
 * Inside wire/ only.
 *
 * Ownership: as message.h says.   Threads: any.
 */
#ifndef PSP_MESSAGE_SEALED_H
#define PSP_MESSAGE_SEALED_H

#include "cluster.pb-c.h"
#include "wire/message/message.h"

/* PSP_EINVAL and why. */
enum psp_status psp_message_decode_seal_request(const Psephos__V1__SealRequest *body,
                                                struct psp_cluster_message *ret_message,
                                                const char **ret_reason);
enum psp_status psp_message_decode_sealed(const Psephos__V1__Sealed *body,
                                          struct psp_cluster_message *ret_message,
                                          const char **ret_reason);

/* PSP_ENOMEM. */
enum psp_status psp_message_encode_seal_request(const struct psp_cluster_message *from,
                                                Psephos__V1__ClusterMessage *message,
                                                struct psp_buffer *ret_buffer);
enum psp_status psp_message_encode_sealed(const struct psp_cluster_message *from,
                                          Psephos__V1__ClusterMessage *message,
                                          struct psp_buffer *ret_buffer);

#endif
