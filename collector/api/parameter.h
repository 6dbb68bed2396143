/*
 * parameter - the values of query parameters, checked.
 *
 * Each function reads one parameter. False: the reply holds the problem, which
 * names the parameter and says what it may be. An absent parameter has the
 * value written beside the function.
 *
 * Threads: any.
 */
#ifndef PSP_PARAMETER_H
#define PSP_PARAMETER_H

#include "collector/api/api.h"
#include "collector/api/cursor.h"

enum psp_scope {
    PSP_SCOPE_OWN,   /* level not given */
    PSP_SCOPE_LEAF,  /* level=leaf */
    PSP_SCOPE_LEVEL, /* a named level */
};

struct psp_level_choice {
    enum psp_scope scope;
    uint32_t level; /* of PSP_SCOPE_LEVEL */
};

/* NULL when absent. */
const char *psp_parameter(const struct psp_api_request *request, const char *name);

/* Absent: PSP_NONE. Unknown: 404. `name`: "unit" or "parent". */
bool psp_parameter_unit(const struct psp_api_request *request, struct psp_api_reply *reply,
                        const char *name, uint32_t *ret_unit);
bool psp_parameter_contest(const struct psp_api_request *request, struct psp_api_reply *reply,
                           uint32_t *ret_contest);
bool psp_parameter_method(const struct psp_api_request *request, struct psp_api_reply *reply,
                          uint32_t *ret_method);
/* Absent: PSP_SCOPE_OWN. */
bool psp_parameter_level(const struct psp_api_request *request, struct psp_api_reply *reply,
                         struct psp_level_choice *ret_level);
/* Absent: `absent`. */
bool psp_parameter_limit(const struct psp_api_request *request, struct psp_api_reply *reply,
                         uint32_t absent, uint32_t *ret_limit);
/* Absent: `absent`. */
bool psp_parameter_descending(const struct psp_api_request *request, struct psp_api_reply *reply,
                              bool absent, bool *ret_descending);
/* Absent: zeros, *ret_given false. */
bool psp_parameter_cursor(const struct psp_api_request *request, struct psp_api_reply *reply,
                          struct psp_cursor *ret_cursor, bool *ret_given);

/* Position of the language that `lang` asks for: as the definition names it, letter case
 * aside, or the language of which it is a kind (es of es-MX). Absent or another: 0. */
uint32_t psp_parameter_language(const struct psp_api_request *request);

/* A cursor for the question that the request asks. */
struct psp_cursor psp_parameter_next(const struct psp_api_request *request, uint64_t key,
                                     uint64_t position);

/* A parameter that says one word or is left out: *ret_given. */
bool psp_parameter_flag(const struct psp_api_request *request, struct psp_api_reply *reply,
                        const char *name, const char *word, bool *ret_given);

/* Of contests, by name. Absent: PSP_NONE. Unknown: 404. */
bool psp_parameter_group(const struct psp_api_request *request, struct psp_api_reply *reply,
                         uint32_t *ret_group);

#endif
