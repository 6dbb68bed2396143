/*
 * watch - the messages that a collector's board lives on: Watch and Partial. With the
 * books, which a status shows, too.
 *
 * Inside wire/ only.
 *
 * Ownership: as message.h says.   Threads: any.
 */
#ifndef PSP_MESSAGE_WATCH_H
#define PSP_MESSAGE_WATCH_H

#include "cluster.pb-c.h"
#include "wire/message/message.h"

/* Books as a message has them, and the other direction. */
struct psp_books psp_message_books_of(const Psephos__V1__Books *from);
/* To be packed. */
Psephos__V1__Books psp_message_books(const struct psp_books *from);

/* PSP_EINVAL and why. */
enum psp_status psp_message_decode_watch(const Psephos__V1__Watch *body,
                                         struct psp_cluster_message *ret_message,
                                         const char **ret_reason);
enum psp_status psp_message_decode_partial(const Psephos__V1__Partial *body,
                                           struct psp_cluster_message *ret_message,
                                           const char **ret_reason);

/* PSP_ENOMEM. */
enum psp_status psp_message_encode_watch(const struct psp_cluster_message *from,
                                         Psephos__V1__ClusterMessage *message,
                                         struct psp_buffer *ret_buffer);
enum psp_status psp_message_encode_partial(const struct psp_cluster_message *from,
                                           Psephos__V1__ClusterMessage *message,
                                           struct psp_buffer *ret_buffer);

#endif
