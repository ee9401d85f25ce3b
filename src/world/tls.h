/*
 * tls.h: OpenSSL contexts for the server and client sides of the real world
 *
 * TLS 1.2 and 1.3. Clients check the peer's certificate and name, always.
 * Thread: the lane's. A server's context belongs to its listener (SSL_CTX_free()); clients' belong to the world.
 */
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/why.h"

struct cw_os;
struct cw_tls_cache;

/* Load certificate chain and key; offers h2 (when @h2) and http/1.1 by ALPN. EPROTO with @why, ENOMEM. */
int cw_tls_server(const char *cert_file, const char *key_file, bool h2, SSL_CTX **ret, struct cw_why *why);
/* The world's client context with the system's trust anchors and, if not NULL, those of @ca_file. Kept for the next call.
 * EPROTO (unreadable @ca_file), ENOMEM. */
int cw_tls_client(struct cw_os *os, const char *ca_file, SSL_CTX **ret);
/* Prepare a client connection to @host: server name indication and the name to check. ENOMEM. */
int cw_tls_expect(SSL *ssl, const char *host);
