/*
 * media - what comes with the election definition: candidates' photos, the map.
 *
 * The definition names files beside election.json. They are read once at the
 * start into the page's files, so that a request never reaches the file system:
 *
 *     candidate.photo "photos/ann.jpg"  ->  /api/v1/candidates/ann/photo
 *     map.file        "counties.json"   ->  /api/v1/map
 *
 * A name must stay below the folder: relative, no hidden part, no link that
 * leads out; a photo must be a picture by its ending (SVG is not: it can hold
 * scripts). What cannot be used is passed over; the page then shows initials. A photo
 * that is a data: URL is no file, and passed over without a word.
 *
 * Threads: at the start only.
 */
#ifndef PSP_MEDIA_H
#define PSP_MEDIA_H

#include "collector/page/page.h"
#include "election/definition/definition.h"

enum { PSP_MEDIA_PHOTO_BYTES_MAX = 2 << 20 };

/* Calls `report` (may be NULL) with each name that was passed over, and why. */
typedef void psp_media_report(const char *name, const char *why);

/* PSP_ENOMEM; PSP_EINVAL: more than a page holds. */
enum psp_status psp_media_load(struct psp_page *page, const struct psp_definition *definition,
                               const char *directory, psp_media_report *report);

/* Whether a name of the definition may be looked for at all. */
bool psp_media_name_allowed(const char *name);

#endif
