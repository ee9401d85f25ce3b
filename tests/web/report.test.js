// The report of a real (simulated) run, opened from its folder as a person would: no server, no network.
"use strict";
const assert = require("node:assert/strict");
const { mkdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { after, before, test } = require("node:test");
const { open } = require("./browser.js");

const runs = process.env.CW_WEB_RUNS, pictures = process.env.CW_WEB_PICTURES || join(runs, "pictures"), file = join(runs, "mixed", "report.html");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
let it;

before(async () => { mkdirSync(pictures, { recursive: true }); it = await open(file); });
after(async () => { if (it) await it.browser.close(); });

test("opens from file:// with the run's own numbers", async () => {
  const sum = JSON.parse(readFileSync(join(runs, "mixed", "summary.json"), "utf8"));
  assert.match(await it.page.textContent("h1"), /Failed.*agent:/);
  const tiles = await it.page.locator(".tiles li").allTextContents();
  assert.ok(tiles.includes(`${sum.verdicts.PASS}passed`), tiles.join(" | "));
  assert.ok(tiles.includes(`${sum.verdicts.FAIL}failed`), tiles.join(" | "));
  assert.ok(await it.page.locator("#slices td.heat button").count() >= 2);
});

test("plays the recording, from the button and from the waveform", async () => {
  await it.page.locator(".detail .play").click();
  const audio = it.page.locator(".detail audio");
  await it.page.waitForFunction(() => document.querySelector(".detail audio").currentTime > 0.05);
  assert.ok(await audio.evaluate(a => a.duration) > 5);
  await it.page.locator(".detail .play").click();
  assert.equal(await audio.evaluate(a => a.paused), true);
  const box = await it.page.locator(".wave svg").boundingBox();
  await it.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await it.page.waitForFunction(() => { const a = document.querySelector(".detail audio"); return Math.abs(a.currentTime - a.duration / 2) < a.duration / 10; });
  await audio.evaluate(a => a.pause());
});

test("shows turns, checks, waterfall and the command that repeats the call", async () => {
  const text = await it.page.locator(".detail").textContent();
  for (const part of ["What was said", "Checks", "Where each answer's silence went", "callwright test"]) assert.ok(text.includes(part), part);
  assert.ok(await it.page.locator(".detail rect.turn").count() >= 2);
});

test("filters by verdict, text and slice, and says how many are left", async () => {
  const total = await it.page.locator("[role=status]").textContent();
  await it.page.locator(".chips button", { hasText: "fail" }).first().click();
  assert.notEqual(await it.page.locator("[role=status]").textContent(), total);
  const seen = await it.page.locator(".row .v").allTextContents();
  assert.ok(seen.length > 0 && seen.every(v => v === "FAIL"), seen.join(" "));
  await it.page.locator(".chips button", { hasText: "fail" }).first().click();
  await it.page.fill("input[type=search]", "no such test anywhere");
  assert.match(await it.page.locator("[role=status]").textContent(), /^0 of /);
  await it.page.fill("input[type=search]", "");
  await it.page.locator("#slices td.heat button").first().click();
  assert.match(await it.page.locator("[role=status]").textContent(), / of /);
  await it.page.selectOption("select[aria-label=Slice]", "");
  assert.equal(await it.page.locator("[role=status]").textContent(), total);
});

test("is worked by keyboard alone", async () => {
  await it.page.locator(".list").focus();
  await it.page.keyboard.press("Home");
  const first = await it.page.locator(".row[aria-selected=true]").getAttribute("id");
  await it.page.keyboard.press("ArrowDown");
  const second = await it.page.locator(".row[aria-selected=true]").getAttribute("id");
  assert.notEqual(first, second);
  assert.equal(await it.page.locator(".list").getAttribute("aria-activedescendant"), second);
  await it.page.keyboard.press(" ");
  await it.page.waitForFunction(() => !document.querySelector(".detail audio").paused);
  await it.page.keyboard.press(" ");
  await it.page.keyboard.press("/");
  assert.equal(await it.page.evaluate(() => document.activeElement.type), "search");
});

test("the copied command is the rerun line of results.jsonl", async () => {
  const line = JSON.parse(readFileSync(join(runs, "mixed", "results.jsonl"), "utf8").split("\n")[0]);
  await it.page.fill("input[type=search]", line.test);
  await it.page.selectOption("select[aria-label=Order]", "plan");
  await it.page.locator(".row").first().click();
  assert.equal(await it.page.locator(".cmd code").textContent(), line.rerun);
  await it.page.fill("input[type=search]", "");
});

test("sets the targets side by side and gives scores and pooled word errors", async () => {
  assert.equal(await it.page.locator("#targets tbody tr").count(), 2);
  assert.match(await it.page.locator("#targets").textContent(), /\d+ pairs/);
  assert.match(await it.page.locator("#ears").textContent(), /\d+\/\d+ in \d+ calls/);
  assert.match(await it.page.locator("#scores").textContent(), /Functional scores.*overall score/);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing serious (${scheme})`, async () => {
    const one = await open(file, { colorScheme: scheme });
    try {
      await one.page.evaluate(axe);
      const found = await one.page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const bad = found.violations.filter(v => v.impact === "serious" || v.impact === "critical");
      assert.deepEqual(bad.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(", ")}`), []);
      await one.page.screenshot({ path: join(pictures, `report-${scheme}.png`), fullPage: true });
    } finally { await one.browser.close(); }
  });
}

test("fits a telephone: 390 px wide, nothing sticks out", async () => {
  const one = await open(file, { viewport: { width: 390, height: 844 } });
  try {
    const [inner, scroll] = await one.page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(scroll <= inner, `${scroll} px wide`);
    await one.page.screenshot({ path: join(pictures, "report-390.png"), fullPage: true });
  } finally { await one.browser.close(); }
});

test("the theme button changes the theme", async () => {
  const before = await it.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await it.page.locator("nav button").click();
  assert.notEqual(await it.page.evaluate(() => getComputedStyle(document.body).backgroundColor), before);
});

test("nothing was said to the console, nothing was asked of the network", () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.asked, []);
});

test("10,000 executions open in under 3 s", async t => {
  const one = await open(join(runs, "large", "report.html"));
  try {
    assert.match(await one.page.locator("[role=status]").textContent(), /10,000 calls/);
    assert.ok(await one.page.locator(".row").count() < 60, "the list draws only what is in sight");
    await one.page.locator(".list").focus();
    await one.page.keyboard.press("End");
    assert.equal(await one.page.locator(".row[aria-selected=true]").getAttribute("aria-posinset"), "10000");
    assert.deepEqual(one.said, []);
    t.diagnostic(`opened in ${one.ms} ms`);
    assert.ok(one.ms < 3000, `${one.ms} ms`);
  } finally { await one.browser.close(); }
});
