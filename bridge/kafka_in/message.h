/*
 * message - a Kafka message as a ballot: the three formats, and the ballot's ID.
 *
 * The ID is the one that the message brings, else it follows from the key and value,
 * under a secret that every bridge of the cluster has (election/ballot_id.h). Where the
 * message stands (partition, offset) is not in it: what a producer sent twice is one
 * ballot.
 *
 * Ownership: copies its secret, borrows the definition.   Threads: one owner.
 * Memory:    of protobuf an arena of PSP_BRIDGE_MESSAGE_ARENA_BYTES.
 */
#ifndef PSP_BRIDGE_MESSAGE_H
#define PSP_BRIDGE_MESSAGE_H

#include "base/bytes/bytes.h"
#include "base/reason.h"
#include "bridge/config/config.h"
#include "client/line/ballot_line.h"
#include "client/psephos.h"
#include "election/ballot_id.h"

enum { PSP_BRIDGE_MESSAGE_ARENA_BYTES = 8 << 20 };

struct psp_bridge_messages;

/* The definition stays the caller's, the secret is copied. PSP_ENOMEM. */
enum psp_status psp_bridge_messages_create(const struct psp_definition *definition,
                                           enum psp_bridge_message_format format,
                                           const uint8_t secret[PSP_BALLOT_SECRET_BYTES],
                                           struct psp_bridge_messages **ret_messages);
void psp_bridge_messages_destroy(struct psp_bridge_messages **messages);

/* All of *ret_ballot but the cookie. It points into `messages`, until the next call.
 * *ret_doubt: what the definition says against it, "" nothing; it may quote the message.
 * PSP_EINVAL: not a ballot, and why; PSP_ENOMEM. */
enum psp_status psp_bridge_message_read(struct psp_bridge_messages *messages, struct psp_bytes key,
                                        struct psp_bytes value, struct psp_ballot *ret_ballot,
                                        const char **ret_doubt, struct psp_reason *reterr_reason);

#endif
