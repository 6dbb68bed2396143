/* Two arrays that mostly stay as the system gave them. */
#include "collector/board/corrected.h"

#include <stdlib.h>

enum psp_status psp_board_corrected_create(uint32_t row_count,
                                           struct psp_board_corrected *ret_corrected)
{
    const size_t rows = (size_t)row_count + 1; /* no zero size */
    struct psp_board_corrected corrected = {
        .revisions = calloc(rows, sizeof *corrected.revisions),
        .lowered = calloc(rows, sizeof *corrected.lowered),
    };
    if (!corrected.revisions || !corrected.lowered) {
        psp_board_corrected_free(&corrected);
        return PSP_ENOMEM;
    }
    *ret_corrected = corrected;
    return PSP_OK;
}

void psp_board_corrected_free(struct psp_board_corrected *corrected)
{
    free(corrected->revisions);
    free(corrected->lowered);
    *corrected = (struct psp_board_corrected){0};
}
