/* The ballot that may leave stands in its bucket; the one behind it takes its place there. */
#include "client/core/voters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

enum psp_status psp_client_voters_init(struct psp_client_voters *ret_voters, uint32_t max,
                                       psp_client_random *random, void *random_context)
{
    uint8_t key[PSP_DIGEST_KEY_BYTES] = {0};
    uint32_t n = 1;
    assert(ret_voters != NULL);
    assert(max > 0 && max < PSP_CLIENT_NO_BALLOT / 2);
    while (n < 2 * max)
        n *= 2;
    struct psp_client_voters voters = {.mask = n - 1};
    voters.buckets = malloc(n * sizeof *voters.buckets);
    voters.of = malloc(max * sizeof *voters.of);
    if (voters.buckets == NULL || voters.of == NULL) {
        psp_client_voters_free(&voters);
        return PSP_ENOMEM;
    }
    memset(voters.buckets, 0xFF, n * sizeof *voters.buckets);
    if (random != NULL)
        random(random_context, key, sizeof key);
    psp_digest_key_init(&voters.key, key);
    assert((n & voters.mask) == 0 && voters.mask >= max); /* half of the buckets are empty */
    *ret_voters = voters;
    return PSP_OK;
}

void psp_client_voters_free(struct psp_client_voters *voters)
{
    free(voters->buckets);
    free(voters->of);
    memset(voters, 0, sizeof *voters);
}

/* And of one station, where they are of several: none may keep another's ballots waiting. */
static bool same_voter(const struct psp_client_ballots *ballots, uint32_t one, uint32_t other)
{
    const struct psp_client_ballot *a = &ballots->records[one], *b = &ballots->records[other];
    return (ballots->stations == NULL || ballots->stations[one] == ballots->stations[other]) &&
           a->voter_bytes == b->voter_bytes &&
           memcmp(psp_client_ballot_bytes(a), psp_client_ballot_bytes(b), a->voter_bytes) == 0;
}

bool psp_client_voters_join(struct psp_client_voters *voters,
                            const struct psp_client_ballots *ballots, uint32_t ballot)
{
    assert(ballot < ballots->max);
    const struct psp_client_ballot *record = &ballots->records[ballot];
    uint8_t digest[PSP_DIGEST_BYTES];
    assert(record->voter_bytes > 0);
    psp_digest_voter(&voters->key, psp_client_ballot_bytes(record), record->voter_bytes, digest);
    const uint32_t bucket = psp_get32(digest) & voters->mask;
    struct psp_client_voter *voter = &voters->of[ballot];
    *voter = (struct psp_client_voter){.bucket = bucket,
                                       .chain = voters->buckets[bucket],
                                       .behind = PSP_CLIENT_NO_BALLOT,
                                       .last = ballot};
    for (uint32_t at = voter->chain; at != PSP_CLIENT_NO_BALLOT; at = voters->of[at].chain) {
        if (!same_voter(ballots, at, ballot))
            continue;
        assert(at != ballot && voters->of[voters->of[at].last].behind == PSP_CLIENT_NO_BALLOT);
        voters->of[voters->of[at].last].behind = ballot;
        voters->of[at].last = ballot;
        return false;
    }
    voters->buckets[bucket] = ballot;
    return true;
}

uint32_t psp_client_voters_leave(struct psp_client_voters *voters, uint32_t ballot)
{
    struct psp_client_voter *voter = &voters->of[ballot];
    assert(voter->bucket <= voters->mask);
    uint32_t *place = &voters->buckets[voter->bucket];
    while (*place != ballot) {
        assert(*place != PSP_CLIENT_NO_BALLOT);
        place = &voters->of[*place].chain;
    }
    const uint32_t next = voter->behind;
    assert(next != ballot && (next == PSP_CLIENT_NO_BALLOT) == (voter->last == ballot));
    if (next == PSP_CLIENT_NO_BALLOT) {
        *place = voter->chain;
        return next;
    }
    assert(voters->of[next].bucket == voter->bucket);
    voters->of[next].chain = voter->chain;
    voters->of[next].last = voter->last;
    *place = next;
    return next;
}
