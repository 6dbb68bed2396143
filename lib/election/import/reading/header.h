/*
 * header - which column of a table is which of ours.
 *
 * By name, in any order and case, blanks around it aside. Known are our own names,
 * those of OpenElections, whose tables have a column of votes for each method, and
 * those of MEDSL. --columns names the others.
 *
 * Ownership: points into the record that it was read from only while it is read.
 * Threads:   one owner.
 */
#ifndef PSP_READING_HEADER_H
#define PSP_READING_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "election/import/reading/options.h"
#include "election/import/report.h"

enum { PSP_HEADER_MORE = 4 }; /* columns that are put behind another */

struct psp_header {
    uint32_t width;                  /* up to its last column with a name */
    int32_t at[PSP_READING_COLUMNS]; /* place of ours, -1: not there */
    /* Further columns whose texts follow, 0: none; the first column of a table is no further one
     * then: it is counted from 1. */
    uint32_t more[PSP_RETURNS_TEXTS][PSP_HEADER_MORE];
    uint32_t method_n;
    struct {
        uint32_t at;
        char name[64]; /* "Election day" */
    } methods[PSP_CSV_FIELDS_MAX];
};

/* False: the report says what is missing, and which option would name it. */
bool psp_header_read(const struct psp_csv_record *record, const struct psp_reading_options *options,
                     const char *file, struct psp_report *report, struct psp_header *ret_header);

#endif
