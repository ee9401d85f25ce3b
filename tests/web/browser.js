// Chromium for the tests, and what a page said and asked for while it was open.
"use strict";
const { existsSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const binary = [process.env.CW_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(p => p && existsSync(p));

async function open(file, options = {}) {
  const browser = await chromium.launch({ executablePath: binary, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage(), said = [], asked = [];
  page.on("console", m => { if (m.type() === "error" || m.type() === "warning") said.push(m.text()); });
  page.on("pageerror", e => said.push(String(e.stack || e)));
  page.on("request", r => { if (!/^(file|data|blob):/.test(r.url())) asked.push(r.url()); });
  const began = Date.now();
  await page.goto(pathToFileURL(file).href);
  await page.locator(".row").first().waitFor();
  return { browser, page, said, asked, ms: Date.now() - began };
}

module.exports = { binary, open };
