/* Words of any agent looked at for HTML, XML and JSON: an answer or a reason, whatever they are. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "trial/check/json_schema.h"
#include "trial/check/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cw_str text = {(const char *)data, size < 4096 ? size : 4096};
	struct cw_why why = {0};
	const char *reason = NULL;
	json_t *schema;

	CW_ASSERT(cw_html_is(text, &reason) || reason);
	(void)cw_html_in(text); /* yes or no */
	CW_ASSERT(!cw_xml_is(text, NULL, &why) || why.text[0]);
	(void)cw_xml_in(text, NULL, NULL); /* yes or no */
	schema = json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL);
	if (schema && !cw_json_schema_check(schema, NULL)) {
		int err = cw_json_schema_fits(schema, schema, NULL);

		CW_ASSERT(err != EDOM || json_object_size(schema));
	}
	json_decref(schema);
	return 0;
}
