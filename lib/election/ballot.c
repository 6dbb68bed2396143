/* Encodes marks in their one form and refuses all others; checks columns before
 * anything reads them. */
#include "election/ballot.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes/varint.h"
#include "base/checked.h"
#include "election/runs.h"

enum { VARINT_BYTES_MAX = 5, INSERTION_SORT_MAX = 32 };
static_assert((int)VARINT_BYTES_MAX == (int)PSP_VARINT32_BYTES_MAX, "room for each number");

static bool mark_after(const struct psp_mark *a, const struct psp_mark *b)
{
    return a->contest != b->contest ? a->contest > b->contest : a->choice > b->choice;
}

static int compare_marks(const void *left, const void *right)
{
    const struct psp_mark *a = left, *b = right;
    return mark_after(a, b) - mark_after(b, a);
}

/* Ballots have a few marks and usually come in order: qsort's calls would cost
 * more than the sorting. */
static void sort_marks(struct psp_mark *marks, size_t n)
{
    if (n > INSERTION_SORT_MAX) {
        qsort(marks, n, sizeof *marks, compare_marks);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        const struct psp_mark mark = marks[i];
        size_t at = i;
        for (; at > 0 && mark_after(&marks[at - 1], &mark); at--)
            marks[at] = marks[at - 1];
        marks[at] = mark;
    }
}

struct out {
    uint8_t *at;
    const uint8_t *end;
};

static bool put(struct out *out, uint32_t value)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    const size_t n = psp_varint_write(bytes, value);
    if ((size_t)(out->end - out->at) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        *out->at++ = bytes[i];
    return true;
}

enum psp_status psp_marks_encode(struct psp_mark *marks, size_t n, uint8_t *ret_bytes,
                                 size_t ret_size, size_t *ret_length)
{
    if (n > (size_t)PSP_MARKED_CONTESTS_MAX * PSP_MARKED_CHOICES_MAX)
        return PSP_EINVAL;
    sort_marks(marks, n);
    uint32_t contests = 0;
    for (size_t i = 0; i < n; i++)
        contests += i == 0 || marks[i].contest != marks[i - 1].contest;
    if (contests > PSP_MARKED_CONTESTS_MAX)
        return PSP_EINVAL;
    const size_t size = ret_size < PSP_MARKS_BYTES_MAX ? ret_size : PSP_MARKS_BYTES_MAX;
    struct out out = {ret_bytes, ret_bytes + size};
    if (!put(&out, contests))
        return PSP_EINVAL;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && marks[end].contest == marks[i].contest)
            end++;
        if (end - i > PSP_MARKED_CHOICES_MAX || !put(&out, marks[i].contest) ||
            !put(&out, (uint32_t)(end - i)))
            return PSP_EINVAL;
        for (; i < end; i++)
            if (!put(&out, marks[i].choice))
                return PSP_EINVAL;
    }
    *ret_length = (size_t)(out.at - ret_bytes);
    assert(*ret_length > 0 && *ret_length <= size);
    assert(!PSP_CHECKED || psp_marks_length(ret_bytes, *ret_length) == *ret_length);
    return PSP_OK;
}

size_t psp_marks_length(const uint8_t *bytes, size_t available)
{
    if (available > PSP_MARKS_BYTES_MAX)
        available = PSP_MARKS_BYTES_MAX;
    uint32_t contests = 0, last_contest = 0;
    size_t at = psp_varint_read(bytes, available, &contests);
    if (at == 0 || contests > PSP_MARKED_CONTESTS_MAX)
        return 0;
    for (uint32_t i = 0; i < contests; i++) {
        uint32_t contest = 0, n = 0, last_choice = 0;
        size_t used = psp_varint_read(bytes + at, available - at, &contest);
        if (used == 0 || contest < last_contest)
            return 0;
        at += used, last_contest = contest;
        used = psp_varint_read(bytes + at, available - at, &n);
        if (used == 0 || n == 0 || n > PSP_MARKED_CHOICES_MAX)
            return 0;
        at += used;
        for (uint32_t j = 0; j < n; j++) {
            uint32_t choice = 0;
            used = psp_varint_read(bytes + at, available - at, &choice);
            if (used == 0 || choice < last_choice)
                return 0;
            at += used, last_choice = choice;
        }
    }
    assert(at <= available);
    return at;
}

static_assert(PSP_MARKS_BYTES_MAX <= UINT16_MAX, "a length of marks fits its column");

/* ret_lengths: may be NULL. */
static enum psp_status check_marks(const uint8_t *marks, size_t bytes, uint32_t n,
                                   uint16_t *ret_lengths, const char **ret_reason)
{
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        const size_t length = at < bytes ? psp_marks_length(marks + at, bytes - at) : 0;
        if (length == 0) {
            *ret_reason = "marks of a ballot are truncated, over a limit or not canonical";
            return PSP_EINVAL;
        }
        if (ret_lengths)
            ret_lengths[i] = (uint16_t)length;
        at += length;
        assert(at <= bytes);
    }
    if (at != bytes) {
        *ret_reason = "marks go on after the last ballot";
        return PSP_EINVAL;
    }
    return PSP_OK;
}

enum psp_status psp_client_columns_check(const struct psp_client_columns *columns,
                                         uint16_t *ret_marks_lengths, const char **ret_reason)
{
    if (columns->n > PSP_BATCH_ROWS_MAX) {
        *ret_reason = "more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots in one batch";
        return PSP_EINVAL;
    }
    size_t voter_bytes = 0;
    for (uint32_t i = 0; i < columns->n; i++) {
        if (columns->voter_lengths[i] == 0) {
            *ret_reason = "a voter ID is empty";
            return PSP_EINVAL;
        }
        voter_bytes += columns->voter_lengths[i];
    }
    if (voter_bytes != columns->voter_bytes) {
        *ret_reason = "the voter IDs' lengths do not add up to their bytes";
        return PSP_EINVAL;
    }
    return check_marks(columns->marks, columns->marks_bytes, columns->n, ret_marks_lengths,
                       ret_reason);
}

enum psp_status psp_count_columns_check(const struct psp_count_columns *columns,
                                        const char **ret_reason)
{
    if (columns->n > PSP_BATCH_ROWS_MAX) {
        *ret_reason = "more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots in one batch";
        return PSP_EINVAL;
    }
    if (columns->stations.length > 0 &&
        !psp_runs_check(columns->stations, columns->n, 1, PSP_STATIONS_MAX)) {
        *ret_reason = "stations is no column of station numbers";
        return PSP_EINVAL;
    }
    if (columns->styles.length > 0 &&
        !psp_runs_check(columns->styles, columns->n, 0, PSP_STYLES_MAX)) {
        *ret_reason = "styles is no column of ballot styles";
        return PSP_EINVAL;
    }
    return check_marks(columns->marks, columns->marks_bytes, columns->n, NULL, ret_reason);
}
