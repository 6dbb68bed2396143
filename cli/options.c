/* One small parser an option; the keys of those without a letter are above the calls' own. */
#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/number.h"
#include "base/limits.h"

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

enum { OPTION_JSON = 0x10000 }; /* above what the calls give their own */

static error_t parse_json(int key, char *value, struct argp_state *state)
{
    (void)value;
    bool *json = state->input;
    if (key != OPTION_JSON)
        return ARGP_ERR_UNKNOWN;
    *json = true;
    return 0;
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

const struct argp psp_option_dir = {.options = dir, .parser = parse_dir};
const struct argp psp_option_shard = {.options = shard, .parser = parse_shard};
const struct argp psp_option_json = {.options = json, .parser = parse_json};
