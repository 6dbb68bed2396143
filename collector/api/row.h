/*
 * row - one result, one turnout and the shards' health as JSON, the same in
 * lists and in events.
 *
 * Threads: any; pure.
 */
#ifndef PSP_ROW_H
#define PSP_ROW_H

#include "base/json/writer.h"
#include "collector/api/api.h"
#include "collector/view/tally.h"

/* What a result is of. */
struct psp_row_result {
    uint32_t contest, unit, method; /* method: PSP_NONE for all */
    uint32_t leaf_first, leaf_end;  /* the leaves it adds up */
    uint32_t language;              /* of names */
};
void psp_row_write_result(struct psp_writer *json, const char *key, const struct psp_view *view,
                          const struct psp_row_result *row);

/* "choices", "undervotes" and "overvotes": null while they are held. */
void psp_row_write_votes(struct psp_writer *json, const struct psp_contest *contest,
                         const struct psp_tally *tally);

/* "level", "ballots_counted", and of a result what is known of it without naming anyone:
 * "margin", "margin_of", "tied", how many units report, and "report". */
void psp_row_write_standing(struct psp_writer *json, const struct psp_view *view,
                            const struct psp_row_result *row, const struct psp_tally *tally);

/* Ballots counted, or where that is not told ballots shown, of the voters registered.
 * False: these are not known, or none, or nothing of the unit is shown or told. */
bool psp_row_turnout(const struct psp_view *view, uint32_t unit, double *ret_share);

/* Of one unit, all methods, its name in a language. */
void psp_row_write_turnout(struct psp_writer *json, const char *key, const struct psp_view *view,
                           uint32_t unit, uint32_t language);
/* The same without the object around it. */
void psp_row_write_turnout_members(struct psp_writer *json, const struct psp_view *view,
                                   uint32_t unit, uint32_t language);

/* The books of a shard, or (PSP_NONE) of all with what of them is shown; no object around. */
void psp_row_write_books(struct psp_writer *json, const struct psp_view *view, uint32_t shard);

/* Array "shards": version, age and staleness of each, as of request->now_ms. */
void psp_row_write_shards(struct psp_writer *json, const struct psp_api_request *request);

#endif
