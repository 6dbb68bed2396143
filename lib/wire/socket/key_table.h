/*
 * key_table - which public keys are known, and as whom.
 *
 * Read by the ZAP thread for every connection and by sockets for every sender
 * they have not seen since the last change; replaced as a whole.
 *
 * Ownership: copies the keys.   Memory: two tables while one replaces the other.
 * Threads: any.
 */
#ifndef PSP_KEY_TABLE_H
#define PSP_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/socket/socket.h"

enum { PSP_KEY_BARS_MAX = 256 };

struct psp_key_table;

/* Empty: nobody is known. PSP_ENOMEM. */
enum psp_status psp_key_table_create(struct psp_key_table **ret_table);
void psp_key_table_destroy(struct psp_key_table **table);

/* PSP_EINVAL: not a key, or a key twice; PSP_ENOMEM; unchanged then. */
enum psp_status psp_key_table_set(struct psp_key_table *table, const struct psp_known_key *keys,
                                  size_t n);

/* False when the key is not known. *ret_generation changes with every set. */
bool psp_key_table_find(struct psp_key_table *table, const char *public_z85,
                        struct psp_known_key *ret_key, uint64_t *ret_generation);
/* Admits no new connection of this role and id until then; `silent`: and hears none that
 * stands (at most PSP_KEY_BARS_MAX at once: the one that would end first is forgotten). */
void psp_key_table_bar(struct psp_key_table *table, enum psp_role role, uint32_t id,
                       uint64_t until_ms, bool silent);
bool psp_key_table_barred(struct psp_key_table *table, const struct psp_known_key *key,
                          uint64_t now_ms);
/* Costs next to nothing while nobody is. */
bool psp_key_table_silenced(struct psp_key_table *table, const struct psp_known_key *key,
                            uint64_t now_ms);
uint64_t psp_key_table_generation(struct psp_key_table *table);

#endif
