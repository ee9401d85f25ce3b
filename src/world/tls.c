#include "world/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "world/os_int.h"

#define CONTEXTS_MAX 16 /* distinct ca_files of one world */

struct cw_tls_cache {
	size_t n;
	struct {
		char *ca_file; /* NULL: the system's anchors only */
		SSL_CTX *ctx;
	} known[CONTEXTS_MAX];
};

static const unsigned char h2_and_http1[] = "\x02h2\x08http/1.1";
static const unsigned char http1_only[] = "\x08http/1.1";

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
	unsigned in_len, void *arg)
{
	bool h2 = arg != NULL;
	const unsigned char *ours = h2 ? h2_and_http1 : http1_only;
	unsigned len = h2 ? sizeof(h2_and_http1) - 1 : sizeof(http1_only) - 1;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, ours, len, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

static int refused(struct cw_why *why, const char *what, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return cw_why_set(
		why, EPROTO, "%s '%s' cannot be used: %s; expected PEM", what, file, reason ? reason : "unreadable");
}

static int load(SSL_CTX *ctx, const char *cert_file, const char *key_file, struct cw_why *why)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		return refused(why, "certificate", cert_file);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		return refused(why, "private key", key_file);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return refused(why, "private key (it does not belong to the certificate)", key_file);
	return 0;
}

int cw_tls_server(const char *cert_file, const char *key_file, bool h2, SSL_CTX **ret, struct cw_why *why)
{
	SSL_CTX *ctx = new_context(TLS_server_method());
	int err;

	if (!ctx)
		return ENOMEM;
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"callwright", 10);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, h2 ? ctx : NULL);
	err = load(ctx, cert_file, key_file, why);
	if (err) {
		SSL_CTX_free(ctx);
		return err;
	}
	*ret = ctx;
	return 0;
}

static int free_contexts(struct cw_tls_cache *cache)
{
	for (size_t i = 0; i < cache->n; i++)
		SSL_CTX_free(cache->known[i].ctx);
	return 0;
}

/* The system's anchors are looked up by hash in their folder when needed: reading the whole bundle would hold up the lane. */
static int new_client_context(const char *ca_file, SSL_CTX **ret)
{
	SSL_CTX *ctx = new_context(TLS_client_method());

	if (!ctx)
		return ENOMEM;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_dir(ctx);
	if (ca_file && SSL_CTX_load_verify_file(ctx, ca_file) != 1) {
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return EPROTO;
	}
	*ret = ctx;
	return 0;
}

static bool same_file(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void forget_oldest(struct cw_tls_cache *cache)
{
	SSL_CTX_free(cache->known[0].ctx); /* connections hold references of their own */
	talloc_free(cache->known[0].ca_file);
	memmove(&cache->known[0], &cache->known[1], --cache->n * sizeof(cache->known[0]));
}

int cw_tls_client(struct cw_os *os, const char *ca_file, SSL_CTX **ret)
{
	struct cw_tls_cache *cache = os->tls;
	char *name = NULL;
	int err;

	if (!cache) {
		cache = os->tls = talloc_zero(os->husks, struct cw_tls_cache);
		if (!cache)
			return ENOMEM;
		talloc_set_destructor(cache, free_contexts);
	}
	for (size_t i = 0; i < cache->n; i++) {
		if (same_file(cache->known[i].ca_file, ca_file)) {
			*ret = cache->known[i].ctx;
			return 0;
		}
	}
	if (ca_file && !(name = talloc_strdup(cache, ca_file)))
		return ENOMEM;
	if (cache->n == CONTEXTS_MAX)
		forget_oldest(cache);
	err = new_client_context(ca_file, &cache->known[cache->n].ctx);
	if (err) {
		talloc_free(name);
		return err;
	}
	cache->known[cache->n].ca_file = name;
	*ret = cache->known[cache->n++].ctx;
	return 0;
}

int cw_tls_expect(SSL *ssl, const char *host)
{
	unsigned char address[16];
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0 : ENOMEM;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (SSL_set1_host(ssl, host) != 1)
		return ENOMEM;
	/* what SSL_set_tlsext_host_name() does, without its cast that drops const */
	return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) == 1
		       ? 0
		       : ENOMEM;
}
