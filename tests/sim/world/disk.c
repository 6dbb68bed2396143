/* Writes are kept in order until a sync; a crash keeps any part of them. */
#include "tests/sim/world/disk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_SMALL = 64, PIECE_LARGE = 512 };

/* ---- contents ---- */

static void *grown(void *memory, size_t bytes)
{
    void *larger = realloc(memory, bytes);
    if (larger == NULL)
        abort();
    return larger;
}

static void resize(uint8_t **data, size_t *size, size_t *capacity, size_t wanted)
{
    if (wanted > *capacity) {
        *capacity = wanted * 2;
        *data = grown(*data, *capacity);
    }
    if (wanted > *size)
        memset(*data + *size, 0, wanted - *size);
    *size = wanted;
}

static void put(uint8_t **data, size_t *size, size_t *capacity, uint64_t offset, const void *bytes,
                size_t n)
{
    if (offset + n > *size)
        resize(data, size, capacity, offset + n);
    memcpy(*data + offset, bytes, n);
}

static struct sim_write *remember(struct sim_file *file, uint64_t offset, size_t bytes)
{
    if (file->write_count == file->write_capacity) {
        file->write_capacity = file->write_capacity * 2 + 8;
        file->writes = grown(file->writes, file->write_capacity * sizeof(*file->writes));
    }
    struct sim_write *write = &file->writes[file->write_count++];
    *write = (struct sim_write){.offset = offset, .bytes = bytes};
    return write;
}

static void forget_writes(struct sim_file *file)
{
    for (uint32_t i = 0; i < file->write_count; i++)
        free(file->writes[i].data);
    file->write_count = 0;
}

static void make_durable(struct sim_file *file, const struct sim_write *write)
{
    if (write->data == NULL)
        resize(&file->durable, &file->durable_size, &file->durable_capacity, write->offset);
    else
        put(&file->durable, &file->durable_size, &file->durable_capacity, write->offset,
            write->data, write->bytes);
}

static void show_durable(struct sim_file *file)
{
    resize(&file->data, &file->size, &file->capacity, file->durable_size);
    if (file->durable_size > 0)
        memcpy(file->data, file->durable, file->durable_size);
}

/* ---- names ---- */

static struct sim_name *find(struct sim_names *names, const char *path)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i].path, path) == 0)
            return &names->names[i];
    return NULL;
}

static void unlink_name(struct sim_names *names, const char *path)
{
    struct sim_name *name = find(names, path);
    if (name != NULL)
        *name = names->names[--names->count];
}

static void carry_out(struct sim_names *names, const struct sim_name_op *op)
{
    if (op->from[0] != 0)
        unlink_name(names, op->from);
    if (op->to[0] == 0)
        return;
    unlink_name(names, op->to);
    assert(names->count < SIM_FILES_MAX);
    struct sim_name *name = &names->names[names->count++];
    memcpy(name->path, op->to, sizeof(name->path));
    name->file = op->file;
}

static void change_names(struct sim_disk *disk, const char *from, const char *to, uint32_t file)
{
    assert(disk->name_op_count < SIM_NAME_OPS_MAX);
    struct sim_name_op *op = &disk->name_ops[disk->name_op_count++];
    snprintf(op->from, sizeof(op->from), "%s", from);
    snprintf(op->to, sizeof(op->to), "%s", to);
    op->file = file;
    carry_out(&disk->seen, op);
}

/* ---- dying and failing ---- */

static bool dies_now(struct sim_disk *disk)
{
    if (disk->dies_after == 0 || --disk->dies_after > 0)
        return false;
    disk->dead = true;
    disk->faults->counts[SIM_FAULT_MID_WRITE]++;
    return true;
}

static bool fails_now(struct sim_disk *disk)
{
    if (disk->fails_after == 0 || --disk->fails_after > 0)
        return false;
    disk->failed = true;
    disk->faults->counts[SIM_FAULT_EIO]++;
    return true;
}

/* ---- the table ---- */

static enum psp_status make_folder(void *context, const char *path)
{
    (void)path;
    return ((struct sim_disk *)context)->dead ? PSP_EIO : PSP_OK;
}

static enum psp_status lock(void *context, const char *path, int *ret_lock)
{
    (void)path;
    *ret_lock = 0;
    return ((struct sim_disk *)context)->dead ? PSP_EIO : PSP_OK;
}

static void unlock(void *context, int number)
{
    (void)context;
    (void)number;
}

static enum psp_status list(void *context, const char *path,
                            void (*visit)(void *user, const char *name), void *user)
{
    struct sim_disk *disk = context;
    const size_t length = strlen(path);
    char names[SIM_FILES_MAX][SIM_PATH_BYTES]; /* visit may remove files */
    uint32_t n = 0;
    if (disk->dead)
        return PSP_EIO;
    for (uint32_t i = 0; i < disk->seen.count; i++)
        if (strncmp(disk->seen.names[i].path, path, length) == 0 &&
            disk->seen.names[i].path[length] == '/')
            snprintf(names[n++], SIM_PATH_BYTES, "%s", disk->seen.names[i].path + length + 1);
    for (uint32_t i = 0; i < n; i++)
        visit(user, names[i]);
    return PSP_OK;
}

static struct sim_file *file_of(struct sim_disk *disk, int handle)
{
    assert(handle >= 0 && handle < SIM_HANDLES_MAX && disk->handles[handle] != 0);
    return disk->files[disk->handles[handle] - 1];
}

static enum psp_status open_file(void *context, const char *path, enum psp_disk_mode mode,
                                 int *ret_file)
{
    struct sim_disk *disk = context;
    if (disk->dead)
        return PSP_EIO;
    const struct sim_name *name = find(&disk->seen, path);
    if (mode == PSP_DISK_CREATE && name != NULL)
        return PSP_EEXIST;
    if (mode != PSP_DISK_CREATE && name == NULL)
        return PSP_ENOENT;
    if (mode == PSP_DISK_CREATE && disk->full) {
        disk->faults->counts[SIM_FAULT_ENOSPC]++;
        return PSP_ENOSPC;
    }
    uint32_t file = name == NULL ? disk->file_count : name->file;
    if (name == NULL) {
        assert(disk->file_count < SIM_FILES_MAX);
        disk->files[disk->file_count] = calloc(1, sizeof(struct sim_file));
        assert(disk->files[disk->file_count] != NULL);
        disk->file_count++;
        change_names(disk, "", path, file);
    }
    for (int i = 0; i < SIM_HANDLES_MAX; i++) {
        if (disk->handles[i] != 0)
            continue;
        disk->handles[i] = file + 1;
        *ret_file = i;
        return PSP_OK;
    }
    assert(!"handles leak");
    return PSP_EIO;
}

static void close_file(void *context, int handle)
{
    struct sim_disk *disk = context;
    if (disk->handles[handle] != 0)
        disk->handles[handle] = 0;
}

static enum psp_status size_of(void *context, int handle, uint64_t *ret_bytes)
{
    struct sim_disk *disk = context;
    if (disk->dead)
        return PSP_EIO;
    *ret_bytes = file_of(disk, handle)->size;
    return PSP_OK;
}

static enum psp_status read_file(void *context, int handle, uint64_t offset, void *ret_data,
                                 size_t bytes, size_t *ret_bytes)
{
    struct sim_disk *disk = context;
    if (disk->dead)
        return PSP_EIO;
    const struct sim_file *file = file_of(disk, handle);
    size_t n = 0;
    if (offset < file->size)
        n = file->size - offset < bytes ? file->size - offset : bytes;
    if (n > 0)
        memcpy(ret_data, file->data + offset, n);
    *ret_bytes = n;
    return PSP_OK;
}

static void write_now(struct sim_file *file, uint64_t offset, uint8_t *data, size_t bytes)
{
    put(&file->data, &file->size, &file->capacity, offset, data, bytes);
    remember(file, offset, bytes)->data = data;
}

static enum psp_status write_file(void *context, int handle, uint64_t offset,
                                  const struct psp_disk_block *blocks, size_t n)
{
    struct sim_disk *disk = context;
    if (disk->dead)
        return PSP_EIO;
    struct sim_file *file = file_of(disk, handle);
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        bytes += blocks[i].bytes;
    uint8_t *data = grown(NULL, bytes + 1);
    for (size_t i = 0; i < n; i++) {
        if (blocks[i].bytes > 0)
            memcpy(data + at, blocks[i].data, blocks[i].bytes);
        at += blocks[i].bytes;
    }
    const bool dies = dies_now(disk), fails = !dies && fails_now(disk);
    const bool full = disk->full && offset + bytes > file->size;
    if (full && !dies && !fails)
        disk->faults->counts[SIM_FAULT_ENOSPC]++;
    if (dies || fails || full) /* a part of it */
        bytes = (size_t)sim_between(disk->random, 0, bytes);
    if (bytes > 0)
        write_now(file, offset, data, bytes);
    else
        free(data);
    return dies || fails ? PSP_EIO : full ? PSP_ENOSPC : PSP_OK;
}

static enum psp_status sync_file(void *context, int handle)
{
    struct sim_disk *disk = context;
    if (disk->dead || dies_now(disk) || fails_now(disk))
        return PSP_EIO;
    disk->syncs++;
    struct sim_file *file = file_of(disk, handle);
    for (uint32_t i = 0; i < file->write_count; i++)
        make_durable(file, &file->writes[i]);
    forget_writes(file);
    return PSP_OK;
}

static enum psp_status truncate_file(void *context, int handle, uint64_t bytes)
{
    struct sim_disk *disk = context;
    if (disk->dead || dies_now(disk))
        return PSP_EIO;
    struct sim_file *file = file_of(disk, handle);
    resize(&file->data, &file->size, &file->capacity, bytes);
    remember(file, bytes, 0);
    return PSP_OK;
}

static enum psp_status rename_file(void *context, const char *from, const char *to)
{
    struct sim_disk *disk = context;
    if (disk->dead || dies_now(disk))
        return PSP_EIO;
    const struct sim_name *name = find(&disk->seen, from);
    if (name == NULL)
        return PSP_ENOENT;
    change_names(disk, from, to, name->file);
    return PSP_OK;
}

static enum psp_status remove_file(void *context, const char *path)
{
    struct sim_disk *disk = context;
    if (disk->dead || dies_now(disk))
        return PSP_EIO;
    const struct sim_name *name = find(&disk->seen, path);
    if (name == NULL)
        return PSP_ENOENT;
    change_names(disk, path, "", name->file);
    return PSP_OK;
}

static void forget(void *context, int file)
{
    (void)context; /* all is in memory here */
    (void)file;
}

static enum psp_status sync_folder(void *context, const char *path)
{
    (void)path;
    struct sim_disk *disk = context;
    if (disk->dead || dies_now(disk) || fails_now(disk))
        return PSP_EIO;
    for (uint32_t i = 0; i < disk->name_op_count; i++)
        carry_out(&disk->durable, &disk->name_ops[i]);
    disk->name_op_count = 0;
    return PSP_OK;
}

/* ---- life ---- */

void sim_disk_init(struct sim_disk *disk, struct sim_random *random, struct sim_faults *faults)
{
    memset(disk, 0, sizeof(*disk));
    disk->table = (struct psp_disk){
        .context = disk,
        .make_folder = make_folder,
        .lock = lock,
        .unlock = unlock,
        .list = list,
        .open = open_file,
        .close = close_file,
        .size = size_of,
        .read = read_file,
        .write = write_file,
        .sync = sync_file,
        .forget = forget,
        .truncate = truncate_file,
        .rename = rename_file,
        .remove = remove_file,
        .sync_folder = sync_folder,
    };
    disk->random = random;
    disk->faults = faults;
}

void sim_disk_free(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < disk->file_count; i++) {
        forget_writes(disk->files[i]);
        free(disk->files[i]->writes);
        free(disk->files[i]->data);
        free(disk->files[i]->durable);
        free(disk->files[i]);
    }
    disk->file_count = 0;
}

void sim_disk_end_process(struct sim_disk *disk)
{
    memset(disk->handles, 0, sizeof(disk->handles));
    disk->dead = false;
    disk->dies_after = disk->fails_after = 0;
}

/* Of an unsynced write all, nothing or pieces. */
static void lose(struct sim_disk *disk, struct sim_file *file, const struct sim_write *write)
{
    const uint32_t fate = sim_below(disk->random, 3);
    if (fate == 0) {
        disk->faults->counts[SIM_FAULT_LOST_WRITE]++;
        return;
    }
    if (fate == 1 || write->data == NULL) {
        make_durable(file, write);
        return;
    }
    const size_t piece = sim_below(disk->random, 2) == 0 ? PIECE_SMALL : PIECE_LARGE;
    bool torn = false;
    for (size_t at = 0; at < write->bytes;) {
        const size_t end = (write->offset + at) / piece * piece + piece - write->offset;
        const size_t n = (end < write->bytes ? end : write->bytes) - at;
        if (sim_below(disk->random, 2) == 0)
            put(&file->durable, &file->durable_size, &file->durable_capacity, write->offset + at,
                write->data + at, n);
        else
            torn = true;
        at += n;
    }
    if (torn)
        disk->faults->counts[SIM_FAULT_TORN_WRITE]++;
}

void sim_disk_lose_power(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < disk->file_count; i++) {
        struct sim_file *file = disk->files[i];
        for (uint32_t w = 0; w < file->write_count; w++)
            lose(disk, file, &file->writes[w]);
        forget_writes(file);
        show_durable(file);
    }
    const uint32_t kept = (uint32_t)sim_between(disk->random, 0, disk->name_op_count);
    for (uint32_t i = 0; i < kept; i++)
        carry_out(&disk->durable, &disk->name_ops[i]);
    disk->faults->counts[SIM_FAULT_LOST_NAME] += disk->name_op_count - kept;
    disk->name_op_count = 0;
    disk->seen = disk->durable;
    disk->failed = false;
}

void sim_disk_wipe(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < disk->file_count; i++)
        forget_writes(disk->files[i]);
    disk->name_op_count = 0;
    disk->seen.count = disk->durable.count = 0;
}

static bool is_segment(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".log") == 0;
}

bool sim_disk_log_is_clean(const struct sim_disk *disk)
{
    for (uint32_t i = 0; i < disk->seen.count; i++)
        if (is_segment(disk->seen.names[i].path) &&
            disk->files[disk->seen.names[i].file]->write_count > 0)
            return false;
    for (uint32_t i = 0; i < disk->name_op_count; i++)
        if (is_segment(disk->name_ops[i].from) || is_segment(disk->name_ops[i].to))
            return false;
    return true;
}

bool sim_disk_rot(struct sim_disk *disk, bool vote, uint32_t tail)
{
    const struct sim_name *found = NULL;
    for (uint32_t i = 0; i < disk->durable.count; i++) {
        const struct sim_name *name = &disk->durable.names[i];
        if (vote ? strcmp(name->path, "log/vote") == 0
                 : is_segment(name->path) && (found == NULL || strcmp(name->path, found->path) > 0))
            found = name;
    }
    if (found == NULL || disk->files[found->file]->durable_size == 0)
        return false;
    struct sim_file *file = disk->files[found->file];
    const size_t size = file->durable_size;
    size_t at = (size_t)sim_between(disk->random, 0, size - 1);
    if (tail > 0 && tail < size)
        at = size - 1 - sim_below(disk->random, tail);
    if (vote) /* in one of the two copies of 72 bytes */
        at = (size_t)sim_below(disk->random, 2) * 4096 + sim_below(disk->random, 72);
    if (at >= size)
        return false;
    file->durable[at] ^= (uint8_t)(1U << sim_below(disk->random, 8));
    show_durable(file);
    disk->faults->counts[SIM_FAULT_ROT]++;
    return true;
}

bool sim_disk_rot_old(struct sim_disk *disk)
{
    const char *newest = "";
    struct sim_file *found = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < disk->durable.count; i++)
        if (is_segment(disk->durable.names[i].path) &&
            strcmp(disk->durable.names[i].path, newest) > 0)
            newest = disk->durable.names[i].path;
    for (uint32_t i = 0; i < disk->durable.count; i++) {
        const struct sim_name *name = &disk->durable.names[i];
        struct sim_file *file = disk->files[name->file];
        if (is_segment(name->path) && strcmp(name->path, newest) != 0 && file->write_count == 0 &&
            file->durable_size > 0 && sim_below(disk->random, ++n) == 0)
            found = file;
    }
    if (found == NULL)
        return false;
    found->durable[sim_between(disk->random, 0, found->durable_size - 1)] ^=
        (uint8_t)(1U << sim_below(disk->random, 8));
    show_durable(found);
    disk->faults->counts[SIM_FAULT_ROT_OLD]++;
    return true;
}
