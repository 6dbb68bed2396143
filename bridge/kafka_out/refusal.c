/* The words are bridge/kafka's; here is only which of them are for good. */
#include "bridge/kafka_out/refusal.h"

#include "bridge/kafka/words.h"

static const rd_kafka_resp_err_t for_good[] = {
    RD_KAFKA_RESP_ERR__FENCED,
    RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
    RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR__AUTHENTICATION,
    RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
};

enum psp_status psp_kafka_refuse(rd_kafka_resp_err_t code, const char *what, const char *detail,
                                 struct psp_reason *reterr_reason)
{
    char words[PSP_REASON_TEXT_BYTES];
    psp_reason_set(reterr_reason, "%s",
                   psp_bridge_kafka_words(code, what, detail, words, sizeof words));
    for (size_t i = 0; i < sizeof for_good / sizeof *for_good; i++)
        if (for_good[i] == code)
            return PSP_EPERM;
    return PSP_EAGAIN;
}
