/*
 * trickle - casts a ballot every few milliseconds until its input ends, and says
 * when each one got its verdict.
 *
 * usage: trickle FOLDER MILLISECONDS
 * Output, a line a receipt: when it was cast and when the receipt was here, in
 * seconds of CLOCK_MONOTONIC. At the end all are waited for. Exit codes: 0 each
 * ballot was counted, 1 not, 2 usage.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "client/psephos.h"

enum { RECEIPTS = 256, PATH_BYTES = 4096, LAST_WAIT_MS = 60000 };

struct trickle {
    struct psp_client *client;
    const struct psp_definition *definition;
    uint64_t cast, counted, wrong;
};

static double now(void)
{
    return (double)psp_clock_us() / 1e6;
}

static bool cast_one(struct trickle *trickle)
{
    char voter[32];
    const uint64_t number = trickle->cast;
    snprintf(voter, sizeof voter, "trickle-%016" PRIu64, number);
    struct psp_ballot ballot = {
        .voter_id = (const uint8_t *)voter,
        .voter_id_bytes = strlen(voter),
        .unit = trickle->definition->leaves[number % trickle->definition->leaf_count],
        .style = PSP_NONE,
        .cast_at_ms = psp_clock_wall_ms(),
        .cookie = psp_clock_us(),
    };
    uint8_t blank[8];
    ballot.marks = blank;
    memcpy(ballot.ballot_id, voter + sizeof "trickle-" - 1, sizeof ballot.ballot_id);
    enum psp_status status = psp_marks_encode(NULL, 0, blank, sizeof blank, &ballot.marks_bytes);
    if (status == PSP_OK)
        status = psp_client_submit(trickle->client, &ballot);
    if (status != PSP_OK) {
        fprintf(stderr, "trickle: submitting: %s\n", psp_status_text(status));
        return false;
    }
    trickle->cast++;
    return true;
}

static bool take_receipts(struct trickle *trickle, int timeout_ms)
{
    struct psp_receipt receipts[RECEIPTS];
    size_t n = 0;
    if (psp_client_poll(trickle->client, timeout_ms, receipts, RECEIPTS, &n) != PSP_OK) {
        fprintf(stderr, "trickle: %s\n", psp_client_error(trickle->client));
        return false;
    }
    const double here = now();
    for (size_t i = 0; i < n; i++) {
        const bool counted = psp_verdict_first(receipts[i].verdict) == PSP_COUNTED;
        trickle->counted += counted;
        trickle->wrong += !counted;
        printf("%.6f %.6f\n", (double)receipts[i].cookie / 1e6, here);
    }
    if (n > 0)
        fflush(stdout);
    return true;
}

static bool input_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char ignored[64];
    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
}

static int run(struct trickle *trickle, int gap_ms)
{
    double due = now();
    while (!input_ended()) {
        if (now() >= due) {
            if (!cast_one(trickle))
                return 1;
            due += gap_ms / 1e3;
        }
        if (!take_receipts(trickle, 1))
            return 1;
    }
    const double end = now() + LAST_WAIT_MS / 1e3;
    while (trickle->counted + trickle->wrong < trickle->cast && now() < end)
        if (!take_receipts(trickle, 10))
            return 1;
    fprintf(stderr, "%" PRIu64 " cast, %" PRIu64 " counted\n", trickle->cast, trickle->counted);
    return trickle->counted == trickle->cast ? 0 : 1;
}

int main(int argc, char **argv)
{
    char cluster[PATH_BYTES], key[PATH_BYTES], election[PATH_BYTES];
    struct psp_reason reason = {0};
    struct psp_definition *definition = NULL;
    struct trickle trickle = {0};
    const int gap_ms = argc == 3 ? atoi(argv[2]) : 0;
    if (gap_ms <= 0) {
        fprintf(stderr, "usage: trickle FOLDER MILLISECONDS\n");
        return 2;
    }
    snprintf(cluster, sizeof cluster, "%s/cluster.json", argv[1]);
    snprintf(key, sizeof key, "%s/clients/local.key", argv[1]);
    snprintf(election, sizeof election, "%s/election.json", argv[1]);
    struct psp_client_options options = {.cluster_path = cluster, .key_path = key};
    struct psp_reason fault = {0};
    if (psp_definition_load(election, &definition, &fault) != PSP_OK) {
        fprintf(stderr, "trickle: %s: %s\n", election, fault.text);
        return 2;
    }
    if (psp_client_create(&options, &trickle.client, reason.text, sizeof reason.text) != PSP_OK) {
        fprintf(stderr, "trickle: %s\n", reason.text);
        return 2;
    }
    trickle.definition = definition;
    const int code = run(&trickle, gap_ms);
    psp_client_destroy(&trickle.client);
    psp_definition_destroy(&definition);
    return code;
}
