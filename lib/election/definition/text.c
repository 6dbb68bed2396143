/* One element a line, escaped by jansson; commas before, as in base/json/writer. */
#include "election/definition/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct psp_definition_text {
    FILE *file; /* a memory stream */
    char *bytes;
    size_t length;
    bool failed, any_member, any_element;
};

enum psp_status psp_definition_text_create(struct psp_definition_text **ret_text)
{
    struct psp_definition_text *text = calloc(1, sizeof *text);
    if (text == NULL)
        return PSP_ENOMEM;
    text->file = open_memstream(&text->bytes, &text->length);
    if (text->file == NULL) {
        free(text);
        return PSP_ENOMEM;
    }
    putc('{', text->file);
    *ret_text = text;
    return PSP_OK;
}

void psp_definition_text_destroy(struct psp_definition_text **text)
{
    if (*text == NULL)
        return;
    if ((*text)->file != NULL)
        fclose((*text)->file);
    free((*text)->bytes);
    free(*text);
    *text = NULL;
}

static void put_value(struct psp_definition_text *text, json_t *value)
{
    if (value == NULL || json_dumpf(value, text->file, JSON_ENCODE_ANY) != 0)
        text->failed = true;
    json_decref(value);
}

static void put_name(struct psp_definition_text *text, const char *name)
{
    fprintf(text->file, "%s\n  \"%s\": ", text->any_member ? "," : "", name);
    text->any_member = true;
}

void psp_definition_text_member(struct psp_definition_text *text, const char *name, json_t *value)
{
    put_name(text, name);
    put_value(text, value);
}

void psp_definition_text_publication(struct psp_definition_text *text,
                                     const struct psp_publication_plan *plan)
{
    const enum psp_publication choices = plan->choices ? plan->choices : PSP_PUBLICATION_IMMEDIATE;
    psp_definition_text_member(text, "publication", json_string(psp_publication_name(choices)));
    if (plan->report_min > 0)
        psp_definition_text_member(text, "report_min", json_integer((json_int_t)plan->report_min));
    if (plan->turnout)
        psp_definition_text_member(text, "turnout",
                                   json_string(psp_publication_name(plan->turnout)));
}

void psp_definition_text_array(struct psp_definition_text *text, const char *name)
{
    put_name(text, name);
    putc('[', text->file);
    text->any_element = false;
}

void psp_definition_text_element(struct psp_definition_text *text, json_t *value)
{
    fputs(text->any_element ? ",\n    " : "\n    ", text->file);
    text->any_element = true;
    put_value(text, value);
}

void psp_definition_text_array_end(struct psp_definition_text *text)
{
    fputs(text->any_element ? "\n  ]" : "]", text->file);
}

enum psp_status psp_definition_text_finish(struct psp_definition_text *text, char **ret_bytes,
                                           size_t *ret_length)
{
    fputs("\n}\n", text->file);
    text->failed |= ferror(text->file) != 0;
    text->failed |= fclose(text->file) != 0;
    text->file = NULL;
    if (text->failed)
        return PSP_ENOMEM;
    *ret_bytes = text->bytes;
    *ret_length = text->length;
    text->bytes = NULL;
    return PSP_OK;
}
