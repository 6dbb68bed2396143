/* Only names that the collector would serve are copied, into folders made on the way, and no
 * link is followed out of the folder of election.json: what is copied is served. */
#include "cli/folder/media.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/system/file.h"

enum { MEDIA_BYTES_MAX = 64 << 20 }; /* what a collector holds in all */

/* As the collector judges: relative, no hidden part. */
static bool allowed(const char *name)
{
    return *name && *name != '/' && *name != '.' && !strstr(name, "/.") && !strstr(name, "//") &&
           name[strlen(name) - 1] != '/';
}

/* Makes the folders above a file. */
static void make_folders(char *path, size_t below)
{
    for (char *at = path + below; (at = strchr(at, '/')); at++) {
        *at = 0;
        mkdir(path, 0755); /* there already, or writing will fail */
        *at = '/';
    }
}

static bool copy(const char *name, const char *from, size_t from_length, const char *directory)
{
    char folder[PATH_MAX], source[PATH_MAX], target[PATH_MAX];
    char *data = NULL;
    size_t bytes;
    const int from_bytes = from_length > 0 ? (int)from_length : 1;
    if (!allowed(name) ||
        snprintf(folder, sizeof folder, "%.*s", from_bytes, from_length > 0 ? from : ".") >=
            (int)sizeof folder ||
        snprintf(target, sizeof target, "%s/%s", directory, name) >= (int)sizeof target ||
        psp_file_find_below(folder, name, source) != PSP_OK)
        return false;
    if (psp_file_read(source, MEDIA_BYTES_MAX, &data, &bytes) != PSP_OK)
        return false;
    make_folders(target, strlen(directory) + 1);
    const bool done = psp_file_write(target, data, bytes, 0644) == PSP_OK;
    free(data);
    return done;
}

unsigned psp_local_copy_media(const struct psp_definition *definition, const char *election_path,
                              const char *directory)
{
    const char *slash = strrchr(election_path, '/');
    const size_t from_length = slash ? (size_t)(slash + 1 - election_path) : 0;
    unsigned missing = 0;
    if (definition->map_file)
        missing += !copy(definition->map_file, election_path, from_length, directory);
    for (uint32_t i = 0; i < definition->candidate_count; i++) {
        const char *photo = definition->candidates[i].photo;
        if (photo)
            missing += !copy(photo, election_path, from_length, directory);
    }
    return missing;
}
