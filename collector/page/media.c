/* Photos and the map become files of the page, under addresses of the API. */
#include "collector/page/media.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/system/file.h"

bool psp_media_name_allowed(const char *name)
{
    bool at_part = true;
    if (!*name || *name == '/')
        return false;
    for (const char *at = name; *at; at++) {
        const unsigned char byte = (unsigned char)*at;
        if ((at_part && (byte == '.' || byte == '/')) || byte < ' ' || byte == '\\' || byte == ':')
            return false;
        at_part = byte == '/';
    }
    return !at_part;
}

/* Not a data: URL, as the Kafka demos' tables have them. */
static bool is_file(const char *photo)
{
    return strncmp(photo, "data:", 5) != 0;
}

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp", ".avif"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}

/* The file's path, links followed; NULL: why says what is wrong. */
static const char *find(const char *directory, const char *name, char ret_path[PATH_MAX])
{
    if (!psp_media_name_allowed(name))
        return "not a plain name of a file beside election.json";
    const enum psp_status status = psp_file_find_below(directory, name, ret_path);
    return status == PSP_OK      ? NULL
           : status == PSP_EPERM ? "leads out of the folder of election.json"
                                 : "no such file beside election.json";
}

static enum psp_status add_photo(struct psp_page *page, const struct psp_candidate *candidate,
                                 const char *directory, const char **ret_why)
{
    char path[PATH_MAX], url[256];
    struct stat stat_of;
    *ret_why = is_picture(candidate->photo) ? find(directory, candidate->photo, path)
                                            : "not a .jpg, .png, .webp or .avif";
    if (*ret_why)
        return PSP_OK;
    if (stat(path, &stat_of) != 0 || stat_of.st_size > PSP_MEDIA_PHOTO_BYTES_MAX) {
        *ret_why = "larger than 2 MiB";
        return PSP_OK;
    }
    snprintf(url, sizeof url, "/api/v1/candidates/%s/photo", candidate->id);
    return psp_page_add(page, path, url);
}

enum psp_status psp_media_load(struct psp_page *page, const struct psp_definition *definition,
                               const char *directory, psp_media_report *report)
{
    enum psp_status status = PSP_OK;
    char path[PATH_MAX];
    for (uint32_t i = 0; i < definition->candidate_count && status == PSP_OK; i++) {
        const struct psp_candidate *candidate = &definition->candidates[i];
        const char *why = NULL;
        if (!candidate->photo || !is_file(candidate->photo))
            continue;
        status = add_photo(page, candidate, directory, &why);
        if (why && report)
            report(candidate->photo, why);
    }
    if (status != PSP_OK || !definition->map_file)
        return status;
    const char *why = find(directory, definition->map_file, path);
    if (!why)
        return psp_page_add(page, path, "/api/v1/map");
    if (report)
        report(definition->map_file, why);
    return PSP_OK;
}
