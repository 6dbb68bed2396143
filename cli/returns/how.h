/*
 * how - the options that say how files of returns are to be read.
 *
 * What is given wins over what a record says (--like, or import.json beside
 * election.json), wherever it stands on the command line; so words are kept and
 * only made into options when all is there.
 *
 * Ownership: the words are argv's.   Threads: one owner.
 */
#ifndef PSP_RETURNS_HOW_H
#define PSP_RETURNS_HOW_H

#include <argp.h>
#include <stdbool.h>

#include "base/reason.h"
#include "cli/returns/record.h"

enum { PSP_RETURNS_WORDS_MAX = 32 };

struct psp_returns_how { /* zero-initialise */
    const char *like;    /* path of a record, or NULL */
    const char *columns[PSP_RETURNS_WORDS_MAX];
    unsigned columns_n;
    const char *delimiter, *encoding, *suppressed, *faulty, *kinds;
    bool keep_all, merge_names;
    /* Of the definition; `import` and `generate` only. */
    bool primary, no_primary;
    const char *root;
    const char *seats[PSP_RETURNS_WORDS_MAX]; /* "CONTEST=N" */
    unsigned seats_n;
};

/* --like, --columns, --delimiter, --encoding, --suppressed, --faulty, --kinds, --keep-all,
 * --merge-names.
 * Input: struct psp_returns_how *. */
extern const struct argp psp_option_returns;
/* --root, --seats, --primary, --no-primary. Input as above. */
extern const struct argp psp_option_returns_made;
/* True when one of them was given. */
bool psp_returns_how_given(const struct psp_returns_how *how);

/* `beside`: the record to begin with unless --like names another; NULL, or a file that
 * is not there: none. PSP_EINVAL, PSP_ENOENT, PSP_EIO: the reason says what is wrong. */
enum psp_status psp_returns_how_resolve(const struct psp_returns_how *how, const char *beside,
                                        struct psp_returns_options *ret_options,
                                        struct psp_reason *reterr_reason);

#endif
