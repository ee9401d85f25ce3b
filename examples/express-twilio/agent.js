'use strict';
// A voice agent which is not ours: Express, ws and the official twilio package. It takes a booking step by step, one step per turn
// of the caller, whom it hears by energy only. So it understands no word, but it answers, listens, yields when interrupted,
// books once per call and says goodbye: enough to be called by anybody who claims to be Twilio.
//
//   node agent.js [--port N] [--token T]      prints {"port": N} when it listens
//   GET /bookings   the bookings so far       DELETE /bookings   forget them

const http = require('node:http');
const express = require('express');
const twilio = require('twilio');
const { WebSocketServer } = require('ws');
const { synthesise, EnergyVad } = require('./speech.js');

const STEPS = [
  { name: 'problem', say: 'Thank you for calling Reliable Heating and Air. What can I help you with today?' },
  { name: 'name', say: 'I am sorry to hear that. What is your name?' },
  { name: 'phone', say: 'Thanks. What is the best phone number to reach you?' },
  { name: 'address', say: 'Got it. What is the service address?' },
  { name: 'time', say: 'We have tomorrow at nine in the morning, or two in the afternoon. Which one works for you?' },
  { name: 'confirm', say: 'Let me confirm. A technician will visit you at that time. Is that right?' },
  { name: 'goodbye', say: 'You are booked. Goodbye.' },
];
const REPROMPT = 'Are you still there?';
const PATIENCE_MS = 10000;
const FRAME = 160;

// One call's conversation over its Media Stream.
class Conversation {
  constructor(socket, prompts, bookings) {
    Object.assign(this, { socket, prompts, bookings, step: 0, turns: [], vad: new EnergyVad(), marks: 0, waiting: null, reprompts: 0 });
    this.rest = Buffer.alloc(0);
  }

  send(message) {
    this.socket.send(JSON.stringify({ ...message, streamSid: this.streamSid }));
  }

  say(text) {
    clearTimeout(this.patience);
    this.send({ event: 'media', media: { payload: this.prompts.get(text).toString('base64') } });
    this.waiting = `said-${++this.marks}`;
    this.send({ event: 'mark', mark: { name: this.waiting } });
  }

  start({ streamSid, callSid, customParameters }) {
    Object.assign(this, { streamSid, callSid, from: customParameters.from });
    this.say(STEPS[0].say);
  }

  marked(name) {
    if (name !== this.waiting) return;
    this.waiting = null;
    if (STEPS[this.step].name === 'goodbye') {
      this.socket.close(1000, 'goodbye');
      return;
    }
    this.patience = setTimeout(() => this.silent(), PATIENCE_MS);
  }

  silent() {
    if (this.reprompts++) this.socket.close(1000, 'nobody there');
    else this.say(REPROMPT);
  }

  hear(ulaw) {
    this.rest = Buffer.concat([this.rest, ulaw]);
    for (; this.rest.length >= FRAME; this.rest = this.rest.subarray(FRAME)) {
      const change = this.vad.feed(this.rest.subarray(0, FRAME));
      if (change === 'started') this.started();
      if (change === 'ended') this.ended();
    }
  }

  started() {
    clearTimeout(this.patience);
    this.turnAt = Date.now();
    if (!this.waiting || STEPS[this.step].name === 'goodbye') return;
    this.waiting = null; // the mark comes back all the same: it is no longer waited for
    this.interrupted = true;
    this.send({ event: 'clear' });
  }

  ended() {
    if (STEPS[this.step].name === 'goodbye') return;
    this.turns.push({ step: STEPS[this.step].name, ms: Date.now() - this.turnAt, interrupted: Boolean(this.interrupted) });
    this.interrupted = false;
    this.reprompts = 0;
    this.step++;
    if (STEPS[this.step].name === 'goodbye') this.book();
    this.say(STEPS[this.step].say);
  }

  book() {
    if (!this.bookings.has(this.callSid)) this.bookings.set(this.callSid, { callSid: this.callSid, from: this.from, turns: this.turns });
  }

  message(text) {
    const m = JSON.parse(text);
    if (m.event === 'start') this.start(m.start);
    else if (m.event === 'media') this.hear(Buffer.from(m.media.payload, 'base64'));
    else if (m.event === 'mark') this.marked(m.mark.name);
    else if (m.event === 'stop') this.socket.close(1000);
  }

  over() {
    clearTimeout(this.patience);
  }
}

function voiceAnswer(req, res) {
  const response = new twilio.twiml.VoiceResponse();
  const scheme = req.protocol === 'https' ? 'wss' : 'ws';
  const stream = response.connect().stream({ url: `${scheme}://${req.get('host')}/media` });
  stream.parameter({ name: 'from', value: req.body.From });
  response.hangup();
  res.type('text/xml').send(response.toString());
}

// Resolves to {server, port, bookings} when it listens.
function startAgent({ port = 0, token } = {}) {
  const prompts = new Map([...STEPS.map((s) => s.say), REPROMPT].map((text) => [text, synthesise(text)]));
  const bookings = new Map();
  const app = express();
  app.set('trust proxy', true);
  app.use(express.urlencoded({ extended: false }));
  app.post('/voice', twilio.webhook({ validate: Boolean(token) }, token), voiceAnswer);
  app.get('/bookings', (req, res) => res.json([...bookings.values()]));
  app.delete('/bookings', (req, res) => {
    bookings.clear();
    res.sendStatus(204);
  });

  const server = http.createServer(app);
  const sockets = new WebSocketServer({
    server,
    path: '/media',
    verifyClient: ({ req }) =>
      !token || twilio.validateRequest(token, req.headers['x-twilio-signature'], `ws://${req.headers.host}${req.url}`, {}),
  });
  sockets.on('connection', (socket) => {
    const conversation = new Conversation(socket, prompts, bookings);
    socket.on('message', (data) => conversation.message(data.toString()));
    socket.on('close', () => conversation.over());
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ server, port: server.address().port, bookings, steps: STEPS }));
  });
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
}

if (require.main === module) {
  startAgent({ port: Number(option('--port') ?? 0), token: option('--token') }).then(({ port }) => console.log(JSON.stringify({ port })));
}

module.exports = { startAgent };
