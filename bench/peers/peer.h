/*
 * peer - what the drivers of Redis and PostgreSQL share: the ballots, which are
 * those of the load run with the same seed and one client, and the figures.
 */
#ifndef PSP_BENCH_PEER_H
#define PSP_BENCH_PEER_H

#include "bench/load/papers.h"

struct psp_peer_ballots {
    struct psp_definition *definition;
    struct psp_papers *papers;
};

struct psp_peer_ballot {
    uint8_t voter[PSP_PAPERS_ID_BYTES];
    uint32_t unit, choice;
};

/* Reads the election; ends the process with a line when it cannot. */
void psp_peer_ballots_open(const char *election_path, uint64_t seed,
                           struct psp_peer_ballots *ret_ballots);
void psp_peer_ballots_close(struct psp_peer_ballots *ballots);
void psp_peer_ballot(const struct psp_peer_ballots *ballots, uint64_t i,
                     struct psp_peer_ballot *ret_ballot);

/* Prints the figures as a JSON object; the process's exit code. */
int psp_peer_print(const char *what, uint64_t ballots, double seconds, uint64_t stored,
                   uint64_t tallied);

/* Prints and ends the process. */
void psp_peer_fail(const char *what, const char *why) __attribute__((noreturn));

#endif
