"use strict";
// One call in full: waveform, player, transcript, waterfall, checks, and the command that repeats it.

function unpack(levels) {
  if (typeof levels !== "string") return levels || [];
  const out = new Uint8Array(levels.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(levels.substr(2 * i, 2), 16);
  return out;
}

function player(src, total) {
  const audio = el("audio", { preload: "none", src, "aria-label": "Recording: left caller, right agent" });
  const start = () => audio.play().catch(() => {}); // stopped before it began, or told by "error" below
  const time = el("span", {}, `0:00.0 / ${clock(total)}`);
  const play = el("button", { type: "button", class: "play", onclick: () => audio.paused ? start() : audio.pause() }, "▶ Play");
  audio.addEventListener("timeupdate", () => { time.textContent = `${clock(audio.currentTime)} / ${clock(total)}`; });
  audio.addEventListener("play", () => { play.textContent = "❚❚ Pause"; });
  audio.addEventListener("pause", () => { play.textContent = "▶ Play"; });
  audio.addEventListener("error", () => { time.textContent = "the recording is not beside this page (calls/…/both.wav)"; });
  return { audio, seek: s => { audio.currentTime = Math.max(0, s); start(); }, bar: el("div", { class: "player" }, play, time, audio) };
}

function wave(call, p) {
  const levels = { caller: unpack(call.levels && call.levels.caller), agent: unpack(call.levels && call.levels.agent) };
  const step = (call.levels && call.levels.step_ms || 20) / 1000, n = Math.max(levels.caller.length, levels.agent.length, 1);
  const t = call.transcript, total = Math.max(t.duration_s, n * step), W = 1200, H = 168, lane = { caller: 44, agent: 124 }, x = s => W * s / total;
  const loudest = [...levels.caller, ...levels.agent].reduce((m, v) => Math.max(m, v), 60);
  const bars = side => {
    const lv = levels[side], group = Math.max(1, Math.ceil(n / 600)), width = Math.max(x(group * step) - .6, .8);
    let d = "";
    for (let i = 0; i < lv.length; i += group) {
      let peak = 0;
      for (let k = i; k < Math.min(i + group, lv.length); k++) peak = Math.max(peak, lv[k]);
      const high = Math.max(peak / loudest * 37, .5);
      d += `M${x(i * step).toFixed(1)},${(lane[side] - high).toFixed(1)}h${width.toFixed(1)}v${(2 * high).toFixed(1)}h-${width.toFixed(1)}z`;
    }
    return el("path", { class: side, d });
  };
  const head = el("line", { class: "head", x1: -2, x2: -2, y1: 0, y2: H });
  if (p) p.audio.addEventListener("timeupdate", () => { head.setAttribute("x1", x(p.audio.currentTime)); head.setAttribute("x2", x(p.audio.currentTime)); });
  const place = e => { const box = e.currentTarget.getBoundingClientRect(); return (e.clientX - box.left) / box.width * total; };
  const svg = el("svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img",
      "aria-label": `Two-lane waveform of ${seconds(total)}: caller above, agent below; ${count(t.turns.length, "turn")}, ${count(t.interruptions.length, "interruption")}, ${count(t.tools_called.length, "tool call")}`,
      onclick: e => { if (p) p.seek(place(e)); } },
    t.turns.map(u => el("rect", { class: "turn " + u.side, x: x(u.from_s), width: Math.max(x(u.to_s - u.from_s), 1), y: lane[u.side] - 40, height: 80 }, el("title", {}, `${u.side}: ${u.heard || u.said || u.action || ""}`))),
    bars("caller"), bars("agent"),
    t.interruptions.map(i => el("line", { class: "mark", x1: x(i.at_s), x2: x(i.at_s), y1: 0, y2: H }, el("title", {}, `interruption at ${seconds(i.at_s)}`))),
    t.tools_called.map(i => el("line", { class: "tool", x1: x(i.at_s), x2: x(i.at_s), y1: 88, y2: H }, el("title", {}, `${i.name} at ${seconds(i.at_s)}`))), head);
  return [el("div", { class: "wave" }, el("span", { class: "lane", style: "top:6px;color:var(--caller)" }, "CALLER"), el("span", { class: "lane", style: "top:90px;color:var(--agent)" }, "AGENT"), svg),
    el("div", { class: "legend" }, t.interruptions.length ? el("span", {}, el("i", { style: "background:var(--fail)" }), "interruption") : null, t.tools_called.length ? el("span", {}, el("i", { style: "background:var(--brand)" }), "tool call") : null, p ? "click the waveform to hear it from there" : "no recording was kept")];
}

// Word by word, by the longest common subsequence: said and not heard is struck, heard and not said inserted.
function difference(said, heard) {
  const norm = w => w.toLowerCase().replace(/[^\p{L}\p{N}']/gu, ""), a = said.split(/\s+/), b = heard.split(/\s+/);
  const L = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) L[i][j] = norm(a[i]) === norm(b[j]) ? L[i + 1][j + 1] + 1 : Math.max(L[i + 1][j], L[i][j + 1]);
  const out = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && norm(a[i]) === norm(b[j])) { out.push(a[i++] + " "); j++; }
    else if (j < b.length && (i === a.length || L[i][j + 1] >= L[i + 1][j])) out.push(el("ins", { title: "heard, not said" }, b[j++]), " ");
    else out.push(el("del", { title: "said, not heard" }, a[i++]), " ");
  }
  return out;
}

function talk(t, p) {
  const words = u => u.said && u.heard ? difference(u.said, u.heard) : [u.heard || u.said || (u.action ? `(${u.action})` : "(speech without recognised words)")];
  const aside = u => known(u.response_ms) ? `  answered after ${ms(u.response_ms)}` : known(u.barge_in_stop_ms) ? `  agent stopped after ${ms(u.barge_in_stop_ms)}` : u.cut ? "  (cut off)" : "";
  const rows = [
    ...t.turns.map(u => ({ at: u.from_s, side: u.side, body: words(u), aside: aside(u) })),
    ...t.tools_called.map(u => ({ at: u.at_s, side: "tool", body: [el("code", {}, `${u.name} ${JSON.stringify(u.args)}`)], aside: "" })),
    ...t.tool_results.map(u => ({ at: u.at_s, side: "tool", body: [el("code", {}, `→ ${JSON.stringify(u.result || u.error)}`)], aside: ` ${ms(u.took_us / 1000)}` })),
  ].sort((a, b) => a.at - b.at);
  return [el("h3", {}, "What was said"), el("p", { class: "soft small" }, "Agent's words as the caller heard them; ", el("del", {}, "struck"), ": said but not heard, ", el("ins", {}, "underlined"), ": heard but not said."),
    el("ol", { class: "talk" }, rows.map(r => el("li", {},
      el("button", { type: "button", "aria-label": `${clock(r.at)}: play from here`, onclick: () => { if (p) p.seek(r.at - .3); } }, clock(r.at)),
      el("span", { class: "who " + r.side }, r.side), el("span", {}, r.body, el("span", { class: "soft small" }, r.aside)))))];
}

const STAGE_COLOURS = ["#5b79d8", "#9a62c7", "#c7628f", "#c18a1f", "#7a8699"];
function waterfall(turns) {
  if (!Array.isArray(turns) || !turns.length) return [];
  const max = Math.max(...turns.map(t => t.response_ms || 0), 1), names = [...new Set(turns.flatMap(t => t.stages.map(s => s.stage)))];
  const colour = s => STAGE_COLOURS[names.indexOf(s.stage) % STAGE_COLOURS.length];
  return [el("h3", {}, "Where each answer's silence went"),
    el("div", { class: "legend" }, names.map(n => el("span", {}, el("i", { style: `background:${colour({ stage: n })}` }), n))),
    el("div", { class: "bars", style: "grid-template-columns: minmax(80px, 220px) 1fr max-content; margin-top: 8px" }, turns.flatMap(t => [
      el("span", { class: "small", style: "overflow:hidden;text-overflow:ellipsis;white-space:nowrap", title: t.text }, t.text || t.of),
      el("span", { style: "display:flex;height:14px" }, t.stages.map(s => el("i", { style: `background:${colour(s)};width:${100 * Math.max(s.ms, 0) / max}%;height:14px`, title: `${s.stage}: ${s.ms.toFixed(1)} ms` }))),
      el("span", { class: "small" }, ms(t.response_ms))]))];
}

function checks(list) {
  if (!list || !list.length) return [];
  const state = c => el("td", { class: c.status === "pass" ? "t-PASS" : "t-FAIL" }, c.status);
  const extra = c => [c.severity, c.stage && `stage: ${c.stage}`].filter(Boolean).join(" · ");
  const odd = list.some(extra);
  return [el("h3", {}, "Checks"), table("Checks of this call", ["check", "of", "status", "expected", "got", "decided by", ...(odd ? ["severity, stage"] : []), "at"],
    list.map(c => [c.type, c.turn || "call", state(c), c.expected || "", (c.got || "") + (c.reason ? ` (${c.reason})` : ""), c.decided_by || "", ...(odd ? [extra(c)] : []), c.at || ""]))];
}

function sound(line) {
  const a = line.audio && line.audio.agent, of = [["loudness_lufs", "loudness", v => v.toFixed(1) + " LUFS"], ["snr_db", "SNR", v => v.toFixed(1) + " dB"], ["clipping", "clipping", v => percent(v, 2)], ["dropouts", "dropouts", v => String(v)], ["band_high_hz", "bandwidth", v => Math.round(v) + " Hz"]];
  if (!a) return null;
  return el("p", { class: "small" }, "The agent's sound: ", of.map(([k, name, f]) => `${name} ${typeof a[k] === "number" ? f(a[k]) : "–"}`).join(" · "));
}

function quality(line) {
  const pairs = o => Object.entries(o || {}).filter(([, v]) => typeof v === "number");
  const rows = [...pairs(line.measures), ...pairs(line.audio), ...Object.entries(line.audio || {}).filter(([, v]) => v && typeof v === "object" && !Array.isArray(v)).flatMap(([side, o]) => pairs(o).map(([k, v]) => [`${side} ${k}`, v]))];
  if (!rows.length) return [];
  return [el("details", {}, el("summary", {}, "Measures of this call"), el("dl", {}, rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, String(+v.toFixed(3)))])))];
}

function command(text) {
  const button = el("button", { type: "button", onclick: () => {
    const done = () => { button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1500); };
    navigator.clipboard.writeText(text).then(done, () => { getSelection().selectAllChildren(code); button.textContent = "selected"; });
  } }, "copy"), code = el("code", { tabindex: "0", role: "region", "aria-label": "Command that repeats this call" }, text);
  return el("div", { class: "cmd" }, code, button);
}

// `whole` has the line of results.jsonl and the files of the call's folder; it is absent for most calls of a large run.
function showCall(row, whole) {
  const line = whole && whole.line, t = whole && whole.transcript, src = `calls/${encodeURIComponent(row.folder)}/${whole && whole.audio || "both.wav"}`;
  const p = whole ? (whole.audio ? player(src, t ? t.duration_s : row.seconds || 0) : null) : player(src, row.seconds || 0);
  const attempts = line && line.attempts || [];
  return el("div", {},
    el("h3", { style: "font-size:17px;margin-top:0;display:flex;gap:10px;align-items:center;flex-wrap:wrap" }, pill(row.verdict), row.test, row.unsure ? pill("DOUBT", "unsure") : null),
    el("p", { class: "soft small" }, `${row.slice} · repeat ${row.repeat} · ${seconds(row.seconds)}${known(row.slowest) ? ` · slowest answer ${ms(row.slowest)}` : ""}${line && line.end ? ` · ended by ${line.end.by}` : ""}`),
    row.reason ? el("div", { class: "reason " + row.verdict }, row.reason) : null,
    line && line.broken && line.broken.length ? el("div", { class: "reason FAIL" }, "Broken promises: " + line.broken.join("; ")) : null,
    attempts.length ? el("p", { class: "small" }, `Tried again: ${attempts.map(a => `${a.verdict} (${a.reason})`).join(", then ")}.`) : null,
    t ? wave(whole, p) : null, p && p.bar,
    whole ? null : el("p", { class: "soft" }, `Transcript, checks and waveform of this call are in calls/${row.folder}/ and results.jsonl: of a large run the page holds those of the first ${data.head.whole_bad} that did not pass and the first ${data.head.whole_good} that did.`),
    line ? [checks(line.checks), line.skipped && line.skipped.length ? el("p", { class: "soft small" }, "Skipped: " + line.skipped.join("; ")) : null] : null,
    t ? talk(t, p) : null, whole ? waterfall(whole.waterfall) : null, line ? [sound(line), quality(line)] : null,
    line && line.rerun ? [el("h3", {}, "The same call again"), command(line.rerun)] : null);
}
