/*
 * report - what a reader of published returns must tell a person.
 *
 * Faults (rows that cannot be taken as they stand) and notes (rows whose meaning
 * was decided, or left out) by kind: how many there are, and the first of them with
 * file, line and text. All of it at once: who has mended one fault does not want to
 * meet the next one then. A new rule adds a line to PSP_REPORT_KINDS and says what it
 * found with psp_report_add.
 *
 * Ownership: holds its own texts.   Threads: one owner.
 * Memory:    constant, about 300 bytes times kinds times PSP_REPORT_FIRST.
 */
#ifndef PSP_IMPORT_REPORT_H
#define PSP_IMPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

#define PSP_REPORT_FIRST 20 /* of each kind that are shown */

enum psp_report_weight {
    PSP_REPORT_NOTE,
    PSP_REPORT_FAULT_OF_ROW,  /* refused, unless such rows are left out */
    PSP_REPORT_FAULT_OF_FILE, /* refused */
};

/* Name, the word for it, weight, what it is, what to do ("": nothing). */
#define PSP_REPORT_KINDS(KIND)                                                                     \
    KIND(FILE, "file", FAULT_OF_FILE, "a file that cannot be read", "")                            \
    KIND(HEADER, "header", FAULT_OF_FILE, "a header that does not say which column is which", "")  \
    KIND(ENCODING, "encoding", FAULT_OF_FILE, "text that is not UTF-8", "")                        \
    KIND(RECORD, "record", FAULT_OF_ROW, "no record of a CSV file",                                \
         "a field with a quote or a delimiter in it stands in quotes, and quotes in it are "       \
         "doubled")                                                                                \
    KIND(FIELDS, "fields", FAULT_OF_ROW, "another number of fields than the header has",           \
         "a delimiter inside a field needs quotes around the field")                               \
    KIND(VOTES, "votes", FAULT_OF_ROW, "votes that are no whole number", "")                       \
    KIND(HIDDEN, "suppressed", FAULT_OF_ROW, "votes that the file keeps back",                     \
         "--suppressed drop leaves such rows out, --suppressed zero takes 0")                      \
    KIND(OFFICE, "office", FAULT_OF_ROW, "a row without an office", "")                            \
    KIND(TEXT, "text", FAULT_OF_ROW, "a text that is too long", "")                                \
    KIND(LIMIT, "limit", FAULT_OF_FILE, "more than fits", "")                                      \
    KIND(VOTER_ID, "voter_id", FAULT_OF_FILE, "a voter ID that cannot be one",                     \
         "1 to " PSP_TEXT(                                                                         \
             PSP_VOTER_ID_BYTES_MAX) " bytes, as a station sends it: no blank at either end")      \
    KIND(VOTER_TWICE, "voter_twice", FAULT_OF_FILE, "a voter who is on the roll already",          \
         "leave one of the two lines out")                                                         \
    KIND(VOTER_UNIT, "voter_unit", FAULT_OF_FILE, "a unit that no voter can belong to",            \
         "a roll has the ID of a unit that no other lies in, as election.json has it")             \
    KIND(VOTER_STYLE, "voter_style", FAULT_OF_FILE, "a ballot style that the unit does not have",  \
         "a roll has one of the unit's ballot_styles, as election.json has them")                  \
    KIND(METHODS, "methods", FAULT_OF_ROW, "fewer votes than by method", "")                       \
    KIND(                                                                                          \
        TWICE, "twice", FAULT_OF_ROW, "one row twice, with other votes",                           \
        "two rounds, or two counts of one place? Give each its own file, or name the column that " \
        "tells them apart: --columns district=THEIRS; places of one name: --columns "              \
        "precinct=town+ward")                                                                      \
    KIND(AGAIN, "again", NOTE, "one row twice, with the same votes: taken once", "")               \
    KIND(DROPPED, "suppressed_dropped", NOTE, "votes that the file keeps back: left out", "")      \
    KIND(ZEROED, "suppressed_zero", NOTE, "votes that the file keeps back: taken as 0", "")        \
    KIND(COLUMN, "column", NOTE, "a column that is not read", "--columns OURS=THEIRS reads it")    \
    KIND(REST, "unstated_method", NOTE, "more votes than by method: the rest has none", "")        \
    KIND(SPECIAL, "special", NOTE,                                                                 \
         "a special election: a contest of its own, \"(special)\" behind its office", "")          \
    KIND(SEATS, "seats", NOTE, "a contest of several seats, as a column says",                     \
         "--seats CONTEST=N says otherwise")                                                       \
    KIND(NAMELESS, "nameless", NOTE, "a line without candidate and party: nobody's", "")           \
    KIND(REGISTERED, "registered", NOTE, "registered voters: the unit's, no votes", "")            \
    KIND(BALLOTS, "ballots", NOTE, "ballots cast: the unit's, no votes", "")                       \
    KIND(STATISTIC, "statistic", NOTE, "a figure that is nobody's votes: left out", "")            \
    KIND(OVERVOTES, "overvotes", NOTE, "overvotes: of the contest, no choice", "")                 \
    KIND(UNDERVOTES, "undervotes", NOTE, "undervotes: of the contest, no choice", "")              \
    KIND(TOTAL_LINE, "total_line", NOTE, "a line that is the sum of the others: left out", "")     \
    KIND(TOTAL_LINE_DIFFERS, "total_line_differs", NOTE,                                           \
         "a total that is not the sum of its lines: left out", "")                                 \
    KIND(TOTAL_METHOD, "total_method", NOTE,                                                       \
         "a row of all methods beside those of each: left out", "")                                \
    KIND(TOTAL_METHOD_DIFFERS, "total_method_differs", NOTE,                                       \
         "a row of all methods that is not the sum of those of each: left out", "")                \
    KIND(TOTAL_UNIT, "total_unit", NOTE, "a unit that is the sum of others: left out",             \
         "--keep-all takes all as it stands")                                                      \
    KIND(TOTAL_UNIT_DIFFERS, "total_unit_differs", NOTE,                                           \
         "a total that is not the sum of its parts: left out",                                     \
         "--keep-all takes all as it stands")                                                      \
    KIND(PRIMARY, "primary", NOTE, "a primary, by the file's name: taken as one contest for all",  \
         "--primary makes a contest for each party")                                               \
    KIND(PRIMARY_PARTIES, "primary_parties", NOTE,                                                 \
         "a primary, by the file's name: a contest for each party, and ballot styles by party",    \
         "--no-primary takes one contest for all")                                                 \
    KIND(NAMES, "names", NOTE, "spellings that may be one name: kept apart",                       \
         "--merge-names takes the one of most rows")                                               \
    KIND(MERGED, "merged", NOTE, "spellings of one name: merged to the one of most rows", "")      \
    KIND(TWO_CODES, "two_codes", NOTE, "one county's name with two codes: kept apart", "")         \
    KIND(SHARED_NAME, "shared_name", NOTE,                                                         \
         "a county without a code whose name a city of its state has, too",                        \
         "only a code in county_fips tells them apart")                                            \
    KIND(OVERVOTES_DIFFER, "overvotes_differ", NOTE, "overvotes that no ballots give", "")         \
    KIND(UNDERVOTES_DIFFER, "undervotes_differ", NOTE, "undervotes that a count has otherwise",    \
         "")                                                                                       \
    KIND(COUNTY_ONLY, "county_only", NOTE,                                                         \
         "a row without a precinct, of a contest that no precinct there has: kept", "")            \
    KIND(FITS_PARTLY, "fits_partly", NOTE,                                                         \
         "a unit that is the sum of the others in some contests only: kept", "")                   \
    KIND(PARTS, "parts", NOTE,                                                                     \
         "a unit that is the sum of those whose names begin with its own: kept", "")

enum psp_report_kind {
#define PSP_REPORT_ENUM(name, word, weight, what, to_do) PSP_REPORT_##name,
    PSP_REPORT_KINDS(PSP_REPORT_ENUM)
#undef PSP_REPORT_ENUM
        PSP_REPORT_KINDS_END
};

struct psp_report_entry {
    char file[72]; /* "" when it is of no file */
    uint64_t line; /* 0: of the whole file */
    char text[224];
};

struct psp_report_group {
    uint64_t n; /* as many as were added */
    uint32_t first_n;
    struct psp_report_entry *first; /* [first_n], at most PSP_REPORT_FIRST */
};

struct psp_report {       /* zero-initialise */
    bool faulty_dropped;  /* faults of rows refuse nothing: those rows are left out */
    bool nothing_dropped; /* there is no option that would leave such rows out */
    bool out_of_memory;
    struct psp_report_group groups[PSP_REPORT_KINDS_END];
};

/* An empty one is fine. */
void psp_report_free(struct psp_report *report);

/* `file` and `line` are where it stands; the text is the file's, and why. */
void psp_report_add(struct psp_report *report, enum psp_report_kind kind, const char *file,
                    uint64_t line, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* PSP_EINVAL: a fault that refuses. PSP_ENOMEM. */
enum psp_status psp_report_status(const struct psp_report *report);
/* True when there is nothing in it. */
bool psp_report_empty(const struct psp_report *report);

/* The kind's line of the table, piece by piece. */
const char *psp_report_word(enum psp_report_kind kind);
/* Does it refuse? */
enum psp_report_weight psp_report_weight(enum psp_report_kind kind);
/* What it is, in words. */
const char *psp_report_what(enum psp_report_kind kind);
/* What to do about it, or "". */
const char *psp_report_to_do(enum psp_report_kind kind);

#endif
