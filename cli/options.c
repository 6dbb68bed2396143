/* One small parser an option; the keys of those without a letter are above the calls' own. */
#include "cli/options.h"

#include <string.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/number.h"
#include "base/limits.h"
#include "election/definition/text.h"

static error_t parse_dir(int key, char *value, struct argp_state *state)
{
    const char **directory = state->input;
    switch (key) {
    case 'd':
        *directory = value;
        return 0;
    case ARGP_KEY_END:
        if (!*directory)
            argp_error(state, "--dir is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_shard(int key, char *value, struct argp_state *state)
{
    uint32_t *shard = state->input;
    if (key != 's')
        return ARGP_ERR_UNKNOWN;
    *shard = (uint32_t)psp_number_argument(state, "--shard", value, 0, PSP_SHARDS_MAX - 1);
    return 0;
}

enum { /* above what the calls give their own */
       OPTION_JSON = 0x10000,
       OPTION_PUBLICATION,
       OPTION_REPORT_MIN,
       OPTION_TURNOUT
};

static error_t parse_json(int key, char *value, struct argp_state *state)
{
    (void)value;
    bool *json = state->input;
    if (key != OPTION_JSON)
        return ARGP_ERR_UNKNOWN;
    *json = true;
    return 0;
}

static enum psp_publication publication_argument(struct argp_state *state, const char *option,
                                                 const char *value)
{
    enum psp_publication publication = PSP_PUBLICATION_IMMEDIATE;
    if (!psp_publication_named(value, &publication))
        argp_error(state, "%s: immediate or reports", option);
    return publication;
}

static error_t parse_publication(int key, char *value, struct argp_state *state)
{
    struct psp_publication_plan *plan = state->input;
    switch (key) {
    case OPTION_PUBLICATION:
        plan->choices = publication_argument(state, "--publication", value);
        return 0;
    case OPTION_TURNOUT:
        plan->turnout = publication_argument(state, "--turnout", value);
        return 0;
    case OPTION_REPORT_MIN:
        plan->report_min =
            psp_number_argument(state, "--report-min", value, 1, (uint64_t)PSP_COUNT_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option dir[] = {
    {"dir", 'd', "DIR", 0, "folder of the cluster", 0},
    {0},
};
static const struct argp_option shard[] = {
    {"shard", 's', "S", 0, "number of the shard", 0},
    {0},
};
static const struct argp_option json[] = {
    {"json", OPTION_JSON, NULL, 0, "print JSON", 0},
    {0},
};

static const struct argp_option publication[] = {
    {"publication", OPTION_PUBLICATION, "WHEN", 0,
     "when counts are shown: immediate (default) or reports, as of a unit's last report", 0},
    {"report-min", OPTION_REPORT_MIN, "N", 0,
     "ballots by which a row must have moved to be shown anew (default 10)", 0},
    {"turnout", OPTION_TURNOUT, "WHEN", 0,
     "when numbers of ballots are shown: immediate (default) or reports", 0},
    {0},
};

const struct argp psp_option_dir = {.options = dir, .parser = parse_dir};
const struct argp psp_option_shard = {.options = shard, .parser = parse_shard};
const struct argp psp_option_publication = {.options = publication, .parser = parse_publication};
const struct argp psp_option_json = {.options = json, .parser = parse_json};

const char *psp_option_list(const struct argp_state *state, const char *option, const char *given,
                            char *value, bool (*good)(const char *word, size_t length),
                            const char *expected)
{
    if (given)
        argp_error(state, "%s: once, with commas between", option);
    for (char *at = value;; at++) {
        const size_t length = strcspn(at, ",");
        if (!good(at, length))
            argp_error(state, "%s: \"%.*s\" is not %s", option, (int)length, at, expected);
        at += length;
        if (!*at)
            return value;
        *at = ' ';
    }
}
