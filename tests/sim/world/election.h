/*
 * election - the small election that is simulated: three precincts, three ballot
 * styles, two contests, stations, voters, and ballots good and bad, all from the seed.
 *
 * What a precinct may vote on stands here twice: as JSON for the code under
 * test, and as masks of choices for the judge of the simulator.
 *
 *     style 0 full    mayor (one vote): choices 0 1 2    board (two votes): 0 1 2 3
 *     style 1 short   mayor (one vote): choices 0   2
 *     style 2 party   mayor (one vote): choices   1 2    board (two votes): 0     3
 *
 *     unit 1 full     unit 2 party or short     unit 3 short
 */
#ifndef SIM_ELECTION_H
#define SIM_ELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "cluster/sign.h"
#include "count/count.h"
#include "election/definition/definition.h"
#include "election/digest.h"
#include "tests/sim/world/random.h"

enum {
    SIM_SHARDS_MAX = 3,
    SIM_REPLICAS_MAX = 3,
    SIM_UNITS = 4, /* the first is the nation */
    SIM_METHODS = 2,
    SIM_STYLES = 3,
    SIM_UNIT_STYLES = 2, /* of one unit, at most */
    SIM_STATIONS = 4,    /* at most */
    SIM_CONTESTS = 2,
    SIM_CHOICES_MAX = 4,
    SIM_BALLOTS_MAX = 256,
    SIM_VOTERS_MAX = 256,
    SIM_MARKS_MAX = 8,
};

/* Choices that may be marked on a style, a bit each; 0: contest not there. */
extern const uint8_t sim_choices[SIM_STYLES][SIM_CONTESTS];
extern const uint8_t sim_votes_allowed[SIM_CONTESTS];
/* The styles of a unit, in its order. */
extern const struct sim_unit_styles {
    uint32_t n, styles[SIM_UNIT_STYLES];
} sim_unit_styles[SIM_UNITS];

struct sim_ballot {
    uint32_t voter;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    uint32_t unit;
    uint32_t style; /* as it is named: a position, PSP_NONE not at all, or one there is not */
    uint32_t paper; /* the position that this means; PSP_NONE: none of the unit's */
    uint8_t method;
    uint64_t cast_at_ms;
    struct psp_mark pairs[SIM_MARKS_MAX];
    uint32_t pair_count;
    uint8_t marks[64];
    size_t marks_bytes;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    uint8_t other_digest[PSP_DIGEST_BYTES]; /* under the other key */
    uint32_t shard;
    uint32_t same; /* the first one that is the very same ballot to a shard, or itself */
};

/* Of what a shard remembers of refused ballots; 0: the product's own, never reached here. */
struct sim_limits {
    uint64_t refused, refused_station, closed, closed_station;
};

/* When what is counted may be shown, as election.json has it. */
struct sim_publishing {
    enum psp_publication publication, turnout;
    uint64_t report_min;
};

/* What a station may cast, from a time on: one unit, some methods; 0: all. */
struct sim_bounds {
    uint32_t unit, methods;
    uint64_t from_us;
    uint64_t until_ms; /* by the router's clock; then nothing */
};

struct sim_election {
    struct psp_definition *definition;
    struct psp_digest_key key, other_key;
    struct psp_cluster cluster;     /* as every process should have it */
    struct psp_cluster old_cluster; /* with an old slot map */
    struct psp_cluster key_cluster; /* with another digest key */
    struct psp_cluster_shard shards[SIM_SHARDS_MAX], old_shards[SIM_SHARDS_MAX];
    struct psp_sign_key signing_keys[SIM_SHARDS_MAX];
    struct psp_cluster_replica replicas[SIM_SHARDS_MAX][SIM_REPLICAS_MAX];
    struct sim_limits limits;
    struct sim_publishing publishing;
    uint32_t stations[SIM_STATIONS]; /* their numbers */
    struct sim_bounds bounds[SIM_STATIONS];
    bool roll, roll_styles;
    struct { /* a shard's part of the roll */
        uint64_t n;
        uint8_t digests[SIM_VOTERS_MAX * PSP_DIGEST_BYTES], units[SIM_VOTERS_MAX * 4];
        uint8_t styles[SIM_VOTERS_MAX * 2]; /* from 1 within the unit */
    } rolls[SIM_SHARDS_MAX];
    uint32_t voter_count, ballot_count;
    struct sim_ballot ballots[SIM_BALLOTS_MAX];
};

struct sim_election_plan {
    uint32_t shards, replicas, ballots;
    bool roll, roll_styles;
    struct sim_limits limits;
    struct sim_publishing publishing;
    uint32_t stations[SIM_STATIONS];
    struct sim_bounds bounds[SIM_STATIONS];
};

void sim_election_make(struct sim_election *election, const struct sim_election_plan *plan,
                       struct sim_random *random);
void sim_election_free(struct sim_election *election);

size_t sim_voter_id(uint32_t voter, char ret_id[16]);
/* The place of a style among the unit's, from 1; 0: not one of them. */
uint32_t sim_style_place(uint32_t unit, uint32_t style);
/* A shard's roll and limits, for the code under test. */
enum psp_status sim_count_create(const struct sim_election *election, uint32_t shard,
                                 struct psp_count **ret_count);

#endif
