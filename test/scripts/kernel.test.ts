import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { executeNotebook } from '../../scripts/notebook/execute';
import { writeOut } from '../../scripts/notebook/kernel.cjs';
import { type Cell, joinText, type Output } from '../../scripts/notebook/notebook-file';
import { notebooksFolder } from '../../scripts/project';
import { temporaryFolder } from '../temporary-folder';

const code = (source: string): Cell => ({
  cell_type: 'code',
  metadata: {},
  source,
  outputs: [],
  execution_count: null,
});

const textOf = (outputs: Output[] = []): string =>
  outputs.map(output => (output.output_type === 'stream' ? joinText(output.text) : '')).join('');

const execute = async (...sources: string[]) => {
  const notebook = { cells: sources.map(code), metadata: {}, nbformat: 4, nbformat_minor: 5 };
  return executeNotebook(`${notebooksFolder}/none.ipynb`, notebook, { environment: {} });
};

test('a name that stands alone in an object is written out; other text stays as it is', () => {
  assert.equal(writeOut('f({ a, b: 1, ...c, d });').text, 'f({ a: a, b: 1, ...c, d: d });');
  assert.equal(writeOut('({ a = 1, b } = o);').text, '({ a: a = 1, b: b } = o);');
  const others = 'const { a, b = 2 } = o; import { c } from "d"; const s = `{ e }`; // { f }';
  assert.equal(writeOut(others).text, others);
});

test('offsets after a name written out lead back to the cell as it was typed', () => {
  const source = 'f({ ab, cd }, x);';
  const { text, back } = writeOut(source);
  assert.equal(back(text.indexOf(', x')), source.indexOf(', x'));
  assert.equal(back(text.indexOf('ab')), source.indexOf('ab'));
  assert.equal(back(text.indexOf('x);')), source.indexOf('x);'));
});

test('in the kernel, { name } of an earlier cell is its value, in nested objects, functions and assignments too', async () => {
  const { code: exit, notebook } = await execute(
    'const seeds = [3, 1, 4]; let last = 0; const shape = { h: 2, w: 3 };',
    'const use = (n: number) => ({ n, seeds, nested: { shape } });\n({ last } = { last: 5 });',
    'const renamed = [{ seeds: 7 }].map(({ seeds: x }) => x + last);',
    'console.log(JSON.stringify([{ seeds, last }, use(1), ...renamed]));',
  );
  assert.equal(exit, 0);
  const expected = [{ seeds: [3, 1, 4], last: 5 }, { n: 1, seeds: [3, 1, 4], nested: { shape: { h: 2, w: 3 } } }, 12];
  assert.deepEqual(JSON.parse(textOf(notebook?.cells[3].outputs)), expected);
});

test('a message of the kernel names the place in the cell as it was typed', async () => {
  const { code: exit, ended } = await execute('const a = 1;', 'console.log({ a }, nothing);');
  assert.equal(exit, 1);
  assert.match(textOf(ended.at(-1)?.outputs), /1:20 - .*'nothing'/);
});

/** A cell, packages that appear while it runs, and the next cell. */
const TWO_CELLS = `
  const { mkdirSync, writeFileSync } = require('node:fs');
  require(process.argv[1]);
  const { createConverter } = require(process.argv[2]);
  const { convert } = createConverter();
  convert('', "import * as x from 'later'; const a = 1;");
  mkdirSync('node_modules/later');
  writeFileSync('node_modules/later/package.json', '{ "name": "later" }');
  writeFileSync('node_modules/later/index.d.ts', 'export const y: number;');
  setTimeout(() => {
    console.log(convert('', 'const b = 2;').output.length > 0);
    process.exit();
  }, 1500); // longer than TypeScript waits before it looks again
`;

test('packages that are built or installed while a cell runs do not break the next', () => {
  const place = temporaryFolder();
  mkdirSync(place('node_modules'));
  const files = [require.resolve('../../scripts/notebook/kernel.cjs'), require.resolve('tslab/dist/converter')];
  const said = execFileSync(process.execPath, ['-e', TWO_CELLS, ...files], { cwd: place(), encoding: 'utf8' });
  assert.equal(said, 'true\n');
});
