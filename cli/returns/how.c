/* Words are tried when they are read, so that a wrong one is a matter of usage. */
#include "cli/returns/how.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/bytes/number.h"
#include "base/text/csv.h"
#include "cli/returns/record.h"

enum { /* above what the calls give their own */
       OPTION_LIKE = 0x11000,
       OPTION_COLUMNS,
       OPTION_DELIMITER,
       OPTION_ENCODING,
       OPTION_SUPPRESSED,
       OPTION_FAULTY,
       OPTION_KINDS,
       OPTION_KEEP_ALL,
       OPTION_MERGE_NAMES,
       OPTION_ROOT,
       OPTION_PRIMARY,
       OPTION_NO_PRIMARY,
       OPTION_SEATS
};

static const struct argp_option options_taken[] = {
    {"like", OPTION_LIKE, "IMPORT.json", 0,
     "read as the files of that import were; what is given here wins", 0},
    {"columns", OPTION_COLUMNS, "OURS=THEIRS,...", 0,
     "which column is which: state, county, county_fips, precinct, office, district, party, "
     "candidate, votes; mode names the method, method has the votes of one, date",
     0},
    {"delimiter", OPTION_DELIMITER, "CHARACTER", 0,
     "between fields: comma (default), tab, semicolon, pipe or another character", 0},
    {"encoding", OPTION_ENCODING, "NAME", 0,
     "utf-8 (default), latin-1, windows-1252, utf-16, utf-16le or utf-16be", 0},
    {"suppressed", OPTION_SUPPRESSED, "drop|zero", 0,
     "rows whose votes the file keeps back (*, -, N/A, empty): left out, or 0", 0},
    {"faulty", OPTION_FAULTY, "drop", 0,
     "rows that cannot be read are left out, and counted in the report", 0},
    {"kinds", OPTION_KINDS, "FILE", 0,
     "CSV with the columns name,kind: what lines and offices of these names are, besides those "
     "that "
     "are known (candidate, yes, no, blank, spoiled, write_in, other, overvotes, undervotes, "
     "total, "
     "registered, ballots, statistic)",
     0},
    {"keep-all", OPTION_KEEP_ALL, NULL, 0,
     "take every row as it stands, also statistics and totals", 0},
    {"merge-names", OPTION_MERGE_NAMES, NULL, 0,
     "spellings that differ in case, blanks, DEM and Democratic, 1001 and 01001 or 1.0 and 1 "
     "become "
     "the one of most rows",
     0},
    {0},
};

static enum psp_status set_suppressed(struct psp_returns_options *options, const char *word,
                                      struct psp_reason *reterr_reason)
{
    static const char *const words[] = {[PSP_SUPPRESSED_REFUSED] = "refuse",
                                        [PSP_SUPPRESSED_DROP] = "drop",
                                        [PSP_SUPPRESSED_ZERO] = "zero"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            options->reading.suppressed = (enum psp_suppressed)i;
            return PSP_OK;
        }
    psp_reason_set(reterr_reason, "drop, zero or refuse");
    return PSP_EINVAL;
}

static enum psp_status set_faulty(struct psp_returns_options *options, const char *word,
                                  struct psp_reason *reterr_reason)
{
    if (strcmp(word, "drop") != 0 && strcmp(word, "refuse") != 0) {
        psp_reason_set(reterr_reason, "drop or refuse");
        return PSP_EINVAL;
    }
    options->reading.drop_faulty = strcmp(word, "drop") == 0;
    return PSP_OK;
}

static enum psp_status set_delimiter(struct psp_returns_options *options, const char *word,
                                     struct psp_reason *reterr_reason)
{
    return psp_reading_delimiter(&options->reading, word, reterr_reason);
}

static enum psp_status set_encoding(struct psp_returns_options *options, const char *word,
                                    struct psp_reason *reterr_reason)
{
    if (psp_encoding_named(word, &options->reading.encoding))
        return PSP_OK;
    psp_reason_set(reterr_reason, "utf-8, latin-1, windows-1252, utf-16, utf-16le or utf-16be");
    return PSP_EINVAL;
}

/* Every word of the call; *ret_option is the one that is wrong. */
static enum psp_status apply(const struct psp_returns_how *how, struct psp_returns_options *options,
                             const char **ret_option, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    if (how->columns_n > 0)
        options->reading.mapping_n = 0;
    *ret_option = "--columns";
    for (unsigned i = 0; status == PSP_OK && i < how->columns_n; i++)
        status = psp_reading_columns(&options->reading, how->columns[i], reterr_reason);
    const struct {
        const char *option, *word;
        enum psp_status (*set)(struct psp_returns_options *, const char *, struct psp_reason *);
    } words[] = {{"--delimiter", how->delimiter, set_delimiter},
                 {"--encoding", how->encoding, set_encoding},
                 {"--suppressed", how->suppressed, set_suppressed},
                 {"--faulty", how->faulty, set_faulty}};
    for (size_t i = 0; status == PSP_OK && i < sizeof words / sizeof *words; i++)
        if (words[i].word != NULL) {
            *ret_option = words[i].option;
            status = words[i].set(options, words[i].word, reterr_reason);
        }
    return status;
}

static error_t check(const struct psp_returns_how *how, struct argp_state *state)
{
    struct psp_returns_options tried = {0};
    struct psp_reason reason = {0};
    const char *option;
    if (apply(how, &tried, &option, &reason) != PSP_OK)
        argp_error(state, "%s: %s", option, reason.text);
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct psp_returns_how *how = state->input;
    switch (key) {
    case OPTION_LIKE:
        how->like = value;
        return 0;
    case OPTION_COLUMNS:
        if (how->columns_n == PSP_RETURNS_WORDS_MAX)
            argp_error(state, "--columns: at most %d times", PSP_RETURNS_WORDS_MAX);
        how->columns[how->columns_n++] = value;
        return 0;
    case OPTION_DELIMITER:
        how->delimiter = value;
        return 0;
    case OPTION_ENCODING:
        how->encoding = value;
        return 0;
    case OPTION_SUPPRESSED:
        how->suppressed = value;
        return 0;
    case OPTION_FAULTY:
        how->faulty = value;
        return 0;
    case OPTION_KINDS:
        how->kinds = value;
        return 0;
    case OPTION_KEEP_ALL:
        how->keep_all = true;
        return 0;
    case OPTION_MERGE_NAMES:
        how->merge_names = true;
        return 0;
    case ARGP_KEY_END:
        return check(how, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp psp_option_returns = {.options = options_taken, .parser = parse};

static const struct argp_option options_made[] = {
    {"root", OPTION_ROOT, "NAME", 0, "of the unit that all others lie in (default: United States)",
     0},
    {"primary", OPTION_PRIMARY, NULL, 0,
     "a contest for each party, and ballot styles by party; a contest without party is on each. A "
     "file's name that says primary does it by itself where parties differ",
     0},
    {"no-primary", OPTION_NO_PRIMARY, NULL, 0,
     "one contest for all parties, though the file's name says primary", 0},
    {"seats", OPTION_SEATS, "CONTEST=N", 0,
     "seats of a contest, and votes on a ballot; CONTEST is its ID, office or office/district. "
     "\"Vote for 3\" in an office says it, too",
     0},
    {0},
};

static enum psp_status add_seats(const char *word, struct psp_returns_options *options)
{
    const char *equals = strrchr(word, '=');
    struct psp_import_seats *seats = &options->seats[options->seats_n];
    uint64_t n = 0;
    if (equals == NULL || equals == word || (size_t)(equals - word) >= sizeof seats->contest ||
        options->seats_n == PSP_RETURNS_SEATS_MAX ||
        !psp_number_read(equals + 1, 1, PSP_MARKED_CHOICES_MAX, &n))
        return PSP_EINVAL;
    memcpy(seats->contest, word, (size_t)(equals - word));
    seats->contest[equals - word] = '\0';
    seats->n = (uint32_t)n;
    options->seats_n++;
    return PSP_OK;
}

static error_t parse_made(int key, char *value, struct argp_state *state)
{
    struct psp_returns_how *how = state->input;
    static struct psp_returns_options tried;
    switch (key) {
    case OPTION_ROOT:
        if (*value == '\0' || strlen(value) >= sizeof tried.root)
            argp_error(state, "--root: a name of 1 to %zu bytes", sizeof tried.root - 1);
        how->root = value;
        return 0;
    case OPTION_PRIMARY:
        how->primary = true;
        return 0;
    case OPTION_NO_PRIMARY:
        how->no_primary = true;
        return 0;
    case OPTION_SEATS:
        tried.seats_n = 0;
        if (how->seats_n == PSP_RETURNS_WORDS_MAX || add_seats(value, &tried) != PSP_OK)
            argp_error(state, "--seats: CONTEST=N, N from 1 to " PSP_TEXT(PSP_MARKED_CHOICES_MAX));
        how->seats[how->seats_n++] = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp psp_option_returns_made = {.options = options_made, .parser = parse_made};

bool psp_returns_how_given(const struct psp_returns_how *how)
{
    return how->like != NULL || how->columns_n > 0 || how->delimiter != NULL ||
           how->encoding != NULL || how->suppressed != NULL || how->faulty != NULL ||
           how->kinds != NULL || how->keep_all || how->merge_names || how->root != NULL ||
           how->seats_n > 0 || how->primary || how->no_primary;
}

/* A record a line; the header may be there. */
static enum psp_status add_kinds(struct psp_csv *csv, struct psp_kinds *kinds,
                                 struct psp_reason *reterr_reason)
{
    struct psp_csv_record record;
    enum psp_status status;
    while ((status = psp_csv_next(csv, &record, reterr_reason)) == PSP_OK) {
        const bool blank = record.field_count == 1 && record.fields[0].bytes == 0;
        if (blank || (record.line == 1 && strcmp(record.fields[0].text, "name") == 0))
            continue;
        const char *kind = record.field_count == 2 ? record.fields[1].text : "";
        if (psp_kinds_add(kinds, record.fields[0].text, kind, reterr_reason) != PSP_OK) {
            reterr_reason->line = record.line;
            return PSP_EINVAL;
        }
    }
    return status == PSP_ENOENT ? PSP_OK : status;
}

static enum psp_status read_kinds(const char *path, struct psp_kinds *kinds,
                                  struct psp_reason *reterr_reason)
{
    struct psp_csv *csv = NULL;
    FILE *file = fopen(path, "re");
    enum psp_status status = file != NULL ? psp_csv_open_file(file, &csv) : PSP_ENOENT;
    if (status == PSP_OK)
        status = add_kinds(csv, kinds, reterr_reason);
    psp_csv_close(&csv);
    if (file != NULL)
        fclose(file);
    return status == PSP_OK ? PSP_OK : psp_reason_set_file(reterr_reason, path, status);
}

enum psp_status psp_returns_how_resolve(const struct psp_returns_how *how, const char *beside,
                                        struct psp_returns_options *ret_options,
                                        struct psp_reason *reterr_reason)
{
    struct psp_returns_options read = {0};
    const char *record = how->like;
    if (record == NULL && beside != NULL && access(beside, F_OK) == 0)
        record = beside;
    enum psp_status status =
        record != NULL ? psp_record_load(record, &read, reterr_reason) : PSP_OK;
    const char *ignored;
    if (status == PSP_OK)
        status = apply(how, &read, &ignored, reterr_reason);
    if (status == PSP_OK && how->kinds != NULL)
        status = read_kinds(how->kinds, &read.meaning.kinds, reterr_reason);
    read.meaning.keep_all |= how->keep_all;
    read.meaning.merge_names |= how->merge_names;
    read.primary = (read.primary || how->primary) && !how->no_primary;
    read.primary_told |= how->primary || how->no_primary;
    if (how->root != NULL)
        snprintf(read.root, sizeof read.root, "%s", how->root);
    for (unsigned i = 0; status == PSP_OK && i < how->seats_n; i++)
        status = add_seats(how->seats[i], &read);
    if (status == PSP_OK)
        *ret_options = read;
    return status;
}
