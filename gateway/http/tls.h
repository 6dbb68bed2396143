/*
 * tls - the certificate that connections get, as its files are now.
 *
 * Both files are looked at once a second at most, at a handshake: a renewed certificate
 * holds for the next connection, without a restart. A pair that cannot be read, or does
 * not fit, leaves the one before, with a warning.
 *
 * Ownership: owns what it read; handshakes under way may still use the pair before.
 * Threads:   any.
 * Memory:    16 pairs.
 */
#ifndef PSP_GATEWAY_TLS_H
#define PSP_GATEWAY_TLS_H

#include "base/reason.h"

struct psp_gateway_tls;

/* PEM files: the certificate with its chain, and its key. PSP_EINVAL with the reason;
 * PSP_ENOMEM. */
enum psp_status psp_gateway_tls_create(const char *certificate_path, const char *key_path,
                                       struct psp_gateway_tls **ret_tls,
                                       struct psp_reason *reterr_reason);
void psp_gateway_tls_destroy(struct psp_gateway_tls **tls);

/* One a process: the one that libmicrohttpd's handshakes ask, which hand us nothing of ours.
 * NULL: none. */
void psp_gateway_tls_serve(struct psp_gateway_tls *tls);
/* A gnutls_certificate_retrieve_function2. */
void *psp_gateway_tls_callback(void);

#endif
