/*
 * page - the files of the page on a site, told that they stand among static files.
 *
 * index.html comes last, and with <meta name="psephos-source" content="static">: the page
 * then reads latest.json beside it instead of a collector. Scripts of an earlier release
 * stay, for the pages that are open.
 *
 * Threads: one owner.
 */
#ifndef PSP_PUBLISH_PAGE_H
#define PSP_PUBLISH_PAGE_H

#include "cli/publish/site.h"

/* The page of this installation (page/ or share/psephos/page beside the program's folder);
 * NULL: there is none. The caller frees. */
char *psp_publish_page_find(void);

/* PSP_ENOENT: no page in that folder. */
enum psp_status psp_publish_page(struct psp_site *site, const char *folder,
                                 struct psp_reason *reterr_reason);

#endif
