/* Every call of the library that may last is made in steps, so that a stop is heard. */
#include "bridge/kafka_out/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/kafka/settings.h"
#include "bridge/kafka_out/refusal.h"

enum { STEP_MS = 500, QUIET_MS = 1000, PATIENCE_MS = 30000, BEGIN_STEP_MS = 5 };

struct psp_kafka_writer {
    rd_kafka_t *client;
    struct psp_bridge_stop *stop;
    bool is_begun, is_broken;
    bool has_taken; /* a message of this transaction */
};

/* On the thread that polls, flushes or commits: the owner's. */
static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    (void)opaque;
    int64_t *first = message->_private;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && first && message->offset < *first)
        *first = message->offset;
}

/* The library says what an error is of the transaction; what is fatal stands in the client. */
static enum psp_status refuse(struct psp_kafka_writer *writer, rd_kafka_resp_err_t code,
                              const char *detail, struct psp_reason *reterr)
{
    char fatal_text[256];
    const rd_kafka_resp_err_t fatal =
        rd_kafka_fatal_error(writer->client, fatal_text, sizeof fatal_text);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
        writer->is_broken = true;
        code = fatal;
        detail = fatal_text;
    }
    return psp_kafka_refuse(code, "writing", detail, reterr);
}

static enum psp_status refuse_error(struct psp_kafka_writer *writer, rd_kafka_error_t *error,
                                    struct psp_reason *reterr)
{
    const enum psp_status status =
        refuse(writer, rd_kafka_error_code(error), rd_kafka_error_string(error), reterr);
    rd_kafka_error_destroy(error);
    return status;
}

/* init, commit and abort go on in the background when their time is up, and are called again. */
static enum psp_status finish(struct psp_kafka_writer *writer,
                              rd_kafka_error_t *(*call)(rd_kafka_t *, int),
                              const struct psp_kafka_trying *trying, struct psp_reason *reterr)
{
    const uint64_t begun_ms = psp_clock_ms(), end_ms = begun_ms + PATIENCE_MS;
    rd_kafka_error_t *error;
    while ((error = call(writer->client, STEP_MS)) != NULL && rd_kafka_error_is_retriable(error) &&
           psp_clock_ms() < end_ms && !psp_bridge_stop_asked(writer->stop)) {
        rd_kafka_error_destroy(error);
        if (trying && psp_clock_ms() >= begun_ms + QUIET_MS)
            trying->call(trying->context);
    }
    if (!error)
        return PSP_OK;
    /* Given up in the middle: only a new writer finds out how it ended. */
    writer->is_broken = writer->is_broken || rd_kafka_error_is_retriable(error);
    const bool abortable = rd_kafka_error_txn_requires_abort(error);
    const enum psp_status status = refuse_error(writer, error, reterr);
    writer->is_broken = writer->is_broken || !abortable;
    return status;
}

enum psp_status psp_kafka_writer_open(const json_t *settings, const char *name,
                                      const struct psp_kafka_trying *trying,
                                      struct psp_bridge_stop *stop,
                                      struct psp_kafka_writer **ret_writer,
                                      struct psp_reason *reterr_reason)
{
    const struct psp_bridge_kafka_own own[] = {
        {"transactional.id", name},
        {"enable.idempotence", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    struct psp_kafka_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return PSP_ENOMEM;
    writer->stop = stop;
    enum psp_status status = psp_bridge_kafka_make(settings, own, &conf, reterr_reason);
    if (status == PSP_OK) {
        rd_kafka_conf_set_dr_msg_cb(conf, delivered);
        status = psp_bridge_kafka_open(RD_KAFKA_PRODUCER, conf, &writer->client, reterr_reason);
    }
    if (status == PSP_OK)
        status = finish(writer, rd_kafka_init_transactions, trying, reterr_reason);
    if (status != PSP_OK) {
        psp_kafka_writer_close(&writer);
        return status;
    }
    *ret_writer = writer;
    return PSP_OK;
}

void psp_kafka_writer_close(struct psp_kafka_writer **writer)
{
    if (!*writer)
        return;
    if ((*writer)->client) {
        psp_kafka_writer_abort(*writer);
        /* What is still queued must not wait for a broker that is away. */
        rd_kafka_purge((*writer)->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll((*writer)->client, 0);
        rd_kafka_destroy((*writer)->client);
    }
    free(*writer);
    *writer = NULL;
}

bool psp_kafka_writer_is_broken(const struct psp_kafka_writer *writer)
{
    return writer->is_broken;
}

rd_kafka_t *psp_kafka_writer_client(const struct psp_kafka_writer *writer)
{
    return writer->client;
}

enum psp_status psp_kafka_writer_begin(struct psp_kafka_writer *writer,
                                       struct psp_reason *reterr_reason)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(writer->client);
    if (error) {
        writer->is_broken = true;
        return refuse_error(writer, error, reterr_reason);
    }
    writer->is_begun = true;
    writer->has_taken = false;
    return PSP_OK;
}

/* The library answers the calls of transactions in order, but does not tell which call a result
 * is of: once a commit was called again, the result of its last part may be taken for that of
 * begin, whose own part is still to come (2.0.2). Until then nothing is taken. */
static bool is_still_beginning(const struct psp_kafka_writer *writer, rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__STATE && writer->is_begun && !writer->has_taken &&
           rd_kafka_fatal_error(writer->client, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum psp_status psp_kafka_writer_send(struct psp_kafka_writer *writer,
                                      const struct psp_kafka_message *message,
                                      struct psp_reason *reterr_reason)
{
    const uint64_t end_ms = psp_clock_ms() + PATIENCE_MS;
    rd_kafka_resp_err_t code;
    for (;;) {
        code = rd_kafka_producev(
            writer->client, RD_KAFKA_V_TOPIC(message->topic),
            RD_KAFKA_V_PARTITION(message->partition),
            RD_KAFKA_V_KEY(message->key, message->key_bytes),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value, message->value_bytes),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(message->first_offset),
            RD_KAFKA_V_END);
        const bool begins = is_still_beginning(writer, code);
        if ((!begins && code != RD_KAFKA_RESP_ERR__QUEUE_FULL) || psp_clock_ms() >= end_ms ||
            psp_bridge_stop_asked(writer->stop))
            break;
        rd_kafka_poll(writer->client, begins ? BEGIN_STEP_MS : STEP_MS);
    }
    writer->has_taken = writer->has_taken || code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? PSP_OK
                                              : refuse(writer, code, message->topic, reterr_reason);
}

/* What fenced a writer may be known only when it ends its transaction. */
static enum psp_status abort_begun(struct psp_kafka_writer *writer, struct psp_reason *reterr)
{
    writer->is_begun = false;
    return finish(writer, rd_kafka_abort_transaction, NULL, reterr);
}

enum psp_status psp_kafka_writer_commit(struct psp_kafka_writer *writer,
                                        struct psp_reason *reterr_reason)
{
    struct psp_reason ended = {0};
    const enum psp_status status = finish(writer, rd_kafka_commit_transaction, NULL, reterr_reason);
    if (status == PSP_OK) {
        writer->is_begun = false;
        while (rd_kafka_outq_len(writer->client) > 0)
            rd_kafka_poll(writer->client, STEP_MS);
        return PSP_OK;
    }
    if (writer->is_broken) {
        writer->is_begun = false;
        return status;
    }
    if (abort_begun(writer, &ended) == PSP_EPERM) {
        *reterr_reason = ended;
        return PSP_EPERM;
    }
    return status;
}

void psp_kafka_writer_abort(struct psp_kafka_writer *writer)
{
    struct psp_reason unheard = {0};
    if (writer->is_begun && !writer->is_broken)
        abort_begun(writer, &unheard);
    writer->is_begun = false;
}
