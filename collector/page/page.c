/* Walks the folder once, packs what gets smaller, and keeps each file under its URL. */
#include "collector/page/page.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes/hash.h"
#include "base/system/file.h"
#include "collector/page/gzip.h"

struct psp_page {
    struct psp_page_file *files;
    uint32_t count;
    size_t bytes;
};

static const struct {
    const char *ending, *content_type;
    bool packs; /* not compressed already */
} types[] = {
    {".html", "text/html; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".json", "application/json", true},
    {".topojson", "application/json", true},
    {".geojson", "application/geo+json", true},
    {".webmanifest", "application/manifest+json", true},
    {".map", "application/json", true},
    {".svg", "image/svg+xml", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".csv", "text/csv; charset=utf-8", true},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".jpeg", "image/jpeg", false},
    {".webp", "image/webp", false},
    {".avif", "image/avif", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
};

void psp_page_destroy(struct psp_page **page)
{
    if (!*page)
        return;
    for (uint32_t i = 0; i < (*page)->count; i++) {
        free((*page)->files[i].path);
        free((*page)->files[i].data);
        free((*page)->files[i].packed);
    }
    free((*page)->files);
    free(*page);
    *page = NULL;
}

static const char *type_of(const char *path, bool *ret_packs)
{
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const size_t ending = strlen(types[i].ending);
        if (length > ending && strcmp(path + length - ending, types[i].ending) == 0) {
            *ret_packs = types[i].packs;
            return types[i].content_type;
        }
    }
    *ret_packs = false;
    return "application/octet-stream";
}

static void pack(struct psp_page_file *file)
{
    struct psp_text packed = {0};
    if (psp_gzip(file->data, file->bytes, PSP_GZIP_SMALL, &packed) && packed.length < file->bytes) {
        file->packed = packed.data;
        file->packed_bytes = packed.length;
    } else {
        psp_text_free(&packed);
    }
}

static void name_version(struct psp_page_file *file)
{
    const uint64_t hash = psp_fnv64(PSP_FNV64_START, file->data, file->bytes);
    snprintf(file->etag, sizeof file->etag, "%016llx", (unsigned long long)hash);
}

enum psp_status psp_page_create(struct psp_page **ret_page)
{
    struct psp_page *page = calloc(1, sizeof *page);
    if (!page)
        return PSP_ENOMEM;
    *ret_page = page;
    return PSP_OK;
}

enum psp_status psp_page_add(struct psp_page *page, const char *path, const char *url)
{
    struct psp_page_file file = {0};
    bool packs;
    if (page->count == PSP_PAGE_FILES_MAX)
        return PSP_EINVAL;
    struct psp_page_file *files =
        realloc(page->files, ((size_t)page->count + 1) * sizeof *page->files);
    if (!files)
        return PSP_ENOMEM;
    page->files = files;
    const enum psp_status status =
        psp_file_read(path, PSP_PAGE_BYTES_MAX - page->bytes, &file.data, &file.bytes);
    if (status != PSP_OK)
        return status == PSP_ENOMEM ? PSP_EINVAL : status;
    file.path = strdup(url);
    if (!file.path) {
        free(file.data);
        return PSP_ENOMEM;
    }
    file.content_type = type_of(path, &packs);
    name_version(&file);
    if (packs)
        pack(&file);
    page->bytes += file.bytes;
    page->files[page->count++] = file;
    return PSP_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as PSP_PAGE_DEPTH_MAX */
static enum psp_status add_folder(struct psp_page *page, const char *directory, const char *url,
                                  int depth)
{
    enum psp_status status = PSP_OK;
    const struct dirent *entry;
    DIR *folder = opendir(directory);
    if (!folder)
        return psp_status_from_errno(errno);
    while (status == PSP_OK && (entry = readdir(folder))) {
        char path[4096], below[1024];
        struct stat stat;
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path ||
            snprintf(below, sizeof below, "%s/%s", url, entry->d_name) >= (int)sizeof below) {
            status = PSP_EINVAL;
        } else if (lstat(path, &stat) != 0) {
            status = psp_status_from_errno(errno);
        } else if (S_ISDIR(stat.st_mode)) {
            status =
                depth == PSP_PAGE_DEPTH_MAX ? PSP_EINVAL : add_folder(page, path, below, depth + 1);
        } else if (S_ISREG(stat.st_mode)) {
            status = psp_page_add(page, path, below);
        }
    }
    closedir(folder);
    return status;
}

enum psp_status psp_page_load(const char *directory, struct psp_page **ret_page)
{
    struct psp_page *page = calloc(1, sizeof *page);
    if (!page)
        return PSP_ENOMEM;
    const enum psp_status status = add_folder(page, directory, "", 1);
    if (status != PSP_OK) {
        psp_page_destroy(&page);
        return status;
    }
    *ret_page = page;
    return PSP_OK;
}

const struct psp_page_file *psp_page_find(const struct psp_page *page, const char *path)
{
    const char *wanted = strcmp(path, "/") == 0 ? "/index.html" : path;
    for (uint32_t i = 0; page && i < page->count; i++) {
        if (strcmp(page->files[i].path, wanted) == 0)
            return &page->files[i];
    }
    return NULL;
}

const char *psp_page_fallback(void)
{
    return "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
           "<meta name=\"viewport\" content=\"width=device-width\">"
           "<title>Psephos</title>\n"
           "<h1>Psephos</h1>\n<p>Unofficial results of an election that is being counted.</p>\n"
           "<ul>\n"
           "<li><a href=\"/api/v1/election\">/api/v1/election</a>: what is counted\n"
           "<li><a href=\"/api/v1/contests\">/api/v1/contests</a>: what is voted on\n"
           "<li><a href=\"/api/v1/results\">/api/v1/results</a>: votes by contest "
           "(<a href=\"/api/v1/results.csv?level=leaf\">CSV of every unit</a>)\n"
           "<li><a href=\"/api/v1/candidates\">/api/v1/candidates</a>: who stands\n"
           "<li><a href=\"/api/v1/turnout\">/api/v1/turnout</a>: ballots counted\n"
           "<li><a href=\"/api/v1/units\">/api/v1/units</a>: where it is voted\n"
           "<li><a href=\"/api/v1/accounting\">/api/v1/accounting</a>: whether the books balance\n"
           "<li><a href=\"/openapi.json\">/openapi.json</a>: all of it, for programs\n"
           "</ul>\n</html>\n";
}
