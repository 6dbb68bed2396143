/*
 * text - writes an election.json, one thing a line.
 *
 * Top-level members in the order they are given, arrays with one element a
 * line: a person can read the file, diff shows what changed, and a fault's line
 * points at one thing. Only one element at a time is held as a JSON tree.
 *
 * Ownership: the caller frees the finished text.
 * Memory:    the text as far as it is written.
 * Threads: one owner.
 */
#ifndef PSP_DEFINITION_TEXT_H
#define PSP_DEFINITION_TEXT_H

#include <jansson.h>
#include <stddef.h>

#include "base/status.h"
#include "election/definition/definition.h"

struct psp_definition_text;

/* What a made definition says of publication; 0: left out, but for choices, which are
 * immediate then. */
struct psp_publication_plan {
    enum psp_publication choices, turnout;
    uint64_t report_min;
};

/* PSP_ENOMEM. */
enum psp_status psp_definition_text_create(struct psp_definition_text **ret_text);
void psp_definition_text_destroy(struct psp_definition_text **text);

/* `value` is taken over, NULL counts as out of memory: finish then fails. */
void psp_definition_text_member(struct psp_definition_text *text, const char *name, json_t *value);
void psp_definition_text_publication(struct psp_definition_text *text,
                                     const struct psp_publication_plan *plan);
void psp_definition_text_array(struct psp_definition_text *text, const char *name);
void psp_definition_text_element(struct psp_definition_text *text, json_t *value);
void psp_definition_text_array_end(struct psp_definition_text *text);

/* *ret_bytes is malloc'ed and ends in a NUL that is not counted. PSP_ENOMEM. */
enum psp_status psp_definition_text_finish(struct psp_definition_text *text, char **ret_bytes,
                                           size_t *ret_length);

#endif
