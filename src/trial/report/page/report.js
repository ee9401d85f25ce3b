"use strict";
// Builds the report from the data embedded in the page.
const data = JSON.parse(document.getElementById("data").textContent), head = data.head, conf = data.run.configuration || {};
const VERDICTS = ["PASS", "FAIL", "INVALID", "ERROR"], ROW = 52;
const cells = data.cells.map(([file, test, language, voice, line, verdict, pass, fail, invalid, error, unsure, target]) => { const channel = target ? `${line} · ${target}` : line; return { file, test, language, voice, channel, verdict, pass, fail, invalid, error, unsure, slice: `${language} · ${voice} · ${channel}` }; });
const rows = data.rows.map(([cell, repeat, v, s, slowest, reason, unsure, folder], i) => ({ i, cell, repeat, verdict: VERDICTS[v], seconds: s, slowest, reason, unsure: !!unsure, folder, test: cells[cell].test, slice: cells[cell].slice, flaky: cells[cell].verdict === "FLAKY" }));
const sections = [], KINDS = ["regressed", "worse", "fixed"], SHORT = { baseline: "Baseline", slices: "Slices", latency: "Latency", ears: "Word errors", targets: "Targets", sound: "Sound", judge: "Judge", compare: "A/B" };

function section(id, title, width, ...children) {
  const s = el("section", { id, class: width, "aria-labelledby": id + "-title" }, el("h2", { id: id + "-title" }, title), ...children);
  document.querySelector("main").append(s);
  sections.push([id, title]);
  return s;
}

function showHead() {
  const worse = data.diff && data.diff.regression, bad = head.count.FAIL + head.count.ERROR > 0 || worse || head.gates.some(g => g.status === "fail");
  const [verdict, word] = bad ? ["FAIL", worse && !head.count.FAIL ? "Regressed" : "Failed"] : head.count.INVALID || head.flaky || head.partial ? ["DOUBT", head.partial ? "Incomplete" : "Doubtful"] : ["PASS", "Passed"];
  document.title = `${word}: ${conf.target || conf.first_target || "Callwright report"}`;
  const tile = (cls, value, name) => el("li", {}, el("b", { class: cls }, value), name);
  document.querySelector("header").append(
    el("h1", {}, pill(verdict, word, true), el("span", { class: "target" }, conf.target || conf.first_target || "targets of the files")),
    el("p", { class: "lead" }, head.advice),
    el("p", { class: "soft small" }, `run ${data.run.id}${data.run.created ? ` · ${data.run.created}` : ""} · callwright ${data.run.version} · seed ${conf.seed}${conf.sim ? " · simulated, in virtual time" : " · in real time"}${data.run.host ? ` · ${data.run.host.system} ${data.run.host.machine}` : ""}`),
    el("ul", { class: "tiles" },
      VERDICTS.map(v => head.count[v] || v === "PASS" || v === "FAIL" ? tile(head.count[v] ? "t-" + v : "", head.count[v].toLocaleString("en"), { PASS: "passed", FAIL: "failed", INVALID: "invalid", ERROR: "errors" }[v]) : null),
      head.flaky ? tile("t-FLAKY", String(head.flaky), "flaky tests") : null, head.unsure ? tile("t-FLAKY", String(head.unsure), "unsure, for review") : null,
      tile("", head.count.PASS + head.count.FAIL ? percent(head.count.PASS / (head.count.PASS + head.count.FAIL), 1) : "–", `pass rate; 95 %: ${percent(head.pass[0])} – ${percent(head.pass[1])}`),
      tile("", head.response_ms.n ? ms(head.response_ms.p50) : "–", `median answer (n = ${head.response_ms.n.toLocaleString("en")})`),
      tile("", head.response_ms.n ? ms(head.response_ms.p95) : "–", "p95 answer"),
      tile("", head.call_s >= 5400 ? (head.call_s / 3600).toFixed(1) + " h" : Math.round(head.call_s / 60) + " min", "of conversation"),
      data.run.tokens ? tile("", (data.run.tokens.prompt + data.run.tokens.completion).toLocaleString("en"), "tokens") : null,
      known(head.cost_usd) ? tile("", "$" + head.cost_usd.toFixed(2), "cost") : null));
}

function showGates() {
  if (!head.gates.length) return;
  const state = g => el("td", {}, pill(g.status === "pass" ? "PASS" : g.status === "fail" ? "FAIL" : "DOUBT", g.status));
  section("gates", "Gates", "", table("Gates", ["gate", "of", "limit", "value", "status", ""], head.gates.map(g => [g.gate, g.file || "command line", String(g.limit), known(g.value) ? String(+g.value.toFixed(4)) : "not estimable", state(g), g.reason]), [2, 3]));
}

function showDiff() {
  const d = data.diff;
  if (!d) return;
  const rate = r => `${r[0]}/${r[1]}`, p95 = d.p95_response_ms, shown = d.rows.filter(r => r.kind !== "new" && r.kind !== "gone").sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  section("baseline", "Against the baseline", "",
    el("p", {}, pill(d.regression ? "FAIL" : "PASS", d.regression ? "regression" : "no regression"), ` ${d.regressed} regressed, ${d.worse} worse within chance, ${d.fixed} fixed, ${d.new} new, ${d.gone} gone; baseline ${d.baseline}`),
    d.warnings.map(w => el("p", { class: "reason INVALID small" }, w)),
    d.pairs.n ? el("p", { class: "small" }, `The same calls: ${d.pairs.worse} of ${d.pairs.n} fail now that passed, ${d.pairs.better} the other way (McNemar, exact: p = ${d.pairs.p.toPrecision(2)}).`) : null,
    el("p", { class: "small" }, known(p95.delta) ? `p95 of answers: ${ms(p95.before)} → ${ms(p95.now)}, difference ${p95.delta > 0 ? "+" : ""}${Math.round(p95.delta)} ms (95 %: ${Math.round(p95.lo)} … ${Math.round(p95.hi)} ms; ${p95.note}).` : `p95 of answers: ${p95.note}.`),
    shown.length ? tall("Tests that changed", table("Tests that changed", ["", "test", "slice", "before", "now", "p"], shown.slice(0, 200).map(r => [el("td", {}, pill({ regressed: "FAIL", worse: "DOUBT", fixed: "PASS" }[r.kind], r.kind)), r.test, r.slice, rate(r.before), rate(r.now), known(r.p) ? r.p.toPrecision(2) + (r.few ? " (few)" : "") : "–"]), [3, 4, 5])) : null);
}

// Pass rate per slice: voice and language down, channel across.
function showMap() {
  const channels = [...new Set(cells.map(c => c.channel))], voices = [...new Set(cells.map(c => `${c.language} · ${c.voice}`))];
  const at = (v, c) => cells.filter(x => `${x.language} · ${x.voice}` === v && x.channel === c);
  const cell = (v, c) => {
    const of = at(v, c), k = of.reduce((s, x) => s + x.pass, 0), n = of.reduce((s, x) => s + x.pass + x.fail, 0), odd = of.reduce((s, x) => s + x.invalid + x.error, 0), [lo, hi] = wilson(k, n);
    if (!of.length) return el("td", { class: "heat soft" }, "–");
    return el("td", { class: "heat" }, el("button", { type: "button", style: n ? heat(k / n) : "", title: `${v}, ${c}: show these calls`, onclick: () => filterBy({ slice: `${v} · ${c}` }) },
      n ? percent(k / n) : "–", el("small", {}, n ? `${k}/${n} · ${percent(lo)}–${percent(hi)}` : ""), odd ? el("small", {}, count(odd, "invalid or error", "invalid or errors")) : null));
  };
  section("slices", "Pass rate by slice", "half", el("p", { class: "soft small" }, "Language and voice down, line conditions across; with the 95 % Wilson interval. A field shows its calls."),
    table("Pass rate by language, voice and channel", ["", ...channels], voices.map(v => [el("th", { scope: "row" }, v), ...channels.map(c => cell(v, c))])));
}

function showTests() {
  const slices = [...new Set(cells.map(c => c.slice))], tests = [...new Map(cells.map(c => [c.file + "\n" + c.test, c])).values()];
  const order = { FAIL: 0, ERROR: 1, FLAKY: 2, INVALID: 3, PASS: 4 }, by = new Map();
  for (const c of cells) { const key = c.file + "\n" + c.test; if (!by.has(key)) by.set(key, []); by.get(key).push(c); }
  const worst = t => Math.min(...by.get(t.file + "\n" + t.test).map(c => order[c.verdict]));
  const sorted = tests.map(t => [worst(t), t]).sort((a, b) => a[0] - b[0]).map(x => x[1]), few = sorted.slice(0, 40);
  const row = t => {
    const of = by.get(t.file + "\n" + t.test), k = of.reduce((s, c) => s + c.pass, 0), n = of.reduce((s, c) => s + c.pass + c.fail + c.invalid + c.error, 0);
    const bad = of.filter(c => c.verdict !== "PASS"), verdict = Object.keys(order).find(v => order[v] === worst(t));
    return [el("td", {}, pill(verdict)), el("td", {}, el("button", { type: "button", class: "link", onclick: () => filterBy({ text: t.test }) }, t.test)), `${k}/${n}`, slices.length > 1 ? (bad.length ? bad.slice(0, 3).map(c => c.slice).join("; ") + (bad.length > 3 ? ` and ${bad.length - 3} more` : "") : "") : (rows.find(r => r.test === t.test && r.verdict !== "PASS") || {}).reason || ""];
  };
  const more = sorted.length > few.length ? el("p", { class: "soft small" }, `and ${sorted.length - few.length} more tests: see the calls below.`) : null;
  section("tests", "Tests", "half", tall("List of tests", table("Tests, the worst first", ["", "test", "passed", slices.length > 1 ? "not passed in" : "first reason"], few.map(row), [2])), more);
}

function showLatency() {
  const q = (name, x) => [name, x.n.toLocaleString("en"), x.n ? ms(x.mean) : "–", ms(x.p50), ms(x.p90), ms(x.p95), ms(x.p99), x.n ? ms(x.max) : "–"], gate = head.gates.find(g => g.gate === "p95_response_ms");
  const s = section("latency", "Latency as the caller hears it", "",
    table("Latency percentiles", ["measure", "n", "mean", "p50", "p90", "p95", "p99", "max"], [q("response: caller's last voiced sample → agent's first audible one", head.response_ms), q("first word: answer → first audible agent speech", head.first_word_ms)], [1, 2, 3, 4, 5, 6, 7]),
    el("p", { class: "soft small" }, "A percentile is printed only when the sample can show it: from 29 values on for p90, 59 for p95, 299 for p99."));
  if (data.curve.length < 2) return;
  const turns = data.turns.filter(t => t.curve.length > 1).sort((a, b) => b.q.p50 - a.q.p50), box = el("div", {});
  const draw = i => {
    const t = turns[i], values = t ? t.curve : data.curve, of = t ? t.q : head.response_ms;
    box.replaceChildren(curve(values, `Cumulative distribution of ${of.n} response times, from ${Math.round(values[0])} to ${Math.round(values[values.length - 1])} ms`, gate && gate.limit),
      el("p", { class: "soft small" }, `${t ? `${t.test}, ${t.turn}` : "All answers"}: n = ${of.n.toLocaleString("en")}, p50 ${ms(of.p50)}, p95 ${ms(of.p95)}, max ${ms(of.max)}`));
  };
  s.append(el("p", {}, el("label", {}, "Distribution of ", el("select", { onchange: e => draw(e.target.value === "" ? -1 : +e.target.value) }, el("option", { value: "" }, "all answers"), turns.map((t, i) => el("option", { value: i }, `${t.test} · ${t.turn} · median ${ms(t.q.p50)}`))))), box);
  draw(-1);
}

function showEars() {
  if (!data.ears.length) return;
  const max = Math.max(...data.ears.map(e => e.wer), .01), drawn = data.ears[0].by_test ? "whole tests" : "calls";
  section("ears", "Word errors by voice", "half", el("p", { class: "soft small" }, `Errors of the agent's ear over words we said, pooled over calls, with a 95 % bootstrap interval (${drawn} are drawn).`),
    el("div", { class: "bars" }, data.ears.slice().sort((a, b) => b.wer - a.wer).flatMap(e => [el("span", {}, [e.voice, e.language, e.channel, e.target].filter(Boolean).join(" · ")), el("span", { class: "track" }, el("i", { style: `width:${100 * Math.min(e.wer / max, 1)}%` })), el("span", { class: "n" }, `${percent(e.wer, 1)}${known(e.lo) ? ` (${percent(e.lo, 1)} – ${percent(e.hi, 1)})` : ""}, ${e.errors}/${e.words} in ${count(e.n, "call")}`)])));
}

// What other parts of the program left as JSON beside the run: any table of rows, any object of numbers.
function plain(value) {
  if (Array.isArray(value) && value.length && value.every(x => x && typeof x === "object" && !Array.isArray(x))) {
    const keys = [...new Set(value.flatMap(Object.keys))].slice(0, 12), text = x => typeof x === "number" ? String(+x.toPrecision(5)) : x === null || x === undefined ? "–" : typeof x === "object" ? JSON.stringify(x) : String(x);
    return table("Rows", keys, value.slice(0, 300).map(r => keys.map(k => text(r[k]))), keys.map((k, i) => typeof value[0][k] === "number" ? i : -1));
  }
  if (value && typeof value === "object") return el("dl", {}, Object.entries(value).filter(([, v]) => known(v)).flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, typeof v === "object" ? plain(v) : typeof v === "number" ? String(+v.toPrecision(5)) : String(v))]));
  return String(value);
}
function showTargets() {
  const list = data.run.targets;
  if (!list) return;
  const p = (q, k) => q.n ? ms(q[k]) : "–", versus = t => known(t.difference_ms) ? `${t.difference_ms.value > 0 ? "+" : ""}${Math.round(t.difference_ms.value)} ms (${Math.round(t.difference_ms.lo)} … ${Math.round(t.difference_ms.hi)}), ${count(t.pairs, "pair")}` : t.against ? `not estimable from ${count(t.pairs, "pair")}` : "the first";
  section("targets", data.compare ? "A and B side by side" : "What the way to the agent costs", "", el("p", { class: "soft small" }, "The same callers with every target. Difference: answers to the same turns of the same calls, median over calls with a 95 % bootstrap interval."),
    table("Targets", ["target", "calls", "passed", "95 %", "response p50", "p95", "first word p50", "word errors", "against the first"], list.map(t => [el("th", { scope: "row", title: t.target }, t.name), String(t.n), known(t.pass_rate) ? percent(t.pass_rate) : "–", `${percent(t.pass_rate_95[0])} – ${percent(t.pass_rate_95[1])}`, p(t.response_ms, "p50"), p(t.response_ms, "p95"), p(t.first_word_ms, "p50"), known(t.wer) ? percent(t.wer.rate, 1) : "–", versus(t)]), [1, 2, 3, 4, 5, 6, 7]));
}
function showSound() {
  const list = data.run.sound, of = [["loudness_lufs", "loudness", v => v.toFixed(1) + " LUFS"], ["snr_db", "SNR", v => v.toFixed(1) + " dB"], ["clipping", "clipping", v => percent(v, 2)], ["dropouts", "dropouts", v => String(+v.toFixed(1))], ["band_high_hz", "bandwidth", v => Math.round(v) + " Hz"]];
  if (!list) return;
  section("sound", "The agent's sound", "half", el("p", { class: "soft small" }, "Of the recorded agent channel: median over calls, below it the worst call."),
    table("Sound by slice", ["slice", "calls", ...of.map(x => x[1])], list.map(s => [[s.language, s.voice, s.channel, s.target].filter(Boolean).join(" · "), String(s.n), ...of.map(([k, , f]) => el("td", { class: "n" }, s[k] ? [f(s[k].median), el("small", { class: "soft", style: "display:block" }, f(s[k].worst))] : "–"))]), [1]));
}
function showJudged() {
  const score = o => Object.entries(o || {}).filter(([k, v]) => typeof v === "number" && k !== "overall_of"), words = k => k.replaceAll("_", " ");
  const f = score(head.functional), rq = data.run.response_quality || {}, pf = score(data.run.product_fit), j = data.run.judged, between = q => known(q) ? `${q.value.toFixed(2)} (${q.lo.toFixed(2)} – ${q.hi.toFixed(2)})` : "–";
  const figures = list => el("dl", {}, list.flatMap(([k, v]) => [el("dt", {}, words(k)), el("dd", {}, String(+v.toPrecision(4)))]));
  if (f.length || score(rq).length || pf.length) section("scores", "Scores", "half",
    f.length ? [el("h3", {}, "Functional scores"), el("div", { class: "bars" }, f.flatMap(([k, v]) => [el("span", {}, words(k)), el("span", { class: "track" }, el("i", { style: `width:${100 * Math.min(v, 1)}%` })), el("span", {}, `${v.toFixed(2)}${head.functional.n && head.functional.n[k] ? ` (${count(head.functional.n[k], "check")})` : ""}`)])), el("p", { class: "soft small" }, `${percent(head.functional.overall_of)} of what makes up the overall score was measured (docs/judging.md).`)] : null,
    score(rq).length ? [el("h3", {}, "Response quality"), figures(score(rq)), (rq.recommendations || []).length ? el("ul", {}, rq.recommendations.map(t => el("li", {}, t))) : null] : null,
    pf.length ? [el("h3", {}, "Product fit"), figures(pf)] : null);
  if (!j) return;
  const used = [...new Map(j.judges.map(x => [x.model + x.hash + JSON.stringify(x.calibration), x])).values()];
  section("judge", "What the judge saw", "half",
    el("p", {}, `${count(j.pass, "check")} decided to pass, ${j.fail} to fail, ${j.error} not decided; ${j.unsure.length} unsure. Votes and quotations stand with each call's checks.`),
    used.map(x => el("dl", {}, el("dt", {}, "judge"), el("dd", {}, x.model || `nobody: ${x.missing}`), x.hash ? [el("dt", {}, "hash of model and prompts"), el("dd", {}, el("code", {}, x.hash.slice(0, 16)))] : null, el("dt", {}, "votes on a fail"), el("dd", {}, String(x.confirm)),
      x.calibration ? [["kappa", "Cohen's κ"], ["accuracy", "accuracy"], ["sensitivity", "sensitivity"], ["specificity", "specificity"]].map(([k, name]) => [el("dt", {}, name), el("dd", {}, between(x.calibration[k]))]) : [el("dt", {}, "calibration"), el("dd", {}, pill("DOUBT", "not calibrated"))],
      x.calibration ? [el("dt", {}, "labels"), el("dd", {}, `${x.calibration.n}${x.calibration.same_judge ? "" : ", of another judge"}`)] : null)),
    j.unsure.length ? [el("h3", {}, "Unsure: for a person to label"), tall("Unsure checks", table("Unsure", ["check", "rubric", "judge says", "belief", "reason"], j.unsure.map(u => [u.id, u.rubric, u.judge ? "pass" : "fail", known(u.belief) ? u.belief.toFixed(2) : "–", u.reason + (u.quote ? ` “${u.quote}”` : "")]), [3]))] : null);
}
function showCompare() {
  const c = data.compare, number = x => known(x) ? String(+x.toPrecision(4)) : "–", p = x => known(x) ? x < .0001 ? "<.0001" : x.toFixed(4) : "–";
  if (!c) return;
  if (!Array.isArray(c.metrics)) { section("compare", "A/B comparison", "", plain(c)); return; }
  section("compare", "A against B", "", el("p", {}, pill(c.metrics.some(m => m.finding === "B worse") ? "FAIL" : c.metrics.some(m => m.finding === "B better") ? "PASS" : "DOUBT", c.verdict)), el("p", { class: "soft small" }, `A: ${c.a} · B: ${c.b} · ${count(c.pairs, "pair")} of ${count(c.clusters, "test")}; intervals by tests, Holm over ${c.metrics.length} metrics, alpha ${c.alpha}.`),
    table("A against B", ["metric", "pairs", "A", "B", "B − A", "95 %", "p", "p (Holm)", "detectable", "pairs needed", "finding"], c.metrics.map(m => [`${m.metric}${m.unit ? `, ${m.unit}` : ""}`, String(m.pairs), number(m.a), number(m.b), number(m.difference), `${number(m.difference_low)} … ${number(m.difference_high)}`, p(m.p), p(m.p_holm), number(m.detectable_difference), m.pairs_needed ? String(m.pairs_needed) : "–", m.finding]), [1, 2, 3, 4, 5, 6, 7, 8, 9]));
}
function showOthers() {
  if (data.matrix) section("matrix", "Barge-in matrix", "", showMatrix(data.matrix));
}
function showMatrix(m) {
  const kinds = [...new Set(m.cells.map(c => c.kind))], places = [...new Set(m.cells.map(c => c.place))];
  const cell = c => c ? el("td", { class: "heat" }, el("div", { class: "field", style: c.n ? heat(c.right / c.n) : "" }, `${c.right}/${c.n}`, el("small", {}, c.n ? `${percent(c.right_low)}–${percent(c.right_high)}` : ""), known(c.stop_ms) ? el("small", {}, `stops after ${ms(c.stop_ms)}`) : null, known(c.recovery_ms) ? el("small", {}, `recovers after ${ms(c.recovery_ms)}`) : null)) : el("td", { class: "heat soft" }, "–");
  return [el("p", { class: "soft small" }, "How often the agent did what it should, with the 95 % interval; below it the medians."),
    table("Barge-in matrix", ["the caller", "the agent should", ...places], kinds.map(k => [el("th", { scope: "row" }, k), m.cells.find(c => c.kind === k).should, ...places.map(p => cell(m.cells.find(c => c.kind === k && c.place === p)))]))];
}

function showDoubt() {
  const flaky = cells.filter(c => c.verdict === "FLAKY").map(c => [2 * Math.min(c.pass, c.fail) / (c.pass + c.fail), c]).sort((a, b) => b[0] - a[0]).map(x => x[1]);
  if (flaky.length) section("flaky", "Flaky: repeats disagree", "half", tall("Flaky list", table("Flaky tests", ["test", "slice", "passed", "95 % interval"], flaky.slice(0, 100).map(c => { const [lo, hi] = wilson(c.pass, c.pass + c.fail); return [el("td", {}, el("button", { type: "button", class: "link", onclick: () => filterBy({ text: c.test }) }, c.test)), c.slice, `${c.pass}/${c.pass + c.fail}`, `${percent(lo)} – ${percent(hi)}`]; }), [2, 3])));
  const reasons = new Map();
  for (const r of rows) if (r.verdict === "INVALID" || r.verdict === "ERROR") { const key = `${r.verdict}\n${r.reason}`; reasons.set(key, (reasons.get(key) || 0) + 1); }
  if (reasons.size) section("invalid", "Invalid and errors: say nothing about the agent", "half", table("Reasons", ["", "calls", "reason"], [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 50).map(([key, n]) => { const [v, reason] = key.split("\n"); return [el("td", {}, pill(v)), String(n), reason]; }), [1]));
}

// ---- the calls: a list which draws only what is in sight ----

const filter = { text: "", slice: "", verdicts: new Set(), sort: "plan" };
let shown = rows, chosen = -1, list, space, detail, search, slicePick, tally;

function apply() {
  const text = filter.text.toLowerCase();
  shown = rows.filter(r => (!filter.verdicts.size || filter.verdicts.has(r.verdict) || (filter.verdicts.has("FLAKY") && r.flaky) || (filter.verdicts.has("unsure") && r.unsure)) && (!filter.slice || r.slice === filter.slice) && (!text || r.test.toLowerCase().includes(text) || r.reason.toLowerCase().includes(text)));
  if (filter.sort === "slow") shown = shown.slice().sort((a, b) => (b.slowest ?? -1e9) - (a.slowest ?? -1e9));
  if (filter.sort === "long") shown = shown.slice().sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0));
  if (filter.sort === "bad") { const o = { FAIL: 0, ERROR: 1, INVALID: 2, PASS: 3 }; shown = shown.slice().sort((a, b) => o[a.verdict] - o[b.verdict] || a.i - b.i); }
  space.style.height = shown.length * ROW + "px";
  tally.textContent = shown.length === rows.length ? count(rows.length, "call") : `${shown.length.toLocaleString("en")} of ${count(rows.length, "call")}`;
  list.scrollTop = 0;
  chosen = -1;
  draw();
}
function draw() {
  const from = Math.max(0, Math.floor(list.scrollTop / ROW) - 4), to = Math.min(shown.length, from + Math.ceil((list.clientHeight || 560) / ROW) + 8);
  space.replaceChildren(...shown.slice(from, to).map((r, k) => {
    const at = from + k;
    return el("div", { class: "row", role: "option", id: "call-" + r.i, "aria-selected": String(at === chosen), "aria-posinset": at + 1, "aria-setsize": shown.length, style: `top:${at * ROW}px`, onclick: () => choose(at) },
      el("span", { class: "v t-" + r.verdict }, r.verdict), el("span", { class: "name" }, r.test), el("span", { class: "num" }, known(r.slowest) ? ms(r.slowest) : seconds(r.seconds)),
      el("span", { class: "what" }, r.reason || `${r.slice} · #${r.repeat} · ${seconds(r.seconds)}`));
  }));
  if (chosen >= 0) list.setAttribute("aria-activedescendant", "call-" + shown[chosen].i); else list.removeAttribute("aria-activedescendant");
}
function choose(at) {
  if (!shown.length) return;
  chosen = Math.max(0, Math.min(at, shown.length - 1));
  const top = chosen * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  draw();
  detail.querySelectorAll("audio").forEach(a => a.pause());
  detail.replaceChildren(showCall(shown[chosen], data.whole[shown[chosen].i]));
}
function filterBy(what) {
  filter.text = what.text || "";
  filter.slice = what.slice || "";
  search.value = filter.text;
  slicePick.value = filter.slice;
  apply();
  document.getElementById("calls").scrollIntoView();
}
function onKey(e) {
  const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[e.key];
  if (e.key === " " || e.key === "Enter") { const play = detail.querySelector(".play"); if (play) play.click(); e.preventDefault(); }
  if (!move) return;
  e.preventDefault();
  choose(chosen < 0 ? 0 : chosen + move);
}
function showCalls() {
  const chip = name => el("button", { type: "button", "aria-pressed": "false", onclick: e => { const on = !filter.verdicts.delete(name); if (on) filter.verdicts.add(name); e.currentTarget.setAttribute("aria-pressed", String(on)); apply(); } }, name.toLowerCase());
  const here = [...VERDICTS.filter(v => head.count[v]), ...(head.flaky ? ["FLAKY"] : []), ...(head.unsure ? ["unsure"] : [])];
  search = el("input", { type: "search", placeholder: "test or reason  ( / )", "aria-label": "Filter by test or reason", oninput: e => { filter.text = e.target.value; apply(); } });
  slicePick = el("select", { "aria-label": "Slice", onchange: e => { filter.slice = e.target.value; apply(); } }, el("option", { value: "" }, "all slices"), [...new Set(rows.map(r => r.slice))].map(s => el("option", {}, s)));
  const sort = el("select", { "aria-label": "Order", onchange: e => { filter.sort = e.target.value; apply(); } }, [["plan", "in order"], ["bad", "worst first"], ["slow", "slowest first"], ["long", "longest first"]].map(([v, t]) => el("option", { value: v }, t)));
  tally = el("span", { class: "soft small", role: "status" });
  space = el("div", { class: "space", role: "presentation" });
  list = el("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": "Calls", onkeydown: onKey, onscroll: () => draw() }, space);
  detail = el("div", { class: "detail", "aria-live": "polite" });
  section("calls", "Calls", "", el("p", { class: "soft small" }, "Arrow keys choose a call, space plays it, / searches."), el("div", { class: "filters" }, search, el("span", { class: "chips" }, here.length > 1 ? here.map(chip) : null), slicePick, sort, tally), el("div", { class: "calls" }, list, detail));
  document.addEventListener("keydown", e => { if (e.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) { e.preventDefault(); search.focus(); } });
  if (head.count.PASS < head.n) { sort.value = filter.sort = "bad"; }
  apply();
  if (rows.length) choose(0);
}

function showDefinitions() {
  const terms = {
    "response": "agent's audible onset minus the caller's last voiced sample, both found in the recorded samples (0.125 ms grid); negative: the agent came in early",
    "first word": "answer to first audible agent speech", "dead air": "stretches over 1.5 s in which both are silent and the caller owes nothing",
    "barge-in stop": "caller's onset to the agent's last voiced sample", "talk ratio": "agent's speech over both parties' speech",
    "word error rate": "substitutions, deletions and insertions per word said, unit costs", "FLAKY": "repeats of one test in one slice disagree",
    "INVALID": "the caller's own side failed (its voice, its script, a deadlock): says nothing about the agent", "ERROR": "the target was not reached, or a check could not be decided",
    "interval": "Wilson's score interval at 95 %",
  };
  section("definitions", "Definitions", "", el("dl", {}, Object.entries(terms).flatMap(([t, d]) => [el("dt", {}, t), el("dd", {}, d)])), data.run.host && data.run.host.clock ? el("p", { class: "soft small" }, "Clock floor ± jitter: " + Object.entries(data.run.host.clock).map(([line, f]) => `${line} ${f ? `${f.floor_ms.toFixed(3)} ± ${f.jitter_ms.toFixed(3)} ms` : "not measured"}`).join(" · ")) : null);
}

for (const show of [showHead, showGates, showDiff, showTargets, showTests, showMap, showCalls, showLatency, showEars, showSound, showJudged, showOthers, showCompare, showDoubt, showDefinitions]) show();
document.querySelector("nav").append(el("ul", {}, sections.map(([id, title]) => el("li", {}, el("a", { href: "#" + id }, SHORT[id] || title.split(":")[0]))), el("li", {}, themeButton())));
document.querySelector("footer").append(`Callwright ${data.run.version || ""} · this page is complete in itself; recordings are played from calls/ beside it.`);
