/* The soft limit is the bound: the kernel looks at it when a descriptor is made, not later. */
#include "base/system/descriptors.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct rlimit kept; /* soft: without those that are kept; zeros: none are */
static uint32_t lent;

static void set_soft(rlim_t soft)
{
    const struct rlimit limit = {soft, kept.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
}

void psp_descriptors_keep(void)
{
    struct rlimit limit;
    pthread_mutex_lock(&mutex);
    if (kept.rlim_max == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        const rlim_t part = limit.rlim_max / 8;
        kept.rlim_max = limit.rlim_max;
        kept.rlim_cur =
            limit.rlim_max - (part < PSP_DESCRIPTORS_KEPT ? part : PSP_DESCRIPTORS_KEPT);
        set_soft(kept.rlim_cur);
    }
    pthread_mutex_unlock(&mutex);
}

uint32_t psp_descriptors_bound(void)
{
    struct rlimit limit = {0, 0};
    pthread_mutex_lock(&mutex);
    if (kept.rlim_max != 0)
        limit = kept;
    else if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        limit.rlim_cur = UINT32_MAX;
    pthread_mutex_unlock(&mutex);
    return limit.rlim_cur < UINT32_MAX ? (uint32_t)limit.rlim_cur : UINT32_MAX;
}

void psp_descriptors_lend(void)
{
    pthread_mutex_lock(&mutex);
    if (lent++ == 0 && kept.rlim_max != 0)
        set_soft(kept.rlim_max);
    pthread_mutex_unlock(&mutex);
}

void psp_descriptors_take_back(void)
{
    const int error = errno; /* of what was done meanwhile */
    pthread_mutex_lock(&mutex);
    assert(lent > 0);
    if (--lent == 0 && kept.rlim_max != 0)
        set_soft(kept.rlim_cur);
    pthread_mutex_unlock(&mutex);
    errno = error;
}

int psp_descriptors_open(const char *path, int flags, unsigned mode)
{
    psp_descriptors_lend();
    const int file = open(path, flags, (mode_t)mode);
    psp_descriptors_take_back();
    return file;
}
