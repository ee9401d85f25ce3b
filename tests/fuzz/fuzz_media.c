#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "line/twilio_msg.h"

#define SID "MZ00000000000000000000000000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the scanner takes must be JSON to the parser as well, with the same payload; what it writes it must read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_twilio_media m;
	CW_JSON_SCOPED json_t *msg = NULL;
	enum cw_twilio_order order;
	struct cw_why why = {0};
	int scanned = cw_twilio_media_scan((const char *)data, size, &m);
	int parsed = cw_json_parse((const char *)data, size, &msg, NULL);

	if (scanned == 0) {
		CW_SCOPED uint8_t *ulaw = talloc_size(NULL, m.payload.len / 4 * 3 + 1);
		size_t n = 0;

		CW_ASSERT(ulaw);
		if (cw_base64_decode(m.payload, ulaw, &n) == 0) {
			CW_ASSERT(n <= m.payload.len / 4 * 3);
			if (!parsed)
				CW_ASSERT(cw_str_eq(
					m.payload, cw_json_str(json_object_get(msg, "media"), "payload", "?")));
		}
	}
	if (!parsed)
		(void)cw_twilio_order_check(
			msg, SID, &order, &why); /* any verdict will do: it must only not fall over */
	return 0;
}
