/* Messages read by threads come back in the order in which they were added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bridge/kafka_in/ahead.h"

enum { MESSAGES = 20000, TEXT_BYTES = 128, WAIT_MS = 30000 };

static struct psp_definition *definition;
static const uint8_t secret[PSP_BALLOT_SECRET_BYTES] = {1, 2, 3};
static rd_kafka_message_t messages[MESSAGES];
static char texts[MESSAGES][TEXT_BYTES];
static struct psp_bridge_ahead *ahead;
static int wake_fd;

static int load(void **state)
{
    struct psp_reason reason = {0};
    (void)state;
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const struct psp_bridge_ahead_options options = {
        .format = PSP_BRIDGE_NDJSON, .secret = secret, .wake_fd = wake_fd};
    if (psp_definition_load("tests/fixtures/town.json", &definition, &reason) != PSP_OK)
        return -1;
    struct psp_bridge_ahead_options with = options;
    with.definition = definition;
    return psp_bridge_ahead_create(&with, &ahead) == PSP_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    psp_bridge_ahead_destroy(&ahead);
    psp_definition_destroy(&definition);
    close(wake_fd);
    return 0;
}

/* Every tenth is no ballot, every twentieth a tombstone. */
static void make(int i)
{
    snprintf(texts[i], TEXT_BYTES,
             "{\"voter_id\":\"v%d\",\"unit\":\"north-1\",\"method\":\"booth\",\"contests\":{"
             "\"mayor\":[\"bob\"]}}",
             i);
    if (i % 10 == 3)
        texts[i][0] = '[';
    messages[i] = (rd_kafka_message_t){.offset = i};
    if (i % 20 != 7) {
        messages[i].payload = texts[i];
        messages[i].len = strlen(texts[i]);
    }
}

static void assert_read(const struct psp_bridge_read *read, int i)
{
    char voter[16];
    assert_ptr_equal(read->message, &messages[i]);
    assert_int_equal(read->round, i / 1000);
    if (i % 10 == 3) {
        assert_int_equal(read->status, PSP_EINVAL);
        assert_non_null(strstr(read->text, "JSON array"));
        return;
    }
    if (i % 20 == 7) {
        assert_int_equal(read->status, PSP_ENOENT);
        return;
    }
    snprintf(voter, sizeof voter, "v%d", i);
    assert_int_equal(read->status, PSP_OK);
    assert_string_equal(read->text, "");
    assert_int_equal(read->ballot.voter_id_bytes, strlen(voter));
    assert_memory_equal(read->ballot.voter_id, voter, strlen(voter));
    uint8_t id[PSP_BALLOT_ID_BYTES];
    psp_ballot_id_of_message(secret, (struct psp_bytes){0},
                             (struct psp_bytes){(const uint8_t *)texts[i], strlen(texts[i])}, id);
    assert_memory_equal(read->ballot.ballot_id, id, sizeof id);
}

static void wait_for_thread(void)
{
    uint64_t count;
    struct pollfd wanted = {.fd = wake_fd, .events = POLLIN};
    if (poll(&wanted, 1, WAIT_MS) != 1)
        fail_msg("no thread reads");
    const ssize_t got = read(wake_fd, &count, sizeof count);
    (void)got;
}

static void they_come_back_read_and_in_order(void **state)
{
    (void)state;
    int added = 0, read = 0;
    for (int i = 0; i < MESSAGES; i++)
        make(i);
    while (read < MESSAGES) {
        struct psp_bridge_read one;
        for (int n = 0; n < 300 && added < MESSAGES && psp_bridge_ahead_has_room(ahead); n++) {
            psp_bridge_ahead_add(ahead, &messages[added], (uint32_t)added / 1000);
            added++;
        }
        psp_bridge_ahead_hand(ahead);
        bool some = false;
        while (psp_bridge_ahead_first(ahead, &one)) {
            assert_read(&one, read++);
            psp_bridge_ahead_pop(ahead);
            some = true;
        }
        if (!some)
            wait_for_thread();
    }
    assert_int_equal(added, MESSAGES);
}

static void there_is_room_for_so_many_and_no_more(void **state)
{
    (void)state;
    struct psp_bridge_read one;
    int added = 0;
    while (psp_bridge_ahead_has_room(ahead))
        psp_bridge_ahead_add(ahead, &messages[added++], 0);
    assert_int_equal(added, PSP_BRIDGE_AHEAD_BLOCKS * PSP_BRIDGE_AHEAD_MESSAGES);
    for (int i = 0; i < added; i++) {
        while (!psp_bridge_ahead_first(ahead, &one))
            wait_for_thread();
        assert_ptr_equal(one.message, &messages[i]);
        psp_bridge_ahead_pop(ahead);
    }
    assert_false(psp_bridge_ahead_first(ahead, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_back_read_and_in_order),
        cmocka_unit_test(there_is_room_for_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
