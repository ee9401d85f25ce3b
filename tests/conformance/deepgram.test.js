'use strict';
// The official Deepgram client talks to our stand-in.

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { DeepgramClient } = require('@deepgram/sdk');

const callwright = process.env.CW_CALLWRIGHT;
const skip = callwright && fs.existsSync(callwright) ? false : 'callwright was not built';
const telephone = { encoding: 'mulaw', sample_rate: 8000 };
const silence = (ms) => Buffer.alloc(8 * ms, 0xff);

async function withStandin(options, fn, apiKey = 'right') {
  const standin = spawn(callwright, ['standin', 'deepgram', '--listen', '127.0.0.1:0', '--key', 'right', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    let text = '';
    while (!/:(\d+): /.test(text)) text += (await once(standin.stderr, 'data'))[0];
    const at = `127.0.0.1:${/:(\d+): /.exec(text)[1]}`;
    const environment = { base: `http://${at}`, production: `ws://${at}`, agent: `ws://${at}`, agentRest: `http://${at}` };
    await fn(new DeepgramClient({ apiKey, environment, maxRetries: 0 }));
  } finally {
    standin.kill();
  }
}

async function open(resource, args) {
  const socket = await resource.connect({ reconnectAttempts: 0, ...args });
  const messages = [];
  const waiting = [];
  let closed;
  const wake = () => { for (const w of waiting.splice(0)) w(); };
  socket.on('message', (m) => { messages.push(m); wake(); });
  socket.on('close', (e) => { closed = e; wake(); });
  socket.on('error', () => {});
  const until = async (found) => {
    while (!found()) await new Promise((resolve) => { waiting.push(resolve); });
  };
  socket.connect();
  await socket.waitForOpen();
  return {
    socket, messages,
    message: async (match) => {
      await until(() => messages.some(match) || closed);
      return messages.find(match);
    },
    close: async () => { await until(() => closed); return closed.code; },
  };
}

async function bytesOf(part) {
  if (part instanceof Blob) return Buffer.from(await part.arrayBuffer());
  return Buffer.isBuffer(part) ? part : Buffer.from(part.buffer ?? part);
}

const isAudio = (m) => m instanceof Blob || m instanceof ArrayBuffer || ArrayBuffer.isView(m);

async function speech(client, text) {
  const talk = await open(client.speak.v1, { model: 'aura-2-thalia-en', ...telephone });
  talk.socket.sendText({ type: 'Speak', text });
  talk.socket.sendFlush({ type: 'Flush' });
  const flushed = await talk.message((m) => m.type === 'Flushed');
  assert.equal(flushed.sequence_id, 0);
  assert.equal(talk.messages[0].type, 'Metadata');
  assert.equal(talk.messages[0].model_name, 'aura-2-thalia-en');
  const audio = Buffer.concat(await Promise.all(talk.messages.filter(isAudio).map(bytesOf)));
  talk.socket.sendClose({ type: 'Close' });
  assert.equal(await talk.close(), 1000);
  return audio;
}

test('what a voice says a recogniser hears', { skip }, () => withStandin([], async (client) => {
  const audio = await speech(client, 'my furnace stopped working last night');
  assert.ok(audio.length > 8000, `${audio.length} bytes`);
  const ear = await open(client.listen.v1, {
    model: 'nova-3', language: 'en-US', ...telephone, channels: 1, interim_results: 'true', endpointing: 300,
    utterance_end_ms: 1000, vad_events: 'true', smart_format: 'true', keyterm: ['furnace', 'heat pump'],
  });
  for (let at = 0; at < audio.length; at += 800) ear.socket.sendMedia(audio.subarray(at, at + 800));
  ear.socket.sendMedia(silence(2000));
  const last = await ear.message((m) => m.type === 'Results' && m.speech_final);
  const finals = ear.messages.filter((m) => m.type === 'Results' && m.is_final).map((m) => m.channel.alternatives[0].transcript);
  assert.equal(finals.filter(Boolean).join(' '), 'my furnace stopped working last night');
  assert.ok(last.channel.alternatives[0].words.every((w) => w.end > w.start));
  assert.ok(ear.messages.some((m) => m.type === 'Results' && !m.is_final), 'interim results');
  assert.ok(ear.messages.some((m) => m.type === 'SpeechStarted'));
  assert.ok(await ear.message((m) => m.type === 'UtteranceEnd'));
  ear.socket.sendKeepAlive({ type: 'KeepAlive' });
  ear.socket.sendMedia(audio.subarray(0, audio.length));
  ear.socket.sendFinalize({ type: 'Finalize' });
  assert.ok(await ear.message((m) => m.type === 'Results' && m.from_finalize));
  ear.socket.sendCloseStream({ type: 'CloseStream' });
  assert.ok(await ear.message((m) => m.type === 'Metadata'));
  assert.equal(await ear.close(), 1000);
}));

test('Clear is answered and silences', { skip }, () => withStandin(['--latency', '300ms'], async (client) => {
  const talk = await open(client.speak.v1, { model: 'aura-2-thalia-en', ...telephone });
  talk.socket.sendText({ type: 'Speak', text: 'nobody will hear this' });
  talk.socket.sendFlush({ type: 'Flush' });
  talk.socket.sendClear({ type: 'Clear' });
  assert.ok(await talk.message((m) => m.type === 'Cleared'));
  assert.ok(!talk.messages.some(isAudio));
  talk.socket.close();
}));

test('speech by HTTP', { skip }, () => withStandin([], async (client) => {
  const answer = await client.speak.v1.audio.generate({ text: 'good morning', model: 'aura-2-thalia-en', ...telephone, container: 'none' });
  assert.ok(Buffer.from(await answer.arrayBuffer()).length > 4000);
  await assert.rejects(client.speak.v1.audio.generate({ text: '', model: 'aura-2-thalia-en', ...telephone }),
    (e) => e.statusCode === 400 && e.body.err_code === 'Bad Request' && Boolean(e.body.request_id));
  await assert.rejects(client.speak.v1.audio.generate({ text: 'x', model: 'aura-2-thalia-en', encoding: 'mulaw', sample_rate: 44100 }),
    (e) => e.statusCode === 400);
}));

test('a wrong key and faults reach the client as errors', { skip }, async () => {
  await withStandin([], async (client) => {
    await assert.rejects(client.speak.v1.audio.generate({ text: 'x', model: 'aura-2-thalia-en', ...telephone }),
      (e) => e.statusCode === 401 && e.body.err_code === 'INVALID_AUTH');
  }, 'wrong');
  await withStandin(['--fault', '429:1'], async (client) => {
    await assert.rejects(client.speak.v1.audio.generate({ text: 'x', model: 'aura-2-thalia-en', ...telephone }),
      (e) => e.statusCode === 429);
  });
});
