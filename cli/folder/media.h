/*
 * media - the map and the photos that come with an election definition,
 * copied into a cluster's folder.
 *
 * The collector looks for them beside its election.json. A file that is missing
 * or has a name that leaves the folder is passed over: an election does not
 * depend on a picture.
 *
 * Threads: any.
 */
#ifndef PSP_LOCAL_MEDIA_H
#define PSP_LOCAL_MEDIA_H

#include "election/definition/definition.h"

/* `election_path`: the definition's file; the files stand beside it. Returns how
 * many of those named were not copied. */
unsigned psp_local_copy_media(const struct psp_definition *definition, const char *election_path,
                              const char *directory);

#endif
