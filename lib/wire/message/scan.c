/* Fields are walked by their tags and lengths; only those that may repeat are entered. */
#include "wire/message/scan.h"

#include <assert.h>
#include <stdbool.h>

#include "base/bytes/varint.h"
#include "base/limits.h"
#include "client.pb-c.h"
#include "wire/message/pack.h"

/* The numbers of the fields that may repeat, as the generated code does not tell them. */
enum { ROWS = 3, COLUMNS = 4, BATCH_ID = 1, BALLOTS = 3, MARKS = 6, CHOICES = 2 };

static_assert((int)PSEPHOS__V1__CLIENT_REQUEST__BODY_ROWS == (int)ROWS, "as in client.proto");
static_assert((int)PSEPHOS__V1__CLIENT_REQUEST__BODY_COLUMNS == (int)COLUMNS, "as in client.proto");

static const char too_many_fields[] = "too many fields for one message";
static const char no_message[] = "not a message of this protocol";

struct field {
    uint32_t number;
    uint64_t value; /* of a varint */
    const uint8_t *inside;
    size_t bytes; /* of what is inside; 0: of another type */
};

/* False: the bytes are no fields. */
static bool next(const uint8_t **at, size_t *available, struct field *ret_field)
{
    uint64_t tag = 0, value = 0;
    size_t used = psp_varint_read_any(*at, *available, &tag);
    if (used == 0 || tag >> 3 == 0 || tag > UINT32_MAX)
        return false;
    const uint8_t *from = *at + used;
    const size_t left = *available - used;
    *ret_field = (struct field){.number = (uint32_t)(tag >> 3)};
    switch (tag & 7) {
    case 0:
        used = psp_varint_read_any(from, left, &value);
        if (used == 0)
            return false;
        ret_field->value = value;
        break;
    case 1:
        used = 8;
        break;
    case 2:
        used = psp_varint_read_any(from, left, &value);
        if (used == 0 || value > left - used)
            return false;
        ret_field->inside = from + used;
        ret_field->bytes = (size_t)value;
        used += (size_t)value;
        break;
    case 5:
        used = 4;
        break;
    default:
        return false;
    }
    if (used > left)
        return false;
    assert(ret_field->number > 0);
    assert(left - used < *available); /* it comes to an end */
    *at = from + used;
    *available = left - used;
    return true;
}

/* Marks and choices of a message are counted together. */
static const char *scan_mark(const struct field *mark, uint32_t *elements)
{
    const uint8_t *at = mark->inside;
    size_t available = mark->bytes;
    struct field field;
    uint32_t choices = 0, others = 0;
    while (available > 0) {
        if (!next(&at, &available, &field))
            return no_message;
        if (field.number != CHOICES && ++others > PSP_MESSAGE_FIELDS_MAX)
            return too_many_fields;
        if (field.number != CHOICES)
            continue;
        if (++choices > PSP_MARKED_CHOICES_MAX)
            return "more than " PSP_TEXT(PSP_MARKED_CHOICES_MAX) " choices of one contest are "
                                                                 "marked";
        ++*elements;
    }
    assert(choices <= PSP_MARKED_CHOICES_MAX);
    return NULL;
}

static const char *scan_ballot(const struct field *ballot, uint32_t *elements)
{
    const uint8_t *at = ballot->inside;
    size_t available = ballot->bytes;
    struct field field;
    uint32_t marks = 0, others = 0;
    while (available > 0) {
        if (!next(&at, &available, &field))
            return no_message;
        if (field.number != MARKS && ++others > PSP_MESSAGE_FIELDS_MAX)
            return too_many_fields;
        if (field.number != MARKS)
            continue;
        if (++marks > PSP_MARKED_CONTESTS_MAX)
            return "more than " PSP_TEXT(PSP_MARKED_CONTESTS_MAX) " contests are marked";
        const char *reason = scan_mark(&field, elements);
        if (reason != NULL)
            return reason;
        if (++*elements > PSP_MESSAGE_MARKS_MAX)
            return "more than " PSP_TEXT(PSP_MESSAGE_MARKS_MAX) " marks and choices in one message";
    }
    assert(marks <= PSP_MARKED_CONTESTS_MAX && *elements <= PSP_MESSAGE_MARKS_MAX);
    return NULL;
}

static const char *scan_body(const struct field *body, uint64_t *ret_batch_id, uint32_t *ballots,
                             uint32_t *elements)
{
    const bool rows = body->number == ROWS;
    const uint8_t *at = body->inside;
    size_t available = body->bytes;
    struct field field;
    uint32_t others = 0;
    while (available > 0) {
        if (!next(&at, &available, &field))
            return no_message;
        if (field.number == BATCH_ID)
            *ret_batch_id = field.value;
        if ((!rows || field.number != BALLOTS) && ++others > PSP_MESSAGE_FIELDS_MAX)
            return too_many_fields;
        if (!rows || field.number != BALLOTS)
            continue;
        if (++*ballots > PSP_BATCH_ROWS_MAX)
            return "a batch of more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots";
        const char *reason = scan_ballot(&field, elements);
        if (reason != NULL)
            return reason;
    }
    assert(*ballots <= PSP_BATCH_ROWS_MAX);
    return NULL;
}

const char *psp_scan_request(const uint8_t *bytes, size_t length, uint64_t *ret_batch_id)
{
    struct field field;
    uint32_t fields = 0, ballots = 0, elements = 0;
    *ret_batch_id = 0;
    while (length > 0) {
        if (!next(&bytes, &length, &field))
            return no_message;
        if (++fields > PSP_MESSAGE_FIELDS_MAX)
            return too_many_fields;
        if (field.number != ROWS && field.number != COLUMNS)
            continue;
        const char *reason = scan_body(&field, ret_batch_id, &ballots, &elements);
        if (reason != NULL)
            return reason;
    }
    return NULL;
}

uint64_t psp_scan_batch_id(const uint8_t *bytes, size_t length)
{
    struct field field;
    for (uint32_t fields = 0; length > 0 && fields < PSP_MESSAGE_FIELDS_MAX; fields++) {
        if (!next(&bytes, &length, &field))
            return 0;
        if (field.number != ROWS && field.number != COLUMNS)
            continue;
        const uint8_t *at = field.inside;
        size_t available = field.bytes;
        if (available > 0 && next(&at, &available, &field) && field.number == BATCH_ID)
            return field.value;
        return 0;
    }
    return 0;
}
