/* Files go first, index.html after all of them: it names only what is there. */
#include "cli/publish/page.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/text/text.h"
#include "cli/say/memory.h"

enum { FILE_BYTES_MAX = 64 << 20, PATH_BYTES = 4096 };
static const char index_name[] = "index.html";

char *psp_publish_page_find(void)
{
    static const char *const places[] = {"page", "share/psephos/page"};
    char prefix[PATH_BYTES];
    const ssize_t length = readlink("/proc/self/exe", prefix, sizeof prefix - 1);
    if (length <= 0)
        return NULL;
    prefix[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(prefix, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = psp_memory_print("%s/%s", prefix, places[i]);
        char *index = psp_memory_print("%s/%s", path, index_name);
        const bool there = access(index, R_OK) == 0;
        free(index);
        if (there)
            return path;
        free(path);
    }
    return NULL;
}

/* Text with the tag behind the first "<head>", and the links of a collector led to ours. */
static void adapt(const char *html, struct psp_text *text)
{
    static const char tag[] = "\n    <meta name=\"psephos-source\" content=\"static\" />";
    static const char head[] = "<head>", link[] = "/api/v1/results";
    const char *at = strstr(html, head), *next;
    if (at) {
        at += sizeof head - 1;
        psp_text_bytes(text, html, (size_t)(at - html));
        psp_text_string(text, tag);
        html = at;
    }
    while ((next = strstr(html, link)) != NULL) {
        psp_text_bytes(text, html, (size_t)(next - html));
        psp_text_string(text, "latest.json");
        html = next + sizeof link - 1;
    }
    psp_text_string(text, html);
}

static enum psp_status put_file(struct psp_site *site, const char *folder, const char *name,
                                struct psp_reason *reterr_reason)
{
    char *path = psp_memory_print("%s/%s", folder, name), *data = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(path, FILE_BYTES_MAX, &data, &bytes);
    if (status != PSP_OK) {
        psp_reason_set_status(reterr_reason, path, status);
    } else if (!strcmp(name, index_name)) {
        struct psp_text text = {0};
        adapt(data, &text);
        status = text.failed ? PSP_ENOMEM
                             : psp_site_write(site, name, text.data, text.length, reterr_reason);
        psp_text_free(&text);
    } else {
        status = psp_site_write(site, name, data, bytes, reterr_reason);
    }
    free(data);
    free(path);
    return status;
}

/* Everything in the folder and one below, index.html left out: its packed copy is of another
 * text than ours. */
static enum psp_status put_folder(struct psp_site *site, const char *folder, const char *below,
                                  struct psp_reason *reterr_reason)
{
    char *path = psp_memory_print("%s/%s", folder, below);
    DIR *open = opendir(path);
    enum psp_status status = open ? PSP_OK : PSP_ENOENT;
    for (const struct dirent *one; status == PSP_OK && (one = readdir(open)) != NULL;) {
        char *name = psp_memory_print("%s%s%s", below, *below ? "/" : "", one->d_name);
        char *whole = psp_memory_print("%s/%s", folder, name);
        struct stat about;
        if (one->d_name[0] != '.' && strncmp(name, index_name, sizeof index_name - 1) != 0 &&
            stat(whole, &about) == 0) {
            if (S_ISREG(about.st_mode))
                status = put_file(site, folder, name, reterr_reason);
            else if (S_ISDIR(about.st_mode) && !*below)
                status = put_folder(site, folder, name, reterr_reason);
        }
        free(whole);
        free(name);
    }
    if (open)
        closedir(open);
    free(path);
    return status;
}

enum psp_status psp_publish_page(struct psp_site *site, const char *folder,
                                 struct psp_reason *reterr_reason)
{
    char *index = psp_memory_print("%s/%s", folder, index_name);
    enum psp_status status = access(index, R_OK) == 0 ? PSP_OK : PSP_ENOENT;
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "--page %s: no index.html there; ./run build makes the page",
                       folder);
    free(index);
    if (status == PSP_OK)
        status = put_folder(site, folder, "", reterr_reason);
    return status == PSP_OK ? put_file(site, folder, index_name, reterr_reason) : status;
}
