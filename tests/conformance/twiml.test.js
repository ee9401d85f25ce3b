'use strict';
// TwiML as the official VoiceResponse writes it, run by our interpreter: every verb, no warning.

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const http = require('node:http');
const express = require('express');
const twilio = require('twilio');
const { call, TOKEN } = require('./carrier.js');

const { VoiceResponse } = twilio.twiml;

// Serve documents by path, run the call, give back what happened and what was asked.
async function run(documents, options = {}) {
  const app = express();
  const asked = [];
  app.use(express.urlencoded({ extended: false }));
  app.use(twilio.webhook({ validate: true }, TOKEN));
  app.use((req, res) => {
    asked.push({ path: req.path, ...req.body });
    const build = documents[req.path];
    if (!build) return res.sendStatus(204);
    const response = new VoiceResponse();
    build(response, req);
    return res.type('text/xml').send(response.toString());
  });
  const server = http.createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const result = await call(`http://127.0.0.1:${server.address().port}/voice`, { token: TOKEN, voice: 'modem', ear: 'modem', seconds: 30, ...options });
  server.close();
  result.asked = (where) => asked.filter((a) => a.path === where);
  assert.deepEqual(result.notes('twilio.warning'), []);
  return result;
}

test('Say with SSML, Pause, Play digits, Hangup', async () => {
  const result = await run({
    '/voice': (r) => {
      const say = r.say({ voice: 'Polly.Joanna', language: 'en-US', loop: 1 }, 'Hello ');
      say.emphasis({ level: 'strong' }, 'dear');
      say.break({ strength: 'weak', time: '100ms' });
      say.p('caller');
      say.sayAs({ 'interpret-as': 'digits' }, '12');
      r.pause({ length: 1 });
      r.play({ digits: 'w1' });
      r.hangup();
    },
  });
  assert.deepEqual(result.notes('twilio.say'), [{ text: 'Hello dear caller 12' }]);
  assert.deepEqual(result.notes('twilio.pause'), [{ seconds: 1 }]);
  assert.equal(result.closed.detail, '<Hangup>');
  assert.ok(result.closed.voice_frames > 10);
});

test('Gather keys with a nested prompt', async () => {
  const result = await run(
    {
      '/voice': (r) => {
        const gather = r.gather({ action: '/digits', numDigits: 2, timeout: 3, finishOnKey: '#', input: 'dtmf' });
        gather.say('Press two keys, please, any two of them, and take your time.');
        gather.pause({ length: 1 });
        r.say('nothing pressed');
      },
      '/digits': (r) => r.hangup(),
    },
    { digits: '42' },
  );
  assert.equal(result.asked('/digits')[0].Digits, '42');
});

test('Gather speech, with partial results', async () => {
  const result = await run(
    {
      '/voice': (r) => {
        r.gather({
          action: '/said', input: 'speech', speechTimeout: '1', hints: 'furnace, heater', language: 'en-US', profanityFilter: false,
          partialResultCallback: '/partial', partialResultCallbackMethod: 'POST', actionOnEmptyResult: false, bargeIn: true,
        }).say('What is wrong?');
      },
      '/said': (r) => r.hangup(),
    },
    { say: 'my furnace is broken' },
  );
  assert.equal(result.asked('/said')[0].SpeechResult, 'my furnace is broken');
  assert.ok(Number(result.asked('/said')[0].Confidence) > 0.5);
  assert.ok(result.asked('/partial').every((p) => typeof p.UnstableSpeechResult === 'string'));
});

test('Record, with its callbacks and file', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cw-record-'));
  const result = await run(
    {
      '/voice': (r) =>
        r.record({
          action: '/recorded', method: 'POST', timeout: 1, maxLength: 5, finishOnKey: '#', playBeep: true, trim: 'do-not-trim',
          recordingStatusCallback: '/file', recordingStatusCallbackMethod: 'POST', recordingStatusCallbackEvent: ['completed', 'absent'],
        }),
      '/recorded': (r) => r.hangup(),
    },
    { say: 'leave a message', 'record-dir': folder },
  );
  const [told] = result.asked('/recorded');
  assert.match(told.RecordingUrl, /\/Recordings\/RE[0-9a-f]{32}$/);
  assert.equal(result.asked('/file')[0].RecordingStatus, 'completed');
  const file = path.join(folder, `${told.RecordingUrl.slice(-34)}.wav`);
  assert.equal(fs.readFileSync(file).toString('latin1', 0, 4), 'RIFF');
  fs.rmSync(folder, { recursive: true });
});

test('Dial a number, then go on', async () => {
  const result = await run(
    {
      '/voice': (r) => {
        const dial = r.dial({ action: '/dialled', timeout: 10, timeLimit: 60, callerId: '+12025550100', answerOnBridge: false, record: 'do-not-record' });
        dial.number({ statusCallback: '/leg', statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'] }, '+12025550111');
      },
      '/dialled': (r) => r.redirect({ method: 'POST' }, '/end'),
      '/end': (r) => r.hangup(),
    },
    { dial: '+12025550111' },
  );
  assert.equal(result.asked('/dialled')[0].DialCallStatus, 'completed');
  assert.deepEqual(result.asked('/leg').map((l) => l.CallStatus).sort(), ['completed', 'in-progress', 'initiated', 'ringing']);
  assert.equal(result.asked('/end').length, 1);
});

test('Reject', async () => {
  const result = await run({ '/voice': (r) => r.reject({ reason: 'busy' }) });
  assert.equal(result.code, 3);
  assert.match(result.closed.detail, /busy/);
});

test('Sms, and verbs which the emulator does not have, are told and passed over', async () => {
  const result = await run({
    '/voice': (r) => {
      r.sms({ to: '+12025550123', from: '+12025550100' }, 'See you tomorrow');
      r.enqueue({ waitUrl: '/wait' }, 'support');
      r.leave();
      r.start().stream({ url: 'ws://127.0.0.1:1/none', name: 'ear', track: 'both_tracks' });
      r.stop().stream({ name: 'ear' });
      r.say('done');
    },
  });
  assert.equal(result.notes('twilio.sms')[0].text, 'See you tomorrow');
  assert.deepEqual(result.notes('twilio.unsupported').map((u) => u.verb), ['Enqueue', 'Leave']);
  assert.equal(result.notes('twilio.say').length, 1);
});
