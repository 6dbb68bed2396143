/* The same ballots for every peer, so that the figures differ by the peer alone. */
#include "bench/peers/peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void psp_peer_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void psp_peer_ballots_open(const char *election_path, uint64_t seed,
                           struct psp_peer_ballots *ret_ballots)
{
    struct psp_reason reason = {0};
    if (psp_definition_load(election_path, &ret_ballots->definition, &reason) != PSP_OK)
        psp_peer_fail(election_path, reason.text);
    if (psp_papers_create(ret_ballots->definition, seed, 0, &ret_ballots->papers) != PSP_OK)
        psp_peer_fail(election_path, "cannot make ballots");
}

void psp_peer_ballots_close(struct psp_peer_ballots *ballots)
{
    psp_papers_destroy(&ballots->papers);
    psp_definition_destroy(&ballots->definition);
}

/* One contest with few choices: the marks are 1, 0, 1, choice. */
void psp_peer_ballot(const struct psp_peer_ballots *ballots, uint64_t i,
                     struct psp_peer_ballot *ret_ballot)
{
    struct psp_ballot ballot;
    psp_papers_ballot(ballots->papers, 0, i, PSP_PAPER_FIRST, ret_ballot->voter, &ballot);
    ret_ballot->unit = ballot.unit;
    ret_ballot->choice = ballot.marks[ballot.marks_bytes - 1];
}

int psp_peer_print(const char *what, uint64_t ballots, double seconds, uint64_t stored,
                   uint64_t tallied)
{
    const bool right = stored == ballots && tallied == ballots;
    printf("{\"what\":\"%s\",\"ballots\":%" PRIu64 ",\"seconds\":%.3f,\"ballots_per_second\":%.0f,"
           "\"stored\":%" PRIu64 ",\"tallied\":%" PRIu64 ",\"verified\":%s}\n",
           what, ballots, seconds, (double)ballots / seconds, stored, tallied,
           right ? "true" : "false");
    return right ? 0 : 1;
}
