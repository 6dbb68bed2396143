/*
 * refusal - what a broker or librdkafka refused, as a status and a reason.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_REFUSAL_H
#define PSP_BRIDGE_KAFKA_OUT_REFUSAL_H

#include <librdkafka/rdkafka.h>

#include "base/reason.h"

/* PSP_EPERM where waiting will not help (shut out, without a right, too large for the topic, no
 * such user), else PSP_EAGAIN. `what` and `detail` as of bridge/kafka/words.h. */
enum psp_status psp_kafka_refuse(rd_kafka_resp_err_t code, const char *what, const char *detail,
                                 struct psp_reason *reterr_reason);

#endif
