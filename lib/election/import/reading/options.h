/*
 * options - how a table of published returns is to be read.
 *
 * What the file itself does not say: its delimiter and encoding, which of its
 * columns is which of ours, what to do with votes that it keeps back and with rows
 * that cannot be read. Kept beside election.json, so that the same file, the next
 * county and the next snapshot are read in the same way.
 *
 * Ownership: holds its own texts; may be copied.   Threads: any.
 */
#ifndef PSP_READING_OPTIONS_H
#define PSP_READING_OPTIONS_H

#include <stdbool.h>

#include "base/reason.h"
#include "base/text/csv.h"
#include "base/text/decode.h"
#include "election/import/reading/file_name.h"
#include "election/returns/returns.h"

/* Ours: those of returns, then what stands in no row that is written. */
enum {
    PSP_READING_MODE = PSP_RETURNS_COLUMNS, /* the row's method */
    PSP_READING_DATE,                       /* of the election */
    PSP_READING_SPECIAL,                    /* TRUE: a special election beside the regular one */
    PSP_READING_SEATS,                      /* of the contest */
    PSP_READING_LEVEL, /* of the row's unit: rows above others are their sums */
    PSP_READING_COLUMNS,
    PSP_READING_METHOD = PSP_READING_COLUMNS, /* votes by the method that the column names */
};

enum psp_suppressed { PSP_SUPPRESSED_REFUSED, PSP_SUPPRESSED_DROP, PSP_SUPPRESSED_ZERO };

struct psp_reading_mapping {
    int ours;         /* PSP_COLUMN_*, PSP_READING_* */
    char theirs[128]; /* as the header writes it; case and blanks around it do not matter; of
                       * a text also several, as "town+ward", which are put together */
};

struct psp_reading_options { /* zero-initialise */
    char delimiter;          /* 0: a comma */
    enum psp_encoding encoding;
    enum psp_suppressed suppressed;
    bool drop_faulty;
    bool all_levels; /* rows of levels above others are kept, too */
    unsigned mapping_n;
    struct psp_reading_mapping mappings[PSP_CSV_FIELDS_MAX];
    struct psp_file_facts otherwise; /* for a file whose columns and name do not say */
};

/* "state", ..., "mode", "date", "method". */
const char *psp_reading_column_name(int ours);

/* "votes=Total,county=Parish" is added. PSP_EINVAL. */
enum psp_status psp_reading_columns(struct psp_reading_options *options, const char *text,
                                    struct psp_reason *reterr_reason);
/* "tab", "semicolon", "pipe", "comma" or the character itself. PSP_EINVAL. */
enum psp_status psp_reading_delimiter(struct psp_reading_options *options, const char *text,
                                      struct psp_reason *reterr_reason);
/* The word for a delimiter, as psp_reading_delimiter reads it; `text` holds it if there is none. */
const char *psp_reading_delimiter_name(char delimiter, char text[2]);

#endif
