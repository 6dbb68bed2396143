/*
 * ballot_line - one line of JSON as a ballot.
 *
 * Our own form:
 *
 *     {"voter_id": "…", "ballot_id": "32 hex digits", "unit": "…", "style": "…",
 *      "method": "…", "cast_at": "2020-11-03T09:30:00Z",
 *      "contests": {"president": ["joseph-biden"]}}
 *
 * ballot_id and cast_at may be missing; unit and method, where the election
 * has one only; style, the ballot style, where the unit has one only. The other form
 * is the vote message of the Kafka demos: voter_id, candidate_id, voting_time,
 * address.state.
 *
 * Without a ballot ID the line's own bytes give it, under the caster's secret: the
 * same line read again is the same ballot, and counts nothing twice. Unknown IDs are for the shard
 * to judge (invalid), not for us.
 *
 * Threads: any; see client/line/nodes.h.
 */
#ifndef PSP_BALLOT_LINE_H
#define PSP_BALLOT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reason.h"
#include "client/line/leaf_names.h"
#include "client/psephos.h"
#include "election/definition/definition.h"

enum { PSP_BALLOT_DOUBT_BYTES = 320 };

struct psp_ballot_line { /* what the ballot points at */
    uint8_t voter_id[PSP_VOTER_ID_BYTES_MAX];
    uint8_t marks[PSP_MARKS_BYTES_MAX];
    bool has_id; /* the line brings its ballot ID, or the secret gave it */
    /* What the definition says against the ballot: `unknown unit "nort"`; "": nothing. The
     * shard judges. */
    char doubt[PSP_BALLOT_DOUBT_BYTES];
};

/* How lines are read. */
struct psp_ballot_lines {
    const struct psp_definition *definition;
    /* PSP_BALLOT_SECRET_BYTES, of the IDs; not owned. NULL: a line needs its ballot_id. */
    const uint8_t *secret;
    bool id_follows;  /* without a secret: where a line brings no ID, the caller gives one */
    bool votes_topic; /* the other form */
    /* For that form: leaves by name, not owned. NULL: looked through one by one, which takes
     * longer than the rest. */
    const struct psp_leaf_names *leaf_names;
};

/* Fills all of *ret_ballot but the cookie, and the ID unless has_id. PSP_EINVAL: not a ballot;
 * reterr_reason says why. */
enum psp_status psp_ballot_line_read(const struct psp_ballot_lines *lines, const char *text,
                                     size_t bytes, struct psp_ballot_line *storage,
                                     struct psp_ballot *ret_ballot,
                                     struct psp_reason *reterr_reason);

#endif
