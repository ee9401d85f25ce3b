"use strict";
// Small tools of the report: elements, numbers, tables, curves. No network, no library.
const SVG = new Set(["svg", "g", "rect", "line", "text", "path", "title", "circle"]);

function el(name, attributes, ...children) {
  const node = SVG.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}
const known = x => x !== null && x !== undefined;
const ms = x => known(x) ? Math.round(x).toLocaleString("en") + " ms" : "n too small";
const seconds = x => known(x) ? x.toFixed(1) + " s" : "–";
const percent = (x, digits = 0) => (100 * x).toFixed(digits) + " %";
const clock = s => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || one + "s"}`;
const pill = (verdict, text, big) => el("span", { class: `pill ${verdict}${big ? " big" : ""}` }, text || verdict);

// Wilson's score interval at 95 %, as everywhere else in the program.
function wilson(k, n) {
  if (!n) return [0, 1];
  const z = 1.96, p = k / n, mid = (p + z * z / (2 * n)) / (1 + z * z / n), half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return [Math.max(0, mid - half), Math.min(1, mid + half)];
}

function table(caption, heads, rows, numeric) {
  const n = i => numeric && numeric.includes(i) ? "n" : null;
  const cell = (c, i) => c instanceof HTMLTableCellElement ? c : el("td", { class: n(i) }, c);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((h, i) => el("th", { scope: "col", class: n(i) }, h)))),
      el("tbody", {}, rows.map(row => el("tr", {}, row.map(cell))))));
}

// A long list in a box of its own.
const tall = (label, ...children) => el("div", { class: "tall", tabindex: "0", role: "region", "aria-label": label }, children);

// Empirical distribution of sorted values; `limit` a gate, `marks` percentiles.
function curve(values, label, limit) {
  const w = 620, h = 210, left = 44, right = 16, top = 12, bottom = 30, max = Math.max(values[values.length - 1], limit || 0) * 1.04 || 1, min = Math.min(0, values[0]);
  const x = v => left + (w - left - right) * (v - min) / (max - min), y = p => top + (h - top - bottom) * (1 - p);
  const path = values.map((v, i) => `${i ? "H" : "M"}${i ? x(v).toFixed(1) : `${x(v).toFixed(1)},${y(0).toFixed(1)}`}V${y((i + 1) / values.length).toFixed(1)}`).join("");
  const ticks = [0, .25, .5, .75, 1];
  return el("svg", { viewBox: `0 0 ${w} ${h}`, width: "100%", role: "img", style: "max-width:760px", "aria-label": label },
    ticks.map(p => [el("line", { class: "axis", x1: left, x2: w - right, y1: y(p), y2: y(p) }), el("text", { x: left - 8, y: y(p) + 4, "text-anchor": "end" }, percent(p))]),
    ticks.map(p => el("text", { x: x(min + p * (max - min)), y: h - 8, "text-anchor": p === 1 ? "end" : p ? "middle" : "start" }, Math.round(min + p * (max - min)).toLocaleString("en") + " ms")),
    el("path", { class: "under", d: `${path}V${y(0)}Z` }), el("path", { class: "curve", d: path }),
    limit ? [el("line", { class: "limit", x1: x(limit), x2: x(limit), y1: top, y2: y(0) }), el("text", { x: x(limit) - 5, y: top + 10, "text-anchor": "end" }, `limit ${ms(limit)}`)] : null);
}

// Colour of a share between red, amber and green, mixed from the theme's own.
function heat(share) {
  const [bg, ink] = share >= .995 ? ["var(--pass-bg)", "var(--pass)"] : share < .8 ? ["var(--fail-bg)", "var(--fail)"] : ["var(--odd-bg)", "var(--odd)"];
  return `background:${bg};color:${ink}`;
}

function themeButton() {
  const root = document.documentElement, dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = el("button", { type: "button", "aria-label": "Dark or light", onclick: () => { root.dataset.theme = dark() ? "light" : "dark"; button.textContent = dark() ? "Light" : "Dark"; } }, dark() ? "Light" : "Dark");
  return button;
}
