'use strict';
/* The published JSON Schema of scenario files, judged by a validator that is not ours: what the parser takes it takes, and it refuses mistakes. */
const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const Ajv = require('ajv/dist/2020');
const YAML = require('yaml');

const root = path.resolve(__dirname, '../..');
const callwright = process.env.CW_CALLWRIGHT;
const options = { skip: callwright && fs.existsSync(callwright) ? false : 'callwright was not built' };

/* `!include FILE` stands for another value, as a text that the schema knows. */
const include = { tag: '!include', resolve: (text) => 'file://' + text };
const parse = (file) => {
	try {
		return YAML.parse(fs.readFileSync(file, 'utf8'), { customTags: [include] });
	} catch (error) {
		throw new Error(`${file}: ${error.message}`);
	}
};

function scenarios(folder) {
	return fs.readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
		const full = path.join(folder, e.name);
		return e.isDirectory() ? scenarios(full) : /\.ya?ml$/.test(e.name) ? [full] : [];
	});
}

function validator() {
	const text = execFileSync(callwright, ['schema', 'scenario'], { encoding: 'utf8', maxBuffer: 1 << 26 });
	return new Ajv({ allErrors: false, strict: true, strictTypes: false, strictRequired: false }).compile(JSON.parse(text));
}

/* Does our own parser take it? Nothing is dialled. */
function parses(file) {
	try {
		execFileSync(callwright, ['test', file, '--list', '--target', 'twilio:http://127.0.0.1:1/'], { cwd: root, stdio: 'pipe' });
		return true;
	} catch {
		return false;
	}
}

test('every shipped scenario is valid', options, () => {
	const valid = validator();
	const files = scenarios(path.join(root, 'scenarios'));
	assert.ok(files.length >= 6);
	for (const file of files) {
		const value = parse(file);
		if (!value || (!value.tests && !value.scenarios)) continue; /* a part that others include */
		assert.ok(valid(value), `${file}: ${JSON.stringify(valid.errors)}`);
	}
});

const test1 = (more) => ({ tests: [{ id: 'a', turns: [{ say: 'Hi' }], assert: [{ type: 'contains', value: 'x' }], ...more }] });
const cases = [
	[true, test1({})],
	[true, test1({ repeat: '{{n | number}}' }), 'template'],
	[true, test1({ persona: { interrupting: 'rare', mishears: 0.2 }, caller: { patience: { wait_s: '3s' } } })],
	[true, test1({ goal: 'book', success: ['done'], facts: { name: 'Bo', phone: { value: '1', volunteer: true } } })],
	[true, test1({ assert: [{ type: 'assert-set', threshold: 0.5, assert: [{ type: 'regex', value: 'a' }] }] })],
	[true, { scenarios: [{ id: 'a', input: 'Hi', expected: { contains: ['x'], sentiment: 'positive' } }] }],
	[false, test1({ turn: [] })],
	[false, test1({ repeat: 0 })],
	[false, test1({ id: '../x' })],
	[false, test1({ threshold: 2 })],
	[false, test1({ turns: [{ say: 'Hi', wen: {} }] })],
	[false, test1({ turns: [{ say: 'Hi', when: { after: 'agnt_end' } }] })],
	[false, test1({ persona: { verbosity: 'loud' } })],
	[false, test1({ timeout_s: 'soon' })],
	[false, test1({ assert: [{ type: 'contans', value: 'x' }] })],
	[false, test1({ assert: [{ type: 'contains', value: 'x', max: 1 }] })],
	[false, test1({ facts: { name: { valu: 'x' } } })],
	[false, { ...test1({}), gates: { pass_rate: 1 } }],
	[false, { scenarios: [{ id: 'a', input: 'Hi' }] }],
	[false, { scenarios: [{ id: 'a', input: 'Hi', expected: { similar: 'x' } }] }],
];

test('schema and parser say the same', options, () => {
	const valid = validator();
	const folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'cw-schema-'));
	for (const [good, value, only] of cases) {
		const file = path.join(folder, 'case.yaml');
		fs.writeFileSync(file, JSON.stringify(value));
		assert.strictEqual(valid(value), good, `schema: ${JSON.stringify(value)} ${JSON.stringify(valid.errors)}`);
		if (!only) assert.strictEqual(parses(file), good, `parser: ${JSON.stringify(value)}`);
	}
	fs.rmSync(folder, { recursive: true });
});
