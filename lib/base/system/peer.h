/*
 * peer - what the kernel knows of who is at the other end of a TCP connection.
 *
 * Threads: any.
 */
#ifndef PSP_PEER_H
#define PSP_PEER_H

#include <stdbool.h>

/* Whether the other side has said that it sends no more (or is gone altogether) and all that
 * it sent was read. It may still take what it is sent. False for what is no TCP socket. */
bool psp_peer_ended(int fd);

#endif
