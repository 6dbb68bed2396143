/* Any bytes: the head of a chunk and the records of a part are refused, or are what they say.
 * The whole file is read as well, under a key that opens none of it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/opener.h"
#include "seal/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_part(const uint8_t *bytes, size_t length)
{
    struct psp_part_cursor cursor = {bytes, length, 0};
    struct psp_record record;
    enum psp_status status;
    while ((status = psp_part_next(&cursor, &record)) == PSP_OK) {
        assert(cursor.at <= length);
        assert(record.payload_bytes <= PSP_RECORD_PAYLOAD_MAX);
        assert(record.payload + record.payload_bytes == bytes + cursor.at);
        uint8_t again[PSP_PART_RECORD_BYTES];
        psp_part_record_encode(&record, again);
        assert(memcmp(again, record.payload - PSP_PART_RECORD_BYTES, sizeof again) == 0);
    }
    assert(status == PSP_ENOENT || status == PSP_ECORRUPT);
}

static void read_file(uint8_t *bytes, size_t length)
{
    struct psp_chunk_head head;
    const uint8_t secret[PSP_AUDITOR_KEY_BYTES] = {8};
    struct psp_opener *opener = NULL;
    struct psp_record record;
    const enum psp_status status = psp_chunk_head_decode(bytes, length, &head);
    if (status != PSP_OK) {
        assert(status == PSP_EINVAL || status == PSP_EVERSION);
        return;
    }
    assert(head.bytes <= length && psp_chunk_range_good(head.range.first, head.range.last));
    uint8_t again[PSP_CHUNK_FIXED_BYTES];
    psp_chunk_head_encode(&head.range, head.auditors, again);
    assert(memcmp(again, bytes, sizeof again) == 0);
    FILE *file = fmemopen(bytes, length, "rb");
    const struct psp_opener_options options = {
        .range = head.range, .public_key = head.boxes, .secret_key = secret};
    if (psp_opener_create(file, &options, &opener) == PSP_OK)
        while (psp_opener_next(opener, &record) == PSP_OK)
            continue;
    psp_opener_destroy(&opener);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size); /* of its own, so that reading one byte too far is noticed */
    memcpy(copy, data, size);
    if (copy[0] == 'P')
        read_file(copy, size);
    else
        read_part(copy + 1, size - 1);
    free(copy);
    return 0;
}
