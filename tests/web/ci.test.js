// The files in deploy/ for CI systems: checked against GitHub's published schemas (action-validator), parsed, and the action's script run.
"use strict";
const assert = require("node:assert/strict");
const { execFileSync, spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { test } = require("node:test");
const yaml = require("js-yaml");

const root = join(__dirname, "..", ".."), deploy = join(root, "deploy"), load = name => yaml.load(readFileSync(join(deploy, name), "utf8"));
const validator = join(__dirname, "node_modules", ".bin", "action-validator");

for (const name of ["github-action/action.yml", "ci/github-pull-request.yml", "ci/github-schedule.yml"]) {
  test(`${name} fits GitHub's schema`, () => {
    const r = spawnSync(validator, [join(deploy, name)], { encoding: "utf8" });
    assert.equal(r.status, 0, r.stdout + r.stderr);
  });
}

test("the validator finds a mistake", () => {
  const dir = mkdtempSync(join(tmpdir(), "cw-ci-"));
  try {
    const text = readFileSync(join(deploy, "github-action/action.yml"), "utf8").replace("using: composite", "using: compost");
    require("node:fs").writeFileSync(join(dir, "action.yml"), text);
    assert.notEqual(spawnSync(validator, [join(dir, "action.yml")]).status, 0);
  } finally { rmSync(dir, { recursive: true }); }
});

test("workflows give only inputs which the action has, and all it needs", () => {
  const action = load("github-action/action.yml");
  for (const name of ["ci/github-pull-request.yml", "ci/github-schedule.yml"]) {
    const steps = Object.values(load(name).jobs).flatMap(j => j.steps).filter(s => String(s.uses).endsWith("github-action"));
    assert.equal(steps.length, 1);
    for (const key of Object.keys(steps[0].with)) assert.ok(key in action.inputs, key);
    for (const [key, input] of Object.entries(action.inputs)) if (input.required) assert.ok(key in steps[0].with, key);
  }
});

test("every input is used, and scripts get inputs through the environment only", () => {
  const text = readFileSync(join(deploy, "github-action/action.yml"), "utf8"), action = load("github-action/action.yml");
  for (const key of Object.keys(action.inputs)) assert.ok(text.includes(`inputs.${key}`), key);
  for (const step of action.runs.steps) assert.ok(!(String(step.run || "") + ((step.with || {}).script || "")).includes("${{"), "an expression inside a script lets a title run commands");
});

test("GitLab: a job with script, JUnit report and artifacts kept on failure", () => {
  const job = load("ci/gitlab-ci.yml")["voice-agent"];
  assert.ok(job.script.every(s => typeof s === "string"));
  assert.equal(job.artifacts.when, "always");
  assert.match(job.artifacts.reports.junit, /^callwright-run\/junit\.xml$/);
});

test("Jenkins: braces pair, the report is read whatever happens", () => {
  const text = readFileSync(join(deploy, "ci/Jenkinsfile"), "utf8").replace(/^\s*\/\/.*$/gm, "").replace(/'[^']*'|"[^"]*"/g, "''");
  let depth = 0;
  for (const c of text) { depth += c === "{" ? 1 : c === "}" ? -1 : 0; assert.ok(depth >= 0); }
  assert.equal(depth, 0);
  assert.match(text, /post\s*{\s*always\s*{\s*junit/);
});

test("shell scripts parse", () => {
  execFileSync("bash", ["-n", join(deploy, "github-action", "run.sh")]);
});

test("the comment is written once and renewed, and a fork's token is no failure", async () => {
  const { comment } = require(join(deploy, "github-action", "comment.js")), dir = mkdtempSync(join(tmpdir(), "cw-ci-")), kept = [], notices = [];
  require("node:fs").writeFileSync(join(dir, "summary.md"), "## first " + "x".repeat(70000));
  const issues = { listComments() {}, async createComment(c) { kept.push({ id: kept.length + 1, body: c.body }); }, async updateComment(c) { kept.find(k => k.id === c.comment_id).body = c.body; } };
  const it = { github: { rest: { issues }, paginate: async () => [{ id: 99, body: "of somebody else" }, ...kept] }, context: { repo: { owner: "o", repo: "r" }, payload: { pull_request: { number: 7 } } }, core: { notice: n => notices.push(n) }, folder: dir };
  try {
    await comment(it);
    assert.equal(kept.length, 1);
    assert.equal(kept[0].body.length, 65536);
    require("node:fs").writeFileSync(join(dir, "summary.md"), "## second");
    await comment(it);
    assert.deepEqual(kept.map(k => k.body), ["<!-- callwright -->\n## second"]);
    issues.updateComment = async () => { throw Object.assign(new Error("no"), { status: 403 }); };
    await comment(it);
    assert.match(notices[0], /fork/);
    issues.updateComment = async () => { throw Object.assign(new Error("no"), { status: 500 }); };
    await assert.rejects(comment(it));
  } finally { rmSync(dir, { recursive: true }); }
});

test("commands in the examples are options callwright has", () => {
  const known = execFileSync(process.env.CW_BINARY, ["test", "--help"], { encoding: "utf8" });
  for (const name of ["ci/github-pull-request.yml", "ci/github-schedule.yml", "ci/gitlab-ci.yml", "ci/Jenkinsfile", "github-action/run.sh"])
    for (const m of readFileSync(join(deploy, name), "utf8").matchAll(/(?:args(?:: |=|\+=)|callwright test |compare=)(.*)/g))
      for (const o of m[1].matchAll(/(?<![\w-])--[a-z][a-z-]+/g)) assert.ok(known.includes(o[0] + " ") || known.includes(o[0] + "\n"), `${name}: ${o[0]}`);
});

test("the action's script tells its exit code, writes the step summary and annotations", () => {
  const dir = mkdtempSync(join(tmpdir(), "cw-ci-")), env = {
    ...process.env, CW_IN_BINARY: process.env.CW_BINARY, CW_IN_SOURCE: "", CW_IN_SCENARIOS: join(__dirname, "mixed.yaml"), CW_IN_TARGET: `agent:${root}/agents/hvac.yaml`,
    CW_IN_ARGS: "--sim -n 2", CW_IN_BASELINE: join(dir, "none.json"), CW_IN_FAIL_ON: "", CW_IN_OUT: join(dir, "run"), GITHUB_OUTPUT: join(dir, "output"), GITHUB_STEP_SUMMARY: join(dir, "summary"), GITHUB_ACTIONS: "true",
  };
  try {
    const r = spawnSync("bash", [join(deploy, "github-action/run.sh")], { env, encoding: "utf8" });
    assert.equal(r.status, 0, r.stderr);
    assert.match(readFileSync(env.GITHUB_OUTPUT, "utf8"), /^exit-code=1$/m);
    assert.match(readFileSync(env.GITHUB_STEP_SUMMARY, "utf8"), /## ❌ Callwright: \d+ passed, \d+ failed/);
    assert.match(r.stdout, /^::error file=.*mixed\.yaml,line=\d+,title=FAIL never-holds::contains: /m);
    assert.match(r.stdout, /::notice::no baseline/);
  } finally { rmSync(dir, { recursive: true }); }
});
