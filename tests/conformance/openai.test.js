'use strict';
// The official OpenAI client talks to our stand-in.

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const OpenAI = require('openai');

const callwright = process.env.CW_CALLWRIGHT;
const skip = callwright && fs.existsSync(callwright) ? false : 'callwright was not built';
const user = (content) => [{ role: 'user', content }];

// Run the stand-in with these options and hand a client of it to fn.
async function withStandin(options, fn, client = {}) {
  const standin = spawn(callwright, ['standin', 'openai', '--listen', '127.0.0.1:0', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    let text = '';
    while (!/:(\d+): /.test(text)) text += (await once(standin.stderr, 'data'))[0];
    const baseURL = `http://127.0.0.1:${/:(\d+): /.exec(text)[1]}/v1`;
    await fn(new OpenAI({ baseURL, apiKey: 'sk-test', maxRetries: 0, ...client }));
  } finally {
    standin.kill();
  }
}

function answersFile(answers) {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'answers-')), 'answers.json');
  fs.writeFileSync(file, JSON.stringify({ answers }));
  return file;
}

test('whole answers, streams, usage and models', { skip }, () => withStandin([], async (client) => {
  const whole = await client.chat.completions.create({ model: 'm', messages: user('What is 25 * 4?') });
  assert.equal(whole.choices[0].message.content, '25 * 4 is 100.');
  assert.equal(whole.choices[0].finish_reason, 'stop');
  assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

  const stream = await client.chat.completions.create({
    model: 'm', messages: user('Hello, my name is Zoë'), stream: true, stream_options: { include_usage: true }, n: 2,
  });
  const texts = ['', ''];
  let usage;
  for await (const chunk of stream) {
    for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.deepEqual(texts, ['Hello Zoë, nice to meet you!', 'Hello Zoë, nice to meet you!']);
  assert.ok(usage.completion_tokens > 0);

  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  assert.ok(models.includes('standin-talk-1'));
}));

test('tools and schemas through the helpers of the client', { skip }, async () => {
  const file = answersFile([
    { match: 'order (\\d+)', role: 'user', tools: [{ name: 'find_order', arguments: { id: '$1' } }], times: 1 },
    { match: 'shipped', role: 'tool', reply: 'It has shipped.' },
    { match: 'judge', json: { reasoning: 'because', verdict: 'pass' } },
  ]);
  await withStandin(['--answers', file], async (client) => {
    const tools = [{ type: 'function', function: { name: 'find_order', parameters: { type: 'object', properties: { id: { type: 'string' } } } } }];
    const messages = user('Where is order 66?');
    const asked = await client.chat.completions.stream({ model: 'm', messages, tools }).finalChatCompletion();
    const [call] = asked.choices[0].message.tool_calls;
    assert.equal(asked.choices[0].finish_reason, 'tool_calls');
    assert.deepEqual(JSON.parse(call.function.arguments), { id: '66' });
    const answer = await client.chat.completions.create({
      model: 'm', tools, messages: [...messages, asked.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'shipped' }],
    });
    assert.equal(answer.choices[0].message.content, 'It has shipped.');
    const parsed = await client.chat.completions.parse({
      model: 'm', messages: user('judge this'),
      response_format: { type: 'json_schema', json_schema: { name: 'verdict', strict: true, schema: {
        type: 'object', properties: { reasoning: { type: 'string' }, verdict: { type: 'string' } }, required: ['reasoning', 'verdict'], additionalProperties: false,
      } } },
    });
    assert.equal(JSON.parse(parsed.choices[0].message.content).verdict, 'pass');
  });
});

test('embeddings: the base64 the client asks for, and numbers', { skip }, () => withStandin([], async (client) => {
  const packed = await client.embeddings.create({ model: 'e', input: ['the furnace is broken', 'my furnace broke'] });
  const plain = await client.embeddings.create({ model: 'e', input: 'the furnace is broken', encoding_format: 'float' });
  assert.equal(packed.data.length, 2);
  assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
  packed.data[0].embedding.forEach((v, i) => assert.ok(Math.abs(v - plain.data[0].embedding[i]) < 1e-5));
}));

test('mistakes are errors of the right class', { skip }, () => withStandin(['--key', 'sk-right'], async (client) => {
  const good = client.withOptions({ apiKey: 'sk-right' });
  const hello = { model: 'm', messages: user('hi') };
  await assert.rejects(client.chat.completions.create(hello), (e) => e instanceof OpenAI.AuthenticationError && e.code === 'invalid_api_key' && !!e.requestID);
  await assert.rejects(good.chat.completions.create({ ...hello, temprature: 1 }), (e) => e instanceof OpenAI.BadRequestError && e.code === 'unknown_parameter' && e.param === 'temprature');
  await assert.rejects(good.chat.completions.create({ ...hello, messages: [] }), OpenAI.BadRequestError);
  await assert.rejects(good.get('/nothing'), OpenAI.NotFoundError);
  assert.ok((await good.chat.completions.create(hello)).choices[0].message.content);
}));

test('faults reach the client as what they are', { skip }, async () => {
  const hello = { model: 'm', messages: user('one two three four five six') };
  const drain = async (client) => {
    for await (const chunk of await client.chat.completions.create({ ...hello, stream: true })) void chunk;
  };
  await withStandin(['--fault', '429:1'], (client) => assert.rejects(client.chat.completions.create(hello), (e) => e instanceof OpenAI.RateLimitError && e.headers.get('retry-after') === '1'));
  await withStandin(['--fault', '500'], (client) => assert.rejects(client.chat.completions.create(hello), OpenAI.InternalServerError));
  await withStandin(['--fault', 'error-event'], (client) => assert.rejects(drain(client), OpenAI.APIError));
  await withStandin(['--fault', 'cut'], (client) => assert.rejects(drain(client)));
  await withStandin(['--fault', 'garbage'], (client) => assert.rejects(drain(client)));
  await withStandin(['--fault', 'silent'], (client) => assert.rejects(client.chat.completions.create(hello), OpenAI.APIConnectionTimeoutError), { timeout: 300 });
});

test('a client that retries gets through a server that fails every other time', { skip }, () => withStandin(['--fault', '503', '--fault-every', '2'], async (client) => {
  const hello = { model: 'm', messages: user('hi') };
  for (let i = 0; i < 3; i++) assert.ok((await client.chat.completions.create(hello)).choices[0].message.content);
}, { maxRetries: 2 }));
