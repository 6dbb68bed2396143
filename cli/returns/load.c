/* Files in the order they are given in, a folder's by name. */
#include "cli/returns/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/say/memory.h"
#include "election/import/reading/reading.h"

static int is_table(const struct dirent *entry)
{
    static const char *const ends[] = {".csv", ".tsv", ".txt"};
    const size_t bytes = strlen(entry->d_name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (bytes > 4 && entry->d_name[0] != '.' &&
            strcasecmp(entry->d_name + bytes - 4, ends[i]) == 0)
            return 1;
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum psp_status read_folder(struct psp_reading *reading, const char *path,
                                   struct psp_report *report)
{
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, is_table, by_name);
    enum psp_status status = PSP_OK;
    if (n < 0)
        psp_report_add(report, PSP_REPORT_FILE, path, 0, "%s", strerror(errno));
    else if (n == 0)
        psp_report_add(report, PSP_REPORT_FILE, path, 0, "a folder without .csv, .tsv or .txt");
    for (int i = 0; i < n; i++) {
        char *file = psp_memory_print("%s/%s", path, entries[i]->d_name);
        if (status == PSP_OK)
            status = psp_reading_file(reading, file);
        free(file);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum psp_status psp_returns_load(const char *const *paths, size_t n,
                                 const struct psp_returns_options *options,
                                 struct psp_report *report, struct psp_returns **ret_returns)
{
    struct psp_reading *reading = NULL;
    struct psp_returns_builder *builder = NULL;
    struct psp_reading_options how = options->reading;
    how.all_levels = options->meaning.keep_all;
    enum psp_status status = psp_reading_create(&how, report, &reading);
    for (size_t i = 0; status == PSP_OK && i < n; i++) {
        struct stat about;
        const bool folder = stat(paths[i], &about) == 0 && S_ISDIR(about.st_mode);
        status =
            folder ? read_folder(reading, paths[i], report) : psp_reading_file(reading, paths[i]);
    }
    if (status == PSP_OK)
        status = psp_reading_finish(&reading, &builder);
    psp_reading_destroy(&reading);
    if (status == PSP_OK)
        status = psp_meaning_apply(builder, &options->meaning, report);
    if (status == PSP_OK)
        psp_returns_builder_finish(&builder, ret_returns);
    psp_returns_builder_destroy(&builder);
    return status;
}
