/* Written and read by hand: what is compared and hashed may not depend on a library. */
#include "wire/message/report.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

/* ---- leaves ---- */

size_t psp_leaf_put(uint32_t next, uint32_t leaf, uint8_t *ret_bytes)
{
    assert(leaf >= next);
    return psp_varint_write(ret_bytes, leaf - next);
}

bool psp_leaf_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count, uint32_t *ret_leaf)
{
    uint32_t gap;
    const size_t used = psp_varint_read(bytes->data, bytes->length, &gap);
    if (used == 0 || *next >= leaf_count || gap >= leaf_count - *next)
        return false;
    assert(*next + gap < leaf_count);
    *ret_leaf = *next + gap;
    *next = *ret_leaf + 1;
    bytes->data += used;
    bytes->length -= used;
    return true;
}

/* ---- a report ---- */

const char *psp_report_fault(const struct psp_report *report, uint32_t leaf_count)
{
    if (report->number == 0)
        return "a report without a number";
    if (report->number > PSP_REPORT_NUMBER_MAX)
        return "a report whose number is above 2^63 - 1";
    if (!psp_report_final_known((uint64_t)report->final))
        return "a report that says neither final, nor not, nor unchanged";
    if (report->leaves.length == 0)
        return "a report of no leaf";
    struct psp_bytes leaves = report->leaves;
    for (uint32_t next = 0, leaf; leaves.length > 0;)
        if (!psp_leaf_next(&leaves, &next, leaf_count, &leaf))
            return "a report of leaves that the election does not have, or not in order";
    return NULL;
}

/* The fields of Report, as Protocol Buffers marks them: number and kind of a field. */
enum { TAG_NUMBER = 0x08, TAG_LEAVES = 0x12, TAG_FINAL = 0x18, TAG_AGAIN = 0x20 };

/* Everything but the leaves themselves: what stands before them, and behind. */
struct frame {
    uint8_t before[2 * (1 + PSP_VARINT64_BYTES_MAX)], behind[2 + 2];
    size_t before_bytes, behind_bytes;
};

static size_t put_field(uint8_t *at, uint8_t tag, uint64_t value)
{
    if (value == 0)
        return 0;
    assert((tag & 0x80) == 0); /* a byte */
    *at = tag;
    return 1 + psp_varint_write(at + 1, value);
}

static struct frame frame_of(const struct psp_report *report)
{
    struct frame frame = {0};
    frame.before_bytes = put_field(frame.before, TAG_NUMBER, report->number);
    frame.before_bytes +=
        put_field(frame.before + frame.before_bytes, TAG_LEAVES, report->leaves.length);
    frame.behind_bytes = put_field(frame.behind, TAG_FINAL, (uint64_t)report->final);
    frame.behind_bytes += put_field(frame.behind + frame.behind_bytes, TAG_AGAIN, report->again);
    assert(frame.before_bytes <= sizeof frame.before);
    assert(frame.behind_bytes <= sizeof frame.behind);
    return frame;
}

size_t psp_report_encode(const struct psp_report *report, uint8_t *ret_bytes, size_t size)
{
    assert(psp_report_final_known((uint64_t)report->final));
    const struct frame frame = frame_of(report);
    const size_t leaves = report->leaves.length;
    const size_t length = frame.before_bytes + leaves + frame.behind_bytes;
    if (length > size)
        return length;
    memcpy(ret_bytes, frame.before, frame.before_bytes);
    if (leaves > 0)
        memcpy(ret_bytes + frame.before_bytes, report->leaves.data, leaves);
    memcpy(ret_bytes + frame.before_bytes + leaves, frame.behind, frame.behind_bytes);
    return length;
}

/* A field that is there has a value other than 0. */
static bool take_field(struct psp_bytes *bytes, uint8_t tag, uint64_t *ret_value)
{
    if (bytes->length == 0 || bytes->data[0] != tag)
        return false;
    const size_t used = psp_varint_read64(bytes->data + 1, bytes->length - 1, ret_value);
    if (used == 0 || *ret_value == 0)
        return false;
    bytes->data += 1 + used;
    bytes->length -= 1 + used;
    return true;
}

const char *psp_report_decode(struct psp_bytes bytes, struct psp_report *ret_report)
{
    static const char none[] = "not the bytes of a report";
    uint64_t number = 0, length = 0, final = 0, again = 0;
    if (!take_field(&bytes, TAG_NUMBER, &number) || !take_field(&bytes, TAG_LEAVES, &length) ||
        length > bytes.length)
        return none;
    const struct psp_bytes leaves = {bytes.data, (size_t)length};
    bytes.data += length;
    bytes.length -= (size_t)length;
    if (!take_field(&bytes, TAG_FINAL, &final) || !psp_report_final_known(final))
        return none;
    if (bytes.length > 0 && (!take_field(&bytes, TAG_AGAIN, &again) || again != 1))
        return none;
    const struct psp_report report = {number, leaves, (enum psp_report_final) final, again == 1};
    const char *fault = bytes.length > 0 ? none : psp_report_fault(&report, PSP_UNITS_MAX);
    if (fault == NULL)
        *ret_report = report;
    return fault;
}

/* ---- what a shard tells ---- */

size_t psp_leaf_report_put(uint32_t next, uint32_t leaf, const struct psp_leaf_report *report,
                           uint8_t ret_bytes[PSP_LEAF_REPORT_BYTES_MAX])
{
    size_t n = psp_leaf_put(next, leaf, ret_bytes);
    n += psp_varint_write(ret_bytes + n, report->number);
    n += psp_varint_write(ret_bytes + n, report->index);
    n += psp_varint_write(ret_bytes + n, report->time_ms);
    ret_bytes[n] = report->final;
    return n + 1;
}

/* A number off the front of *bytes. */
static bool take_number(struct psp_bytes *bytes, uint64_t *ret_value)
{
    const size_t used = psp_varint_read64(bytes->data, bytes->length, ret_value);
    bytes->data += used;
    bytes->length -= used;
    return used > 0;
}

bool psp_leaf_report_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count,
                          uint32_t *ret_leaf, struct psp_leaf_report *ret_report)
{
    struct psp_bytes rest = *bytes;
    struct psp_leaf_report report = {0};
    uint32_t after = *next, leaf;
    uint64_t final;
    if (!psp_leaf_next(&rest, &after, leaf_count, &leaf) || !take_number(&rest, &report.number) ||
        !take_number(&rest, &report.index) || !take_number(&rest, &report.time_ms) ||
        !take_number(&rest, &final) || report.number == 0 ||
        report.number > PSP_REPORT_NUMBER_MAX || report.index == 0 || final > 1)
        return false;
    report.final = final == 1;
    *bytes = rest;
    *next = after;
    *ret_leaf = leaf;
    *ret_report = report;
    return true;
}

size_t psp_leaf_ballots_put(uint32_t next, uint32_t leaf, uint64_t ballots,
                            uint8_t ret_bytes[PSP_LEAF_BALLOTS_BYTES_MAX])
{
    const size_t n = psp_leaf_put(next, leaf, ret_bytes);
    return n + psp_varint_write(ret_bytes + n, ballots);
}

bool psp_leaf_ballots_next(struct psp_bytes *bytes, uint32_t *next, uint32_t leaf_count,
                           uint32_t *ret_leaf, uint64_t *ret_ballots)
{
    struct psp_bytes rest = *bytes;
    uint32_t after = *next, leaf;
    if (!psp_leaf_next(&rest, &after, leaf_count, &leaf) || !take_number(&rest, ret_ballots))
        return false;
    *bytes = rest;
    *next = after;
    *ret_leaf = leaf;
    return true;
}
