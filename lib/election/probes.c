/* From the books alone, so that every replica and every collector thinks the same. */
#include "election/probes.h"

/* Refused of those that a station sent, replays of them left out. */
static uint64_t refused(const struct psp_station_books *books)
{
    return books->received - books->disposed[PSP_COUNTED] - books->disposed[PSP_REPLAYED];
}

bool psp_probes_over(const struct psp_station_books *books)
{
    return refused(books) >= PSP_PROBES_FREE + books->disposed[PSP_COUNTED];
}

bool psp_probes_told(const struct psp_station_books *books)
{
    return refused(books) >= PSP_PROBES_TOLD &&
           refused(books) > books->disposed[PSP_COUNTED] / PSP_PROBES_TOLD_SHARE;
}
