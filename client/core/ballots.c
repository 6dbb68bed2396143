/* Free records and blocks are lists through themselves; nothing is allocated after the start. */
#include "client/core/ballots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MIN = 128 };

_Static_assert(sizeof(struct psp_client_ballot) == 128, "two cache lines a ballot");
_Static_assert((BLOCK_BYTES_MIN << (PSP_CLIENT_LONG_CLASSES - 1)) >=
                   PSP_VOTER_ID_BYTES_MAX + PSP_MARKS_BYTES_MAX,
               "the largest ballot fits the largest block");

enum psp_status psp_client_ballots_init(struct psp_client_ballots *ret_ballots, uint32_t max,
                                        bool stations)
{
    assert(max > 0 && max < PSP_CLIENT_NO_BALLOT);
    struct psp_client_ballot *records = calloc(max, sizeof *records);
    uint32_t *ring = malloc(max * sizeof *ring);
    uint32_t *numbers = stations ? malloc(max * sizeof *numbers) : NULL;
    if (records == NULL || ring == NULL || (stations && numbers == NULL)) {
        free(records);
        free(ring);
        free(numbers);
        return PSP_ENOMEM;
    }
    for (uint32_t i = 0; i < max; i++)
        ring[i] = i;
    *ret_ballots = (struct psp_client_ballots){
        .records = records, .max = max, .stations = numbers, .free = ring};
    return PSP_OK;
}

void psp_client_ballots_free(struct psp_client_ballots *ballots)
{
    for (uint32_t i = 0; i < ballots->max && ballots->records != NULL; i++) {
        if (ballots->records[i].class != 0)
            free(ballots->records[i].block);
    }
    for (int class = 0; class < PSP_CLIENT_LONG_CLASSES; class ++) {
        while (ballots->free_blocks[class] != NULL) {
            void *block = ballots->free_blocks[class];
            memcpy(&ballots->free_blocks[class], block, sizeof(void *));
            free(block);
        }
    }
    free(ballots->records);
    free(ballots->free);
    free(ballots->stations);
    memset(ballots, 0, sizeof *ballots);
}

/* A free block begins with the address of the next one. */
static uint8_t *take_block(struct psp_client_ballots *ballots, size_t bytes, uint8_t *ret_class)
{
    uint8_t class = 0;
    while ((size_t)BLOCK_BYTES_MIN << class < bytes)
        class ++;
    assert(class < PSP_CLIENT_LONG_CLASSES);
    const size_t size = (size_t)BLOCK_BYTES_MIN << class;
    uint8_t *block = ballots->free_blocks[class];
    if (block != NULL) {
        memcpy(&ballots->free_blocks[class], block, sizeof(void *));
    } else {
        if (ballots->block_bytes + size > PSP_CLIENT_LONG_BYTES_MAX)
            return NULL;
        block = malloc(size);
        if (block == NULL)
            return NULL;
        ballots->block_bytes += size;
        assert(ballots->block_bytes <= PSP_CLIENT_LONG_BYTES_MAX);
    }
    *ret_class = (uint8_t)(class + 1);
    return block;
}

static void give_block(struct psp_client_ballots *ballots, struct psp_client_ballot *record)
{
    assert(record->class > 0 && record->class <= PSP_CLIENT_LONG_CLASSES);
    uint8_t *block = record->block;
    memcpy(block, &ballots->free_blocks[record->class - 1], sizeof(void *));
    ballots->free_blocks[record->class - 1] = block;
    record->class = 0;
}

static uint32_t around(const struct psp_client_ballots *ballots, uint32_t at)
{
    assert(at < 2 * ballots->max);
    return at < ballots->max ? at : at - ballots->max;
}

static void take_first(struct psp_client_ballots *ballots)
{
    assert(ballots->used < ballots->max);
    ballots->free_first = around(ballots, ballots->free_first + 1);
    ballots->used++;
    if (ballots->max > PSP_CLIENT_PREFETCH_AHEAD) {
        const uint32_t ahead = around(ballots, ballots->free_first + PSP_CLIENT_PREFETCH_AHEAD);
        psp_client_ballot_prefetch(&ballots->records[ballots->free[ahead]]);
    }
}

enum psp_status psp_client_ballots_add(struct psp_client_ballots *ballots,
                                       const struct psp_ballot *ballot, uint32_t *ret_index)
{
    if (ballots->used == ballots->max)
        return PSP_EBUSY;
    const uint32_t index = ballots->free[ballots->free_first];
    struct psp_client_ballot *record = &ballots->records[index];
    const size_t bytes = ballot->voter_id_bytes + ballot->marks_bytes;
    assert(ballot->voter_id_bytes > 0 && ballot->voter_id_bytes <= PSP_VOTER_ID_BYTES_MAX);
    assert(ballot->marks_bytes > 0 && ballot->marks_bytes <= PSP_MARKS_BYTES_MAX);
    assert(index < ballots->max && record->class == 0);
    uint8_t *at = record->bytes;
    uint8_t class = 0;
    if (bytes > PSP_CLIENT_SHORT_BYTES) {
        at = take_block(ballots, bytes, &class);
        if (at == NULL)
            return PSP_EBUSY;
        record->block = at;
    }
    memcpy(at, ballot->voter_id, ballot->voter_id_bytes);
    memcpy(at + ballot->voter_id_bytes, ballot->marks, ballot->marks_bytes);

    take_first(ballots);
    if (ballots->stations != NULL)
        ballots->stations[index] = ballot->station;
    record->cookie = ballot->cookie;
    record->cast_at_ms = ballot->cast_at_ms;
    memcpy(record->ballot_id, ballot->ballot_id, PSP_BALLOT_ID_BYTES);
    record->unit = ballot->unit;
    record->next = PSP_CLIENT_NO_BALLOT;
    record->marks_bytes = (uint16_t)ballot->marks_bytes;
    record->voter_bytes = (uint8_t)ballot->voter_id_bytes;
    record->method = ballot->method;
    record->timeouts = record->busies = 0;
    record->listed = record->resolved = false;
    record->sent = ballot->resent;
    record->style = ballot->style;
    record->class = class;
    *ret_index = index;
    return PSP_OK;
}

void psp_client_ballots_remove(struct psp_client_ballots *ballots, uint32_t index)
{
    assert(index < ballots->max && ballots->used > 0);
    struct psp_client_ballot *record = &ballots->records[index];
    assert(!record->listed); /* a list would give it out again */
    if (record->class != 0)
        give_block(ballots, record);
    record->generation++;
    assert(record->class == 0);
    const uint32_t end = ballots->free_first + (ballots->max - ballots->used);
    ballots->free[around(ballots, end)] = index;
    ballots->used--;
}
