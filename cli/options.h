/*
 * options - what many calls take, as children of their own parsers: their names,
 * help and checks stand here once.
 *
 * A call names them in its argp's children and gives each its place to write in
 * state->child_inputs at ARGP_KEY_INIT.
 *
 * Threads: any.
 */
#ifndef PSP_OPTIONS_H
#define PSP_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* --dir DIR, needed: the folder of a cluster. Input: const char **, NULL before. */
extern const struct argp psp_option_dir;
/* --shard S. Input: uint32_t *, untouched when it is not given. */
extern const struct argp psp_option_shard;
/* --publication, --report-min, --turnout, of a definition to be made. Input: struct
 * psp_publication_plan * (election/definition/text.h), what is not given untouched. */
extern const struct argp psp_option_publication;
/* --json. Input: bool *. */
extern const struct argp psp_option_json;

/* A list with commas, each word held against `good`; ends the call where one is not what is
 * `expected`, and where `given`, what an earlier one of the call returned, is not NULL. Returns
 * `value`, spaces for the commas. */
const char *psp_option_list(const struct argp_state *state, const char *option, const char *given,
                            char *value, bool (*good)(const char *word, size_t length),
                            const char *expected);

#endif
