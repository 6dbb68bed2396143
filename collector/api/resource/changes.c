/*
 * /api/v1/changes: the question, checked. What answers it: collector/api/changes.h.
 */
#include "collector/api/changes.h"

#include <string.h>

#include "base/bytes/number.h"
#include "collector/api/answer.h"
#include "collector/api/parameter.h"

/* Never 400 or 404: whatever it is, what the reader has cannot be brought up to date. What is of
 * a version that is asked for is all of it. */
static bool read_since(const struct psp_api_request *request, struct psp_api_reply *reply,
                       struct psp_changes_question *question)
{
    const char *value = psp_parameter(request, "since");
    question->resumed = value != NULL;
    if (!value)
        return true;
    if (psp_parameter(request, "version")) {
        psp_answer_problem(reply, 400, "Bad parameter",
                           "version: all rows of it are told; give it without since, or since "
                           "without it");
        return false;
    }
    if (psp_version_read(&request->view->key, value, &question->since, &question->told) &&
        question->since >= request->view->changes.epoch)
        return true;
    psp_answer_problem(reply, 410, "Gone",
                       "since: not a version of this collector since it started and since the last "
                       "restore; ask without it, and replace everything that you have");
    return false;
}

static bool read_wait(const struct psp_api_request *request, struct psp_api_reply *reply,
                      uint32_t *ret_wait_ms)
{
    const char *value = psp_parameter(request, "wait");
    uint64_t seconds = 0;
    if (value && !psp_number_read(value, 0, PSP_CHANGES_WAIT_S_MAX, &seconds)) {
        psp_answer_problem(reply, 400, "Bad parameter",
                           "wait: give a number of seconds from 0 to %d", PSP_CHANGES_WAIT_S_MAX);
        return false;
    }
    *ret_wait_ms = request->head ? 0 : (uint32_t)seconds * 1000;
    return true;
}

static bool read_kind(const struct psp_api_request *request, struct psp_api_reply *reply,
                      struct psp_changes_question *question)
{
    const char *value = psp_parameter(request, "kind");
    question->results = !value || strcmp(value, "result") == 0;
    question->turnout = !value || strcmp(value, "turnout") == 0;
    question->books = !value || strcmp(value, "books") == 0;
    if (question->results || question->turnout || question->books)
        return true;
    psp_answer_problem(reply, 400, "Bad parameter", "kind: give result, turnout or books");
    return false;
}

void psp_api_changes(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct psp_changes_question *question = &reply->changes;
    struct psp_level_choice level;
    if (!read_since(request, reply, question) || !read_wait(request, reply, &question->wait_ms) ||
        !psp_parameter_contest(request, reply, &question->contest) ||
        !psp_parameter_level(request, reply, &level) || !read_kind(request, reply, question) ||
        !psp_parameter_flag(request, reply, "standing", "1", &question->standing))
        return;
    question->leaf_level = level.scope == PSP_SCOPE_LEAF;
    question->level = level.scope == PSP_SCOPE_LEVEL ? level.level : PSP_NONE;
    /* A filter keeps the lines that have what it is of. */
    question->turnout &= question->contest == PSP_NONE;
    question->books &= question->contest == PSP_NONE && level.scope == PSP_SCOPE_OWN;
    reply->status = 200;
    reply->content_type = "application/x-ndjson";
    reply->lines = true;
}
