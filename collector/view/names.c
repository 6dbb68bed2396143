/* Inode, size and time of clients.json tell whether to read it again. */
#include "collector/view/names.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct psp_names_list {
    _Atomic uint32_t references;
    struct psp_stations stations;
};

void psp_names_init(struct psp_names *names)
{
    *names = (struct psp_names){0};
    const int rc = pthread_mutex_init(&names->lock, NULL);
    assert(rc == 0);
}

static void put(struct psp_names *names, struct psp_names_list *list)
{
    pthread_mutex_lock(&names->lock);
    struct psp_names_list *old = names->current;
    names->current = list;
    pthread_mutex_unlock(&names->lock);
    assert(old == NULL || old != list);
    psp_names_release(&old);
}

void psp_names_clear(struct psp_names *names)
{
    put(names, NULL);
    pthread_mutex_destroy(&names->lock);
}

/* Remembers the file, also when it turns out to be unreadable: one complaint a change. */
static bool is_new(struct psp_names *names, const struct stat *now)
{
    if (now->st_ino == names->inode && now->st_size == names->bytes &&
        now->st_mtim.tv_sec == names->modified.tv_sec &&
        now->st_mtim.tv_nsec == names->modified.tv_nsec)
        return false;
    names->modified = now->st_mtim;
    names->inode = now->st_ino;
    names->bytes = now->st_size;
    return true;
}

enum psp_status psp_names_update(struct psp_names *names, const char *path,
                                 const struct psp_definition *definition,
                                 struct psp_reason *reterr_reason)
{
    struct stat now;
    if (stat(path, &now) != 0)
        return PSP_ENOENT;
    if (!is_new(names, &now))
        return PSP_STALE;
    struct psp_names_list *list = calloc(1, sizeof *list);
    if (!list)
        return psp_reason_set_file(reterr_reason, path, PSP_ENOMEM);
    const enum psp_status status =
        psp_stations_load(path, definition, &list->stations, reterr_reason);
    if (status != PSP_OK) {
        free(list);
        return psp_reason_set_file(reterr_reason, path, status);
    }
    for (uint32_t i = 1; i < list->stations.count; i++) /* psp_names_find halves them */
        assert(list->stations.list[i - 1].number < list->stations.list[i].number);
    atomic_init(&list->references, 1);
    put(names, list);
    return PSP_OK;
}

struct psp_names_list *psp_names_take(struct psp_names *names)
{
    if (!names)
        return NULL;
    pthread_mutex_lock(&names->lock);
    struct psp_names_list *list = names->current;
    if (list) {
        const uint32_t before = atomic_fetch_add(&list->references, 1);
        assert(before > 0); /* that of `names` */
    }
    pthread_mutex_unlock(&names->lock);
    return list;
}

void psp_names_release(struct psp_names_list **list)
{
    if (!*list)
        return;
    const uint32_t before = atomic_fetch_sub(&(*list)->references, 1);
    assert(before > 0);
    if (before == 1) {
        psp_stations_free(&(*list)->stations);
        free(*list);
    }
    *list = NULL;
}

static int compare_number(const void *number, const void *station)
{
    const uint32_t one = *(const uint32_t *)number;
    const uint32_t other = ((const struct psp_station *)station)->number;
    return (one > other) - (one < other);
}

const struct psp_station *psp_names_find(const struct psp_names_list *list, uint32_t number)
{
    if (!list || list->stations.count == 0)
        return NULL;
    return bsearch(&number, list->stations.list, list->stations.count, sizeof *list->stations.list,
                   compare_number);
}
