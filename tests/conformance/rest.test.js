'use strict';
// The official REST client places calls on our stand-in, which runs them against a webhook of ours.

const test = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const express = require('express');
const twilio = require('twilio');

const ACCOUNT = 'AC00000000000000000000000000000001';
const TOKEN = '0'.repeat(32);

// The SDK with api.twilio.com replaced by the stand-in's address.
class LocalClient extends twilio.RequestClient {
  constructor(base) {
    super();
    this.base = base;
  }

  request(options) {
    return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', this.base) });
  }
}

test('calls are placed, read, updated, listed and refused', async () => {
  const standin = spawn(process.env.CW_REST_SERVER, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(standin.stdout, 'data');
  const base = `http://127.0.0.1:${JSON.parse(line).port}`;
  const client = twilio(ACCOUNT, TOKEN, { httpClient: new LocalClient(base) });
  const app = express();
  const statuses = [];
  app.use(express.urlencoded({ extended: false }), twilio.webhook({ validate: true }, TOKEN));
  app.post('/voice', (req, res) => {
    const response = new twilio.twiml.VoiceResponse();
    response.pause({ length: 30 });
    res.type('text/xml').send(response.toString());
  });
  let ended;
  const completed = new Promise((resolve) => (ended = resolve));
  app.post('/status', (req, res) => {
    statuses.push(req.body.CallStatus);
    res.sendStatus(204);
    if (req.body.CallStatus === 'completed') ended();
  });
  const server = http.createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const web = `http://127.0.0.1:${server.address().port}`;

  try {
    const call = await client.calls.create({
      to: '+12025550111', from: '+12025550100', url: `${web}/voice`, statusCallback: `${web}/status`,
      statusCallbackEvent: ['ringing', 'answered', 'completed'],
    });
    assert.match(call.sid, /^CA[0-9a-f]{32}$/);
    assert.equal(call.status, 'queued');
    assert.equal(call.direction, 'outbound-api');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await client.calls(call.sid).fetch()).status, 'in-progress');
    assert.equal((await client.calls.list({ limit: 5 }))[0].sid, call.sid);
    await client.calls(call.sid).update({ status: 'completed' });
    await completed;
    const over = await client.calls(call.sid).fetch();
    assert.equal(over.status, 'completed');
    assert.ok(over.endTime instanceof Date && Number(over.duration) >= 0);
    assert.deepEqual(statuses.slice().sort(), ['completed', 'in-progress', 'ringing']);
    await assert.rejects(client.calls(call.sid).update({ status: 'completed' }), { code: 21220, status: 400 });
    await assert.rejects(client.calls.create({ to: '', from: '+1', url: web }), { code: 21201 });
    const stranger = twilio(ACCOUNT, 'wrong', { httpClient: new LocalClient(base) });
    await assert.rejects(stranger.calls(call.sid).fetch(), { code: 20003, status: 401 });
  } finally {
    server.close();
    standin.stdin.end();
  }
});
