/*
 * tree - a folder with everything in it goes.
 *
 * Symbolic links go themselves, what they lead to stays.
 *
 * Threads: any.
 */
#ifndef PSP_TREE_H
#define PSP_TREE_H

#include "base/status.h"

/* PSP_OK also when it is not there; else errno says more. */
enum psp_status psp_tree_remove(const char *path);
/* The same of what is in it. */
enum psp_status psp_tree_empty(const char *path);

#endif
