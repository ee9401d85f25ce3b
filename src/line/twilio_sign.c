#include "line/twilio.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/buf.h"
#include "line/twilio_msg.h"
#include "world/url.h"

#define URL_MAX    8192u
#define FIELDS_MAX 512u /* what cw_form_parse() lets through */
#define SHA1_LEN   20u
#define SIGN_LEN   28u

/* ---- HMAC-SHA1 ---- */

/* Sorted by name, then value: then a repeated pair stands beside its twin and is left out, as the SDK does. */
static int compare_fields(const void *a, const void *b)
{
	const struct cw_form_field *const *x = a, *const *y = b;
	int by_name = strcmp((*x)->name, (*y)->name);

	return by_name ? by_name : strcmp((*x)->value, (*y)->value);
}

static bool mac_text(EVP_MAC_CTX *mac, const char *text)
{
	return EVP_MAC_update(mac, (const uint8_t *)text, strlen(text)) == 1;
}

static bool mac_fields(EVP_MAC_CTX *mac, const struct cw_form *form)
{
	const struct cw_form_field *sorted[FIELDS_MAX];

	if (form->n > FIELDS_MAX)
		return false;
	for (size_t i = 0; i < form->n; i++)
		sorted[i] = &form->fields[i];
	qsort(sorted, form->n, sizeof(sorted[0]), compare_fields);
	for (size_t i = 0; i < form->n; i++) {
		bool again = i && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0;

		if (again && !strcmp(sorted[i - 1]->value, sorted[i]->value))
			continue;
		if (!mac_text(mac, sorted[i]->name) || !mac_text(mac, sorted[i]->value))
			return false;
	}
	return true;
}

static bool hmac(const char *token, const char *url, const struct cw_form *form, uint8_t out[SHA1_LEN])
{
	char digest[] = "SHA1";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *type = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = type ? EVP_MAC_CTX_new(type) : NULL;
	size_t len = 0;
	bool ok = mac && EVP_MAC_init(mac, (const uint8_t *)token, strlen(token), params) == 1 && mac_text(mac, url) &&
		  (!form || mac_fields(mac, form)) && EVP_MAC_final(mac, out, &len, SHA1_LEN) == 1 && len == SHA1_LEN;

	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(type);
	return ok;
}

void cw_twilio_sign(const char *token, const char *url, const struct cw_form *form, char out[29])
{
	uint8_t digest[SHA1_LEN];

	out[0] = '\0'; /* no memory: matches nothing */
	if (!hmac(token, url, form, digest))
		return;
	out[cw_base64_encode(digest, sizeof(digest), out)] = '\0';
}

/* ---- forms of a URL ---- */

struct parts {
	struct cw_str scheme, host, port, rest; /* "https://", "h", ":8443" or "", "/path?query" */
};

/* User and password are never signed: they fall out here. false: not a URL with an authority. */
static bool split_url(const char *url, struct parts *p)
{
	const char *slashes = strstr(url, "://");

	if (!slashes)
		return false;
	p->scheme = (struct cw_str){url, (size_t)(slashes + 3 - url)};

	const char *from = slashes + 3, *end = from + strcspn(from, "/?#");
	const char *at = memrchr(from, '@', (size_t)(end - from));

	if (at)
		from = at + 1;

	const char *bracket = memrchr(from, ']', (size_t)(end - from));
	const char *after = bracket ? bracket : from;
	const char *colon = memchr(after, ':', (size_t)(end - after));

	if (!colon)
		colon = end;
	p->host = (struct cw_str){from, (size_t)(colon - from)};
	p->port = (struct cw_str){colon, (size_t)(end - colon)};
	p->rest = cw_str(end);
	return true;
}

static bool scheme_is(const struct parts *p, const char *scheme)
{
	return cw_str_eq_fold(p->scheme, scheme);
}

static bool join_url(char out[URL_MAX], const struct parts *p, struct cw_str port, const char *tail)
{
	int n = snprintf(out, URL_MAX, "%.*s%.*s%.*s%.*s%s", CW_STR(p->scheme), CW_STR(p->host), CW_STR(port),
		CW_STR(p->rest), tail);

	return n > 0 && (size_t)n < URL_MAX;
}

bool cw_twilio_url_to_sign(const char *url, char *out, size_t size)
{
	struct parts p;
	char joined[URL_MAX];

	if (!split_url(url, &p))
		return false;
	if (!join_url(joined, &p, scheme_is(&p, "https://") || scheme_is(&p, "wss://") ? CW_STR_LIT("") : p.port, ""))
		return false;

	size_t len = strlen(joined);

	if (len >= size)
		return false;
	memcpy(out, joined, len + 1);
	return true;
}

/* ---- checking ---- */

static bool same(const char *token, const char *url, const struct cw_form *form, const char *signature)
{
	char expected[SIGN_LEN + 1];

	cw_twilio_sign(token, url, form, expected);
	return strlen(expected) == SIGN_LEN && strlen(signature) == SIGN_LEN &&
	       CRYPTO_memcmp(expected, signature, SIGN_LEN) == 0;
}

/* As the SDK: without the port, and with it (the one given, or the scheme's as the SDK understands it). */
static bool same_with_ports(
	const char *token, const struct parts *p, const char *tail, const struct cw_form *form, const char *signature)
{
	char url[URL_MAX];
	struct cw_str port = p->port;

	if (!port.len)
		port = scheme_is(p, "https://") ? CW_STR_LIT(":443") : CW_STR_LIT(":80");
	if (join_url(url, p, CW_STR_LIT(""), tail) && same(token, url, form, signature))
		return true;
	if (join_url(url, p, port, tail) && same(token, url, form, signature))
		return true;
	return scheme_is(p, "wss://") && !p->port.len && join_url(url, p, CW_STR_LIT(":443"), tail) &&
	       same(token, url, form, signature);
}

bool cw_twilio_signature_ok(const char *token, const char *url, const struct cw_form *form, const char *signature)
{
	struct parts p;

	if (!signature || !split_url(url, &p))
		return false;
	if (same(token, url, form, signature) || same_with_ports(token, &p, "", form, signature))
		return true;
	if (!scheme_is(&p, "wss://") && !scheme_is(&p, "ws://"))
		return false;
	if (p.rest.len && p.rest.p[p.rest.len - 1] == '/') {
		p.rest.len--;
		return same_with_ports(token, &p, "", form, signature);
	}
	return same_with_ports(token, &p, "/", form, signature);
}

bool cw_twilio_body_signature_ok(const char *token, const char *url, struct cw_str body, const char *signature)
{
	const char *hash = strstr(url, "bodySHA256=");
	uint8_t digest[32];
	char hex[2 * sizeof(digest) + 1];

	if (!hash || EVP_Digest(body.p, body.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	hash += strlen("bodySHA256=");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	if (strcspn(hash, "&#") != strlen(hex) || CRYPTO_memcmp(hash, hex, strlen(hex)) != 0)
		return false;
	return cw_twilio_signature_ok(token, url, NULL, signature);
}
