/* Depth first, without following links (nftw). */
#include "cli/folder/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>

enum { FOLDERS_OPEN = 8 };

static int remove_each(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

static int remove_below(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type;
    return where->level > 0 ? remove(path) : 0;
}

static enum psp_status walk(const char *path, __nftw_func_t each)
{
    if (nftw(path, each, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return PSP_OK;
    return psp_status_from_errno(errno);
}

enum psp_status psp_tree_remove(const char *path)
{
    return walk(path, remove_each);
}

enum psp_status psp_tree_empty(const char *path)
{
    return walk(path, remove_below);
}
