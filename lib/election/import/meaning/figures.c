/* Contest by contest of a unit: its lines, what they sum up to, and what stands beside them. */
#include <inttypes.h>
#include <string.h>

#include "election/import/meaning/inner.h"

/* A contest of a unit: its rows, and sums of those that stay. */
struct sums {
    uint32_t begin, end;
    uint64_t lines, nobody, over, under, total;
    uint32_t first_total; /* or PSP_NONE */
    bool has_lines;
};

static struct psp_returns_row *row_at(const struct psp_meaning *meaning, uint32_t at)
{
    return &meaning->rows[meaning->order[at]];
}

static void add(struct sums *sums, const struct psp_meaning *meaning, uint32_t at)
{
    const struct psp_returns_row *row = row_at(meaning, at);
    if (meaning->leave_out[meaning->order[at]])
        return;
    if (row->kind == PSP_ROW_LINE) {
        sums->has_lines = true;
        sums->lines += row->votes;
        if (row->choice_kind == PSP_CHOICE_BLANK || row->choice_kind == PSP_CHOICE_SPOILED)
            sums->nobody += row->votes;
    } else if (row->kind == PSP_ROW_OVERVOTES) {
        sums->over += row->votes;
    } else if (row->kind == PSP_ROW_UNDERVOTES) {
        sums->under += row->votes;
    } else if (row->kind == PSP_ROW_TOTAL) {
        sums->total += row->votes;
        sums->first_total = sums->first_total == PSP_NONE ? at : sums->first_total;
    }
}

/* A total is of the valid votes, of all lines, or of all papers. */
static bool total_fits(const struct sums *sums)
{
    const uint64_t sum = sums->lines, beside = sums->over + sums->under;
    return sums->total == sum || sums->total == sum - sums->nobody || sums->total == sum + beside ||
           sums->total == sum + sums->over || sums->total == sum + sums->under ||
           sums->total == sum - sums->nobody + beside;
}

static void tell_total(struct psp_meaning *meaning, const struct sums *sums)
{
    const struct psp_returns_row *row = row_at(meaning, sums->first_total);
    if (total_fits(sums))
        PSP_MEANING_TELL(meaning, PSP_REPORT_TOTAL_LINE, row, "%s, %s: %" PRIu64,
                         row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_CANDIDATE],
                         sums->total);
    else
        PSP_MEANING_TELL(meaning, PSP_REPORT_TOTAL_LINE_DIFFERS, row,
                         "%s, %s: %" PRIu64 ", the lines have %" PRIu64,
                         row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_CANDIDATE], sums->total,
                         sums->lines);
}

static void tell_row(struct psp_meaning *meaning, enum psp_report_kind note,
                     const struct psp_returns_row *row)
{
    PSP_MEANING_TELL(meaning, note, row, "%s%s%s: %" PRIu64, row->text[PSP_COLUMN_OFFICE],
                     row->text[PSP_COLUMN_CANDIDATE][0] != '\0' ? ", " : "",
                     row->text[PSP_COLUMN_CANDIDATE], row->votes);
}

/* A row that is no line: taken where there are lines beside it, else left out. */
static void settle(struct psp_meaning *meaning, size_t i)
{
    const struct psp_returns_row *row = &meaning->rows[i];
    const bool contest_lines = (meaning->beside[i] & PSP_BESIDE_CONTEST_LINES) != 0;
    const bool unit_lines = (meaning->beside[i] & PSP_BESIDE_UNIT_LINES) != 0;
    bool *leave_out = &meaning->leave_out[i];
    enum psp_report_kind note = PSP_REPORT_STATISTIC;
    if (*leave_out || row->kind == PSP_ROW_LINE)
        return;
    if (row->kind == PSP_ROW_REGISTERED && unit_lines)
        note = PSP_REPORT_REGISTERED;
    else if (row->kind == PSP_ROW_BALLOTS && unit_lines)
        note = PSP_REPORT_BALLOTS;
    else if (row->kind == PSP_ROW_OVERVOTES && contest_lines)
        note = PSP_REPORT_OVERVOTES;
    else if (row->kind == PSP_ROW_UNDERVOTES && contest_lines)
        note = PSP_REPORT_UNDERVOTES;
    else
        *leave_out = true;
    if (row->kind != PSP_ROW_TOTAL)
        tell_row(meaning, note, row);
}

static bool unit_has_lines(const struct psp_meaning *meaning, const struct psp_meaning_unit *unit)
{
    for (uint32_t at = unit->first; at < unit->end; at++)
        if (!meaning->leave_out[meaning->order[at]] && row_at(meaning, at)->kind == PSP_ROW_LINE)
            return true;
    return false;
}

void psp_meaning_figures(struct psp_meaning *meaning)
{
    for (uint32_t i = 0; i < meaning->unit_n; i++) {
        const struct psp_meaning_unit *unit = &meaning->units[i];
        const bool unit_lines = unit_has_lines(meaning, unit);
        for (uint32_t begin = unit->first, end = begin; begin < unit->end; begin = end) {
            const uint32_t contest = meaning->places[meaning->order[begin]].contest;
            struct sums sums = {.first_total = PSP_NONE};
            for (; end < unit->end && meaning->places[meaning->order[end]].contest == contest;
                 end++)
                add(&sums, meaning, end);
            if (sums.first_total != PSP_NONE)
                tell_total(meaning, &sums);
            for (uint32_t at = begin; at < end; at++)
                meaning->beside[meaning->order[at]] =
                    (uint8_t)((sums.has_lines ? PSP_BESIDE_CONTEST_LINES : 0) |
                              (unit_lines ? PSP_BESIDE_UNIT_LINES : 0));
        }
    }
    for (size_t i = 0; i < meaning->n; i++)
        settle(meaning, i);
}
