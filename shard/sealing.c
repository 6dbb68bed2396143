/* One order after the other; the next one begins when the answer was taken. */
#include "shard/sealing.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/part.h"
#include "seal/position.h"
#include "seal/sealer.h"

enum { TRIES = 3 };
static_assert(TRIES > 1, "a record is looked at again");

struct session {
    struct psp_sealer *sealer; /* NULL: none */
    uint64_t number, first, last, used;
    uint32_t part; /* the last one that was made; `piece` is it */
    struct psp_bytes piece;
    bool final;
    uint8_t records_hash[PSP_HASH_BYTES], signature[PSP_SIGNATURE_BYTES];
};

struct order {
    struct psp_core_seal seal;
    bool compare;
    uint8_t records_hash[PSP_HASH_BYTES];
};

struct psp_sealing {
    struct psp_sealing_options options;
    struct psp_chunk_range range; /* cluster, shard and epoch of all of them */
    uint8_t auditors[PSP_AUDITORS_MAX][PSP_AUDITOR_KEY_BYTES];
    uint8_t hash_key[PSP_HASH_BYTES];
    pthread_t thread;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    struct order orders[PSP_SEALING_ORDERS]; /* a queue */
    size_t order_first, order_count;
    bool ending, answered, taken;
    struct psp_peer peer;     /* of the answer */
    struct psp_buffer answer; /* the thread's until answered, then the taker's until taken */
    char fault[PSP_SEALING_FAULT_BYTES];

    /* the thread's */
    struct psp_journal *log; /* opened when `log_applied` was applied; NULL: not yet */
    uint64_t log_applied;
    uint8_t *buffer;
    size_t buffer_bytes;
    struct session sessions[PSP_SEALING_SESSIONS];
    uint64_t uses;
};

/* Under the mutex. An answer stands until it is taken, and until whoever took it is done with
 * it: none is made meanwhile. */
static void check(const struct psp_sealing *sealing)
{
    assert(sealing->order_first < PSP_SEALING_ORDERS);
    assert(sealing->order_count <= PSP_SEALING_ORDERS);
    assert(!(sealing->answered && sealing->taken));
    assert(sealing->fault[PSP_SEALING_FAULT_BYTES - 1] == '\0');
}

/* ---- the log, read ---- */

static void note_fault(struct psp_sealing *sealing, uint64_t index, enum psp_status status)
{
    assert(status != PSP_OK);
    pthread_mutex_lock(&sealing->mutex);
    snprintf(sealing->fault, sizeof sealing->fault,
             "log entry %" PRIu64 " cannot be read for a backup: %s; replace this replica", index,
             psp_status_text(status));
    pthread_mutex_unlock(&sealing->mutex);
}

/* What was applied when the log was opened is where it was found then. */
static enum psp_status open_log(struct psp_sealing *sealing, uint64_t applied)
{
    struct psp_journal_options options = {.directory = sealing->options.log_path,
                                          .shard = sealing->range.shard,
                                          .read_only = true,
                                          .checkpoint_index = applied};
    struct psp_reason reason;
    memcpy(options.cluster_id, sealing->range.cluster_id, PSP_CLUSTER_ID_BYTES);
    assert(applied > 0);
    psp_journal_close(&sealing->log);
    assert(sealing->log == NULL);
    const enum psp_status status = psp_journal_open(&options, &sealing->log, &reason);
    sealing->log_applied = status == PSP_OK ? applied : 0;
    return status;
}

/* A write that is under way beside it may be taken for damage: looked at again. */
static enum psp_status read_record(struct psp_sealing *sealing, uint64_t index, uint64_t applied,
                                   struct psp_record *ret_record)
{
    enum psp_status status = PSP_OK;
    assert(index > 0 && index <= applied); /* promise 1 */
    for (int tries = 0; tries < TRIES; tries++) {
        if (sealing->log == NULL || index > sealing->log_applied || status != PSP_OK)
            status = open_log(sealing, applied);
        if (status == PSP_OK)
            status = psp_journal_read(sealing->log, index, &sealing->buffer, &sealing->buffer_bytes,
                                      ret_record);
        assert(status != PSP_OK || index <= sealing->log_applied);
        assert(status != PSP_OK || ret_record->index == index);
        if (status == PSP_OK)
            return PSP_OK;
    }
    note_fault(sealing, index, status);
    return status;
}

/* ---- sessions ---- */

static void end_session(struct session *session)
{
    psp_sealer_destroy(&session->sealer);
    assert(session->sealer == NULL);
    *session = (struct session){0};
}

static struct session *find_session(struct psp_sealing *sealing,
                                    const struct psp_seal_request *request)
{
    for (int i = 0; i < PSP_SEALING_SESSIONS; i++) {
        struct session *session = &sealing->sessions[i];
        if (session->sealer != NULL && session->number == request->session &&
            session->first == request->first && session->last == request->last)
            return session;
    }
    return NULL;
}

static enum psp_status begin_session(struct psp_sealing *sealing,
                                     const struct psp_seal_request *request,
                                     struct session **ret_session)
{
    struct session *session = &sealing->sessions[0];
    for (int i = 1; i < PSP_SEALING_SESSIONS; i++)
        if (sealing->sessions[i].used < session->used)
            session = &sealing->sessions[i];
    assert(request->first > 0 && request->first <= request->last);
    assert(session->used <= sealing->uses);
    end_session(session);
    struct psp_sealer_options options = {
        .range = sealing->range,
        .auditors = (const uint8_t(*)[PSP_AUDITOR_KEY_BYTES])sealing->auditors,
        .auditor_count = sealing->options.cluster->auditor_count,
        .hash_key = sealing->hash_key,
    };
    options.range.first = request->first;
    options.range.last = request->last;
    *session = (struct session){
        .number = request->session, .first = request->first, .last = request->last};
    *ret_session = session;
    return psp_sealer_create(&options, &session->sealer);
}

static void sign_chunk(const struct psp_sealing *sealing, struct session *session)
{
    uint8_t file_hash[PSP_HASH_BYTES], statement[PSP_CHUNK_STATEMENT_BYTES];
    struct psp_chunk_range range = sealing->range;
    range.first = session->first;
    range.last = session->last;
    assert(session->final);
    assert(psp_sealer_next(session->sealer) == session->last + 1); /* all are in */
    psp_sealer_end(session->sealer, session->records_hash, file_hash);
    psp_chunk_statement(&range, session->records_hash, file_hash, statement);
    psp_sign(sealing->options.key, PSP_CHUNK_CONTEXT, statement, sizeof statement,
             session->signature);
}

/* The next piece of the chunk. */
static enum psp_status next_part(struct psp_sealing *sealing, struct session *session,
                                 uint64_t applied)
{
    enum psp_status status = PSP_OK;
    assert(!session->final);
    assert(session->last <= applied);
    while (status == PSP_OK && psp_sealer_next(session->sealer) <= session->last) {
        struct psp_record record;
        status = read_record(sealing, psp_sealer_next(session->sealer), applied, &record);
        if (status == PSP_OK)
            status = psp_sealer_add(session->sealer, &record);
    }
    if (status == PSP_OK || status == PSP_EBUSY)
        status = psp_sealer_take(session->sealer, &session->piece, &session->final);
    if (status == PSP_OK && session->final)
        sign_chunk(sealing, session);
    assert(psp_sealer_next(session->sealer) <= session->last + 1);
    return status;
}

/* ---- answers ---- */

static enum psp_status refuse(const char *text, bool temporary,
                              struct psp_cluster_message *ret_message)
{
    assert(ret_message->type == PSP_CLUSTER_SEALED); /* nothing else was said yet */
    ret_message->type = PSP_CLUSTER_OPERATED;
    ret_message->operated.status = PSP_OPERATE_REFUSED;
    ret_message->operated.temporary = temporary;
    ret_message->operated.leader = PSP_NONE;
    ret_message->operated.text = text;
    return PSP_OK;
}

static enum psp_status answer_part(struct psp_sealing *sealing, const struct order *order,
                                   struct psp_cluster_message *ret_message)
{
    const struct psp_seal_request *request = &order->seal.request;
    struct session *session = find_session(sealing, request);
    enum psp_status status = PSP_OK;
    if (session == NULL && request->part > 0)
        return refuse("this chunk was given up; begin it again", true, ret_message);
    const bool begins = session == NULL;
    if (begins)
        status = begin_session(sealing, request, &session);
    else if (request->part != session->part && request->part != session->part + 1)
        return refuse("this part of the chunk is gone; begin it again", true, ret_message);
    if (status == PSP_OK && (begins || (request->part > session->part && !session->final)))
        status = next_part(sealing, session, order->seal.position.index);
    if (status != PSP_OK) {
        end_session(session);
        return refuse("an entry of the log cannot be read; ask another replica", false,
                      ret_message);
    }
    assert(session->sealer != NULL);
    assert(request->part >= session->part && request->part <= session->part + 1);
    session->part = request->part;
    session->used = ++sealing->uses;
    struct psp_sealed *sealed = &ret_message->sealed;
    *sealed = (struct psp_sealed){.first = session->first,
                                  .last = session->last,
                                  .part = session->part,
                                  .final = session->final,
                                  .bytes = session->piece};
    if (session->final) {
        sealed->records_hash = (struct psp_bytes){session->records_hash, PSP_HASH_BYTES};
        sealed->signature = (struct psp_bytes){session->signature, PSP_SIGNATURE_BYTES};
    }
    return PSP_OK;
}

/* Whether a chunk that a backup holds is of the records here. */
static enum psp_status answer_compared(struct psp_sealing *sealing, const struct order *order,
                                       struct psp_cluster_message *ret_message)
{
    const struct psp_seal_request *request = &order->seal.request;
    struct psp_chunk_range range = sealing->range;
    struct psp_records_hash hash;
    struct psp_record record;
    uint8_t own[PSP_HASH_BYTES];
    enum psp_status status = PSP_OK;
    range.first = request->first;
    range.last = request->last;
    assert(order->compare);
    psp_records_hash_begin(&hash, &range, sealing->hash_key);
    for (uint64_t i = range.first; status == PSP_OK && i <= range.last; i++) {
        status = read_record(sealing, i, order->seal.position.index, &record);
        if (status == PSP_OK)
            psp_records_hash_add(&hash, &record);
    }
    psp_records_hash_end(&hash, own);
    if (status != PSP_OK)
        return refuse("an entry of the log cannot be read; ask another replica", false,
                      ret_message);
    ret_message->sealed =
        (struct psp_sealed){.first = range.first,
                            .last = range.last,
                            .same = memcmp(own, order->records_hash, PSP_HASH_BYTES) == 0};
    return PSP_OK;
}

static enum psp_status answer_position(const struct psp_sealing *sealing, const struct order *order,
                                       uint8_t *signature, struct psp_cluster_message *ret_message)
{
    uint8_t statement[PSP_POSITION_STATEMENT_BYTES];
    const struct psp_seal_position *position = &order->seal.position;
    assert(order->seal.request.first == 0);
    psp_position_statement(sealing->range.cluster_id, sealing->range.shard, position, statement);
    psp_sign(sealing->options.key, PSP_POSITION_CONTEXT, statement, sizeof statement, signature);
    ret_message->sealed =
        (struct psp_sealed){.signature = {signature, PSP_SIGNATURE_BYTES}, .position = *position};
    return PSP_OK;
}

static void carry_out(struct psp_sealing *sealing, const struct order *order)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_SEALED, .id = order->seal.id};
    uint8_t signature[PSP_SIGNATURE_BYTES];
    enum psp_status status;
    if (sealing->options.cluster->auditor_count == 0)
        status = refuse("cluster.json names no auditor (auditors), and nothing leaves a shard's "
                        "log but for them",
                        false, &message);
    else if (order->seal.request.first == 0)
        status = answer_position(sealing, order, signature, &message);
    else if (order->compare)
        status = answer_compared(sealing, order, &message);
    else
        status = answer_part(sealing, order, &message);
    if (status == PSP_OK)
        status = psp_cluster_message_encode(&message, &sealing->answer);
    pthread_mutex_lock(&sealing->mutex);
    assert(!sealing->answered && !sealing->taken);
    sealing->answered = status == PSP_OK; /* else it is asked for again */
    sealing->peer = order->seal.peer;
    pthread_mutex_unlock(&sealing->mutex);
    sealing->options.wake(sealing->options.context);
}

/* False: it ends. */
static bool wait_for_work(struct psp_sealing *sealing, struct order *ret_order)
{
    pthread_mutex_lock(&sealing->mutex);
    while ((sealing->order_count == 0 || sealing->answered || sealing->taken) && !sealing->ending)
        pthread_cond_wait(&sealing->changed, &sealing->mutex);
    const bool ending = sealing->ending;
    if (!ending) {
        *ret_order = sealing->orders[sealing->order_first];
        sealing->order_first = (sealing->order_first + 1) % PSP_SEALING_ORDERS;
        sealing->order_count--;
    }
    check(sealing);
    pthread_mutex_unlock(&sealing->mutex);
    return !ending;
}

static void *run(void *context)
{
    struct psp_sealing *sealing = context;
    struct order order;
    while (wait_for_work(sealing, &order))
        carry_out(sealing, &order);
    return NULL;
}

/* ---- what the loop calls ---- */

enum psp_status psp_sealing_create(const struct psp_sealing_options *options,
                                   struct psp_sealing **ret_sealing)
{
    const struct psp_cluster *cluster = options->cluster;
    struct psp_sealing *sealing = calloc(1, sizeof *sealing);
    enum psp_status status = PSP_OK;
    if (sealing == NULL)
        return PSP_ENOMEM;
    assert(options->shard < cluster->shard_count);
    assert(cluster->auditor_count <= PSP_AUDITORS_MAX); /* as cluster.json was read */
    assert(options->wake != NULL);
    sealing->options = *options;
    sealing->range.shard = cluster->shards[options->shard].shard;
    sealing->range.epoch = cluster->epoch;
    memcpy(sealing->range.cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    for (uint32_t i = 0; status == PSP_OK && i < cluster->auditor_count; i++)
        status = psp_key_bytes(cluster->auditors[i].public_key, sealing->auditors[i]);
    psp_sign_derive(options->key, PSP_CHUNK_HASH_CONTEXT, sealing->hash_key);
    pthread_mutex_init(&sealing->mutex, NULL);
    pthread_cond_init(&sealing->changed, NULL);
    if (status == PSP_OK && pthread_create(&sealing->thread, NULL, run, sealing) != 0)
        status = PSP_ENOMEM;
    if (status != PSP_OK) {
        pthread_mutex_destroy(&sealing->mutex);
        pthread_cond_destroy(&sealing->changed);
        explicit_bzero(sealing->hash_key, sizeof sealing->hash_key);
        free(sealing);
        return status;
    }
    *ret_sealing = sealing;
    return PSP_OK;
}

void psp_sealing_destroy(struct psp_sealing **sealing_at)
{
    struct psp_sealing *sealing = *sealing_at;
    if (sealing == NULL)
        return;
    pthread_mutex_lock(&sealing->mutex);
    assert(!sealing->ending);
    sealing->ending = true;
    pthread_cond_signal(&sealing->changed);
    pthread_mutex_unlock(&sealing->mutex);
    pthread_join(sealing->thread, NULL);
    for (int i = 0; i < PSP_SEALING_SESSIONS; i++)
        end_session(&sealing->sessions[i]);
    psp_journal_close(&sealing->log);
    pthread_mutex_destroy(&sealing->mutex);
    pthread_cond_destroy(&sealing->changed);
    psp_buffer_free(&sealing->answer);
    free(sealing->buffer);
    explicit_bzero(sealing->hash_key, sizeof sealing->hash_key);
    free(sealing);
    *sealing_at = NULL;
}

void psp_sealing_push(struct psp_sealing *sealing, const struct psp_core_seal *order)
{
    const struct psp_bytes hash = order->request.records_hash;
    assert(hash.length == 0 || hash.length == PSP_HASH_BYTES); /* as it was decoded */
    assert(order->request.last <= order->position.index);
    assert(order->position.term > 0);
    pthread_mutex_lock(&sealing->mutex);
    if (sealing->order_count < PSP_SEALING_ORDERS) {
        struct order *to =
            &sealing->orders[(sealing->order_first + sealing->order_count++) % PSP_SEALING_ORDERS];
        *to = (struct order){.seal = *order, .compare = hash.length == PSP_HASH_BYTES};
        if (to->compare)
            memcpy(to->records_hash, hash.data, PSP_HASH_BYTES);
        to->seal.request.records_hash = (struct psp_bytes){0};
        pthread_cond_signal(&sealing->changed);
    }
    check(sealing);
    pthread_mutex_unlock(&sealing->mutex);
}

bool psp_sealing_take(struct psp_sealing *sealing, struct psp_peer *ret_peer,
                      struct psp_bytes *ret_message)
{
    pthread_mutex_lock(&sealing->mutex);
    const bool there = sealing->answered, used = sealing->taken;
    sealing->taken = there; /* whoever takes has used the one before */
    sealing->answered = false;
    if (there) {
        *ret_peer = sealing->peer;
        *ret_message = (struct psp_bytes){sealing->answer.data, sealing->answer.length};
    } else if (used) { /* the thread waits for that, and only then: the loop asks in every turn */
        pthread_cond_signal(&sealing->changed);
    }
    check(sealing);
    assert(!there || ret_message->length <= PSP_MESSAGE_BYTES_MAX);
    pthread_mutex_unlock(&sealing->mutex);
    return there;
}

const char *psp_sealing_fault(struct psp_sealing *sealing, char ret_text[PSP_SEALING_FAULT_BYTES])
{
    pthread_mutex_lock(&sealing->mutex);
    memcpy(ret_text, sealing->fault, PSP_SEALING_FAULT_BYTES);
    sealing->fault[0] = '\0';
    check(sealing);
    pthread_mutex_unlock(&sealing->mutex);
    return ret_text[0] == '\0' ? NULL : ret_text;
}
