/*
 * documents - lines of /changes as documents, and how a node is to read them. Pure.
 *
 * PREFIX-results   _id CONTEST/UNIT/METHOD: a contest's row in a unit, its choices nested in
 *                  it, with the names and levels of the definition; `method` is '' for all
 * PREFIX-turnout   _id UNIT: the line of /turnout
 * PREFIX-version   _id "held": what the other two hold (version.h)
 *
 * A row is one document, so none is ever half new. What is no longer shown keeps its document,
 * without numbers and with `held` true: a node forgets a deleted one's version after a minute,
 * and would take an older one back.
 *
 * Ownership: a document is the caller's.   Threads: any.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_DOCUMENTS_H
#define PSP_BRIDGE_OPENSEARCH_DOCUMENTS_H

#include <jansson.h>

#include "base/status.h"
#include "base/text/text.h"
#include "election/definition/definition.h"

enum psp_search_index { PSP_SEARCH_RESULTS, PSP_SEARCH_TURNOUT, PSP_SEARCH_ROWS };

extern const char *const psp_search_index_names[PSP_SEARCH_ROWS]; /* behind PREFIX- */

/* A new reference, without version and time; NULL in *ret_document: not shown. PSP_EINVAL: no
 * line of that kind, or of another election; PSP_ENOMEM. */
enum psp_status psp_search_result(const struct psp_definition *definition, const json_t *line,
                                  json_t **ret_document);
enum psp_status psp_search_turnout(const struct psp_definition *definition, const json_t *line,
                                   json_t **ret_document);

/* The document of a row that is no longer shown, from its ID; NULL: no memory. */
json_t *psp_search_held(enum psp_search_index index, const char *id);

/* Of the index template PREFIX. */
void psp_search_template(const char *prefix, struct psp_text *body);

#endif
