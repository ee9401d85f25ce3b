/*
 * twiml.h: a TwiML document as a tree of verbs (expat)
 *
 * Names are case-sensitive, as Twilio's. What Twilio only warns about (verb or attribute unknown to its schema, a verb nested where it
 * may not stand, a value outside its range) is dropped from the tree and kept as a warning; what it refuses is an error.
 * No I/O, no network. A DTD is refused: there is nothing to expand.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/why.h"

#define CW_TWIML_MAX          (64u * 1024) /* bytes of a document: Twilio takes as much */
#define CW_TWIML_DEPTH_MAX    8u
#define CW_TWIML_NODES_MAX    1000u
#define CW_TWIML_WARNINGS_MAX 32u

struct cw_twiml_attr {
	const char *name, *value;
};

struct cw_twiml_node {
	const char *name; /* "Say", "Gather", "Parameter" … */
	unsigned line;
	struct cw_twiml_attr *attrs;
	unsigned n_attrs;
	const char *text;            /* of the element and, for SSML, of what it holds: single blanks, trimmed; "" */
	struct cw_twiml_node *first; /* children, in order */
	struct cw_twiml_node *next;
};

struct cw_twiml_warning {
	unsigned code; /* 12200: schema validation */
	unsigned line;
	const char *text;
};

struct cw_twiml {
	struct cw_twiml_node *first; /* the verbs */
	struct cw_twiml_warning warnings[CW_TWIML_WARNINGS_MAX];
	unsigned n_warnings;
};

/* Everything hangs from *@ret. EBADMSG (not XML: Twilio's 12100; root is not Response: 12102; *@code says which), EMSGSIZE, ENOMEM. */
int cw_twiml_parse(
	void *parent, const char *text, size_t len, struct cw_twiml **ret, unsigned *code, struct cw_why *why);

const char *cw_twiml_attr(const struct cw_twiml_node *n, const char *name, const char *dflt);
bool cw_twiml_attr_bool(const struct cw_twiml_node *n, const char *name, bool dflt);
/* The checker has seen to it that numbers are numbers. */
unsigned cw_twiml_attr_uint(const struct cw_twiml_node *n, const char *name, unsigned dflt);
/* Names of the top-level verbs, "Say Gather Redirect", for traces. */
void cw_twiml_dump(struct cw_buf *b, const struct cw_twiml *t);
