/*
 * scan - a segment's file, read as a whole: what stands where, and how it ends.
 *
 * Ownership: the segment is the caller's.   Threads: one at a time.
 * Memory:    the whole file, while it is read.
 */
#ifndef PSP_JOURNAL_SCAN_H
#define PSP_JOURNAL_SCAN_H

#include "journal/segment.h"

/* What follows the last good record of a segment. */
enum psp_segment_end {
    PSP_SEGMENT_CLEAN,   /* nothing */
    PSP_SEGMENT_TORN,    /* the remains of a write that was never acknowledged */
    PSP_SEGMENT_DAMAGED, /* a bad record that had been durable, and is no gap */
};

/* How a file is read. */
struct psp_segment_reading {
    const struct psp_segment_owner *owner;
    uint64_t
        next_first; /* of the segment behind it, which shows what must be there; 0: the newest */
    bool gaps;      /* what is damaged is left out and noted; false: it ends there */
};

/* Reads the file and fills the segment up to the last good record; what it held is
 * freed. With gaps, sectors that the disk cannot read are damage like any other.
 * PSP_ECORRUPT etc. of the header, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_segment_scan(struct psp_segment *segment, const struct psp_disk *disk, int file,
                                 const struct psp_segment_reading *reading,
                                 enum psp_segment_end *ret_end);

#endif
