/* Two lists: letters that wait, in the order of writing, and those that librdkafka has. */
#include "bridge/kafka_in/letter/letters.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/kafka/settings.h"
#include "bridge/kafka/words.h"
#include "process/say.h"

enum { PURGE_MS = 1000 };

struct letter {
    struct letter *next, *before;
    struct psp_bridge_ticket ticket;
    struct psp_text key, value;
    struct psp_text small; /* without the message, for when it is too large; or empty */
    bool alone;            /* with others it was too large: sent while no other is on its way */
};

struct list {
    struct letter *first, *last;
    uint64_t count;
};

struct psp_bridge_letters {
    struct psp_bridge_letters_options options;
    rd_kafka_t *kafka;
    struct list waiting, sent;
    uint64_t pause_until_ms;
    char trouble[PSP_BRIDGE_READER_TEXT_BYTES];
};

static void free_letter(struct letter *letter)
{
    psp_text_free(&letter->key);
    psp_text_free(&letter->value);
    psp_text_free(&letter->small);
    free(letter);
}

static void append(struct list *list, struct letter *letter)
{
    letter->next = NULL;
    letter->before = list->last;
    if (list->last)
        list->last->next = letter;
    else
        list->first = letter;
    list->last = letter;
    list->count++;
}

static void take_out(struct list *list, struct letter *letter)
{
    assert(letter->next != letter);
    assert(letter->before != NULL || list->first == letter);
    if (letter->before)
        letter->before->next = letter->next;
    else
        list->first = letter->next;
    if (letter->next)
        letter->next->before = letter->before;
    else
        list->last = letter->before;
    list->count--;
}

static void note(struct psp_bridge_letters *letters, rd_kafka_resp_err_t error, const char *detail)
{
    char text[PSP_BRIDGE_READER_TEXT_BYTES];
    psp_bridge_kafka_words(error, letters->options.topic, detail, text, sizeof text);
    psp_bridge_count(&letters->options.stats->errors, 1);
    if (strcmp(text, letters->trouble) != 0)
        psp_say(PSP_SAY_WARNING, "letters", "%s", text);
    snprintf(letters->trouble, sizeof letters->trouble, "%s", text);
}

static void be_done(struct psp_bridge_letters *letters, struct list *list, struct letter *letter)
{
    letters->options.acknowledged(letters->options.context, letter->ticket);
    take_out(list, letter);
    free_letter(letter);
}

/* The message that it is about does not fit: then without it. */
static bool cut_short(struct letter *letter)
{
    if (letter->small.length == 0)
        return false;
    psp_text_free(&letter->value);
    letter->value = letter->small;
    letter->small = (struct psp_text){0};
    return true;
}

/* By itself, and without the message, it is still too large: the log has it, for good. Waiting
 * for another topic would hold up every ballot behind it. */
static void give_up(struct psp_bridge_letters *letters, struct list *list, struct letter *letter)
{
    psp_bridge_count(&letters->options.stats->alarms, 1);
    psp_say(PSP_SAY_ERROR, "alarm",
            "%s takes no letter of %zu bytes (max.message.bytes): what it would have said: "
            "%.*s %.*s",
            letters->options.topic, letter->value.length, (int)letter->key.length, letter->key.data,
            (int)letter->value.length, letter->value.data);
    be_done(letters, list, letter);
}

static bool is_of_size(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

/* Of a batch that was too large nobody knows which letter was: each goes by itself then. */
static void shrink(struct psp_bridge_letters *letters, struct letter *letter)
{
    if (letter->alone && !cut_short(letter)) {
        give_up(letters, &letters->sent, letter);
        return;
    }
    letter->alone = true;
    take_out(&letters->sent, letter);
    append(&letters->waiting, letter);
    psp_bridge_count(&letters->options.stats->retries, 1);
}

static void wait_again(struct psp_bridge_letters *letters, struct letter *letter,
                       rd_kafka_resp_err_t error)
{
    if (is_of_size(error)) {
        shrink(letters, letter);
        return;
    }
    take_out(&letters->sent, letter);
    append(&letters->waiting, letter);
    if (error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    psp_bridge_count(&letters->options.stats->retries, 1);
    letters->pause_until_ms = psp_clock_ms() + PSP_BRIDGE_LETTERS_PAUSE_MS;
    note(letters, error, NULL);
}

/* promise 2: final only now */
static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *context)
{
    struct psp_bridge_letters *letters = context;
    struct letter *letter = message->_private;
    (void)kafka;
    if (message->err) {
        wait_again(letters, letter, message->err);
        return;
    }
    letters->trouble[0] = '\0';
    psp_bridge_count(&letters->options.stats->letters, 1);
    be_done(letters, &letters->sent, letter);
}

static void failed(rd_kafka_t *kafka, int error, const char *reason, void *context)
{
    (void)kafka;
    if (error != RD_KAFKA_RESP_ERR__FATAL) /* turn() sees to it */
        note(context, (rd_kafka_resp_err_t)error, reason);
}

static enum psp_status open_producer(struct psp_bridge_letters *letters,
                                     struct psp_reason *reterr_reason)
{
    const struct psp_bridge_kafka_own own[] = {
        {"enable.idempotence", "true"},
        {"message.timeout.ms", "30000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    enum psp_status status =
        psp_bridge_kafka_make(letters->options.settings, own, &conf, reterr_reason);
    if (status != PSP_OK)
        return status;
    rd_kafka_conf_set_opaque(conf, letters);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, failed);
    return psp_bridge_kafka_open(RD_KAFKA_PRODUCER, conf, &letters->kafka, reterr_reason);
}

static void close_producer(struct psp_bridge_letters *letters)
{
    if (!letters->kafka)
        return;
    const uint64_t end_ms = psp_clock_ms() + PURGE_MS;
    rd_kafka_purge(letters->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(letters->kafka) > 0 && psp_clock_ms() < end_ms)
        rd_kafka_poll(letters->kafka, 10);
    rd_kafka_destroy(letters->kafka);
    letters->kafka = NULL;
    while (letters->sent.first) {
        struct letter *letter = letters->sent.first;
        take_out(&letters->sent, letter);
        append(&letters->waiting, letter);
    }
}

enum psp_status psp_bridge_letters_create(const struct psp_bridge_letters_options *options,
                                          struct psp_bridge_letters **ret_letters,
                                          struct psp_reason *reterr_reason)
{
    struct psp_bridge_letters *letters = calloc(1, sizeof *letters);
    if (!letters)
        return PSP_ENOMEM;
    letters->options = *options;
    const enum psp_status status = open_producer(letters, reterr_reason);
    if (status != PSP_OK) {
        free(letters);
        return status;
    }
    *ret_letters = letters;
    return PSP_OK;
}

void psp_bridge_letters_destroy(struct psp_bridge_letters **letters_at)
{
    struct psp_bridge_letters *letters = *letters_at;
    if (!letters)
        return;
    close_producer(letters);
    for (struct letter *letter = letters->waiting.first, *next; letter; letter = next) {
        next = letter->next;
        free_letter(letter);
    }
    free(letters);
    *letters_at = NULL;
}

enum psp_status psp_bridge_letters_write(struct psp_bridge_letters *letters,
                                         const struct psp_bridge_letter *of,
                                         struct psp_bridge_ticket ticket)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (!letter)
        return PSP_ENOMEM;
    letter->ticket = ticket;
    psp_bridge_letter_key(of, &letter->key);
    psp_bridge_letter_value(of, letters->options.whole, &letter->value);
    if (letters->options.whole)
        psp_bridge_letter_value(of, false, &letter->small);
    if (letter->key.failed || letter->value.failed || letter->small.failed) {
        free_letter(letter);
        return PSP_ENOMEM;
    }
    append(&letters->waiting, letter);
    return PSP_OK;
}

static rd_kafka_resp_err_t produce(struct psp_bridge_letters *letters, struct letter *letter)
{
    return rd_kafka_producev(letters->kafka, RD_KAFKA_V_TOPIC(letters->options.topic),
                             RD_KAFKA_V_KEY(letter->key.data, letter->key.length),
                             RD_KAFKA_V_VALUE(letter->value.data, letter->value.length),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(letter),
                             RD_KAFKA_V_END);
}

/* One that goes alone waits for those on the way, and others wait for it. */
static bool is_held_up(const struct psp_bridge_letters *letters)
{
    return letters->sent.first && (letters->sent.first->alone || letters->waiting.first->alone);
}

static void send_waiting(struct psp_bridge_letters *letters, uint64_t now_ms)
{
    while (letters->waiting.first && now_ms >= letters->pause_until_ms && !is_held_up(letters)) {
        struct letter *letter = letters->waiting.first;
        rd_kafka_resp_err_t error = produce(letters, letter);
        if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && cut_short(letter))
            error = produce(letters, letter);
        if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            give_up(letters, &letters->waiting, letter);
            return; /* the next one in the next turn */
        }
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return;
        if (error) {
            letters->pause_until_ms = now_ms + PSP_BRIDGE_LETTERS_PAUSE_MS;
            note(letters, error, NULL);
            return;
        }
        take_out(&letters->waiting, letter);
        append(&letters->sent, letter);
    }
}

void psp_bridge_letters_turn(struct psp_bridge_letters *letters, uint64_t now_ms)
{
    struct psp_reason reason = {0};
    char fatal[PSP_BRIDGE_READER_TEXT_BYTES];
    if (letters->kafka) {
        rd_kafka_poll(letters->kafka, 0);
        const rd_kafka_resp_err_t error = rd_kafka_fatal_error(letters->kafka, fatal, sizeof fatal);
        if (error) {
            note(letters, error, fatal);
            close_producer(letters);
        }
    }
    if (!letters->kafka && now_ms >= letters->pause_until_ms &&
        open_producer(letters, &reason) != PSP_OK) {
        letters->pause_until_ms = now_ms + PSP_BRIDGE_LETTERS_PAUSE_MS;
        snprintf(letters->trouble, sizeof letters->trouble, "%.*s",
                 (int)sizeof letters->trouble - 1, reason.text);
    }
    if (letters->kafka)
        send_waiting(letters, now_ms);
}

uint64_t psp_bridge_letters_open(const struct psp_bridge_letters *letters)
{
    return letters->waiting.count + letters->sent.count;
}

const char *psp_bridge_letters_trouble(const struct psp_bridge_letters *letters)
{
    return letters->trouble;
}
