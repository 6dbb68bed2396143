/*
 * leaf_names - the leaves of a definition by ID, name or code, whatever the case of letters.
 *
 * Messages of others call a place as people do: "Highlands and Islands". Where several leaves
 * have a name, the first has it. Letters are those of ASCII: others must be alike.
 *
 * Ownership: the definition must outlive it.
 * Threads:   after create, any number of readers.
 * Memory:    the names once more, and 36 to 72 bytes for each.
 */
#ifndef PSP_LEAF_NAMES_H
#define PSP_LEAF_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "election/definition/definition.h"

struct psp_leaf_names;

/* PSP_ENOMEM. */
enum psp_status psp_leaf_names_create(const struct psp_definition *definition,
                                      struct psp_leaf_names **ret_names);
void psp_leaf_names_destroy(struct psp_leaf_names **names);

/* The unit; PSP_NONE: no leaf is called so. "" is no name. */
uint32_t psp_leaf_names_find(const struct psp_leaf_names *names, const char *name, size_t bytes);

#endif
