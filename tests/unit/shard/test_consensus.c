/* The consensus wrapper: libraft's defects stay hidden, and its promises hold. */
#include "tests/unit/fixture/consensus.h"

#include "base/bytes/bytes.h"

enum {
    APPEND_ENTRIES = 1,
    APPEND_RESULT = 2,
    REQUEST_VOTE = 3,
    VOTE_RESULT = 4,
    INSTALL = 5,
    TIMEOUT_NOW = 6
};

static uint32_t until_leader(struct cluster *cluster)
{
    for (int ms = 0; ms < 20000; ms++) {
        const uint32_t leader = leader_now(cluster);
        if (leader != MEMBERS_MAX)
            return leader;
        step_cluster(cluster);
    }
    fail_msg("no leader after 20 s");
    return MEMBERS_MAX;
}

/* Lets only `winner` campaign. */
static void elect(struct cluster *cluster, uint32_t winner)
{
    for (uint32_t i = 0; i < cluster->n; i++)
        cluster->mute[i] = i != winner;
    for (int ms = 0; ms < 60000 && leader_now(cluster) != winner; ms++)
        step_cluster(cluster);
    assert_int_equal(leader_now(cluster), winner);
    memset(cluster->mute, 0, sizeof cluster->mute);
}

static struct psp_consensus *lone(uint64_t term, uint64_t records, uint64_t snapshot,
                                  struct psp_consensus_actions *ret_actions, uint32_t members)
{
    struct psp_consensus *consensus = NULL;
    struct psp_consensus_member all[3];
    for (uint32_t i = 0; i < members; i++)
        all[i] = (struct psp_consensus_member){i + 1, true};
    const struct psp_consensus_options options = {.raft_id = 1,
                                                  .members = all,
                                                  .member_count = members,
                                                  .election_timeout_ms = 300,
                                                  .heartbeat_ms = 60,
                                                  .seed = 1};
    assert_int_equal(psp_consensus_create(&options, &consensus), PSP_OK);
    struct psp_record log[16];
    assert_true(records <= 16);
    for (uint64_t i = 0; i < records; i++)
        log[i] = (struct psp_record){snapshot + i + 1, term, PSP_RECORD_COMMAND, NULL, 0};
    if (snapshot == 0 && records > 0) {
        log[0] = psp_consensus_bootstrap(consensus);
        log[0].term = term;
    }
    const struct psp_consensus_start start = {.term = term,
                                              .snapshot_index = snapshot,
                                              .snapshot_term = snapshot == 0 ? 0 : term,
                                              .first_index = snapshot + 1,
                                              .records = log,
                                              .record_count = records};
    assert_int_equal(psp_consensus_start(consensus, 1000, &start, ret_actions), PSP_OK);
    return consensus;
}

static void receive(struct psp_consensus *consensus, uint32_t type, const uint64_t *fields,
                    uint32_t n, struct psp_consensus_actions *ret_actions)
{
    const struct psp_raft_message message = {.type = type, .fields = fields, .field_count = n};
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, ret_actions), PSP_OK);
}

static void commands(struct psp_raft_entry *entries, int n, uint64_t term)
{
    static const uint64_t value = 5;
    for (int i = 0; i < n; i++)
        entries[i] = (struct psp_raft_entry){
            term, PSP_RECORD_COMMAND, {(const uint8_t *)&value, sizeof value}};
}

static enum psp_status append(struct psp_consensus *consensus, const uint64_t *fields,
                              const struct psp_raft_entry *entries, uint32_t n,
                              struct psp_consensus_actions *ret_actions)
{
    const struct psp_raft_message message = {.type = APPEND_ENTRIES,
                                             .fields = fields,
                                             .field_count = 5,
                                             .entries = entries,
                                             .entry_count = n};
    return psp_consensus_receive(consensus, 1001, 2, &message, ret_actions);
}

/* Fills the stack that the library is going to use. */
__attribute__((noinline)) static void poison(int byte)
{
    volatile uint8_t stack[8192];
    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = (uint8_t)byte;
}

static void w1_a_request_of_an_old_term_is_answered_without_an_index(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte += 85) {
        struct psp_consensus_actions actions;
        struct psp_consensus *consensus = lone(4, 1, 0, &actions, 3);
        poison(byte);
        receive(consensus, APPEND_ENTRIES, (const uint64_t[]){0, 2, 0, 0, 0}, 5, &actions);
        assert_int_equal(actions.message_count, 1);
        assert_int_equal(actions.messages[0].type, APPEND_RESULT);
        assert_int_equal(actions.messages[0].fields[1], 4); /* our term */
        assert_int_equal(actions.messages[0].fields[2], 0); /* rejected */
        assert_int_equal(actions.messages[0].fields[3], 0); /* last_log_index */
        poison(byte);
        receive(consensus, INSTALL, (const uint64_t[]){0, 2, 5, 2, 1}, 5, &actions);
        assert_int_equal(actions.message_count, 1);
        assert_int_equal(actions.messages[0].fields[3], 0);
        assert_false(actions.too_old);
        psp_consensus_destroy(&consensus);
    }
}

static void w2_entries_below_the_snapshot_are_taken_as_known(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(2, 2, 8, &actions, 3); /* snapshot 8, log 9..10 */
    struct psp_raft_entry entries[11];
    commands(entries, 11, 2);
    const uint64_t fields[] = {0, 2, 0, 0, 8};
    struct psp_raft_message message = {.type = APPEND_ENTRIES,
                                       .fields = fields,
                                       .field_count = 5,
                                       .entries = entries,
                                       .entry_count = 2};
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions), PSP_OK);
    assert_int_equal(actions.append_index, 0);
    assert_int_equal(psp_consensus_last_index(consensus), 10);
    message.entry_count = 11; /* 1..11: only the last is new */
    assert_int_equal(psp_consensus_receive(consensus, 1002, 2, &message, &actions), PSP_OK);
    assert_int_equal(actions.append_index, 11);
    assert_int_equal(actions.append_count, 1);
    psp_consensus_destroy(&consensus);
}

static void w4_a_refused_pre_vote_tells_our_term(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(9, 1, 0, &actions, 3);
    /* version, term, candidate, last index, last term, disrupt, pre-vote */
    receive(consensus, REQUEST_VOTE, (const uint64_t[]){2, 3, 2, 1, 1, 0, 1}, 7, &actions);
    assert_int_equal(actions.message_count, 1);
    assert_int_equal(actions.messages[0].type, VOTE_RESULT);
    assert_int_equal(actions.messages[0].fields[1], 9);
    assert_int_equal(actions.messages[0].fields[2], 0); /* not granted */
    psp_consensus_destroy(&consensus);
}

static void w5_a_lone_voter_leads_a_new_term_after_each_start(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(7, 3, 0, &actions, 1);
    assert_true(actions.vote);
    assert_int_equal(actions.term, 8);
    assert_int_equal(psp_consensus_state(consensus), PSP_LEADER);
    assert_int_equal(psp_consensus_term(consensus), 8);
    assert_int_equal(actions.commit_index, 3);
    psp_consensus_destroy(&consensus);
}

static void w7_an_offered_snapshot_ends_the_replica_and_leaks_nothing(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 0, 0, &actions, 3);
    receive(consensus, INSTALL, (const uint64_t[]){0, 2, 5, 1, 1}, 5, &actions);
    assert_true(actions.too_old);
    assert_int_equal(actions.commit_index, 0); /* W6: what the library goes on from is not here */
    psp_consensus_destroy(&consensus);
}

static void w8_a_configuration_among_entries_keeps_its_place(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    const struct psp_record configuration = psp_consensus_bootstrap(consensus);
    struct psp_raft_entry entries[5];
    commands(entries, 5, 2);
    entries[2].type = PSP_RECORD_CONFIGURATION;
    entries[2].payload = (struct psp_bytes){configuration.payload, configuration.payload_bytes};
    const uint64_t fields[] = {0, 2, 1, 1, 1};
    assert_int_equal(append(consensus, fields, entries, 5, &actions), PSP_OK);
    assert_int_equal(actions.append_index, 2);
    assert_int_equal(actions.append_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(actions.append[i].index, 2 + i);
        assert_int_equal(actions.append[i].type,
                         i == 2 ? PSP_RECORD_CONFIGURATION : PSP_RECORD_COMMAND);
    }
    /* Durable and committed by the leader: the configuration is told of once, at index 4. */
    assert_int_equal(psp_consensus_persisted(consensus, 1002, actions.append_number, &actions),
                     PSP_OK);
    receive(consensus, APPEND_ENTRIES, (const uint64_t[]){0, 2, 6, 2, 6}, 5, &actions);
    assert_int_equal(actions.commit_index, 6);
    psp_consensus_destroy(&consensus);
}

/* A configuration without us, then a new leader that replaces it: we are a
 * voter again. The library must know at which index it was. */
static void w8_a_replaced_configuration_no_longer_holds(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3), *other = NULL;
    const struct psp_consensus_member others[] = {{2, true}, {3, true}};
    const struct psp_consensus_options options = {.raft_id = 2,
                                                  .members = others,
                                                  .member_count = 2,
                                                  .election_timeout_ms = 300,
                                                  .heartbeat_ms = 60};
    assert_int_equal(psp_consensus_create(&options, &other), PSP_OK);
    const struct psp_record without_us = psp_consensus_bootstrap(other);
    struct psp_raft_entry entries[3];
    commands(entries, 3, 2);
    entries[2].type = PSP_RECORD_CONFIGURATION; /* index 4 */
    entries[2].payload = (struct psp_bytes){without_us.payload, without_us.payload_bytes};
    struct psp_raft_message message = {.type = APPEND_ENTRIES,
                                       .fields = (const uint64_t[]){0, 2, 1, 1, 1},
                                       .field_count = 5,
                                       .entries = entries,
                                       .entry_count = 3};
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions), PSP_OK);
    assert_int_equal(actions.append_count, 3);
    entries[0].term = 3;
    message.fields = (const uint64_t[]){0, 3, 2, 2, 1};
    message.entry_count = 1; /* replaces 3 and 4 */
    assert_int_equal(psp_consensus_receive(consensus, 1002, 3, &message, &actions), PSP_OK);
    assert_int_equal(actions.append_index, 3);
    assert_int_equal(psp_consensus_persisted(consensus, 1002, actions.append_number, &actions),
                     PSP_OK);
    bool campaigned = false;
    for (uint64_t ms = 1003; ms < 3000 && !campaigned; ms++) {
        assert_int_equal(psp_consensus_timeout(consensus, ms, &actions), PSP_OK);
        for (uint32_t i = 0; i < actions.message_count; i++)
            campaigned = campaigned || actions.messages[i].type == REQUEST_VOTE;
    }
    assert_true(campaigned);
    psp_consensus_destroy(&other);
    psp_consensus_destroy(&consensus);
}

static void w9_an_answer_to_a_vote_no_longer_asked_for_changes_nothing(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(4, 1, 0, &actions, 3);
    for (uint64_t pre_vote = 0; pre_vote < 2; pre_vote++) {
        /* version, term, granted, pre-vote, features, capacity */
        receive(consensus, VOTE_RESULT, (const uint64_t[]){2, 9, 0, pre_vote, 1, 0}, 6, &actions);
        assert_false(actions.vote);
        assert_int_equal(psp_consensus_term(consensus), 4);
        assert_int_equal(psp_consensus_state(consensus), PSP_FOLLOWER);
    }
    psp_consensus_destroy(&consensus);
}

static void a_message_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    const uint64_t fields[8] = {0, 1, UINT64_MAX, 2, 2, 2, 2};
    for (uint32_t type = 0; type < 9; type++) {
        for (uint32_t n = 0; n <= 8; n++) {
            const struct psp_raft_message message = {
                .type = type, .fields = fields, .field_count = n};
            if ((type == APPEND_RESULT || type == INSTALL || type == 6) && n >= 4 && n <= 6)
                continue;
            assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions),
                             PSP_EINVAL);
            assert_int_equal(actions.message_count, 0);
        }
    }
    psp_consensus_destroy(&consensus);
}

static void a_term_that_one_more_would_wrap_is_refused(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    const uint64_t fields[7] = {0, UINT64_MAX, 0, 0, 0, 0, 0};
    for (uint32_t type = APPEND_ENTRIES; type <= TIMEOUT_NOW; type++) {
        for (uint32_t n = 4; n <= 7; n++) {
            const struct psp_raft_message message = {
                .type = type, .fields = fields, .field_count = n};
            assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions),
                             PSP_EINVAL);
        }
    }
    struct psp_raft_entry entry = {UINT64_MAX, PSP_RECORD_COMMAND, {(const uint8_t *)&fields, 8}};
    const uint64_t behind[] = {0, 2, 1, 1, 1};
    assert_int_equal(append(consensus, behind, &entry, 1, &actions), PSP_EINVAL);
    assert_int_equal(psp_consensus_term(consensus), 1);
    psp_consensus_destroy(&consensus);
}

static void w6_what_is_committed_is_not_replaced_after_a_short_message(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    struct psp_raft_entry entries[3];
    commands(entries, 3, 2);
    const uint64_t three[] = {0, 2, 1, 1, 4};
    assert_int_equal(append(consensus, three, entries, 3, &actions), PSP_OK);
    assert_int_equal(actions.commit_index, 4);
    receive(consensus, APPEND_ENTRIES, (const uint64_t[]){0, 2, 1, 1, 9}, 5, &actions);
    assert_int_equal(actions.commit_index, 4);
    entries[0].term = 3; /* instead of 2 to 4 */
    assert_int_equal(append(consensus, (const uint64_t[]){0, 3, 1, 1, 1}, entries, 1, &actions),
                     PSP_EIO);
    assert_int_equal(actions.append_index, 0);
    psp_consensus_destroy(&consensus);
}

static void w10_a_configuration_that_ends_too_early_is_refused(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    const struct psp_record whole = psp_consensus_bootstrap(consensus);
    struct psp_raft_entry entry = {.term = 2, .type = PSP_RECORD_CONFIGURATION};
    const uint64_t fields[] = {0, 2, 1, 1, 1};
    const uint32_t used = 1 + 8 + 3 * (8 + 2 + 1); /* of three members; what follows is padding */
    assert_true(whole.payload_bytes >= used);
    for (uint32_t bytes = 0; bytes < used; bytes++) {
        uint8_t *cut = malloc(bytes == 0 ? 1 : bytes);
        assert_non_null(cut);
        memcpy(cut, whole.payload, bytes);
        entry.payload = (struct psp_bytes){bytes == 0 ? NULL : cut, bytes};
        assert_int_equal(append(consensus, fields, &entry, 1, &actions), PSP_EINVAL);
        free(cut);
    }
    uint8_t many[1 + 8 + 64 * (8 + 3)] = {1, 64}; /* members with IDs 1 to 64, and ample room */
    for (uint8_t i = 0; i < 64; i++) {
        uint8_t *member = many + 9 + (size_t)i * 11;
        member[0] = i + 1;
        member[8] = ' ' + i;
        member[10] = 1;
    }
    entry.payload = (struct psp_bytes){many, sizeof many};
    assert_int_equal(append(consensus, fields, &entry, 1, &actions), PSP_EINVAL);
    many[1] = PSP_MEMBERS_MAX;
    many[9] = 0; /* a member of ID 0 */
    assert_int_equal(append(consensus, fields, &entry, 1, &actions), PSP_EINVAL);
    many[9] = 1;
    assert_int_equal(append(consensus, fields, &entry, 1, &actions), PSP_OK);
    assert_int_equal(actions.append_count, 1);
    psp_consensus_destroy(&consensus);
}

static void w11_who_leads_takes_no_entries_of_its_term(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(7, 3, 0, &actions, 1);
    assert_int_equal(psp_consensus_state(consensus), PSP_LEADER);
    const uint64_t fields[] = {0, psp_consensus_term(consensus), 3, 7, 3};
    struct psp_raft_message message = {.type = APPEND_ENTRIES, .fields = fields, .field_count = 5};
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions), PSP_EINVAL);
    message.type = INSTALL;
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions), PSP_EINVAL);
    assert_false(actions.too_old);
    assert_int_equal(psp_consensus_state(consensus), PSP_LEADER);
    psp_consensus_destroy(&consensus);
}

static void terms_that_fall_or_are_past_the_leaders_are_refused(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(2, 2, 8, &actions, 3); /* snapshot 8, log 9..10 */
    struct psp_raft_entry entries[11];
    commands(entries, 11, 1);
    const uint64_t behind[] = {0, 3, 10, 2, 8}, from_first[] = {0, 3, 0, 0, 8};
    assert_int_equal(append(consensus, behind, entries, 1, &actions), PSP_EINVAL);
    assert_int_equal(append(consensus, from_first, entries, 11, &actions), PSP_EINVAL);
    entries[0].term = 4; /* of a leader of term 3 */
    assert_int_equal(append(consensus, behind, entries, 1, &actions), PSP_EINVAL);
    assert_int_equal(psp_consensus_last_index(consensus), 10);
    entries[0].term = 3;
    assert_int_equal(append(consensus, behind, entries, 1, &actions), PSP_OK);
    assert_int_equal(psp_consensus_last_index(consensus), 11);
    psp_consensus_destroy(&consensus);
}

static void a_replaced_write_is_not_reported_as_persisted(void **state)
{
    (void)state;
    struct psp_consensus_actions actions;
    struct psp_consensus *consensus = lone(1, 1, 0, &actions, 3);
    struct psp_raft_entry entries[4];
    commands(entries, 4, 2);
    struct psp_raft_message message = {.type = APPEND_ENTRIES,
                                       .fields = (const uint64_t[]){0, 2, 1, 1, 1},
                                       .field_count = 5,
                                       .entries = entries,
                                       .entry_count = 4};
    assert_int_equal(psp_consensus_receive(consensus, 1001, 2, &message, &actions), PSP_OK);
    const uint64_t first = actions.append_number; /* 2..5 of term 2 */
    entries[0].term = 3;
    message.fields = (const uint64_t[]){0, 3, 3, 2, 1};
    message.entry_count = 1;
    assert_int_equal(psp_consensus_receive(consensus, 1002, 2, &message, &actions), PSP_OK);
    assert_int_equal(actions.append_index, 4);
    const uint64_t second = actions.append_number;
    assert_int_equal(psp_consensus_persisted(consensus, 1003, first, &actions), PSP_OK);
    assert_int_equal(psp_consensus_persisted_index(consensus), 3);
    assert_int_equal(psp_consensus_persisted(consensus, 1004, second, &actions), PSP_OK);
    assert_int_equal(psp_consensus_persisted_index(consensus), 4);
    psp_consensus_destroy(&consensus);
}

/* s1 leads, is cut off with two uncommitted entries, and stops. s2 wins with
 * s0's vote. s1 comes back, s0 is cut off; a ballot arrives at s2 while s1's
 * answer to the first heartbeat is on its way. */
static void an_acknowledged_entry_is_never_lost_to_a_returning_leader(void **state)
{
    (void)state;
    struct cluster *cluster = create_cluster(3, 1);
    elect(cluster, 1);
    run_cluster(cluster, 50);
    cut_pair(cluster, 1, 0, true);
    cut_pair(cluster, 1, 2, true);
    propose(cluster, 1, 1);
    propose(cluster, 1, 1);
    run_cluster(cluster, 30);
    crash_member(cluster, 1);
    elect(cluster, 2);
    run_cluster(cluster, 40);
    start_member(cluster, 1);
    cut_pair(cluster, 1, 2, false);
    cut_pair(cluster, 0, 2, true);
    const uint64_t term = psp_consensus_term(cluster->members[2].consensus);
    for (int ms = 0; ms < 2000 && psp_consensus_term(cluster->members[1].consensus) < term; ms++)
        step_cluster(cluster);
    const uint64_t ballot = propose(cluster, 2, 1);
    assert_int_not_equal(ballot, 0);
    const uint64_t value = cluster->next_value;
    run_cluster(cluster, 60); /* the oracle checks each commit for a durable majority */
    const bool acknowledged = cluster->committed_n >= ballot;
    crash_member(cluster, 2);
    cut_pair(cluster, 0, 1, false);
    const uint32_t leader = until_leader(cluster);
    propose(cluster, leader, 1);
    run_cluster(cluster, 1000);
    assert_true(cluster->committed_n >= ballot);
    if (acknowledged)
        assert_int_equal(cluster->committed[ballot - 1].value, value);
    destroy_cluster(cluster);
}

/* Figure 8 of the Raft paper. */
static void an_entry_of_an_old_term_is_not_committed_by_counting(void **state)
{
    (void)state;
    struct cluster *cluster = create_cluster(3, 2);
    elect(cluster, 0);
    run_cluster(cluster, 50);
    cut_pair(cluster, 0, 1, true);
    cut_pair(cluster, 0, 2, true);
    const uint64_t x = propose(cluster, 0, 1); /* only on s0 */
    run_cluster(cluster, 30);
    crash_member(cluster, 0);
    elect(cluster, 2);
    run_cluster(cluster, 3);
    cut_pair(cluster, 1, 2, true);
    propose(cluster, 2, 1); /* only on s2 */
    run_cluster(cluster, 30);
    crash_member(cluster, 2);
    start_member(cluster, 0);
    cut_pair(cluster, 0, 1, false);
    cluster->one_entry = true; /* so that x arrives without an entry of the new term */
    elect(cluster, 0);
    const uint64_t term = psp_consensus_term(cluster->members[0].consensus);
    for (int ms = 0; ms < 400; ms++) {
        const struct member *leader = &cluster->members[0];
        if (leader_now(cluster) == 0 && leader->commit >= x)
            assert_int_equal(leader->log[leader->commit - 1].term, term);
        step_cluster(cluster);
    }
    crash_member(cluster, 0);
    start_member(cluster, 2);
    cut_pair(cluster, 1, 2, false);
    const uint32_t last = until_leader(cluster);
    propose(cluster, last, 1);
    run_cluster(cluster, 1000); /* the oracle would see a committed entry replaced */
    assert_true(cluster->committed_n > x);
    destroy_cluster(cluster);
}

/* Its log was damaged, or its disk replaced; what is committed stays on the others. */
static void a_follower_gets_again_what_it_acknowledged_and_lost(void **state)
{
    (void)state;
    static const uint64_t kept[] = {8, 4, 0};
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
        struct cluster *cluster = create_cluster(3, 11 + k);
        elect(cluster, 0);
        for (uint32_t i = 0; i < 8; i++) { /* the configuration is index 1 */
            propose(cluster, 0, 1);
            run_cluster(cluster, 20);
        }
        const uint64_t term = psp_consensus_term(cluster->members[0].consensus);
        assert_int_equal(cluster->members[1].disk_n, 9);
        crash_member(cluster, 1);
        cluster->members[1].disk_n = kept[k];
        start_member(cluster, 1);
        run_cluster(cluster, 5000);
        assert_int_not_equal(leader_now(cluster), 1);
        assert_true(cluster->members[1].disk_n >= 9);
        for (uint64_t i = 1; i < 9; i++)
            assert_int_equal(cluster->members[1].disk[i].value, i);
        assert_true(psp_consensus_term(cluster->members[0].consensus) > term);
        destroy_cluster(cluster);
    }
}

/* A rejection that comes late, even twice, is no reason to give up the leadership. */
static void a_late_rejection_costs_no_leadership(void **state)
{
    (void)state;
    struct cluster *cluster = create_cluster(3, 21);
    elect(cluster, 0);
    propose(cluster, 0, 4);
    run_cluster(cluster, 100);
    const uint64_t term = psp_consensus_term(cluster->members[0].consensus);
    for (int i = 0; i < 20; i++) {
        struct psp_consensus_actions actions;
        const uint64_t fields[] = {0, term, 3, 2, 0, 0}; /* rejected 3, its log ends at 2 */
        const struct psp_raft_message late = {
            .type = APPEND_RESULT, .fields = fields, .field_count = 6};
        assert_int_equal(psp_consensus_receive(cluster->members[0].consensus, cluster->now_ms, 2,
                                               &late, &actions),
                         PSP_OK);
        carry(cluster, 0, PSP_OK, &actions);
        run_cluster(cluster, 100); /* with its answers to heartbeats in between */
    }
    assert_int_equal(leader_now(cluster), 0);
    assert_int_equal(psp_consensus_term(cluster->members[0].consensus), term);
    destroy_cluster(cluster);
}

static void shake(struct cluster *cluster)
{
    memset(cluster->cut, 0, sizeof cluster->cut);
    const uint32_t a = (uint32_t)(draw(cluster) % cluster->n);
    const uint32_t b = (uint32_t)(draw(cluster) % cluster->n);
    switch (draw(cluster) % 4) {
    case 0:
        return;
    case 1:
        for (uint32_t k = 0; k < cluster->n; k++)
            if (k != a)
                cut_pair(cluster, a, k, true);
        return;
    case 2:
        cut_pair(cluster, a, b, a != b);
        return;
    default:
        for (uint32_t k = 0; k < cluster->n; k++) /* can hear, cannot speak */
            cluster->cut[a][k] = k != a;
    }
}

static void maybe_checkpoint(struct cluster *cluster, uint32_t i)
{
    struct member *member = &cluster->members[i];
    if (!member->up || member->applied <= member->snapshot + 20)
        return;
    uint64_t index = psp_consensus_persisted_index(member->consensus);
    if (index > member->applied)
        index = member->applied;
    if (index <= member->snapshot || index > member->disk_n)
        return;
    struct psp_consensus_actions actions;
    carry(cluster, i,
          psp_consensus_checkpointed(member->consensus, cluster->now_ms, index,
                                     member->log[index - 1].term, &actions),
          &actions);
    if (cluster->n == 1) /* others may still need the older entries of this log */
        member->snapshot = index;
}

static void run_seed(uint64_t seed, uint32_t ms)
{
    static const uint32_t sizes[] = {3, 3, 3, 1, 5}, losses[] = {0, 2, 10, 30};
    static const uint32_t delays[] = {3, 20, 150}, writes[] = {1, 10, 60};
    struct cluster *cluster = create_cluster(sizes[seed % 5], seed);
    cluster->faults = (struct faults){.loss_percent = losses[draw(cluster) % 4],
                                      .twice_percent = losses[draw(cluster) % 3],
                                      .late_percent = losses[draw(cluster) % 2],
                                      .trim_percent = losses[draw(cluster) % 4],
                                      .delay_ms = delays[draw(cluster) % 3],
                                      .write_ms = writes[draw(cluster) % 3]};
    for (uint32_t t = 0; t < ms; t++) {
        step_cluster(cluster);
        for (uint32_t i = 0; i < cluster->n; i++)
            if (!cluster->members[i].up && cluster->members[i].restart_ms <= cluster->now_ms)
                start_member(cluster, i);
        const uint32_t leader = leader_now(cluster);
        if (leader != MEMBERS_MAX && chance(cluster, 10) && cluster->members[leader].write_n < 100)
            propose(cluster, leader, (uint32_t)between(cluster, 1, 8));
        const uint32_t some = (uint32_t)between(cluster, 0, cluster->n - 1);
        if (draw(cluster) % 1500 == 0 && cluster->members[some].up)
            crash_member(cluster, some);
        if (draw(cluster) % 900 == 0)
            shake(cluster);
        if (draw(cluster) % 200 == 0)
            maybe_checkpoint(cluster, some);
    }
    /* Healed, it goes on within seconds, and everybody hears of it. */
    memset(cluster->cut, 0, sizeof cluster->cut);
    cluster->faults = (struct faults){.trim_percent = 50, .delay_ms = 2, .write_ms = 1};
    for (uint32_t i = 0; i < cluster->n; i++)
        if (!cluster->members[i].up)
            start_member(cluster, i);
    uint64_t target = 0;
    bool done = false;
    for (uint32_t t = 0; t < 30000 && !done; t++) {
        step_cluster(cluster);
        const uint32_t leader = leader_now(cluster);
        if (leader != MEMBERS_MAX && t % 500 == 499 && cluster->committed_n < target)
            target = 0;
        if (leader != MEMBERS_MAX && target == 0)
            target = propose(cluster, leader, 1);
        done = target != 0;
        for (uint32_t i = 0; i < cluster->n; i++)
            done = done && cluster->members[i].applied >= target;
    }
    CHECK(done, "no progress 30 s after healing\n");
    destroy_cluster(cluster);
}

static void random_schedules_keep_what_is_committed(void **state)
{
    (void)state;
    const char *first = getenv("PSP_SEED"), *count = getenv("PSP_SEEDS");
    const uint64_t from = first == NULL ? 1 : strtoull(first, NULL, 10);
    const uint64_t n = count == NULL ? 100 : strtoull(count, NULL, 10);
    print_message("seeds %lu to %lu\n", from, from + n - 1);
    for (uint64_t seed = from; seed < from + n; seed++)
        run_seed(seed, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(w1_a_request_of_an_old_term_is_answered_without_an_index),
        cmocka_unit_test(w2_entries_below_the_snapshot_are_taken_as_known),
        cmocka_unit_test(w4_a_refused_pre_vote_tells_our_term),
        cmocka_unit_test(w5_a_lone_voter_leads_a_new_term_after_each_start),
        cmocka_unit_test(w7_an_offered_snapshot_ends_the_replica_and_leaks_nothing),
        cmocka_unit_test(w8_a_configuration_among_entries_keeps_its_place),
        cmocka_unit_test(w8_a_replaced_configuration_no_longer_holds),
        cmocka_unit_test(w9_an_answer_to_a_vote_no_longer_asked_for_changes_nothing),
        cmocka_unit_test(w6_what_is_committed_is_not_replaced_after_a_short_message),
        cmocka_unit_test(w10_a_configuration_that_ends_too_early_is_refused),
        cmocka_unit_test(w11_who_leads_takes_no_entries_of_its_term),
        cmocka_unit_test(a_message_that_cannot_be_is_refused),
        cmocka_unit_test(a_term_that_one_more_would_wrap_is_refused),
        cmocka_unit_test(terms_that_fall_or_are_past_the_leaders_are_refused),
        cmocka_unit_test(a_replaced_write_is_not_reported_as_persisted),
        cmocka_unit_test(an_acknowledged_entry_is_never_lost_to_a_returning_leader),
        cmocka_unit_test(an_entry_of_an_old_term_is_not_committed_by_counting),
        cmocka_unit_test(a_follower_gets_again_what_it_acknowledged_and_lost),
        cmocka_unit_test(a_late_rejection_costs_no_leadership),
        cmocka_unit_test(random_schedules_keep_what_is_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
