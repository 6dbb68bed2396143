/* Made from the seed, small enough to check by hand. */
#include "tests/sim/world/election.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cluster/raft_id.h"

const uint8_t sim_choices[SIM_STYLES][SIM_CONTESTS] = {{7, 15}, {5, 0}, {6, 9}};
const uint8_t sim_votes_allowed[SIM_CONTESTS] = {1, 2};
const struct sim_unit_styles sim_unit_styles[SIM_UNITS] = {
    {0, {0}}, {1, {0}}, {2, {2, 1}}, {1, {1}}};

static const char text[] =
    "{\"format\": 2, \"id\": \"sim\", \"name\": \"Sim\", \"date\": \"2024-11-05\","
    "\"publication\": \"immediate\","
    "\"methods\": [{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", \"name\": "
    "\"Mail\"}], \"parties\": [], \"candidates\": [],"
    "\"units\": [{\"id\": \"us\", \"name\": \"Nation\", \"level\": \"nation\"},"
    "{\"id\": \"p1\", \"name\": \"1\", \"level\": \"precinct\", \"parent\": \"us\","
    " \"ballot_styles\": [\"full\"]},"
    "{\"id\": \"p2\", \"name\": \"2\", \"level\": \"precinct\", \"parent\": \"us\","
    " \"ballot_styles\": [\"party\", \"short\"]},"
    "{\"id\": \"p3\", \"name\": \"3\", \"level\": \"precinct\", \"parent\": \"us\","
    " \"ballot_styles\": [\"short\"]}],"
    "\"contests\": [{\"id\": \"mayor\", \"name\": \"Mayor\", \"office\": \"Mayor\","
    " \"unit\": \"us\", \"choices\": [{\"id\": \"a\", \"name\": \"A\", \"kind\": \"other\"},"
    " {\"id\": \"b\", \"name\": \"B\", \"kind\": \"other\"},"
    " {\"id\": \"w\", \"name\": \"W\", \"kind\": \"write_in\"}]},"
    "{\"id\": \"board\", \"name\": \"Board\", \"office\": \"Board\", \"unit\": \"us\","
    " \"votes_allowed\": 2, \"choices\": [{\"id\": \"c\", \"name\": \"C\", \"kind\": \"other\"},"
    " {\"id\": \"d\", \"name\": \"D\", \"kind\": \"other\"},"
    " {\"id\": \"e\", \"name\": \"E\", \"kind\": \"other\"},"
    " {\"id\": \"f\", \"name\": \"F\", \"kind\": \"blank\"}]}],"
    "\"ballot_styles\": [{\"id\": \"full\", \"contests\": [{\"contest\": \"mayor\"},"
    " {\"contest\": \"board\"}]},"
    "{\"id\": \"short\", \"contests\": [{\"contest\": \"mayor\", \"choices\": [\"a\", "
    "\"w\"]}]},"
    "{\"id\": \"party\", \"contests\": [{\"contest\": \"mayor\", \"choices\": [\"b\", \"w\"]},"
    " {\"contest\": \"board\", \"choices\": [\"c\", \"f\"]}]}]}";

size_t sim_voter_id(uint32_t voter, char ret_id[16])
{
    return (size_t)snprintf(ret_id, 16, "voter-%u", voter);
}

/* The roll's unit of a voter; 0: not on the roll. */
static uint32_t unit_of(uint32_t voter)
{
    return voter % 11 == 3 ? 0 : 1 + voter % 3;
}

/* The roll's ballot style of a voter, from 1 within the unit. */
static uint32_t place_of(uint32_t voter)
{
    const uint32_t n = sim_unit_styles[unit_of(voter)].n;
    return n == 0 ? 1 : 1 + voter / 3 % n;
}

uint32_t sim_style_place(uint32_t unit, uint32_t style)
{
    for (uint32_t i = 0; unit < SIM_UNITS && i < sim_unit_styles[unit].n; i++)
        if (sim_unit_styles[unit].styles[i] == style)
            return i + 1;
    return 0;
}

enum psp_status sim_count_create(const struct sim_election *election, uint32_t shard,
                                 struct psp_count **ret_count)
{
    const struct psp_roll_part roll = {
        election->rolls[shard].n, election->rolls[shard].digests, election->rolls[shard].units,
        election->roll_styles ? election->rolls[shard].styles : NULL};
    const struct psp_count_options options = {
        .definition = election->definition,
        .roll = election->roll ? &roll : NULL,
        .refused_max = election->limits.refused,
        .refused_station_max = election->limits.refused_station,
        .closed_max = election->limits.closed,
        .closed_station_max = election->limits.closed_station,
    };
    return psp_count_create(&options, ret_count);
}

/* ---- the cluster ---- */

static void make_shards(struct sim_election *election, const struct sim_election_plan *plan)
{
    const uint32_t part = PSP_SLOT_COUNT / plan->shards;
    for (uint32_t s = 0; s < plan->shards; s++) {
        struct psp_cluster_shard *shard = &election->shards[s];
        *shard = (struct psp_cluster_shard){
            .shard = s,
            .slot_first = s * part,
            .slot_end = s + 1 == plan->shards ? PSP_SLOT_COUNT : (s + 1) * part,
            .replica_count = plan->replicas,
            .replicas = election->replicas[s],
        };
        const uint8_t seed[PSP_SIGN_SEED_BYTES] = {0x51, (uint8_t)s};
        const enum psp_status status = psp_sign_key_of(seed, &election->signing_keys[s]);
        assert(status == PSP_OK);
        (void)status;
        memcpy(shard->signing_key, election->signing_keys[s].public_key, PSP_SIGN_PUBLIC_BYTES);
        if (plan->roll)
            memset(shard->roll_hash, (int)(0x70 + s), sizeof(shard->roll_hash));
        for (uint32_t r = 0; r < plan->replicas; r++)
            election->replicas[s][r] = (struct psp_cluster_replica){
                .replica = r, .raft_id = psp_raft_id_of(PSP_RAFT_ID_START, r)};
        election->old_shards[s] = *shard;
        if (s > 0) { /* borders elsewhere */
            election->old_shards[s].slot_first -= part / 2;
            election->old_shards[s - 1].slot_end -= part / 2;
        }
    }
}

static void make_cluster(struct sim_election *election, const struct sim_election_plan *plan)
{
    make_shards(election, plan);
    struct psp_cluster *cluster = &election->cluster;
    cluster->epoch = 1;
    cluster->mode = PSP_MODE_TEST;
    memset(cluster->cluster_id, 0xC1, sizeof(cluster->cluster_id));
    memcpy(cluster->definition_hash, election->definition->hash, PSP_HASH_BYTES);
    memcpy(cluster->digest_key_hash, election->key.hash, PSP_HASH_BYTES);
    memset(cluster->slot_map_hash, 0x51, sizeof(cluster->slot_map_hash));
    if (plan->roll)
        memset(cluster->roll_hash, 0x6F, sizeof(cluster->roll_hash));
    cluster->shard_count = plan->shards;
    cluster->shards = election->shards;
    election->key_cluster = *cluster;
    memcpy(election->key_cluster.digest_key_hash, election->other_key.hash, PSP_HASH_BYTES);
    election->old_cluster = *cluster;
    election->old_cluster.shards = election->old_shards;
    memset(election->old_cluster.slot_map_hash, 0x52, PSP_HASH_BYTES);
}

static uint32_t shard_of(const struct sim_election *election, const uint8_t *digest)
{
    const uint32_t slot = (uint32_t)digest[0] << 4 | digest[1] >> 4;
    for (uint32_t s = 0; s < election->cluster.shard_count; s++)
        if (slot >= election->shards[s].slot_first && slot < election->shards[s].slot_end)
            return s;
    assert(!"every slot has a shard");
    return 0;
}

static void make_rolls(struct sim_election *election)
{
    for (uint32_t v = 0; v < election->voter_count; v++) {
        char id[16];
        uint8_t digest[PSP_DIGEST_BYTES];
        const size_t bytes = sim_voter_id(v, id);
        psp_digest_voter(&election->key, (const uint8_t *)id, bytes, digest);
        const uint32_t s = shard_of(election, digest), unit = unit_of(v);
        if (unit == 0)
            continue;
        const uint64_t n = election->rolls[s].n++;
        memcpy(election->rolls[s].digests + n * PSP_DIGEST_BYTES, digest, PSP_DIGEST_BYTES);
        psp_put32(election->rolls[s].units + n * 4, unit);
        psp_put16(election->rolls[s].styles + n * 2, (uint16_t)place_of(v));
    }
}

/* ---- ballots ---- */

static void add_pair(struct sim_ballot *ballot, uint32_t contest, uint32_t choice)
{
    assert(ballot->pair_count < SIM_MARKS_MAX);
    ballot->pairs[ballot->pair_count++] = (struct psp_mark){contest, choice};
}

static void mark(struct sim_ballot *ballot, struct sim_random *random)
{
    const uint32_t style = ballot->paper < SIM_STYLES ? ballot->paper : 0;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        const uint32_t here = sim_choices[style][contest];
        if (here == 0 || sim_chance(random, 1000))
            continue;
        const uint32_t wanted = sim_below(random, 16); /* may be too many, or none */
        for (uint32_t choice = 0; choice < SIM_CHOICES_MAX; choice++)
            if ((here & wanted & 1U << choice) != 0)
                add_pair(ballot, contest, choice);
    }
    switch (sim_below(random, 40)) {
    case 0: /* a choice that the contest does not have */
        add_pair(ballot, 0, PSP_NONE);
        break;
    case 1: /* a choice that is elsewhere only */
        if (style == 1)
            add_pair(ballot, 0, 1);
        break;
    case 2: /* a contest that is elsewhere only */
        if (style == 1)
            add_pair(ballot, 1, 0);
        break;
    case 3: /* twice the same */
        if (ballot->pair_count > 0 && ballot->pair_count < SIM_MARKS_MAX)
            add_pair(ballot, ballot->pairs[0].contest, ballot->pairs[0].choice);
        break;
    default:
        break;
    }
}

/* The right one, one that is not the voter's, another unit's, none, or one that nobody has. */
static void choose_style(struct sim_ballot *ballot, struct sim_random *random)
{
    const uint32_t unit = ballot->unit < SIM_UNITS ? ballot->unit : 1;
    const struct sim_unit_styles *styles = &sim_unit_styles[unit];
    ballot->style = PSP_NONE;
    if (styles->n > 1 || (styles->n == 1 && sim_below(random, 4) == 0))
        ballot->style = styles->styles[(place_of(ballot->voter) - 1) % styles->n];
    if (sim_chance(random, 600))
        ballot->style = styles->n == 0 ? 0 : styles->styles[sim_below(random, styles->n)];
    if (sim_chance(random, 400))
        ballot->style = sim_below(random, SIM_STYLES + 1);
    if (sim_chance(random, 200))
        ballot->style = PSP_NONE;
    ballot->paper = sim_style_place(ballot->unit, ballot->style) > 0 ? ballot->style : PSP_NONE;
    if (ballot->style == PSP_NONE && ballot->unit < SIM_UNITS && styles->n == 1)
        ballot->paper = styles->styles[0];
}

/* Written again from docs/storage.md, so that a tag of the code under test is compared. */
static void make_tag(const struct psp_digest_key *key, struct sim_ballot *ballot)
{
    uint8_t bytes[PSP_BALLOT_ID_BYTES + 4 + 1 + 8 + 4 + sizeof(ballot->marks)];
    uint8_t *at = bytes;
    memcpy(at, ballot->ballot_id, PSP_BALLOT_ID_BYTES);
    psp_put32(at += PSP_BALLOT_ID_BYTES, ballot->unit);
    *(at += 4) = ballot->method;
    psp_put64(at += 1, ballot->cast_at_ms);
    psp_put32(at += 8, ballot->paper);
    memcpy(at += 4, ballot->marks, ballot->marks_bytes);
    crypto_shorthash_siphash24(ballot->tag, bytes, (size_t)(at - bytes) + ballot->marks_bytes,
                               key->tag);
}

static void make_ballot(struct sim_election *election, struct sim_ballot *ballot,
                        struct sim_random *random)
{
    *ballot = (struct sim_ballot){.voter = sim_below(random, election->voter_count)};
    for (size_t i = 0; i < sizeof(ballot->ballot_id); i++)
        ballot->ballot_id[i] = (uint8_t)sim_below(random, 256);
    const uint32_t own = unit_of(ballot->voter);
    ballot->unit = own == 0 ? 1 : own;
    if (sim_chance(random, 300))
        ballot->unit = sim_below(random, SIM_UNITS);
    if (sim_chance(random, 100))
        ballot->unit = PSP_NONE;
    ballot->method = sim_chance(random, 100) ? 255 : (uint8_t)sim_below(random, SIM_METHODS);
    ballot->cast_at_ms = 1700000000000 + sim_below(random, 1000000);
    choose_style(ballot, random);
    mark(ballot, random);
    struct psp_mark pairs[SIM_MARKS_MAX];
    memcpy(pairs, ballot->pairs, sizeof(pairs));
    const enum psp_status status = psp_marks_encode(pairs, ballot->pair_count, ballot->marks,
                                                    sizeof(ballot->marks), &ballot->marks_bytes);
    assert(status == PSP_OK);
    (void)status;
    char id[16];
    const size_t bytes = sim_voter_id(ballot->voter, id);
    psp_digest_voter(&election->key, (const uint8_t *)id, bytes, ballot->digest);
    psp_digest_voter(&election->other_key, (const uint8_t *)id, bytes, ballot->other_digest);
    make_tag(&election->key, ballot);
    ballot->shard = shard_of(election, ballot->digest);
}

/* Differs from another one by what it names as its style, and perhaps means the same. */
static void make_twin(struct sim_election *election, struct sim_ballot *ballot,
                      const struct sim_ballot *other, struct sim_random *random)
{
    *ballot = *other;
    choose_style(ballot, random);
    make_tag(&election->key, ballot);
}

/* Of the ballots up to this one, the first that is the same to a shard. */
static uint32_t first_same(const struct sim_election *election, uint32_t ballot)
{
    const struct sim_ballot *ballots = election->ballots;
    for (uint32_t i = 0; i < ballot; i++)
        if (memcmp(ballots[i].digest, ballots[ballot].digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(ballots[i].tag, ballots[ballot].tag, PSP_TAG_BYTES) == 0)
            return i;
    return ballot;
}

void sim_election_make(struct sim_election *election, const struct sim_election_plan *plan,
                       struct sim_random *random)
{
    memset(election, 0, sizeof(*election));
    struct psp_reason reason;
    const enum psp_status status =
        psp_definition_parse(text, sizeof(text) - 1, &election->definition, &reason);
    assert(status == PSP_OK);
    (void)status;
    election->publishing = plan->publishing;
    election->definition->publication = plan->publishing.publication;
    election->definition->turnout = plan->publishing.turnout;
    election->definition->report_min = plan->publishing.report_min;
    const uint8_t secret[PSP_DIGEST_KEY_BYTES] = "the digest key.";
    const uint8_t other[PSP_DIGEST_KEY_BYTES] = "a key made anew";
    psp_digest_key_init(&election->key, secret);
    psp_digest_key_init(&election->other_key, other);
    make_cluster(election, plan);
    election->limits = plan->limits;
    memcpy(election->stations, plan->stations, sizeof(election->stations));
    memcpy(election->bounds, plan->bounds, sizeof(election->bounds));
    election->roll = plan->roll;
    election->roll_styles = plan->roll_styles;
    election->ballot_count = plan->ballots;
    election->voter_count = plan->ballots - plan->ballots / 8;
    if (plan->roll)
        make_rolls(election);
    for (uint32_t i = 0; i < plan->ballots; i++) {
        if (i > 0 && sim_chance(random, 300))
            make_twin(election, &election->ballots[i], &election->ballots[sim_below(random, i)],
                      random);
        else
            make_ballot(election, &election->ballots[i], random);
        election->ballots[i].same = first_same(election, i);
    }
}

void sim_election_free(struct sim_election *election)
{
    psp_definition_destroy(&election->definition);
}
