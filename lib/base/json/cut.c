/* Skips strings and brackets only: what lies between is for the JSON library. */
#include "base/json/cut.h"

#include <stdbool.h>

static void skip_space(struct psp_json_cut *cut)
{
    while (cut->at < cut->end &&
           (*cut->at == ' ' || *cut->at == '\t' || *cut->at == '\n' || *cut->at == '\r'))
        cut->at++;
}

static bool take(struct psp_json_cut *cut, char character)
{
    if (cut->at == cut->end || *cut->at != character)
        return false;
    cut->at++;
    return true;
}

/* From the opening quote to past the closing one. */
static bool skip_string(struct psp_json_cut *cut)
{
    for (cut->at++; cut->at < cut->end; cut->at++) {
        if (*cut->at == '"') {
            cut->at++;
            return true;
        }
        if (*cut->at == '\\' && ++cut->at == cut->end)
            return false;
    }
    return false;
}

/* To the separator or bracket behind the value. */
static bool skip_value(struct psp_json_cut *cut)
{
    size_t depth = 0;
    while (cut->at < cut->end) {
        switch (*cut->at) {
        case '"':
            if (!skip_string(cut))
                return false;
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (depth == 0)
                return true;
            depth--;
            break;
        case ',':
            if (depth == 0)
                return true;
            break;
        default:
            break;
        }
        cut->at++;
    }
    return depth == 0;
}

static struct psp_json_span since(const struct psp_json_cut *cut, const char *begin)
{
    return (struct psp_json_span){begin, (size_t)(cut->at - begin)};
}

enum psp_cut psp_json_cut_begin(struct psp_json_cut *ret_cut, struct psp_json_span span, char open)
{
    *ret_cut = (struct psp_json_cut){span.text, span.text + span.bytes, open == '{' ? '}' : ']',
                                     PSP_CUT_FIRST};
    skip_space(ret_cut);
    return take(ret_cut, open) ? PSP_CUT_ITEM : PSP_CUT_BROKEN;
}

static enum psp_cut finish(struct psp_json_cut *cut)
{
    cut->state = PSP_CUT_DONE;
    skip_space(cut);
    return cut->at == cut->end ? PSP_CUT_END : PSP_CUT_BROKEN;
}

enum psp_cut psp_json_cut_next(struct psp_json_cut *cut, struct psp_json_span *ret_name,
                               struct psp_json_span *ret_value)
{
    if (cut->state == PSP_CUT_DONE)
        return PSP_CUT_END;
    skip_space(cut);
    if (take(cut, cut->close))
        return finish(cut);
    if (cut->state == PSP_CUT_LATER && !take(cut, ','))
        return PSP_CUT_BROKEN;
    cut->state = PSP_CUT_LATER;
    skip_space(cut);
    const char *begin = cut->at;
    if (ret_name != NULL) {
        if (cut->at == cut->end || *cut->at != '"' || !skip_string(cut))
            return PSP_CUT_BROKEN;
        *ret_name = since(cut, begin);
        skip_space(cut);
        if (!take(cut, ':'))
            return PSP_CUT_BROKEN;
        skip_space(cut);
        begin = cut->at;
    }
    if (!skip_value(cut) || cut->at == begin)
        return PSP_CUT_BROKEN;
    *ret_value = since(cut, begin);
    return PSP_CUT_ITEM;
}
