/*
 * election - the small election that is simulated: three precincts, two
 * contests, voters, and ballots good and bad, all from the seed.
 *
 * What a precinct may vote on stands here twice: as JSON for the code under
 * test, and as masks of choices for the judge of the simulator.
 *
 *     unit 1, 2   mayor (one vote): choices 0 1 2    board (two votes): 0 1 2 3
 *     unit 3      mayor (one vote): choices 0   2
 */
#ifndef SIM_ELECTION_H
#define SIM_ELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "election/definition/definition.h"
#include "election/digest.h"
#include "tests/sim/world/random.h"

enum {
    SIM_SHARDS_MAX = 3,
    SIM_REPLICAS_MAX = 3,
    SIM_UNITS = 4, /* the first is the nation */
    SIM_METHODS = 2,
    SIM_CONTESTS = 2,
    SIM_CHOICES_MAX = 4,
    SIM_BALLOTS_MAX = 256,
    SIM_VOTERS_MAX = 256,
    SIM_MARKS_MAX = 8,
    SIM_REFUSED_STATION_MAX = 4, /* few, so that ballots are forgotten */
    SIM_REFUSED_MAX = 6,
};

/* Choices that a unit's voters may mark, a bit each; 0: contest not there. */
extern const uint8_t sim_choices[SIM_UNITS][SIM_CONTESTS];
extern const uint8_t sim_votes_allowed[SIM_CONTESTS];

struct sim_ballot {
    uint32_t voter;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    uint32_t unit;
    uint8_t method;
    uint64_t cast_at_ms;
    struct psp_mark pairs[SIM_MARKS_MAX];
    uint32_t pair_count;
    uint8_t marks[64];
    size_t marks_bytes;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    uint8_t other_digest[PSP_DIGEST_BYTES]; /* under the other key */
    uint32_t shard;
};

struct sim_election {
    struct psp_definition *definition;
    struct psp_digest_key key, other_key;
    struct psp_cluster cluster;     /* as every process should have it */
    struct psp_cluster old_cluster; /* with an old slot map */
    struct psp_cluster key_cluster; /* with another digest key */
    struct psp_cluster_shard shards[SIM_SHARDS_MAX], old_shards[SIM_SHARDS_MAX];
    struct psp_cluster_replica replicas[SIM_SHARDS_MAX][SIM_REPLICAS_MAX];
    bool roll;
    struct { /* a shard's part of the roll */
        uint64_t n;
        uint8_t digests[SIM_VOTERS_MAX * PSP_DIGEST_BYTES], units[SIM_VOTERS_MAX * 4];
    } rolls[SIM_SHARDS_MAX];
    uint32_t voter_count, ballot_count;
    struct sim_ballot ballots[SIM_BALLOTS_MAX];
};

struct sim_election_plan {
    uint32_t shards, replicas, ballots;
    bool roll;
};

void sim_election_make(struct sim_election *election, const struct sim_election_plan *plan,
                       struct sim_random *random);
void sim_election_free(struct sim_election *election);

size_t sim_voter_id(uint32_t voter, char ret_id[16]);

#endif
