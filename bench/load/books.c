/* Asks the REST API as anybody may: what the run checks is what people would see. */
#include "bench/load/books.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show/coverage.h"
#include "cli/show/rest.h"

enum { BOARD_WAIT_MS = 60000 };

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void take_accounting(const json_t *answer, struct psp_bench_books *books)
{
    const json_t *total = json_object_get(answer, "total");
    books->received = number(total, "received");
    books->counted = number(total, "counted");
    books->replayed = number(total, "replayed");
    books->double_vote = number(total, "double_vote");
    books->other =
        number(total, "not_eligible") + number(total, "invalid") + number(total, "closed");
    books->balanced = json_is_true(json_object_get(total, "balanced"));
}

static bool take_results(const json_t *answer, const struct psp_definition *definition,
                         uint64_t *votes)
{
    size_t r, c;
    const json_t *result, *line;
    json_array_foreach(json_object_get(answer, "results"), r, result)
    {
        const char *id = json_string_value(json_object_get(result, "contest"));
        const uint32_t contest = id ? psp_definition_contest(definition, id, strlen(id)) : PSP_NONE;
        if (contest == PSP_NONE)
            return false;
        json_array_foreach(json_object_get(result, "choices"), c, line)
        {
            const char *name = json_string_value(json_object_get(line, "choice"));
            const uint32_t choice =
                name ? psp_definition_choice(definition, contest, name, strlen(name)) : PSP_NONE;
            if (choice == PSP_NONE)
                return false;
            votes[definition->contests[contest].choice_first + choice] = number(line, "votes");
        }
    }
    return true;
}

static enum psp_status read_board(struct psp_rest *rest, const struct psp_definition *definition,
                                  struct psp_bench_books *books)
{
    json_t *answer = NULL;
    enum psp_status status = psp_rest_get(rest, "/api/v1/accounting", &answer);
    if (status != PSP_OK)
        return status;
    take_accounting(answer, books);
    json_decref(answer);
    answer = NULL;
    status = psp_rest_list(rest, "/api/v1/results", "results", &answer);
    if (status != PSP_OK)
        return status;
    if (!take_results(answer, definition, books->votes))
        status = PSP_EINVAL;
    json_decref(answer);
    return status;
}

enum psp_status psp_bench_books_read(const struct psp_cluster *cluster,
                                     const struct psp_definition *definition, const uint64_t *index,
                                     struct psp_bench_books *ret_books,
                                     struct psp_reason *reterr_reason)
{
    const struct psp_coverage_words words = {"every ballot has its verdict", "all counted ballots"};
    enum psp_status status =
        psp_coverage_wait(cluster, index, &words, BOARD_WAIT_MS, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_bench_books books = {0};
    struct psp_rest *rest = NULL;
    char *url = psp_rest_url(cluster, 0);
    books.votes = calloc(definition->choice_count + 1, sizeof *books.votes);
    status = url && books.votes ? psp_rest_create(url, &rest) : PSP_ENOMEM;
    if (status == PSP_OK)
        status = read_board(rest, definition, &books);
    if (status == PSP_OK) {
        *ret_books = books;
        books.votes = NULL;
    } else {
        psp_reason_set(reterr_reason, "%s: %s", url ? url : "",
                       rest ? psp_rest_error(rest) : psp_status_text(status));
    }
    psp_rest_destroy(&rest);
    free(books.votes);
    free(url);
    return status;
}

void psp_bench_books_free(struct psp_bench_books *books)
{
    free(books->votes);
    books->votes = NULL;
}
