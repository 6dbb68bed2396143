/*
 * letters - the dead-letter topic's producer: each letter until a broker has it.
 *
 *     write -> waiting -> sent -> acknowledged: told, and forgotten
 *                 ^         |
 *                 `---------'  refused or timed out: again, after a pause; too large: alone,
 *                              then without the message, and after that an alarm in the log
 *
 * A letter is told (its message is final) only when all in-sync replicas have it; so a
 * bridge that is killed writes it again, under the same key. An idempotent producer may
 * fail for good (librdkafka 2.0.2 also on OUT_OF_ORDER_SEQUENCE): it is made anew, and
 * what was not acknowledged is sent again.
 *
 * Ownership: copies what it needs.   Threads: one owner.
 * Memory:    its letters; the source stops taking messages at PSP_BRIDGE_LETTERS_MAX.
 */
#ifndef PSP_BRIDGE_LETTERS_H
#define PSP_BRIDGE_LETTERS_H

#include <jansson.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/kafka_in/group/reader.h"
#include "bridge/kafka_in/letter/letter.h"

enum {
    PSP_BRIDGE_LETTERS_MAX = 8192,
    PSP_BRIDGE_LETTERS_PAUSE_MS = 500,
};

struct psp_bridge_letters;

struct psp_bridge_letters_options {
    const json_t *settings;
    const char *topic;
    bool whole;
    struct psp_bridge_stats *stats;
    void (*acknowledged)(void *context, struct psp_bridge_ticket ticket);
    void *context;
};

/* Statuses of psp_bridge_kafka_make and _open, with the reason; PSP_ENOMEM. */
enum psp_status psp_bridge_letters_create(const struct psp_bridge_letters_options *options,
                                          struct psp_bridge_letters **ret_letters,
                                          struct psp_reason *reterr_reason);
/* What is not acknowledged is forgotten: its message is not final. */
void psp_bridge_letters_destroy(struct psp_bridge_letters **letters);

/* PSP_ENOMEM. */
enum psp_status psp_bridge_letters_write(struct psp_bridge_letters *letters,
                                         const struct psp_bridge_letter *letter,
                                         struct psp_bridge_ticket ticket);

/* Sends what waits, hears what is acknowledged. */
void psp_bridge_letters_turn(struct psp_bridge_letters *letters, uint64_t now_ms);

/* Letters that are not acknowledged. */
uint64_t psp_bridge_letters_open(const struct psp_bridge_letters *letters);
/* Why letters are not taken now; "": they are. */
const char *psp_bridge_letters_trouble(const struct psp_bridge_letters *letters);

#endif
