'use strict';
// Our emulator's signatures, checked by the official SDK in a real Express server and a real WebSocket server.

const test = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const express = require('express');
const twilio = require('twilio');
const { WebSocketServer } = require('ws');
const { call, TOKEN } = require('./carrier.js');

async function serve(routes) {
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  const server = http.createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const seen = routes(app, server, base);
  return { server, base, seen };
}

const xml = (res, response) => res.type('text/xml').send(response.toString());
const answer = (text) => {
  const response = new twilio.twiml.VoiceResponse();
  response.say(text);
  return response;
};

test('webhooks pass twilio.webhook(), POST, GET and redirected', async () => {
  const seen = [];
  const { server, base } = await serve((app) => {
    const check = twilio.webhook({ validate: true }, TOKEN);
    app.post('/voice', check, (req, res) => {
      seen.push(req.body);
      const response = new twilio.twiml.VoiceResponse();
      response.redirect({ method: 'GET' }, '/next?tenant=7&x=a%20b');
      xml(res, response);
    });
    app.get('/next', check, (req, res) => {
      seen.push(req.query);
      xml(res, answer('Hi'));
    });
    app.post('/status', check, (req, res) => {
      seen.push(req.body);
      res.sendStatus(204);
    });
  });
  const result = await call(`${base}/voice?a=1&b=c%20d`, { token: TOKEN, status: `${base}/status` });
  server.close();
  assert.equal(result.code, 0, JSON.stringify(result.events));
  assert.equal(result.closed.reason, 'remote');
  assert.equal(seen.find((p) => p.CallStatus === 'ringing' && p.Direction === 'inbound').To, '+12025550199');
  assert.ok(seen.some((p) => p.tenant === '7' && p.x === 'a b'));
  assert.deepEqual(
    seen.filter((p) => p.CallbackSource).map((p) => p.CallStatus).sort(),
    ['completed', 'in-progress', 'initiated', 'ringing'],
  );
});

test('a webhook signed with another token is refused by the SDK', async () => {
  const { server, base } = await serve((app) => {
    app.post('/voice', twilio.webhook({ validate: true }, TOKEN), (req, res) => xml(res, answer('never')));
  });
  const result = await call(`${base}/voice`, { token: 'f'.repeat(32) });
  server.close();
  assert.equal(result.code, 3);
  assert.equal(result.closed.reason, 'refused');
  assert.match(result.closed.detail, /got 403/);
});

test('the handshake passes validateRequest() and looks like the real one', async () => {
  const handshakes = [];
  const messages = [];
  const { server, base } = await serve((app, server, base) => {
    app.post('/voice', (req, res) => {
      const response = new twilio.twiml.VoiceResponse();
      response.connect().stream({ url: `ws${base.slice(4)}/media` }).parameter({ name: 'tenant', value: '7' });
      xml(res, response);
    });
    new WebSocketServer({ server, path: '/media' }).on('connection', (socket, req) => {
      handshakes.push(req.headers);
      socket.on('message', (data, binary) => {
        assert.equal(binary, false);
        messages.push(JSON.parse(data));
        if (messages.length === 20) socket.close(1000);
      });
    });
  });
  const result = await call(`${base}/voice`, { token: TOKEN, digits: '7', seconds: 10 });
  server.close();
  assert.equal(result.code, 0);
  const [h] = handshakes;
  assert.ok(twilio.validateRequest(TOKEN, h['x-twilio-signature'], `ws${base.slice(4)}/media`, {}));
  assert.ok(!twilio.validateRequest('x', h['x-twilio-signature'], `ws${base.slice(4)}/media`, {}));
  assert.equal(h['user-agent'], 'Twilio.TmeWs/1.0');
  assert.equal(h['sec-websocket-version'], '13');
  for (const name of ['origin', 'sec-websocket-protocol', 'sec-websocket-extensions']) assert.equal(h[name], undefined, name);

  assert.deepEqual(messages[0], { event: 'connected', protocol: 'Call', version: '1.0.0' });
  assert.equal(messages[1].event, 'start');
  assert.deepEqual(messages[1].start.customParameters, { tenant: '7' });
  assert.deepEqual(messages[1].start.mediaFormat, { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 });
  assert.deepEqual(messages.slice(1).map((m) => m.sequenceNumber), messages.slice(1).map((_, i) => String(i + 1)));
  const media = messages.filter((m) => m.event === 'media').map((m) => m.media);
  assert.deepEqual(media.map((m) => m.chunk), media.map((_, i) => String(i + 1)));
  assert.deepEqual(media.map((m) => m.timestamp), media.map((_, i) => String(20 * (i + 1))));
  assert.ok(media.every((m) => m.track === 'inbound' && Buffer.from(m.payload, 'base64').length === 160));
});
