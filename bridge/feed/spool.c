/* Memory first; the file takes all of it over when it gets too much. */
#include "bridge/feed/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory/grow.h"

enum { PATH_BYTES = 4096 };

struct psp_bridge_spool {
    char *data; /* lines with their ends */
    size_t bytes, capacity, at;
    FILE *file; /* NULL: all of it is in `data` */
    char *line; /* of the file */
    size_t line_capacity;
    uint64_t lines, all_bytes, bytes_max;
};

enum psp_status psp_bridge_spool_create(uint64_t bytes_max, struct psp_bridge_spool **ret_spool)
{
    struct psp_bridge_spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        return PSP_ENOMEM;
    spool->bytes_max = bytes_max;
    *ret_spool = spool;
    return PSP_OK;
}

void psp_bridge_spool_clear(struct psp_bridge_spool *spool)
{
    if (spool->file)
        fclose(spool->file);
    spool->file = NULL;
    spool->bytes = spool->at = 0;
    spool->lines = spool->all_bytes = 0;
}

void psp_bridge_spool_destroy(struct psp_bridge_spool **spool)
{
    if (!*spool)
        return;
    psp_bridge_spool_clear(*spool);
    free((*spool)->data);
    free((*spool)->line);
    free(*spool);
    *spool = NULL;
}

uint64_t psp_bridge_spool_lines(const struct psp_bridge_spool *spool)
{
    return spool->lines;
}

static const char *folder(void)
{
    const char *given = getenv("TMPDIR");
    return given && *given ? given : "/tmp";
}

static enum psp_status fail(const char *what, struct psp_reason *reterr_reason)
{
    const int error = errno;
    psp_reason_set(reterr_reason, "an answer that does not fit in memory cannot be %s in %s: %s",
                   what, folder(), strerror(error));
    return psp_status_from_errno(error);
}

/* The name is gone at once: nothing is left behind, however the process ends. */
static enum psp_status open_file(struct psp_bridge_spool *spool, struct psp_reason *reterr_reason)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/psephos-bridge-XXXXXX", folder());
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return fail("kept", reterr_reason);
    unlink(path);
    spool->file = fdopen(fd, "w+");
    if (!spool->file) {
        close(fd);
        return PSP_ENOMEM;
    }
    if (fwrite(spool->data, 1, spool->bytes, spool->file) != spool->bytes)
        return fail("kept", reterr_reason);
    spool->bytes = 0;
    return PSP_OK;
}

enum psp_status psp_bridge_spool_add(struct psp_bridge_spool *spool, const char *line, size_t bytes,
                                     struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    if (spool->all_bytes + bytes + 1 > spool->bytes_max) {
        psp_reason_set(reterr_reason, "an answer of more than %" PRIu64 " MiB: no collector's",
                       spool->bytes_max >> 20);
        return PSP_EUNREACHABLE;
    }
    spool->all_bytes += bytes + 1;
    if (!spool->file && spool->bytes + bytes + 1 > PSP_BRIDGE_SPOOL_BYTES)
        status = open_file(spool, reterr_reason);
    if (status != PSP_OK)
        return status;
    spool->lines++;
    if (spool->file) {
        if (fwrite(line, 1, bytes, spool->file) != bytes || fputc('\n', spool->file) == EOF)
            return fail("kept", reterr_reason);
        return PSP_OK;
    }
    if (!PSP_GROW(spool->data, spool->capacity, spool->bytes + bytes + 1))
        return PSP_ENOMEM;
    memcpy(spool->data + spool->bytes, line, bytes);
    spool->bytes += bytes;
    spool->data[spool->bytes++] = '\n';
    return PSP_OK;
}

enum psp_status psp_bridge_spool_rewind(struct psp_bridge_spool *spool,
                                        struct psp_reason *reterr_reason)
{
    spool->at = 0;
    if (spool->file && (fflush(spool->file) != 0 || fseek(spool->file, 0, SEEK_SET) != 0))
        return fail("kept", reterr_reason);
    return PSP_OK;
}

enum psp_status psp_bridge_spool_next(struct psp_bridge_spool *spool, const char **ret_line,
                                      size_t *ret_bytes, struct psp_reason *reterr_reason)
{
    if (spool->file) {
        errno = 0;
        const ssize_t n = getline(&spool->line, &spool->line_capacity, spool->file);
        if (n < 0)
            return feof(spool->file) ? PSP_ENOENT : fail("read", reterr_reason);
        *ret_line = spool->line;
        *ret_bytes = (size_t)n - 1;
        return PSP_OK;
    }
    if (spool->at == spool->bytes)
        return PSP_ENOENT;
    const char *line = spool->data + spool->at;
    const char *end = memchr(line, '\n', spool->bytes - spool->at);
    *ret_line = line;
    *ret_bytes = (size_t)(end - line);
    spool->at += *ret_bytes + 1;
    return PSP_OK;
}
