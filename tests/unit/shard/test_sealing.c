/* What leaves a replica's log: chunks that its auditors can open, signed by the shard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/opener.h"
#include "seal/position.h"
#include "shard/sealing.h"

enum { LAST = 1500, WAIT_S = 60, SHARD = 0, LARGE = 1200, LARGE_BYTES = 2 << 20 };

struct desk {
    char folder[64], path[96];
    struct psp_journal *log;
    struct psp_keypair auditor;
    struct psp_cluster_auditor auditors[1];
    struct psp_cluster_shard shard;
    struct psp_cluster cluster;
    struct psp_sign_key key;
    struct psp_sealing *sealing;
    struct psp_arena *arena;
    struct psp_cluster_message got;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t wakes, seen, next_id;
};

static void wake(void *context)
{
    struct desk *desk = context;
    pthread_mutex_lock(&desk->mutex);
    desk->wakes++;
    pthread_cond_signal(&desk->changed);
    pthread_mutex_unlock(&desk->mutex);
}

static void append(struct desk *desk, uint64_t first, uint64_t last, char what)
{
    static uint8_t payload[LARGE_BYTES];
    for (uint64_t i = first; i <= last; i++) {
        memset(payload, what, sizeof payload);
        const struct psp_record record = {.index = i,
                                          .term = 1,
                                          .type = PSP_RECORD_COMMAND,
                                          .payload = payload,
                                          .payload_bytes = i == LARGE ? LARGE_BYTES : 100};
        assert_int_equal(psp_journal_append(desk->log, &record, 1), PSP_OK);
    }
    assert_int_equal(psp_journal_sync(desk->log), PSP_OK);
}

static void start(struct desk *desk)
{
    const struct psp_sealing_options options = {.cluster = &desk->cluster,
                                                .shard = 0,
                                                .log_path = desk->path,
                                                .key = &desk->key,
                                                .wake = wake,
                                                .context = desk};
    assert_int_equal(psp_sealing_create(&options, &desk->sealing), PSP_OK);
}

static int make_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    struct psp_reason reason;
    const uint8_t seed[PSP_SIGN_SEED_BYTES] = {5};
    assert_non_null(desk);
    strcpy(desk->folder, "/tmp/psp-sealing-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    snprintf(desk->path, sizeof desk->path, "%s/log", desk->folder);
    pthread_mutex_init(&desk->mutex, NULL);
    pthread_cond_init(&desk->changed, NULL);
    assert_int_equal(psp_keypair_generate(&desk->auditor), PSP_OK);
    assert_int_equal(psp_sign_key_of(seed, &desk->key), PSP_OK);
    assert_int_equal(psp_arena_create(64 << 20, &desk->arena), PSP_OK);
    desk->auditors[0] = (struct psp_cluster_auditor){"court", desk->auditor.public_z85};
    desk->shard.shard = SHARD;
    desk->cluster = (struct psp_cluster){.cluster_id = {9},
                                         .epoch = 3,
                                         .shard_count = 1,
                                         .shards = &desk->shard,
                                         .auditor_count = 1,
                                         .auditors = desk->auditors};
    struct psp_journal_options options = {.directory = desk->path, .segment_bytes = 40000};
    memcpy(options.cluster_id, desk->cluster.cluster_id, PSP_CLUSTER_ID_BYTES);
    assert_int_equal(psp_journal_open(&options, &desk->log, &reason), PSP_OK);
    assert_int_equal(psp_journal_set_vote(desk->log, 1, 0), PSP_OK);
    append(desk, 1, LAST, 'a');
    start(desk);
    *state = desk;
    return 0;
}

static int drop_desk(void **state)
{
    struct desk *desk = *state;
    char command[128];
    psp_sealing_destroy(&desk->sealing);
    psp_journal_close(&desk->log);
    psp_arena_destroy(&desk->arena);
    snprintf(command, sizeof command, "rm -rf %s", desk->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of mkdtemp's */
    free(desk);
    return 0;
}

/* The answer to one request, decoded. */
static const struct psp_cluster_message *ask(struct desk *desk,
                                             const struct psp_seal_request *request)
{
    const struct psp_core_seal order = {.peer.length = 4,
                                        .id = ++desk->next_id,
                                        .request = *request,
                                        .position = {.epoch = 3,
                                                     .index = psp_journal_last(desk->log),
                                                     .term = 1,
                                                     .received = 8,
                                                     .counted = 7,
                                                     .mode = PSP_MODE_LIVE,
                                                     .state_hash = {1}}};
    struct psp_peer peer = {0};
    struct psp_bytes message = {0};
    const char *reason = NULL;
    psp_sealing_push(desk->sealing, &order);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&desk->mutex);
    while (desk->wakes == desk->seen)
        assert_int_equal(pthread_cond_timedwait(&desk->changed, &desk->mutex, &until), 0);
    desk->seen = desk->wakes;
    pthread_mutex_unlock(&desk->mutex);
    assert_true(psp_sealing_take(desk->sealing, &peer, &message));
    assert_int_equal(peer.length, 4);
    psp_arena_reset(desk->arena);
    assert_int_equal(
        psp_cluster_message_decode(desk->arena, message.data, message.length, &desk->got, &reason),
        PSP_OK);
    assert_int_equal(desk->got.id, desk->next_id);
    assert_false(psp_sealing_take(desk->sealing, &peer, &message));
    return &desk->got;
}

struct chunk {
    struct psp_chunk_range range;
    FILE *file;
    uint32_t parts;
    uint8_t records_hash[PSP_HASH_BYTES], signature[PSP_SIGNATURE_BYTES];
};

/* All parts of a chunk; each asked for twice, as a resend does. */
static struct chunk fetch(struct desk *desk, uint64_t first, uint64_t last)
{
    struct psp_seal_request request = {.session = 77, .first = first, .last = last};
    struct chunk chunk = {.range = {.shard = SHARD, .epoch = 3, .first = first, .last = last},
                          .file = tmpfile()};
    memcpy(chunk.range.cluster_id, desk->cluster.cluster_id, PSP_CLUSTER_ID_BYTES);
    bool final = false;
    for (; !final; request.part++) {
        const struct psp_cluster_message *answer = ask(desk, &request);
        assert_int_equal(answer->type, PSP_CLUSTER_SEALED);
        assert_int_equal(answer->sealed.part, request.part);
        const size_t bytes = answer->sealed.bytes.length;
        assert_int_equal(fwrite(answer->sealed.bytes.data, 1, bytes, chunk.file), bytes);
        uint8_t *held = malloc(bytes);
        memcpy(held, answer->sealed.bytes.data, bytes);
        answer = ask(desk, &request);
        assert_int_equal(answer->sealed.bytes.length, bytes);
        assert_memory_equal(answer->sealed.bytes.data, held, bytes);
        free(held);
        final = answer->sealed.final;
        if (final) {
            memcpy(chunk.records_hash, answer->sealed.records_hash.data, PSP_HASH_BYTES);
            memcpy(chunk.signature, answer->sealed.signature.data, PSP_SIGNATURE_BYTES);
        }
    }
    chunk.parts = request.part;
    assert_int_equal(fflush(chunk.file), 0);
    return chunk;
}

static bool is_signed(const struct desk *desk, const struct chunk *chunk)
{
    uint8_t hash[PSP_HASH_BYTES], statement[PSP_CHUNK_STATEMENT_BYTES];
    assert_int_equal(psp_opener_hash(chunk->file, hash), PSP_OK);
    psp_chunk_statement(&chunk->range, chunk->records_hash, hash, statement);
    return psp_sign_verify(desk->key.public_key, PSP_CHUNK_CONTEXT, statement, sizeof statement,
                           chunk->signature);
}

static uint64_t read_as_auditor(const struct desk *desk, const struct chunk *chunk)
{
    uint8_t public_key[PSP_KEY_BYTES], secret_key[PSP_KEY_BYTES];
    struct psp_opener *opener = NULL;
    struct psp_record record;
    uint64_t n = 0;
    assert_int_equal(psp_key_bytes(desk->auditor.public_z85, public_key), PSP_OK);
    assert_int_equal(psp_key_bytes(desk->auditor.secret_z85, secret_key), PSP_OK);
    const struct psp_opener_options options = {chunk->range, public_key, secret_key};
    assert_int_equal(psp_opener_create(chunk->file, &options, &opener), PSP_OK);
    enum psp_status status;
    while ((status = psp_opener_next(opener, &record)) == PSP_OK) {
        assert_int_equal(record.index, chunk->range.first + n++);
        assert_int_equal(record.payload_bytes, record.index == LARGE ? LARGE_BYTES : 100);
        assert_int_equal(record.payload[99], 'a');
    }
    assert_int_equal(status, PSP_ENOENT);
    psp_opener_destroy(&opener);
    return n;
}

static void chunks_are_sealed_for_the_auditors_and_signed(void **state)
{
    struct desk *desk = *state;
    struct chunk closed = fetch(desk, 1, 1024), open = fetch(desk, 1025, LAST);
    assert_int_equal(read_as_auditor(desk, &closed), 1024);
    assert_int_equal(read_as_auditor(desk, &open), LAST - 1024);
    assert_int_equal(closed.parts, 1);
    assert_int_equal(open.parts, 3); /* the large entry by itself */
    assert_true(is_signed(desk, &closed) && is_signed(desk, &open));
    closed.records_hash[0] ^= 1;
    open.range.last--;
    assert_false(is_signed(desk, &closed) || is_signed(desk, &open));
    fclose(closed.file);
    fclose(open.file);
}

static void what_is_applied_is_signed(void **state)
{
    struct desk *desk = *state;
    uint8_t statement[PSP_POSITION_STATEMENT_BYTES];
    const struct psp_cluster_message *answer = ask(desk, &(struct psp_seal_request){0});
    assert_int_equal(answer->sealed.position.index, LAST);
    assert_int_equal(answer->sealed.position.counted, 7);
    psp_position_statement(desk->cluster.cluster_id, SHARD, &answer->sealed.position, statement);
    assert_true(psp_sign_verify(desk->key.public_key, PSP_POSITION_CONTEXT, statement,
                                sizeof statement, answer->sealed.signature.data));
    assert_false(psp_sign_verify(desk->key.public_key, PSP_CHUNK_CONTEXT, statement,
                                 sizeof statement, answer->sealed.signature.data));
}

static bool same(struct desk *desk, const struct chunk *chunk)
{
    const struct psp_seal_request request = {.first = chunk->range.first,
                                             .last = chunk->range.last,
                                             .records_hash = {chunk->records_hash, PSP_HASH_BYTES}};
    return ask(desk, &request)->sealed.same;
}

/* Another replica has the same key and, as it should, the same entries. */
static void any_replica_knows_its_records_and_no_others(void **state)
{
    struct desk *desk = *state;
    const struct chunk open = fetch(desk, 1025, LAST);
    assert_true(same(desk, &open));
    psp_sealing_destroy(&desk->sealing);
    start(desk);
    assert_true(same(desk, &open));
    assert_int_equal(psp_journal_truncate(desk->log, LAST), PSP_OK);
    append(desk, LAST, LAST, 'b');
    psp_sealing_destroy(&desk->sealing);
    start(desk);
    assert_false(same(desk, &open));
    fclose(open.file);
}

static void a_log_that_grows_is_read_on(void **state)
{
    struct desk *desk = *state;
    const struct chunk before = fetch(desk, 1025, LAST);
    fclose(before.file);
    append(desk, LAST + 1, 2048, 'a');
    struct chunk after = fetch(desk, 1025, 2048);
    assert_int_equal(read_as_auditor(desk, &after), 1024);
    fclose(after.file);
}

static const char *refusal(struct desk *desk, const struct psp_seal_request *request,
                           bool temporary)
{
    const struct psp_cluster_message *answer = ask(desk, request);
    assert_int_equal(answer->type, PSP_CLUSTER_OPERATED);
    assert_int_equal(answer->operated.status, PSP_OPERATE_REFUSED);
    assert_int_equal(answer->operated.temporary, temporary);
    return answer->operated.text;
}

static void a_part_out_of_order_is_refused(void **state)
{
    struct desk *desk = *state;
    struct psp_seal_request request = {.session = 1, .first = 1025, .last = LAST, .part = 1};
    assert_non_null(strstr(refusal(desk, &request, true), "begin it again"));
    request.part = 0;
    assert_int_equal(ask(desk, &request)->type, PSP_CLUSTER_SEALED);
    request.part = 2;
    assert_non_null(strstr(refusal(desk, &request, true), "begin it again"));
    request.part = 1;
    assert_int_equal(ask(desk, &request)->type, PSP_CLUSTER_SEALED);
}

/* The one that was silent longest gives way. */
static void streams_are_bounded(void **state)
{
    struct desk *desk = *state;
    struct psp_seal_request request = {.first = 1025, .last = LAST};
    for (uint64_t i = 1; i <= PSP_SEALING_SESSIONS + 1; i++) {
        request.session = i;
        assert_int_equal(ask(desk, &request)->type, PSP_CLUSTER_SEALED);
    }
    request.part = 1;
    assert_int_equal(ask(desk, &request)->type, PSP_CLUSTER_SEALED);
    request.session = 1;
    assert_non_null(strstr(refusal(desk, &request, true), "given up"));
    request.session = 2;
    assert_int_equal(ask(desk, &request)->type, PSP_CLUSTER_SEALED);
}

static void without_auditors_nothing_leaves(void **state)
{
    struct desk *desk = *state;
    psp_sealing_destroy(&desk->sealing);
    desk->cluster.auditor_count = 0;
    start(desk);
    const struct psp_seal_request requests[] = {{0}, {.first = 1, .last = 9}};
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(refusal(desk, &requests[i], false), "names no auditor"));
}

static void an_entry_that_cannot_be_read_is_told(void **state)
{
    struct desk *desk = *state;
    char command[160], fault[PSP_SEALING_FAULT_BYTES];
    assert_null(psp_sealing_fault(desk->sealing, fault));
    snprintf(command, sizeof command, "rm %s/0000000000000001.log", desk->path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of mkdtemp's */
    const struct psp_seal_request request = {.session = 1, .first = 1, .last = 1024};
    assert_non_null(strstr(refusal(desk, &request, false), "ask another replica"));
    assert_non_null(psp_sealing_fault(desk->sealing, fault));
    assert_non_null(strstr(fault, "log entry 1 "));
    assert_null(psp_sealing_fault(desk->sealing, fault));
}

#define AT_DESK(fact) cmocka_unit_test_setup_teardown(fact, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_DESK(chunks_are_sealed_for_the_auditors_and_signed),
        AT_DESK(what_is_applied_is_signed),
        AT_DESK(any_replica_knows_its_records_and_no_others),
        AT_DESK(a_log_that_grows_is_read_on),
        AT_DESK(a_part_out_of_order_is_refused),
        AT_DESK(streams_are_bounded),
        AT_DESK(without_auditors_nothing_leaves),
        AT_DESK(an_entry_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
