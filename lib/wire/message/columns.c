/* One message, wherever ballots travel or lie as columns. */
#include "wire/message/columns.h"

#include <assert.h>

#include "wire/message/pack.h"

enum psp_status psp_columns_unpack(const Psephos__V1__Columns *packed,
                                   struct psp_count_columns *ret_columns, const char **ret_reason)
{
    const uint32_t n = packed->n;
    if (n == 0 || n > PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason, "not 1 to " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots");
    if (!psp_pack_holds(&packed->digests, n, PSP_DIGEST_BYTES) ||
        !psp_pack_holds(&packed->tags, n, PSP_TAG_BYTES) || !psp_pack_holds(&packed->units, n, 4) ||
        !psp_pack_holds(&packed->methods, n, 1))
        return psp_pack_refuse(ret_reason, "a column's length does not fit n");
    *ret_columns = (struct psp_count_columns){
        .n = n,
        .digests = packed->digests.data,
        .tags = packed->tags.data,
        .units = packed->units.data,
        .methods = packed->methods.data,
        .marks = packed->marks.data,
        .marks_bytes = packed->marks.len,
        .stations = psp_pack_bytes(&packed->stations),
        .styles = psp_pack_bytes(&packed->styles),
    };
    assert(ret_columns->n > 0 && ret_columns->digests != NULL);
    return PSP_OK;
}

Psephos__V1__Columns psp_columns_pack(const struct psp_count_columns *columns)
{
    const size_t n = columns->n;
    assert(n <= PSP_BATCH_ROWS_MAX); /* as psp_columns_unpack wants it */
    assert(n > 0 || columns->marks_bytes == 0);
    Psephos__V1__Columns packed = PSEPHOS__V1__COLUMNS__INIT;
    packed.n = columns->n;
    packed.digests = psp_pack_data(columns->digests, n * PSP_DIGEST_BYTES);
    packed.tags = psp_pack_data(columns->tags, n * PSP_TAG_BYTES);
    packed.units = psp_pack_data(columns->units, n * 4);
    packed.methods = psp_pack_data(columns->methods, n);
    packed.marks = psp_pack_data(columns->marks, columns->marks_bytes);
    packed.stations = psp_pack_data(columns->stations.data, columns->stations.length);
    packed.styles = psp_pack_data(columns->styles.data, columns->styles.length);
    return packed;
}
