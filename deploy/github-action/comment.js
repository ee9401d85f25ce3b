// Writes a run's summary.md as a comment on the pull request, or renews the one written before, found by its hidden mark. A fork's token may
// only read: that is told and is no failure.
"use strict";
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const MARK = "<!-- callwright -->", LIMIT = 65536; // characters GitHub takes

async function comment({ github, context, core, folder }) {
  const file = join(folder, "summary.md"), number = context.payload.pull_request && context.payload.pull_request.number;
  if (!number || !existsSync(file)) {
    core.notice(`no pull request, or no ${file}: nothing to comment`);
    return;
  }
  const body = `${MARK}\n${readFileSync(file, "utf8")}`.slice(0, LIMIT);
  try {
    const all = await github.paginate(github.rest.issues.listComments, { ...context.repo, issue_number: number, per_page: 100 });
    const old = all.find(c => c.body && c.body.startsWith(MARK));
    if (old) await github.rest.issues.updateComment({ ...context.repo, comment_id: old.id, body });
    else await github.rest.issues.createComment({ ...context.repo, issue_number: number, body });
  } catch (e) {
    if (e.status !== 403 && e.status !== 404) throw e;
    core.notice(`the comment could not be written (${e.status}): a fork's token may only read`);
  }
}

module.exports = { comment };
