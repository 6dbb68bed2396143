/*
 * words - what librdkafka or a broker refused, as a sentence that says what to do.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_KAFKA_WORDS_H
#define PSP_BRIDGE_KAFKA_WORDS_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* "what: why: what to do" into `ret_text`. `what`: a topic, or "brokers". `detail`: as the
 * library says it, or NULL. Returns ret_text. */
const char *psp_bridge_kafka_words(rd_kafka_resp_err_t error, const char *what, const char *detail,
                                   char *ret_text, size_t size);

#endif
