'use strict';
// A chat agent behind the interface of OpenAI's chat completions, on Express. With OPENAI_API_KEY it asks a real model through the official
// `openai` package (OPENAI_BASE_URL and OPENAI_MODEL as that package knows them); without, it answers by a few rules of its own: it greets,
// remembers the caller's name, calculates, and takes a message.
//
//   node server.js [--port N] [--delay MS]      prints {"port": N} when it listens

const express = require('express');

const OPERATIONS = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, x: (a, b) => a * b, '/': (a, b) => a / b };

const textOf = (content) => (typeof content === 'string' ? content : (content || []).map((part) => part.text || '').join(''));

function nameIn(messages) {
  const said = messages.filter((m) => m.role === 'user').map((m) => textOf(m.content).match(/\bmy name is ([A-Z]\w+)/i));
  return said.filter(Boolean).map((m) => m[1]).at(-1);
}

function answer(messages) {
  const text = textOf(messages.at(-1).content);
  const sum = text.match(/(-?\d+(?:\.\d+)?)\s*([-+*x/])\s*(-?\d+(?:\.\d+)?)/);
  const name = nameIn(messages);

  if (sum) return `That is ${OPERATIONS[sum[2]](Number(sum[1]), Number(sum[3]))}.`;
  if (/what('s| is) my name/i.test(text)) return name ? `Your name is ${name}.` : 'You have not told me your name yet.';
  if (/\bmy name is\b/i.test(text)) return `Hello, ${name}! It's nice to meet you. How can I help you today?`;
  if (/\b(hello|hi|good (morning|afternoon|evening))\b/i.test(text)) return 'Hello! How can I help you today?';
  if (/\b(bye|goodbye)\b/i.test(text)) return 'Goodbye!';
  return `I'm sorry, I can only take a message: I have noted "${text}".`;
}

async function ask(body) {
  if (!process.env.OPENAI_API_KEY) return { content: answer(body.messages), usage: undefined };
  const OpenAI = require('openai');
  const model = process.env.OPENAI_MODEL || body.model;
  const done = await new OpenAI().chat.completions.create({ model, messages: body.messages });
  return { content: done.choices[0].message.content, usage: done.usage };
}

function createApp({ delay = 0 } = {}) {
  const app = express();
  let count = 0;

  app.use(express.json({ limit: '1mb' }));
  app.post('/v1/chat/completions', async (req, res) => {
    if (!Array.isArray(req.body?.messages) || !req.body.messages.length) {
      res.status(400).json({ error: { message: 'messages is needed', type: 'invalid_request_error', param: 'messages', code: null } });
      return;
    }
    try {
      const { content, usage } = await ask(req.body);
      if (delay) await new Promise((go) => setTimeout(go, delay));
      res.json({
        id: `chatcmpl-${++count}`, object: 'chat.completion', created: Math.floor(Date.now() / 1000), model: req.body.model || 'rules',
        choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' }], usage,
      });
    } catch (error) {
      res.status(502).json({ error: { message: error.message, type: 'server_error', param: null, code: null } });
    }
  });
  return app;
}

if (require.main === module) {
  const flag = (name, fallback) => Number(process.argv[process.argv.indexOf(name) + 1] * (process.argv.includes(name)) || fallback);
  const server = createApp({ delay: flag('--delay', 0) }).listen(flag('--port', 3001), '127.0.0.1', () =>
    console.log(JSON.stringify({ port: server.address().port })));
}

module.exports = { createApp, answer };
