/* When counts are shown. A file of format 2 says so itself: what is silently taken to be
 * wanted would be a promise that nobody made. */
#include <string.h>

#include "election/definition/inner.h"

static const char *const names[] = {
    [PSP_PUBLICATION_IMMEDIATE] = "immediate",
    [PSP_PUBLICATION_REPORTS] = "reports",
};

const char *psp_publication_name(enum psp_publication publication)
{
    return names[publication];
}

bool psp_publication_named(const char *name, enum psp_publication *ret_publication)
{
    for (int i = PSP_PUBLICATION_IMMEDIATE; i <= PSP_PUBLICATION_REPORTS; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *ret_publication = (enum psp_publication)i;
        return true;
    }
    return false;
}

/* The member `name`, whose pointer is /name; absent: it stays as it is. */
static bool read_one(struct psp_build *build, const json_t *top, const char *name,
                     enum psp_publication *publication)
{
    const char *word = json_string_value(json_object_get(top, name));
    if (word == NULL)
        return true;
    const struct psp_pointer at = psp_pointer("/%s", name);
    if (!psp_publication_named(word, publication))
        return psp_build_fault(build, at.text, "must be \"immediate\" or \"reports\", not \"%s\"",
                               psp_shown(word, strlen(word)).text);
    return true;
}

bool psp_build_publication(struct psp_build *build, const json_t *top)
{
    struct psp_definition *definition = build->definition;
    definition->publication = PSP_PUBLICATION_IMMEDIATE;
    definition->turnout = PSP_PUBLICATION_IMMEDIATE;
    definition->report_min = PSP_REPORT_MIN_DEFAULT;
    if (build->format == 1)
        return true;
    if (json_object_get(top, "publication") == NULL)
        return psp_build_fault(build, "",
                               "member \"publication\" is missing: are counts shown as they come "
                               "(\"immediate\") or as of a report (\"reports\")?");
    if (!read_one(build, top, "publication", &definition->publication) ||
        !read_one(build, top, "turnout", &definition->turnout))
        return false;
    if (definition->turnout == PSP_PUBLICATION_REPORTS &&
        definition->publication == PSP_PUBLICATION_IMMEDIATE)
        return psp_build_fault(build, "/turnout",
                               "\"reports\" holds nothing back while \"publication\" is "
                               "\"immediate\": every count shown has its ballots");
    definition->report_min = psp_build_count(top, "report_min", PSP_REPORT_MIN_DEFAULT);
    if (definition->report_min < 1)
        return psp_build_fault(build, "/report_min", "must be 1 or more");
    return true;
}
