"use strict";
// Renders the report from the data embedded in the page. No network, no library.
const data = JSON.parse(document.getElementById("data").textContent);
const head = data.head, results = data.results, calls = data.calls;

// ---- small tools ----

function el(name, attributes, ...children) {
  const svg = ["svg", "g", "rect", "line", "text", "path", "title"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) node.append(child);
  return node;
}
const ms = x => x === null || x === undefined ? "not estimable" : Math.round(x) + " ms";
const seconds = x => x.toFixed(1) + " s";
const percent = x => Math.round(100 * x) + " %";
const sliceOf = r => [r.slice.language, r.slice.voice, r.slice.channel].join(" · ");

function section(title, ...children) {
  const s = el("section", {}, el("h2", {}, title), ...children);
  document.querySelector("main").append(s);
  return s;
}
function table(caption, heads, rows, numeric) {
  const n = i => numeric && numeric.includes(i) ? "n" : null;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((h, i) => el("th", { scope: "col", class: n(i) }, h)))),
      el("tbody", {}, rows.map(row => el("tr", {}, row.map((c, i) => c instanceof HTMLTableCellElement ? c : el("td", { class: n(i) }, c)))))));
}

// ---- head ----

function showHead() {
  const bad = head.count.FAIL + head.count.ERROR > 0;
  const verdict = bad ? "FAIL" : head.count.INVALID || head.flaky ? "INVALID" : "PASS";
  document.querySelector("header").append(
    el("h1", {}, el("span", { class: "verdict " + verdict }, bad ? "Failed" : verdict === "PASS" ? "Passed" : "Doubtful"), " · ", data.run.configuration.target || "targets of the files"),
    el("p", { class: "soft" }, `run ${data.run.id} · ${data.run.created} · callwright ${data.run.version} · seed ${data.run.configuration.seed}` +
      (data.run.configuration.sim ? " · simulated, in virtual time" : " · in real time")),
    el("p", {}, head.advice),
    el("ul", { class: "tiles" },
      Object.entries(head.count).map(([name, n]) => el("li", {}, el("b", { class: name }, String(n)), name.toLowerCase())),
      el("li", {}, el("b", { class: "FLAKY" }, String(head.flaky)), "flaky tests"),
      el("li", {}, el("b", {}, `${percent(head.pass[0])} – ${percent(head.pass[1])}`), "pass rate, 95 % interval"),
      el("li", {}, el("b", {}, ms(head.response_ms.p50)), `median answer (n=${head.response_ms.n})`)));
}

// ---- numbers ----

function showNumbers() {
  const row = (name, q) => [name, String(q.n), ms(q.n ? q.mean : null), ms(q.p50), ms(q.p90), ms(q.p95), ms(q.p99), ms(q.n ? q.max : null)];
  const s = section("Latency as the caller hears it",
    table("Latency percentiles", ["measure", "n", "mean", "p50", "p90", "p95", "p99", "max"],
      [row("response: caller's last voiced sample → agent's first audible one", head.response_ms), row("first word: answer → first audible agent speech", head.first_word_ms)], [1, 2, 3, 4, 5, 6, 7]),
    el("p", { class: "soft" }, "A percentile is printed only when the sample can show it: from 29 values on for p90, 59 for p95, 299 for p99."));
  const values = results.flatMap(r => r.turns.map(t => t.response_ms).filter(x => x !== null && x !== undefined)).sort((a, b) => a - b);
  if (values.length > 1) s.append(curve(values));
  const missing = results.flatMap(r => r.turns).filter(t => t.response_ms === null || t.response_ms === undefined).length;
  if (missing) s.append(el("p", { class: "soft" }, `${missing} turns without a measured answer (barge-ins, the last turn, or none came) are not in these figures.`));
}
function curve(values) {
  const w = 560, h = 170, left = 40, top = 10, bottom = 30, max = values[values.length - 1] * 1.05 || 1;
  const x = v => left + (w - left - 10) * v / max, y = p => top + (h - top - bottom) * (1 - p);
  const path = values.map((v, i) => `${i ? "L" : "M"}${x(v).toFixed(1)},${y(i / values.length).toFixed(1)}V${y((i + 1) / values.length).toFixed(1)}`).join("");
  const ticks = [0, .25, .5, .75, 1];
  return el("svg", { viewBox: `0 0 ${w} ${h}`, width: w, role: "img", "aria-label": `Cumulative distribution of ${values.length} response times, from ${Math.round(values[0])} to ${Math.round(values[values.length - 1])} ms` },
    ticks.map(p => [el("line", { class: "axis", x1: left, x2: w - 10, y1: y(p), y2: y(p) }), el("text", { x: 4, y: y(p) + 4 }, percent(p))]),
    ticks.map(p => el("text", { x: x(p * max), y: h - 10, "text-anchor": p === 1 ? "end" : "middle" }, Math.round(p * max) + " ms")),
    el("path", { class: "curve", d: path }));
}
function showGates() {
  if (!head.gates.length) return;
  section("Gates", table("Gates", ["gate", "limit", "value", "status", "reason"],
    head.gates.map(g => [g.gate, String(g.limit), g.value === null ? "not estimable" : String(+g.value.toFixed(4)), el("td", { class: g.status === "pass" ? "PASS" : "FAIL" }, g.status), g.reason])));
}
function showMap() {
  const tests = [...new Set(results.map(r => r.test))], slices = [...new Set(results.map(sliceOf))];
  const cell = (test, slice) => {
    const rs = results.filter(r => r.test === test && sliceOf(r) === slice), pass = rs.filter(r => r.verdict === "PASS").length;
    if (!rs.length) return el("td", { class: "cell soft" }, "–");
    return el("td", { class: "cell " + (pass === rs.length ? "PASS" : pass ? "FLAKY" : rs[0].verdict) }, `${pass}/${rs.length}`);
  };
  section("Tests by slice", table("Passed of all, by test and slice", ["test", ...slices],
    tests.map(t => [el("th", { scope: "row" }, t), ...slices.map(s => cell(t, s))])));
}

// ---- a call ----

function wave(r, c, audio) {
  const W = 1000, H = 150, n = Math.max(c.levels.caller.length, c.levels.agent.length, 1), total = Math.max(c.transcript.duration_s, n * c.levels.step_ms / 1000);
  const x = s => W * s / total, lanes = { caller: 36, agent: 106 };
  const bars = side => {
    const step = Math.max(1, Math.ceil(n / W)), lv = c.levels[side];
    let d = "";
    for (let i = 0; i < lv.length; i += step) {
      const peak = Math.max(...lv.slice(i, i + step)) / 255 * 30;
      if (peak > .3) d += `M${x(i * c.levels.step_ms / 1000).toFixed(1)},${(lanes[side] - peak).toFixed(1)}h${Math.max(x(step * c.levels.step_ms / 1000), .6).toFixed(2)}v${(2 * peak).toFixed(1)}h-${Math.max(x(step * c.levels.step_ms / 1000), .6).toFixed(2)}z`;
    }
    return el("path", { class: side, d });
  };
  const cursor = el("line", { class: "head", x1: 0, x2: 0, y1: 0, y2: H });
  if (audio) audio.addEventListener("timeupdate", () => { cursor.setAttribute("x1", x(audio.currentTime)); cursor.setAttribute("x2", x(audio.currentTime)); });
  const seek = s => { if (audio) { audio.currentTime = s; audio.play(); } };
  return el("svg", { class: "wave", viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img",
      "aria-label": `Two-lane waveform of ${seconds(total)}: caller above, agent below, ${c.transcript.interruptions.length} interruptions, ${c.transcript.tools_called.length} tool calls`,
      onclick: e => { const box = e.currentTarget.getBoundingClientRect(); seek((e.clientX - box.left) / box.width * total); } },
    c.transcript.turns.map(t => el("rect", { class: "turn " + t.side, x: x(t.from_s), width: Math.max(x(t.to_s - t.from_s), 1), y: lanes[t.side] - 32, height: 64 }, el("title", {}, `${t.side}: ${t.heard || t.said || ""}`))),
    bars("caller"), bars("agent"),
    c.transcript.interruptions.map(i => el("line", { class: "mark", x1: x(i.at_s), x2: x(i.at_s), y1: 0, y2: H }, el("title", {}, "interruption"))),
    c.transcript.tools_called.map(t => el("line", { class: "tool", x1: x(t.at_s), x2: x(t.at_s), y1: 70, y2: H }, el("title", {}, t.name))),
    cursor);
}
function difference(said, heard) {
  // Word by word, by the longest common subsequence: what was said and not heard is struck, what was heard and not said inserted.
  const norm = w => w.toLowerCase().replace(/[^a-z0-9']/g, ""), a = said.split(/\s+/), b = heard.split(/\s+/);
  const L = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) L[i][j] = norm(a[i]) === norm(b[j]) ? L[i + 1][j + 1] + 1 : Math.max(L[i + 1][j], L[i][j + 1]);
  const out = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && norm(a[i]) === norm(b[j])) { out.push(a[i] + " "); i++; j++; }
    else if (j < b.length && (i === a.length || L[i][j + 1] >= L[i + 1][j])) out.push(el("ins", {}, b[j++]), " ");
    else out.push(el("del", {}, a[i++]), " ");
  }
  return out;
}
function talk(c, audio) {
  const rows = [
    ...c.transcript.turns.map(t => ({ at: t.from_s, side: t.side, body: t.said && t.heard ? difference(t.said, t.heard) : [t.heard || t.said || (t.action ? `(${t.action})` : "(speech without recognised words)")],
      aside: t.response_ms !== null && t.response_ms !== undefined ? `  answered after ${ms(t.response_ms)}` : t.cut ? "  (cut off)" : "" })),
    ...c.transcript.tools_called.map(t => ({ at: t.at_s, side: "tool", body: [`${t.name} ${JSON.stringify(t.args)}`], aside: "" })),
    ...c.transcript.tool_results.map(t => ({ at: t.at_s, side: "tool", body: [`${t.name} → ${JSON.stringify(t.result || t.error)}`], aside: ` ${ms(t.took_us / 1000)}` })),
  ].sort((p, q) => p.at - q.at);
  return el("ol", { class: "talk" }, rows.map(r => el("li", {},
    el("button", { type: "button", "aria-label": `play from ${seconds(r.at)}`, onclick: () => { if (audio) { audio.currentTime = Math.max(0, r.at - .3); audio.play(); } } }, seconds(r.at)),
    el("span", { class: r.side }, r.side), el("span", {}, r.body, el("span", { class: "soft" }, r.aside)))));
}
function waterfall(c) {
  if (!c.waterfall.length) return null;
  const max = Math.max(...c.waterfall.map(t => t.response_ms || 0), 1), names = [...new Set(c.waterfall.flatMap(t => t.stages.map(s => s.stage)))];
  const rowH = 20, w = 620, left = 190;
  return [el("h3", {}, "Where each answer's time went"),
    el("p", { class: "soft" }, names.map((n, i) => el("span", {}, el("svg", { width: 12, height: 12, "aria-hidden": "true" }, el("rect", { class: "s" + i % 5, width: 12, height: 12 })), " ", n, "   "))),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Waterfall" }, el("svg", { width: w + 90, height: rowH * c.waterfall.length + 4, role: "img", "aria-label": c.waterfall.map(t => `${t.text}: ${ms(t.response_ms)}`).join("; ") },
      c.waterfall.map((t, row) => {
        let at = left;
        const y = row * rowH;
        return el("g", {}, el("text", { x: 0, y: y + 14 }, t.text.length > 30 ? t.text.slice(0, 29) + "…" : t.text),
          t.stages.map(s => { const width = (w - left) * Math.max(s.ms, 0) / max, from = at; at += width; return el("rect", { class: "s" + names.indexOf(s.stage) % 5, x: from, y: y + 3, width: Math.max(width, .5), height: rowH - 7 }, el("title", {}, `${s.stage}: ${s.ms.toFixed(1)} ms`)); }),
          el("text", { x: at + 5, y: y + 14 }, ms(t.response_ms)));
      })))];
}
function checks(r) {
  return table("Checks", ["check", "of", "status", "expected", "got", "decided by", "at"],
    r.checks.map(c => [c.type, c.turn || "call", el("td", { class: c.status === "pass" ? "PASS" : "FAIL" }, c.status), c.expected, c.got + (c.reason ? ` (${c.reason})` : ""), c.decided_by, c.at || ""]));
}
function command(text) {
  const button = el("button", { type: "button", onclick: () => { navigator.clipboard.writeText(text).then(() => { button.textContent = "copied"; }); } }, "copy");
  return el("div", { class: "cmd", tabindex: "0", role: "region", "aria-label": "Command that repeats this call" }, button, el("span", {}, text));
}
function showCall(r) {
  const body = el("div", {});
  const d = el("details", { class: "call", id: "call-" + r.key },
    el("summary", {}, el("span", { class: "verdict " + r.verdict }, r.verdict), el("span", { class: "id" }, r.test), el("span", { class: "soft" }, `${sliceOf(r)} · #${r.repeat} · ${seconds(r.duration_ms / 1000)}`), r.reason ? el("span", {}, r.reason) : null), body);
  let built = false;
  const build = () => {
    if (!d.open || built) return;
    built = true;
    const c = calls[r.key];
    if (c) {
      const audio = c.audio ? el("audio", { controls: "", preload: "none", src: `calls/${encodeURIComponent(r.folder)}/${c.audio}`, "aria-label": "Recording: left caller, right agent" }) : null;
      body.append(...[wave(r, c, audio), audio || el("p", { class: "soft" }, "No recording was kept."), talk(c, audio), waterfall(c)].flat().filter(Boolean));
    } else body.append(el("p", { class: "soft" }, `Transcript and waveform are in calls/${r.folder}/ (a large run embeds those of failed calls and of the first ${data.embedded}).`));
    body.append(el("h3", {}, "Checks"), checks(r), el("h3", {}, "The same call again"), command(r.rerun));
  };
  d.addEventListener("toggle", build);
  return d;
}
function showCalls() {
  const bad = results.filter(r => r.verdict !== "PASS"), good = results.filter(r => r.verdict === "PASS");
  if (bad.length) { const s = section("What failed", bad.map(showCall)); s.querySelector("details").open = true; }
  if (good.length) section("Calls that passed", good.map(showCall));
}
function showDefinitions() {
  const terms = {
    "response": "agent's audible onset minus the caller's last voiced sample, both found in the recorded samples (0.125 ms grid); negative: the agent came in early",
    "first word": "answer to first audible agent speech",
    "dead air": "stretches over 1.5 s in which both are silent and the caller owes nothing",
    "barge-in stop": "caller's onset to the agent's last voiced sample",
    "talk ratio": "agent's speech over both parties' speech",
    "INVALID": "the caller's own side failed (its voice, its script, a deadlock): says nothing about the agent",
    "pass rate interval": "Wilson score interval at 95 %",
  };
  section("Definitions", el("dl", {}, Object.entries(terms).flatMap(([t, d]) => [el("dt", {}, t), el("dd", {}, d)])),
    data.run.clock_floor ? el("p", { class: "soft" }, `Loopback floor of this machine: ${data.run.clock_floor}`) : null);
}
showHead();
showNumbers();
showGates();
showMap();
showCalls();
showDefinitions();
