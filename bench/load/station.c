/* One loop: submit what is due, poll, take receipts, tally them. */
#include "bench/load/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"

enum {
    ROUND = 256, /* submits that share one time stamp; fewer than a counter in `open` holds */
    ROUNDS = 1 << 16,
    RECEIPTS = 4096,
    EXTRAS = 1 << 20, /* extra ballots that wait; more are left out */
    NUMBER_BITS = 31,
    WAIT_MS = 10,
    DUE_WAIT_MS = 1,
    GIVE_UP_MS = 120000,
    SUBMITS_A_TURN = 1024,
};

struct station {
    const struct psp_station_options *options;
    struct psp_station_shared *shared;
    struct psp_client *client;
    uint64_t sends, firsts; /* so far */
    uint64_t extras_first, extras_n;
    uint64_t *extras;                /* ring: kind and number */
    uint64_t round_us[ROUNDS];       /* closed loop: when a round was submitted */
    uint16_t open[ROUNDS];           /* its ballots without a receipt */
    struct psp_ballot ballot;        /* the next one, */
    uint8_t id[PSP_PAPERS_ID_BYTES]; /* its voter, */
    bool held;                       /* when it was refused: libpsephos is full */
    struct psp_receipt receipts[RECEIPTS];
    uint64_t moved_ms;
};

static uint64_t due_us(const struct station *station, uint64_t send)
{
    return station->options->start_us + (uint64_t)((double)send * 1e6 / station->options->rate);
}

static bool finished(const struct station *station, uint64_t now_us)
{
    const struct psp_station_options *options = station->options;
    if (station->sends >> NUMBER_BITS)
        return true;
    if (options->ballots)
        return station->firsts == options->ballots;
    return now_us > options->start_us &&
           (double)(now_us - options->start_us) >= options->seconds * 1e6;
}

static void make(struct station *station)
{
    uint64_t what = station->firsts;
    if (station->extras_n > 0) {
        what = station->extras[station->extras_first];
        station->extras_first = (station->extras_first + 1) % EXTRAS;
        station->extras_n--;
    } else {
        station->firsts++;
    }
    const enum psp_papers_kind kind = (enum psp_papers_kind)(what >> NUMBER_BITS);
    const uint64_t i = what & ((UINT64_C(1) << NUMBER_BITS) - 1);
    psp_papers_ballot(station->options->papers, station->options->client, i, kind, station->id,
                      &station->ballot);
    station->ballot.cookie = what << NUMBER_BITS | station->sends;
}

/* PSP_EAGAIN: nothing is due, or a round is still open from 16 M sends ago.
 * PSP_EBUSY: libpsephos is full. */
static enum psp_status submit_one(struct station *station, uint64_t now_us)
{
    const bool closed = station->options->rate <= 0;
    if (now_us < station->options->start_us)
        return PSP_EAGAIN;
    const uint64_t round = station->sends / ROUND % ROUNDS;
    if (!station->held) {
        if (!closed && due_us(station, station->sends) > now_us)
            return PSP_EAGAIN;
        if (closed && station->sends % ROUND == 0) {
            if (station->open[round] > 0)
                return PSP_EAGAIN;
            station->round_us[round] = now_us;
        }
        make(station);
    }
    const enum psp_status status = psp_client_submit(station->client, &station->ballot);
    station->held = status == PSP_EBUSY;
    if (status != PSP_OK)
        return status;
    station->open[round]++;
    station->sends++;
    return PSP_OK;
}

static enum psp_status submit(struct station *station)
{
    uint64_t now_us = psp_clock_us();
    enum psp_status status = PSP_OK;
    for (int i = 0; i < SUBMITS_A_TURN && status == PSP_OK; i++) {
        if (i % ROUND == 0)
            now_us = psp_clock_us();
        if (!station->held && finished(station, now_us))
            return PSP_ENOENT;
        status = submit_one(station, now_us);
    }
    return status;
}

static bool falls_on(double share, uint64_t i)
{
    return (uint64_t)((double)(i + 1) * share) > (uint64_t)((double)i * share);
}

static void add_extra(struct station *station, enum psp_papers_kind kind, uint64_t i)
{
    if (station->extras_n == EXTRAS)
        return;
    station->extras[(station->extras_first + station->extras_n++) % EXTRAS] =
        (uint64_t)kind << NUMBER_BITS | i;
}

static void judge(struct station *station, const struct psp_receipt *receipt)
{
    struct psp_station_shared *shared = station->shared;
    const enum psp_papers_kind kind = (enum psp_papers_kind)(receipt->cookie >> (2 * NUMBER_BITS));
    const uint64_t i = receipt->cookie >> NUMBER_BITS & ((UINT64_C(1) << NUMBER_BITS) - 1);
    const enum psp_disposition first = psp_verdict_first(receipt->verdict);
    const bool again = psp_verdict_disposition(receipt->verdict) == PSP_REPLAYED;
    bool intended = false;
    switch (kind) {
    case PSP_PAPER_FIRST:
        intended = first == PSP_COUNTED;
        if (!intended)
            break;
        shared->counted++;
        shared->counted_of[psp_papers_number(station->options->papers, station->options->client,
                                             i)]++;
        if (falls_on(station->options->replayed, i))
            add_extra(station, PSP_PAPER_REPLAY, i);
        if (falls_on(station->options->double_votes, i))
            add_extra(station, PSP_PAPER_DOUBLE, i);
        break;
    case PSP_PAPER_REPLAY:
        intended = again && first == PSP_COUNTED;
        shared->replayed += intended;
        break;
    case PSP_PAPER_DOUBLE:
        intended = first == PSP_DOUBLE_VOTE;
        shared->double_votes += intended;
        break;
    }
    shared->unintended += !intended;
}

static void take(struct station *station, size_t n)
{
    struct psp_station_shared *shared = station->shared;
    const uint64_t now_us = psp_clock_us();
    uint64_t last_us = 0, times = 0;
    for (size_t r = 0; r < n; r++) {
        const struct psp_receipt *receipt = &station->receipts[r];
        const uint64_t send = receipt->cookie & ((UINT64_C(1) << NUMBER_BITS) - 1);
        const uint64_t round = send / ROUND % ROUNDS;
        const uint64_t since =
            station->options->rate > 0 ? due_us(station, send) : station->round_us[round];
        station->open[round]--;
        if (since != last_us && times > 0) {
            psp_histogram_add(&shared->latency, now_us - last_us, times);
            times = 0;
        }
        last_us = since;
        times++;
        judge(station, receipt);
        if (receipt->shard < PSP_SHARDS_MAX && receipt->index > shared->index[receipt->shard])
            shared->index[receipt->shard] = receipt->index;
    }
    if (times > 0)
        psp_histogram_add(&shared->latency, now_us - last_us, times);
    __atomic_store_n(&shared->receipts, shared->receipts + n, __ATOMIC_RELEASE);
    __atomic_store_n(&shared->sent, station->sends, __ATOMIC_RELAXED);
}

static enum psp_status cast_all(struct station *station)
{
    struct psp_station_shared *shared = station->shared;
    enum psp_status status = PSP_OK;
    station->moved_ms = psp_clock_ms();
    while (status == PSP_OK) {
        const enum psp_status submitted = submit(station);
        if (submitted == PSP_ENOENT && shared->receipts == station->sends)
            return PSP_OK;
        if (submitted != PSP_OK && submitted != PSP_EBUSY && submitted != PSP_EAGAIN &&
            submitted != PSP_ENOENT)
            return submitted;
        int wait_ms = submitted == PSP_OK ? 0 : WAIT_MS;
        if (station->options->rate > 0 && submitted == PSP_EAGAIN)
            wait_ms = DUE_WAIT_MS;
        size_t n = 0;
        status = psp_client_poll(station->client, wait_ms, station->receipts, RECEIPTS, &n);
        take(station, n);
        const uint64_t now_ms = psp_clock_ms();
        if (n > 0 || shared->receipts == station->sends)
            station->moved_ms = now_ms;
        if (status == PSP_OK && now_ms - station->moved_ms > GIVE_UP_MS)
            status = PSP_ETIMEDOUT;
    }
    return status;
}

void psp_station_run(const struct psp_station_options *options, struct psp_station_shared *shared)
{
    struct station *station = calloc(1, sizeof *station);
    const struct psp_client_options client_options = {
        .cluster_path = options->cluster_path,
        .key_path = options->key_path,
        .rows = options->rows,
        .definition = options->definition,
        .batch_rows = options->batch_rows,
        .inflight_max = options->inflight_max,
        .unordered = true, /* a voter's second ballot comes after the first one's receipt */
        .seed = options->start_us + options->client,
    };
    enum psp_status status = PSP_ENOMEM;
    if (station != NULL) {
        station->options = options;
        station->shared = shared;
        station->extras = malloc(EXTRAS * sizeof *station->extras);
    }
    if (station != NULL && station->extras != NULL)
        status = psp_client_create(&client_options, &station->client, shared->reason,
                                   sizeof shared->reason);
    if (status == PSP_OK) {
        status = cast_all(station);
        if (status != PSP_OK) {
            const char *refusal = psp_client_error(station->client);
            snprintf(shared->reason, sizeof shared->reason, "%s",
                     *refusal ? refusal : psp_status_text(status));
        }
        struct psp_client_stats stats;
        psp_client_stats(station->client, &stats);
        shared->resent = stats.resent;
        shared->busy = stats.busy;
    }
    if (station != NULL) {
        psp_client_destroy(&station->client);
        free(station->extras);
    }
    free(station);
    shared->status = status;
    __atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
}
