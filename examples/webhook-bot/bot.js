'use strict';
// A chat bot behind a plain webhook, with nothing but Node: POST {"message", "conversation_id"} gets {"reply"}. It keeps its own memory of each
// conversation, as such bots do.
//
//   node bot.js [--port N]      prints {"port": N} when it listens

const http = require('node:http');

const HOURS = { weekday: 'eight to six', saturday: 'nine to one' };
const memory = new Map();

function reply(id, text) {
  const known = memory.get(id) || {};
  const name = text.match(/\b(?:my name is|i am|i'm) ([A-Z]\w+)/);

  if (name) known.name = name[1];
  memory.set(id, known);
  if (memory.size > 10000) memory.delete(memory.keys().next().value);
  if (/open|hours/i.test(text)) return `We are open ${HOURS.weekday} on weekdays and ${HOURS.saturday} on Saturdays.`;
  if (/my name\?/i.test(text)) return known.name ? `You are ${known.name}.` : 'You did not tell me.';
  if (name) return `Hello ${known.name}, what can I do for you?`;
  return 'I can tell you our opening hours.';
}

const server = http.createServer((req, res) => {
  let body = '';
  req.on('data', (piece) => { body += piece; if (body.length > 65536) req.destroy(); });
  req.on('end', () => {
    try {
      const { message, conversation_id: id } = JSON.parse(body);
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ reply: reply(id, message) }));
    } catch {
      res.writeHead(400, { 'Content-Type': 'text/plain' }).end('send {"message", "conversation_id"}');
    }
  });
});
const port = process.argv.includes('--port') ? Number(process.argv[process.argv.indexOf('--port') + 1]) : 3002;
server.listen(port, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
