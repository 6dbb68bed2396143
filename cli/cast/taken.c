/* All under the folder's lock: look at the other records, at the board, store the own one. */
#include "cli/cast/taken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/system/lock.h"
#include "cli/folder/local.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"
#include "cli/show/counted_units.h"

enum {
    LOCK_TRIES = 100,
    LOCK_PAUSE_MS = 50,
    BOARD_MS = 10000,
    SETTLE_MS = 500, /* ballots of a cast that was just ended may be on their way */
    NAMED_MAX = 3,   /* units that a message names */
};

struct deciding {
    const struct psp_taken *taken;
    const char *folder;
    const struct psp_definition *definition;
    struct psp_cast_record *others; /* [n], without the own one */
    size_t n;
    bool *wanted; /* leaves that get ballots and are not of the own record yet */
    bool *counted;
    struct psp_reason *reason;
};

static bool shares(const struct deciding *deciding, const struct psp_cast_record *other)
{
    for (uint32_t leaf = 0; leaf < deciding->definition->leaf_count; leaf++)
        if (deciding->wanted[leaf] && other->leaves[leaf])
            return true;
    return false;
}

static bool is_under_way(const struct deciding *deciding, const struct psp_cast_record *other)
{
    int lock = PSP_LOCK_NONE;
    char *path = psp_memory_print("%s/%s", deciding->folder, other->name);
    const enum psp_status status = psp_lock_file(path, &lock);
    psp_lock_release(&lock);
    free(path);
    return status == PSP_EBUSY;
}

static enum psp_status refuse_running(const struct deciding *deciding,
                                      const struct psp_cast_record *other)
{
    char *told = psp_cast_record_told(other, deciding->folder);
    psp_reason_set(deciding->reason,
                   "another cast of other returns into these units is under way (%s); no ballot "
                   "was sent. Wait until it is done; --again casts these on top",
                   told);
    free(told);
    return PSP_EEXIST;
}

static enum psp_status refuse_counted(const struct deciding *deciding,
                                      const struct psp_cast_record *other)
{
    const struct psp_definition *definition = deciding->definition;
    uint32_t n = 0;
    char names[NAMED_MAX * (PSP_ID_BYTES_MAX + 2) + sizeof ", ..."] = "";
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        if (!deciding->wanted[leaf] || !other->leaves[leaf] || !deciding->counted[leaf])
            continue;
        const size_t used = strlen(names);
        if (n < NAMED_MAX)
            snprintf(names + used, sizeof names - used, "%s%s", n > 0 ? ", " : "",
                     definition->units[definition->leaves[leaf]].id);
        n++;
    }
    char *told = psp_cast_record_told(other, deciding->folder);
    char count[PSP_COUNT_TEXT_BYTES];
    psp_reason_set(
        deciding->reason,
        "%s unit%s of these returns hold%s ballots of another cast (%s%s): %s. No ballot was sent: "
        "they would count on top. To go on with a cast, give the same files, options, --seed and "
        "--roll. Corrected or later returns need a cluster of their own: import them (--like "
        "import.json). --again casts these on top",
        psp_count_text(n, count), n == 1 ? "" : "s", n == 1 ? "s" : "", names,
        n > NAMED_MAX ? ", ..." : "", told);
    free(told);
    return PSP_EEXIST;
}

static const struct psp_cast_record *first_counted(const struct deciding *deciding)
{
    for (size_t i = 0; i < deciding->n; i++)
        for (uint32_t leaf = 0; leaf < deciding->definition->leaf_count; leaf++)
            if (deciding->wanted[leaf] && deciding->others[i].leaves[leaf] &&
                deciding->counted[leaf])
                return &deciding->others[i];
    return NULL;
}

static enum psp_status look_at_board(struct deciding *deciding)
{
    struct psp_reason why = {0};
    const struct psp_cast_record *other = NULL;
    for (int i = 0; i < 2 && other == NULL; i++) {
        if (i > 0)
            usleep(SETTLE_MS * 1000);
        const enum psp_status status =
            psp_counted_units(deciding->taken->target->cluster, deciding->definition, BOARD_MS,
                              deciding->counted, &why);
        if (status != PSP_OK) {
            psp_reason_set(deciding->reason,
                           "another cast was begun in these units, and no collector says whether "
                           "they hold ballots: %s. No ballot was sent; cast again when it answers, "
                           "or with --again whatever is there",
                           why.text);
            return status;
        }
        other = first_counted(deciding);
    }
    return other != NULL ? refuse_counted(deciding, other) : PSP_OK;
}

/* Nothing is counted there: the newer cast's from here on. */
static enum psp_status take_over(struct deciding *deciding)
{
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < deciding->n && status == PSP_OK; i++) {
        struct psp_cast_record *other = &deciding->others[i];
        if (!shares(deciding, other))
            continue;
        for (uint32_t leaf = 0; leaf < deciding->definition->leaf_count; leaf++)
            other->leaves[leaf] &= !deciding->wanted[leaf];
        status =
            psp_cast_record_store(other, deciding->folder, deciding->definition, deciding->reason);
    }
    return status;
}

static enum psp_status decide(struct deciding *deciding)
{
    bool any = false;
    for (size_t i = 0; i < deciding->n; i++) {
        if (!shares(deciding, &deciding->others[i]))
            continue;
        any = true;
        if (is_under_way(deciding, &deciding->others[i]))
            return refuse_running(deciding, &deciding->others[i]);
    }
    const enum psp_status status = any ? look_at_board(deciding) : PSP_OK;
    return status == PSP_OK && any ? take_over(deciding) : status;
}

/* The others' records, and which units are the own one's already. */
static enum psp_status load(struct deciding *deciding)
{
    char **names = NULL;
    size_t n = 0;
    const struct psp_cast_record *own = deciding->taken->own;
    enum psp_status status = psp_cast_record_list(deciding->folder, &names, &n, deciding->reason);
    if (status != PSP_OK)
        return status;
    deciding->others = psp_memory_array(n + 1, sizeof *deciding->others);
    for (size_t i = 0; i < n; i++) {
        struct psp_cast_record record = {0};
        if (status == PSP_OK)
            status = psp_cast_record_load(deciding->folder, names[i], deciding->definition, &record,
                                          deciding->reason);
        if (status == PSP_OK && strcmp(names[i], own->name) != 0) {
            deciding->others[deciding->n++] = record;
        } else if (status == PSP_OK) {
            for (uint32_t leaf = 0; leaf < deciding->definition->leaf_count; leaf++)
                deciding->wanted[leaf] &= !record.leaves[leaf];
            psp_cast_record_free(&record);
        }
        free(names[i]);
    }
    free(names);
    return status;
}

static enum psp_status store_own(struct deciding *deciding, int *ret_lock)
{
    char *path = psp_memory_print("%s/%s", deciding->folder, deciding->taken->own->name);
    bool any = false;
    for (uint32_t leaf = 0; leaf < deciding->definition->leaf_count; leaf++)
        any |= deciding->wanted[leaf];
    enum psp_status status = PSP_OK;
    if (any)
        status = psp_cast_record_store(deciding->taken->own, deciding->folder, deciding->definition,
                                       deciding->reason);
    if (status == PSP_OK)
        psp_lock_file(path, ret_lock); /* whoever casts the same at once has it */
    free(path);
    return status;
}

static enum psp_status lock_folder(const char *folder, int *ret_lock)
{
    enum psp_status status = psp_file_make_folder(folder, 0700);
    for (int i = 0; status == PSP_OK; i++) {
        status = psp_lock_folder(folder, ret_lock);
        if (status != PSP_EBUSY || i == LOCK_TRIES)
            break;
        usleep(LOCK_PAUSE_MS * 1000);
        status = PSP_OK;
    }
    return status;
}

/* What a person can do about it; what is there already says why. */
static enum psp_status say_unwritable(enum psp_status status, struct psp_reason *reterr_reason)
{
    if (status == PSP_OK || status == PSP_EEXIST || status == PSP_EUNREACHABLE ||
        status == PSP_ETIMEDOUT || status == PSP_EBUSY)
        return status;
    const struct psp_reason why = *reterr_reason;
    if (status == PSP_EINVAL || status == PSP_EVERSION)
        psp_reason_set(
            reterr_reason,
            "%s. No ballot was sent: that file says what was cast here. Put it back from a "
            "copy, or move it away, and nobody knows what it was",
            why.text);
    else
        psp_reason_set(
            reterr_reason,
            "%s. No ballot was sent: what is cast from returns is recorded there first, so "
            "that other returns do not count on top; make room, or let this user write there",
            why.text);
    return status;
}

enum psp_status psp_taken_begin(const struct psp_taken *taken, int *ret_lock,
                                struct psp_reason *reterr_reason)
{
    const struct psp_definition *definition = taken->target->definition;
    struct deciding deciding = {.taken = taken,
                                .folder = taken->target->casts_path,
                                .definition = definition,
                                .reason = reterr_reason};
    int folder = PSP_LOCK_NONE;
    enum psp_status status = lock_folder(deciding.folder, &folder);
    if (status == PSP_EBUSY)
        psp_reason_set(reterr_reason, "%s: another cast of returns begins; call this again",
                       deciding.folder);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, deciding.folder, status);
    deciding.wanted = psp_memory_array(definition->leaf_count, sizeof *deciding.wanted);
    deciding.counted = psp_memory_array(definition->leaf_count, sizeof *deciding.counted);
    memcpy(deciding.wanted, taken->own->leaves, definition->leaf_count * sizeof *deciding.wanted);
    if (status == PSP_OK)
        status = load(&deciding);
    if (status == PSP_OK && !taken->again)
        status = decide(&deciding);
    if (status == PSP_OK)
        status = store_own(&deciding, ret_lock);
    status = say_unwritable(status, reterr_reason);
    for (size_t i = 0; i < deciding.n; i++)
        psp_cast_record_free(&deciding.others[i]);
    free(deciding.others);
    free(deciding.wanted);
    free(deciding.counted);
    psp_lock_release(&folder);
    return status;
}
