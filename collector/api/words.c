/* Each word is sought in each field until it is found; most things fail at their first field. */
#include "collector/api/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "collector/api/answer.h"
#include "collector/api/parameter.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool has_word(const struct psp_words *words, const char *at, size_t length)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (words->list[i].length == length && strncasecmp(words->list[i].at, at, length) == 0)
            return true;
    return false;
}

bool psp_words_read(const struct psp_api_request *request, struct psp_api_reply *reply,
                    struct psp_words *ret_words)
{
    const char *at = psp_parameter(request, "q");
    ret_words->definition = request->view->definition;
    ret_words->count = 0;
    for (at = at ? at : ""; *at;) {
        at += strspn(at, " ");
        const size_t length = strcspn(at, " ");
        if (length > 0 && !has_word(ret_words, at, length)) {
            if (ret_words->count == PSP_API_WORDS_MAX) {
                psp_answer_problem(reply, 400, "Bad parameter", "q: more than %d words",
                                   PSP_API_WORDS_MAX);
                return false;
            }
            ret_words->list[ret_words->count++] = (struct psp_word){.at = at, .length = length};
        }
        at += length;
    }
    return true;
}

void psp_words_next(struct psp_words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        words->list[i].found = false;
}

static bool stands_in(const char *text, const struct psp_word *word)
{
    const int first = tolower((unsigned char)word->at[0]);
    for (const char *at = text; *at; at++) {
        if (tolower((unsigned char)*at) != first || strncasecmp(at, word->at, word->length) != 0)
            continue;
        if (!is_digit(*at) || at == text || !is_digit(at[-1]))
            return true;
    }
    return false;
}

void psp_words_look(struct psp_words *words, const char *text)
{
    for (uint32_t i = 0; text && i < words->count; i++)
        words->list[i].found = words->list[i].found || stands_in(text, &words->list[i]);
}

void psp_words_look_name(struct psp_words *words, const char *name, const char *const *names)
{
    psp_words_look(words, name);
    for (uint32_t i = 0; names && i < words->definition->language_count; i++)
        psp_words_look(words, names[i]);
}

bool psp_words_found(const struct psp_words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (!words->list[i].found)
            return false;
    return true;
}
