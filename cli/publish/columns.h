/*
 * columns - rows of the API as columns.
 *
 * Under `"votes"` a row of a result repeats every name that its neighbours have, too. As
 * columns a county costs its numbers and nothing else, and a column that says the same of
 * every row costs one value.
 *
 *     {"rows": 2, "columns": {"ballots": [4, 7], "method": {"all": null}},
 *      "votes": {"ann": [3, 5], "bob": [1, null]}}
 *
 * Only members of `choices` become `votes`: null where the choice is not on the ballot, and
 * everywhere in a row that is held (its `undervotes` are null, too). The members of
 * `progress` become columns "progress.counted" and so on. Any other value stands as it is.
 *
 * Ownership: the caller owns the table.   Threads: any; pure.
 * Memory:    ends the command when there is none (say/memory.h).
 */
#ifndef PSP_COLUMNS_H
#define PSP_COLUMNS_H

#include <jansson.h>

/* A table without rows. */
json_t *psp_columns_create(void);

/* One row more, without the members named in `left_out` (NULL at the end). `place`: the
 * unit's position in its level; it becomes the column "unit". */
void psp_columns_add(json_t *table, const json_t *row, json_int_t place,
                     const char *const *left_out);

/* Columns of one value become {"all": value}; a column "unit" that counts 0, 1, 2… goes. */
void psp_columns_close(json_t *table);

#endif
