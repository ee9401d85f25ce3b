/* report.html: the page with its style and script from page/, and the run's data inside. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/embedded.h"
#include "trial/report/report.h"
#include "trial/report/report_data.h"
#include "trial/report/report_embedded.h"

#define PAGE_MAX (512u << 20)

static struct cw_str template_file(const char *name)
{
	for (const struct cw_embedded *e = cw_report_files; e->name; e++)
		if (!strcmp(e->name, name))
			return (struct cw_str){e->bytes, e->len};
	return (struct cw_str){"", 0};
}

static int put_page(struct cw_buf *page, const struct cw_report *r)
{
	struct cw_str rest = template_file("report.html"), part;
	int err = 0;

	while (!err && cw_str_split(&rest, '@', &part)) {
		struct cw_str inside = {"", 0};

		if (cw_str_eq(part, "CSS"))
			inside = template_file("report.css");
		else if (cw_str_eq(part, "LOOK"))
			inside = template_file("look.js");
		else if (cw_str_eq(part, "CALL"))
			inside = template_file("call.js");
		else if (cw_str_eq(part, "JS"))
			inside = template_file("report.js");
		else if (cw_str_eq(part, "DATA"))
			err = cw_report_data(page, r);
		else
			inside = part;
		cw_buf_put(page, inside.p, inside.len);
	}
	return err;
}

int cw_report_html(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf page = CW_BUF(PAGE_MAX);
	int err = put_page(&page, r);

	if (!err)
		err = cw_buf_err(&page);
	if (err)
		return cw_why_set(why, err, "the report '%s' cannot be made: %s", path, strerror(err));
	return cw_file_replace(path, cw_buf_str(&page), why);
}
