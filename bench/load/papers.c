/* The pool is filled by the weights of the leaves; a ballot is a paper from it, a voter
 * and a number. */
#include "bench/load/papers.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/grow.h"
#include "election/ballot.h"

enum { MARKS_MAX = PSP_MARKED_CONTESTS_MAX };

struct paper {
    uint32_t unit;
    uint32_t mark_first, mark_n;      /* in papers->marks */
    uint32_t bytes_first, byte_count; /* in papers->bytes */
};

struct psp_papers {
    const struct psp_definition *definition;
    uint64_t seed;
    struct paper pool[PSP_PAPERS_POOL];
    struct psp_mark *marks;
    size_t mark_n, mark_max;
    uint8_t *bytes;
    size_t byte_n, byte_max;
};

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static double fraction(uint64_t random)
{
    return (double)(random >> 11) / (double)(UINT64_C(1) << 53);
}

/* One choice of those that stand here, in nine contests of ten. */
static size_t choose(const struct psp_style *style, uint64_t random,
                     struct psp_mark ret_marks[MARKS_MAX])
{
    size_t n = 0;
    for (uint32_t c = 0; c < style->contest_count && n < MARKS_MAX; c++) {
        const struct psp_style_contest *contest = &style->contests[c];
        random = mix(random);
        if (contest->choice_count == 0 || (style->contest_count > 1 && random % 10 == 0))
            continue;
        ret_marks[n++] = (struct psp_mark){
            .contest = contest->contest,
            .choice = contest->choices[(random >> 8) % contest->choice_count],
        };
    }
    return n;
}

static enum psp_status fill(struct psp_papers *papers, struct paper *paper, uint32_t leaf,
                            uint64_t random)
{
    const struct psp_definition *definition = papers->definition;
    struct psp_mark marks[MARKS_MAX];
    paper->unit = definition->leaves[leaf];
    const struct psp_style *style = psp_leaf_style(definition, leaf, 0);
    const size_t n = choose(style, random, marks);
    if (!PSP_GROW(papers->marks, papers->mark_max, papers->mark_n + n) ||
        !PSP_GROW(papers->bytes, papers->byte_max, papers->byte_n + PSP_MARKS_BYTES_MAX))
        return PSP_ENOMEM;
    size_t bytes = 0;
    const enum psp_status status =
        psp_marks_encode(marks, n, papers->bytes + papers->byte_n, PSP_MARKS_BYTES_MAX, &bytes);
    if (status != PSP_OK)
        return status;
    assert(papers->marks != NULL);
    memcpy(papers->marks + papers->mark_n, marks, n * sizeof *marks);
    paper->mark_first = (uint32_t)papers->mark_n;
    paper->mark_n = (uint32_t)n;
    paper->bytes_first = (uint32_t)papers->byte_n;
    paper->byte_count = (uint32_t)bytes;
    papers->mark_n += n;
    papers->byte_n += bytes;
    return PSP_OK;
}

/* Sums of the weights, leaf by leaf. */
static double *weigh(uint32_t leaves, double skew)
{
    double *sums = malloc(leaves * sizeof *sums), sum = 0;
    for (uint32_t leaf = 0; sums != NULL && leaf < leaves; leaf++)
        sums[leaf] = sum += pow((double)leaf + 1, -skew);
    return sums;
}

static uint32_t pick(const double *sums, uint32_t leaves, double share)
{
    uint32_t low = 0, high = leaves - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (sums[middle] <= share * sums[leaves - 1])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum psp_status psp_papers_create(const struct psp_definition *definition, uint64_t seed,
                                  double skew, struct psp_papers **ret_papers)
{
    struct psp_papers *papers = calloc(1, sizeof *papers);
    double *sums = weigh(definition->leaf_count, skew);
    enum psp_status status = papers && sums ? PSP_OK : PSP_ENOMEM;
    if (papers != NULL) {
        papers->definition = definition;
        papers->seed = seed;
    }
    for (uint32_t i = 0; i < PSP_PAPERS_POOL && status == PSP_OK; i++) {
        const uint64_t random = mix(seed ^ mix(i));
        const uint32_t leaf = pick(sums, definition->leaf_count, fraction(random));
        status = fill(papers, &papers->pool[i], leaf, mix(random));
    }
    free(sums);
    if (status != PSP_OK) {
        psp_papers_destroy(&papers);
        return status;
    }
    *ret_papers = papers;
    return PSP_OK;
}

void psp_papers_destroy(struct psp_papers **papers)
{
    if (*papers == NULL)
        return;
    free((*papers)->marks);
    free((*papers)->bytes);
    free(*papers);
    *papers = NULL;
}

static void write_hex(uint64_t value, int digits, uint8_t *ret_text)
{
    static const char hex[] = "0123456789abcdef";
    for (int at = digits - 1; at >= 0; at--, value >>= 4)
        ret_text[at] = (uint8_t)hex[value & 15];
}

uint32_t psp_papers_number(const struct psp_papers *papers, uint32_t client, uint64_t i)
{
    return (uint32_t)(mix(papers->seed + client + (i << 8)) % PSP_PAPERS_POOL);
}

void psp_papers_ballot(const struct psp_papers *papers, uint32_t client, uint64_t i,
                       enum psp_papers_kind kind, uint8_t ret_id[PSP_PAPERS_ID_BYTES],
                       struct psp_ballot *ret_ballot)
{
    const uint64_t of = psp_papers_number(papers, client, i) + (kind == PSP_PAPER_DOUBLE);
    const struct paper *paper = &papers->pool[of % PSP_PAPERS_POOL];
    const uint64_t random =
        mix(papers->seed ^ mix(i << 10 | client << 2 | (kind == PSP_PAPER_DOUBLE)));
    /* Distinct, and in no order, as people come. */
    write_hex(papers->seed, 8, ret_id);
    write_hex(mix((uint64_t)client << 56 | i), 16, ret_id + 8);
    *ret_ballot = (struct psp_ballot){
        .voter_id = ret_id,
        .voter_id_bytes = PSP_PAPERS_ID_BYTES,
        .unit = paper->unit,
        .style = PSP_NONE,
        .marks = papers->bytes + paper->bytes_first,
        .marks_bytes = paper->byte_count,
    };
    psp_put64(ret_ballot->ballot_id, random);
    psp_put64(ret_ballot->ballot_id + 8, mix(random));
}

void psp_papers_votes(const struct psp_papers *papers, uint32_t number, uint64_t times,
                      uint64_t *votes)
{
    const struct paper *paper = &papers->pool[number];
    for (uint32_t m = 0; m < paper->mark_n; m++) {
        const struct psp_mark *mark = &papers->marks[paper->mark_first + m];
        votes[papers->definition->contests[mark->contest].choice_first + mark->choice] += times;
    }
}
