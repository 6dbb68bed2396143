/*
 * inner - what the steps of the meaning share: rows by unit, contest and line.
 *
 * Ownership: points at the builder's rows and texts.   Threads: one owner.
 */
#ifndef PSP_MEANING_INNER_H
#define PSP_MEANING_INNER_H

#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "election/import/meaning/meaning.h"

/* Kinds of rows that do not leave this room. */
enum { PSP_ROW_TOTAL = PSP_ROW_KINDS_END, PSP_ROW_STATISTIC };

enum { PSP_BESIDE_CONTEST_LINES = 1, PSP_BESIDE_UNIT_LINES = 2 };

enum psp_unit_total {
    PSP_UNIT_NO_TOTAL,
    PSP_UNIT_TOTAL_BY_NAME,
    PSP_UNIT_TOTAL_BY_SUM,
};

/* A reporting unit, or one that only has others in it. */
struct psp_meaning_unit {
    const char *text[PSP_COLUMN_PRECINCT + 1];
    uint32_t parent;     /* or PSP_NONE */
    uint32_t first, end; /* its rows in `order` */
    enum psp_unit_total total;
    bool has_units;
};

/* A contest among the units of one parent. */
struct psp_meaning_contest {
    uint32_t units_with_votes; /* that are no totals */
};

struct psp_meaning_place {
    uint32_t unit, contest, line;
};

struct psp_meaning {
    struct psp_returns_builder *builder;
    const struct psp_meaning_options *options;
    struct psp_report *report;
    const struct psp_returns *returns;
    struct psp_returns_row *rows;
    size_t n;
    bool *leave_out; /* [n] */
    uint8_t *beside; /* [n]: PSP_BESIDE_*, what stands beside a row that is no line */
    struct psp_pool pool;
    struct psp_id_index unit_index, contest_index, line_index;
    struct psp_meaning_unit *units;
    struct psp_meaning_contest *contests;
    uint64_t *line_sums; /* of the units of one parent, totals aside */
    size_t unit_capacity, contest_capacity, line_capacity;
    uint32_t unit_n, contest_n, line_n;
    struct psp_meaning_place *places; /* [n] */
    uint32_t *order;                  /* [n]: rows by unit, contest, line */
};

/* Spellings of one name are told, and merged when that is said. PSP_ENOMEM. */
enum psp_status psp_meaning_names(struct psp_meaning *meaning);
/* The same for a district that only some rows of an office have. PSP_ENOMEM. */
enum psp_status psp_meaning_districts(struct psp_meaning *meaning);
/* Counties whose name is not theirs alone, or that have two codes, are told. PSP_ENOMEM. */
enum psp_status psp_meaning_places(struct psp_meaning *meaning);
/* Each row's kind. PSP_ENOMEM. */
enum psp_status psp_meaning_lines(struct psp_meaning *meaning);
/* Marks rows of all methods that stand beside those of each. PSP_ENOMEM. */
enum psp_status psp_meaning_methods(struct psp_meaning *meaning);
/* Finds units, contests and lines, and leaves out units that are totals. PSP_ENOMEM. */
enum psp_status psp_meaning_units(struct psp_meaning *meaning);
/* Tells of units that equal those whose names begin with their own. PSP_ENOMEM. */
enum psp_status psp_meaning_prefixes(struct psp_meaning *meaning);
/* Leaves out totals among the lines, and figures that stand alone. */
void psp_meaning_figures(struct psp_meaning *meaning);

/* A row of a line, or of over- or undervotes: what sums are made of. */
static inline bool psp_meaning_has_votes(const struct psp_returns_row *row)
{
    return row->kind <= PSP_ROW_UNDERVOTES;
}

/* A note about a row, where it stands. */
#define PSP_MEANING_TELL(meaning, note, row, ...)                                                  \
    psp_report_add((meaning)->report, note, (meaning)->returns->files[(row)->file], (row)->line,   \
                   __VA_ARGS__)

#endif
