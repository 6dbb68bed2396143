/* Checked once where they come in; read without bounds afterwards. */
#include "election/runs.h"

#include <assert.h>

bool psp_runs_check(struct psp_bytes runs, uint32_t n, uint32_t least, uint32_t most)
{
    uint32_t left = n, last = 0;
    bool first = true;
    size_t at = 0;
    while (at < runs.length) {
        uint32_t rows = 0, value = 0;
        const size_t a = psp_varint_read(runs.data + at, runs.length - at, &rows);
        const size_t b =
            a == 0 ? 0 : psp_varint_read(runs.data + at + a, runs.length - at - a, &value);
        if (b == 0 || rows == 0 || rows > left || value < least || value > most ||
            (!first && value == last))
            return false;
        at += a + b;
        left -= rows;
        last = value;
        first = false;
    }
    assert(at == runs.length);
    return left == 0;
}

void psp_runs_load(struct psp_runs_cursor *cursor)
{
    cursor->at += psp_varint_read(cursor->at, PSP_VARINT32_BYTES_MAX, &cursor->left);
    cursor->at += psp_varint_read(cursor->at, PSP_VARINT32_BYTES_MAX, &cursor->value);
    assert(cursor->at != NULL); /* they cover all rows */
    assert(cursor->left > 0);
}

static void write_run(struct psp_runs_writer *writer)
{
    if (writer->rows == 0)
        return;
    assert(writer->bytes != NULL);
    writer->length += psp_varint_write(writer->bytes + writer->length, writer->rows);
    writer->length += psp_varint_write(writer->bytes + writer->length, writer->value);
    writer->rows = 0;
}

void psp_runs_turn(struct psp_runs_writer *writer, uint32_t value)
{
    assert(writer->rows == 0 || value != writer->value); /* equal columns have equal bytes */
    write_run(writer);
    writer->value = value;
}

struct psp_bytes psp_runs_end(struct psp_runs_writer *writer)
{
    write_run(writer);
    return (struct psp_bytes){writer->bytes, writer->length};
}
