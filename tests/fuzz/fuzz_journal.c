/*
 * A log's files, whatever stands in them: they are refused, or the log opens and each
 * index of it reads as a record or as damage, and it goes on; walked, every byte is in
 * one record or one gap. The same of a vote file.
 *
 * Input: a byte of options, a byte of how many segments, then of each its length (2) and
 * its bytes. Checksums are set right where an option says so, or no input would come past
 * them; so are headers and the vote file.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "journal/journal.h"
#include "journal/segment.h"
#include "journal/vote.h"
#include "journal/walk.h"

enum { FILES = 8, HANDLES = 16, NAME_BYTES = 64 };
enum { MENDABLE = 1, READ_ONLY = 2, SUMS = 4, HEADERS = 8, CHECKPOINT = 16, VOTE_AS_IS = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a disk in memory ---- */

struct file {
    char name[NAME_BYTES];
    uint8_t *bytes;
    size_t length;
};

struct memory {
    struct file files[FILES];
    int handles[HANDLES]; /* file + 1 */
};

static enum psp_status make_folder(void *context, const char *path)
{
    (void)context;
    (void)path;
    return PSP_OK;
}

static enum psp_status lock(void *context, const char *path, int *ret_lock)
{
    (void)context;
    (void)path;
    *ret_lock = 0;
    return PSP_OK;
}

static void unlock(void *context, int number)
{
    (void)context;
    (void)number;
}

static enum psp_status list(void *context, const char *path,
                            void (*visit)(void *user, const char *name), void *user)
{
    const struct memory *memory = context;
    (void)path;
    for (int i = 0; i < FILES; i++)
        if (memory->files[i].name[0] != 0)
            visit(user, memory->files[i].name);
    return PSP_OK;
}

static struct file *find(struct memory *memory, const char *path)
{
    for (int i = 0; i < FILES; i++)
        if (memory->files[i].name[0] != 0 &&
            strcmp(memory->files[i].name, strrchr(path, '/') + 1) == 0)
            return &memory->files[i];
    return NULL;
}

static enum psp_status open_file(void *context, const char *path, enum psp_disk_mode mode,
                                 int *ret_file)
{
    struct memory *memory = context;
    struct file *file = find(memory, path);
    if ((file != NULL) == (mode == PSP_DISK_CREATE))
        return file != NULL ? PSP_EEXIST : PSP_ENOENT;
    for (int i = 0; i < FILES && file == NULL; i++)
        if (memory->files[i].name[0] == 0)
            file = &memory->files[i];
    if (file == NULL)
        return PSP_ENOSPC;
    snprintf(file->name, NAME_BYTES, "%s", strrchr(path, '/') + 1);
    for (int i = 0; i < HANDLES; i++) {
        if (memory->handles[i] != 0)
            continue;
        memory->handles[i] = (int)(file - memory->files) + 1;
        *ret_file = i;
        return PSP_OK;
    }
    abort(); /* handles leak */
}

static void close_file(void *context, int handle)
{
    ((struct memory *)context)->handles[handle] = 0;
}

static struct file *of(void *context, int handle)
{
    struct memory *memory = context;
    assert(memory->handles[handle] != 0);
    return &memory->files[memory->handles[handle] - 1];
}

static enum psp_status size_of(void *context, int handle, uint64_t *ret_bytes)
{
    *ret_bytes = of(context, handle)->length;
    return PSP_OK;
}

static enum psp_status read_file(void *context, int handle, uint64_t offset, void *ret_data,
                                 size_t bytes, size_t *ret_bytes)
{
    const struct file *file = of(context, handle);
    const size_t left = offset < file->length ? file->length - (size_t)offset : 0;
    *ret_bytes = left < bytes ? left : bytes;
    if (*ret_bytes > 0)
        memcpy(ret_data, file->bytes + offset, *ret_bytes);
    return PSP_OK;
}

static enum psp_status truncate_file(void *context, int handle, uint64_t bytes)
{
    struct file *file = of(context, handle);
    file->bytes = realloc(file->bytes, (size_t)bytes + 1);
    assert(file->bytes != NULL);
    if (bytes > file->length)
        memset(file->bytes + file->length, 0, (size_t)bytes - file->length);
    file->length = (size_t)bytes;
    return PSP_OK;
}

static enum psp_status write_file(void *context, int handle, uint64_t offset,
                                  const struct psp_disk_block *blocks, size_t n)
{
    struct file *file = of(context, handle);
    for (size_t i = 0; i < n; i++) {
        if (offset + blocks[i].bytes > file->length)
            truncate_file(context, handle, offset + blocks[i].bytes);
        if (blocks[i].bytes > 0)
            memcpy(file->bytes + offset, blocks[i].data, blocks[i].bytes);
        offset += blocks[i].bytes;
    }
    return PSP_OK;
}

static enum psp_status sync_file(void *context, int handle)
{
    assert(of(context, handle) != NULL);
    return PSP_OK;
}

static void forget(void *context, int handle)
{
    (void)context;
    (void)handle;
}

static enum psp_status remove_file(void *context, const char *path)
{
    struct file *file = find(context, path);
    if (file == NULL)
        return PSP_ENOENT;
    free(file->bytes);
    *file = (struct file){{0}, NULL, 0};
    return PSP_OK;
}

static enum psp_status rename_file(void *context, const char *from, const char *to)
{
    struct file *file = find(context, from);
    if (file == NULL)
        return PSP_ENOENT;
    remove_file(context, to);
    snprintf(file->name, NAME_BYTES, "%s", strrchr(to, '/') + 1);
    return PSP_OK;
}

static enum psp_status sync_folder(void *context, const char *path)
{
    (void)context;
    (void)path;
    return PSP_OK;
}

static struct psp_disk disk_of(struct memory *memory)
{
    return (struct psp_disk){memory,        make_folder, lock,        unlock,
                             list,          open_file,   close_file,  size_of,
                             read_file,     write_file,  sync_file,   forget,
                             truncate_file, rename_file, remove_file, sync_folder};
}

/* ---- the input, made into files ---- */

static void set_sums(uint8_t *bytes, size_t length)
{
    for (size_t at = PSP_SEGMENT_HEADER_BYTES; at + PSP_SEGMENT_RECORD_BYTES <= length;) {
        const uint32_t payload_bytes = psp_get32(bytes + at + 4) & 0xFFF;
        const uint64_t record = psp_segment_record_bytes(payload_bytes);
        psp_put32(bytes + at + 4, payload_bytes);
        if (record > length - at)
            return;
        if ((bytes[at + 39] & 1) == 0) { /* else it stays damaged */
            psp_put32(bytes + at + 36, 0);
            psp_put32(bytes + at, psp_crc32c(0, bytes + at + 4, (size_t)record - 4));
        }
        at += record;
    }
}

static struct file *add_file(struct memory *memory, const char *name, const uint8_t *bytes,
                             size_t length)
{
    int i = 0;
    while (memory->files[i].name[0] != 0)
        i++;
    struct file *file = &memory->files[i];
    snprintf(file->name, NAME_BYTES, "%s", name);
    file->bytes = malloc(length + 1);
    assert(file->bytes != NULL);
    if (length > 0)
        memcpy(file->bytes, bytes, length);
    file->length = length;
    return file;
}

static const struct psp_segment_owner owner = {.cluster_id = "fuzz", .shard = 1};

/* Every byte is in one record or gap, in order, and no index comes twice. */
static void walk(const struct file *file, uint64_t first)
{
    struct psp_walk walk;
    struct psp_walked walked;
    uint64_t at = PSP_SEGMENT_HEADER_BYTES, next = first;
    psp_walk_begin(&walk, file->bytes, file->length, first);
    while (psp_walk_next(&walk, &walked)) {
        assert(walked.offset == at && walked.bytes > 0 && walked.first == next);
        at += walked.bytes;
        if (walked.last == 0) {
            assert(walked.fault != NULL && at == file->length);
            return;
        }
        assert(walked.last >= walked.first);
        next = walked.last + 1;
    }
    assert(at == file->length || file->length < PSP_SEGMENT_HEADER_BYTES);
}

static uint32_t take_files(struct memory *memory, const uint8_t *data, size_t size,
                           uint64_t ret_firsts[3])
{
    const uint8_t options = data[0];
    const uint32_t n = data[1] % 4;
    uint64_t first = 1;
    size_t at = 2;
    for (uint32_t i = 0; i < n; i++) {
        if (size - at < 3)
            return i;
        const size_t wanted = psp_get16(data + at), delta = data[at + 2];
        at += 3;
        const size_t length = wanted < size - at ? wanted : size - at;
        char name[PSP_SEGMENT_NAME_BYTES];
        psp_segment_name(first, name);
        struct file *file = add_file(memory, name, data + at, length);
        if ((options & HEADERS) != 0 && length >= PSP_SEGMENT_HEADER_BYTES)
            psp_segment_header_encode(&owner, first, file->bytes);
        if ((options & SUMS) != 0)
            set_sums(file->bytes, length);
        if (length >= PSP_SEGMENT_HEADER_BYTES)
            walk(file, first);
        ret_firsts[i] = first;
        first += delta + 1;
        at += length;
    }
    return n;
}

/* ---- what is done with it ---- */

static bool never_waits(void *context, size_t bytes)
{
    (void)context;
    return bytes < SIZE_MAX;
}

/* Records that others would have: of the gap's place and size. */
static void mend(struct psp_journal *log)
{
    struct psp_journal_damage damage, before = {.index = 0};
    static const uint8_t zeros[4096];
    for (int i = 0; i < 8 && psp_journal_damage(log, &damage); i++) {
        assert(damage.known > 0 && damage.index >= psp_journal_first(log) &&
               damage.index <= psp_journal_last(log));
        assert(damage.index > before.index);
        before = damage;
        enum psp_status status = PSP_EINVAL;
        for (uint32_t bytes = 0; bytes < sizeof zeros && status == PSP_EINVAL; bytes += 8)
            for (uint64_t term = 1; term < 256 && status == PSP_EINVAL; term = term * 2 + 1) {
                const struct psp_record record = {damage.index, term, PSP_RECORD_COMMAND, zeros,
                                                  bytes};
                status = psp_journal_mend(log, &record);
                if (status == PSP_OK) {
                    uint64_t read_term;
                    enum psp_record_type type;
                    assert(psp_journal_peek(log, damage.index, &read_term, &type) == PSP_OK);
                    assert(read_term == term && type == PSP_RECORD_COMMAND);
                }
            }
        if (status != PSP_OK)
            return;
    }
}

static void read_all(struct psp_journal *log)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    const uint64_t first = psp_journal_first(log), last = psp_journal_last(log);
    for (uint64_t index = first; index <= last && index < first + 600; index++) {
        struct psp_record record;
        uint64_t term = 0, peeked = 0;
        enum psp_record_type type;
        const enum psp_status read = psp_journal_read(log, index, &buffer, &size, &record);
        const enum psp_status peek = psp_journal_peek(log, index, &peeked, &type);
        const enum psp_status known = psp_journal_term(log, index, &term);
        assert(read != PSP_ENOENT && read != PSP_ENOMEM && read != PSP_EINVAL);
        assert(peek == read);
        assert(read != PSP_OK || (known == PSP_OK && record.index == index && term > 0 &&
                                  term == record.term && peeked == term && type == record.type));
    }
    free(buffer);
}

static void go_on(struct psp_journal *log)
{
    struct psp_journal_checked checked;
    for (uint64_t at = psp_journal_first(log); at != 0 && at <= psp_journal_last(log);) {
        const enum psp_status status = psp_journal_check(log, at, never_waits, NULL, &checked);
        assert(status == PSP_OK || status == PSP_ECORRUPT || status == PSP_EVERSION ||
               status == PSP_EMISMATCH);
        assert(checked.next == 0 || checked.next > at);
        at = checked.next;
    }
    read_all(log);
    mend(log);
    read_all(log);
    const uint64_t last = psp_journal_last(log);
    uint64_t term;
    if (last > 0 && psp_journal_term(log, last, &term) == PSP_OK) {
        const struct psp_record record = {last + 1, term, PSP_RECORD_BARRIER, NULL, 0};
        assert(psp_journal_append(log, &record, 1) == PSP_OK);
        assert(psp_journal_sync(log) == PSP_OK);
        assert(psp_journal_truncate(log, last + 1) == PSP_OK);
    }
}

static void open_log(struct memory *memory, uint8_t options, uint64_t checkpoint)
{
    const struct psp_disk disk = disk_of(memory);
    struct psp_journal_options opening = {.directory = "log",
                                          .shard = owner.shard,
                                          .read_only = (options & READ_ONLY) != 0,
                                          .mendable = (options & MENDABLE) != 0,
                                          .checkpoint_index = checkpoint,
                                          .disk = &disk};
    memcpy(opening.cluster_id, owner.cluster_id, sizeof owner.cluster_id);
    struct psp_journal *log = NULL;
    struct psp_reason reason = {0};
    if (psp_journal_open(&opening, &log, &reason) != PSP_OK) {
        assert(reason.text[0] != 0);
        return;
    }
    if (opening.read_only)
        read_all(log);
    else
        go_on(log);
    psp_journal_close(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    struct memory memory = {0};
    uint64_t firsts[3] = {0};
    const uint8_t options = data[0];
    const uint32_t n = take_files(&memory, data, size, firsts);
    const struct psp_disk disk = disk_of(&memory);
    struct psp_journal_vote_slot slot;
    uint8_t bytes[PSP_VOTE_SLOT_BYTES] = {0};
    memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
    if (psp_journal_vote_slot_decode(bytes, &slot))
        assert(slot.vote.sequence == psp_get64(bytes + 40));
    if ((options & VOTE_AS_IS) != 0) {
        add_file(&memory, "vote", data, size);
    } else {
        struct psp_journal_vote_file vote = {.disk = &disk, .file = -1, .shard = owner.shard};
        struct psp_reason reason = {0};
        memcpy(vote.cluster_id, owner.cluster_id, sizeof owner.cluster_id);
        assert(psp_journal_vote_create(&disk, "log", owner.cluster_id, owner.shard) == PSP_OK);
        assert(psp_journal_vote_open(&vote, "log", PSP_DISK_WRITE, &reason) == PSP_OK);
        assert(psp_journal_vote_write(&vote, (struct psp_journal_vote){.term = 255}) == PSP_OK);
        psp_journal_vote_close(&vote);
    }
    open_log(&memory, options, (options & CHECKPOINT) != 0 && n > 1 ? firsts[n - 1] - 1 : 0);
    for (int i = 0; i < FILES; i++)
        free(memory.files[i].bytes);
    for (int i = 0; i < HANDLES; i++)
        assert(memory.handles[i] == 0);
    return 0;
}
