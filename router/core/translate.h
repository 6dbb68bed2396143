/*
 * translate - rows, which name things, become columns, which number them.
 *
 * An ID the definition does not know becomes PSP_NONE (a method: 255; a style that
 * the unit does not have: PSP_STYLE_UNKNOWN, as one that is not named is none): the
 * shard judges such a ballot `invalid`, for good. What breaks a limit of shape
 * is not a ballot at all: the whole message is refused, and the reason names
 * the row; here only marks that are too many in all, as lengths and numbers
 * have been checked when the rows were decoded.
 *
 * Naming a contest twice, or one that does not exist, even without a choice,
 * must not pass as a blank or as one mark more: the ballot then carries one
 * mark (PSP_NONE, PSP_NONE) beside its known ones.
 *
 * Ownership: the columns point into the translation until the next call.
 * Threads:   one owner.   Memory: grows with the largest message, kept.
 */
#ifndef PSP_ROUTER_TRANSLATE_H
#define PSP_ROUTER_TRANSLATE_H

#include "base/reason.h"
#include "election/definition/definition.h"
#include "wire/message/message.h"

enum { PSP_METHOD_UNKNOWN = 255 };
#define PSP_STYLE_UNKNOWN (PSP_NONE - 1) /* named, but not of this unit */

struct psp_translation { /* zero-initialise */
    uint32_t capacity;   /* rows */
    uint8_t *voter_lengths, *voter_ids, *ballot_ids, *units, *methods, *cast_at_ms;
    uint8_t *styles, *resent;
    uint8_t *marks;
    uint16_t *marks_lengths;
    size_t marks_capacity;
    struct psp_mark *pairs; /* of one ballot */
    uint32_t *seen;         /* contest -> `stamp` of the row that named it last */
    uint32_t seen_count, stamp;
};

/* It may be used again. */
void psp_translation_free(struct psp_translation *translation);

/* PSP_EINVAL: a row breaks a limit, reterr_reason says which; PSP_ENOMEM. */
enum psp_status psp_translate_rows(struct psp_translation *translation,
                                   const struct psp_definition *definition,
                                   const struct psp_row *rows, uint32_t n,
                                   struct psp_client_columns *ret_columns,
                                   struct psp_reason *reterr_reason);

#endif
