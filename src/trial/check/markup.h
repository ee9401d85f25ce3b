/*
 * markup.h: is a text HTML or XML, or does it hold some
 *
 * HTML: tags are read one by one; names are those of the HTML standard (and custom elements, with a hyphen). A whole text is HTML when it begins
 * and ends with tags, nothing but blanks stands outside of them, and what was opened is closed (but for elements that need no end tag). XML: expat,
 * without document types. Pure; at most 1 MiB.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/str.h"

/* Nothing but HTML? @why (static text) tells why not. */
bool cw_html_is(struct cw_str text, const char **why);
/* Signs of HTML in a text: tags of known elements, end tags, entities, attributes, comments, DOCTYPE. Two different signs, or two tags, make it HTML. */
bool cw_html_in(struct cw_str text);

/* Nothing but one XML document, which has each of the elements @required (a list of paths "root.child", or NULL)? EINVAL: no, @why says
 * what. ENOMEM. */
int cw_xml_is(struct cw_str text, const json_t *required, struct cw_why *why);
/* Some part of the text is such an XML element. */
int cw_xml_in(struct cw_str text, const json_t *required, struct cw_why *why);
