/*
 * words - the q parameter: every word of it stands somewhere, in any order.
 *
 * A thing is offered field by field, and found when each word was in one of them, letter
 * case aside: "fulton ga" finds Fulton in Georgia. A number is met where one begins: "dis 5"
 * finds District 5 and District 51, not District 15.
 *
 * Ownership: borrows the parameter.   Threads: none; of one request.
 */
#ifndef PSP_API_WORDS_H
#define PSP_API_WORDS_H

#include "collector/api/api.h"

struct psp_word {
    const char *at;
    size_t length;
    bool found;
};

struct psp_words {
    const struct psp_definition *definition;
    uint32_t count; /* 0: everything is found */
    struct psp_word list[PSP_API_WORDS_MAX];
};

/* The words of parameter q, each once; none when it is absent or empty. False: they are more
 * than are sought through hundreds of thousands of names; `reply` says so. */
bool psp_words_read(const struct psp_api_request *request, struct psp_api_reply *reply,
                    struct psp_words *ret_words);

/* Of the next thing nothing was found yet. */
void psp_words_next(struct psp_words *words);
/* A field of it; NULL has none. */
void psp_words_look(struct psp_words *words, const char *text);
/* A name in any language that the definition has it in. */
void psp_words_look_name(struct psp_words *words, const char *name, const char *const *names);
/* Whether each word stood in one of its fields. */
bool psp_words_found(const struct psp_words *words);

#endif
