/*
 * read - published returns from a text, read as the command reads a file.
 *
 * Threads: one owner.
 */
#ifndef PSP_IMPORT_READ_H
#define PSP_IMPORT_READ_H

#include <string.h>

#include "election/import/meaning/meaning.h"
#include "election/import/reading/reading.h"

/* PSP_EINVAL: `report` says why. The name is the file's. */
static inline enum psp_status fixture_read_with(const char *text, size_t bytes, const char *name,
                                                const struct psp_reading_options *options,
                                                const struct psp_meaning_options *meaning,
                                                struct psp_report *report,
                                                struct psp_returns **ret_returns)
{
    struct psp_csv *csv = NULL;
    struct psp_reading *reading = NULL;
    struct psp_returns_builder *builder = NULL;
    enum psp_status status = psp_csv_open_memory(text, bytes, &csv);
    if (status == PSP_OK)
        status = psp_reading_create(options, report, &reading);
    if (status == PSP_OK)
        status = psp_reading_table(reading, csv, name);
    if (status == PSP_OK)
        status = psp_reading_finish(&reading, &builder);
    if (status == PSP_OK)
        status = psp_meaning_apply(builder, meaning, report);
    if (status == PSP_OK)
        psp_returns_builder_finish(&builder, ret_returns);
    psp_returns_builder_destroy(&builder);
    psp_reading_destroy(&reading);
    psp_csv_close(&csv);
    return status;
}

/* Every row is a line. */
static inline enum psp_status fixture_read_as(const char *text, size_t bytes, const char *name,
                                              const struct psp_reading_options *options,
                                              struct psp_report *report,
                                              struct psp_returns **ret_returns)
{
    static const struct psp_meaning_options keep_all = {.keep_all = true};
    return fixture_read_with(text, bytes, name, options, &keep_all, report, ret_returns);
}

/* As they are meant. */
static inline struct psp_returns *fixture_read_meant(const char *text, size_t bytes)
{
    static const struct psp_reading_options options;
    static const struct psp_meaning_options meaning;
    struct psp_report report = {0};
    struct psp_returns *returns = NULL;
    fixture_read_with(text, bytes, "returns.csv", &options, &meaning, &report, &returns);
    psp_report_free(&report);
    return returns;
}

/* Without options, and without a fault. NULL: it was refused. */
static inline struct psp_returns *fixture_read(const char *text, size_t bytes)
{
    static const struct psp_reading_options options;
    struct psp_report report = {0};
    struct psp_returns *returns = NULL;
    fixture_read_as(text, bytes, "returns.csv", &options, &report, &returns);
    psp_report_free(&report);
    return returns;
}

#endif
