'use strict';
// Runs the C emulator (tests/line/carrier_call.c) and gives back what it printed.

const { spawn } = require('node:child_process');

const TOKEN = '0123456789abcdef0123456789abcdef';

// Resolves to {code, events, closed, notes(what)}.
function call(url, options = {}) {
  const args = [url];
  for (const [name, value] of Object.entries(options)) for (const v of [value].flat()) args.push(`--${name}`, String(v));
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.CW_CARRIER_CALL, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (bytes) => (text += bytes));
    child.on('error', reject);
    child.on('close', (code) => {
      const events = text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
      const notes = (what) => events.filter((e) => e.event === 'note' && e.what === what).map((e) => e.data);
      resolve({ code, events, notes, closed: events.find((e) => e.event === 'closed') });
    });
  });
}

module.exports = { call, TOKEN };
