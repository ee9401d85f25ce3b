'use strict';
// The foreign agent, called by our emulator: a booking, a booking with an interruption, a silent caller.

const test = require('node:test');
const assert = require('node:assert');
const { call, TOKEN } = require('./carrier.js');
const { startAgent } = require('../../examples/express-twilio/agent.js');

const TURNS = [
  'My furnace is not working.',
  'Maria Lopez.',
  'Four one five, five five five, zero one three four.',
  'Twelve Oak Street.',
  'The morning, please.',
  'Yes, that is right.',
];

async function booking() {
  const agent = await startAgent({ token: TOKEN });
  const result = await call(`http://127.0.0.1:${agent.port}/voice`, { token: TOKEN, from: '+12025550123', say: TURNS, seconds: 90 });
  agent.server.close();
  assert.equal(result.code, 0);
  assert.equal(result.closed.reason, 'remote');
  assert.equal(result.closed.detail, '<Hangup>');
  assert.deepEqual(result.notes('twilio.warning'), []);
  const [booked, ...others] = agent.bookings.values();
  assert.equal(others.length, 0);
  assert.equal(booked.from, '+12025550123');
  assert.deepEqual(booked.turns.map((t) => t.step), ['problem', 'name', 'phone', 'address', 'time', 'confirm']);
}

async function interrupted() {
  const agent = await startAgent({ token: TOKEN });
  const result = await call(`http://127.0.0.1:${agent.port}/voice`, { token: TOKEN, say: TURNS, interrupt: 800, seconds: 90 });
  agent.server.close();
  assert.equal(result.closed.detail, '<Hangup>');
  const [booked] = agent.bookings.values();
  assert.equal(booked.turns[0].interrupted, true);
  const said = result.events.find((e) => e.event === 'say');
  const silent = result.events.find((e) => e.event === 'voice' && !e.on && e.at_ms > said.at_ms);
  assert.ok(silent.at_ms - said.at_ms < 1500, `silent after ${silent.at_ms - said.at_ms} ms`);
}

async function silentCaller() {
  const agent = await startAgent({ token: TOKEN });
  const result = await call(`http://127.0.0.1:${agent.port}/voice`, { token: TOKEN, seconds: 60 });
  agent.server.close();
  assert.equal(result.closed.detail, '<Hangup>');
  assert.equal(agent.bookings.size, 0);
}

// They take the time that talking takes: all at once.
test('the foreign agent', { concurrency: true }, (t) =>
  Promise.all([
    t.test('books, one step per turn', booking),
    t.test('falls silent when interrupted and goes on', interrupted),
    t.test('gives up on a silent caller', silentCaller),
  ]),
);
