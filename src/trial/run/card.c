#include "trial/run/card.h"

#include <errno.h>

#include "base/mem.h"
#include "trial/judge/functional.h"

int cw_run_card(const struct cw_results *results, json_t *run)
{
	CW_SCOPED struct cw_card *card = NULL;
	CW_JSON_SCOPED json_t *all = NULL;
	const json_t *functional;
	int err = cw_card_new(NULL, &card);

	if (err)
		return err;
	for (size_t i = 0; i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(results, i);

		cw_card_add(card, line);
	}
	all = cw_card_json(card);
	if (!all)
		return ENOMEM;
	functional = json_object_get(all, "functional");
	if (cw_json_num(functional, "overall_of", 0) <= 0)
		(void)json_object_del(all, "functional"); /* nothing was measured: reports say what they did before */
	return json_object_update(run, all) ? ENOMEM : 0;
}
