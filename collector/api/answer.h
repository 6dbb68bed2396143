/*
 * answer - what all answers of the API share: the head, problems, pages.
 *
 * Ownership: writes into a reply that it does not own.   Threads: any, one reply each.
 */
#ifndef PSP_ANSWER_H
#define PSP_ANSWER_H

#include "base/json/writer.h"
#include "collector/api/api.h"
#include "collector/api/cursor.h"

/* Replaces the reply by application/problem+json (RFC 9457). The detail says
 * what to do. */
void psp_answer_problem(struct psp_api_reply *reply, unsigned status, const char *title,
                        const char *detail, ...) __attribute__((format(printf, 4, 5)));

/* Begins a 200 with {"version":…,"as_of":…,"stale":…,"status":"unofficial",
 * "mode":…,"publication":…. */
void psp_answer_begin(const struct psp_api_request *request, struct psp_api_reply *reply,
                      struct psp_writer *ret_json);
void psp_answer_end(struct psp_writer *json);
/* "version" and "as_of" alone. */
void psp_answer_version(struct psp_writer *json, const struct psp_view *view);

/* "next_cursor" of a list, and the reply's next page; NULL: there is none. */
void psp_answer_next(const struct psp_api_request *request, struct psp_api_reply *reply,
                     struct psp_writer *json, const struct psp_cursor *next);
/* The same for CSV: the reply's next page only. */
void psp_answer_link(const struct psp_api_request *request, struct psp_api_reply *reply,
                     const struct psp_cursor *next);

/* Begins a 200 of text/csv with this header line (no line end). Of a test cluster it
 * has a first column more, `mode`, so that no line leaves without saying TEST. */
void psp_answer_csv(const struct psp_api_request *request, struct psp_api_reply *reply,
                    const char *header);
/* Before the first field of every line after the header. */
void psp_answer_line(const struct psp_api_request *request, struct psp_api_reply *reply);
/* One field of at most PSP_NAME_BYTES_MAX and what follows it: ',' or '\n'. NULL: an empty
 * field. For a spreadsheet none is a formula. */
void psp_answer_field(struct psp_api_reply *reply, const char *text, char after);

/* The name in the request's language. `name`, `names`: as the definition has them. */
static inline const char *psp_answer_name(const char *name, const char *const *names,
                                          uint32_t language)
{
    return names ? names[language] : name;
}
/* Object `key` with the name in each language; nothing where there is one name for all. */
void psp_answer_names(struct psp_writer *json, const struct psp_definition *definition,
                      const char *key, const char *const *names);

/* IDs of positions, NULL for PSP_NONE. */
const char *psp_answer_party(const struct psp_definition *definition, uint32_t party);
const char *psp_answer_candidate(const struct psp_definition *definition, uint32_t candidate);

#endif
